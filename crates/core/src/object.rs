//! A synchronisation object: named by the word that it has in shared memory, held by everybody who may use it.
//!
//! Whoever holds an object counts: each domain that has a handle, a message or a value on its way that names it, a task that
//! waits for it, its name. When the last of them lets go, it is gone, and its word is given to another one.

use std::sync::{Arc, Weak};

use crate::alarm::Alarm;
use crate::computation::Computation;
use crate::condition::WaitQueue;
use crate::fifo::Fifo;
use crate::mutex::{Cancel, Lock, LockQueue, Unlock};
use crate::parker::Parker;
use crate::trigger::{SIGNALED, Trigger};
use crate::value::Value;
use crate::world::World;

/// What kind of object a word belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ObjectKind {
    /// A mutex.
    Mutex = 0,
    /// A condition.
    Condition = 1,
    /// A trigger.
    Trigger = 2,
    /// A computation.
    Computation = 3,
    /// A lazy computation.
    Lazy = 4,
    /// A queue.
    Queue = 5,
}

impl ObjectKind {
    /// The kind of a number, as it crosses.
    #[must_use]
    pub const fn of(number: i32) -> Option<Self> {
        Some(match number {
            0 => Self::Mutex,
            1 => Self::Condition,
            2 => Self::Trigger,
            3 => Self::Computation,
            4 => Self::Lazy,
            5 => Self::Queue,
            _ => return None,
        })
    }
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
    Task(Alarm),
    /// A thread that runs no tasks: it is parked on a futex.
    Thread(Parker),
}

