//! The program against the foreign WSMan server: each way in, and each way of not getting in.

use std::io::Write as _;

use serde_json::json;

use crate::support::psdeck::{Psdeck, Ran};
use crate::support::screen::Screen;
use crate::support::wsman::{PASSWORD, USER, WsmanBuilder, WsmanPeer};

/// Both verbs, with what makes each of them say 2.
const VERBS: [(&str, &[&str]); 2] = [("invoke", &["-c", "1 + 1"]), ("enter", &[])];

/// A verb on a profile that leads to this URL with the right password.
fn psdeck(peer: &WsmanPeer, verb: &str, url: &str, more: &[&str]) -> Psdeck {
    let command = json!(peer.password_command());
    Psdeck::new()
        .config(&format!(
            "[computers.Server01]\ntarget = '{url}'\nuser = '{USER}'\npassword_command = {command}\n"
        ))
        .args([verb, "Server01"])
        .args(more)
        .input("1 + 1\n")
}

/// The same, with the peer's authority trusted.
fn trusting(peer: &WsmanPeer, verb: &str, more: &[&str]) -> Psdeck {
    psdeck(peer, verb, &peer.https_url(), more)
        .arg("--ca")
        .arg(peer.ca_file())
}

/// Both verbs are refused, and say all of this.
#[track_caller]
fn refused(words: &[&str], run: impl Fn(&str, &[&str]) -> Psdeck) -> Ran {
    let mut last = None;
    for (verb, more) in VERBS {
        let status = if verb == "enter" { 255 } else { 4 };
        let ran = run(verb, more).run().expect(status);
        for word in words {
            assert!(ran.err.contains(word), "no '{word}' in:\n{}", ran.err);
        }
        assert!(ran.err.contains("\nhint: "), "{}", ran.err);
        assert!(!ran.err.contains(PASSWORD), "{}", ran.err);
        assert_eq!(ran.out, "", "{verb}");
        last = Some(ran);
    }
    last.expect("two verbs")
}

#[track_caller]
fn works(peer: &WsmanPeer, run: impl Fn(&str, &[&str]) -> Psdeck) {
    for (verb, more) in VERBS {
        let ran = run(verb, more).run().expect(0);
        assert_eq!(ran.out, "2\n", "{verb}: {}", ran.err);
        assert_eq!(ran.err, "", "{verb}");
    }
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn basic_goes_over_https() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    works(&peer, |verb, more| {
        trusting(&peer, verb, more).args(["--auth", "basic"])
    });
}

#[test]
fn ntlm_and_negotiate_are_sealed_over_http() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    // The peer answers nothing that is not sealed.
    for method in ["default", "negotiate", "ntlm"] {
        works(&peer, |verb, more| {
            psdeck(&peer, verb, &peer.http_url(), more).args(["--auth", method, "--trust-host"])
        });
    }
}

#[test]
fn ntlm_and_negotiate_are_bound_to_the_certificate_over_https() {
    let Some(peer) = WsmanPeer::new().set("cbt", "strict").start() else {
        return;
    };
    for method in ["default", "negotiate", "ntlm"] {
        works(&peer, |verb, more| {
            trusting(&peer, verb, more).args(["--auth", method])
        });
    }
}

#[test]
fn a_computer_s_name_and_options_make_the_url() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let port = peer.port("https").to_string();
    let ran = Psdeck::new()
        .args(["invoke", "localhost", "--use-ssl", "--port", &port])
        .args(["--user", "PSDECK\\alice", "--password-stdin", "--ca"])
        .arg(peer.ca_file())
        .args(["--application-name", "WSMAN", "-c", "1 + 1"])
        .input(format!("{PASSWORD}\n"))
        .run()
        .expect(0);
    assert_eq!(ran.out, "2\n");
}

#[test]
fn trusted_hosts_of_the_configuration_are_trusted() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let run = |pattern: &str| {
        Psdeck::new()
            .config(&format!("trusted_hosts = ['{pattern}']\n"))
            .args(["invoke", &peer.http_url(), "--user", USER, "-c", "1 + 1"])
            .arg("--password-stdin")
            .input(format!("{PASSWORD}\n"))
            .run()
    };
    assert_eq!(run("127.0.0.?").expect(0).out, "2\n");
    let ran = run("127.0.1.?").expect(4);
    for word in [
        "is not trusted",
        "--trust-host",
        "trusted_hosts",
        "--use-ssl",
    ] {
        assert!(ran.err.contains(word), "no '{word}' in:\n{}", ran.err);
    }
}

