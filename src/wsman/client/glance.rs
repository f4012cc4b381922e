//! What can be told of an envelope without reading it.

use memchr::memmem;
use uuid::Uuid;

/// The headers and the beginning of the body are in the first bytes.
const HEAD: usize = 4096;
/// The state of a command follows its output.
const TAIL: usize = 1024;

/// What an envelope seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glance {
    /// Output, and nothing but output: of so many bytes at most.
    Output(usize),
    /// Anything else.
    Other,
}

/// Looks at the answer to a Receive. When in doubt it is something else.
pub(super) fn glance(envelope: &str, message: Uuid) -> Glance {
    let bytes = envelope.as_bytes();
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let tail = bytes
        .get(bytes.len().saturating_sub(TAIL)..)
        .unwrap_or(bytes);
    let has = |text: &[u8], word: &str| memmem::find(text, word.as_bytes()).is_some();
    let mut id = Uuid::encode_buffer();
    let upper = message.hyphenated().encode_upper(&mut id);
    let ours = has(head, upper) || has(head, &upper.to_ascii_lowercase());
    let output = ours
        && has(head, "ReceiveResponse")
        && has(head, "Stream")
        && !has(head, "/Done")
        && !has(tail, "/Done")
        && has(tail, "Envelope>");
    if output {
        Glance::Output(bytes.len() / 4 * 3)
    } else {
        Glance::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_output_is_output() {
        let id = Uuid::from_u128(0xabcd);
        let envelope = |inside: &str| {
            format!(
                "<s:Envelope><a:Action>…/shell/ReceiveResponse</a:Action><a:RelatesTo>uuid:{id}</a:RelatesTo>\
                 <s:Body><rsp:ReceiveResponse>{inside}</rsp:ReceiveResponse></s:Body></s:Envelope>"
            )
        };
        let stream = format!(
            "<rsp:Stream Name=\"stdout\">{}</rsp:Stream>",
            "A".repeat(8192)
        );
        let output = envelope(&stream);
        assert_eq!(glance(&output, id), Glance::Output(output.len() / 4 * 3));
        assert_eq!(
            glance(&output.replace("0000-abcd", "0000-ABCD"), id),
            Glance::Output(output.len() / 4 * 3)
        );
        let done = "<rsp:CommandState State=\"http://x/CommandState/Done\"/>";
        for other in [
            envelope(&format!("{stream}{done}")),
            envelope(&format!("{done}{stream}")),
            envelope("<rsp:CommandState State=\"http://x/CommandState/Running\"/>"),
            output.replace(&id.to_string(), &Uuid::nil().to_string()),
            output.replace("ReceiveResponse", "fault"),
            output[..output.len() - 20].to_owned(),
            String::new(),
        ] {
            assert_eq!(glance(&other, id), Glance::Other);
        }
    }
}
