//! Standard output: whole lines, in order across the threads of the process.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// Longest that one call waits, so that a thread which is to end comes back to JavaScript.
const STEP: Duration = Duration::from_millis(50);
/// What a pipe takes without blocking once it polls as writable (`PIPE_BUF`).
const CHUNK: usize = 4096;

/// The place of the domain that is in the middle of a line; 0: nobody.
static WRITER: Mutex<u32> = Mutex::new(0);
static FINISHED: Condvar = Condvar::new();

/// Writes on with a line of the domain at `place`, of which `from` bytes are written already; returns how many are now.
/// Waits 50 ms at the most: call it again until all are written. Nobody else's bytes come between.
///
/// # Errors
/// Those of `write`; the line then counts as done.
pub fn print(place: u32, line: &[u8], mut from: usize) -> Result<usize, Errno> {
    let mut writer = WRITER.lock().unwrap_or_else(PoisonError::into_inner);
    if *writer != 0 && *writer != place {
        let waited = FINISHED.wait_timeout_while(writer, STEP, |writer| *writer != 0);
        writer = waited.unwrap_or_else(PoisonError::into_inner).0;
        if *writer != 0 {
            return Ok(from);
        }
    }
    *writer = place;
    drop(writer);
    let outcome = step(line, &mut from);
    if outcome.is_err() || from == line.len() {
        leave(place);
    }
    outcome.map(|()| from)
}

/// The domain at `place` has ended, or its line has: the next one may write.
pub fn leave(place: u32) {
    let mut writer = WRITER.lock().unwrap_or_else(PoisonError::into_inner);
    if *writer == place {
        *writer = 0;
        FINISHED.notify_all();
    }
}

fn step(line: &[u8], from: &mut usize) -> Result<(), Errno> {
    let stdout = rustix::stdio::stdout();
    let timeout = Timespec {
        tv_sec: 0,
        tv_nsec: i64::from(STEP.subsec_nanos()),
    };
    while *from < line.len() {
        match poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], Some(&timeout)) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(errno),
        }
        match rustix::io::write(stdout, &line[*from..line.len().min(*from + CHUNK)]) {
            Ok(written) => *from += written,
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
