//! Getting in over WSMan: TLS, authentication and trust, against a foreign server. What fails says why and what to do.

use std::pin::Pin;
use std::sync::Mutex;

use psdeck::transport::{
    Answer, Ask, Authentication, Failure, FailureKind, Options, Question, Secret, Stage, http,
};
use serde_json::json;

use crate::support::wsman::{PASSWORD, USER, WsmanPeer};

/// A person with a list of passwords, who trusts or does not.
#[derive(Default)]
struct Person {
    passwords: Mutex<Vec<&'static str>>,
    trusts: bool,
    asked: Mutex<Vec<String>>,
}

impl Person {
    fn knows(passwords: &[&'static str]) -> Self {
        Self {
            passwords: Mutex::new(passwords.iter().rev().copied().collect()),
            ..Self::default()
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Ask for Person {
    fn ask(&self, question: Question) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        let (what, answer) = match question {
            Question::UserName { .. } => ("user", Answer::Secret(Secret::new(USER.into()))),
            Question::TrustHost { .. } if self.trusts => ("trust", Answer::Accept),
            Question::TrustHost { .. } => ("trust", Answer::Refuse),
            Question::Password { .. } => {
                let password = self.passwords.lock().unwrap().pop();
                let answer = password.map_or(Answer::Refuse, |password| {
                    Answer::Secret(Secret::new(password.into()))
                });
                ("password", answer)
            }
            other => panic!("{other:?}"),
        };
        self.asked.lock().unwrap().push(what.into());
        Box::pin(std::future::ready(answer))
    }
}

fn user() -> Options {
    Options {
        user: Some(USER.into()),
        ..Options::default()
    }
}

/// Trusts a server over HTTP.
fn trusting() -> Options {
    Options {
        trust_host: Some(true),
        ..user()
    }
}

/// Knows the authority of a server.
fn knowing(peer: &WsmanPeer) -> Options {
    Options {
        ca: Some(peer.ca_file()),
        ..user()
    }
}

async fn enter(url: &str, options: &Options, ask: &dyn Ask) -> Result<String, Failure> {
    let target = url.parse().unwrap();
    http::connect(&target, options, uuid::Uuid::new_v4(), ask, |_| {})
        .await
        .map(|connected| connected.authentication)
}

async fn refused(url: &str, options: &Options, ask: &dyn Ask) -> Failure {
    match enter(url, options, ask).await {
        Ok(_) => panic!("it let us in"),
        Err(failure) => failure,
    }
}

/// Holds that a failure, its reasons and its hints say all of this.
#[track_caller]
fn says(failure: &Failure, stage: Stage, kind: FailureKind, words: &[&str]) {
    let mut all = vec![failure.message.clone()];
    all.extend(failure.details.iter().cloned());
    all.extend(failure.hints.iter().cloned());
    let all = all.join("\n");
    for word in words {
        assert!(all.contains(word), "no '{word}' in:\n{all}");
    }
    assert_eq!(failure.stage, Some(stage), "{all}");
    assert_eq!(failure.kind, kind, "{all}");
    assert!(!failure.hints.is_empty(), "{all}");
}

#[tokio::test]
async fn ntlm_and_negotiate_get_in_on_http_and_on_https_with_strict_channel_bindings() {
    let Some(peer) = WsmanPeer::new().set("cbt", "strict").start() else {
        return;
    };
    for auth in [
        Authentication::Default,
        Authentication::Negotiate,
        Authentication::Ntlm,
    ] {
        for (url, options) in [
            (peer.http_url(), trusting()),
            (peer.https_url(), knowing(&peer)),
        ] {
            let options = Options {
                auth: Some(auth),
                ..options
            };
            let entered = enter(&url, &options, &Person::knows(&[PASSWORD])).await;
            assert!(entered.is_ok(), "{auth:?} {url}: {entered:?}");
        }
    }
    assert_eq!(peer.state()["auth"]["ok"], 6);
}

#[tokio::test]
async fn every_kind_of_certificate_and_hash_carries_channel_bindings() {
    for (cert, hash) in [
        ("rsa", "sha512"),
        ("ecdsa", "sha384"),
        ("selfsigned", "sha256"),
    ] {
        let peer = WsmanPeer::new()
            .set("cbt", "strict")
            .set("cert", cert)
            .set("cert_hash", hash);
        let Some(peer) = peer.start() else { return };
        let person = Person::knows(&[PASSWORD]);
        let entered = enter(&peer.https_url(), &knowing(&peer), &person).await;
        assert!(entered.is_ok(), "{cert} {hash}: {entered:?}");
    }
}

#[tokio::test]
async fn a_refusal_lists_the_possible_causes_and_the_check_for_each() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    for url in [peer.http_url(), peer.https_url()] {
        let options = Options {
            ca: Some(peer.ca_file()),
            ..trusting()
        };
        let failure = refused(&url, &options, &Person::knows(&["wrong"])).await;
        let words = [
            "refused the credentials of alice",
            "does not say why",
            "the password",
            "the user name",
            "disabled, locked",
            "Access this computer from the network",
            "4625",
        ];
        says(&failure, Stage::Authenticate, FailureKind::Refused, &words);
    }
}

#[tokio::test]
async fn another_password_is_asked_for_as_long_as_it_is_another_one() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let person = Person::knows(&["wrong", PASSWORD]);
    let entered = enter(&peer.http_url(), &trusting(), &person).await;
    assert!(entered.is_ok(), "{entered:?}");
    assert_eq!(person.asked(), ["password", "password"]);
    let stubborn = Person::knows(&["wrong", "wrong", PASSWORD]);
    let failure = refused(&peer.http_url(), &trusting(), &stubborn).await;
    says(&failure, Stage::Authenticate, FailureKind::Refused, &[]);
    // What was refused is not sent again: accounts are locked for less.
    assert_eq!(peer.state()["auth"]["denied"], 2);
}

#[tokio::test]
async fn without_trust_nothing_goes_out() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let person = Person::knows(&[PASSWORD]);
    let failure = refused(&peer.http_url(), &user(), &person).await;
    let words = ["not trusted", "--use-ssl", "--trust-host", "trusted_hosts"];
    says(&failure, Stage::Authenticate, FailureKind::Refused, &words);
    assert_eq!(person.asked(), ["trust"]);
    assert_eq!(peer.state()["received"], serde_json::json!({}));
    let person = Person {
        trusts: true,
        ..Person::knows(&[PASSWORD])
    };
    let entered = enter(&peer.http_url(), &Options::default(), &person).await;
    assert!(entered.is_ok(), "{entered:?}");
    assert_eq!(person.asked(), ["trust", "user", "password"]);
}