#[test]
fn without_trust_nothing_of_ntlm_leaves() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    refused(&["is not trusted", "[ServerNotTrusted"], |verb, more| {
        psdeck(&peer, verb, &peer.http_url(), more)
    });
    let state = peer.state();
    assert_eq!(state["received"], json!({}), "{state:#}");
}

#[test]
fn a_server_without_a_method_in_common_says_what_it_offers() {
    let kerberos = |peer: WsmanBuilder| peer.set("auth", json!(["kerberos"])).start();
    let Some(peer) = kerberos(WsmanPeer::new()) else {
        return;
    };
    refused(
        &["does not take Negotiate", "the server offers: Kerberos"],
        |verb, more| trusting(&peer, verb, more),
    );
}

#[test]
fn a_certificate_that_is_not_right_is_shown_with_the_way_past_it() {
    let shown = [
        "issued by ",
        "valid from ",
        "SHA-256 ",
        "its certificate has ",
    ];
    let says = |words: &[&'static str]| [words, &shown].concat();
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    refused(
        &says(&[
            "authority that is not trusted",
            "--ca FILE",
            "--skip-ca-check",
        ]),
        |verb, more| psdeck(&peer, verb, &peer.https_url(), more),
    );
    works(&peer, |verb, more| {
        psdeck(&peer, verb, &peer.https_url(), more).arg("--skip-ca-check")
    });
    let Some(peer) = WsmanPeer::new().set("cert", "wronghost").start() else {
        return;
    };
    refused(
        &says(&["is not for 127.0.0.1", "--skip-cn-check"]),
        |verb, more| trusting(&peer, verb, more),
    );
    works(&peer, |verb, more| {
        trusting(&peer, verb, more).arg("--skip-cn-check")
    });
    // Each option skips its own check and no other.
    refused(&["is not for 127.0.0.1"], |verb, more| {
        psdeck(&peer, verb, &peer.https_url(), more).arg("--skip-ca-check")
    });
    let Some(peer) = WsmanPeer::new().set("cert", "expired").start() else {
        return;
    };
    refused(&says(&["has expired"]), |verb, more| {
        trusting(&peer, verb, more).args(["--skip-ca-check", "--skip-cn-check"])
    });
}

#[test]
fn a_refusal_that_does_not_say_why_lists_what_it_may_be() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let wrong = |peer: &WsmanPeer, verb: &str, url: &str, more: &[&str]| {
        psdeck(peer, verb, url, more).config(&format!(
            "[computers.Server01]\ntarget = '{url}'\nuser = '{USER}'\npassword_command = ['echo', 'wrong']\n"
        ))
    };
    let causes = [
        "refused the credentials of alice",
        "hint: the password: ",
        "hint: the user name: ",
        "disabled, locked",
        "the right to log on",
        "AccessDenied",
    ];
    for url in [peer.http_url(), peer.https_url()] {
        refused(&causes, |verb, more| {
            wrong(&peer, verb, &url, more)
                .arg("--ca")
                .arg(peer.ca_file())
                .arg("--trust-host")
        });
    }
    refused(&causes, |verb, more| {
        wrong(&peer, verb, &peer.https_url(), more)
            .arg("--ca")
            .arg(peer.ca_file())
            .args(["--auth", "basic"])
    });
}

#[test]
fn a_password_that_one_computer_refused_is_tried_on_no_other() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let port = peer.port("http");
    let [one, other] = ["127.0.0.1", "localhost"].map(|host| format!("wsman:{host}:{port}"));
    let ran = Psdeck::new()
        .args(["invoke", &one, &other, "--user", USER, "--trust-host"])
        .args(["--password-stdin", "-c", "1"])
        .input("wrong\n")
        .run()
        .expect(4);
    assert_eq!(
        ran.err.matches("refused the credentials").count(),
        1,
        "{}",
        ran.err
    );
    assert_eq!(ran.err.matches("error: ").count(), 2, "{}", ran.err);
    let untried = "so it is tried on no other computer";
    assert_eq!(ran.err.matches(untried).count(), 1, "{}", ran.err);
    assert!(!ran.err.contains("nobody is there"), "{}", ran.err);
}