impl Sleeper {
    /// Tells it that it holds what it waited for.
    pub fn wake(self) {
        match self.bed {
            Bed::Task(alarm) => alarm.ring(),
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
pub struct Waiter {
    mutex: Arc<Object>,
    sleeper: Sleeper,
}

/// Who hears of the end of a computation.
#[derive(Debug)]
pub enum Attached {
    /// A task that waits for it.
    Task(Alarm),
    /// A trigger that it signals.
    Trigger(Arc<Object>),
}

impl Attached {
    /// Tells it that the computation is over.
    pub fn tell(self, world: &World) {
        if let Some(alarm) = self.alarm(world) {
            alarm.ring();
        }
    }

    /// Who is to be told; a trigger is signaled.
    #[must_use]
    pub fn alarm(self, world: &World) -> Option<Alarm> {
        match self {
            Self::Task(alarm) => Some(alarm),
            Self::Trigger(trigger) => trigger.fire(world),
        }
    }

    /// Whether nobody needs to be told any more.
    #[must_use]
    pub fn is_stale(&self, world: &World) -> bool {
        matches!(self, Self::Trigger(trigger) if trigger.is_signaled(world))
    }
}

/// What an object is made of.
#[derive(Debug)]
pub enum Part {
    /// Of a mutex.
    Mutex(LockQueue<Sleeper>),
    /// Of a condition.
    Condition(WaitQueue<Waiter>),
    /// Of a trigger.
    Trigger(Trigger<Alarm>),
    /// Of a computation, lazy or not.
    Computation(Computation<Attached, Value>),
    /// Of a queue.
    Queue(Fifo<Value>),
}

impl Part {
    /// That of a new object.
    #[must_use]
    pub fn new(kind: ObjectKind) -> Self {
        match kind {
            ObjectKind::Mutex => Self::Mutex(LockQueue::new()),
            ObjectKind::Condition => Self::Condition(WaitQueue::new()),
            ObjectKind::Trigger => Self::Trigger(Trigger::default()),
            ObjectKind::Computation | ObjectKind::Lazy => Self::Computation(Computation::default()),
            ObjectKind::Queue => Self::Queue(Fifo::new()),
        }
    }
}

/// One object.
#[derive(Debug)]
pub struct Object {
    world: Weak<World>,
    /// The word that names it.
    pub word: u32,
    /// What it is made of.
    pub part: Part,
}

impl Object {
    /// An object of `world`, whose word is `word`.
    #[must_use]
    pub fn new(world: &Arc<World>, word: u32, kind: ObjectKind) -> Self {
        Self {
            world: Arc::downgrade(world),
            word,
            part: Part::new(kind),
        }
    }

    /// Queues for the mutex. `Ok(Some)`: it was free and the sleeper holds it; `Ok(None)`: it waits, and is told.
    ///
    /// # Errors
    /// `None`: it is no mutex. The sleeper: its owner holds the mutex already.
    pub fn lock(&self, world: &World, sleeper: Sleeper) -> Result<Option<Sleeper>, Option<Sleeper>> {
        let Part::Mutex(queue) = &self.part else {
            return Err(None);
        };
        match queue.lock(world.word(self.word), sleeper.owner, sleeper) {
            Lock::Acquired(sleeper) => Ok(Some(sleeper)),
            Lock::Queued => Ok(None),
            Lock::AlreadyOwner(sleeper) => Err(Some(sleeper)),
        }
    }

    /// Gives the mutex up and says who holds it now.
    ///
    /// # Errors
    /// `NotOwner` also where it is no mutex.
    pub fn unlock(&self, world: &World, owner: u32) -> Result<Option<Sleeper>, Unlock> {
        let Part::Mutex(queue) = &self.part else {
            return Err(Unlock::NotOwner);
        };
        queue.unlock(world.word(self.word), owner)
    }

    /// A wait for the mutex ends before its time. Returns who is to be woken: where the mutex had been handed to the
    /// waiter in this very moment, the next in line.
    pub fn forsake_lock(&self, world: &World, owner: u32) -> Option<Sleeper> {
        let Part::Mutex(queue) = &self.part else { return None };
        match queue.cancel(world.word(self.word), owner) {
            Cancel::Owner => self.unlock(world, owner).ok().flatten(),
            Cancel::Removed(_) | Cancel::Absent => None,
        }
    }

    /// Waits on the condition and gives the mutex up, in one step. Returns who holds the mutex now.
    ///
    /// # Errors
    /// Where the sleeper's owner does not hold the mutex, or these are no condition and no mutex: then nobody waits.
    pub fn wait(&self, world: &World, mutex: &Arc<Self>, sleeper: Sleeper) -> Result<Option<Sleeper>, Unlock> {
        let Part::Condition(queue) = &self.part else {
            return Err(Unlock::NotOwner);
        };
        let owner = sleeper.owner;
        queue.wait(
            owner,
            Waiter {
                mutex: mutex.clone(),
                sleeper,
            },
            || mutex.unlock(world, owner),
        )
    }

    /// Moves the oldest waiter of the condition, or all of them, to the queue of its mutex. Returns those that hold theirs
    /// at once and are to be woken.
    pub fn signal(&self, world: &World, all: bool) -> Vec<Sleeper> {
        let Part::Condition(queue) = &self.part else {
            return Vec::new();
        };
        let relock = |_, waiter: Waiter| (waiter.mutex.lock(world, waiter.sleeper).ok().flatten(), waiter.mutex);
        let relocked = if all {
            queue.requeue_all(relock)
        } else {
            queue.requeue(relock).into_iter().collect()
        };
        relocked.into_iter().filter_map(|(sleeper, _)| sleeper).collect()
    }

    /// A wait on the condition ends before its time. It does not take the mutex again; a signal that it had been given
    /// already goes to the next waiter.
    pub fn forsake_wait(&self, world: &World, mutex: &Self, owner: u32) -> Vec<Sleeper> {
        let Part::Condition(queue) = &self.part else {
            return Vec::new();
        };
        if queue.cancel(owner).is_some() {
            return Vec::new();
        }
        let mut woken: Vec<Sleeper> = mutex.forsake_lock(world, owner).into_iter().collect();
        woken.extend(self.signal(world, false));
        woken
    }

    /// Whether it is a trigger that is signaled.
    #[must_use]
    pub fn is_signaled(&self, world: &World) -> bool {
        matches!(self.part, Part::Trigger(_))
            && world.word(self.word).load(std::sync::atomic::Ordering::SeqCst) == SIGNALED
    }

    /// Signals a trigger, and returns who is to be told.
    pub fn fire(&self, world: &World) -> Option<Alarm> {
        let Part::Trigger(trigger) = &self.part else {
            return None;
        };
        trigger.signal(world.word(self.word))
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if let Some(world) = self.world.upgrade() {
            world.objects().gone(&world, self.word);
        }
        match &self.part {
            Part::Trigger(trigger) => {
                if let Some(alarm) = trigger.last() {
                    alarm.forget();
                }
            }
            // Values that were moved here from another queue may be looked at there for a while: their descriptors are not.
            Part::Queue(queue) => queue.to_vec().iter().for_each(Value::close),
            Part::Mutex(_) | Part::Condition(_) | Part::Computation(_) => {}
        }
    }
}
