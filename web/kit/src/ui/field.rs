//! Form fields: a label that belongs to its control, a hint and an error that are read out with it.

use maud::{Markup, Render, html};

use super::icon::{Icon, icon};
use crate::form::Errors;
use crate::visit::Visit;

/// A field to be filled in. Build it, then put it into a form as it is: `(Field::text("name", "Name").required())`.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    name: &'a str,
    label: &'a str,
    kind: Kind<'a>,
    value: &'a str,
    hint: &'a str,
    error: Option<&'a str>,
    is_required: bool,
    autocomplete: &'a str,
    attributes: Vec<(&'static str, String)>,
}

#[derive(Clone, Debug)]
enum Kind<'a> {
    Input(&'static str),
    Area(u32),
    Select(Vec<(&'a str, &'a str)>),
    Check,
    /// One of a few, all in sight.
    Choice(Vec<(&'a str, &'a str)>),
}

impl<'a> Field<'a> {
    fn new(name: &'a str, label: &'a str, kind: Kind<'a>) -> Self {
        Field {
            name,
            label,
            kind,
            value: "",
            hint: "",
            error: None,
            is_required: false,
            autocomplete: "",
            attributes: Vec::new(),
        }
    }

    pub fn text(name: &'a str, label: &'a str) -> Self {
        Field::new(name, label, Kind::Input("text"))
    }

    pub fn email(name: &'a str, label: &'a str) -> Self {
        Field::new(name, label, Kind::Input("email"))
    }

    pub fn password(name: &'a str, label: &'a str) -> Self {
        Field::new(name, label, Kind::Input("password"))
    }

    pub fn search(name: &'a str, label: &'a str) -> Self {
        Field::new(name, label, Kind::Input("search"))
    }

    pub fn date(name: &'a str, label: &'a str) -> Self {
        Field::new(name, label, Kind::Input("date"))
    }

    pub fn file(name: &'a str, label: &'a str) -> Self {
        Field::new(name, label, Kind::Input("file"))
    }

    pub fn phone(name: &'a str, label: &'a str) -> Self {
        Field::new(name, label, Kind::Input("tel"))
    }

    /// A whole number.
    pub fn number(name: &'a str, label: &'a str) -> Self {
        Field::new(name, label, Kind::Input("number")).with("inputmode", "numeric")
    }

    /// An amount or another number with a fraction, as text: what browsers make of such numbers differs.
    pub fn decimal(name: &'a str, label: &'a str) -> Self {
        Field::new(name, label, Kind::Input("text")).with("inputmode", "decimal")
    }

    pub fn area(name: &'a str, label: &'a str, rows: u32) -> Self {
        Field::new(name, label, Kind::Area(rows))
    }

    /// One of several: value and label of each.
    pub fn select(name: &'a str, label: &'a str, options: &[(&'a str, &'a str)]) -> Self {
        Field::new(name, label, Kind::Select(options.to_vec()))
    }

    /// Yes or no; sent as `on` or not at all. Checked when its value is not empty.
    pub fn check(name: &'a str, label: &'a str) -> Self {
        Field::new(name, label, Kind::Check)
    }

    /// One of a few, all in sight: value and label of each.
    pub fn choice(name: &'a str, label: &'a str, options: &[(&'a str, &'a str)]) -> Self {
        Field::new(name, label, Kind::Choice(options.to_vec()))
    }

    #[must_use]
    pub fn value(self, value: &'a str) -> Self {
        Field { value, ..self }
    }

    #[must_use]
    pub fn hint(self, hint: &'a str) -> Self {
        Field { hint, ..self }
    }

    #[must_use]
    pub fn error(self, error: Option<&'a str>) -> Self {
        Field { error, ..self }
    }

    /// The error of the field's own name.
    #[must_use]
    pub fn errors(self, errors: &'a Errors) -> Self {
        let error = errors.field(self.name);
        self.error(error)
    }

    #[must_use]
    pub fn required(self) -> Self {
        Field { is_required: true, ..self }
    }

    /// What browsers fill in by themselves: `email`, `street-address`.
    #[must_use]
    pub fn autocomplete(self, autocomplete: &'a str) -> Self {
        Field { autocomplete, ..self }
    }

    /// Any other attribute of the control: `min`, `maxlength`, `pattern`.
    #[must_use]
    pub fn with(mut self, attribute: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((attribute, value.into()));
        self
    }

    /// Unique on a page: two forms may have fields of one name if they set `id`.
    fn id(&self) -> String {
        let own = self.attributes.iter().find(|(name, _)| *name == "id").map(|(_, id)| id.clone());
        own.unwrap_or_else(|| format!("field-{}", self.name.replace(|c: char| !c.is_ascii_alphanumeric(), "-")))
    }

