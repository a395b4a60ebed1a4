//! Parts of a page that follow what happens, as server-sent events: `live.js` puts each fragment into the element that asked
//! for them (`data-live`). Without scripts the page shows what was so when it was asked for.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use maud::Markup;

const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What the element shows from now on.
#[derive(Clone, Debug)]
pub enum Fragment {
    Html(Markup),
    /// Nothing more will come.
    End,
    /// The browser goes to this path of ours.
    Goto(String),
}

/// The answer of a route that an element names in `data-live`. It ends when the visitor goes.
pub fn fragments(stream: impl Stream<Item = Fragment> + Send + 'static) -> Response {
    let events = stream.map(|fragment| Ok::<_, Infallible>(event(fragment)));
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

fn event(fragment: Fragment) -> Event {
    match fragment {
        Fragment::Html(html) => Event::default().event("fragment").data(html.into_string()),
        Fragment::End => Event::default().event("end").data("end"),
        Fragment::Goto(path) => Event::default().event("goto").data(crate::redirect::local(&path)),
    }
}
