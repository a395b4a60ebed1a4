//! A file on its way from a form to a call: it is passed on piece by piece and never held whole. A file that breaks off breaks
//! off the call too, so that half a file is never taken for a whole one.

use std::time::Duration;

use futures::{Stream, stream};
use haat_contracts::api::HttpBody;
use haat_contracts::catalog::ImportReport;
use haat_kernel::Error;
use haat_web::axum::extract::multipart::{Field, Multipart};
use haat_web::{Errors, Failure, Visit};
use http::HeaderMap;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::calls::Calls;

/// As the call's contract has it.
const IMPORT_MAX: Duration = Duration::from_secs(600);
/// Pieces on their way between browser and gateway.
const PIECES_MAX: usize = 4;
/// A token is much shorter.
const PROOF_BYTES_MAX: usize = 256;

const CSV: &str = "text/csv";
const JSON_LINES: &str = "application/jsonl";

/// Imports the file of the form. What is wrong with the form or the file as a whole are `Errors`.
pub async fn import(calls: &Calls, visit: &Visit, headers: &HeaderMap, form: &mut Multipart) -> Result<ImportReport, Refused> {
    let mut is_ours = false;
    while let Some(mut field) = form.next_field().await.map_err(|_| broken_off())? {
        match field.name() {
            Some("csrf") => is_ours = visit.is_own_form(headers, &proof(&mut field).await?),
            // The fields come in the order of the form: whoever has not proved anything by now is not listened to.
            Some("file") if is_ours => return pass_on(calls, visit, field).await,
            Some("file") => return Err(Failure::Forged.into()),
            _ => {}
        }
    }
    Err(if is_ours { in_file(visit.t("file-missing")).into() } else { Failure::Forged.into() })
}

/// Why nothing was imported.
pub enum Refused {
    /// The form is shown again.
    Form(Errors),
    Failure(Box<Failure>),
}

impl From<Errors> for Refused {
    fn from(errors: Errors) -> Self {
        Refused::Form(errors)
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Refused::Failure(Box::new(failure))
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match Errors::of(error) {
            Ok(errors) => Refused::Form(errors),
            Err(failure) => failure.into(),
        }
    }
}

fn broken_off() -> Failure {
    Failure::Malformed("The file is no form, or broke off.")
}

fn in_file(text: String) -> Errors {
    let mut errors = Errors::default();
    errors.add("file", text);
    errors
}

async fn proof(field: &mut Field<'_>) -> Result<String, Failure> {
    let mut text = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|_| broken_off())? {
        text.extend_from_slice(&piece);
        if text.len() > PROOF_BYTES_MAX {
            return Err(Failure::Forged);
        }
    }
    String::from_utf8(text).map_err(|_| Failure::Forged)
}

/// What the catalog is told that the file is: by its name, else by what the browser makes of it.
fn content_type(name: &str, guess: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if ends(&[".csv"]) || guess == CSV {
        return Some(CSV);
    }
    (ends(&[".jsonl", ".ndjson"]) || guess == JSON_LINES).then_some(JSON_LINES)
}

async fn pass_on(calls: &Calls, visit: &Visit, mut file: Field<'_>) -> Result<ImportReport, Refused> {
    let name = file.file_name().unwrap_or_default();
    if name.is_empty() {
        return Err(in_file(visit.t("file-missing")).into());
    }
    let kind = content_type(name, file.content_type().unwrap_or_default());
    let kind = kind.ok_or_else(|| in_file(visit.t("file-unknown")))?;
    let mut ctx = visit.ctx();
    ctx.deadline = Some(Instant::now() + IMPORT_MAX);
    // The sender outlives the call: what ends the stream is the end that is sent, never a file that broke off.
    let (sender, receiver) = mpsc::channel(PIECES_MAX);
    let call = async { calls.import_products(&ctx, pieces(receiver)).await.map_err(Refused::from) };
    let (report, ()) = futures::try_join!(call, feed(&mut file, kind, &sender))?;
    Ok(report)
}

async fn feed(file: &mut Field<'_>, kind: &str, sender: &mpsc::Sender<Option<HttpBody>>) -> Result<(), Refused> {
    let piece = |data: Vec<u8>| HttpBody { content_type: kind.to_owned(), data };
    // An empty file has a kind too.
    let mut next = Some(piece(Vec::new()));
    while next.is_some() {
        if sender.send(next).await.is_err() {
            // The call has ended early, and says why.
            return Ok(());
        }
        next = file.chunk().await.map_err(|_| broken_off())?.map(|data| piece(data.to_vec()));
    }
    // Without a reader the call has ended, as above.
    let _ = sender.send(None).await;
    Ok(())
}

fn pieces(receiver: mpsc::Receiver<Option<HttpBody>>) -> impl Stream<Item = HttpBody> + Send + 'static {
    stream::unfold(receiver, async |mut receiver| receiver.recv().await.flatten().map(|piece| (piece, receiver)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_names() {
        for (name, guess, expected) in [
            ("Products.CSV", "application/vnd.ms-excel", Some(CSV)),
            ("products.jsonl", "application/octet-stream", Some(JSON_LINES)),
            ("export.ndjson", "", Some(JSON_LINES)),
            ("export", "text/csv", Some(CSV)),
            ("photo.png", "image/png", None),
        ] {
            assert_eq!(content_type(name, guess), expected, "{name}");
        }
    }
}
