//! The measured window: what is counted, and from when to when.

use std::io;
use std::time::Duration;

use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};

use crate::cpu::{self, Cpu};
use crate::options::Options;

/// Monotonic time, ns.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Counters at one moment.
#[derive(Clone, Copy)]
struct Sample {
    time: u64,
    messages: u64,
    cpu: Cpu,
    own: Cpu,
    machine: u64,
}

/// Warm-up, then the window. CPU and messages are sampled at the same two moments, while the load goes on, so that
/// their quotient holds neither set-up nor warm-up.
pub struct Window<'a> {
    pids: &'a [u32],
    starts: u64,
    ends: u64,
    begin: Option<Sample>,
    end: Option<Sample>,
    /// Messages answered since the program started, warm-up and idle connections included.
    pub messages: u64,
    latencies: Histogram<u64>,
}

impl<'a> Window<'a> {
    /// A window that begins after the warm-up, counted from now.
    pub fn new(options: &'a Options) -> Window<'a> {
        let starts = now() + nanoseconds(options.warmup);
        Window {
            pids: &options.pids,
            starts,
            ends: starts + nanoseconds(options.seconds),
            begin: None,
            end: None,
            messages: 0,
            latencies: Histogram::new_with_bounds(1, 600_000_000_000, 3).expect("constant bounds are valid"),
        }
    }

    /// When the load stops, monotonic ns.
    pub fn ends(&self) -> u64 {
        self.ends
    }

    /// Takes the samples when their time has come; false once the window has ended.
    ///
    /// # Errors
    /// The server has ended.
    pub fn open(&mut self, time: u64) -> io::Result<bool> {
        if self.begin.is_none() && time >= self.starts {
            self.begin = Some(self.sample()?);
        }
        if self.end.is_none() && time >= self.ends {
            self.end = Some(self.sample()?);
        }
        Ok(self.end.is_none())
    }

    /// A message that was due (or sent) at `due` has been answered at `time`.
    pub fn answered(&mut self, due: u64, time: u64) {
        self.messages += 1;
        self.record(due, time);
    }

    /// Records a latency without counting an answer: what is still unanswered when the load gives up.
    pub fn record(&mut self, due: u64, time: u64) {
        if (self.starts..self.ends).contains(&due) {
            self.latencies.saturating_record(time.saturating_sub(due).max(1));
        }
    }

    fn sample(&self) -> io::Result<Sample> {
        let own = Cpu::read(&[std::process::id()])?;
        Ok(Sample { time: now(), messages: self.messages, cpu: Cpu::read(self.pids)?, own, machine: cpu::machine()? })
    }

    /// The figures, once [`Window::open`] has been false.
    pub fn figures(&self) -> Option<Figures> {
        let (begin, end) = (self.begin?, self.end?);
        let microseconds = |quantile| self.latencies.value_at_quantile(quantile) as f64 / 1e3;
        Some(Figures {
            messages: end.messages - begin.messages,
            seconds: (end.time - begin.time) as f64 / 1e9,
            cpu: end.cpu.since(begin.cpu),
            own: end.own.since(begin.own),
            machine: end.machine - begin.machine,
            p50: microseconds(0.50),
            p90: microseconds(0.90),
            p99: microseconds(0.99),
            p999: microseconds(0.999),
            max: self.latencies.max() as f64 / 1e3,
        })
    }
}

/// What the window holds.
pub struct Figures {
    /// Messages answered in it.
    pub messages: u64,
    /// How long it was.
    pub seconds: f64,
    /// The server's CPU time in it.
    pub cpu: Cpu,
    /// The load generator's own.
    pub own: Cpu,
    /// Everything that ran on the machine, ns of CPU.
    pub machine: u64,
    /// Latencies, microseconds.
    pub p50: f64,
    /// Latency that 90 % stay within, microseconds.
    pub p90: f64,
    /// Latency that 99 % stay within, microseconds.
    pub p99: f64,
    /// Latency that 99.9 % stay within, microseconds.
    pub p999: f64,
    /// The longest, microseconds.
    pub max: f64,
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
