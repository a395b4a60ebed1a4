//! Ends a platform and removes its data when the test process ends, however that comes about: a platform that many tests
//! share lives in a `static`, which nobody drops.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Waits for the end of its input, which is the end of the test process or of this guard; then a platform has 20 s. A word
/// on its input dismisses it.
const SCRIPT: &str = r#"
read -r _ && exit
kill -TERM "$1" 2>/dev/null
tries=0
while [ "$tries" -lt 200 ] && grep -qs '^State:[[:space:]]*[^Z]' "/proc/$1/status"; do sleep 0.1; tries=$((tries + 1)); done
kill -KILL "$1" 2>/dev/null
[ -z "$2" ] && exit
while read -r _ mounted _; do case "$mounted" in "$2"/*) umount --lazy "$mounted" ;; esac; done < /proc/mounts
rm -rf --one-file-system -- "$2"
"#;

pub struct Guard(Child);

impl Guard {
    /// Over the process `pid`; `folder`, where there is one, is removed after it, and what is mounted in it unmounted.
    pub fn over(pid: u32, folder: Option<&Path>) -> Self {
        let folder = folder.map(|folder| folder.display().to_string()).unwrap_or_default();
        let child = Command::new("sh")
            .args(["-c", SCRIPT, "guard", &pid.to_string(), &folder])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Guard(child.unwrap())
    }

    /// Nothing is left to guard: the platform has ended, and its folder is still needed.
    pub fn dismiss(mut self) {
        // A guard that is gone needs no word.
        let _ = self.0.stdin.as_mut().unwrap().write_all(b"dismissed\n");
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
