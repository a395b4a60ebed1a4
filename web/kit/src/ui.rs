//! Components: functions from data to HTML, all made so that a screen reader, a keyboard and a small screen get as much out
//! of them as anybody. What they look like stands in `style/`; no component has a style of its own inline.

pub mod chart;
mod controls;
mod data;
mod document;
mod field;
mod icon;
mod navigation;
mod shell;

pub use controls::{Look, Tone, badge, button, disclosure, icon_link, link_button, notice, post_button, submit, submit_with};
pub use data::{Align, Column, Moment, Stat, definition_list, empty_state, stat, stats, table, timeline};
pub use document::document;
pub use field::{Field, error_summary};
pub use icon::{Icon, icon, icon_with};
pub use navigation::{Pager, Tab, breadcrumbs, pagination, steps, tabs};
pub use shell::{Console, ConsoleLink, Shop, ShopLink, console, shop};
