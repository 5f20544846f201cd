//! How a task, or a callback, is told that what it waits for has come.

use std::sync::Arc;

use crate::mailbox::{Mail, Mailbox, WaitId};

/// One wait of one domain.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// Where its mail goes.
    pub mailbox: Arc<Mailbox>,
    /// Which of its waits this is.
    pub wait: WaitId,
}

impl Alarm {
    /// Tells two waits apart, whatever their domains: the place of the domain, and the number of the wait there.
    #[must_use]
    pub fn id(&self) -> u64 {
        u64::from(self.place()) << 32 | u64::from(self.wait.number)
    }

    /// The place of its domain.
    #[must_use]
    pub fn place(&self) -> u32 {
        self.mailbox.place()
    }

    /// Tells it that what it waited for has come.
    pub fn ring(self) {
        self.mailbox.post(Mail::Granted(self.wait));
    }

    /// Tells it that what it waited for will never come.
    pub fn forget(self) {
        self.mailbox.post(Mail::Forgotten(self.wait));
    }
}
