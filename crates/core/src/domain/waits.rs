//! Waits of a domain's tasks for mutexes and on conditions.

use std::time::Duration;

use rustix::io::Errno;

use super::{Domain, errno};
use crate::mailbox::WaitId;
use crate::mutex::{CONTENDED, Unlock};
use crate::objects::{Bed, Objects, Sleeper, owner_place};
use crate::ring::Completion;
use crate::world::World;

/// What a task waits for, and who it is.
#[derive(Clone, Copy, Debug)]
pub enum Wait {
    /// A mutex, by word.
    Lock {
        /// Word of the mutex.
        mutex: u32,
        /// Id of the owner.
        owner: u32,
    },
    /// A condition, and then its mutex.
    Signal {
        /// Word of the condition.
        condition: u32,
        /// Word of the mutex.
        mutex: u32,
        /// Id of the owner.
        owner: u32,
    },
}

/// Result of a wait whose words name no such object, or whose owner does not hold the mutex.
const REFUSED: i32 = -Errno::PERM.raw_os_error();

impl Domain {
    fn sleeper(&mut self, token: i32, owner: u32, wait: Wait) -> Sleeper {
        self.next_wait = self.next_wait.wrapping_add(1);
        let number = self.next_wait;
        self.waits.insert(token, (number, wait));
        Sleeper {
            owner,
            bed: Bed::Task(self.mailbox.clone(), WaitId { token, number }),
        }
    }

    /// Whether an owner's id is that of a task of this domain, or of its thread: LINE takes no others.
    fn owns(&self, owner: u32) -> bool {
        owner & CONTENDED == 0 && owner_place(owner) == self.place()
    }

    pub(super) fn begin_lock(&mut self, token: i32, mutex: u32, owner: u32) {
        if !self.owns(owner) {
            return self.complete(Completion::plain(token, REFUSED));
        }
        let sleeper = self.sleeper(token, owner, Wait::Lock { mutex, owner });
        let outcome = self.world().objects().lock(self.world(), mutex, sleeper);
        match outcome {
            Ok(None) => {}
            Ok(Some(_)) => self.end_wait(token, 0),
            Err(_) => self.end_wait(token, REFUSED),
        }
    }

    pub(super) fn begin_wait(&mut self, token: i32, condition: u32, mutex: u32, owner: u32) {
        if !self.owns(owner) {
            return self.complete(Completion::plain(token, REFUSED));
        }
        let sleeper = self.sleeper(
            token,
            owner,
            Wait::Signal {
                condition,
                mutex,
                owner,
            },
        );
        let outcome = self.world().objects().wait(self.world(), condition, mutex, sleeper);
        match outcome {
            Ok(next) => wake(next),
            Err(_) => self.end_wait(token, REFUSED),
        }
    }

    fn end_wait(&mut self, token: i32, result: i32) {
        self.waits.remove(&token);
        self.complete(Completion::plain(token, result));
    }

    /// A mutex was handed to a wait of this domain. One that was withdrawn meanwhile has passed it on already.
    pub(super) fn granted(&mut self, wait: WaitId) {
        if self
            .waits
            .get(&wait.token)
            .is_some_and(|(number, _)| *number == wait.number)
        {
            self.end_wait(wait.token, 0);
        }
    }

    /// Ends a wait before its time: what it was given in this moment goes to the next in line. `false`: it has ended
    /// before, and its completion is on its way.
    pub fn forsake(&mut self, token: i32) -> bool {
        self.drain();
        let Some((_, wait)) = self.waits.remove(&token) else {
            return false;
        };
        let woken = self.with_objects(|objects, world| match wait {
            Wait::Lock { mutex, owner } => objects.forsake_lock(world, mutex, owner).into_iter().collect(),
            Wait::Signal {
                condition,
                mutex,
                owner,
            } => objects.forsake_wait(world, condition, mutex, owner),
        });
        wake(woken);
        true
    }

    /// Gives a mutex up, for whom JavaScript could not do so by itself.
    ///
    /// # Errors
    /// Where it is free, or somebody else's.
    pub fn unlock(&mut self, mutex: u32, owner: u32) -> Result<(), Unlock> {
        self.drain();
        let next = self.with_objects(|objects, world| objects.unlock(world, mutex, owner))?;
        wake(next);
        Ok(())
    }

    /// Signals a condition, once or to all.
    pub fn signal(&mut self, condition: u32, all: bool) {
        self.drain();
        wake(self.with_objects(|objects, world| objects.signal(world, condition, all)));
    }

    /// Queues this thread, which runs no tasks, for a mutex. `true`: it holds it; otherwise it is to [`Domain::park`].
    ///
    /// # Errors
    /// `PERM` where there is no such mutex or the thread holds it.
    pub fn lock_sync(&mut self, mutex: u32, owner: u32) -> Result<bool, Errno> {
        if !self.owns(owner) {
            return Err(Errno::PERM);
        }
        let sleeper = Sleeper {
            owner,
            bed: Bed::Thread(self.parker.clone()),
        };
        let outcome = self.with_objects(|objects, world| objects.lock(world, mutex, sleeper));
        outcome.map(|acquired| acquired.is_some()).map_err(|_| Errno::PERM)
    }

    /// Has this thread, which runs no tasks, wait on a condition; it is to [`Domain::park`] until it holds the mutex again.
    ///
    /// # Errors
    /// `PERM` where there is no such object or the thread does not hold the mutex.
    pub fn wait_sync(&mut self, condition: u32, mutex: u32, owner: u32) -> Result<(), Errno> {
        let sleeper = Sleeper {
            owner,
            bed: Bed::Thread(self.parker.clone()),
        };
        let outcome = self.with_objects(|objects, world| objects.wait(world, condition, mutex, sleeper));
        wake(outcome.map_err(|_| Errno::PERM)?);
        Ok(())
    }

    /// Waits for at most 50 ms, so that a thread which is to end comes back to JavaScript; whether it was woken.
    #[must_use]
    pub fn park(&self) -> bool {
        self.parker.park(Some(Duration::from_millis(50)))
    }

    /// Makes or finds a synchronisation object.
    ///
    /// # Errors
    /// As [`Objects::create`], as it crosses the ring.
    pub fn create(&mut self, kind: crate::objects::ObjectKind, name: Option<&str>) -> Result<u32, i32> {
        self.with_objects(|objects, _| objects.create(kind, name))
            .map_err(|error| errno(&error))
    }

    /// Forgets a synchronisation object.
    pub fn release(&mut self, word: u32) {
        self.with_objects(|objects, world| objects.release(world, word));
    }

    fn with_objects<T>(&self, act: impl FnOnce(&mut Objects, &World) -> T) -> T {
        act(&mut self.world().objects(), self.world())
    }
}

/// Wakes whom a change of state set free: outside of the objects' lock, since it may take a system call.
fn wake(sleepers: impl IntoIterator<Item = Sleeper>) {
    for sleeper in sleepers {
        sleeper.wake();
    }
}