#[test]
fn basic_over_clear_http_is_asked_for_twice() {
    let open = WsmanPeer::new()
        .set("auth", json!(["basic"]))
        .set("basic_over_http", true)
        .set("allow_unencrypted", true);
    let Some(peer) = open.start() else { return };
    for (verb, more) in VERBS {
        let ran = psdeck(&peer, verb, &peer.http_url(), more)
            .args(["--auth", "basic"])
            .run()
            .expect(2);
        assert!(ran.err.contains("in the clear"), "{}", ran.err);
        assert!(ran.err.contains("--no-encryption"), "{}", ran.err);
    }
    works(&peer, |verb, more| {
        psdeck(&peer, verb, &peer.http_url(), more).args(["--auth", "basic", "--no-encryption"])
    });
}

#[test]
fn a_session_configuration_is_named_or_not_there() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    works(&peer, |verb, more| {
        trusting(&peer, verb, more).args(["--configuration-name", "ITTasks"])
    });
    refused(&["NoSuchEndpoint"], |verb, more| {
        trusting(&peer, verb, more).args(["--configuration-name", "NoSuchEndpoint"])
    });
}

#[test]
fn what_is_not_reached_ends_with_3_and_says_what_to_look_at() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let ports = [peer.port("http"), peer.port("https")];
    for (url, status, id, word) in [
        (
            "http://127.0.0.1:1/wsman".to_owned(),
            3,
            "[CannotConnect,PSSessionOpenFailed]",
            "Enable-PSRemoting",
        ),
        (
            "http://no.such.invalid/".to_owned(),
            3,
            "[ComputerNotFound,PSSessionOpenFailed]",
            "has no address",
        ),
        (
            format!("http://127.0.0.1:{}/wsman", ports[1]),
            3,
            "[PSSessionOpenFailed]",
            "5986",
        ),
        (
            format!("http://127.0.0.1:{}/other", ports[0]),
            4,
            "[PSSessionOpenFailed]",
            "/other",
        ),
    ] {
        let ran = psdeck(&peer, "invoke", &url, &["-c", "1", "--trust-host"])
            .run()
            .expect(status);
        assert!(ran.err.contains(word), "{url}: {}", ran.err);
        assert!(ran.err.contains(id), "{url}: {}", ran.err);
        assert!(ran.err.contains("\nhint: "), "{url}: {}", ran.err);
    }
}

#[test]
fn a_password_in_an_address_is_refused_and_not_repeated() {
    let ran = Psdeck::new()
        .args(["invoke", "https://alice:hunter2@web1", "-c", "1"])
        .run()
        .expect(2);
    assert!(
        ran.err.contains("a password stands in the address"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("hunter2"), "{}", ran.err);
}

#[test]
fn nobody_to_ask_for_an_account_or_a_password_is_said() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let url = peer.http_url();
    let named = url.replace("127.0.0.1", "localhost");
    for (url, id) in [
        (&url, "[CannotUseIPAddress,PSSessionOpenFailed]"),
        (&named, "[ExplicitCredentialsRequired,PSSessionOpenFailed]"),
    ] {
        let ran = Psdeck::new()
            .args(["invoke", url, "--trust-host", "-c", "1"])
            .run()
            .expect(4);
        assert!(ran.err.contains("--user NAME"), "{}", ran.err);
        assert!(ran.err.contains(id), "{}", ran.err);
    }
    let ran = Psdeck::new()
        .args(["invoke", &url, "--trust-host", "--user", USER, "-c", "1"])
        .run()
        .expect(4);
    assert!(ran.err.contains("--password-stdin"), "{}", ran.err);
}

