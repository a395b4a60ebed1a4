//! A real browser: Chromium without a window, driven over WebDriver. It sees what people see: sizes, schemes, scripts or
//! none. What it needs `cargo xtask equip` installs.

mod accessibility;
mod commands;
mod driver;

use std::path::{Path, PathBuf};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::poll::{until, until_ok};
use commands::{Cdp, Log};
use driver::Driver;

pub use accessibility::check_accessible;

const PATIENCE_SECONDS: u64 = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 360 by 780.
    Phone,
    /// 1280 by 900.
    Desktop,
}

impl Size {
    const fn pixels(self) -> (u32, u32) {
        match self {
            Size::Phone => (360, 780),
            Size::Desktop => (1280, 900),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

/// How somebody looks at pages.
#[derive(Clone, Copy, Debug)]
pub struct Looking {
    pub size: Size,
    pub scheme: Scheme,
    pub scripts: bool,
    /// As browsers send it: `en`, `hi`.
    pub language: &'static str,
}

impl Default for Looking {
    fn default() -> Self {
        Looking { size: Size::Desktop, scheme: Scheme::Light, scripts: true, language: "en" }
    }
}

/// A browser with its own cookies. Close it at the end; a test that fails leaves that to the driver.
pub struct Browser {
    client: Client,
    base: String,
    pub looking: Looking,
    _driver: Driver,
}

impl Browser {
    /// At a platform's plain port: `http://127.0.0.1:8080`.
    pub async fn open(base: &str, looking: Looking) -> Self {
        let driver = Driver::start();
        let capabilities = capabilities(looking);
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(&driver.url).await.unwrap();
        let browser = Browser { client, base: base.to_owned(), looking, _driver: driver };
        let (width, height) = looking.size.pixels();
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": looking.size == Size::Phone });
        browser.client.issue_cmd(Cdp::new("Emulation.setDeviceMetricsOverride", metrics)).await.unwrap();
        browser
    }

    pub async fn go(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.unwrap();
    }

    /// The path and query of the page.
    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    pub async fn html(&self) -> String {
        self.client.source().await.unwrap()
    }

    pub async fn title(&self) -> String {
        self.client.title().await.unwrap()
    }

    /// The first element of the selector, once it is there.
    pub async fn find(&self, selector: &str) -> Element {
        until(PATIENCE_SECONDS, selector, async || self.client.find(Locator::Css(selector)).await.ok()).await
    }

    pub async fn has(&self, selector: &str) -> bool {
        self.client.find(Locator::Css(selector)).await.is_ok()
    }

    pub async fn text(&self, selector: &str) -> String {
        self.with(selector, async |element: Element| element.text().await).await
    }

    /// Does something with the first element of the selector. What is found may belong to the page that is just being left:
    /// then it is tried again on the next one.
    async fn with<T>(&self, selector: &str, work: impl AsyncFn(Element) -> Result<T, CmdError>) -> T {
        until_ok(PATIENCE_SECONDS, selector, async || work(self.client.find(Locator::Css(selector)).await?).await).await
    }

    /// Waits until the element says this somewhere.
    pub async fn await_text(&self, selector: &str, expected: &str) {
        let what = format!("`{expected}` in {selector}");
        until(PATIENCE_SECONDS, &what, async || {
            let text = self.client.find(Locator::Css(selector)).await.ok()?.text().await.ok()?;
            text.contains(expected).then_some(())
        })
        .await;
    }

    pub async fn fill(&self, selector: &str, text: &str) {
        let fill = async |field: Element| {
            field.clear().await?;
            field.send_keys(text).await
        };
        self.with(selector, fill).await;
    }

    /// Presses a link or a button.
    pub async fn press(&self, selector: &str) {
        self.with(selector, async |element: Element| element.click().await).await;
    }

    /// As if the browser had lost it, or its time had come.
    pub async fn lose_cookie(&self, name: &str) {
        self.client.delete_cookie(name).await.unwrap();
    }

    /// Signs in on the page for it, of the application at `prefix` (empty for the shop).
    pub async fn sign_in(&self, prefix: &str, email: &str, password: &str) {
        self.go(&format!("{prefix}/sign-in")).await;
        self.fill("#field-email", email).await;
        self.fill("#field-password", password).await;
        self.press("main form button[type=submit]").await;
        self.find("header details.menu").await;
    }

    /// Runs a script as the body of a function, whatever the page allows.
    pub async fn execute(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap()
    }

    async fn execute_async(&self, script: &str) -> Value {
        self.client.execute_async(script, Vec::new()).await.unwrap()
    }

    /// How much wider than the window the page is: nothing, unless it is broken.
    pub async fn overflow(&self) -> i64 {
        let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        self.execute(script, Vec::new()).await.as_i64().unwrap()
    }

    /// What the browser complained of since it was last asked: broken scripts, refused content, failed loads.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.client.issue_cmd(Log).await.unwrap();
        let entries = entries.as_array().cloned().unwrap_or_default();
        let is_bad = |entry: &&Value| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING"));
        entries.iter().filter(is_bad).map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The whole page, in target/screenshots.
    pub async fn screenshot(&self, name: &str) -> PathBuf {
        let parameters = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.client.issue_cmd(Cdp::new("Page.captureScreenshot", parameters)).await.unwrap();
        let folder = target().join("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{name}-{:?}-{:?}.png", self.looking.size, self.looking.scheme).to_lowercase());
        let engine = base64::engine::general_purpose::STANDARD;
        std::fs::write(&file, base64::Engine::decode(&engine, picture["data"].as_str().unwrap()).unwrap()).unwrap();
        file
    }

    pub async fn close(self) {
        self.client.close().await.unwrap();
    }
}

/// The page as it is now: everybody can use it, it fits the window, and the browser has nothing to complain of. Its picture is kept
/// under this name.
pub async fn check_page(browser: &Browser, name: &str) {
    check_accessible(browser).await;
    assert_eq!(browser.overflow().await, 0, "{name} is wider than the window");
    assert_eq!(browser.complaints().await, Vec::<String>::new(), "{name}");
    browser.screenshot(name).await;
}

fn capabilities(looking: Looking) -> serde_json::Map<String, Value> {
    let scheme = if looking.scheme == Scheme::Dark { 0 } else { 1 };
    let mut arguments = vec![
        "--headless=new".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--hide-scrollbars".to_owned(),
        format!("--lang={}", looking.language),
        format!("--blink-settings=preferredColorScheme={scheme}"),
    ];
    if rustix::process::geteuid().is_root() {
        arguments.push("--no-sandbox".to_owned());
    }
    let scripts = if looking.scripts { 1 } else { 2 };
    let preferences = json!({
        "profile.managed_default_content_settings.javascript": scripts,
        "intl.accept_languages": looking.language,
    });
    let all = json!({
        "browserName": "chrome",
        "goog:chromeOptions": { "args": arguments, "prefs": preferences },
        "goog:loggingPrefs": { "browser": "ALL" },
        "timeouts": { "script": Duration::from_secs(30).as_millis() },
    });
    all.as_object().unwrap().clone()
}

/// The target folder of this build.
fn target() -> PathBuf {
    // target/<profile>/deps/<test>
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(3).unwrap_or(Path::new("target")).to_owned()
}
