//! What a message looks like: subject, plain text and HTML, from the templates that are built in. Texts of sellers and
//! buyers show as text: the HTML templates escape everything that is put into them.

use haat_kernel::{Error, Money, Result};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};

use crate::amount;
use crate::content::Content;

const TEMPLATES: [(&str, &str); 8] = [
    ("layout.html", include_str!("../templates/layout.html")),
    ("parts.html", include_str!("../templates/parts.html")),
    ("lines.txt", include_str!("../templates/lines.txt")),
    ("sums.txt", include_str!("../templates/sums.txt")),
    ("order_confirmation.html", include_str!("../templates/order_confirmation.html")),
    ("order_confirmation.txt", include_str!("../templates/order_confirmation.txt")),
    ("order_cancellation.html", include_str!("../templates/order_cancellation.html")),
    ("order_cancellation.txt", include_str!("../templates/order_cancellation.txt")),
];

pub struct Templates(Environment<'static>);

pub struct Rendered {
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Templates {
    /// Fails when a template is not well-formed.
    pub fn new() -> Result<Self> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
        environment.set_syntax(syntax.map_err(Error::internal)?);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_filter("money", |money: Serde<Money>| amount::format(&money));
        for (name, source) in TEMPLATES {
            environment.add_template(name, source).map_err(Error::internal)?;
        }
        Ok(Templates(environment))
    }

    pub fn render(&self, content: &Content) -> Result<Rendered> {
        let subject = subject(content);
        let html = self.part(&format!("{}.html", content.template()), &subject, content)?;
        let text = self.part(&format!("{}.txt", content.template()), &subject, content)?;
        Ok(Rendered { subject, text, html })
    }

    fn part(&self, name: &str, subject: &str, content: &Content) -> Result<String> {
        let template = self.0.get_template(name).map_err(Error::internal)?;
        template.render(context! { subject, content => Serde(content) }).map_err(Error::internal)
    }
}

fn subject(content: &Content) -> String {
    match content {
        Content::OrderConfirmation(placed) => format!("Your order {} is placed", placed.number),
        Content::OrderCancellation(canceled) if canceled.is_whole_group => format!("Your order {} is canceled", canceled.number),
        Content::OrderCancellation(canceled) => format!("A part of your order {} is canceled", canceled.number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn check(name: &str, content: &Content) {
        let rendered = Templates::new().unwrap().render(content).unwrap();
        insta::with_settings!({ snapshot_path => "../tests/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("{name}.txt"), format!("{}\n\n{}", rendered.subject, rendered.text));
            insta::assert_snapshot!(format!("{name}.html"), rendered.html);
        });
        for escape in ["<script>", "None", "undefined"] {
            assert!(!rendered.html.contains(escape), "{escape} in {name}");
        }
        assert!(rendered.text.contains(samples::HOSTILE_TITLE));
    }

    #[test]
    fn messages_look_as_they_did() {
        check("order_confirmation", &samples::confirmation());
        check("order_cancellation", &samples::cancellation());
    }
}
