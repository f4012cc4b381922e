//! The `psdeck` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    psdeck::cli::main()
}
