//! The command line itself: help, statuses, error blocks, configuration, completion scripts.

use crate::support::psdeck::Psdeck;

#[test]
fn help_of_every_verb_is_as_documented() {
    for verb in [
        "",
        "enter",
        "invoke",
        "list",
        "new",
        "connect",
        "disconnect",
        "receive",
        "remove",
        "clixml",
        "doctor",
        "config",
        "completions",
    ] {
        let ran = Psdeck::new()
            .args(verb.split_whitespace())
            .arg("--help")
            .run()
            .expect(0);
        assert_eq!(ran.err, "");
        let name = format!("help {verb}").trim().replace(' ', "-");
        insta::assert_snapshot!(name, ran.out);
    }
}

#[test]
fn the_version_is_on_standard_output() {
    let ran = Psdeck::new().arg("--version").run().expect(0);
    assert_eq!(ran.out, format!("psdeck {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_what_is_wrong() {
    let coloured = Psdeck::new().args(["frobnicate", "--color", "always"]);
    assert!(coloured.run().expect(2).err.starts_with("\u{1b}[1;31m"));
    for arguments in [
        &["frobnicate"][..],
        &["config"],
        &["config", "show", "--colour"],
        &["completions", "korn"],
    ] {
        let ran = Psdeck::new().args(arguments).run().expect(2);
        assert_eq!(ran.out, "");
        assert!(!ran.err.is_empty());
    }
}

#[test]
fn configuration_is_shown_with_what_computers_inherit() {
    let ran = Psdeck::new()
        .config("[computers.Web1]\ntarget = 'ssh:web1'\ngroup = 'web'\nusr = 1\n[groups.web]\nuser = 'deploy'\n")
        .args(["config", "show"])
        .run()
        .expect(0);
    assert_eq!(
        ran.out,
        "[computers.Web1]\ngroup = \"web\"\ntarget = \"ssh:web1\"\nuser = \"deploy\"\n"
    );
    assert!(ran.err.starts_with("warning: "), "{}", ran.err);
    assert!(
        ran.err
            .ends_with("config.toml:4: unknown key 'usr' of 'Web1'\n"),
        "{}",
        ran.err
    );
}

#[test]
fn a_configuration_that_cannot_be_is_an_error_with_its_line() {
    let ran = Psdeck::new()
        .config("[ui]\ntheme = 3\n")
        .args(["config", "check"])
        .run()
        .expect(2);
    assert!(
        ran.err
            .starts_with("error: the configuration cannot be used\n  because "),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("config.toml:2: "), "{}", ran.err);
    assert!(ran.err.contains("\nhint: "), "{}", ran.err);
}

#[test]
fn check_finds_profiles_that_lead_nowhere() {
    let ran = Psdeck::new()
        .config("[computers.a]\ntarget = 'web1:5985'\n")
        .args(["config", "check"])
        .run()
        .expect(2);
    assert!(ran.err.contains("wsman:web1:5985"), "{}", ran.err);
}

#[test]
fn configuration_of_wsman_is_shown_with_whom_it_trusts() {
    let ran = Psdeck::new()
        .config(
            "trusted_hosts = ['*.lab']\n[computers.A]\ntarget = 'wsman:a.lab:80'\ngroup = 'web'\n\
             [groups.web]\nauth = 'Digest'\nconfiguration_name = 'ITTasks'\n",
        )
        .args(["config", "show"])
        .run();
    assert!(ran.err.contains("config.toml:6: "), "{}", ran.err);
    let ran = Psdeck::new()
        .config(
            "trusted_hosts = ['*.lab']\n[computers.A]\ntarget = 'wsman:a.lab:80'\ngroup = 'web'\n\
             [groups.web]\nauth = 'ntlm'\nconfiguration_name = 'ITTasks'\n",
        )
        .args(["config", "show"])
        .run()
        .expect(0);
    assert_eq!(
        ran.out,
        "trusted_hosts = [\"*.lab\"]\n\n[computers.A]\nauth = \"ntlm\"\nconfiguration_name = \"ITTasks\"\n\
         group = \"web\"\ntarget = \"wsman:a.lab:80\"\ntrust_host = true\n"
    );
    assert_eq!(ran.err, "");
}

#[test]
fn errors_have_colours_only_when_asked_for() {
    let wrong = || Psdeck::new().config("x = =\n").args(["config", "check"]);
    assert!(!wrong().run().err.contains('\u{1b}'));
    assert!(
        wrong()
            .args(["--color", "always"])
            .run()
            .err
            .starts_with("\u{1b}[1;31merror:\u{1b}[0m ")
    );
    assert!(
        !wrong()
            .args(["--color", "never"])
            .run()
            .err
            .contains('\u{1b}')
    );
}

#[test]
fn completion_scripts_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = Psdeck::new().args(["completions", shell]).run().expect(0);
        assert!(ran.out.contains("psdeck"), "{shell}");
    }
}

#[test]
fn a_log_is_the_users_alone() {
    let psdeck = Psdeck::new();
    let log = psdeck.path("psdeck.log");
    // The home goes with the run: look while it goes on.
    let mut going = psdeck.args(["config", "path", "--log"]).arg(&log).start();
    going.wait_for("config.toml");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&log).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    going.wait().expect(0);
}
