//! A domain: one thread's ring, poller, descriptors and mailbox. [`Domain::turn`] is the one crossing for what suspends.

mod exhausted;
mod mail;
mod objects;
mod sockets;
mod submit;
mod values;
mod waits;

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Instant;

use crate::mailbox::{Mail, Mailbox};
use crate::object::Object;
use crate::op::Attempt;
use crate::parker::Parker;
use crate::poller::{Event, Key, Poller};
use crate::printer;
use crate::ring::{Completion, Ring, header};
use crate::table::Table;
use crate::value::Parcel;
use crate::waiting::Pending;
use crate::waker::Waker;
use crate::world::World;
use exhausted::Exhausted;

pub use mail::kind_number;
pub use submit::code;
pub use values::{EMPTY, REFUSED};
pub use waits::Wait;

/// Result of an operation whose descriptor was closed: no errno, the scheduler makes an error of its own of it.
pub const CLOSED: i32 = i32::MIN;

/// Tasks that run in a round at the most, as lib/scheduler.ts says.
const ROUND: usize = 64;

/// One thread of a world.
#[derive(Debug)]
pub struct Domain {
    ring: Ring,
    poller: Poller,
    mailbox: Arc<Mailbox>,
    table: Table,
    /// Completions that found no room in the ring.
    overflow: VecDeque<Completion>,
    /// Descriptors with operations that could go on, but for room in the ring or in the next round.
    deferred: VecDeque<Key>,
    /// Listeners that wait for a descriptor to become free.
    exhausted: Exhausted,
    /// Mail that found no room in the receive area.
    unread: Option<Mail>,
    /// Descriptors that are to travel with the next message or value.
    outgoing: Vec<Key>,
    /// Objects that the next message or value names.
    sharing: Vec<Arc<Object>>,
    /// Bytes of the next value, where it is a long one.
    laid: Option<Box<[u8]>>,
    /// The long value that was taken or looked at last.
    fetched: Option<Arc<Parcel>>,
    /// Values were taken whose memory is freed a while later.
    to_sweep: bool,
    /// The objects that JavaScript has handles of here, by word.
    objects: HashMap<u32, Arc<Object>>,
    /// Callbacks of this thread that the running call has set off, by token.
    rung: Vec<i32>,
    /// When it last sent mail or had some.
    corresponded: Option<Instant>,
    /// Waits for objects, by token.
    waits: HashMap<i32, (u32, Wait)>,
    next_wait: u32,
    /// Signals of conditions that its tasks were given. One counts as used once its task has let go of the mutex that it was
    /// given with: a domain that dies before that passes it on.
    given: Vec<Wait>,
    /// How many of them there may be before those are looked for that were used.
    most_given: usize,
    /// What this thread sleeps on where it runs no tasks.
    parker: Parker,
    /// The condition that it sleeps for.
    parked: Option<Wait>,
    /// Completions since it last looked at the poller.
    unlooked: usize,
    events: Vec<Event>,
    left: Cell<bool>,
}

impl Domain {
    /// A domain of `world` over `ring`.
    ///
    /// # Errors
    /// Out of descriptors, memory or places in the world.
    pub fn new(ring: Ring, world: &Arc<World>) -> io::Result<Self> {
        let poller = Poller::new()?;
        let mailbox = world.enter(|place| Ok(Mailbox::new(world.clone(), place, Waker::new(&poller)?)))?;
        Ok(Self {
            ring,
            poller,
            mailbox,
            table: Table::default(),
            overflow: VecDeque::new(),
            deferred: VecDeque::new(),
            exhausted: Exhausted::default(),
            unread: None,
            outgoing: Vec::new(),
            sharing: Vec::new(),
            laid: None,
            fetched: None,
            to_sweep: false,
            objects: HashMap::new(),
            rung: Vec::new(),
            corresponded: None,
            waits: HashMap::new(),
            next_wait: 0,
            given: Vec::new(),
            most_given: 0,
            parker: Parker::default(),
            parked: None,
            unlooked: 0,
            events: Vec::new(),
            left: Cell::new(false),
        })
    }

