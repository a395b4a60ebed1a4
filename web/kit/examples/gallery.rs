//! Every component on one page, in both frames, as files to look at: `cargo run -p haat-web --example gallery`, then open
//! target/gallery/shop.html and console.html. It is no part of any application.
#![expect(clippy::print_stdout, reason = "an example says where it wrote to")]

use std::path::Path;

use axum::Router;
use axum::routing::get;
use haat_web::testing::{Browser, FakeGateway};
use haat_web::ui::chart::{self, Edge, Node, Point, Series, Span};
use haat_web::ui::{self, Column, Console, ConsoleLink, Field, Icon, Look, Moment, Pager, Shop, ShopLink, Stat, Tab, Tone};
use haat_web::{App, Errors, Head, MessageFiles, Page, Visit};
use maud::{Markup, html};

const NO_MESSAGES: MessageFiles = MessageFiles { en: "", hi: "" };

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let folder = Path::new("target/gallery");
    std::fs::create_dir_all(folder)?;
    for (name, path, app) in [("shop", "/", shop as fn() -> App), ("console", "/ops", console)] {
        for (language, file) in [("en", format!("{name}.html")), ("hi", format!("{name}-hi.html"))] {
            let gateway = FakeGateway::new();
            let browser = Browser::at(app(), &gateway).signed_in("user_1", &["operator"]).with_cookie("haat_language", language);
            let page = browser.get(path).await.body;
            let style = page.split('"').find(|text| text.ends_with("/style.css")).unwrap_or_default().to_owned();
            std::fs::write(folder.join("style.css"), browser.get(&style).await.body)?;
            std::fs::write(folder.join(&file), page.replace(&style, "style.css"))?;
            println!("target/gallery/{file}");
        }
    }
    Ok(())
}

fn shop() -> App {
    let frame = |visit: &Visit, page: &Page| {
        let link = |label: &str, href: &str| ShopLink { label: label.to_owned(), href: href.to_owned() };
        let shop = Shop {
            query: "kurta".to_owned(),
            cart_count: Some(3),
            categories: ["Clothing", "Footwear", "Home", "Kitchen", "Beauty", "Toys"].map(|name| link(name, "/c/x")).to_vec(),
            account: vec![link("Your orders", "/orders"), link("Your addresses", "/addresses")],
            footer: vec![link("Help", "/help"), link("Sell on Haat", "/seller")],
            ..Shop::default()
        };
        ui::shop(visit, page, &shop)
    };
    App::new("/", Router::new().route("/", get(shop_page)), NO_MESSAGES, frame).with_registration()
}

fn console() -> App {
    let frame = |visit: &Visit, page: &Page| {
        let link = |icon, label: &str, href: &str| ConsoleLink { icon, label: label.to_owned(), href: href.to_owned() };
        let groups = vec![
            (String::new(), vec![link(Icon::Home, "Overview", "/ops"), link(Icon::Server, "Services", "/ops/services")]),
            ("Money".to_owned(), vec![link(Icon::Rupee, "Books", "/ops/books"), link(Icon::Chart, "Payments", "/ops/payments")]),
        ];
        let console = Console { name: "Operations".to_owned(), groups, status: Some(ui::badge(Tone::Good, "All well")) };
        ui::console(visit, page, &console)
    };
    App::new("/ops", Router::new().route("/", get(console_page)), NO_MESSAGES, frame)
}

