//! A log line as one JSON object: time, level, the event's fields, target, and the span that it happened in. Written straight
//! into the line, because the edge writes one for every request. Always: exactly one line, valid JSON whatever a field holds.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Spans must have their fields as JSON already.
pub(crate) struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        line.write_str(r#"{"timestamp":""#)?;
        SystemTime.format_time(&mut line)?;
        write!(line, r#"","level":"{}""#, event.metadata().level())?;
        let mut fields = Fields { line: &mut line, outcome: Ok(()) };
        event.record(&mut fields);
        fields.outcome?;
        write!(line, r#","target":"{}""#, event.metadata().target())?;
        if let Some(span) = ctx.lookup_current() {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<N>>().and_then(|fields| fields.strip_prefix('{'));
            write!(line, r#","span":{{"name":"{}""#, span.name())?;
            match fields.filter(|fields| *fields != "}") {
                Some(fields) => write!(line, ",{fields}")?,
                None => line.write_char('}')?,
            }
        }
        line.write_str("}\n")
    }
}

struct Fields<'a, 'w> {
    line: &'a mut Writer<'w>,
    outcome: fmt::Result,
}

impl Fields<'_, '_> {
    fn put(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        let name = field.name();
        let name = name.strip_prefix("r#").unwrap_or(name);
        self.outcome = self.outcome.and_then(|()| write!(self.line, r#","{name}":"#)).and_then(|()| value(self.line));
    }

    fn put_text(&mut self, field: &Field, text: fmt::Arguments<'_>) {
        self.put(field, |line| {
            line.write_char('"')?;
            Escaped(line).write_fmt(text)?;
            line.write_char('"')
        });
    }
}

impl Visit for Fields<'_, '_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, |line| write!(line, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, |line| write!(line, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.put(field, |line| write!(line, "{value}"));
        } else {
            self.put_text(field, format_args!("{value}"));
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, |line| write!(line, "{value}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_text(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put_text(field, format_args!("{value:?}"));
    }
}

/// Inside a JSON string.
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (at, byte) in text.bytes().enumerate() {
            if byte >= b' ' && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.0.write_str(&text[plain..at])?;
            match byte {
                b'"' | b'\\' => write!(self.0, "\\{}", char::from(byte))?,
                _ => write!(self.0, "\\u{byte:04x}")?,
            }
            plain = at + 1;
        }
        self.0.write_str(&text[plain..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use parking_lot::Mutex;
    use tracing_subscriber::layer::SubscriberExt;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_valid_json_whatever_it_says() {
        let sink = Sink::default();
        let lines = sink.clone();
        let layer = tracing_subscriber::fmt::layer().json().event_format(Json).with_writer(move || lines.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let _call = tracing::info_span!("call", path = "/a\"b").entered();
            tracing::info!(count = 3, share = f64::NAN, r#type = ?"x", absent = None::<&str>, "it said \"no\"\n\\");
        });
        let line = String::from_utf8(sink.0.lock().clone()).unwrap();
        assert!(line.starts_with(r#"{"timestamp":"2"#) && line.ends_with("}\n") && line.lines().count() == 1, "{line}");
        let rest = r#","level":"INFO","message":"it said \"no\"\u000a\\","count":3,"share":"NaN","type":"\"x\"","target":"haat_telemetry::json::tests","span":{"name":"call","path":"/a\"b"}}"#;
        assert_eq!(line.split_once("Z\"").unwrap().1.trim_end(), rest);
    }
}
