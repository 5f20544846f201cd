//! CPU time and memory of the server, and of the whole machine, read from outside.

use std::fs;
use std::io;

/// A process's clocks, as `clock_getcpuclockid(3)` makes them: the process in the high bits, the clock in the low ones.
const PROF: libc::clockid_t = 0;
const VIRT: libc::clockid_t = 1;
const SCHED: libc::clockid_t = 2;

/// CPU time of some processes since they started, ns.
#[derive(Clone, Copy, Default)]
pub struct Cpu {
    /// User and system together, exact: the scheduler's own account.
    pub all: u64,
    /// The timer's ticks that found them in user space, in ns.
    pub user_ticks: u64,
    /// The timer's ticks that found them running at all, in ns.
    pub all_ticks: u64,
}

impl Cpu {
    /// Reads the clocks of `pids`, summed over them and all their threads.
    ///
    /// These clocks are read in place of `/proc/PID/stat` because that one rounds to 10 ms. The split into user and
    /// system is the kernel's sampling at its tick in both (unless it is built with precise accounting).
    ///
    /// # Errors
    /// A process that has ended.
    pub fn read(pids: &[u32]) -> io::Result<Cpu> {
        let mut cpu = Cpu::default();
        for &pid in pids {
            cpu.all += clock(pid, SCHED)?;
            cpu.user_ticks += clock(pid, VIRT)?;
            cpu.all_ticks += clock(pid, PROF)?;
        }
        Ok(cpu)
    }

    /// What was used between `earlier` and this reading.
    pub fn since(self, earlier: Cpu) -> Cpu {
        Cpu {
            all: self.all - earlier.all,
            user_ticks: self.user_ticks.saturating_sub(earlier.user_ticks),
            all_ticks: self.all_ticks.saturating_sub(earlier.all_ticks),
        }
    }

    /// User time, ns: the exact total in the proportion of the ticks, which is how the kernel itself scales them.
    pub fn user(self) -> f64 {
        if self.all_ticks == 0 { 0.0 } else { self.all as f64 * self.user_ticks as f64 / self.all_ticks as f64 }
    }
}

fn clock(pid: u32, which: libc::clockid_t) -> io::Result<u64> {
    let id = (!(pid as libc::clockid_t) << 3) | which;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a timespec of this frame that lives through the call; an id that names no clock is an error, not a fault.
    if unsafe { libc::clock_gettime(id, &mut time) } != 0 {
        return Err(io::Error::other(format!("no CPU clock for process {pid}: {}", io::Error::last_os_error())));
    }
    Ok(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}

/// Resident memory of `pids`, bytes. From `smaps_rollup`, which walks the pages: the counter in `statm` lags.
///
/// # Errors
/// A process that has ended.
pub fn resident(pids: &[u32]) -> io::Result<u64> {
    let mut sum = 0;
    for pid in pids {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Rss:")).unwrap_or_default();
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().map_err(io::Error::other)?;
        sum += kilobytes * 1024;
    }
    Ok(sum)
}

/// How long the machine's processors have been busy with anything, summed over them, ns. In steps of 10 ms.
///
/// # Errors
/// No `/proc`.
pub fn machine() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().unwrap_or_default();
    let fields: Vec<u64> = line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    let [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = fields[..] else {
        return Err(io::Error::other("/proc/stat has no line of processors"));
    };
    Ok((user + nice + system + irq + softirq + steal) * 10_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_cpu_and_memory() {
        let me = [std::process::id()];
        let before = Cpu::read(&me).unwrap();
        let mut sum = 0u64;
        while Cpu::read(&me).unwrap().since(before).all < 20_000_000 {
            sum = sum.wrapping_add(1);
        }
        let used = Cpu::read(&me).unwrap().since(before);
        assert!(used.user() <= used.all as f64 && sum > 0);
        assert!(resident(&me).unwrap() > 100_000);
    }
}
