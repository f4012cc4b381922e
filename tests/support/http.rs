//! A WSMan server that keeps to nothing: it answers a session's requests by the book until the stage at which it is to do
//! harm, then does that with the bare socket. It speaks clear HTTP and lets everybody in.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How far it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Until {
    /// A connection was made; nothing was read.
    Connected,
    /// The first request came, of whatever kind.
    Asked,
    /// The shell is asked for by somebody who said who he is.
    Create,
    /// The shell is there, and its output is asked for.
    Receive,
}

/// What it does then. It is done again to whoever comes again.
pub type Harm = dyn Fn(&mut TcpStream) -> io::Result<()> + Send + Sync;

/// Starts one; its port. It lives as long as the test's process.
pub fn server(until: Until, harm: Arc<Harm>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let harm = Arc::clone(&harm);
            thread::spawn(move || {
                let _ = serve(stream, until, &*harm);
            });
        }
    });
    port
}

fn serve(mut stream: TcpStream, until: Until, harm: &Harm) -> io::Result<()> {
    // A client that is killed may leave its end open.
    stream.set_read_timeout(Some(Duration::from_mins(2)))?;
    stream.set_write_timeout(Some(Duration::from_mins(2)))?;
    loop {
        if until == Until::Connected {
            break;
        }
        let (head, body) = request(&mut stream)?;
        if until == Until::Asked {
            break;
        }
        if !head.to_ascii_lowercase().contains("\r\nauthorization:") {
            answer(
                &mut stream,
                "401 Unauthorized",
                "WWW-Authenticate: Basic realm=\"WSMAN\"\r\n",
                "",
            )?;
            continue;
        }
        let is_create = body.contains("/transfer/Create");
        if until == Until::Create && is_create || body.contains("/shell/Receive") {
            break;
        }
        let relates = between(&body, "MessageID", "<").unwrap_or_default();
        let action = if is_create {
            "http://schemas.xmlsoap.org/ws/2004/09/transfer/CreateResponse"
        } else {
            "http://schemas.xmlsoap.org/ws/2004/09/transfer/DeleteResponse"
        };
        let content = if is_create {
            created(&body)
        } else {
            String::new()
        };
        answer(
            &mut stream,
            "200 OK",
            SOAP,
            &envelope(action, relates, &content),
        )?;
    }
    harm(&mut stream)
}

/// The header of an envelope.
pub const SOAP: &str = "Content-Type: application/soap+xml;charset=UTF-8\r\n";

/// An answer as it should be, but for what stands in its body.
pub fn envelope(action: &str, relates_to: &str, body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
         xmlns:x=\"http://schemas.xmlsoap.org/ws/2004/09/transfer\" \
         xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\" \
         xmlns:rsp=\"http://schemas.microsoft.com/wbem/wsman/1/windows/shell\" xml:lang=\"en-US\"><s:Header>\
         <a:Action>{action}</a:Action><a:MessageID>uuid:AF8F54B1-4C93-42E7-9A0A-9A1A8C0E3A11</a:MessageID>\
         <a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>\
         <a:RelatesTo>{relates_to}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
}

fn created(request: &str) -> String {
    let shell =
        between(request, "ShellId=\"", "\"").unwrap_or("11111111-2222-3333-4444-555555555555");
    let resource = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell";
    format!(
        "<x:ResourceCreated><a:Address>http://127.0.0.1/wsman</a:Address><a:ReferenceParameters>\
         <w:ResourceURI>{resource}</w:ResourceURI><w:SelectorSet><w:Selector Name=\"ShellId\">{shell}</w:Selector>\
         </w:SelectorSet></a:ReferenceParameters></x:ResourceCreated><rsp:Shell><rsp:ShellId>{shell}</rsp:ShellId>\
         <rsp:ResourceUri>{resource}</rsp:ResourceUri><rsp:Owner>alice</rsp:Owner><rsp:ClientIP>127.0.0.1</rsp:ClientIP>\
         <rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut><rsp:InputStreams>stdin pr</rsp:InputStreams>\
         <rsp:OutputStreams>stdout</rsp:OutputStreams></rsp:Shell>"
    )
}

/// The text between the end of the first word and the next, a tag's end after the first word skipped.
fn between<'a>(text: &'a str, first: &str, next: &str) -> Option<&'a str> {
    let mut rest = &text[text.find(first)? + first.len()..];
    if !first.ends_with('"') {
        rest = &rest[rest.find('>')? + 1..];
    }
    rest.split(next).next()
}

/// Writes an answer with its length.
pub fn answer(stream: &mut TcpStream, status: &str, headers: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
}

/// The next request: its head and its body.
pub fn request(stream: &mut TcpStream) -> io::Result<(String, String)> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    Ok((head, String::from_utf8_lossy(&body).into_owned()))
}
