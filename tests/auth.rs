//! Exchanges with a foreign acceptor (pyspnego), and bodies sealed by each and read by the other.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use psdeck::auth::{ChannelBinding, Context, Credential, Error, Method, Password};
use psdeck::wsman::{Piece, Protocol, Sealed, seal};
use serde_json::{Value as Json, json};

use crate::support::{need, python};

const METHODS: [Method; 2] = [Method::Ntlm, Method::Negotiate];

const TYPE: &str = "application/soap+xml;charset=UTF-8";

/// Every name that the users of these tests go by, with the password.
const USERS: [&str; 5] = [
    "alice:Passw0rd!",
    "PSDECK\\alice:Passw0rd!",
    ".\\alice:Passw0rd!",
    "alice@psdeck.example:Passw0rd!",
    "a.lice@corp.psdeck.example:gehéim✓",
];

#[test]
fn every_form_of_a_name_gets_in_and_each_reads_what_the_other_sealed() {
    for method in METHODS {
        for (user, password) in USERS.iter().map(|user| user.split_once(':').unwrap()) {
            let Some(mut acceptor) = Acceptor::start(method) else {
                return;
            };
            let mut context = context(method, user, password, None);
            acceptor.accept(&mut context).unwrap();
            for text in [
                "",
                "<s:Envelope/>",
                "--Encrypted Boundary--\r\n",
                &"é".repeat(100_000),
            ] {
                let body = sealed(&mut context, text.as_bytes());
                let (read, echoed) = acceptor.echo(&body).unwrap();
                assert_eq!(read, text.as_bytes(), "{method:?} {user}");
                assert_eq!(unsealed(&mut context, &echoed).unwrap(), text.as_bytes());
            }
        }
    }
}

#[test]
fn a_wrong_password_or_user_is_refused() {
    for method in METHODS {
        for (user, password) in [("alice", "wrong"), ("nobody", "Passw0rd!")] {
            let Some(mut acceptor) = Acceptor::start(method) else {
                return;
            };
            let refusal = acceptor.accept(&mut context(method, user, password, None));
            assert!(refusal.is_err(), "{method:?} {user} {refusal:?}");
        }
    }
}

#[test]
fn an_exchange_holds_for_its_tls_connection_only() {
    const KINDS: [&str; 10] = [
        "ec-sha224",
        "ec-sha256",
        "ec-sha384",
        "ec-sha512",
        "rsa-sha256",
        "rsa-sha384",
        "rsa-sha512",
        "pss-sha256",
        "pss-sha384",
        "ed25519",
    ];
    let bound = |method: Method, kind: Option<&str>, ours: &dyn Fn(&[u8]) -> Option<Vec<u8>>| {
        let (mut acceptor, certificate) = Acceptor::bound(method, kind)?;
        let binding = ours(&certificate).map(|der| ChannelBinding::of_certificate(&der));
        let mut context = context(method, "PSDECK\\alice", "Passw0rd!", binding.as_ref());
        Some(acceptor.accept(&mut context))
    };
    for method in METHODS {
        for kind in KINDS {
            let Some(fared) = bound(method, Some(kind), &|theirs| Some(theirs.to_vec())) else {
                return;
            };
            assert_eq!(fared, Ok(()), "{method:?} {kind}");
        }
        // Another certificate, as of somebody between, and none: pyspnego is strict where it has a certificate.
        let between: &dyn Fn(&[u8]) -> Option<Vec<u8>> = &|_| Some(b"another certificate".to_vec());
        for ours in [between, &|_| None] {
            let refusal = bound(method, Some("ec-sha256"), ours).unwrap().unwrap_err();
            assert!(refusal.contains("BadBindings"), "{method:?} {refusal}");
        }
        // Behind what ends TLS before the server, nothing is compared.
        assert_eq!(bound(method, None, between), Some(Ok(())));
    }
}

