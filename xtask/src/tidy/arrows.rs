//! Arrows between our crates point down: the binary to services, services to the platform, the platform to the contracts,
//! everything to the kernel. A service never depends on another service; the kernel depends on nobody.

use std::collections::BTreeMap;

use super::Finding;
use super::crates::{Crate, Dependency};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    Kernel,
    Contracts,
    Platform,
    /// What only tests may stand on.
    Testkit,
    Service,
    /// The one binary.
    Haat,
    /// What checks, measures and drives the rest: `xtask`, `tests`, `bench`.
    Tool,
}

impl Layer {
    fn of(member: &Crate) -> Self {
        let mut folders = member.manifest.path.iter().filter_map(|part| part.to_str());
        match (folders.next(), folders.next()) {
            (Some("contracts"), _) => Layer::Contracts,
            (Some("platform"), Some("kernel")) => Layer::Kernel,
            (Some("platform"), Some("testkit")) => Layer::Testkit,
            (Some("platform"), _) | (Some("web"), Some("kit")) => Layer::Platform,
            (Some("services" | "web"), _) => Layer::Service,
            (Some("haat"), _) => Layer::Haat,
            _ => Layer::Tool,
        }
    }

    fn may_use(self, other: Layer, is_for_tests: bool) -> bool {
        use Layer::{Contracts, Haat, Kernel, Platform, Service, Testkit, Tool};
        match self {
            Kernel => false,
            Contracts => other == Kernel,
            Platform | Service if other == Testkit => is_for_tests,
            Platform | Testkit | Service => matches!(other, Kernel | Contracts | Platform),
            Haat => matches!(other, Kernel | Contracts | Platform | Testkit | Service),
            Tool => other != Tool,
        }
    }

    fn rule(self) -> &'static str {
        match self {
            Layer::Kernel => "the kernel depends on no crate of ours",
            Layer::Contracts => "the contracts depend on the kernel alone",
            Layer::Platform | Layer::Testkit => {
                "the platform depends on platform crates and the contracts, on the testkit only for tests"
            }
            Layer::Service => {
                "a service depends on platform crates and the contracts, on the testkit only for tests; it reaches other services through their contracts"
            }
            Layer::Haat => "the binary depends on services, the platform and the contracts",
            Layer::Tool => "tools do not depend on each other",
        }
    }
}

pub fn check(crates: &[Crate]) -> Vec<Finding> {
    let layers: BTreeMap<&str, Layer> = crates.iter().map(|member| (member.name.as_str(), Layer::of(member))).collect();
    let arrows = crates.iter().flat_map(|member| member.dependencies.iter().map(move |dependency| (member, dependency)));
    let wrong = arrows.filter_map(|(member, dependency)| {
        let (from, to) = (Layer::of(member), *layers.get(dependency.name.as_str())?);
        (!from.may_use(to, dependency.is_for_tests)).then(|| finding(member, dependency, from))
    });
    wrong.collect()
}

fn finding(member: &Crate, dependency: &Dependency, from: Layer) -> Finding {
    let names_it = |line: &str| {
        let name = line.split(['.', ' ', '=']).next();
        name == Some(dependency.name.as_str())
    };
    let line = member.manifest.lines().find(|(_, line)| names_it(line)).map_or(1, |(number, _)| number);
    let message = format!("{} must not depend on {}: {}", member.name, dependency.name, from.rule());
    Finding::new(&member.manifest.path, line, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Source;

    fn member(folder: &str, name: &str, dependencies: &[(&str, bool)]) -> Crate {
        let text: String = dependencies.iter().map(|(name, _)| format!("{name}.workspace = true\n")).collect();
        let dependency =
            |(name, is_for_tests): &(&str, bool)| Dependency { name: (*name).to_owned(), is_for_tests: *is_for_tests };
        Crate {
            name: name.to_owned(),
            manifest: Source::new(format!("{folder}/Cargo.toml"), text),
            dependencies: dependencies.iter().map(dependency).collect(),
        }
    }

    /// The arrow from a crate in `folder` to each crate of a small workspace: which of them are found wrong.
    #[track_caller]
    fn check_wrong(folder: &str, is_for_tests: bool, wrong: &[&str]) {
        let names = ["kernel", "contracts", "store", "testkit", "orders", "haat", "tests"];
        let folders = ["platform/kernel", "contracts", "platform/store", "platform/testkit", "services/orders", "haat", "tests"];
        let mut crates: Vec<Crate> = folders.iter().zip(names).map(|(folder, name)| member(folder, name, &[])).collect();
        let dependencies: Vec<(&str, bool)> = names.map(|name| (name, is_for_tests)).to_vec();
        crates.push(member(folder, "new", &dependencies));
        let found = check(&crates);
        let lines: Vec<&str> = found.iter().map(|finding| names[finding.line - 1]).collect();
        assert_eq!(lines, wrong, "{found:?}");
    }

    #[test]
    fn arrows_point_down() {
        check_wrong("services/new", false, &["testkit", "orders", "haat", "tests"]);
        check_wrong("services/new", true, &["orders", "haat", "tests"]);
        check_wrong("web/new", false, &["testkit", "orders", "haat", "tests"]);
        check_wrong("web/kit", false, &["testkit", "orders", "haat", "tests"]);
        check_wrong("platform/new", false, &["testkit", "orders", "haat", "tests"]);
        check_wrong("platform/testkit", false, &["testkit", "orders", "haat", "tests"]);
        check_wrong("platform/kernel", true, &["kernel", "contracts", "store", "testkit", "orders", "haat", "tests"]);
        check_wrong("contracts", false, &["contracts", "store", "testkit", "orders", "haat", "tests"]);
        check_wrong("haat", false, &["haat", "tests"]);
        check_wrong("bench", false, &["tests"]);
    }
}
