//! A bad network: `checkout`, which speaks with nearly everybody, runs in a network namespace of its own, behind a wire that
//! loses and delays packets and can be cut, both ways or one.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use std::io::{BufRead, BufReader};

use futures::future::join;
use haat_kernel::Entropy;
use haat_tests::binary::haat;
use haat_tests::crowd::Crowd;
use haat_tests::platform::{data_in, new_folder};
use haat_tests::{Options, Platform, Surroundings, until};

use crate::machine;

const FAR: &str = "checkout";
const PORT: u16 = 7_000;
/// Percent lost and milliseconds of delay on the way there, and on the way back.
const GOOD: &str = "0 0 0 0";
const LOSSY: &str = "10 0 10 0";
const SLOW: &str = "0 100 0 100";
const CUT: [&str; 3] = ["100 0 100 0", "100 0 0 0", "0 0 100 0"];

/// The wire, and the service at its other end. Both end with this.
struct Wire {
    control: PathBuf,
    process: Child,
    far: Option<Child>,
    here: Ipv4Addr,
    there: Ipv4Addr,
}

impl Wire {
    fn lay(program: &Path, folder: &Path) -> Self {
        let network = Ipv4Addr::new(10, 77, u8::try_from(Entropy::system().below(256)).unwrap(), 0);
        let [here, there] = [1, 2].map(|host| Ipv4Addr::from_bits(network.to_bits() + host));
        let control = folder.join("wire");
        std::fs::write(&control, GOOD).unwrap();
        let mut process = Command::new(program)
            .arg(&control)
            .args([here.to_string(), there.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        assert_eq!(first_line(process.stdout.take().unwrap()), "ready");
        Wire { control, process, far: None, here, there }
    }

    fn is(&self, condition: &str) {
        std::fs::write(&self.control, condition).unwrap();
    }

    /// Starts the service at the other end, once it is expected.
    async fn start_far(&mut self, data: &Path) {
        let token = data.join("run/join").join(format!("{FAR}.token"));
        until(60, "a join token", async || token.exists().then_some(())).await;
        let log = std::fs::File::create(data.join("logs").join(format!("{FAR}.log"))).unwrap();
        let namespace = format!("--net=/proc/{}/ns/net", self.process.id());
        let mut command = Command::new("nsenter");
        command.arg(namespace).arg(haat()).args(["run", FAR, "--threads", "1", "--supervised", "--data"]).arg(data);
        self.far = Some(command.stdin(Stdio::piped()).stderr(log).spawn().unwrap());
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for process in self.far.iter_mut().chain([&mut self.process]) {
            drop(process.stdin.take());
            let _ = process.wait();
        }
    }
}

fn first_line(output: ChildStdout) -> String {
    BufReader::new(output).lines().next().unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_behind_a_bad_wire_is_late_and_never_wrong() {
    if !machine::tunnels("a-bad-network") {
        return;
    }
    let Some(program) = machine::compiled("a-bad-network", "wire.c", &[]) else { return };
    let folder = new_folder();
    let data = data_in(&folder);
    let mut wire = Wire::lay(&program, folder.path());
    let arguments =
        ["--inside".to_owned(), wire.here.to_string(), "--elsewhere".to_owned(), format!("{FAR}={}:{PORT}", wire.there)];
    let surroundings = Surroundings { arguments: arguments.into(), ..Surroundings::default() };
    let (platform, ()) = join(Platform::start_in(folder, Options { demo: Some(2) }, surroundings), wire.start_far(&data)).await;
    let crowd = Crowd::of(&platform).await;
    let mut bought = Vec::new();
    for condition in [LOSSY, SLOW] {
        bought.extend(crowd.buy_while(async || wire.is(condition)).await);
    }
    for cut in CUT {
        wire.is(GOOD);
        let apart = async || {
            let before = crowd.refusals();
            wire.is(cut);
            until(60, "somebody refused", async || (crowd.refusals() > before).then_some(())).await;
            wire.is(GOOD);
        };
        bought.extend(crowd.buy_while(apart).await);
    }
    crowd.assert_as_promised(&bought).await;
    crowd.assert_polite();
}
