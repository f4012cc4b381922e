//! WSMan servers that mean harm: whatever they send, and at whichever stage, the program ends with a named error, in
//! time and in little memory.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::http::{Harm, SOAP, Until, answer, envelope, server};

/// How long the program may wait for anything, how much longer the end may take on a busy machine, and its memory.
const DEADLINE: Duration = Duration::from_secs(2);
const GRACE: Duration = Duration::from_secs(25);
const MEMORY: usize = 200 << 20;
/// So many at once.
const AT_ONCE: usize = 12;

const RECEIVED: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/ReceiveResponse";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n\
    Transfer-Encoding: chunked\r\n\r\n";

/// The names of harms, and the harms: each goes on until the other side hangs up, or has done its worst.
#[expect(clippy::too_many_lines, reason = "a table")]
fn harms() -> Vec<(&'static str, Arc<Harm>)> {
    fn harm(
        name: &'static str,
        does: impl Fn(&mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> (&'static str, Arc<Harm>) {
        (name, Arc::new(does))
    }
    /// Writes the first text, then the second for ever.
    fn endless(name: &'static str, first: String, again: String) -> (&'static str, Arc<Harm>) {
        // Whole buffers, so that it comes as fast as the machine can.
        let again = again.repeat(1 + (64 << 10) / again.len());
        harm(name, move |stream| {
            stream.write_all(first.as_bytes())?;
            loop {
                stream.write_all(again.as_bytes())?;
            }
        })
    }
    /// Writes a text, then is silent.
    fn once(name: &'static str, text: String) -> (&'static str, Arc<Harm>) {
        harm(name, move |stream| {
            stream.write_all(text.as_bytes())?;
            silence(stream)
        })
    }
    /// Answers every request with this.
    fn always(
        name: &'static str,
        status: &'static str,
        headers: &'static str,
        body: String,
    ) -> (&'static str, Arc<Harm>) {
        harm(name, move |stream| {
            loop {
                answer(stream, status, headers, &body)?;
                crate::support::http::request(stream)?;
            }
        })
    }
    let open = envelope(RECEIVED, "uuid:0", "");
    let (before, after) = open.split_once("</s:Body>").expect("a body");
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let deep = "<a>".repeat(10_000);
    let entities: String = (1..12)
        .map(|n| format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10)))
        .collect();
    let bomb =
        format!("<!DOCTYPE s [<!ENTITY e0 \"boom\">{entities}]>{before}&e11;</s:Body>{after}");
    let keep_alive = envelope(
        "http://schemas.microsoft.com/wbem/wsman/1/wsman/Keepalive",
        "uuid:0",
        "",
    );
    let attributes: String = (0..200_000).map(|n| format!(" a{n}=\"1\"")).collect();
    let stream = |data: &str| {
        format!(
            "<rsp:ReceiveResponse><rsp:Stream Name=\"stdout\">{data}</rsp:Stream></rsp:ReceiveResponse>"
        )
    };
    vec![
        harm("silence", silence),
        harm("hangs up", |_| Ok(())),
        once("another protocol", "SSH-2.0-OpenSSH_9.2\r\n".into()),
        once(
            "escape sequences",
            "\u{1b}]0;owned\u{7}\u{1b}[2J\r\n\r\n".into(),
        ),
        endless(
            "a status line without end",
            "HTTP/1.1 200 ".into(),
            "O".into(),
        ),
        endless(
            "a header without end",
            "HTTP/1.1 200 OK\r\nX: ".into(),
            "x".into(),
        ),
        endless(
            "headers without end",
            "HTTP/1.1 200 OK\r\n".into(),
            "X: y\r\n".into(),
        ),
        endless(
            "100 Continue without end",
            String::new(),
            "HTTP/1.1 100 Continue\r\n\r\n".into(),
        ),
        endless("line ends without end", String::new(), "\r\n".into()),
        endless(
            "a body without end",
            format!("HTTP/1.1 200 OK\r\n{SOAP}Content-Length: 900000000000\r\n\r\n"),
            " ".into(),
        ),
        endless(
            "a body until the end that never comes",
            format!("HTTP/1.1 200 OK\r\n{SOAP}Connection: close\r\n\r\n"),
            "<a/>".into(),
        ),
        once(
            "a length that lies",
            format!("HTTP/1.1 200 OK\r\n{SOAP}Content-Length: 4000\r\n\r\n{open}"),
        ),
        harm("a length that lies, and hangs up", {
            let text = format!("HTTP/1.1 200 OK\r\n{SOAP}Content-Length: 900000\r\n\r\n{open}");
            move |stream| stream.write_all(text.as_bytes())
        }),
        once(
            "a negative length",
            format!("HTTP/1.1 200 OK\r\n{SOAP}Content-Length: -1\r\n\r\n{open}"),
        ),
        once(
            "two lengths",
            format!(
                "HTTP/1.1 200 OK\r\n{SOAP}Content-Length: 10\r\nContent-Length: 20\r\n\r\n{open}"
            ),
        ),
        once(
            "a chunk as long as can be",
            format!("{CHUNKED}ffffffffffffffff\r\n{open}"),
        ),
        once(
            "a chunk that is no number",
            format!("{CHUNKED}zz\r\n{open}\r\n0\r\n\r\n"),
        ),
        endless(
            "a chunk's extension without end",
            format!("{CHUNKED}1;"),
            "x".into(),
        ),
        endless(
            "chunks of blanks without end",
            CHUNKED.into(),
            chunk(&" ".repeat(1000)),
        ),
        endless("chunks of one byte without end", CHUNKED.into(), chunk("<")),
        endless(
            "trailers without end",
            format!("{CHUNKED}{}0\r\n", chunk(&open)),
            "X: y\r\n".into(),
        ),
        endless(
            "elements without end",
            format!("{CHUNKED}{}", chunk(before)),
            chunk("<a>x</a>"),
        ),
        endless(
            "nesting without end",
            format!("{CHUNKED}{}", chunk(before)),
            chunk(&deep),
        ),
        endless(
            "a text without end",
            format!(
                "{CHUNKED}{}",
                chunk(&format!(
                    "{before}<rsp:ReceiveResponse><rsp:Stream Name=\"stdout\">"
                ))
            ),
            chunk("QUFB"),
        ),
        endless(
            "keep-alives without end",
            CHUNKED.into(),
            chunk(&keep_alive),
        ),
        endless(
            "strange envelopes without end",
            CHUNKED.into(),
            chunk(&open),
        ),
        always(
            "deep nesting",
            "200 OK",
            SOAP,
            format!("{before}{}", "<a>".repeat(1_000_000)),
        ),
        always("an entity bomb", "200 OK", SOAP, bomb),
        always(
            "200,000 attributes",
            "200 OK",
            SOAP,
            format!("{before}<a{attributes}/></s:Body>{after}"),
        ),
        always(
            "a name of a megabyte",
            "200 OK",
            SOAP,
            format!("{before}<{}/></s:Body>{after}", "n".repeat(1 << 20)),
        ),
        always("half an envelope", "200 OK", SOAP, before.to_owned()),
        always(
            "no envelope",
            "200 OK",
            SOAP,
            "<html><body>It works!</body></html>".into(),
        ),
        always("an empty body", "200 OK", SOAP, String::new()),
        always(
            "an empty answer for ever",
            "200 OK",
            SOAP,
            envelope(RECEIVED, "uuid:0", "<rsp:ReceiveResponse/>"),
        ),
        always(
            "no base64",
            "200 OK",
            SOAP,
            envelope(RECEIVED, "uuid:0", &stream("\u{1b}!!")),
        ),
        always(
            "no fragments",
            "200 OK",
            SOAP,
            envelope(RECEIVED, "uuid:0", &stream(&"QUFB".repeat(1000))),
        ),
        always(
            "a fragment that lies",
            "200 OK",
            SOAP,
            envelope(
                RECEIVED,
                "uuid:0",
                &stream("AAAAAAAAAAEAAAAAAAAAAAN/////QUFB"),
            ),
        ),
        always(
            "a compressed body",
            "200 OK",
            "Content-Type: application/soap+xml\r\nContent-Encoding: gzip\r\n",
            "\u{1f}\u{8b}\u{8}".into(),
        ),
        always(
            "another type",
            "200 OK",
            "Content-Type: text/html\r\n",
            "\u{1b}]0;owned\u{7}<html>".into(),
        ),
        always(
            "a redirection to itself",
            "302 Found",
            "Location: /wsman\r\n",
            String::new(),
        ),
        always("503 for ever", "503 Service Unavailable", "", "busy".into()),
        always(
            "401 for ever",
            "401 Unauthorized",
            "WWW-Authenticate: Basic realm=\"x\"\r\n",
            String::new(),
        ),
        always(
            "401 without a method",
            "401 Unauthorized",
            "",
            String::new(),
        ),
        always(
            "500 for ever",
            "500 Internal Server Error",
            SOAP,
            "<boom".into(),
        ),
        harm("a byte at a time", {
            let text = format!("HTTP/1.1 200 OK\r\n{SOAP}Content-Length: 90000\r\n\r\n{open}");
            move |stream| {
                for byte in text.bytes().chain(std::iter::repeat(b' ')) {
                    stream.write_all(&[byte])?;
                    thread::sleep(Duration::from_millis(50));
                }
                Ok(())
            }
        }),
    ]
}

