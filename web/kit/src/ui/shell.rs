//! The two frames: the shop's, with search, cart and account at the top, and the consoles', denser, with navigation at the
//! side. Both hold the one-time notice, the sign-out, and the choice of language and theme.

use maud::{Markup, html};

use super::controls::{Tone, notice};
use super::document::document;
use super::icon::{Icon, icon};
use crate::language::Language;
use crate::page::Page;
use crate::visit::{Theme, Visit};

/// The frame of the shop.
#[derive(Clone, Debug, Default)]
pub struct Shop {
    /// Of the search field, to be shown in it again.
    pub query: String,
    /// Where suggestions come from, if anywhere: a path that answers `?query=` with a JSON list of texts.
    pub suggestions: Option<String>,
    /// Pieces in the cart.
    pub cart_count: Option<u64>,
    pub categories: Vec<ShopLink>,
    /// Beside the account: `/account/orders`.
    pub account: Vec<ShopLink>,
    pub footer: Vec<ShopLink>,
}

#[derive(Clone, Debug)]
pub struct ShopLink {
    pub label: String,
    pub href: String,
}

/// A page in the shop's frame.
pub fn shop(visit: &Visit, page: &Page, frame: &Shop) -> Markup {
    let body = html! {
        header.shop-header {
            div.shop-bar {
                a.brand href="/" { (brand()) }
                (search(visit, frame))
                nav.shop-actions aria-label=(visit.t("account")) {
                    (account(visit, &frame.account))
                    a.icon-link.cart-link href="/cart" {
                        (icon(Icon::Cart))
                        span { (visit.t("cart")) }
                        @if let Some(count) = frame.cart_count.filter(|count| *count > 0) {
                            span.count { (count) span.visually-hidden { " " (visit.t("items-in-cart")) } }
                        }
                    }
                }
            }
            @if !frame.categories.is_empty() {
                nav.shop-categories aria-label=(visit.t("categories")) {
                    ul { @for link in &frame.categories { li { a href=(link.href) aria-current=[current(visit, &link.href)] { (link.label) } } } }
                }
            }
        }
        main.shop-main id="main" tabindex="-1" { (told(visit)) (page.body) }
        footer.shop-footer {
            div.shop-footer-inner {
                p.brand { (brand()) }
                ul { @for link in &frame.footer { li { a href=(link.href) { (link.label) } } } }
                (preferences(visit))
            }
        }
    };
    document(visit, &page.head, &body)
}

fn search(visit: &Visit, frame: &Shop) -> Markup {
    html! {
        search {
            form.shop-search action="/search" method="get" {
                label.visually-hidden for="shop-query" { (visit.t("search")) }
                input id="shop-query" type="search" name="query" value=(frame.query) placeholder=(visit.t("search-placeholder"))
                    autocomplete="off" data-suggestions=[frame.suggestions.as_ref()];
                button type="submit" { (icon(Icon::Search)) span.visually-hidden { (visit.t("search")) } }
            }
        }
    }
}

fn account(visit: &Visit, links: &[ShopLink]) -> Markup {
    html! {
        @if let Some(user) = visit.user() {
            details.menu {
                summary.icon-link { (icon(Icon::User)) span { (shown_name(visit, &user.display_name)) } (icon(Icon::ChevronDown)) }
                div.menu-content {
                    ul { @for link in links { li { a href=(link.href) { (link.label) } } } }
                    (sign_out(visit))
                }
            }
        } @else {
            a.icon-link href=(visit.sign_in()) { (icon(Icon::User)) span { (visit.t("sign-in")) } }
        }
    }
}

/// The frame of a console.
#[derive(Clone, Debug, Default)]
pub struct Console {
    /// `Operations`, `Seller`.
    pub name: String,
    /// Groups with a heading, which may be empty.
    pub groups: Vec<(String, Vec<ConsoleLink>)>,
    /// Above the page: what concerns all of it, such as how things stand.
    pub status: Option<Markup>,
}

#[derive(Clone, Debug)]
pub struct ConsoleLink {
    pub icon: Icon,
    pub label: String,
    pub href: String,
}

