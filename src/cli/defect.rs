//! A defect of psdeck: the terminal comes back, a report file says where it happened, and the status is 70.

use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};

use crate::config;
use crate::session::{ExitCode, Report};

/// Replaces the panic hook. A panic anywhere ends the program: half of it cannot be trusted to go on.
pub(super) fn install() {
    panic::set_hook(Box::new(|info| {
        super::tty::restore();
        let folder = config::state_folder().unwrap_or_else(std::env::temp_dir);
        let shown = block(write(&folder, &text(info)));
        let _ = writeln!(io::stderr().lock(), "{shown}");
        end();
    }));
}

/// Which defect it was: where, and on what path. Of the message only what stands in our source: one that was put
/// together while running may quote a script, an answer or a secret.
fn text(info: &PanicHookInfo<'_>) -> String {
    let mut text = format!(
        "psdeck {} on {} {}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    if let Some(place) = info.location() {
        let _ = writeln!(text, "at {place}");
    }
    if let Some(message) = info.payload().downcast_ref::<&'static str>() {
        let _ = writeln!(text, "{message}");
    }
    let _ = writeln!(text, "\n{}", Backtrace::force_capture());
    text
}

/// Writes the report, readable by the user only.
fn write(folder: &Path, text: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let file = folder.join(format!("defect-{}.txt", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&file)?.write_all(text.as_bytes())?;
    Ok(file)
}

fn block(written: io::Result<PathBuf>) -> String {
    let mut report = Report::new(ExitCode::Defect, "psdeck has a defect and had to end");
    match written {
        Ok(file) => report.hints.push(format!(
            "'{}' says where; it holds no text of a session, and its author will want it",
            file.display()
        )),
        Err(error) => report
            .reasons
            .push(format!("no report could be written: {error}")),
    }
    report.block()
}

#[expect(clippy::exit, reason = "the one way out of a panic on any thread")]
fn end() {
    std::process::exit(ExitCode::Defect as i32);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_the_users_alone_and_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = write(&folder.path().join("new"), "where").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "where");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(&file).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        assert!(block(Ok(file.clone())).contains(file.to_str().unwrap()));
    }
}