/// Both ways: what somebody between changed is read by neither.
#[test]
fn altered_truncated_and_reordered_bodies_are_refused() {
    let flip = |body: &[u8], at: usize| {
        let mut body = body.to_vec();
        body[at] ^= 1;
        body
    };
    let cut = |body: &[u8]| {
        let text = String::from_utf8_lossy(body);
        assert!(text.contains("Length=24"));
        let mut shorter = replaced(body, b"Length=24", b"Length=23");
        // The last byte of the data, before the last boundary.
        shorter.remove(shorter.len() - END.len() - 1);
        shorter
    };
    let data = |body: &[u8]| body.len() - END.len() - 1;
    let signature = |body: &[u8]| body.len() - END.len() - 24 - 10;
    let changes: [(&str, Change<'_>); 4] = [
        ("data", &|body| flip(body, data(body))),
        ("signature", &|body| flip(body, signature(body))),
        ("sequence", &|body| flip(body, data(body) - 24)),
        ("shorter", &cut),
    ];
    for method in METHODS {
        for (name, change) in changes {
            let Some((mut acceptor, mut context)) = established(method) else {
                return;
            };
            let ours = sealed(&mut context, TEXT);
            assert!(acceptor.echo(&change(&ours)).is_err(), "{method:?} {name}");
            let theirs = acceptor.say(TEXT);
            assert_eq!(
                unsealed(&mut context, &change(&theirs)),
                Err(Error::Altered),
                "{method:?} {name}"
            );
            // Nothing more is read by a context that once was lied to.
            let next = acceptor.say(TEXT);
            assert!(matches!(
                unsealed(&mut context, &next),
                Err(Error::OutOfTurn(_))
            ));
        }
        let Some((mut acceptor, mut context)) = established(method) else {
            return;
        };
        let (first, second) = (sealed(&mut context, TEXT), sealed(&mut context, TEXT));
        assert!(acceptor.echo(&second).is_err(), "{method:?}");
        drop(first);
        let (first, second) = (acceptor.say(TEXT), acceptor.say(TEXT));
        assert_eq!(unsealed(&mut context, &second), Err(Error::Altered));
        assert!(unsealed(&mut context, &first).is_err());

        let Some((mut acceptor, mut context)) = established(method) else {
            return;
        };
        let once = acceptor.say(TEXT);
        assert_eq!(unsealed(&mut context, &once).unwrap(), TEXT);
        assert_eq!(
            unsealed(&mut context, &once),
            Err(Error::Altered),
            "a second time"
        );
    }
}

#[test]
fn unsealed_bodies_and_moved_signatures_are_refused() {
    for method in METHODS {
        let Some((mut acceptor, mut context)) = established(method) else {
            return;
        };
        let plain = Piece {
            length: TEXT.len(),
            signature: &[],
            data: TEXT,
        };
        let unsealed_body = seal(Protocol::Negotiate, TYPE, &[plain]);
        assert!(acceptor.echo(&unsealed_body).is_err());
        assert!(acceptor.echo(TEXT).is_err());
        assert!(Sealed::read(TEXT).is_err());
        assert_eq!(unsealed(&mut context, &unsealed_body), Err(Error::Altered));

        // The same bytes, the cut between signature and data elsewhere.
        let Some((mut acceptor, mut context)) = established(method) else {
            return;
        };
        let body = acceptor.say(TEXT);
        let piece = Sealed::read(&body).unwrap().pieces[0];
        let both = [piece.signature, piece.data].concat();
        let (signature, data) = both.split_at(8);
        assert_eq!(
            context.unseal(signature, &mut data.to_vec()),
            Err(Error::Altered)
        );
    }
}

#[test]
fn nothing_is_sealed_before_the_exchange_is_over_or_by_basic() {
    let credential = Credential {
        user: "alice".into(),
        password: Password::new("Passw0rd!"),
    };
    assert!(Context::new(Method::Basic, &credential, "localhost", None).is_err());
    for method in METHODS {
        let mut context = context(method, "alice", "Passw0rd!", None);
        assert!(!context.step(None).unwrap().complete);
        assert!(matches!(context.seal(&mut [1]), Err(Error::OutOfTurn(_))));
        assert!(matches!(
            context.unseal(&[0; 16], &mut vec![1]),
            Err(Error::OutOfTurn(_))
        ));
        assert!(!format!("{context:?}").contains("Passw0rd"));
    }
}

/// What somebody between makes of a body.
type Change<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

const TEXT: &[u8] = b"<s:Envelope>24</s:Envel>";

const END: &[u8] = b"--Encrypted Boundary--\r\n";

/// An acceptor and a context that are through with their exchange.
fn established(method: Method) -> Option<(Acceptor, Context)> {
    let mut acceptor = Acceptor::start(method)?;
    let mut context = context(method, "PSDECK\\alice", "Passw0rd!", None);
    acceptor.accept(&mut context).unwrap();
    Some((acceptor, context))
}

fn context(
    method: Method,
    user: &str,
    password: &str,
    binding: Option<&ChannelBinding>,
) -> Context {
    let credential = Credential {
        user: user.into(),
        password: Password::new(password),
    };
    Context::new(method, &credential, "localhost", binding).unwrap()
}

fn sealed(context: &mut Context, text: &[u8]) -> Vec<u8> {
    let mut data = text.to_vec();
    let signature = context.seal(&mut data).unwrap();
    let piece = Piece {
        length: text.len(),
        signature: &signature,
        data: &data,
    };
    seal(Protocol::Negotiate, TYPE, &[piece])
}

fn unsealed(context: &mut Context, body: &[u8]) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    for piece in Sealed::read(body).unwrap().pieces {
        let mut data = piece.data.to_vec();
        let fared = context.unseal(piece.signature, &mut data);
        assert!(
            fared.is_ok() || data.is_empty(),
            "what is not proven is not shown"
        );
        fared?;
        text.extend(data);
    }
    Ok(text)
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes
        .windows(from.len())
        .position(|window| window == from)
        .unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

/// `tests/peers/spnego_echo.py`.
struct Acceptor {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Acceptor {
    fn start(method: Method) -> Option<Self> {
        Some(Self::bound(method, None)?.0)
    }

    /// One that binds to a certificate of that kind, and the certificate.
    fn bound(method: Method, certificate: Option<&str>) -> Option<(Self, Vec<u8>)> {
        let interpreter = need("psrp", python::python())?;
        let mut child = Command::new(interpreter)
            .arg(python::peers().join("spnego_echo.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut acceptor = Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        };
        let protocol = match method {
            Method::Ntlm => "ntlm",
            _ => "negotiate",
        };
        let asked = json!({"protocol": protocol, "users": USERS, "certificate": certificate});
        let answer = acceptor.line(&asked);
        let certificate = answer["certificate"].as_str().unwrap_or_default();
        Some((acceptor, STANDARD.decode(certificate).unwrap()))
    }

    fn line(&mut self, asked: &Json) -> Json {
        writeln!(self.input, "{asked}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the script ended")
    }

    fn ask(&mut self, what: &str, data: &[u8]) -> Result<Json, String> {
        let answer = self.line(&json!({ what: STANDARD.encode(data) }));
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer),
        }
    }

    /// Goes through the exchange. The error is the acceptor's.
    fn accept(&mut self, context: &mut Context) -> Result<(), String> {
        let mut step = context.step(None).unwrap();
        loop {
            let token = step.token.take().expect("a token for the server");
            let answer = self.ask("step", &token)?;
            match answer["token"].as_str() {
                Some(token) => {
                    step = context
                        .step(Some(&STANDARD.decode(token).unwrap()))
                        .unwrap()
                }
                None => assert!(step.complete, "the server sent no last token"),
            }
            if answer["complete"] == true {
                assert!(step.complete && context.is_complete());
                assert_eq!(step.token, None);
                return Ok(());
            }
        }
    }

    fn echo(&mut self, body: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
        let answer = self.ask("echo", body)?;
        let bytes = |name: &str| STANDARD.decode(answer[name].as_str().unwrap()).unwrap();
        Ok((bytes("text"), bytes("body")))
    }

    fn say(&mut self, text: &[u8]) -> Vec<u8> {
        let answer = self.ask("say", text).unwrap();
        STANDARD.decode(answer["body"].as_str().unwrap()).unwrap()
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
