//! The load generator of the benchmarks: one thread, epoll, every byte checked, always bounded by time.
//!
//! `load --port 7000 --connections 50 --size 64 --pid 1234` prints one line of JSON; see `load --help`.

mod connect;
mod connection;
mod cpu;
mod echo;
mod options;
mod pattern;
mod report;
mod socket;
mod window;

use std::io;
use std::process::ExitCode;

use options::{Mode, Options, USAGE};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

fn main() -> ExitCode {
    match Options::parse(std::env::args_os().skip(1)) {
        Ok(None) => println!("{USAGE}"),
        Ok(Some(options)) => match measure(&options) {
            Ok(line) => println!("{line}"),
            Err(error) => return fail(&error, 1),
        },
        Err(error) => return fail(&error, 2),
    }
    ExitCode::SUCCESS
}

fn fail(error: &dyn std::error::Error, code: u8) -> ExitCode {
    eprintln!("load: {error}");
    ExitCode::from(code)
}

fn measure(options: &Options) -> io::Result<String> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    let (window, memory) = match options.mode {
        Mode::Echo => echo::run(options)?,
        Mode::Connect => connect::run(options)?,
    };
    let figures = window.figures().ok_or_else(|| io::Error::other("the window never ended"))?;
    if figures.messages == 0 {
        return Err(io::Error::other("no message was answered in the window"));
    }
    Ok(report::line(options, window.messages, &figures, &memory))
}
