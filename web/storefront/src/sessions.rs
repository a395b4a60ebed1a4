//! Where a person is signed in, and signing out there: one by one, or everywhere but here.

use haat_contracts::users::SessionSummary;
use haat_web::axum::extract::{Path, State};
use haat_web::{Form, Head, Page, Query, Result, SeeOther, Visit, see_other, ui};
use maud::{Markup, html};

use crate::account::{Paged, tabs};
use crate::addresses::Pressed;
use crate::{Front, parts, wanted};

const PATH: &str = "/account/sessions";

pub async fn page(State(front): State<Front>, visit: Visit, Query(paged): Query<Paged>) -> Result<Page> {
    visit.demand_user()?;
    let found = front.shop.sessions(&visit.ctx(), &paged.page).await?;
    let pager = ui::Pager {
        first: (!paged.page.is_empty()).then(|| PATH.to_owned()),
        next: (!found.next_page_token.is_empty()).then(|| format!("{PATH}?page={}", wanted::encoded(&found.next_page_token))),
        position: String::new(),
    };
    let has_others = found.sessions.iter().any(|session| !session.is_current);
    let title = visit.t("sessions");
    let body = html! {
        h1 { (title) }
        (tabs(&visit, PATH))
        p { (visit.t("sessions-text")) }
        ul.session-list { @for session in &found.sessions { li.panel { (entry(&visit, session)) } } }
        (ui::pagination(&visit, &pager))
        @if has_others {
            (ui::post_button(&visit, ui::Look::Danger, "/account/sessions/end-others", &visit.t("sign-out-elsewhere"), &html! {}))
            p.small { (visit.t("sign-out-elsewhere-text")) }
        }
    };
    Ok(Page::new(Head::titled(title).private(), body))
}

fn entry(visit: &Visit, session: &SessionSummary) -> Markup {
    let device = if session.device.is_empty() { visit.t("unknown-device") } else { session.device.clone() };
    let time = |at: Option<&prost_types::Timestamp>| parts::time(at).map(|at| visit.date_time(at)).unwrap_or_default();
    html! {
        div {
            h2 { (device) " " @if session.is_current { (ui::badge(ui::Tone::Good, &visit.t("this-session"))) } }
            p.small {
                (visit.t_with("session-began", &[("time", time(session.started_at.as_ref()).into())]))
                @if !session.address.is_empty() { " · " (visit.t_with("session-from", &[("address", session.address.as_str().into())])) }
            }
            p.small { (visit.t_with("session-last", &[("time", time(session.refreshed_at.as_ref()).into())])) }
        }
        @if !session.is_current {
            form.inline method="post" action={ (PATH) "/" (session.id) "/end" } {
                (visit.csrf_field())
                button.button.secondary type="submit" { (visit.t("sign-out")) span.visually-hidden { ": " (device) } }
            }
        }
    }
}

pub async fn end(State(front): State<Front>, visit: Visit, Path(id): Path<String>, Form(_): Form<Pressed>) -> Result<SeeOther> {
    visit.demand_user()?;
    match front.shop.end_session(&visit.ctx(), &id).await {
        // Ended in another window.
        Err(error) if error.code != "session_not_found" => Err(error.into()),
        _ => Ok(see_other(PATH).notice("session-ended")),
    }
}

pub async fn end_others(State(front): State<Front>, visit: Visit, Form(_): Form<Pressed>) -> Result<SeeOther> {
    visit.demand_user()?;
    front.shop.end_other_sessions(&visit.ctx()).await?;
    Ok(see_other(PATH).notice("sessions-ended"))
}
