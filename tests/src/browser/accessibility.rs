//! Whether a page can be used by everybody, as far as a program can tell: the rules of WCAG 2.2 A and AA by axe-core, and one
//! main heading.

use serde_json::Value;

use super::{Browser, target};

const RUN: &str = r"
const done = arguments[arguments.length - 1];
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
axe.run(document, { runOnly: tags, resultTypes: ['violations'] })
  .then((found) => done(found.violations.map((rule) => ({
    id: rule.id, help: rule.help, nodes: rule.nodes.slice(0, 5).map((node) => node.html.slice(0, 200) + ' ' + node.failureSummary),
  }))))
  .catch((error) => done([{ id: 'axe', help: String(error), nodes: [] }]));
";

/// Fails with what is wrong and where. A browser without scripts cannot run the rules; it gets the same pages as others.
pub async fn check_accessible(browser: &Browser) {
    if !browser.looking.scripts {
        return;
    }
    let file = target().join("browser/axe.min.js");
    let axe = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask equip` fetches it", file.display()));
    browser.execute(&axe, Vec::new()).await;
    let violations = browser.execute_async(RUN).await;
    let path = browser.path().await;
    assert_eq!(violations, Value::Array(Vec::new()), "{path} as {:?}", browser.looking);
    let headings = browser.execute("return document.querySelectorAll('h1').length", Vec::new()).await;
    assert_eq!(headings, 1, "{path} has other than one main heading");
}
