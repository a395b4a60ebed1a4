//! `cargo xtask new-service`: lays out a service with the usual rooms and one small aggregate that works, to be changed into
//! the real thing. It never overwrites a file.

use std::path::{Path, PathBuf};

use crate::{Result, tree};

/// Where each file goes and what it says; `@name@` stands for the names.
const FILES: [(&str, &str); 8] = [
    ("contracts/proto/haat/@module@/v1/@module@.proto", include_str!("../templates/service/contract.proto.tmpl")),
    ("services/@service@/Cargo.toml", include_str!("../templates/service/Cargo.toml.tmpl")),
    ("services/@service@/src/lib.rs", include_str!("../templates/service/lib.rs.tmpl")),
    ("services/@service@/src/@aggregate@.rs", include_str!("../templates/service/aggregate.rs.tmpl")),
    ("services/@service@/src/api.rs", include_str!("../templates/service/api.rs.tmpl")),
    ("services/@service@/src/wire.rs", include_str!("../templates/service/wire.rs.tmpl")),
    ("services/@service@/tests/golden.rs", include_str!("../templates/service/golden.rs.tmpl")),
    (
        "services/@service@/tests/golden/@aggregate@.@aggregate@_created.json",
        include_str!("../templates/service/golden_event.json.tmpl"),
    ),
];

/// Printed in the end.
const NEXT_STEPS: &str = "\
What is left to do:
  1. contracts/src/lib.rs: `pub use generated::haat::@module@::v1 as @module@;`
  2. contracts/proto/haat/authority/v1/authority.proto: add \"@service@\" to the callers of Renew
  3. Cargo.toml, [workspace.dependencies]: `haat-@service@ = { path = \"services/@service@\" }`
  4. haat: depend on haat-@service@ and add `haat_@module@::definition()` to its list of services
  5. `cargo fmt`, `cargo xtask tidy --write`, and look at the new arrows in docs/service-graph.md
  6. `cargo test -p haat-@service@`, then make it what it is for
";

pub fn run(service: &str, aggregate: &str) -> Result<()> {
    let names = Names::new(service, aggregate)?;
    for path in lay_out(&tree::root()?, &names)? {
        println!("{}", path.display());
    }
    println!("\n{}", names.fill(NEXT_STEPS));
    Ok(())
}

/// The names in all the forms that files need.
struct Names([(&'static str, String); 5]);

impl Names {
    fn new(service: &str, aggregate: &str) -> Result<Self> {
        if !is_label(service) {
            return Err(format!("`{service}` is not a service's name: a lower-case word, or some with hyphens").into());
        }
        if !is_label(&aggregate.replace('_', "-")) || aggregate.contains('-') {
            return Err(format!("`{aggregate}` is not an aggregate's name: a lower-case word, or some with underscores").into());
        }
        let module = service.replace('-', "_");
        if module == aggregate {
            return Err("the aggregate needs another name than the service: usually its singular".into());
        }
        Ok(Names([
            ("@service@", service.to_owned()),
            ("@Service@", camel(&module)),
            ("@module@", module),
            ("@aggregate@", aggregate.to_owned()),
            ("@Aggregate@", camel(aggregate)),
        ]))
    }

    fn fill(&self, template: &str) -> String {
        self.0.iter().fold(template.to_owned(), |text, (place, name)| text.replace(place, name))
    }
}

fn is_label(name: &str) -> bool {
    name.split('-').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
}

fn camel(name: &str) -> String {
    let capitalized = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    name.split('_').map(capitalized).collect()
}

/// Writes the files and returns their paths; writes nothing when one of them is there already.
fn lay_out(root: &Path, names: &Names) -> Result<Vec<PathBuf>> {
    let filled = |(path, template): &(&str, &str)| (PathBuf::from(names.fill(path)), names.fill(template));
    let files: Vec<(PathBuf, String)> = FILES.iter().map(filled).collect();
    if let Some((path, _)) = files.iter().find(|(path, _)| root.join(path).exists()) {
        return Err(format!("{} is there already", path.display()).into());
    }
    for (path, text) in &files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(root))?;
        std::fs::write(path, text)?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy;

    #[test]
    fn what_it_lays_out_is_tidy_and_complete() {
        let root = tempfile::tempdir().unwrap();
        let names = Names::new("gift-cards", "gift_card").unwrap();
        let paths = lay_out(root.path(), &names).unwrap();
        assert!(paths.contains(&PathBuf::from("services/gift-cards/src/gift_card.rs")), "{paths:?}");
        for path in &paths {
            let text = std::fs::read_to_string(root.path().join(path)).unwrap();
            assert!(!text.contains('@'), "{}: a place is not filled", path.display());
        }
        assert_eq!(tidy::check_new(root.path(), &paths).unwrap(), []);
        assert!(names.fill(NEXT_STEPS).contains("`haat_gift_cards::definition()`"));
        assert!(lay_out(root.path(), &names).is_err(), "nothing is overwritten");
    }

    #[test]
    fn names_fit_certificates_modules_and_ids() {
        for (service, aggregate) in
            [("Reviews", "review"), ("gift_cards", "card"), ("reviews", "gift-card"), ("audit", "audit"), ("", "a")]
        {
            assert!(Names::new(service, aggregate).is_err(), "{service} {aggregate}");
        }
    }
}