    fn described_by(&self, id: &str) -> Option<String> {
        let hint = (!self.hint.is_empty()).then(|| format!("{id}-hint"));
        let error = self.error.map(|_| format!("{id}-error"));
        let ids: Vec<String> = hint.into_iter().chain(error).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn control(&self, id: &str) -> Markup {
        let attributes = Attributes(self, id).render_into_string();
        match &self.kind {
            Kind::Input(kind) => {
                // A password that was sent is never sent back.
                let value = if matches!(*kind, "password" | "file") { "" } else { self.value };
                html! { (tag("input", &format!("type=\"{kind}\"{attributes}{}", pair("value", value)))) }
            }
            Kind::Area(rows) => {
                html! { (tag("textarea", &format!("rows=\"{rows}\"{attributes}"))) (self.value) (maud::PreEscaped("</textarea>")) }
            }
            Kind::Select(options) => html! {
                (tag("select", &attributes))
                @for (value, label) in options { option value=(value) selected[*value == self.value] { (label) } }
                (maud::PreEscaped("</select>"))
            },
            Kind::Check => {
                let checked = if self.value.is_empty() { "" } else { " checked" };
                html! { (tag("input", &format!("type=\"checkbox\"{attributes}{checked}"))) }
            }
            Kind::Choice(_) => html! {},
        }
    }

    fn choices(&self, id: &str, options: &[(&str, &str)]) -> Markup {
        html! {
            fieldset.field.choices aria-describedby=[self.described_by(id)] {
                legend { (self.label) }
                (self.around(id))
                div.options {
                    @for (value, label) in options {
                        label.option {
                            input type="radio" name=(self.name) value=(value) checked[*value == self.value] required[self.is_required];
                            span { (label) }
                        }
                    }
                }
            }
        }
    }

    fn around(&self, id: &str) -> Markup {
        html! {
            @if !self.hint.is_empty() { p.hint id={ (id) "-hint" } { (self.hint) } }
            @if let Some(error) = self.error {
                p.error id={ (id) "-error" } { (icon(Icon::Alert)) (error) }
            }
        }
    }
}

impl Render for Field<'_> {
    fn render(&self) -> Markup {
        let id = self.id();
        match &self.kind {
            Kind::Choice(options) => self.choices(&id, options),
            Kind::Check => html! {
                div.field.check { (self.control(&id)) label for=(id) { (self.label) } (self.around(&id)) }
            },
            _ => html! {
                div.field { label for=(id) { (self.label) } (self.around(&id)) (self.control(&id)) }
            },
        }
    }
}

/// The attributes that all controls have.
struct Attributes<'f, 'a>(&'f Field<'a>, &'f str);

impl Attributes<'_, '_> {
    fn render_into_string(&self) -> String {
        let Attributes(field, id) = self;
        let mut text = pair("id", id) + &pair("name", field.name);
        if !field.autocomplete.is_empty() {
            text += &pair("autocomplete", field.autocomplete);
        }
        if let Some(ids) = field.described_by(id) {
            text += &pair("aria-describedby", &ids);
        }
        if field.error.is_some() {
            text += " aria-invalid=\"true\"";
        }
        if field.is_required {
            text += " required";
        }
        for (name, value) in field.attributes.iter().filter(|(name, _)| *name != "id") {
            text += &pair(name, value);
        }
        text
    }
}

/// ` name="value"`, escaped.
fn pair(name: &str, value: &str) -> String {
    format!(" {name}=\"{}\"", html! { (value) }.into_string())
}

/// `attributes` are escaped already.
fn tag(name: &str, attributes: &str) -> maud::PreEscaped<String> {
    maud::PreEscaped(format!("<{name} {}>", attributes.trim_start()))
}

/// Everything that is wrong with a form, before it; read out at once, each with a link to its field.
pub fn error_summary(visit: &Visit, errors: &Errors) -> Markup {
    html! {
        @if !errors.is_empty() {
            div.notice.bad.error-summary role="alert" tabindex="-1" {
                (icon(Icon::Alert))
                div {
                    p { strong { (errors.summary.as_deref().unwrap_or(&visit.t("form-has-errors"))) } }
                    @if errors.fields().next().is_some() {
                        ul { @for (field, text) in errors.fields() { li { a href={ "#field-" (anchor(field)) } { (field) } ": " (text) } } }
                    }
                }
            }
        }
    }
}

fn anchor(field: &str) -> String {
    field.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "\"><script>alert('x')</script>&";

    #[test]
    fn hostile_text_stays_text_wherever_it_stands() {
        let options = [(HOSTILE, HOSTILE)];
        let fields = [
            Field::text(HOSTILE, HOSTILE)
                .value(HOSTILE)
                .hint(HOSTILE)
                .error(Some(HOSTILE))
                .autocomplete(HOSTILE)
                .with("pattern", HOSTILE),
            Field::area("a", HOSTILE, 3).value(HOSTILE),
            Field::select("s", HOSTILE, &options).value(HOSTILE),
            Field::choice("c", HOSTILE, &options).value(HOSTILE),
            Field::check("k", HOSTILE).value(HOSTILE),
        ];
        for field in fields {
            let html = field.render().into_string();
            assert!(!html.contains("<script") && !html.contains(HOSTILE), "{html}");
        }
    }

    #[test]
    fn an_error_belongs_to_its_control() {
        let html =
            Field::email("email", "Email").hint("Where mail goes.").error(Some("is taken")).required().render().into_string();
        assert!(html.contains(r#"<label for="field-email">"#), "{html}");
        assert!(html.contains(r#"aria-describedby="field-email-hint field-email-error" aria-invalid="true" required"#), "{html}");
        assert!(html.contains(r#"<p class="error" id="field-email-error">"#), "{html}");
    }

    #[test]
    fn a_password_is_never_sent_back() {
        assert!(!Field::password("password", "Password").value("secret").render().into_string().contains("secret"));
    }
}
