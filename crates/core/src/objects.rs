//! The synchronisation objects of a world: mutexes and conditions, each named by the word that it has in shared memory.
//!
//! What JavaScript does with a mutex's word by itself, and why that is safe, is said in [`crate::mutex`].

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::condition::WaitQueue;
use crate::mailbox::{Mail, Mailbox, WaitId};
use crate::mutex::{Cancel, Lock, LockQueue, Unlock};
use crate::parker::Parker;
use crate::world::{Names, World};

/// What kind of object a word belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ObjectKind {
    /// A mutex.
    Mutex = 0,
    /// A condition.
    Condition = 1,
}

/// Who waits for a mutex or on a condition: the owner that it would hold the mutex as, and how to tell it.
#[derive(Debug)]
pub struct Sleeper {
    /// Id of the owner, see [`owner_place`].
    pub owner: u32,
    /// How it is told.
    pub bed: Bed,
}

/// Where somebody sleeps.
#[derive(Debug)]
pub enum Bed {
    /// A task: its domain gets mail.
    Task(Arc<Mailbox>, WaitId),
    /// A thread that runs no tasks: it is parked on a futex.
    Thread(Parker),
}

impl Sleeper {
    /// Tells it that it holds what it waited for.
    pub fn wake(self) {
        match self.bed {
            Bed::Task(mailbox, wait) => mailbox.post(Mail::Granted(wait)),
            Bed::Thread(parker) => parker.unpark(),
        }
    }
}

/// The place of the domain whose task, or thread, an owner's id names: id = place << 21 | number << 1.
#[must_use]
pub const fn owner_place(owner: u32) -> u32 {
    owner >> 21
}

/// Somebody on a condition: the mutex that it wants back, and who it is.
#[derive(Debug)]
struct Waiter {
    mutex: u32,
    sleeper: Sleeper,
}

/// The objects of a world.
#[derive(Debug)]
pub struct Objects {
    next: u32,
    end: u32,
    free: Vec<u32>,
    names: Names,
    mutexes: HashMap<u32, LockQueue<Sleeper>>,
    conditions: HashMap<u32, WaitQueue<Waiter>>,
}

impl Objects {
    /// No objects yet; their words are those from `first` up to `end`.
    #[must_use]
    pub fn new(first: u32, end: u32) -> Self {
        Self {
            next: first,
            end,
            free: Vec::new(),
            names: Names::new(),
            mutexes: HashMap::new(),
            conditions: HashMap::new(),
        }
    }

    /// Makes an object, or finds the one of that name, and says its word.
    ///
    /// # Errors
    /// `OutOfMemory` where all words are taken.
    pub fn create(&mut self, kind: ObjectKind, name: Option<&str>) -> io::Result<u32> {
        if let Some(word) = name.and_then(|name| self.names.get(&(kind as u8, name.into()))) {
            return Ok(*word);
        }
        let word = match self.free.pop() {
            Some(word) => word,
            None if self.next < self.end => {
                self.next += 1;
                self.next - 1
            }
            None => return Err(io::ErrorKind::OutOfMemory.into()),
        };
        match kind {
            ObjectKind::Mutex => drop(self.mutexes.insert(word, LockQueue::new())),
            ObjectKind::Condition => drop(self.conditions.insert(word, WaitQueue::new())),
        }
        if let Some(name) = name {
            self.names.insert((kind as u8, name.into()), word);
        }
        Ok(word)
    }

    /// Forgets an object without a name that nobody can reach any more.
    pub fn release(&mut self, world: &World, word: u32) {
        if self.mutexes.remove(&word).is_some() | self.conditions.remove(&word).is_some() {
            world.word(word).store(0, Ordering::SeqCst);
            self.free.push(word);
        }
    }

