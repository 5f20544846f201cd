//! A world: the domains of a process that know each other, and the synchronisation objects that they share.
//!
//! Its words live in a `SharedArrayBuffer` that the thread which began the world allocates and that every thread of it
//! maps at the same address. A process has one world, or one for each copy of the package that is loaded.

use std::collections::HashMap;
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use crate::mailbox::{Mail, Mailbox};
use crate::objects::{Objects, abandon};

/// Domains that a world has room for; place 0 stays empty, so that an owner's id is never 0.
pub const PLACES: u32 = 1024;
/// The first word that a synchronisation object may have; below it, a word a domain, its inbox's signal.
pub const FIRST_OBJECT: u32 = PLACES;

/// The words of a world.
///
/// **Invariant WORLD**: the memory outlives every thread of the world, since the thread that began the world holds it and
/// all others are workers below that one, which end before it does; every access on either side is atomic.
#[derive(Debug)]
struct Words {
    base: NonNull<AtomicU32>,
    count: usize,
}

// SAFETY: WORLD: the words are atomics in memory that outlives the threads which use them.
unsafe impl Send for Words {}
// SAFETY: as above.
unsafe impl Sync for Words {}

/// Domains and shared objects.
#[derive(Debug)]
pub struct World {
    words: Words,
    mailboxes: RwLock<Vec<Option<Arc<Mailbox>>>>,
    /// The place that was given out last.
    last: AtomicUsize,
    objects: Mutex<Objects>,
    /// How many descriptors the domains that have ended had, by place: the last one of each.
    left: Mutex<HashMap<u32, u32>>,
}

static WORLDS: Mutex<Vec<(usize, Weak<World>)>> = Mutex::new(Vec::new());

