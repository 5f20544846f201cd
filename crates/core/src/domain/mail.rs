//! Mail: messages to and from other domains.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::Domain;
use crate::descriptor::{Descriptor, Kind};
use crate::mailbox::Mail;
use crate::poller::Key;
use crate::ring::{Completion, MESSAGE, RECEIVE_BYTES};

/// Bytes that the handle of a descriptor takes behind the message that it travels with: place, generation, kind.
const HANDLE: usize = 12;
/// Most descriptors that travel with one message: their count has 16 bits in its completion.
const CARGO: usize = 4096;

/// Longest that a domain waits awake for an answer.
const LINGER: Duration = Duration::from_micros(20);
/// How long after the last mail it does.
const CORRESPONDING: Duration = Duration::from_micros(100);

static SEVERAL_PROCESSORS: LazyLock<bool> =
    LazyLock::new(|| std::thread::available_parallelism().is_ok_and(|count| count.get() > 1));

impl Domain {
    /// Posts what was laid into the send area, with the descriptors that were packed for it.
    pub(super) fn send(&mut self, place: u32, offset: i32, length: i32) {
        let (cargo, objects) = (self.departing(), std::mem::take(&mut self.sharing));
        let Some(bytes) = self.ring.sent(offset, length) else {
            return;
        };
        // What has no room in an empty receive area would keep all mail behind it waiting for ever.
        if room_for(bytes.len(), cargo.len()) > RECEIVE_BYTES {
            return;
        }
        self.corresponded = Some(Instant::now());
        self.world().send(
            place,
            Mail::Message {
                from: self.place(),
                bytes: bytes.into(),
                cargo,
                objects,
            },
        );
    }

    /// Takes the descriptors that were packed out of this domain.
    pub(super) fn departing(&mut self) -> Vec<Descriptor> {
        let mut cargo = Vec::new();
        for key in std::mem::take(&mut self.outgoing) {
            let Some(mut descriptor) = self.table.remove(key) else {
                continue;
            };
            self.unwatch(&mut descriptor);
            cargo.push(descriptor);
        }
        cargo
    }

    /// Takes descriptors in, and returns the handles by which JavaScript knows them.
    pub(super) fn arriving(&mut self, cargo: Vec<Descriptor>) -> Vec<u8> {
        let mut handles = Vec::with_capacity(cargo.len() * HANDLE);
        for descriptor in cargo {
            let kind = descriptor.kind;
            let key = self.table.insert(descriptor);
            for word in [key.index(), key.generation(), kind_number(kind)] {
                handles.extend_from_slice(&word.to_ne_bytes());
            }
        }
        handles
    }

    /// Whether a task waits on a descriptor.
    fn in_use(&mut self, key: Key) -> bool {
        self.drain();
        self.table
            .get(key)
            .is_some_and(|descriptor| !descriptor.readers.is_empty() || !descriptor.writers.is_empty())
    }

    /// Chooses a descriptor to travel with the next message or value: JavaScript does nothing else before that.
    ///
    /// # Errors
    /// `BUSY` where a task waits on it; `BADF` where it is not here; `NOBUFS` where the message has 4 096 already.
    pub fn pack(&mut self, key: Key) -> Result<(), Errno> {
        if self.in_use(key) {
            return Err(Errno::BUSY);
        }
        if self.table.get(key).is_none() {
            return Err(Errno::BADF);
        }
        if self.outgoing.len() >= CARGO {
            return Err(Errno::NOBUFS);
        }
        self.outgoing.push(key);
        Ok(())
    }

    /// The message or value that was packed for goes nowhere: the descriptors stay.
    pub fn unpack(&mut self) {
        self.outgoing.clear();
        self.sharing.clear();
        self.laid = None;
    }

    /// Forgets a descriptor's place in this domain's poller: it leaves with all its readiness unknown again.
    pub(super) fn unwatch(&mut self, descriptor: &mut Descriptor) {
        if descriptor.watched {
            use std::os::fd::AsFd;
            self.poller.remove(descriptor.as_fd());
            descriptor.watched = false;
        }
        descriptor.ready.read = true;
        descriptor.ready.write = true;
    }

    /// Waits a moment for an answer before the domain sleeps, where there was mail just now and another processor may be
    /// writing it: a sleep and a wake cost four times as long. Whether there is mail.
    pub(super) fn linger(&self) -> bool {
        let Some(last) = self.corresponded else { return false };
        if last.elapsed() > CORRESPONDING || !*SEVERAL_PROCESSORS {
            return false;
        }
        let until = Instant::now() + LINGER;
        loop {
            for _ in 0..64 {
                if self.mailbox.has_mail() {
                    return true;
                }
                std::hint::spin_loop();
            }
            if Instant::now() >= until {
                return false;
            }
        }
    }

    /// Turns mail into completions, as far as there is room.
    pub(super) fn take_mail(&mut self) {
        self.mailbox.acknowledge();
        while self.overflow.is_empty() && self.ring.completion_room() > 0 {
            let Some(mail) = self.unread.take().or_else(|| self.mailbox.take()) else {
                return;
            };
            self.corresponded = Some(Instant::now());
            match mail {
                Mail::Granted(wait) => self.granted(wait),
                Mail::Forgotten(wait) => self.forgotten(wait),
                Mail::Relief => self.accept_again(),
                Mail::Message {
                    from,
                    bytes,
                    cargo,
                    objects,
                } => {
                    if self.ring.receive_room() < room_for(bytes.len(), cargo.len()) {
                        self.unread = Some(Mail::Message {
                            from,
                            bytes,
                            cargo,
                            objects,
                        });
                        return;
                    }
                    self.hold(objects);
                    self.deliver(from, &bytes, cargo);
                }
            }
        }
    }

    /// Lays a message into the receive area, the handles of its descriptors behind it, from the next multiple of 4 on.
    fn deliver(&mut self, from: u32, bytes: &[u8], cargo: Vec<Descriptor>) {
        let count = cargo.len();
        let handles = self.arriving(cargo);
        let handles_at = bytes.len().next_multiple_of(4);
        let (offset, buffer) = self.ring.receive_buffer(handles_at + handles.len());
        buffer[..bytes.len()].copy_from_slice(bytes);
        buffer[handles_at..].copy_from_slice(&handles);
        self.ring.hold(handles_at + handles.len());
        let b = (from | (count as u32) << 16) as i32;
        self.ring.complete(Completion {
            token: MESSAGE,
            result: bytes.len() as i32,
            a: offset,
            b,
        });
    }
}

/// Bytes of the receive area that a message takes at the most.
const fn room_for(bytes: usize, descriptors: usize) -> usize {
    bytes + descriptors * HANDLE + 8
}

/// The number of a kind, as it crosses.
#[must_use]
pub const fn kind_number(kind: Kind) -> u32 {
    match kind {
        Kind::Stream => 0,
        Kind::Datagram => 1,
        Kind::File => 2,
    }
}
