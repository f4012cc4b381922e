//! The foreign peers judge us, so they are judged too: by psrpcore's client and by recordings of real servers.

use std::path::Path;
use std::process::Command;

#[test]
fn the_peers_pass_their_own_tests() {
    if !crate::wanted() {
        return;
    }
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("selftest");
    let python = folder.join("bin/python");
    // What README.md there asks for.
    let packages = [
        "pytest==9.2.0",
        "PyYAML==6.0.3",
        "psrpcore==0.3.1",
        "pyspnego==0.12.4",
        "pypsrp[kerberos,credssp]==0.9.1",
        "cryptography==50.0.2",
        "gssapi==1.12.0",
        "krb5==0.10.0",
    ];
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet"])
        .args(packages));
    run(Command::new(&python)
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "selftest"])
        .current_dir(peers)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PSDECK_REFERENCE", reference()));
}

fn reference() -> String {
    std::env::var("PSDECK_REFERENCE")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/reference").to_owned())
}

fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
