//! The driver process between WebDriver and a browser; ended with the test.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

pub struct Driver {
    child: Child,
    /// Open for as long as the driver may have something to say.
    _output: BufReader<ChildStdout>,
    pub url: String,
}

impl Driver {
    /// On a free port of its own choice.
    pub fn start() -> Self {
        let started = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = started.unwrap_or_else(|error| panic!("chromedriver: {error}; `cargo xtask equip` installs it"));
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let port = output.by_ref().lines().map_while(Result::ok).find_map(|line| {
            let port = line.strip_prefix("ChromeDriver was started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let url = format!("http://127.0.0.1:{}", port.unwrap());
        Driver { child, _output: output, url }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It takes its browser along.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
