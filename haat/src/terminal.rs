//! What people see. Standard output carries results, standard error complaints; a closed pipe is no reason to fail.

use std::fmt::Display;
use std::io::Write;

use haat_kernel::Error;

pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// An error for a person: what is wrong, and the cause beneath it.
pub fn complain(error: &Error) {
    let mut text = format!("haat: {}", error.detail);
    if let Some(context) = &error.context {
        text.push_str(&format!("\n  because: {context}"));
    }
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// An error whose text is meant for the person at the terminal.
pub fn failure(detail: impl Into<String>) -> Error {
    Error::new(haat_kernel::Kind::FailedPrecondition, "command_failed", detail)
}
