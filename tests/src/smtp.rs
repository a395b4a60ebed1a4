//! A mail server that refuses what it is given until it is told to take it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};

/// Ends with the test's runtime.
pub struct MailServer {
    pub address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_open: AtomicBool,
    taken: AtomicUsize,
}

impl MailServer {
    #[expect(clippy::disallowed_methods, reason = "a mail server is no part of the platform")]
    pub async fn refusing() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::<State>::default());
        tokio::spawn(serve(listener, state.clone()));
        MailServer { address, state }
    }

    /// From now on it takes mail.
    pub fn open(&self) {
        self.state.is_open.store(true, Ordering::Relaxed);
    }

    pub fn taken(&self) -> usize {
        self.state.taken.load(Ordering::Relaxed)
    }
}

#[expect(clippy::disallowed_methods, reason = "a mail server is no part of the platform")]
async fn serve(listener: TcpListener, state: Arc<State>) {
    while let Ok((connection, _)) = listener.accept().await {
        tokio::spawn(converse(connection, state.clone()));
    }
}

/// One conversation, up to its end or to what is no SMTP.
async fn converse(connection: TcpStream, state: Arc<State>) -> std::io::Result<()> {
    let mut connection = BufStream::new(connection);
    let (mut is_mail, mut line) = (false, String::new());
    let mut answer = "220 mail.test";
    loop {
        if !answer.is_empty() {
            connection.write_all(format!("{answer}\r\n").as_bytes()).await?;
            connection.flush().await?;
        }
        line.clear();
        if connection.read_line(&mut line).await? == 0 || line.starts_with("QUIT") {
            return Ok(());
        }
        answer = match line.as_str() {
            ".\r\n" if is_mail => {
                is_mail = false;
                verdict(&state)
            }
            _ if is_mail => "",
            "DATA\r\n" => {
                is_mail = true;
                "354 go on"
            }
            _ => "250 mail.test",
        };
    }
}

fn verdict(state: &State) -> &'static str {
    if !state.is_open.load(Ordering::Relaxed) {
        return "550 this mailbox is closed";
    }
    state.taken.fetch_add(1, Ordering::Relaxed);
    "250 taken"
}
