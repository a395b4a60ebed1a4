//! Every file opens by saying what it is for and what always holds, in one to eight lines of `//!`. Empty ones between
//! paragraphs do not count.

use super::Finding;
use crate::tree::Source;

const LINES_MAX: usize = 8;

pub fn check(source: &Source) -> Option<Finding> {
    let opening = source.text.lines().take_while(|line| line.starts_with("//!"));
    match opening.filter(|line| line.trim_end() != "//!").count() {
        0 => {
            let message = "open the file with `//!`: what it is for, and what always holds";
            Some(Finding::new(&source.path, 1, message))
        }
        1..=LINES_MAX => None,
        lines => {
            let message = format!("{lines} lines of opening: at most {LINES_MAX}; the rest belongs where it applies");
            Some(Finding::new(&source.path, 1, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_has_one_to_eight_lines_that_say_something() {
        let is_found = |text: &str| check(&Source::new("a.rs", text)).is_some();
        assert!(!is_found("//! Orders.\n\nuse x;\n"));
        assert!(!is_found(&"//! Orders.\n//!\n".repeat(8)));
        for bad in ["", "use x;\n", "// Orders.\n", "\n//! Orders.\n", "//!\n", "#![deny(x)]\n//! Orders.\n"] {
            assert!(is_found(bad), "{bad:?}");
        }
        assert!(is_found(&"//! Orders.\n".repeat(9)));
    }
}
