//! The command line.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use lexopt::prelude::*;

/// Printed for `--help`.
pub const USAGE: &str = "\
load [options]: drives one echo server, checks every byte, and prints one line of JSON

  --host ADDRESS      a literal address (127.0.0.1)
  --port PORT         required
  --mode MODE         echo: connections that stay; connect: connect, one message, close (echo)
  --connections N     busy connections, or how many connect at a time (50)
  --idle N            connections beside them that echo one message and then say nothing (0)
  --size BYTES        of a message (64)
  --depth N           messages in flight on a connection, closed loop (1)
  --rate N            messages a second over all connections, open loop; 0 is the closed loop (0)
  --warmup SECONDS    before the measured window (0.5)
  --seconds SECONDS   the measured window (2)
  --pid PID           a process of the server, whose CPU and memory are read; may be repeated";

/// What the connections do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Connections stay; messages go round and round.
    Echo,
    /// A connection carries one message and is closed.
    Connect,
}

impl Mode {
    /// The name as it is given and reported.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Echo => "echo",
            Mode::Connect => "connect",
        }
    }
}

/// The load to make; see [`USAGE`] for units and defaults.
pub struct Options {
    /// Where the server listens.
    pub address: SocketAddr,
    /// What the connections do.
    pub mode: Mode,
    /// Busy connections.
    pub connections: usize,
    /// Connections that say nothing.
    pub idle: usize,
    /// Bytes of a message, at least 1.
    pub size: usize,
    /// Messages in flight on each connection in the closed loop, at least 1.
    pub depth: usize,
    /// Messages a second over all connections; 0 means the closed loop.
    pub rate: f64,
    /// Load before the window.
    pub warmup: Duration,
    /// The measured window.
    pub seconds: Duration,
    /// The server's processes.
    pub pids: Vec<u32>,
}

impl Options {
    /// Reads the command line; `None` where help was asked for.
    ///
    /// # Errors
    /// An unknown option, a value that does not parse, or a missing port.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Option<Options>, lexopt::Error> {
        let mut parser = lexopt::Parser::from_args(args);
        let mut host = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let mut port = 0u16;
        let mut options = Options {
            address: SocketAddr::new(host, port),
            mode: Mode::Echo,
            connections: 50,
            idle: 0,
            size: 64,
            depth: 1,
            rate: 0.0,
            warmup: Duration::from_millis(500),
            seconds: Duration::from_secs(2),
            pids: Vec::new(),
        };
        while let Some(arg) = parser.next()? {
            match arg {
                Long("host") => host = parser.value()?.parse()?,
                Long("port") => port = parser.value()?.parse()?,
                Long("mode") => options.mode = parser.value()?.parse_with(mode)?,
                Long("connections") => options.connections = parser.value()?.parse()?,
                Long("idle") => options.idle = parser.value()?.parse()?,
                Long("size") => options.size = parser.value()?.parse()?,
                Long("depth") => options.depth = parser.value()?.parse()?,
                Long("rate") => options.rate = parser.value()?.parse()?,
                Long("warmup") => options.warmup = parser.value()?.parse_with(seconds)?,
                Long("seconds") => options.seconds = parser.value()?.parse_with(seconds)?,
                Long("pid") => options.pids.push(parser.value()?.parse()?),
                Long("help") => return Ok(None),
                _ => return Err(arg.unexpected()),
            }
        }
        if port == 0 {
            return Err("--port is required".into());
        }
        if options.size == 0 || options.depth == 0 || options.connections == 0 {
            return Err("--size, --depth and --connections are at least 1".into());
        }
        if !(options.rate.is_finite() && options.rate >= 0.0) {
            return Err("--rate is a number of messages a second".into());
        }
        options.address = SocketAddr::new(host, port);
        Ok(Some(options))
    }
}

fn mode(text: &str) -> Result<Mode, &'static str> {
    match text {
        "echo" => Ok(Mode::Echo),
        "connect" => Ok(Mode::Connect),
        _ => Err("a mode is echo or connect"),
    }
}

/// Ten minutes at most: no load is without an end.
fn seconds(text: &str) -> Result<Duration, &'static str> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=600.0).contains(&value) => Ok(Duration::from_secs_f64(value)),
        _ => Err("seconds are between 0 and 600"),
    }
}
