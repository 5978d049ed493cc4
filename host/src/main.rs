//! The program. It names nothing but the library, so that the tests build the same file and run it.

use std::process::ExitCode;

fn main() -> ExitCode {
    sanderling::cli::main()
}
