//! Files stay readable in one sitting: 600 lines at most, and over 400 only those on a list that may only shrink.

use std::collections::BTreeMap;
use std::path::Path;

use super::Finding;
use crate::tree::Source;

/// A path a line; `#` begins a comment.
pub const LARGE_FILES: &str = "xtask/tidy/large-files.txt";
const LINES_MAX: usize = 600;
const LINES_UNLISTED_MAX: usize = 400;

pub fn check(sources: &[Source], large_files: &Source) -> Vec<Finding> {
    let listed: BTreeMap<&Path, usize> = large_files
        .lines()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| (Path::new(line), number))
        .collect();
    let sizes: BTreeMap<&Path, usize> =
        sources.iter().map(|source| (source.path.as_path(), source.text.lines().count())).collect();

    let too_large = sizes.iter().filter_map(|(path, lines)| {
        let limit = if listed.contains_key(path) { LINES_MAX } else { LINES_UNLISTED_MAX };
        let message = || format!("{lines} lines: at most {limit}; split it by what its parts are for");
        (*lines > limit).then(|| Finding::new(*path, *lines, message()))
    });
    let small_again = listed.iter().filter_map(|(path, number)| {
        let lines = sizes.get(path).copied().unwrap_or(0);
        let message = || format!("{} has {lines} lines: take it off this list", path.display());
        (lines <= LINES_UNLISTED_MAX).then(|| Finding::new(LARGE_FILES, *number, message()))
    });
    too_large.chain(small_again).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks one file `a.rs` of `lines` lines against this list.
    fn findings(lines: usize, list: &str) -> usize {
        check(&[Source::new("a.rs", "x\n".repeat(lines))], &Source::new(LARGE_FILES, list)).len()
    }

    #[test]
    fn a_file_is_small_or_listed_and_never_huge() {
        let listed = "# Why.\na.rs\n";
        assert_eq!((findings(400, ""), findings(401, "")), (0, 1));
        assert_eq!((findings(401, listed), findings(600, listed), findings(601, listed)), (0, 0, 1));
        assert_eq!(findings(400, listed), 1, "a listed file that shrank comes off the list");
        assert_eq!(findings(1, "gone.rs\n"), 1, "so does one that is gone");
    }
}
