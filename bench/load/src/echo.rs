//! Connections that stay: the closed loop, the open loop, and idle ones beside them.

use std::io;

use crate::connection::Connection;
use crate::cpu;
use crate::options::Options;
use crate::pattern::{Pattern, SPAN};
use crate::report::Memory;
use crate::socket::{Poller, begin_connect, finish_connect};
use crate::window::{Window, now};

/// How many connects are under way at a time: below every server's backlog.
const CONNECTING: usize = 64;
/// Nothing may stall for longer than this while connecting, ns.
const PATIENCE: u64 = 20_000_000_000;
/// How long the open loop waits for the last answers, ns. A server that is asked for more than it can has them still to give.
const LAST_ANSWERS: u64 = 1_000_000_000;
/// How long the closed loop does, ns: there, what is in flight is little, and a message without an answer is lost.
const LOST: u64 = 5_000_000_000;
/// The open loop spins when its next message is due sooner than this, ns: a sleep would be late.
const SPIN: u64 = 200_000;
/// The closed loop looks at the clock at least this often, ns.
const TICK: u64 = 20_000_000;

/// All that the loops share.
struct Load<'a> {
    options: &'a Options,
    pattern: Pattern,
    poller: Poller,
    buffer: Vec<u8>,
    /// The idle ones first, then the busy ones.
    connections: Vec<Connection>,
}

/// Connects, warms up, measures.
///
/// # Errors
/// Anything unexpected: a refused connection, wrong bytes, a server that closes or stalls.
pub fn run(options: &Options) -> io::Result<(Window<'_>, Memory)> {
    let before = cpu::resident(&options.pids)?;
    let mut load = Load {
        options,
        pattern: Pattern::new(),
        poller: Poller::new()?,
        buffer: vec![0; SPAN / 2],
        connections: Vec::with_capacity(options.idle + options.connections),
    };
    load.connect(options.idle)?;
    let idle = cpu::resident(&options.pids)?;
    load.connect(options.connections)?;
    let connected = cpu::resident(&options.pids)?;
    let mut window = Window::new(options);
    // The one that each connection began with.
    window.messages = load.connections.len() as u64;
    if options.rate == 0.0 {
        load.closed(&mut window)?;
    } else {
        load.open(&mut window)?;
    }
    let end = cpu::resident(&options.pids)?;
    Ok((window, Memory { before, idle, connected, end }))
}

impl Load<'_> {
    /// Opens `count` connections, each of which echoes one message before the next batch: a connection that has been
    /// used is what memory is measured on.
    fn connect(&mut self, count: usize) -> io::Result<()> {
        let mut warm = Window::new(self.options);
        let last = self.connections.len() + count;
        while self.connections.len() < last {
            let first = self.connections.len();
            let batch = CONNECTING.min(last - first);
            for index in first..first + batch {
                let socket = begin_connect(self.options.address)?;
                self.poller.add(&socket, index)?;
                self.connections.push(Connection::new(socket, index));
            }
            self.greet(first, &mut warm)?;
        }
        Ok(())
    }

    /// One message on each connection from `first` on, there and back.
    fn greet(&mut self, first: usize, warm: &mut Window) -> io::Result<()> {
        let size = self.options.size;
        let deadline = now() + PATIENCE;
        let mut begun = vec![false; self.connections.len() - first];
        let mut waiting = begun.len();
        while waiting > 0 {
            let count = self.poller.wait(TICK)?;
            let time = now();
            if time > deadline {
                return Err(io::Error::other(format!(
                    "{waiting} connections got no answer in {} s",
                    PATIENCE / 1_000_000_000
                )));
            }
            for position in 0..count {
                let ready = self.poller.ready(position);
                let Some(number) = ready.index.checked_sub(first) else { continue };
                let connection = &mut self.connections[ready.index];
                if ready.writable {
                    if !begun[number] {
                        finish_connect(connection.socket())?;
                        begun[number] = true;
                        connection.queue(1, size, time);
                    }
                    connection.flush(&self.pattern)?;
                }
                if ready.readable && begun[number] {
                    waiting -= connection.receive(&mut self.buffer, size, &self.pattern, warm, time)?;
                }
            }
        }
        Ok(())
    }

    /// Each answer is followed by the next message at once: `depth` in flight on each connection.
    fn closed(&mut self, window: &mut Window) -> io::Result<()> {
        let time = now();
        for connection in &mut self.connections[self.options.idle..] {
            connection.queue(self.options.depth, self.options.size, time);
            connection.flush(&self.pattern)?;
        }
        while window.open(now())? {
            let count = self.poller.wait(TICK)?;
            self.answer(count, window, true)?;
        }
        let lost = self.last_answers(window, LOST)?;
        if lost > 0 {
            return Err(io::Error::other(format!("{lost} messages got no answer in {} s", LOST / 1_000_000_000)));
        }
        Ok(())
    }

    /// Message number k is due at k / rate, whatever the server does, and its latency counts from then.
    fn open(&mut self, window: &mut Window) -> io::Result<()> {
        let interval = 1e9 / self.options.rate;
        let begin = now();
        let mut number = 0u64;
        loop {
            let time = now();
            // Before the look at the window's end: what was due in it counts, also where this thread comes late.
            let mut due = begin + (number as f64 * interval) as u64;
            while due <= time && due < window.ends() {
                let busy = (number % self.options.connections as u64) as usize;
                let connection = &mut self.connections[self.options.idle + busy];
                connection.queue(1, self.options.size, due);
                connection.flush(&self.pattern)?;
                number += 1;
                due = begin + (number as f64 * interval) as u64;
            }
            if !window.open(time)? {
                break;
            }
            let wait = due.saturating_sub(now());
            let count = self.poller.wait(if wait < SPIN { 0 } else { (wait - SPIN / 2).min(TICK) })?;
            self.answer(count, window, false)?;
        }
        self.last_answers(window, LAST_ANSWERS)?;
        Ok(())
    }

    /// Waits, for `patience` ns, for what was due in the window; what then has no answer has waited at least until now.
    /// Returns how many messages have none.
    fn last_answers(&mut self, window: &mut Window, patience: u64) -> io::Result<usize> {
        let deadline = now() + patience;
        while now() < deadline && self.connections.iter().any(|connection| connection.unanswered().next().is_some()) {
            let count = self.poller.wait(TICK)?;
            self.answer(count, window, false)?;
        }
        let time = now();
        let mut lost = 0;
        for due in self.connections.iter().flat_map(Connection::unanswered) {
            window.record(due, time);
            lost += 1;
        }
        Ok(lost)
    }

    /// Serves the ready ones; `again`: each answer is followed by a new message.
    fn answer(&mut self, count: usize, window: &mut Window, again: bool) -> io::Result<()> {
        for position in 0..count {
            let ready = self.poller.ready(position);
            let connection = &mut self.connections[ready.index];
            let time = now();
            if ready.readable {
                let done = connection.receive(&mut self.buffer, self.options.size, &self.pattern, window, time)?;
                if again && done > 0 {
                    connection.queue(done, self.options.size, time);
                }
            }
            connection.flush(&self.pattern)?;
        }
        Ok(())
    }
}
