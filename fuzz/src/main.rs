//! The fuzzer: libFuzzer's own `main`, which feeds the target that the last argument names.
#![no_main]

use std::sync::OnceLock;

use haat_fuzz::{TARGETS, Target};

libfuzzer_sys::fuzz_target!(|data: &[u8]| (target().run)(data));

fn target() -> &'static Target {
    static TARGET: OnceLock<&Target> = OnceLock::new();
    TARGET.get_or_init(|| {
        let name = std::env::args().next_back().unwrap_or_default();
        TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("there is no target `{name}`"))
    })
}