#[tokio::test]
async fn basic_shows_its_password_on_https_only_or_when_asked_twice() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let basic = Options {
        auth: Some(Authentication::Basic),
        ..trusting()
    };
    let failure = refused(&peer.http_url(), &basic, &Person::knows(&[PASSWORD])).await;
    let words = ["in the clear", "--use-ssl", "--no-encryption"];
    says(&failure, Stage::Authenticate, FailureKind::Usage, &words);
    assert!(peer.state()["stats"]["connections"].is_null());
}

#[tokio::test]
async fn no_common_method_names_those_that_the_server_offers() {
    let Some(peer) = WsmanPeer::new()
        .set("auth", json!(["basic", "credssp"]))
        .start()
    else {
        return;
    };
    let person = Person::knows(&[PASSWORD]);
    let failure = refused(&peer.https_url(), &knowing(&peer), &person).await;
    let words = ["does not take Negotiate", "Basic, CredSSP", "--auth basic"];
    says(&failure, Stage::Authenticate, FailureKind::Refused, &words);
    peer.rule("no_auth_header", json!({ "op": "401", "count": 0 }));
    let person = Person::knows(&[PASSWORD]);
    let failure = refused(&peer.http_url(), &trusting(), &person).await;
    let words = ["the server offers: none", "winrm set"];
    says(&failure, Stage::Authenticate, FailureKind::Refused, &words);
}

#[tokio::test]
async fn basic_goes_only_to_a_server_that_offers_it_and_a_refusal_asks_anew() {
    let Some(peer) = WsmanPeer::new().set("auth", json!(["negotiate"])).start() else {
        return;
    };
    let options = Options {
        auth: Some(Authentication::Basic),
        ..knowing(&peer)
    };
    let failure = refused(&peer.https_url(), &options, &Person::knows(&[PASSWORD])).await;
    let words = ["does not take Basic", "--auth negotiate"];
    says(&failure, Stage::Authenticate, FailureKind::Refused, &words);
    assert!(
        peer.state()["auth"]["denied"].is_null(),
        "the password went out"
    );
    peer.set("auth", json!(["basic"]));
    let person = Person::knows(&["wrong", PASSWORD]);
    let entered = enter(&peer.https_url(), &options, &person).await;
    assert!(entered.is_ok(), "{entered:?}");
    assert_eq!(person.asked(), ["password", "password"]);
}

#[tokio::test]
async fn a_server_that_takes_no_such_host_is_not_said_to_let_us_in() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/wsman", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let _ = crate::support::http::request(&mut client);
        let status = "400 Bad Request";
        let _ = crate::support::http::answer(&mut client, status, "", "Invalid Hostname");
        let _ = std::io::copy(&mut client, &mut std::io::sink());
    });
    let failure = refused(&url, &trusting(), &Person::knows(&[PASSWORD])).await;
    assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
    let details = failure.details.join("\n");
    assert!(details.contains("Invalid Hostname"), "{details}");
}

