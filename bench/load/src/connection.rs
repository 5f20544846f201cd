//! One connection and the messages on it.

use std::collections::VecDeque;
use std::io;

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::pattern::{Pattern, SPAN};
use crate::window::Window;

/// Sends stretches of the pattern and checks what comes back, message by message.
pub struct Connection {
    socket: OwnedFd,
    /// Which stretch of the pattern is this connection's.
    seed: usize,
    /// Bytes to have been sent by now; `sent` falls behind when the kernel takes no more.
    owed: u64,
    sent: u64,
    received: u64,
    /// When each unanswered message was due, monotonic ns, oldest first.
    due: VecDeque<u64>,
}

impl Connection {
    /// A connection that has said nothing yet.
    pub fn new(socket: OwnedFd, seed: usize) -> Connection {
        Connection { socket, seed, owed: 0, sent: 0, received: 0, due: VecDeque::new() }
    }

    /// The socket, to be watched.
    pub fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// When the messages that have no answer yet were due.
    pub fn unanswered(&self) -> impl Iterator<Item = u64> + '_ {
        self.due.iter().copied()
    }

    /// Adds `count` messages of `size` bytes that are due at `due`; [`Connection::flush`] sends them.
    pub fn queue(&mut self, count: usize, size: usize, due: u64) {
        self.owed += (count * size) as u64;
        self.due.extend(std::iter::repeat_n(due, count));
    }

    /// Sends what is owed, as far as the kernel takes it. Called again when the socket becomes writable.
    ///
    /// # Errors
    /// The server has gone.
    pub fn flush(&mut self, pattern: &Pattern) -> io::Result<()> {
        while self.sent < self.owed {
            let length = (self.owed - self.sent).min(SPAN as u64) as usize;
            let bytes = &pattern.at(self.seed, self.sent)[..length];
            match send(&self.socket, bytes, SendFlags::NOSIGNAL) {
                Ok(taken) => self.sent += taken as u64,
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(io::Error::other(format!("send: {error}"))),
            }
        }
        Ok(())
    }

    /// Reads until a read falls short, checks the bytes, and returns how many messages they complete.
    ///
    /// # Errors
    /// The server closed, or sent something else than what it was sent.
    pub fn receive(
        &mut self,
        buffer: &mut [u8],
        size: usize,
        pattern: &Pattern,
        window: &mut Window,
        time: u64,
    ) -> io::Result<usize> {
        let mut completed = 0;
        loop {
            let length = match recv(&self.socket, &mut *buffer, RecvFlags::empty()) {
                Ok((0, _)) => return Err(io::Error::other("the server closed a connection")),
                Ok((length, _)) => length,
                Err(Errno::AGAIN) => return Ok(completed),
                Err(error) => return Err(io::Error::other(format!("recv: {error}"))),
            };
            if buffer[..length] != pattern.at(self.seed, self.received)[..length] {
                let at = self.received;
                return Err(io::Error::other(format!("wrong bytes came back, {length} from offset {at}")));
            }
            let before = self.received / size as u64;
            self.received += length as u64;
            for _ in before..self.received / size as u64 {
                let due = self.due.pop_front().ok_or_else(|| io::Error::other("more came back than was sent"))?;
                window.answered(due, time);
                completed += 1;
            }
            // Edge-triggered: a read that did not fill the buffer has emptied the socket.
            if length < buffer.len() {
                return Ok(completed);
            }
        }
    }
}
