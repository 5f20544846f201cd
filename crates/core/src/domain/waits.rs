//! Waits of a domain's tasks for objects.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::io::Errno;

use super::Domain;
use crate::alarm::Alarm;
use crate::mailbox::WaitId;
use crate::mutex::{CONTENDED, Unlock};
use crate::object::{Attached, Bed, Object, Part, Sleeper, owner_place};
use crate::ring::Completion;
use crate::trigger::Attach;

/// What is waited for, and as whom.
#[derive(Clone, Debug)]
pub enum Wait {
    /// A mutex.
    Lock {
        /// The mutex.
        mutex: Arc<Object>,
        /// Id of the owner.
        owner: u32,
    },
    /// A condition, and then its mutex.
    Signal {
        /// The condition.
        condition: Arc<Object>,
        /// The mutex.
        mutex: Arc<Object>,
        /// Id of the owner.
        owner: u32,
    },
    /// A trigger or a computation.
    Await(Arc<Object>),
    /// A callback waits for a trigger, which it does not keep alive.
    Callback,
}

/// Result of a wait whose words name no such object, or whose owner does not hold the mutex.
const REFUSED: i32 = -Errno::PERM.raw_os_error();
/// Result of a wait for a trigger that somebody else waits for.
const TAKEN: i32 = -Errno::BUSY.raw_os_error();
/// Signals that were given which may be kept without a look at whether they were used.
const MOST_GIVEN: usize = 16;
/// Result of a wait for what will never come.
const NEVER: i32 = -Errno::CANCELED.raw_os_error();

impl Domain {
    fn alarm(&mut self, token: i32, wait: Wait) -> Alarm {
        self.next_wait = self.next_wait.wrapping_add(1);
        let number = self.next_wait;
        self.waits.insert(token, (number, wait));
        Alarm {
            mailbox: self.mailbox.clone(),
            wait: WaitId { token, number },
        }
    }

    fn sleeper(&mut self, token: i32, owner: u32, wait: Wait) -> Sleeper {
        Sleeper {
            owner,
            bed: Bed::Task(self.alarm(token, wait)),
        }
    }

    /// Whether an owner's id is that of a task of this domain, or of its thread: LINE takes no others.
    fn owns(&self, owner: u32) -> bool {
        owner & CONTENDED == 0 && owner_place(owner) == self.place()
    }

    pub(super) fn begin_lock(&mut self, token: i32, mutex: u32, owner: u32) {
        let Some(mutex) = self.object(mutex).filter(|_| self.owns(owner)) else {
            return self.complete(Completion::plain(token, REFUSED));
        };
        let sleeper = self.sleeper(
            token,
            owner,
            Wait::Lock {
                mutex: mutex.clone(),
                owner,
            },
        );
        match mutex.lock(self.world(), sleeper) {
            Ok(None) => {}
            Ok(Some(_)) => self.end_wait(token, 0),
            Err(_) => self.end_wait(token, REFUSED),
        }
    }

    pub(super) fn begin_wait(&mut self, token: i32, condition: u32, mutex: u32, owner: u32) {
        let objects = self.object(condition).zip(self.object(mutex));
        let Some((condition, mutex)) = objects.filter(|_| self.owns(owner)) else {
            return self.complete(Completion::plain(token, REFUSED));
        };
        let wait = Wait::Signal {
            condition: condition.clone(),
            mutex: mutex.clone(),
            owner,
        };
        let sleeper = self.sleeper(token, owner, wait);
        match condition.wait(self.world(), &mutex, sleeper) {
            Ok(next) => self.wake(next),
            Err(_) => self.end_wait(token, REFUSED),
        }
    }

    pub(super) fn begin_await(&mut self, token: i32, word: u32) {
        let Some(object) = self.object(word) else {
            return self.complete(Completion::plain(token, REFUSED));
        };
        let alarm = self.alarm(token, Wait::Await(object.clone()));
        let outcome = match &object.part {
            Part::Trigger(trigger) => match trigger.attach(self.world().word(word), alarm.id(), alarm) {
                Attach::Attached => return,
                Attach::Signaled(_) => 0,
                Attach::Taken(_) => TAKEN,
            },
            Part::Computation(cell) => {
                let world = self.world();
                match cell.attach(world.word(word), alarm.id(), Attached::Task(alarm), |other| {
                    other.is_stale(world)
                }) {
                    Ok(()) => return,
                    Err(_) => 0,
                }
            }
            _ => REFUSED,
        };
        self.end_wait(token, outcome);
    }