#[tokio::test]
async fn a_certificate_that_is_refused_is_shown_and_only_its_own_option_takes_it() {
    let skip_ca = |options: Options| Options {
        skip_ca_check: Some(true),
        ..options
    };
    let skip_cn = |options: Options| Options {
        skip_cn_check: Some(true),
        ..options
    };
    let shown = ["SHA-256 ", "valid from", "issued by CN=", "names"];

    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let url = peer.https_url();
    let person = || Person::knows(&[PASSWORD]);
    for options in [user(), skip_cn(user())] {
        let failure = refused(&url, &options, &person()).await;
        let words = [
            "authority that is not trusted",
            "--ca",
            "--skip-ca-check",
            "127.0.0.1",
        ];
        says(&failure, Stage::Handshake, FailureKind::Refused, &words);
        says(&failure, Stage::Handshake, FailureKind::Refused, &shown);
    }
    assert!(enter(&url, &skip_ca(user()), &person()).await.is_ok());

    let Some(peer) = WsmanPeer::new().set("cert", "wronghost").start() else {
        return;
    };
    let url = peer.https_url();
    for options in [knowing(&peer), skip_ca(user())] {
        let failure = refused(&url, &options, &person()).await;
        let words = ["not for 127.0.0.1", "elsewhere.invalid", "--skip-cn-check"];
        says(&failure, Stage::Handshake, FailureKind::Refused, &words);
        says(&failure, Stage::Handshake, FailureKind::Refused, &shown);
    }
    for options in [skip_cn(knowing(&peer)), skip_cn(skip_ca(user()))] {
        let entered = enter(&url, &options, &person()).await;
        assert!(entered.is_ok(), "{entered:?}");
    }

    let Some(peer) = WsmanPeer::new().set("cert", "expired").start() else {
        return;
    };
    let url = peer.https_url();
    for options in [knowing(&peer), skip_cn(skip_ca(user()))] {
        let failure = refused(&url, &options, &person()).await;
        let words = ["has expired", "clock", "renew it"];
        says(&failure, Stage::Handshake, FailureKind::Refused, &words);
        says(&failure, Stage::Handshake, FailureKind::Refused, &shown);
    }

    let Some(peer) = WsmanPeer::new().set("cert", "selfsigned").start() else {
        return;
    };
    let failure = refused(&peer.https_url(), &user(), &person()).await;
    let words = ["signed by nobody but itself", "--ca", "fingerprint"];
    says(&failure, Stage::Handshake, FailureKind::Refused, &words);
    let entered = enter(&peer.https_url(), &skip_ca(user()), &person()).await;
    assert!(entered.is_ok(), "{entered:?}");
}

#[tokio::test]
async fn wrong_ports_and_paths_are_told() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let person = || Person::knows(&[PASSWORD]);
    let http = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let crossed = format!("https://{}/wsman", http.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::Write as _;
        let (mut client, _) = http.accept().unwrap();
        let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        let _ = std::io::copy(&mut client, &mut std::io::sink());
    });
    let failure = refused(&crossed, &knowing(&peer), &person()).await;
    let words = ["does not speak TLS", "5986"];
    says(&failure, Stage::Handshake, FailureKind::Protocol, &words);
    let crossed = format!("http://127.0.0.1:{}/wsman", peer.port("https"));
    let failure = refused(&crossed, &trusting(), &person()).await;
    let words = ["5986 for HTTPS"];
    says(
        &failure,
        Stage::Authenticate,
        FailureKind::Unreachable,
        &words,
    );
    let elsewhere = format!("http://127.0.0.1:{}/other", peer.port("http"));
    let failure = refused(&elsewhere, &trusting(), &person()).await;
    let words = ["no WSMan at /other", "--application-name", "Not Found"];
    says(&failure, Stage::Authenticate, FailureKind::Refused, &words);
    let moved = format!(
        "http://127.0.0.1:{}/redirect/302?to=http://x/",
        peer.port("http")
    );
    if moved.parse::<psdeck::transport::TargetAddress>().is_ok() {
        let failure = refused(&moved, &trusting(), &person()).await;
        let words = ["sends us elsewhere", "http://x/"];
        says(&failure, Stage::Authenticate, FailureKind::Refused, &words);
    }
    let port = peer.port("http");
    drop(peer);
    let gone = format!("http://127.0.0.1:{port}/wsman");
    let failure = refused(&gone, &trusting(), &person()).await;
    let words = ["connection refused", "Enable-PSRemoting"];
    says(&failure, Stage::Connect, FailureKind::Unreachable, &words);
}

#[tokio::test]
async fn a_server_that_is_silent_is_given_up_stage_by_stage() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    peer.cut_for(std::time::Duration::from_mins(1), "hang");
    let impatient = Options {
        connect_timeout: Some(std::time::Duration::from_millis(300)),
        ..trusting()
    };
    let failure = refused(&peer.http_url(), &impatient, &Person::knows(&[PASSWORD])).await;
    let words = ["within 0.3 s", "--connect-timeout"];
    says(&failure, Stage::Authenticate, FailureKind::TimedOut, &words);
    // A listener that takes connections and says nothing: no TLS comes about.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/wsman", silent.local_addr().unwrap());
    let failure = refused(&url, &impatient, &Person::knows(&[PASSWORD])).await;
    says(
        &failure,
        Stage::Handshake,
        FailureKind::TimedOut,
        &["TLS handshake"],
    );
}
