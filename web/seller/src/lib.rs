//! seller-console: the console of sellers: their products, prices, stock and orders. It owns nothing and calls the services through the gateway, for whoever is signed in.

use haat_kernel::Result;
use haat_rpc::Channel;
use haat_service::{Definition, Platform, Wiring};
use haat_web::axum::Router;
use haat_web::axum::routing::get;
use haat_web::ui::{self, Console};
use haat_web::{App, Head, MessageFiles, Page, Visit};
use maud::{Markup, html};

const MESSAGES: MessageFiles = MessageFiles { en: include_str!("../messages/en.ftl"), hi: include_str!("../messages/hi.ftl") };

pub fn definition() -> Definition {
    Definition::new("seller-console", wire_up)
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let app = app(&platform.channel("gateway")?);
    Ok(Wiring::new().serve(haat_web::serve(platform, app)?))
}

/// The application; `gateway` is its way to all services.
fn app(_gateway: &Channel) -> App {
    let router = Router::new().route("/", get(home));
    App::new("/seller", router, MESSAGES, layout)
}

fn layout(visit: &Visit, page: &Page) -> Markup {
    ui::console(visit, page, &Console { name: visit.t("console-name"), ..Console::default() })
}

async fn home(visit: Visit) -> Page {
    let title = visit.t("home-title");
    Page::new(Head::titled(title.as_str()), html! { h1 { (title) } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use haat_web::Language;
    use haat_web::testing::{Browser, FakeGateway};

    #[tokio::test]
    async fn the_start_page_is_there() {
        let gateway = FakeGateway::new();
        let answer = Browser::at(app(&gateway.channel()), &gateway).get("/seller").await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains("<h1>"), "{}", answer.body);
    }

    #[test]
    fn both_languages_say_the_same_things() {
        assert_eq!(MESSAGES.ids(Language::En), MESSAGES.ids(Language::Hi));
    }
}
