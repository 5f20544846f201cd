//! Listeners whose accepts wait for a descriptor to become free, without spinning.

use std::time::Instant;

use super::Domain;
use crate::exhaustion::{self, PAUSE};
use crate::poller::Key;
use crate::ring::header;

/// Who waits, and since when.
#[derive(Debug, Default)]
pub struct Exhausted {
    listeners: Vec<Key>,
    /// The domain is told when a descriptor is closed.
    enlisted: bool,
    /// When it was tried last.
    tried: Option<Instant>,
}

impl Domain {
    /// An accept on this listener found no descriptor: it is tried once more when somebody is bound to tell of the next one
    /// that is closed, then when that happens.
    pub(super) fn exhausted(&mut self, listener: Key) {
        if !self.exhausted.enlisted {
            self.exhausted.enlisted = true;
            exhaustion::enlist(&self.mailbox);
            return self.progress(listener);
        }
        self.exhausted.tried = Some(Instant::now());
        // Each client that knocks meanwhile is an event, after which it is here again.
        if !self.exhausted.listeners.contains(&listener) {
            self.exhausted.listeners.push(listener);
        }
        self.ring.set_header(header::EXHAUSTED, 1);
    }

    /// Tries again where that was long ago: others than this process may have closed a descriptor.
    pub(super) fn accept_in_time(&mut self) {
        if self.exhausted.tried.is_some_and(|tried| tried.elapsed() >= PAUSE) {
            self.accept_waiting();
        }
    }

    /// This process has closed a descriptor.
    pub(super) fn accept_again(&mut self) {
        self.exhausted.enlisted = false;
        self.accept_waiting();
    }

    fn accept_waiting(&mut self) {
        self.exhausted.tried = None;
        self.ring.set_header(header::EXHAUSTED, 0);
        for listener in std::mem::take(&mut self.exhausted.listeners) {
            self.progress(listener);
        }
    }
}