    fn end_wait(&mut self, token: i32, result: i32) {
        self.waits.remove(&token);
        self.complete(Completion::plain(token, result));
    }

    fn waits_still(&self, wait: WaitId) -> bool {
        self.waits
            .get(&wait.token)
            .is_some_and(|(number, _)| *number == wait.number)
    }

    /// What a wait of this domain was for has come. Where it was withdrawn meanwhile, that was passed on already.
    pub(super) fn granted(&mut self, wait: WaitId) {
        if self.waits_still(wait) {
            if let Some((_, signal @ Wait::Signal { .. })) = self.waits.get(&wait.token) {
                self.given.push(signal.clone());
                if self.given.len() > self.most_given {
                    self.forget_used();
                    self.most_given = MOST_GIVEN.max(2 * self.given.len());
                }
            }
            self.end_wait(wait.token, 0);
        }
    }

    /// Forgets the signals that were given to tasks which have let go of their mutexes since.
    pub(super) fn forget_used(&mut self) {
        let mut given = std::mem::take(&mut self.given);
        given.retain(|wait| self.holds_still(wait));
        self.given = given;
    }

    /// Whether a task that was given a signal still holds the mutex that it was given with.
    fn holds_still(&self, wait: &Wait) -> bool {
        let Wait::Signal { mutex, owner, .. } = wait else {
            return false;
        };
        self.world().word(mutex.word).load(Ordering::SeqCst) & !CONTENDED == *owner
    }

    /// What a wait of this domain was for will never come.
    pub(super) fn forgotten(&mut self, wait: WaitId) {
        if self.waits_still(wait) {
            self.end_wait(wait.token, NEVER);
        }
    }

    /// Tells a wait, of this domain or another one, that what it was for has come. A callback of this domain is called at
    /// the end of the running call, see [`Domain::rung`].
    pub(super) fn tell(&mut self, alarm: Alarm) {
        if !Arc::ptr_eq(&alarm.mailbox, &self.mailbox) {
            return alarm.ring();
        }
        let WaitId { token, .. } = alarm.wait;
        if self.waits_still(alarm.wait) && matches!(self.waits.get(&token), Some((_, Wait::Callback))) {
            self.waits.remove(&token);
            self.rung.push(token);
        } else {
            self.granted(alarm.wait);
        }
    }

    /// Wakes whom a change of state set free.
    fn wake(&mut self, sleepers: impl IntoIterator<Item = Sleeper>) {
        for sleeper in sleepers {
            match sleeper.bed {
                Bed::Task(alarm) => self.tell(alarm),
                Bed::Thread(parker) => parker.unpark(),
            }
        }
    }

    /// Has a callback wait for a trigger: 1 where it does, 0 where the trigger is signaled already.
    ///
    /// # Errors
    /// `BUSY` where somebody waits for it already; `PERM` where there is no such trigger.
    pub fn on_signal(&mut self, word: u32, token: i32) -> Result<i32, Errno> {
        self.drain();
        let object = self.object(word).ok_or(Errno::PERM)?;
        let Part::Trigger(trigger) = &object.part else {
            return Err(Errno::PERM);
        };
        let alarm = self.alarm(token, Wait::Callback);
        let attached = match trigger.attach(self.world().word(word), alarm.id(), alarm) {
            Attach::Attached => return Ok(1),
            Attach::Signaled(_) => Ok(0),
            Attach::Taken(_) => Err(Errno::BUSY),
        };
        self.waits.remove(&token);
        attached
    }