    /// Its place in the world, from 1.
    #[must_use]
    pub fn place(&self) -> u32 {
        self.mailbox.place()
    }

    /// Its world.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        self.mailbox.world()
    }

    /// The descriptor that becomes readable when the domain has something to do.
    #[must_use]
    pub fn poller_fd(&self) -> BorrowedFd<'_> {
        self.poller.as_fd()
    }

    /// How many descriptors it holds.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        self.table.len()
    }

    /// Does everything that can be done now without blocking: drains the submissions, looks at the poller, carries out
    /// what became ready, takes the mail, and leaves completions in the ring; returns how many. A domain that is idle
    /// and finds nothing declares itself asleep: from then on whoever has something for it writes to its waker.
    ///
    /// # Errors
    /// Those of the poller; they are no fault of any operation.
    pub fn turn(&mut self) -> io::Result<usize> {
        self.ring.count(header::CALLS);
        self.ring.set_header(header::ASLEEP, 0);
        self.mailbox.awake();
        self.ring.reclaim();
        self.drain();
        self.spill();
        let in_time = self.ring.header(header::LOOK) != 0;
        let most = self.most(in_time);
        self.resume_deferred(most);
        self.accept_in_time();
        // Operations that ended at once are on their way back already, so the look at the poller can be saved; but not for
        // longer than a round takes, so that a domain whose tasks never wait still sees every event in time.
        self.unlooked += self.completed();
        if self.completed() == 0 || self.unlooked > ROUND || in_time {
            self.unlooked = 0;
            self.ring.set_header(header::LOOK, 0);
            self.look(most)?;
        }
        self.take_mail();
        if self.completed() == 0 && self.ring.header(header::IDLE) != 0 && self.deferred.is_empty() {
            self.sweep();
            self.forget_used();
            if self.linger() {
                self.take_mail();
            } else if self.mailbox.declare_asleep() {
                self.ring.set_header(header::ASLEEP, 1);
            } else {
                self.take_mail();
            }
        }
        Ok(self.completed())
    }

    /// Carries out what was submitted up to now, so that a synchronous call takes effect after it.
    pub fn drain(&mut self) {
        for index in 0..self.ring.submitted() {
            let submission = self.ring.submission(index);
            self.submit(&submission);
        }
        self.ring.set_header(header::SUBMITTED, 0);
    }

    /// Leaves the world, once: others no longer find this domain, and what its tasks held passes on.
    pub fn leave(&self) {
        if !self.left.replace(true) {
            self.forsake_all();
            self.world().leave(&self.mailbox, self.table.len() as u32);
            printer::leave(self.place());
        }
    }

    /// Leaves the generation of a descriptor that a call has made in the header.
    pub fn note_generation(&mut self, key: Key) {
        self.ring.set_header(header::GENERATION, key.generation() as i32);
    }

    fn completed(&self) -> usize {
        usize::try_from(self.ring.header(header::COMPLETED)).unwrap_or(0)
    }

    /// Leaves a completion that holds no bytes of the receive area.
    fn complete(&mut self, completion: Completion) {
        if !self.overflow.is_empty() || !self.ring.complete(completion) {
            self.overflow.push_back(completion);
        }
    }

    /// How many completions this turn may have: what has become ready is read while fewer tasks than a round has slices have yet
    /// to see what was read for them. The others wait with their bytes in the system: what the system and the task know of a
    /// connection is still in the caches when the answer is written. Once a millisecond there is a round's room, however long
    /// it takes the tasks to run.
    fn most(&self, in_time: bool) -> usize {
        let unseen = usize::try_from(self.ring.header(header::HELD)).unwrap_or(0);
        self.completed() + ROUND.saturating_sub(if in_time { 0 } else { unseen })
    }

    fn spill(&mut self) {
        while let Some(completion) = self.overflow.front() {
            if !self.ring.complete(*completion) {
                return;
            }
            self.overflow.pop_front();
        }
    }

    fn look(&mut self, most: usize) -> io::Result<()> {
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        self.poller.look(|event| events.push(event))?;
        for event in &events {
            let Some(descriptor) = self.table.get(event.key) else {
                continue;
            };
            let ready = &mut descriptor.ready;
            ready.read |= event.readable;
            ready.write |= event.writable;
            ready.read_closed |= event.read_closed;
            ready.write_closed |= event.write_closed;
            if self.completed() < most {
                self.progress(event.key);
            } else {
                self.deferred.push_back(event.key);
            }
        }
        self.events = events;
        Ok(())
    }

    fn resume_deferred(&mut self, most: usize) {
        // What finds no room is put back.
        for _ in 0..self.deferred.len() {
            if self.completed() >= most {
                return;
            }
            if let Some(key) = self.deferred.pop_front() {
                self.progress(key);
            }
        }
    }

    /// Carries out the waiting operations of a descriptor, as far as its readiness and the ring's room go.
    fn progress(&mut self, key: Key) {
        self.progress_side(key, true);
        self.progress_side(key, false);
    }

    fn progress_side(&mut self, key: Key, reads: bool) {
        while let Some(descriptor) = self.table.get(key) {
            let mut side = std::mem::take(if reads {
                &mut descriptor.readers
            } else {
                &mut descriptor.writers
            });
            let Some(Pending { token, op }) = side.front() else {
                return;
            };
            let token = *token;
            let attempt = if self.overflow.is_empty() && self.ring.completion_room() > 0 {
                op.attempt(descriptor, &mut self.ring)
            } else {
                Attempt::NoRoom
            };
            let ended = !attempt.waits();
            if ended {
                side.pop();
            }
            *(if reads {
                &mut descriptor.readers
            } else {
                &mut descriptor.writers
            }) = side;
            self.settle(key, token, attempt);
            if !ended {
                return;
            }
        }
    }

    /// Turns the outcome of an attempt into a completion, or sees to it that the operation goes on later.
    fn settle(&mut self, key: Key, token: i32, attempt: Attempt) {
        match attempt {
            Attempt::Done(result, a, b) => self.complete(Completion { token, result, a, b }),
            Attempt::Accepted(descriptor, offset, length) => {
                let made = self.table.insert(*descriptor);
                let (result, a) = (made.index() as i32, made.generation() as i32);
                self.complete(Completion {
                    token,
                    result,
                    a,
                    b: offset << 8 | length as i32,
                });
            }
            Attempt::Blocked => self.watch(key, token),
            Attempt::NoRoom => self.deferred.push_back(key),
            Attempt::Exhausted => self.exhausted(key),
        }
    }

    /// Has the poller watch a descriptor, once.
    fn watch(&mut self, key: Key, token: i32) {
        let Some(descriptor) = self.table.get(key) else { return };
        if descriptor.watched {
            return;
        }
        descriptor.watched = true;
        if let Err(error) = self.poller.add(descriptor.as_fd(), key) {
            // What can't be polled can't be waited for: the operation that wanted to ends with the reason.
            descriptor.watched = false;
            let waits = descriptor
                .readers
                .remove(token)
                .or_else(|| descriptor.writers.remove(token));
            if waits.is_some() {
                self.complete(Completion::plain(token, errno(&error)));
            }
        }
    }
}

impl Drop for Domain {
    fn drop(&mut self) {
        self.leave();
    }
}

/// An error as it crosses the ring.
#[must_use]
pub fn errno(error: &io::Error) -> i32 {
    use rustix::io::Errno;
    let fallback = if error.kind() == io::ErrorKind::OutOfMemory {
        Errno::NOMEM
    } else {
        Errno::INVAL
    };
    -error.raw_os_error().unwrap_or(fallback.raw_os_error())
}
