//! Faults, with whose they are and what helps (protocol guide 7.7).

use super::xml::Element;

mod codes;

pub use codes::FaultCode;

/// Whose fault a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guilty {
    /// The network, or the service behind it, for the moment.
    Network,
    /// The server: its configuration, its limits, its state.
    Server,
    /// The user: identity, permission, names.
    User,
    /// This program.
    Us,
}

/// Why a server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The code of Windows, if the fault has one.
    pub code: Option<FaultCode>,
    /// The subcode of SOAP without its prefix: `InvalidSelectors`, say.
    pub subcode: Option<String>,
    /// The innermost message: what happened.
    pub message: String,
    /// Which computer says so.
    pub machine: Option<String>,
    /// Which part of it: `Shell provider`, say.
    pub provider: Option<String>,
    /// Where else the session configuration is, if that is what the fault says.
    pub redirect: Option<String>,
}

impl Fault {
    pub(super) fn read(element: &Element<'_>) -> Self {
        let detail = element.child("Detail");
        let outer = detail.and_then(|detail| detail.below("WSManFault"));
        let mut inner = outer;
        let mut provider = None;
        // Providers wrap what they got; the innermost knows.
        while let Some(next) = inner.and_then(|fault| fault.child("Message")?.below("WSManFault")) {
            provider = inner
                .and_then(|fault| fault.below("ProviderFault"))
                .and_then(|fault| fault.attribute("provider"));
            inner = Some(next);
        }
        let code = |fault: &Element<'_>| FaultCode::read(fault.attribute("Code")?);
        let message = inner.and_then(|fault| {
            let message = fault.child("Message")?;
            message
                .trimmed()
                .or_else(|| message.below("ProviderFault")?.trimmed())
        });
        let reason = || element.child("Reason")?.text_of("Text");
        let text = message.or_else(reason).unwrap_or_default();
        let value = |element: &Element<'_>| {
            let value = element.text_of("Value")?;
            Some(value.rsplit(':').next().unwrap_or(value).to_owned())
        };
        let code = inner.and_then(code).or_else(|| outer.and_then(code));
        Self {
            code,
            subcode: element
                .child("Code")
                .and_then(|code| code.child("Subcode"))
                .and_then(value),
            message: words(text),
            machine: inner
                .and_then(|fault| fault.attribute("Machine"))
                .map(str::to_owned),
            provider: provider.map(str::to_owned),
            redirect: detail
                .and_then(|detail| detail.below("RedirectLocation"))
                .and_then(Element::trimmed)
                .or_else(|| (code == Some(FaultCode::RedirectRequested)).then(|| url(text))?)
                .map(str::to_owned),
        }
    }

    /// Whether it says only that nothing has come: the Receive is to be sent again.
    pub fn is_timeout(&self) -> bool {
        match self.code {
            Some(code) => code == FaultCode::TimedOut,
            None => self.subcode.as_deref() == Some("TimedOut"),
        }
    }

    /// Whether it says that the shell or the command is gone.
    pub fn is_gone(&self) -> bool {
        match self.code {
            Some(code) => code == FaultCode::InvalidSelectors,
            // The second is what OMI says.
            None => matches!(
                self.subcode.as_deref(),
                Some("InvalidSelectors" | "DestinationUnreachable")
            ),
        }
    }

    /// Whether it says that the operation's id was there already (MS-WSMV 3.1.4.1.39).
    pub fn is_known_operation(&self) -> bool {
        self.subcode.as_deref() == Some("InvalidMessageInformationHeader")
    }

    /// Whether it says that an envelope, ours or the one that we would take, is too large for the server.
    pub fn is_too_large(&self) -> bool {
        match self.code {
            Some(code) => matches!(code, FaultCode::EnvelopeTooLarge | FaultCode::EnvelopeLimit),
            None => self.subcode.as_deref() == Some("EncodingLimit"),
        }
    }

    /// PowerShell's error id: the code's own, a comma, and that of what was tried (`PSSessionOpenFailed`, say).
    pub fn error_id(&self, tried: &str) -> String {
        match self.code {
            Some(code) => format!("{},{tried}", code.error_id()),
            None => tried.to_owned(),
        }
    }
}

/// A text with single spaces, as faults break their lines anywhere.
fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    words
}

/// The URL in a sentence.
fn url(text: &str) -> Option<&str> {
    let (at, _) = text.match_indices("http").next()?;
    let rest = text.get(at..)?;
    let end = rest.find(|char: char| char.is_whitespace() || "\"'<>".contains(char));
    let found = rest.get(..end.unwrap_or(rest.len()))?;
    Some(found.trim_end_matches(['.', ','])).filter(|url| url.contains("://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(detail: &str) -> Fault {
        let text = format!(
            "<f:Fault xmlns:f='u'><Code><Value>s:Sender</Value><Subcode><Value>w:Some</Value></Subcode></Code>\
             <Reason><Text>The\n reason. </Text></Reason><Detail>{detail}</Detail></f:Fault>"
        );
        Fault::read(&Element::read(&text).unwrap())
    }

    #[test]
    fn the_innermost_message_is_the_one() {
        let inner =
            "<WSManFault Code='2150858843' Machine='M'><Message>inner</Message></WSManFault>";
        let fault = fault(&format!(
            "<WSManFault Code='5' Machine='O'><Message><ProviderFault provider='Shell provider' path='p'>{inner}</ProviderFault></Message></WSManFault>"
        ));
        assert_eq!(fault.code, Some(FaultCode::InvalidSelectors));
        assert_eq!(
            (fault.message.as_str(), fault.machine.as_deref()),
            ("inner", Some("M"))
        );
        assert_eq!(fault.provider.as_deref(), Some("Shell provider"));
        assert!(fault.is_gone() && !fault.is_timeout());
    }

    #[test]
    fn signed_and_unsigned_codes_are_the_same() {
        for code in ["2150858793", "-2144108503"] {
            let fault = fault(&format!(
                "<WSManFault Code='{code}'><Message/></WSManFault>"
            ));
            assert!(fault.is_timeout(), "{code}");
            assert_eq!(fault.message, "The reason.");
        }
    }

    #[test]
    fn ids_are_composed_as_powershell_does() {
        let denied = fault("<WSManFault Code='5'/>");
        assert_eq!(
            denied.error_id("PSSessionOpenFailed"),
            "AccessDenied,PSSessionOpenFailed"
        );
        let unknown = fault("<WSManFault Code='2150858843'/>");
        assert_eq!(
            unknown.error_id("PSSessionStateBroken"),
            "CannotConnectTargetSessionDoesNotExist,PSSessionStateBroken"
        );
        let other = fault("<WSManFault Code='2150859180'/>");
        assert_eq!(other.error_id("X"), "RemoteSessionDisallowed,X");
        let number = fault("<WSManFault Code='2150859173'/>");
        assert_eq!(number.error_id("X"), "-2144108123,X");
        assert_eq!(fault("").error_id("X"), "X");
    }

    #[test]
    fn a_redirect_names_its_place() {
        let fault = fault(
            "<WSManFault Code='2150859161'><Message>Use https://other.example/wsman?x=1. It is there.</Message></WSManFault>",
        );
        assert_eq!(
            fault.redirect.as_deref(),
            Some("https://other.example/wsman?x=1")
        );
    }
}
