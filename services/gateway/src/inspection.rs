//! Request inspection: paths that climb, characters that no client means, and tools that announce themselves. It looks
//! at bytes that no honest request has and guesses at nothing else, so `women's kurta` and `100% cotton` always pass.

use http::StatusCode;
use http::header::USER_AGENT;
use http::request::Parts;

use crate::problem::Problem;

/// What happens to a request that was found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inspection {
    #[default]
    Block,
    /// Only log it.
    Monitor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    Traversal,
    ControlCharacter,
    Scanner,
}

/// Names at the beginning of a word of a `User-Agent`, lower-case.
const SCANNERS: &[&str] =
    &["acunetix", "dirbuster", "gobuster", "masscan", "nessus", "nikto", "nmap", "nuclei", "sqlmap", "wpscan", "zgrab"];
/// The part of a `User-Agent` that is looked at.
const AGENT_BYTES_MAX: usize = 256;

impl Inspection {
    /// The setting `inspection`: `block` or `monitor`.
    pub fn parse(setting: &str) -> Option<Self> {
        match setting {
            "block" => Some(Inspection::Block),
            "monitor" => Some(Inspection::Monitor),
            _ => None,
        }
    }

    pub fn inspect(self, parts: &Parts) -> Result<(), Problem> {
        let Some(finding) = find(parts) else { return Ok(()) };
        tracing::warn!(?finding, mode = ?self, "request inspection");
        match self {
            Inspection::Monitor => Ok(()),
            Inspection::Block => Err(finding.problem()),
        }
    }
}

impl Finding {
    fn problem(self) -> Problem {
        let (status, detail) = match self {
            Finding::Traversal => (StatusCode::BAD_REQUEST, "The path climbs out of where it is."),
            Finding::ControlCharacter => (StatusCode::BAD_REQUEST, "The path or the query has a control character."),
            Finding::Scanner => (StatusCode::FORBIDDEN, "This client is not served."),
        };
        Problem::new(status, "request_blocked", detail)
    }
}

fn find(parts: &Parts) -> Option<Finding> {
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    if (path.contains("..") || path.contains('%')) && climbs(path) {
        return Some(Finding::Traversal);
    }
    // Lines and tabs are what people paste into a search box.
    let is_pasted = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r');
    if encoded(path).any(|byte| byte.is_ascii_control()) || encoded(query).any(|byte| byte.is_ascii_control() && !is_pasted(byte))
    {
        return Some(Finding::ControlCharacter);
    }
    let agent = parts.headers.get(USER_AGENT)?.as_bytes();
    is_scanner(&agent[..agent.len().min(AGENT_BYTES_MAX)]).then_some(Finding::Scanner)
}

fn climbs(path: &str) -> bool {
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(path).collect();
    decoded.split(|byte| matches!(byte, b'/' | b'\\')).any(|segment| segment == b"..")
}

/// The bytes that stand behind the percent signs.
fn encoded(text: &str) -> impl Iterator<Item = u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let bytes = text.as_bytes();
    let signs = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    signs.filter_map(move |(at, _)| {
        let value = digit(bytes.get(at + 1)?)? << 4 | digit(bytes.get(at + 2)?)?;
        u8::try_from(value).ok()
    })
}

fn is_scanner(agent: &[u8]) -> bool {
    let mut previous = b' ';
    agent.iter().enumerate().any(|(at, byte)| {
        let is_word_start = !previous.is_ascii_alphanumeric() && byte.is_ascii_alphabetic();
        previous = *byte;
        let begins = |name: &&str| agent.get(at..at + name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()));
        is_word_start && SCANNERS.iter().any(begins)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn finding(uri: &str, agent: &str) -> Option<Finding> {
        find(&Request::get(uri).header(USER_AGENT, agent).body(()).unwrap().into_parts().0)
    }

    #[test]
    fn shoppers_pass() {
        for query in
            ["women's+kurta", "women%27s%20kurta", "100%25%20cotton", "100%+cotton", "a..b", "select+shoes+union+jack", "x%0Ay"]
        {
            assert_eq!(finding(&format!("/v1/products:search?query={query}"), "Mozilla/5.0 (X11; Linux)"), None, "{query}");
        }
        assert_eq!(finding("/v1/products/a..b", "curl/8"), None);
    }

    #[test]
    fn attacks_are_found() {
        for path in ["/v1/../etc/passwd", "/v1/%2e%2e/x", "/v1/..%5c..%5cx", "/v1/x/.."] {
            assert_eq!(finding(path, "curl/8"), Some(Finding::Traversal), "{path}");
        }
        for path in ["/v1/products/a%00", "/v1/products/a%0d%0aSet-Cookie", "/v1/products:search?query=%1b"] {
            assert_eq!(finding(path, "curl/8"), Some(Finding::ControlCharacter), "{path}");
        }
        assert_eq!(finding("/", "sqlmap/1.7#stable"), Some(Finding::Scanner));
        assert_eq!(finding("/", "Mozilla/5.0 (compatible; Nmap Scripting Engine)"), Some(Finding::Scanner));
    }

    #[test]
    fn monitoring_lets_everything_pass() {
        let (parts, ()) = Request::get("/v1/../x").body(()).unwrap().into_parts();
        assert!(Inspection::Monitor.inspect(&parts).is_ok());
        assert_eq!(Inspection::Block.inspect(&parts).unwrap_err().status, 400);
    }
}
