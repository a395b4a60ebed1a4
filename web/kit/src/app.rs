//! What an application tells the kit of itself.

use std::sync::Arc;

use axum::Router;
use maud::Markup;

use crate::messages::MessageFiles;
use crate::page::Page;
use crate::visit::Visit;

pub(crate) type Layout = Arc<dyn Fn(&Visit, &Page) -> Markup + Send + Sync>;

/// A web application. Its routes are written without its path: `/orders` of the application at `/seller` is `/seller/orders`.
pub struct App {
    pub(crate) prefix: &'static str,
    pub(crate) router: Router,
    pub(crate) messages: MessageFiles,
    pub(crate) layout: Layout,
    pub(crate) registers: bool,
}

impl App {
    /// `path` is where the contract has the application: `/`, `/seller`. The layout puts a page into the application's frame,
    /// usually with `ui::document`; failures are shown in it too.
    pub fn new(
        path: &'static str,
        router: Router,
        messages: MessageFiles,
        layout: impl Fn(&Visit, &Page) -> Markup + Send + Sync + 'static,
    ) -> Self {
        App { prefix: path.trim_end_matches('/'), router, messages, layout: Arc::new(layout), registers: false }
    }

    /// Newcomers can register here: the page `/register`.
    #[must_use]
    pub fn with_registration(self) -> Self {
        App { registers: true, ..self }
    }
}