/// A page in a console's frame.
pub fn console(visit: &Visit, page: &Page, frame: &Console) -> Markup {
    let body = html! {
        div.console {
            header.console-header {
                a.brand href=(visit.path("/")) { (brand()) span.console-name { (frame.name) } }
                div.console-account {
                    @if let Some(status) = &frame.status { (status) }
                    @if let Some(user) = visit.user() {
                        details.menu {
                            summary.icon-link { (icon(Icon::User)) span { (shown_name(visit, &user.display_name)) } (icon(Icon::ChevronDown)) }
                            div.menu-content {
                                @if let Some(email) = &user.email { p.menu-note { (email) } }
                                ul { li { a href="/" { (visit.t("to-the-shop")) } } }
                                (sign_out(visit))
                            }
                        }
                    } @else { a.icon-link href=(visit.sign_in()) { (icon(Icon::User)) span { (visit.t("sign-in")) } } }
                }
            }
            @if !frame.groups.is_empty() {
                nav.console-nav aria-label=(visit.t("sections")) {
                    @for (heading, links) in &frame.groups {
                        @if !heading.is_empty() { h2 { (heading) } }
                        ul { @for link in links { li { a href=(link.href) aria-current=[current(visit, &link.href)] { (icon(link.icon)) span { (link.label) } } } } }
                    }
                }
            }
            main.console-main id="main" tabindex="-1" { (told(visit)) (page.body) }
            footer.console-footer { (preferences(visit)) }
        }
    };
    document(visit, &page.head, &body)
}

fn brand() -> Markup {
    html! {
        svg.brand-mark viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false" {
            path.brand-roof d="M4 6h24l2.5 8a4.2 4.2 0 0 1-8.3 1 4.2 4.2 0 0 1-8.3 0 4.2 4.2 0 0 1-8.3 0A4.2 4.2 0 0 1 1.5 14L4 6Z" {}
            path.brand-base d="M5 19.5v8h22v-8" {}
        }
        span.brand-name lang="hi" { "हाट" }
        span.brand-latin { "Haat" }
    }
}

fn shown_name(visit: &Visit, name: &str) -> String {
    if name.is_empty() { visit.t("account") } else { name.split(' ').next().unwrap_or(name).to_owned() }
}

fn sign_out(visit: &Visit) -> Markup {
    html! {
        form method="post" action=(visit.path("/sign-out")) {
            (visit.csrf_field())
            button.menu-button type="submit" { (visit.t("sign-out")) }
        }
    }
}

/// What the last form did.
fn told(visit: &Visit) -> Markup {
    html! { @if let Some(text) = visit.notice() { (notice(Tone::Good, &html! { (text) })) } }
}

fn preferences(visit: &Visit) -> Markup {
    let back = if *visit.method() == http::Method::GET { visit.path_and_query().to_owned() } else { visit.path("/") };
    html! {
        div.preferences {
            form.switch method="post" action=(visit.path("/language")) aria-label=(visit.t("language")) {
                (visit.csrf_field())
                input type="hidden" name="return" value=(back);
                (icon(Icon::Globe))
                @for language in Language::ALL {
                    button type="submit" name="choice" value=(language.tag()) lang=(language.tag())
                        aria-pressed=(language == visit.language()) { (language.name()) }
                }
            }
            form.switch data-theme-switch method="post" action=(visit.path("/theme")) aria-label=(visit.t("theme")) {
                (visit.csrf_field())
                input type="hidden" name="return" value=(back);
                @for theme in Theme::ALL {
                    button type="submit" name="choice" value=(theme.name()) aria-pressed=(theme == visit.theme()) {
                        (visit.t(&format!("theme-{}", theme.name())))
                    }
                }
            }
        }
    }
}

/// A link to here, or to what this page is a part of.
fn current(visit: &Visit, href: &str) -> Option<&'static str> {
    let (here, target) = (visit.path_and_query(), href.trim_end_matches('/'));
    let path = visit.url().path();
    if here == href || path == href || path == target {
        return Some("page");
    }
    let is_below =
        target != visit.path("/").trim_end_matches('/') && path.strip_prefix(target).is_some_and(|rest| rest.starts_with('/'));
    is_below.then_some("true")
}
