//! The frame of every page: the console's navigation, for those who are in.

use haat_web::ui::{self, Console, ConsoleLink, Icon};
use haat_web::{Page, Visit};
use maud::Markup;

pub fn layout(visit: &Visit, page: &Page) -> Markup {
    let is_staff = visit.user().is_some_and(|user| user.seller_id.is_some());
    let groups = if is_staff { groups(visit) } else { Vec::new() };
    ui::console(visit, page, &Console { name: visit.t("console-name"), groups, ..Console::default() })
}

fn groups(visit: &Visit) -> Vec<(String, Vec<ConsoleLink>)> {
    let link = |icon, label: &str, path: &str| ConsoleLink { icon, label: visit.t(label), href: visit.path(path) };
    vec![
        (
            String::new(),
            vec![
                link(Icon::Home, "overview", "/"),
                link(Icon::Bag, "orders", "/orders"),
                link(Icon::Rupee, "statements", "/statement"),
            ],
        ),
        (
            visit.t("goods"),
            vec![
                link(Icon::Tag, "products", "/products"),
                link(Icon::Upload, "import", "/import"),
                link(Icon::Box, "warehouses", "/warehouses"),
                link(Icon::Store, "your-shop", "/shop"),
            ],
        ),
    ]
}
