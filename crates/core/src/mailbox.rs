//! The mailbox of a domain: what others leave for it, and how they end its sleep.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::descriptor::Descriptor;
use crate::inbox::Inbox;
use crate::object::Object;
use crate::waker::Waker;
use crate::world::World;

/// Something for a domain.
#[derive(Debug)]
pub enum Mail {
    /// A message between the schedulers, in an encoding that is theirs, with the descriptors that move with it and the
    /// objects that it names. One that never arrives closes the descriptors.
    Message {
        /// The domain that sent it.
        from: u32,
        /// The encoded message.
        bytes: Box<[u8]>,
        /// Descriptors on the move, in the order in which the message names them.
        cargo: Vec<Descriptor>,
        /// Objects that it names.
        objects: Vec<Arc<Object>>,
    },
    /// A wait of this domain has ended: a mutex was handed over, a trigger signaled, a computation completed.
    Granted(WaitId),
    /// A wait of this domain will never end: nobody has what it waits for any more.
    Forgotten(WaitId),
    /// A descriptor was closed, and this domain waits for one.
    Relief,
}

/// Names a wait: the token of its operation, and a number that tells it from earlier waits under the same token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitId {
    /// Token of the submission.
    pub token: i32,
    /// Number of the wait in its domain.
    pub number: u32,
}

/// Inbox and waker of one domain.
#[derive(Debug)]
pub struct Mailbox {
    world: Arc<World>,
    place: u32,
    inbox: Inbox<Mail>,
    waker: Waker,
    alive: AtomicBool,
}

impl Mailbox {
    /// A mailbox for the domain at `place` of `world`.
    #[must_use]
    pub fn new(world: Arc<World>, place: u32, waker: Waker) -> Self {
        Self {
            world,
            place,
            inbox: Inbox::default(),
            waker,
            alive: AtomicBool::new(true),
        }
    }

    /// The place of the domain in its world.
    #[must_use]
    pub const fn place(&self) -> u32 {
        self.place
    }

    /// The world that the domain lives in.
    #[must_use]
    pub const fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// The word that JavaScript looks at after every slice: not 0 where there may be mail.
    fn signal(&self) -> &AtomicU32 {
        self.world.word(self.place)
    }

    /// Leaves mail and wakes the domain if it sleeps. Mail for a dead domain is dropped.
    pub fn post(&self, mail: Mail) {
        if self.alive.load(Ordering::Acquire) && self.inbox.push(self.signal(), mail) {
            self.waker.wake();
        }
    }

    /// Whether there is mail, as the word says that JavaScript looks at.
    pub fn has_mail(&self) -> bool {
        self.signal().load(Ordering::Relaxed) != 0
    }

    /// Takes the oldest mail.
    pub fn take(&self) -> Option<Mail> {
        self.inbox.pop()
    }

    /// Says that everything up to now is about to be taken.
    pub fn acknowledge(&self) {
        self.inbox.clear(self.signal());
    }

    /// Declares the domain asleep, unless there is mail.
    pub fn declare_asleep(&self) -> bool {
        self.inbox.declare_asleep()
    }

    /// Takes the declaration back.
    pub fn awake(&self) {
        self.inbox.awake();
    }

    /// The domain has ended: drops what it did not take, closing the descriptors therein.
    pub fn bury(&self) {
        self.alive.store(false, Ordering::Release);
        while self.inbox.pop().is_some() {}
    }
}