    /// Ends a wait before its time: what it was given in this moment goes to the next in line. `false`: it has ended
    /// before, and its completion is on its way.
    pub fn forsake(&mut self, token: i32) -> bool {
        self.drain();
        let Some((number, wait)) = self.waits.remove(&token) else {
            return false;
        };
        match wait {
            Wait::Lock { mutex, owner } => {
                let next = mutex.forsake_lock(self.world(), owner);
                self.wake(next);
            }
            Wait::Signal {
                condition,
                mutex,
                owner,
            } => {
                let next = condition.forsake_wait(self.world(), &mutex, owner);
                self.wake(next);
            }
            Wait::Await(object) => {
                let id = Alarm {
                    mailbox: self.mailbox.clone(),
                    wait: WaitId { token, number },
                }
                .id();
                match &object.part {
                    Part::Trigger(trigger) => drop(trigger.cancel(self.world().word(object.word), id)),
                    Part::Computation(cell) => drop(cell.cancel(id)),
                    _ => {}
                }
            }
            Wait::Callback => {}
        }
        true
    }

    /// The domain leaves: what its tasks wait on conditions for, and were given and have not used, goes to the next in line.
    pub(super) fn forsake_all(&self) {
        let waits = self.waits.values().map(|(_, wait)| wait).chain(&self.parked);
        // Last, when nobody of this domain waits any more.
        let given = self.given.iter().filter(|wait| self.holds_still(wait));
        for wait in waits.chain(given) {
            if let Wait::Signal {
                condition,
                mutex,
                owner,
            } = wait
            {
                let woken = condition.forsake_wait(self.world(), mutex, *owner);
                woken.into_iter().for_each(Sleeper::wake);
            }
        }
    }

    /// Gives a mutex up, for whom JavaScript could not do so by itself.
    ///
    /// # Errors
    /// Where it is free, or somebody else's.
    pub fn unlock(&mut self, mutex: u32, owner: u32) -> Result<(), Unlock> {
        self.drain();
        let mutex = self.object(mutex).ok_or(Unlock::NotOwner)?;
        let next = mutex.unlock(self.world(), owner)?;
        self.wake(next);
        Ok(())
    }

    /// Signals a condition, once or to all.
    pub fn signal(&mut self, condition: u32, all: bool) {
        self.drain();
        if let Some(condition) = self.object(condition) {
            let next = condition.signal(self.world(), all);
            self.wake(next);
        }
    }

    /// Queues this thread, which runs no tasks, for a mutex. `true`: it holds it; otherwise it is to [`Domain::park`].
    ///
    /// # Errors
    /// `PERM` where there is no such mutex or the thread holds it.
    pub fn lock_sync(&mut self, mutex: u32, owner: u32) -> Result<bool, Errno> {
        let mutex = self.object(mutex).filter(|_| self.owns(owner)).ok_or(Errno::PERM)?;
        let sleeper = Sleeper {
            owner,
            bed: Bed::Thread(self.parker.clone()),
        };
        mutex
            .lock(self.world(), sleeper)
            .map(|acquired| acquired.is_some())
            .map_err(|_| Errno::PERM)
    }

    /// Has this thread, which runs no tasks, wait on a condition; it is to [`Domain::park`] until it holds the mutex again.
    ///
    /// # Errors
    /// `PERM` where there is no such object or the thread does not hold the mutex.
    pub fn wait_sync(&mut self, condition: u32, mutex: u32, owner: u32) -> Result<(), Errno> {
        let (condition, mutex) = self.object(condition).zip(self.object(mutex)).ok_or(Errno::PERM)?;
        let sleeper = Sleeper {
            owner,
            bed: Bed::Thread(self.parker.clone()),
        };
        let next = condition.wait(self.world(), &mutex, sleeper).map_err(|_| Errno::PERM)?;
        self.wake(next);
        self.parked = Some(Wait::Signal {
            condition,
            mutex,
            owner,
        });
        Ok(())
    }

    /// Waits for at most 50 ms, so that a thread which is to end comes back to JavaScript; whether it was woken.
    #[must_use]
    pub fn park(&mut self) -> bool {
        let woken = self.parker.park(Some(Duration::from_millis(50)));
        if woken {
            self.parked = None;
        }
        woken
    }
}
