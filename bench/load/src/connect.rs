//! Connections that carry one message: connect, write, read, close, and the next.

use std::io;

use crate::connection::Connection;
use crate::cpu;
use crate::options::Options;
use crate::pattern::{Pattern, SPAN};
use crate::report::Memory;
use crate::socket::{Poller, begin_connect_from, finish_connect};
use crate::window::{Window, now};

/// A server that answers nothing for this long has stalled, ns.
const PATIENCE: u64 = 5_000_000_000;
/// The clock is looked at at least this often, ns.
const TICK: u64 = 20_000_000;

/// One of the places in which a connection lives at a time.
struct Place {
    connection: Connection,
    /// When its connect began, monotonic ns: a message's latency is that of the connection.
    began: u64,
    /// Connecting has ended and the message is on its way.
    asked: bool,
}

/// Keeps `connections` places busy for the warm-up and the window.
///
/// # Errors
/// A refused or reset connection, wrong bytes, no port left, a server that stalls.
pub fn run(options: &Options) -> io::Result<(Window<'_>, Memory)> {
    let before = cpu::resident(&options.pids)?;
    let pattern = Pattern::new();
    let mut poller = Poller::new()?;
    let mut buffer = vec![0; SPAN / 2];
    let mut window = Window::new(options);
    let mut places = Vec::with_capacity(options.connections);
    for index in 0..options.connections {
        places.push(begin(options, &poller, index, index as u64)?);
    }
    let mut number = options.connections as u64;
    let mut answered = now();
    while window.open(now())? {
        let count = poller.wait(TICK)?;
        let time = now();
        for position in 0..count {
            let ready = poller.ready(position);
            let place = &mut places[ready.index];
            if ready.writable && !place.asked {
                finish_connect(place.connection.socket())?;
                place.asked = true;
                place.connection.queue(1, options.size, place.began);
            }
            if place.asked && ready.writable {
                place.connection.flush(&pattern)?;
            }
            if place.asked && ready.readable {
                let done = place.connection.receive(&mut buffer, options.size, &pattern, &mut window, now())?;
                if done > 0 {
                    answered = time;
                    // The old socket is closed by being replaced: the client closes first, and keeps TIME_WAIT to itself.
                    number += 1;
                    *place = begin(options, &poller, ready.index, number)?;
                }
            }
        }
        if time.saturating_sub(answered) > PATIENCE {
            return Err(io::Error::other(format!("no answer in {} s", PATIENCE / 1_000_000_000)));
        }
    }
    let end = cpu::resident(&options.pids)?;
    Ok((window, Memory { before, idle: before, connected: before, end }))
}

/// The connection of place `index`, the `number`th of all.
fn begin(options: &Options, poller: &Poller, index: usize, number: u64) -> io::Result<Place> {
    let began = now();
    let socket = begin_connect_from(options.address, number)?;
    poller.add(&socket, index)?;
    Ok(Place { connection: Connection::new(socket, index), began, asked: false })
}
