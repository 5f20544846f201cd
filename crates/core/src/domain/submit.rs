//! Submissions: what JavaScript asks for, by code.

use super::{CLOSED, Domain, errno};
use crate::address::Address;
use crate::op::{Attempt, Op, Unsent, Unwritten, connect, sendto, write};
use crate::poller::Key;
use crate::ring::{Completion, Submission};
use crate::waiting::Pending;

/// Operation codes, the first word of a submission. Then come the token and, for operations on a descriptor, its place and
/// its generation; the rest is said here.
pub mod code {
    /// No more words, no completion: it was cancelled before it was drained.
    pub const NOTHING: i32 = 0;
    /// Most bytes.
    pub const READ: i32 = 1;
    /// Offset and length in the send area.
    pub const WRITE: i32 = 2;
    /// No more words.
    pub const ACCEPT: i32 = 3;
    /// Offset and length of the encoded address in the send area.
    pub const CONNECT: i32 = 4;
    /// Most bytes.
    pub const RECVFROM: i32 = 5;
    /// Offset and length of the bytes, length of the encoded address right behind them.
    pub const SENDTO: i32 = 6;
    /// Word of the mutex, id of the owner.
    pub const LOCK: i32 = 7;
    /// Word of the condition, word of the mutex, id of the owner.
    pub const WAIT: i32 = 8;
    /// Place of the domain, offset and length of the message in the send area. No completion.
    pub const SEND: i32 = 9;
    /// Word of the trigger or computation.
    pub const AWAIT: i32 = 10;
}

impl Domain {
    pub(super) fn submit(&mut self, submission: &Submission) {
        let [code, token, x, y, z, u, v, _] = *submission;
        let key = Key::of(x as u32, y as u32);
        match code {
            code::READ => self.begin(key, token, Op::Read(length(z))),
            code::ACCEPT => self.begin(key, token, Op::Accept),
            code::RECVFROM => self.begin(key, token, Op::Recvfrom(length(z))),
            code::WRITE => self.begin_write(key, token, z, u),
            code::CONNECT => self.begin_connect(key, token, z, u),
            code::SENDTO => self.begin_sendto(key, token, (z, u, v)),
            code::LOCK => self.begin_lock(token, x as u32, y as u32),
            code::WAIT => self.begin_wait(token, x as u32, y as u32, z as u32),
            code::AWAIT => self.begin_await(token, x as u32),
            code::SEND => self.send(x as u32, y, z),
            _ => {}
        }
    }

    /// Begins an operation that takes nothing but its turn.
    fn begin(&mut self, key: Key, token: i32, mut op: Op) {
        let room = self.overflow.is_empty() && self.ring.completion_room() > 0;
        let Some(descriptor) = self.table.get(key) else {
            return self.complete(Completion::plain(token, CLOSED));
        };
        let side = if op.reads() {
            &mut descriptor.readers
        } else {
            &mut descriptor.writers
        };
        let attempt = if !side.is_empty() {
            Attempt::Blocked
        } else if room {
            op.attempt(descriptor, &mut self.ring)
        } else {
            Attempt::NoRoom
        };
        if attempt.waits() {
            let side = if op.reads() {
                &mut descriptor.readers
            } else {
                &mut descriptor.writers
            };
            side.push(Pending { token, op });
        }
        self.settle(key, token, attempt);
    }

    fn begin_write(&mut self, key: Key, token: i32, offset: i32, length: i32) {
        let Some(descriptor) = self.table.get(key) else {
            return self.complete(Completion::plain(token, CLOSED));
        };
        let Some(bytes) = self.ring.sent(offset, length) else {
            return self.complete(Completion::plain(token, INVALID));
        };
        let written = if descriptor.writers.is_empty() {
            write(bytes, descriptor)
        } else {
            Ok(0)
        };
        let attempt = match written {
            Ok(written) if written == bytes.len() => Attempt::result(length),
            Ok(written) => {
                let op = Op::Write(Box::new(Unwritten::of(bytes, written)));
                descriptor.writers.push(Pending { token, op });
                Attempt::Blocked
            }
            Err(errno) => Attempt::error(errno),
        };
        self.settle(key, token, attempt);
    }

    fn begin_connect(&mut self, key: Key, token: i32, offset: i32, length: i32) {
        let Some(descriptor) = self.table.get(key) else {
            return self.complete(Completion::plain(token, CLOSED));
        };
        let bytes = self.ring.sent(offset, length).unwrap_or_default();
        let attempt = match Address::decode(bytes) {
            Ok(to) => connect(&to, descriptor),
            Err(error) => Attempt::result(errno(&error)),
        };
        if matches!(attempt, Attempt::Blocked) {
            descriptor.writers.push(Pending { token, op: Op::Connect });
        }
        self.settle(key, token, attempt);
    }

    fn begin_sendto(&mut self, key: Key, token: i32, (offset, length, address): (i32, i32, i32)) {
        let Some(descriptor) = self.table.get(key) else {
            return self.complete(Completion::plain(token, CLOSED));
        };
        let bytes = self.ring.sent(offset, length);
        let to = self.ring.sent(offset.saturating_add(length), address);
        let (Some(bytes), Some(to)) = (bytes, to) else {
            return self.complete(Completion::plain(token, INVALID));
        };
        let attempt = if descriptor.writers.is_empty() {
            sendto(bytes, to, descriptor)
        } else {
            Attempt::Blocked
        };
        if matches!(attempt, Attempt::Blocked) {
            let (bytes, to) = (bytes.into(), to.into());
            let op = Op::Sendto(Box::new(Unsent { bytes, to }));
            descriptor.writers.push(Pending { token, op });
        }
        self.settle(key, token, attempt);
    }
}

/// The result of a submission whose words make no sense.
const INVALID: i32 = -rustix::io::Errno::INVAL.raw_os_error();

fn length(word: i32) -> usize {
    usize::try_from(word).unwrap_or(0)
}
