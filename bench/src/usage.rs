//! What the operating system says that processes used: CPU time and resident memory, from `/proc`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Result;

/// The unit of `/proc/PID/stat`: the kernel's `USER_HZ`, 100 wherever Haat runs.
const TICKS_PER_SECOND: u64 = 100;

/// Processes by name.
pub type Pids = BTreeMap<String, u32>;

/// CPU time, user and system, by process name.
#[derive(Clone, Debug)]
pub struct Cpu(BTreeMap<String, Duration>);

impl Cpu {
    /// Fails when one of them is gone.
    pub fn of(pids: &Pids) -> Result<Self> {
        let used = pids.iter().map(|(name, pid)| Ok((name.clone(), cpu_time(&pid.to_string())?)));
        used.collect::<Result<_>>().map(Cpu)
    }

    pub fn since(&self, before: &Cpu) -> BTreeMap<String, Duration> {
        let used = |(name, now): (&String, &Duration)| {
            let before = before.0.get(name).copied().unwrap_or_default();
            (name.clone(), now.saturating_sub(before))
        };
        self.0.iter().map(used).collect()
    }

    pub fn total(&self) -> Duration {
        self.0.values().sum()
    }
}

/// CPU time of this process.
pub fn own_cpu() -> Result<Duration> {
    cpu_time("self")
}

fn cpu_time(pid: &str) -> Result<Duration> {
    let stat = read(pid, "stat")?;
    ticks(&stat).map(|ticks| Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)).ok_or_else(|| format!("stat: {stat}").into())
}

/// `utime` and `stime`, fields 14 and 15. The second field is the program's name, in parentheses, and may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Everything resident (`VmRSS`), with the pages of the program that all processes share.
    pub resident: u64,
    /// The same, with shared pages counted in parts (`Pss`): these add up.
    pub proportional: u64,
}

pub fn memory(pids: &Pids) -> Result<BTreeMap<String, Memory>> {
    let of = |pid: &u32| -> Result<Memory> {
        let pid = pid.to_string();
        Ok(Memory {
            resident: kibibytes(&read(&pid, "status")?, "VmRSS:")?,
            proportional: kibibytes(&read(&pid, "smaps_rollup")?, "Pss:")?,
        })
    };
    pids.iter().map(|(name, pid)| Ok((name.clone(), of(pid)?))).collect()
}

/// The value of a line such as `VmRSS:   1234 kB`, in bytes.
fn kibibytes(text: &str, field: &str) -> Result<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(field));
    let number = value.and_then(|value| value.split_ascii_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    number.map(|number| number * 1024).ok_or_else(|| format!("no {field} in {text}").into())
}

fn read(pid: &str, file: &str) -> Result<String> {
    std::fs::read_to_string(format!("/proc/{pid}/{file}")).map_err(|error| format!("process {pid}: {error}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_past_any_program_name() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 123 45 6 7 20 0 3 0 99";
        assert_eq!(ticks(stat), Some(168));
        assert!(own_cpu().is_ok());
    }

    #[test]
    fn memory_is_in_bytes() {
        let status = "Name:\thaat\nVmHWM:\t  20 kB\nVmRSS:\t    12 kB\n";
        assert_eq!(kibibytes(status, "VmRSS:").unwrap(), 12 * 1024);
        assert!(kibibytes(status, "Pss:").is_err());
    }
}
