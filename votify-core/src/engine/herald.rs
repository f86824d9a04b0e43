use std::sync::Arc;

use tokio::sync::broadcast;

use crate::engine::Event;
use crate::engine::announce::Announcer;
use crate::engine::live::Hub;
use crate::engine::reader::Read;
use crate::id::PollId;
use crate::poll::Poll;
use crate::tally::{Audience, TallyView};

/// Tells viewers, other nodes and the program around the engine what became of a poll.
#[derive(Debug, Clone)]
pub(super) struct Herald {
    pub(super) hub: Arc<Hub>,
    pub(super) announcer: Arc<Announcer>,
    pub(super) events: broadcast::Sender<Event>,
}

impl Herald {
    pub(super) fn created(&self, poll: Arc<Poll>) {
        self.tell(Event::PollCreated { poll });
    }

    pub(super) fn opened(&self, read: Read) {
        self.tell(Event::PollOpened {
            poll: Arc::clone(&read.poll),
        });
        self.redefine(read);
    }

    pub(super) fn changed(&self, read: Read) {
        self.tell(Event::PollChanged {
            poll: Arc::clone(&read.poll),
        });
        self.redefine(read);
    }

    pub(super) fn closed(&self, read: Read) {
        let result = TallyView::new(&read.poll, &read.tally, Audience::Public);
        self.tell(Event::PollClosed {
            poll: Arc::clone(&read.poll),
            result,
        });
        self.redefine(read);
    }

    pub(super) async fn deleted(&self, poll: PollId) {
        self.tell(Event::PollDeleted { poll });
        self.hub.offer_deletion(poll);
        self.announcer.tell_deleted(poll).await;
    }

    fn redefine(&self, Read { poll, tally }: Read) {
        self.hub
            .offer_definition(Arc::clone(&poll), Arc::clone(&tally));
        self.announcer.offer_definition(poll, tally);
    }

    fn tell(&self, event: Event) {
        // Nobody may be listening.
        let _ = self.events.send(event);
    }
}