#[test]
fn a_terminal_is_asked_for_trust_account_and_password() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let mut screen = Screen::new(80, 24)
        .args(&["enter", &peer.http_url()])
        .start();
    screen
        .expect("NTLM proves to 127.0.0.1 who you are")
        .expect("Trust 127.0.0.1 this time? yes, no: ")
        .keys("perhaps<Enter>")
        .expect("Type one of yes, no: ")
        .keys("yes<Enter>")
        .expect("User name for 127.0.0.1: ")
        .keys("alice<Enter>")
        .expect("Password for alice@127.0.0.1: ")
        .keys("wrong<Enter>")
        .expect("It was refused; try again.")
        .keys(&format!("{PASSWORD}<Enter>"))
        .expect("[127.0.0.1]: PS ")
        .keys("exit 3<Enter>");
    assert_eq!(screen.ended(), 3);
    assert!(!screen.received(PASSWORD.as_bytes()));
}

#[test]
fn one_answer_may_trust_all_computers_of_a_run() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let port = peer.port("http");
    let [one, other] = ["127.0.0.1", "localhost"].map(|host| format!("wsman:{host}:{port}"));
    for (answers, wanted) in [(&["all"][..], 2), (&["no", "no"], 0)] {
        let mut screen = Screen::new(80, 50)
            .args(&[
                "invoke",
                &one,
                &other,
                "--user",
                "alice",
                "-c",
                "'it ' + 'works'",
            ])
            .start();
        for (number, answer) in answers.iter().enumerate() {
            screen
                .until("the question", |shown| {
                    shown.matches("this time? yes, no, all: ").count() == number + 1
                })
                .keys(&format!("{answer}<Enter>"));
        }
        if wanted > 0 {
            screen
                .expect("Password for alice@")
                .keys(&format!("{PASSWORD}<Enter>"));
        }
        screen.until("the results", |shown| {
            shown.matches("it works").count() == wanted
        });
        assert_eq!(screen.contents().matches("NTLM proves to").count(), 1);
        assert_eq!(screen.ended(), if wanted == 2 { 0 } else { 4 });
    }
}

#[test]
fn account_and_password_are_asked_for_once_whatever_the_number_of_computers() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let port = peer.port("http");
    let [one, other] = ["127.0.0.1", "localhost"].map(|host| format!("wsman:{host}:{port}"));
    let mut screen = Screen::new(80, 24)
        .args(&[
            "invoke",
            &one,
            &other,
            "--trust-host",
            "-c",
            "'it ' + 'works'",
        ])
        .start();
    screen
        .expect("User name for ")
        .keys("alice<Enter>")
        .expect("Password for alice@")
        .keys(&format!("{PASSWORD}<Enter>"))
        .until("both results", |shown| {
            shown.matches("it works").count() == 2
        });
    assert_eq!(screen.contents().matches("User name").count(), 1);
    assert_eq!(screen.contents().matches("Password for").count(), 1);
    assert_eq!(screen.ended(), 0);
}

#[test]
fn doctor_tells_each_step_and_what_to_do_about_the_first_that_fails() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let ran = trusting(&peer, "doctor", &[]).run().expect(0);
    for line in [
        "ok    address        127.0.0.1\n",
        "ok    connection     127.0.0.1:",
        "ok    certificate    trusted\n",
        "issued by CN=psdeck test peer CA\n",
        "ok    service        Microsoft Corporation, ",
        "ok    methods        Negotiate, Kerberos, Basic, CredSSP\n",
        "ok    login          ",
        "ok    session        ",
        "ok    opened         Microsoft.PowerShell on Server01, as alice, by Negotiate (NTLM), protocol 2.3",
    ] {
        assert!(ran.out.contains(line), "no '{line}' in:\n{}", ran.out);
    }
    assert!(!ran.out.contains("trust  "), "{}", ran.out);
    let ran = psdeck(&peer, "doctor", &peer.http_url(), &["--trust-host"])
        .run()
        .expect(0);
    assert!(
        ran.out.contains("ok    trust          by trusted_hosts"),
        "{}",
        ran.out
    );
    let ran = psdeck(&peer, "doctor", &peer.https_url(), &[])
        .run()
        .expect(4);
    assert!(
        ran.out.ends_with("authority that is not trusted here\n"),
        "{}",
        ran.out
    );
    assert!(ran.err.contains("hint: --ca FILE"), "{}", ran.err);
    let wrong = "[computers.Server01]\nuser = 'alice'\npassword_command = ['echo', 'wrong']\n";
    let ran = trusting(&peer, "doctor", &[])
        .config(&format!("{wrong}target = '{}'\n", peer.https_url()))
        .run()
        .expect(4);
    assert!(ran.out.contains("\nbad   login  "), "{}", ran.out);
    assert!(ran.err.contains("hint: the password: "), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn what_is_given_up_while_the_session_is_made_leaves_no_shell() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let mut verbs = VERBS.to_vec();
    verbs.push(("doctor", &[]));
    for operation in ["Create", "Receive"] {
        for (verb, more) in &verbs {
            peer.reset();
            peer.rule("delay_after", json!({ "op": operation, "seconds": 2 }));
            let mut going = trusting(&peer, verb, more).start();
            peer.until("the request", |state| state["executed"]["Create"] == 1);
            going.interrupt();
            going.wait().expect(130);
            let state = peer.state();
            assert_eq!(state["shells"], json!([]), "{verb} {operation}");
        }
    }
    peer.reset();
    peer.rule("delay_after", json!({ "op": "Create", "seconds": 3 }));
    let limit = ["-c", "1", "--operation-timeout", "1s"];
    trusting(&peer, "invoke", &limit).run().expect(5);
    assert_eq!(peer.state()["shells"], json!([]));
}