fn silence(stream: &mut TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}

/// How the program fared.
struct Fared {
    status: Option<i32>,
    err: String,
    took: Duration,
    peak: usize,
}

/// Runs a script on that port, and watches.
fn fares(port: u16) -> Fared {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    let profile = "[computers.Harm]\nuser = 'alice'\npassword_command = ['echo', 'secret']\n";
    std::fs::write(
        &config,
        format!("{profile}target = 'http://127.0.0.1:{port}/wsman'\n"),
    )
    .unwrap();
    let seconds = format!("{}s", DEADLINE.as_secs());
    let start = Instant::now();
    let mut program = Command::new(env!("CARGO_BIN_EXE_psdeck"))
        .args([
            "invoke",
            "Harm",
            "-c",
            "1",
            "--auth",
            "basic",
            "--no-encryption",
        ])
        .args([
            "--connect-timeout",
            &seconds,
            "--operation-timeout",
            &seconds,
        ])
        .arg("--config")
        .arg(&config)
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = program.stderr.take().unwrap();
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        let _ = pipe.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut peak = 0;
    let status = loop {
        peak = peak.max(peak_memory(&program));
        match program.try_wait().unwrap() {
            Some(status) => break status.code(),
            None if start.elapsed() > DEADLINE + GRACE => {
                program.kill().unwrap();
                program.wait().unwrap();
                break None;
            }
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    Fared {
        status,
        took: start.elapsed(),
        peak,
        err: reader.join().unwrap(),
    }
}

/// The most resident memory that a process has had; nothing where that cannot be known.
fn peak_memory(program: &Child) -> usize {
    // Until it is the program, its figures are this process's.
    let begun = std::fs::read_link(format!("/proc/{}/exe", program.id()));
    if !begun.is_ok_and(|file| file.ends_with("psdeck")) {
        return 0;
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id()));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kilobytes.unwrap_or(0_usize) << 10
}

/// What is wrong with an end, if anything is.
fn wrong(fared: &Fared) -> Option<String> {
    let Fared {
        status,
        err,
        took,
        peak,
    } = fared;
    let first = err.lines().find(|line| line.starts_with("error: "));
    if status.is_none() {
        Some(format!("no end after {took:?}"))
    } else if *status == Some(0) || *status == Some(101) {
        Some(format!("the status is {status:?}"))
    } else if first.is_none() || err.contains("panicked") {
        Some("no error".to_owned())
    } else if err.chars().any(|c| c.is_control() && c != '\n') {
        Some("control characters in the error".to_owned())
    } else if err.len() > 10_000 {
        Some(format!("an error of {} bytes", err.len()))
    } else if *peak > MEMORY {
        Some("too much memory".to_owned())
    } else {
        None
    }
}

fn every_harm_ends(until: Until) {
    let cases = Mutex::new(harms().into_iter());
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((name, harm)) = cases.lock().unwrap().next() else {
                        return;
                    };
                    let fared = fares(server(until, harm));
                    let row = format!(
                        "{until:?}, {name}: {:?} after {:.1} s, {} MiB\n{}",
                        fared.status,
                        fared.took.as_secs_f64(),
                        fared.peak >> 20,
                        fared.err
                    );
                    println!("{row}");
                    if let Some(wrong) = wrong(&fared) {
                        failures.lock().unwrap().push(format!("{wrong}: {row}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn harm_before_the_first_request_ends_in_an_error() {
    every_harm_ends(Until::Connected);
}

#[test]
fn harm_before_it_is_known_who_asks_ends_in_an_error() {
    every_harm_ends(Until::Asked);
}

#[test]
fn harm_while_the_shell_is_created_ends_in_an_error() {
    every_harm_ends(Until::Create);
}

#[test]
fn harm_while_output_is_asked_for_ends_in_an_error() {
    every_harm_ends(Until::Receive);
}