async fn shop_page(visit: Visit) -> Page {
    let body = html! {
        section.hero {
            h1 { "Good things, from people who make them" }
            p { "Hand-woven kurtas, brass from Moradabad, tea from the hills: 4,312 products of 37 sellers." }
            div.row { (ui::link_button(Look::Primary, "/new", "See what is new")) (ui::link_button(Look::Secondary, "/about", "How Haat works")) }
        }
        (ui::breadcrumbs(&visit, &[("Home", "/"), ("Clothing", "/c"), ("Kurtas", "/c/k")]))
        div.page-head { h2 { "Kurtas" } span.soft { "1,240 products" } }
        div.with-facets {
            aside.facets aria-label="Filters" {
                details open { summary { "Colour" (ui::icon(Icon::ChevronDown)) } ul {
                    @for (name, count) in [("Indigo", 120), ("Maroon", 84), ("Mustard", 41)] { li { a href="/c" { (name) span.facet-count { (count) } } } }
                } }
                details open { summary { "Price" (ui::icon(Icon::ChevronDown)) } ul { li { a href="/c" { "Under ₹1,000" span.facet-count { "310" } } } } }
            }
            ul.products { @for n in 0..6 { li { (product(n)) } } }
        }
        (ui::pagination(&visit, &Pager { first: Some("/c".into()), next: Some("/c?2".into()), position: "25–48 of 1,240".into() }))
        (common(&visit))
    };
    Page::new(Head::titled("Gallery").described("Every component").at("/"), body)
}

fn product(n: u64) -> Markup {
    html! {
        article.product-card {
            div.product-picture { (ui::icon(Icon::Bag)) }
            div.product-text {
                p.product-brand { "Meera Textiles" }
                h3.product-title { a href={ "/p/" (n) } { "Chikankari khadi kurta with side pockets, maroon, number " (n) } }
                p { span.price { "₹" (n + 1) ",299.00" } " " span.price-was { "₹4,999.00" } }
                p { (ui::badge(Tone::Good, "In stock")) }
            }
        }
    }
}

async fn console_page(visit: Visit) -> Page {
    let points = |factor: f64| {
        (0..24).map(|n| Point::new(format!("{n}:00"), factor * (f64::from(n) / 3.0).sin().abs() * 1200.0)).collect()
    };
    let series = [Series { name: "Orders".into(), points: points(1.0) }, Series { name: "Failed".into(), points: points(0.3) }];
    let spans = [
        ("edge", 0.0, 42.0, 0),
        ("Carts/StartCheckout", 3.0, 36.0, 1),
        ("Inventory/Reserve", 10.0, 8.0, 2),
        ("Payments/Authorize", 22.0, 14.0, 2),
    ]
    .map(|(label, start, duration, depth)| Span { label: label.into(), start, duration, depth, tone: Tone::Neutral });
    let node = |id: &str, column, row, tone| Node {
        id: id.into(),
        label: id.into(),
        note: "12/s · 4 ms".into(),
        tone,
        href: Some("/ops".into()),
        column,
        row,
    };
    let nodes = [
        node("gateway", 1, 0, Tone::Good),
        node("checkout", 0, 1, Tone::Good),
        node("orders", 1, 1, Tone::Warn),
        node("payments", 2, 1, Tone::Bad),
    ];
    let edge = |from: &str, to: &str, is_dotted| Edge {
        from: from.into(),
        to: to.into(),
        label: "calls".into(),
        tone: Tone::Neutral,
        is_dotted,
    };
    let edges = [
        edge("gateway", "checkout", false),
        edge("gateway", "orders", false),
        edge("gateway", "payments", false),
        edge("orders", "payments", true),
    ];
    let stat = |label: &str, value: &str, tone| Stat {
        label: label.into(),
        value: value.into(),
        note: "+4 % since yesterday".into(),
        tone,
        href: Some("/ops".into()),
        picture: Some(chart::sparkline("Orders in the last hours", &[3.0, 5.0, 4.0, 8.0, 7.0, 12.0])),
    };
    let body = html! {
        div.page-head { h1 { "Overview" } (ui::link_button(Look::Secondary, "/ops", "Refresh")) }
        (ui::stats(&[stat("Orders today", "1,24,310", Tone::Good), stat("Stuck work", "2", Tone::Warn), stat("Errors", "0.4 %", Tone::Bad), stat("Median", "12 ms", Tone::Neutral)]))
        (ui::tabs("Parts", &["Now", "Last hour", "History"].map(|name| Tab { label: name.into(), href: "/ops".into(), is_current: name == "Now" })))
        div.columns {
            (chart::line(&visit, "Orders per hour", &series, &|value| format!("{value:.0}")))
            (chart::bars(&visit, "Checkouts per hour", &series, &|value| format!("{value:.0}")))
        }
        section { (chart::waterfall(&visit, "A checkout", &spans)) }
        section { (chart::map(&visit, "Who calls whom", &nodes, &edges)) }
        (common(&visit))
    };
    Page::titled("Overview", body)
}