/// A lock that survives a panic of an earlier holder: what it guards is changed in single steps.
pub(crate) fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// The world whose words begin at `base`: the one that a thread of it has entered before, or a new one.
    ///
    /// # Safety
    /// The caller upholds the invariant WORLD.
    ///
    /// # Errors
    /// `InvalidInput` where there is no room for the domains' words, or fewer words than the world has.
    pub unsafe fn at(base: NonNull<AtomicU32>, count: usize) -> io::Result<Arc<Self>> {
        if count <= FIRST_OBJECT as usize || base.as_ptr().align_offset(4) != 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut worlds = held(&WORLDS);
        worlds.retain(|(_, world)| world.strong_count() > 0);
        let address = base.as_ptr() as usize;
        if let Some(world) = worlds
            .iter()
            .find(|(at, _)| *at == address)
            .and_then(|(_, world)| world.upgrade())
        {
            let same = world.words.count <= count;
            return if same {
                Ok(world)
            } else {
                Err(io::ErrorKind::InvalidInput.into())
            };
        }
        let world = Arc::new(Self {
            words: Words { base, count },
            mailboxes: RwLock::new(vec![None]),
            last: AtomicUsize::new(0),
            objects: Mutex::new(Objects::new(FIRST_OBJECT, count as u32)),
            left: Mutex::default(),
        });
        worlds.push((address, Arc::downgrade(&world)));
        Ok(world)
    }

    /// How many worlds the process has now.
    #[must_use]
    pub fn count() -> usize {
        held(&WORLDS)
            .iter()
            .filter(|(_, world)| world.strong_count() > 0)
            .count()
    }

    /// A word; that of place 0, which nobody uses, where there is no such word.
    #[must_use]
    pub fn word(&self, index: u32) -> &AtomicU32 {
        let index = if (index as usize) < self.words.count {
            index as usize
        } else {
            0
        };
        // SAFETY: WORLD, and the index lies within the words.
        unsafe { self.words.base.add(index).as_ref() }
    }

    /// Takes a domain in: finds a place and lets `make` build its mailbox.
    ///
    /// # Errors
    /// Those of `make`; out of memory where 1 023 domains live already.
    pub fn enter(self: &Arc<Self>, make: impl FnOnce(u32) -> io::Result<Mailbox>) -> io::Result<Arc<Mailbox>> {
        let mut mailboxes = self.mailboxes.write().unwrap_or_else(PoisonError::into_inner);
        // In turn: others may not have heard yet that the domain has ended which was there before.
        let (last, count) = (self.last.load(Ordering::Relaxed), PLACES as usize - 1);
        let place = (last..last + count)
            .map(|before| before % count + 1)
            .find(|place| mailboxes.get(*place).is_none_or(Option::is_none))
            .ok_or(io::ErrorKind::OutOfMemory)?;
        let mailbox = Arc::new(make(place as u32)?);
        self.last.store(place, Ordering::Relaxed);
        if place == mailboxes.len() {
            mailboxes.push(None);
        }
        mailboxes[place] = Some(mailbox.clone());
        Ok(mailbox)
    }

    /// A domain has ended: nobody finds it any more, mutexes that it held pass on, its waiters are forgotten. Its
    /// `descriptors` are closed.
    pub fn leave(&self, mailbox: &Mailbox, descriptors: u32) {
        held(&self.left).insert(mailbox.place(), descriptors);
        {
            let mut mailboxes = self.mailboxes.write().unwrap_or_else(PoisonError::into_inner);
            let place = &mut mailboxes[mailbox.place() as usize];
            if place
                .as_ref()
                .is_some_and(|there| std::ptr::eq(Arc::as_ptr(there), mailbox))
            {
                *place = None;
            }
        }
        mailbox.bury();
        abandon(self, mailbox.place());
    }

    /// How many descriptors the domain at `place` had when it ended; none where none has ended there.
    #[must_use]
    pub fn left(&self, place: u32) -> u32 {
        held(&self.left).get(&place).copied().unwrap_or(0)
    }

    /// The mailbox at `place`.
    #[must_use]
    pub fn mailbox(&self, place: u32) -> Option<Arc<Mailbox>> {
        let mailboxes = self.mailboxes.read().unwrap_or_else(PoisonError::into_inner);
        mailboxes.get(place as usize)?.clone()
    }

    /// Sends mail to the domain at `place`; `false` where there is none.
    pub fn send(&self, place: u32, mail: Mail) -> bool {
        self.mailbox(place).map(|mailbox| mailbox.post(mail)).is_some()
    }

    /// The shared objects.
    pub fn objects(&self) -> MutexGuard<'_, Objects> {
        held(&self.objects)
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    use super::*;
    use crate::poller::Poller;
    use crate::waker::Waker;

    /// Whether this process may have `count` descriptors: it does where the system lets it have that many.
    fn may_have(count: u64) -> bool {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        if current.is_none_or(|current| current >= count) {
            return true;
        }
        setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(count),
                maximum,
            },
        )
        .is_ok()
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri knows no pollers of rustix")]
    fn places_are_given_out_in_turn_so_that_none_is_used_again_soon() {
        let words: Vec<AtomicU32> = (0..FIRST_OBJECT + 64).map(|_| AtomicU32::new(0)).collect();
        let words: &'static mut [AtomicU32] = words.leak();
        // SAFETY: WORLD: leaked memory outlives every thread, and all accesses go through the atomics.
        let world = unsafe { World::at(NonNull::from(&mut words[0]), words.len()) }.unwrap();
        let poller = Poller::new().unwrap();
        let enter = || world.enter(|place| Ok(Mailbox::new(world.clone(), place, Waker::new(&poller)?)));
        let first = enter().unwrap();
        assert_eq!(first.place(), 1);
        assert!(world.enter(|_| Err(io::ErrorKind::Other.into())).is_err());
        for turn in 0..3 * (PLACES - 2) {
            let next = enter().unwrap();
            assert_eq!(next.place(), turn % (PLACES - 2) + 2);
            assert!(world.mailbox(next.place()).is_some());
            world.leave(&next, 0);
            assert!(world.mailbox(next.place()).is_none());
        }
        // Each has a descriptor.
        let many = may_have(u64::from(PLACES) + 200);
        if !many {
            println!("skipped: all places at once, which takes more descriptors than there are");
        }
        let places = if many { PLACES - 2 } else { 100 };
        let all: Vec<_> = (0..places).map(|_| enter().unwrap()).collect();
        assert!(!many || enter().is_err(), "all places are taken");
        all.iter().for_each(|mailbox| world.leave(mailbox, 0));
        world.leave(&first, 0);
        // Each mailbox keeps the world, and each in the world's keeping was taken out.
        drop((all, first));
        assert_eq!(Arc::strong_count(&world), 1);
    }
}
