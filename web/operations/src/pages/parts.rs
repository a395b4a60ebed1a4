//! What several pages show alike: states, figures, times.

use std::time::Duration;

use futures::Stream;
use haat_contracts::operations::instance_report::State;
use haat_contracts::operations::{InstanceReport, Service};
use haat_kernel::Timestamp;
use haat_web::ui::{self, Tone};
use haat_web::{Fragment, Visit};
use maud::{Markup, html};
use tokio::time::sleep;

/// Between two pictures of a part that is live.
const EVERY: Duration = Duration::from_secs(5);
/// A page that is left open asks again after this many, by itself.
const PICTURES_MAX: u32 = 720;

pub fn state_badge(visit: &Visit, state: State) -> Markup {
    let (tone, id) = match state {
        State::Running => (Tone::Good, "state-running"),
        State::Degraded => (Tone::Warn, "state-degraded"),
        State::Draining => (Tone::Info, "state-draining"),
        State::Down => (Tone::Bad, "state-down"),
        State::Unspecified => (Tone::Neutral, "state-unknown"),
    };
    ui::badge(tone, &visit.t(id))
}

/// The worst of the instances'.
pub fn state_of(service: &Service) -> State {
    let rank = |state: State| match state {
        State::Down => 4,
        State::Degraded => 3,
        State::Draining => 2,
        State::Running => 1,
        State::Unspecified => 0,
    };
    service.instances.iter().map(InstanceReport::state).max_by_key(|state| rank(*state)).unwrap_or_default()
}

pub fn time(at: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok())
}

/// For people, with the machine's form.
pub fn when(visit: &Visit, at: Option<&prost_types::Timestamp>) -> Markup {
    html! {
        @match time(at) {
            Some(at) => time datetime=(at.to_string()) { (visit.date_time(at)) },
            None => "–",
        }
    }
}

/// `2 h 5 min`: since then.
pub fn ago(visit: &Visit, at: Option<&prost_types::Timestamp>) -> String {
    time(at).map_or_else(|| "–".to_owned(), |at| span(visit.now().as_second().saturating_sub(at.as_second())))
}

/// A length of time in its two largest units.
pub fn span(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// From one moment to another, both within a story.
pub fn seconds(value: f64) -> String {
    match value {
        v if v < 1.0 => format!("{:.0} ms", v * 1_000.0),
        v if v < 120.0 => format!("{v:.1} s"),
        #[expect(clippy::cast_possible_truncation, reason = "a story is far shorter than 2^63 s")]
        v => span(v as i64),
    }
}

pub fn millis(value: f64) -> String {
    match value {
        v if v <= 0.0 => "–".to_owned(),
        v if v < 10.0 => format!("{v:.1} ms"),
        v if v < 1_000.0 => format!("{v:.0} ms"),
        v => format!("{:.1} s", v / 1_000.0),
    }
}

pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value > 99.0 && value < 100.0 { format!("{:.2} %", value.min(99.99)) } else { format!("{value:.0} %") }
}

#[expect(clippy::cast_precision_loss, reason = "counts of minutes are far below 2^52")]
pub fn rate(count: u64, seconds: f64) -> String {
    let per_second = count as f64 / seconds;
    match per_second {
        rate if rate >= 10.0 => format!("{rate:.0}/s"),
        rate if rate >= 1.0 => format!("{rate:.1}/s"),
        rate => format!("{:.0}/min", (rate * 60.0).ceil()),
    }
}

/// The end of an id, for narrow places; the whole stands in the title.
pub fn short_id(id: &str) -> Markup {
    let shown = if id.len() > 20 {
        format!("{}…{}", &id[..id.floor_char_boundary(8)], &id[id.ceil_char_boundary(id.len() - 6)..])
    } else {
        id.to_owned()
    };
    html! { code title=(id) { (shown) } }
}

/// A link to everything that is known of an id.
pub fn search_link(visit: &Visit, id: &str) -> Markup {
    html! { a href={ (visit.path("/search")) "?text=" (id) } { (short_id(id)) } }
}

/// Pictures of what `draw` shows, every few seconds.
pub fn pictures<F>(draw: impl Fn() -> F + Send + 'static) -> impl Stream<Item = Fragment> + Send + 'static
where
    F: Future<Output = haat_web::Result<Markup>> + Send,
{
    futures::stream::unfold((draw, 0), |(draw, shown)| async move {
        sleep(EVERY).await;
        // What cannot be drawn ends it: the page stays as it was, and its link draws it anew.
        let markup = draw().await.ok().filter(|_| shown < PICTURES_MAX)?;
        Some((Fragment::Html(markup), (draw, shown + 1)))
    })
}