fn common(visit: &Visit) -> Markup {
    let mut errors = Errors::summary("Two fields need another look.");
    errors.add("email", "is taken");
    errors.add("quantity", "must be at least 1");
    let moment = |title: &str, tone, has_happened| Moment {
        title: title.into(),
        time: "21 Nov 2026, 14:05".into(),
        machine: "2026-11-21T08:35:00Z".into(),
        text: "With the courier.".into(),
        tone,
        has_happened,
    };
    let rows = [("order_1", "Asha Rao", "₹1,299.00"), ("order_2", "Ravi Kumar", "₹12,49,900.00")].map(|(id, who, amount)| {
        vec![html! { a href="/o" { (id) } }, html! { (who) }, html! { (ui::badge(Tone::Info, "Paid")) }, html! { (amount) }]
    });
    html! {
        section {
            h2 { "Words and states" }
            div.stack {
                @for (tone, text) in [(Tone::Info, "Prices include all taxes."), (Tone::Good, "Added to your cart."), (Tone::Warn, "Only two are left."), (Tone::Bad, "The payment was declined.")] { (ui::notice(tone, &html! { p { (text) } })) }
                div.row { @for (tone, text) in [(Tone::Neutral, "Draft"), (Tone::Info, "Paid"), (Tone::Good, "Delivered"), (Tone::Warn, "Late"), (Tone::Bad, "Failed")] { (ui::badge(tone, text)) } }
                div.row { (ui::submit(Look::Primary, "Buy now")) (ui::submit(Look::Secondary, "Add to cart")) (ui::submit(Look::Quiet, "Save for later")) (ui::submit(Look::Danger, "Cancel order")) }
                (ui::steps(visit, &["Cart", "Address", "Payment", "Done"], 2))
            }
        }
        section { h2 { "A table" } (ui::table("Orders", &[Column::text("Order"), Column::text("Buyer"), Column::text("State"), Column::number("Amount")], &rows)) }
        section.columns {
            div.card {
                h2 { "A form" }
                (ui::error_summary(visit, &errors))
                form.stack method="post" action="/x" {
                    (visit.csrf_field())
                    (Field::text("name", "Your name").value("Asha Rao").required())
                    (Field::email("email", "Email").hint("Where the receipt goes.").errors(&errors))
                    (Field::select("state", "State", &[("ka", "Karnataka"), ("mh", "Maharashtra")]))
                    (Field::choice("way", "Delivery", &[("std", "Standard, 3 days, free"), ("exp", "Express, tomorrow, ₹99")]).value("std"))
                    (Field::area("note", "A note to the seller", 3))
                    (Field::check("gift", "This is a gift").value("on"))
                    (ui::submit(Look::Primary, "Continue"))
                }
            }
            div.card {
                h2 { "What happened" }
                (ui::timeline(&[moment("Ordered", Tone::Good, true), moment("Shipped", Tone::Info, true), moment("Delivered", Tone::Neutral, false)]))
                (ui::definition_list(&[("Order", html! { code { "order_3z0g2hgxd3bbxbcd45583w7fqg" } }), ("Total", html! { "₹1,299.00" })]))
                (ui::disclosure("More about this order", &html! { p { "It was packed in Jaipur." } }))
            }
        }
        section.card { (ui::empty_state(Icon::Cart, "Your cart is empty", "What you put into it waits here for you.", &ui::link_button(Look::Primary, "/", "Look around"))) }
    }
}
