use std::sync::Arc;

use tokio::sync::broadcast;

use crate::broadcast::Update;
use crate::engine::announce::Announcer;
use crate::engine::live::Hub;
use crate::engine::reader::Read;
use crate::event::Event;
use crate::id::PollId;
use crate::poll::Poll;
use crate::view::{Audience, TallyView};

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

    pub(super) async fn opened(&self, read: Read) {
        self.tell(Event::PollOpened {
            poll: Arc::clone(&read.poll),
        });
        self.redefine(read).await;
    }

    pub(super) async fn changed(&self, read: Read) {
        self.tell(Event::PollChanged {
            poll: Arc::clone(&read.poll),
        });
        self.redefine(read).await;
    }

    pub(super) async fn closed(&self, read: Read) {
        let result = TallyView::new(&read.poll, &read.tally, Audience::Public);
        self.tell(Event::PollClosed {
            poll: Arc::clone(&read.poll),
            result,
        });
        self.redefine(read).await;
    }

    pub(super) async fn deleted(&self, poll: PollId) {
        self.tell(Event::PollDeleted { poll });
        self.hub.offer_deletion(poll);
        self.announcer.send(&[Update::Deleted { poll }]).await;
    }

    async fn redefine(&self, Read { poll, tally }: Read) {
        let update = Update::Redefined {
            poll: Box::new((*poll).clone()),
            tally: (*tally).clone(),
        };
        self.hub.offer_definition(poll, tally);
        self.announcer.send(&[update]).await;
    }

    fn tell(&self, event: Event) {
        // Nobody may be listening.
        let _ = self.events.send(event);
    }
}