    /// How many objects there are: for tests that nothing leaks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.mutexes.len() + self.conditions.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Queues for a mutex. `Ok(Some)`: it was free and the sleeper holds it; `Ok(None)`: it waits, and is told.
    ///
    /// # Errors
    /// `None`: no such mutex. The sleeper: its owner holds the mutex already.
    pub fn lock(&self, world: &World, mutex: u32, sleeper: Sleeper) -> Result<Option<Sleeper>, Option<Sleeper>> {
        let Some(queue) = self.mutexes.get(&mutex) else {
            return Err(None);
        };
        match queue.lock(world.word(mutex), sleeper.owner, sleeper) {
            Lock::Acquired(sleeper) => Ok(Some(sleeper)),
            Lock::Queued => Ok(None),
            Lock::AlreadyOwner(sleeper) => Err(Some(sleeper)),
        }
    }

    /// Gives a mutex up and says who holds it now.
    ///
    /// # Errors
    /// `NotOwner` also where there is no such mutex.
    pub fn unlock(&self, world: &World, mutex: u32, owner: u32) -> Result<Option<Sleeper>, Unlock> {
        self.mutexes
            .get(&mutex)
            .ok_or(Unlock::NotOwner)?
            .unlock(world.word(mutex), owner)
    }

    /// A wait for a mutex ends before its time. Returns who is to be woken: where the mutex had been handed to the
    /// waiter in this very moment, the next in line.
    pub fn forsake_lock(&self, world: &World, mutex: u32, owner: u32) -> Option<Sleeper> {
        match self.mutexes.get(&mutex)?.cancel(world.word(mutex), owner) {
            Cancel::Owner => self.unlock(world, mutex, owner).ok().flatten(),
            Cancel::Removed(_) | Cancel::Absent => None,
        }
    }

    /// Waits on a condition and gives the mutex up, in one step. Returns who holds the mutex now.
    ///
    /// # Errors
    /// Where the sleeper's owner does not hold the mutex, or there is no such object: then nobody waits.
    pub fn wait(&self, world: &World, condition: u32, mutex: u32, sleeper: Sleeper) -> Result<Option<Sleeper>, Unlock> {
        let queue = self.conditions.get(&condition).ok_or(Unlock::NotOwner)?;
        let owner = sleeper.owner;
        queue.wait(owner, Waiter { mutex, sleeper }, || self.unlock(world, mutex, owner))
    }

    /// Moves the oldest waiter of a condition, or all of them, to the queue of its mutex. Returns those that hold theirs
    /// at once and are to be woken.
    pub fn signal(&self, world: &World, condition: u32, all: bool) -> Vec<Sleeper> {
        let Some(queue) = self.conditions.get(&condition) else {
            return Vec::new();
        };
        let relock = |_, waiter: Waiter| self.lock(world, waiter.mutex, waiter.sleeper).ok().flatten();
        let relocked = if all {
            queue.requeue_all(relock)
        } else {
            queue.requeue(relock).into_iter().collect()
        };
        relocked.into_iter().flatten().collect()
    }

    /// A wait on a condition ends before its time. It does not take the mutex again; a signal that it had been given
    /// already goes to the next waiter.
    pub fn forsake_wait(&self, world: &World, condition: u32, mutex: u32, owner: u32) -> Vec<Sleeper> {
        let Some(queue) = self.conditions.get(&condition) else {
            return Vec::new();
        };
        if queue.cancel(owner).is_some() {
            return Vec::new();
        }
        let mut woken: Vec<Sleeper> = self.forsake_lock(world, mutex, owner).into_iter().collect();
        woken.extend(self.signal(world, condition, false));
        woken
    }

    /// The domain at `place` has ended: forgets its waiters, passes on what it held, returns who is to be woken.
    pub fn abandon(&self, world: &World, place: u32) -> Vec<Sleeper> {
        for queue in self.conditions.values() {
            queue.abandon(|owner| owner_place(owner) == place);
        }
        let queues = self.mutexes.iter();
        queues
            .flat_map(|(word, queue)| queue.abandon(world.word(*word), |owner| owner_place(owner) == place))
            .collect()
    }
}