#[test]
fn an_error_of_one_computer_waits_for_the_question_of_another() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let other = format!(
        "https://{}/wsman",
        silent.local_addr().expect("its address")
    );
    let mut screen = Screen::new(80, 40)
        .args(&["invoke", &peer.http_url(), &other, "--user", "alice"])
        .args(&["--trust-host", "-c", "'it ' + 'works'"])
        .start();
    screen.expect("Password for alice@127.0.0.1: ");
    // Its connection ends without an answer.
    drop(silent.accept().expect("a connection"));
    drop(silent);
    screen
        .keys(&format!("{PASSWORD}<Enter>"))
        .expect("it works")
        .expect("hint: ");
    assert_eq!(screen.ended(), 3);
    let shown = screen.contents();
    assert!(
        shown.lines().any(|line| line.starts_with("error: [")),
        "{shown}"
    );
}

#[test]
fn a_deadline_of_opening_tells_what_was_tried_until_then() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    peer.rule("drop_before", json!({ "op": "Create", "count": 0 }));
    let limit = ["-c", "1", "--operation-timeout", "3s"];
    let ran = trusting(&peer, "invoke", &limit).run().expect(5);
    assert!(ran.err.contains("is interrupted ("), "{}", ran.err);
}

#[test]
fn config_check_warns_of_what_can_be_read_and_will_not_work() {
    let ran = Psdeck::new()
        .config(
            "trusted_hosts = ['https://web1']\n[computers.one]\ntarget = 'http://web1'\nuse_ssl = true\n\
             [computers.two]\ntarget = 'web2'\nca = '/no/such/file.pem'\n",
        )
        .args(["config", "check"])
        .run()
        .expect(0);
    for word in [
        "trusted_hosts: 'https://web1' fits no host",
        "computers.one: http://web1 asks for HTTP",
        "computers.two: ca: there is no file /no/such/file.pem",
    ] {
        assert!(ran.err.contains(word), "no '{word}' in:\n{}", ran.err);
    }
    assert!(ran.out.contains("3 warnings"), "{}", ran.out);
}

#[test]
fn an_entered_session_whose_network_is_lost_for_good_is_left_with_a_word() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let command = json!(peer.password_command());
    let url = peer.http_url();
    let mut entered = Psdeck::new()
        .config(&format!(
            "[retry]\nwindow = \"2s\"\n[computers.Server01]\ntarget = '{url}'\nuser = '{USER}'\npassword_command = {command}\n"
        ))
        .args(["enter", "Server01", "--trust-host"])
        .start();
    let input = entered.input.as_mut().unwrap();
    let line = b"'be' + 'gun'; $n = Start-Sleep 600\n";
    input.write_all(line).unwrap();
    entered.wait_for("begun");
    peer.cut_for(std::time::Duration::from_mins(5), "reset");
    let ran = entered.wait().expect(255);
    assert!(ran.err.contains("the session goes on alone"), "{}", ran.err);
    assert!(ran.err.contains("psdeck connect"), "{}", ran.err);
}
