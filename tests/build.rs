//! Links the simulator with a clock of the operating system that stands still.

use std::error::Error;

const CLOCK: &str = "src/bin/simulate/clock.c";

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script of its target by the environment")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={CLOCK}");
    if std::env::var("CARGO_CFG_TARGET_OS")? == "linux" {
        for object in cc::Build::new().file(CLOCK).try_compile_intermediates()? {
            println!("cargo::rustc-link-arg-bin=simulate={}", object.display());
        }
    }
    Ok(())
}
