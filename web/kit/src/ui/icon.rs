//! Icons: our own set, drawn with strokes on a grid of 24, in the colour of the text around them.

use maud::{Markup, PreEscaped, html};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Alert,
    ArrowLeft,
    ArrowRight,
    Bag,
    Bell,
    Box,
    Cart,
    Chart,
    Check,
    ChevronDown,
    ChevronRight,
    Clock,
    Close,
    Download,
    Edit,
    External,
    Filter,
    Globe,
    Heart,
    Home,
    Info,
    Key,
    List,
    Lock,
    Mail,
    Menu,
    Minus,
    Moon,
    Plus,
    Refresh,
    Rupee,
    Search,
    Server,
    Settings,
    Shield,
    Star,
    StarFull,
    Store,
    Sun,
    Tag,
    Trash,
    Truck,
    Upload,
    User,
}

impl Icon {
    #[rustfmt::skip]
    const fn shape(self) -> &'static str {
        match self {
            Icon::Alert => r#"<path d="M12 3.5 2.5 20h19L12 3.5Z"/><path d="M12 10v4.5M12 17.2v.1"/>"#,
            Icon::ArrowLeft => r#"<path d="M20 12H4m6-6-6 6 6 6"/>"#,
            Icon::ArrowRight => r#"<path d="M4 12h16m-6-6 6 6-6 6"/>"#,
            Icon::Bag => r#"<path d="M5 8h14l1 12.5H4L5 8Z"/><path d="M8.5 10.5V7a3.5 3.5 0 0 1 7 0v3.5"/>"#,
            Icon::Bell => r#"<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15L6 16.5Z"/><path d="M10 20.5a2.2 2.2 0 0 0 4 0"/>"#,
            Icon::Box => r#"<path d="m12 3 8.5 4.5v9L12 21l-8.5-4.5v-9L12 3Z"/><path d="m3.5 7.5 8.5 4.6 8.5-4.6M12 12.1V21M7.8 5.2l8.4 4.6"/>"#,
            Icon::Cart => r#"<path d="M2.5 4h2.7l2.3 11h10.6l2.1-8H6"/><circle cx="9" cy="19.3" r="1.4"/><circle cx="16.5" cy="19.3" r="1.4"/>"#,
            Icon::Chart => r#"<path d="M4 4v16h16"/><path d="m7.5 15 4-4.5 3 2.5 5-6.5"/>"#,
            Icon::Check => r#"<path d="m4.5 12.5 5 5 10-11"/>"#,
            Icon::ChevronDown => r#"<path d="m6 9.5 6 6 6-6"/>"#,
            Icon::ChevronRight => r#"<path d="m9.5 6 6 6-6 6"/>"#,
            Icon::Clock => r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5.2l3.4 2"/>"#,
            Icon::Close => r#"<path d="m6 6 12 12M18 6 6 18"/>"#,
            Icon::Download => r#"<path d="M12 4v11m-4.5-4.5L12 15l4.5-4.5M4.5 19.5h15"/>"#,
            Icon::Edit => r#"<path d="m4 20 .9-4.2L16.2 4.5a1.9 1.9 0 0 1 2.7 0l.6.6a1.9 1.9 0 0 1 0 2.7L8.2 19.1 4 20Z"/><path d="m14 6.7 3.3 3.3"/>"#,
            Icon::External => r#"<path d="M13.5 4.5h6v6M19 5l-8.5 8.5M17 14v5.5H4.5V7H10"/>"#,
            Icon::Filter => r#"<path d="M4 6.5h16M7 12h10M10 17.5h4"/>"#,
            Icon::Globe => r#"<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c5 5.3 5 11.7 0 17-5-5.3-5-11.7 0-17Z"/>"#,
            Icon::Heart => r#"<path d="M12 20C5 15.3 3.2 12 3.2 9.1A4.6 4.6 0 0 1 12 7.3a4.6 4.6 0 0 1 8.8 1.8C20.8 12 19 15.3 12 20Z"/>"#,
            Icon::Home => r#"<path d="M4 11 12 4l8 7v9h-5.5v-5.5h-5V20H4v-9Z"/>"#,
            Icon::Info => r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.5M12 7.6v.1"/>"#,
            Icon::Key => r#"<circle cx="8" cy="15.5" r="4"/><path d="m11 12.5 8.5-8.5M16 7.5l3 3"/>"#,
            Icon::List => r#"<path d="M8.5 6.5H20M8.5 12H20M8.5 17.5H20M4.3 6.5h.1M4.3 12h.1M4.3 17.5h.1"/>"#,
            Icon::Lock => r#"<rect x="5" y="10.5" width="14" height="10" rx="2"/><path d="M8 10.5V8a4 4 0 0 1 8 0v2.5M12 14.5v2.2"/>"#,
            Icon::Mail => r#"<rect x="3" y="5.5" width="18" height="13.5" rx="2"/><path d="m3.5 7.5 8.5 6 8.5-6"/>"#,
            Icon::Menu => r#"<path d="M4 6.5h16M4 12h16M4 17.5h16"/>"#,
            Icon::Minus => r#"<path d="M5 12h14"/>"#,
            Icon::Moon => r#"<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z"/>"#,
            Icon::Plus => r#"<path d="M12 5v14M5 12h14"/>"#,
            Icon::Refresh => r#"<path d="M19.5 9A8 8 0 0 0 5.2 7.8L4 9.5M4.5 15a8 8 0 0 0 14.3 1.2l1.2-1.7M4 5v4.5h4.5M20 19v-4.5h-4.5"/>"#,
            Icon::Rupee => r#"<path d="M6.5 4.5h11M6.5 9h11M6.5 4.5h3.8a4.5 4.5 0 0 1 0 9H6.5l7.5 6.5"/>"#,
            Icon::Search => r#"<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5"/>"#,
            Icon::Server => r#"<rect x="3.5" y="4" width="17" height="7" rx="1.5"/><rect x="3.5" y="13" width="17" height="7" rx="1.5"/><path d="M7 7.5h.1M7 16.5h.1M11 7.5h6M11 16.5h6"/>"#,
            Icon::Settings => r#"<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2.2"/><circle cx="9" cy="17" r="2.2"/>"#,
            Icon::Shield => r#"<path d="M12 3.5 19.5 6v6c0 4.3-2.8 7.2-7.5 8.7C7.3 19.2 4.5 16.3 4.5 12V6L12 3.5Z"/><path d="m8.7 12 2.3 2.4 4.3-4.8"/>"#,
            Icon::Star => r#"<path d="m12 3.8 2.5 5.3 5.7.7-4.2 4 1.1 5.7-5.1-2.8-5.1 2.8L8 13.8l-4.2-4 5.7-.7L12 3.8Z"/>"#,
            Icon::StarFull => r#"<path fill="currentColor" d="m12 3.8 2.5 5.3 5.7.7-4.2 4 1.1 5.7-5.1-2.8-5.1 2.8L8 13.8l-4.2-4 5.7-.7L12 3.8Z"/>"#,
            Icon::Store => r#"<path d="M4.5 4h15l1.5 5a3 3 0 0 1-6 .4 3 3 0 0 1-6 0A3 3 0 0 1 3 9l1.5-5Z"/><path d="M5 12v8h14v-8M10 20v-5h4v5"/>"#,
            Icon::Sun => r#"<circle cx="12" cy="12" r="4"/><path d="M12 2.8v2.4M12 18.8v2.4M2.8 12h2.4M18.8 12h2.4M5.5 5.5l1.7 1.7M16.8 16.8l1.7 1.7M18.5 5.5l-1.7 1.7M7.2 16.8l-1.7 1.7"/>"#,
            Icon::Tag => r#"<path d="M3.5 4.5v7.3l8.8 8.7 7.7-7.7-8.7-8.8-7.8.5Z"/><path d="M7.8 8.3v.1"/>"#,
            Icon::Trash => r#"<path d="M4 6.5h16M9 6.5V4h6v2.5M6 6.5 7 20h10l1-13.5M10 10.5v6M14 10.5v6"/>"#,
            Icon::Truck => r#"<path d="M2.5 5.5h11v11h-11v-11ZM13.5 9.5h4l4 4v3h-8v-7Z"/><circle cx="7" cy="17.5" r="1.9"/><circle cx="17.5" cy="17.5" r="1.9"/>"#,
            Icon::Upload => r#"<path d="M12 15.5v-11M7.5 9 12 4.5 16.5 9M4.5 19.5h15"/>"#,
            Icon::User => r#"<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.6-4 3.4-6 7.5-6s6.9 2 7.5 6"/>"#,
        }
    }
}

/// Beside words that say the same: invisible to screen readers.
pub fn icon(which: Icon) -> Markup {
    html! {
        svg.icon viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false" { (PreEscaped(which.shape())) }
    }
}

/// Alone, with a name for those who do not see it.
pub fn icon_with(which: Icon, label: &str) -> Markup {
    html! {
        svg.icon viewBox="0 0 24 24" width="20" height="20" role="img" aria-label=(label) focusable="false" { (PreEscaped(which.shape())) }
    }
}
