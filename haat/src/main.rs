//! The one binary of Haat. `haat up` runs the whole platform on this machine; `haat run` runs one service of it; the other
//! commands look at what is there.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    haat::program::main()
}
