//! Answers of WSMan: a content type, a line end, a body. What is read has no more in it than the body held, and reads
//! the same again.

use psdeck::wsman::{Answer, Response, decode};

use super::{size, way};

pub(crate) const WORDS: &[&str] = &[
    "application/soap+xml;charset=UTF-8\n",
    "application/soap+xml;charset=UTF-16\n",
    "text/html\n",
    "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">",
    "</s:Envelope>",
    "<s:Header>",
    "</s:Header>",
    "<s:Body>",
    "</s:Body>",
    "<s:Body/>",
    "<a:Action>http://schemas.dmtf.org/wbem/wsman/1/wsman/fault</a:Action>",
    "<a:Action>http://schemas.dmtf.org/wbem/wsman/1/wsman/KeepAlive</a:Action>",
    "<a:RelatesTo>uuid:6F6E7C2A-33A5-4E4C-9E0C-2B1B6B0F7A11</a:RelatesTo>",
    "<p:OperationID>uuid:6F6E7C2A-33A5-4E4C-9E0C-2B1B6B0F7A11</p:OperationID>",
    "<p:SequenceId>1</p:SequenceId>",
    "<rsp:ReceiveResponse>",
    "<rsp:Stream Name=\"stdout\" CommandId=\"6F6E7C2A-33A5-4E4C-9E0C-2B1B6B0F7A11\" End=\"true\">",
    "AAAAAAAAAAEAAAAAAAAAAAMAAAAC",
    "</rsp:Stream>",
    "<rsp:CommandState State=\"http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done\">",
    "<rsp:ExitCode>0</rsp:ExitCode>",
    "<rsp:CommandResponse><rsp:CommandId>",
    "<rsp:Shell><rsp:ShellId>",
    "<rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut>",
    "<wst:ResourceCreated>",
    "<wsmid:IdentifyResponse>",
    "<n:EnumerateResponse><n:EnumerationContext>uuid:1</n:EnumerationContext><w:Items>",
    "<n:PullResponse><n:Items>",
    "<cfg:Config><cfg:MaxEnvelopeSizekb>500</cfg:MaxEnvelopeSizekb>",
    "<rsp:ConnectResponse><pwsh:connectResponseXml>",
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>w:TimedOut</s:Value></s:Subcode></s:Code>",
    "<s:Reason><s:Text xml:lang=\"en-US\">",
    "<s:Detail><f:WSManFault Code=\"2150858793\" Machine=\"x\"><f:Message>",
    "<f:ProviderFault provider=\"p\" path=\"q\">",
    "Code=\"-2144108503\"",
    "&lt;",
    "&#x41;",
    "&#0;",
    "&bomb;",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE a [<!ENTITY bomb \"bomb\">]>",
    "<!--",
    "<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
    "xmlns:s=\"",
    "\u{feff}",
];

pub(crate) fn run(input: &[u8]) -> u64 {
    let end = input.iter().position(|byte| *byte == b'\n');
    let (content_type, body) = input.split_at(end.map_or(0, |end| end + 1));
    let content_type = String::from_utf8_lossy(content_type);
    let text = match decode(content_type.trim(), body) {
        Ok(text) => text,
        Err(error) => return way(variant(&error)),
    };
    let response = match Response::read(&text) {
        Ok(response) => response,
        Err(error) => return way((variant(&error), size(text.len()))),
    };
    assert_eq!(
        Response::read(&text).as_ref(),
        Ok(&response),
        "the same text"
    );
    let answer = &response.answer;
    let shape = match answer {
        Answer::Received(received) => {
            let bytes: usize = received
                .streams
                .iter()
                .map(|stream| stream.data.len())
                .sum();
            assert!(bytes <= text.len(), "{bytes} bytes out of {}", text.len());
            (
                size(received.streams.len()),
                size(bytes),
                format!("{:?}", received.state.as_ref().map(|is| is.state)),
            )
        }
        Answer::Page(page) => (
            size(page.shells.len()),
            size(page.commands.len()),
            format!("{:?}", page.context.is_some()),
        ),
        Answer::Fault(fault) => {
            assert!(fault.message.len() <= 4 * text.len());
            assert!(!fault.error_id("PSSessionOpenFailed").is_empty());
            (
                u32::from(fault.is_gone()),
                u32::from(fault.is_timeout()),
                format!("{:?}{:?}", fault.code, fault.redirect.is_some()),
            )
        }
        _ => (0, 0, String::new()),
    };
    way((
        variant(answer),
        shape,
        response.echo.is_some(),
        response.relates_to.is_some(),
    ))
}

/// The first words of what `Debug` writes: the variant, and what it names.
fn variant(of: &impl std::fmt::Debug) -> String {
    let text = format!("{of:?}");
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    let words = words.filter(|word| {
        !word.is_empty() && !word.starts_with(|letter: char| letter.is_ascii_digit())
    });
    let take = if text.starts_with("Value") || text.starts_with("Missing") {
        3
    } else {
        1
    };
    words.take(take).collect()
}
