//! How a mail leaves: over SMTP, or as a file for people to open and tests to read. Both make the same message, with the
//! same Message-ID and the same file name for the same message of ours, so that doing it twice leaves no second mail.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use haat_kernel::{Clock, Error, Result, Timestamp, blocking};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::message::MessageId;
use crate::templates::Rendered;

/// For one conversation with the SMTP server.
const SMTP_TIMEOUT: Duration = Duration::from_secs(20);

pub struct Mail {
    pub id: MessageId,
    pub recipient: String,
    pub date: Timestamp,
    pub rendered: Rendered,
}

/// Why a mail did not leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For operators.
    pub reason: String,
    /// Whether trying again cannot help.
    pub is_final: bool,
}

#[async_trait]
pub trait Mailer: Send + Sync {
    async fn send(&self, mail: &Mail) -> Result<(), Refusal>;
}

/// Hands mails to an SMTP server.
pub struct Smtp {
    sender: Mailbox,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Smtp {
    /// `url`: `smtps://user:password@host:port`, or `smtp://…?tls=required` for STARTTLS.
    pub fn new(url: &str, sender: Mailbox) -> Result<Self> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        // The URL may hold a password: it stays out of the error.
        let builder = builder.map_err(|error| Error::internal(format!("the setting smtp_url: {error}")))?;
        Ok(Smtp { sender, transport: builder.timeout(Some(SMTP_TIMEOUT)).build() })
    }
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, mail: &Mail) -> Result<(), Refusal> {
        let message = compose(mail, &self.sender)?;
        let sent = self.transport.send(message).await;
        sent.map(|_| ()).map_err(|error| Refusal { reason: error.to_string(), is_final: error.is_permanent() })
    }
}

/// Writes each mail to `<message id>.eml` in a folder.
pub struct Files {
    clock: Clock,
    sender: Mailbox,
    folder: PathBuf,
}

impl Files {
    pub fn new(clock: Clock, folder: PathBuf, sender: Mailbox) -> Result<Self> {
        std::fs::create_dir_all(&folder).map_err(|error| Error::internal(format!("{}: {error}", folder.display())))?;
        Ok(Files { clock, sender, folder })
    }
}

#[async_trait]
impl Mailer for Files {
    async fn send(&self, mail: &Mail) -> Result<(), Refusal> {
        let content = compose(mail, &self.sender)?.formatted();
        let path = self.folder.join(format!("{}.eml", mail.id));
        let written = blocking(self.clock, move || haat_identity::files::write_private(&path, &content)).await;
        written.map_err(transient)?.map_err(transient)
    }
}

fn transient(error: impl std::fmt::Display) -> Refusal {
    Refusal { reason: error.to_string(), is_final: false }
}

