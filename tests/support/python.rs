//! The Python environment of the foreign peers: made under `target/` on first use.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the foreign peers.
pub fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}

/// The interpreter of an environment that has `requirements.txt`. Made once, whichever of several tests, each a process
/// of its own, comes first. The error says what is missing.
pub fn python() -> Result<PathBuf, String> {
    let requirements = peers().join("requirements.txt");
    let wanted = fs::read_to_string(&requirements)
        .map_err(|e| format!("{}: {e}", requirements.display()))?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let interpreter = folder.join("bin/python");
    let stamp = folder.join("made-from.txt");
    let is_made = || fs::read_to_string(&stamp).is_ok_and(|made| made == wanted);
    if is_made() {
        return Ok(interpreter);
    }
    fs::create_dir_all(env!("CARGO_TARGET_TMPDIR")).map_err(|e| e.to_string())?;
    let lock = File::create(folder.with_extension("lock")).map_err(|e| e.to_string())?;
    lock.lock().map_err(|e| e.to_string())?;
    if is_made() {
        return Ok(interpreter);
    }
    run(Command::new(base()?)
        .args(["-m", "venv", "--clear"])
        .arg(&folder))?;
    run(Command::new(&interpreter)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ])
        .arg(&requirements))?;
    fs::write(&stamp, wanted).map_err(|e| e.to_string())?;
    Ok(interpreter)
}

/// A Python of 3.11 or later that can make environments. The system's comes first: other accounts can run it too.
fn base() -> Result<&'static str, String> {
    let able = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";
    ["/usr/bin/python3", "python3"]
        .into_iter()
        .find(|python| {
            Command::new(python)
                .args(["-c", able])
                .output()
                .is_ok_and(|output| output.status.success())
        })
        .ok_or_else(|| "no Python 3.11 with venv (tests/peers/install installs it)".into())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}
