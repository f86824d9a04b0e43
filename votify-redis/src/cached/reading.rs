use std::sync::Arc;

use votify_core::{Poll, PollId, Store, StoreError, Tally};

use super::leases::{Loaded, Shared};
use super::lookup::{Found, Look, State};

impl<S: Store> Shared<S> {
    /// What was found, if nothing that this instance has seen is newer.
    pub(super) fn current<'a>(&self, look: &'a Look) -> Option<&'a State> {
        match &look.found {
            Found::Current(state) if self.known.agrees_with(&state.tally) => Some(state),
            _ => None,
        }
    }

    pub(super) async fn poll(&self, id: PollId) -> Result<Option<Poll>, StoreError> {
        let look = match self.shelf.look(id, &[]).await {
            Some(look) if !matches!(look.found, Found::Dead) => look,
            _ => return Ok(self.store.polls(&[id]).await?.into_iter().next().flatten()),
        };
        if let Some(state) = self.current(&look) {
            return Ok(Some((*state.poll).clone()));
        }
        Ok(match self.load(id, &look).await? {
            Loaded::Missing => None,
            Loaded::Poll(State { poll, .. }) | Loaded::Restless(poll) => Some((*poll).clone()),
        })
    }

    /// The tally of a poll: of a sealed one out of the cache, of an open one out of the store, in a load that all who ask
    /// meanwhile share.
    pub(super) async fn tally(&self, id: PollId) -> Result<Option<Tally>, StoreError> {
        if self.known.is_sealed(id)
            && let Some(look) = self.shelf.look(id, &[]).await
        {
            if let Some(state) = self.current(&look).filter(|state| state.tally.sealed) {
                return Ok(Some((*state.tally).clone()));
            }
            match self.load(id, &look).await? {
                Loaded::Missing => return Ok(None),
                Loaded::Poll(state) => return Ok(Some((*state.tally).clone())),
                Loaded::Restless(_) => {}
            }
        }
        let load = async {
            let tally = self
                .store
                .tallies(&[id])
                .await?
                .into_iter()
                .next()
                .flatten();
            let tally = tally.map(Arc::new);
            match &tally {
                Some(tally) => self.known.saw(tally, None),
                None => self.known.missed(id),
            }
            Ok(tally)
        };
        let tally = self.tallies.get(id, load).await?;
        Ok(tally.map(|tally| (*tally).clone()))
    }

    /// Many at once are one question to the store anyway.
    pub(super) async fn many_tallies(
        &self,
        ids: &[PollId],
    ) -> Result<Vec<Option<Tally>>, StoreError> {
        let tallies = self.store.tallies(ids).await?;
        for (id, tally) in ids.iter().zip(&tallies) {
            match tally {
                Some(tally) => self.known.saw(&Arc::new(tally.clone()), None),
                None => self.known.missed(*id),
            }
        }
        Ok(tallies)
    }
}