/// A multipart/alternative message. Nothing in it is random: composed again, it is the same byte for byte.
fn compose(mail: &Mail, sender: &Mailbox) -> Result<Message, Refusal> {
    let unusable = |error: String| Refusal { reason: error, is_final: true };
    let recipient = mail.recipient.parse::<Mailbox>().map_err(|error| unusable(format!("the recipient's address: {error}")))?;
    let body = MultiPart::alternative()
        .boundary(format!("part-{}", mail.id))
        .singlepart(SinglePart::plain(mail.rendered.text.clone()))
        .singlepart(SinglePart::html(mail.rendered.html.clone()));
    Message::builder()
        .from(sender.clone())
        .to(recipient)
        .subject(mail.rendered.subject.clone())
        .date(mail.date.into())
        .message_id(Some(format!("<{}@{}>", mail.id, sender.email.domain())))
        .multipart(body)
        .map_err(|error| unusable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;
    use crate::message::message_id;
    use crate::samples;
    use crate::templates::Templates;

    fn mail(recipient: &str) -> Mail {
        Mail {
            id: message_id("order_confirmation", "group_01h455vb4pex5vsknk084sn02q"),
            recipient: recipient.to_owned(),
            date: "2026-01-01T00:00:00Z".parse().unwrap(),
            rendered: Templates::new().unwrap().render(&samples::confirmation()).unwrap(),
        }
    }

    fn sender() -> Mailbox {
        "Haat <no-reply@haat.test>".parse().unwrap()
    }

    #[tokio::test]
    async fn the_same_mail_twice_is_one_file_with_both_forms() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(Clock::System, folder.path().join("mail"), sender()).unwrap();
        files.send(&mail("asha@haat.test")).await.unwrap();
        let names =
            || std::fs::read_dir(folder.path().join("mail")).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
        let first = std::fs::read_to_string(&names()[0]).unwrap();
        files.send(&mail("asha@haat.test")).await.unwrap();
        assert_eq!(names().len(), 1);
        assert_eq!(std::fs::read_to_string(&names()[0]).unwrap(), first);
        assert!(names()[0].file_name().unwrap().to_str().unwrap().starts_with("message_"));
        let id = mail("").id;
        for part in [
            "To: asha@haat.test",
            "From: Haat <no-reply@haat.test>",
            "Subject: Your order H-7F3K-92QD is placed",
            "Date: Thu, 01 Jan 2026 00:00:00 +0000",
            &format!("Message-ID: <{id}@haat.test>"),
            "Content-Type: multipart/alternative",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
        ] {
            assert!(first.contains(part), "{part} in\n{first}");
        }
    }

    #[tokio::test]
    async fn an_address_that_no_mail_can_reach_is_refused_for_good() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(Clock::System, folder.path().to_owned(), sender()).unwrap();
        for recipient in ["", "nobody", "a@b\nBcc: c@d.ee"] {
            assert!(files.send(&mail(recipient)).await.unwrap_err().is_final, "{recipient}");
        }
    }

    #[expect(clippy::disallowed_methods, reason = "an SMTP server is no part of the platform")]
    async fn listen() -> (TcpListener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        (listener, url)
    }

    /// Speaks SMTP with one client, and answers the mail itself with `verdict`. Resolves to what it was told.
    async fn smtp_server(listener: TcpListener, verdict: &'static str) -> String {
        let (connection, _) = listener.accept().await.unwrap();
        let mut connection = BufStream::new(connection);
        let (mut told, mut is_mail) = (String::new(), false);
        let mut answer = Some("220 haat.test");
        loop {
            if let Some(answer) = answer.take() {
                connection.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
                connection.flush().await.unwrap();
            }
            let mut line = String::new();
            if connection.read_line(&mut line).await.unwrap() == 0 || line == "QUIT\r\n" {
                return told;
            }
            told.push_str(&line);
            answer = match line.as_str() {
                ".\r\n" if is_mail => {
                    is_mail = false;
                    Some(verdict)
                }
                _ if is_mail => None,
                "DATA\r\n" => {
                    is_mail = true;
                    Some("354 go on")
                }
                _ => Some("250 ok"),
            };
        }
    }

    async fn over_smtp(verdict: &'static str) -> (Result<(), Refusal>, String) {
        let (listener, url) = listen().await;
        let smtp = Smtp::new(&url, sender()).unwrap();
        let mail = mail("asha@haat.test");
        let sending = async move { smtp.send(&mail).await };
        let (sent, told) = tokio::join!(sending, timeout(SMTP_TIMEOUT, smtp_server(listener, verdict)));
        (sent, told.unwrap_or_default())
    }

    #[tokio::test]
    async fn an_smtp_server_is_told_whom_from_whom_and_what() {
        let (sent, told) = over_smtp("250 queued").await;
        assert_eq!(sent, Ok(()));
        let id = mail("").id;
        for part in [
            "MAIL FROM:<no-reply@haat.test>",
            "RCPT TO:<asha@haat.test>",
            "Subject: Your order H-7F3K-92QD is placed",
            &format!("Message-ID: <{id}@haat.test>"),
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
    }

    #[tokio::test]
    async fn an_smtp_server_may_refuse_for_now_or_for_good() {
        for (verdict, is_final) in [("451 try later", false), ("550 no such mailbox", true)] {
            let refusal = over_smtp(verdict).await.0.unwrap_err();
            assert_eq!(refusal.is_final, is_final, "{refusal:?}");
        }
    }

    #[tokio::test]
    async fn an_smtp_server_that_is_away_is_tried_again() {
        let (listener, url) = listen().await;
        let smtp = Smtp::new(&url, sender()).unwrap();
        drop(listener);
        assert!(!smtp.send(&mail("asha@haat.test")).await.unwrap_err().is_final);
    }
}
