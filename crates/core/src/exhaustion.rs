//! Running out of descriptors: who waits for one is told when this process closes one.
//!
//! A domain enters the list, tries once more and then waits. Whoever closes a descriptor looks at the count afterwards.
//! The system's own table of descriptors orders the two: either the second attempt finds what was closed, or it comes
//! before the close, and then the count was there to be seen. Descriptors that others close, and those of the whole
//! system, are found by trying again from time to time ([`PAUSE`]).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use rustix::io::Errno;

use crate::mailbox::{Mail, Mailbox};
use crate::world::held;

/// After how long a domain tries again though nobody has told it to. JavaScript sees to it that there is a turn then, so
/// this is a little less than the 100 ms that it waits.
pub const PAUSE: Duration = Duration::from_millis(90);

static WAITING: Mutex<Vec<Weak<Mailbox>>> = Mutex::new(Vec::new());
/// How many domains are in the list: what a close looks at.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Whether an error says that there is no descriptor, or no memory for one, at the moment.
#[must_use]
pub fn is_exhausted(errno: Errno) -> bool {
    matches!(errno, Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
}

/// Has a domain told, once, when a descriptor is closed.
pub fn enlist(mailbox: &Arc<Mailbox>) {
    let mut waiting = held(&WAITING);
    waiting.push(Arc::downgrade(mailbox));
    COUNT.store(waiting.len(), Ordering::SeqCst);
}

/// A descriptor was closed: tells everybody who waits for one.
pub fn relieve() {
    if COUNT.load(Ordering::SeqCst) == 0 {
        return;
    }
    let waiting = {
        let mut waiting = held(&WAITING);
        COUNT.store(0, Ordering::SeqCst);
        std::mem::take(&mut *waiting)
    };
    for mailbox in waiting {
        if let Some(mailbox) = mailbox.upgrade() {
            mailbox.post(Mail::Relief);
        }
    }
}
