//! `WWW-Authenticate`: the values of headers, a line end between. Tokens in them go to exchanges, which end well or with
//! an error; an input that is a token of NTLM or SPNEGO by itself goes there at once.

use psdeck::auth::{Context, Credential, Method, Password, challenges};

use super::{kind, size, way};

pub(crate) const WORDS: &[&str] = &[
    "Negotiate",
    "Kerberos",
    "NTLM",
    "CredSSP",
    "Basic realm=\"WSMAN\"",
    "Digest qop=\"auth\",algorithm=MD5-sess,nonce=\"+Upgraded+v1\",charset=utf-8,realm=\"x\"",
    "Negotiate oRswGaADCgEA",
    "Negotiate TlRMTVNTUAACAAAA",
    "TlRMTVNTUAACAAAABAAEADgAAAA1goriKJzR9LNlTHAAAAAAAAAAAEIAQgA8AAAABgIAAAAAAA9WAE0A",
    "AAAA",
    "AQAEAFYATQACABYA",
    "oYGZMIGWoAMKAQGhDAYKKwYBBAGCNwICCqKBgAR",
    "charset=\"UTF-8\"",
    "\\\"",
    "\"",
    "=",
    "==",
    ", ",
    "\t",
    "\n",
    "\u{e9}",
];

pub(crate) fn run(input: &[u8]) -> u64 {
    if input.starts_with(b"NTLMSSP\0") || input.starts_with(b"\xA1") {
        return way(tokens(input));
    }
    let text = String::from_utf8_lossy(input);
    let offers = challenges::read(text.split('\n'));
    assert!(offers.len() <= 32);
    for offer in &offers {
        assert!(!offer.scheme.is_empty() && offer.parameters.len() <= 32);
        assert!(offer.data.is_none() || offer.parameters.is_empty());
        assert!(
            offer
                .data
                .as_ref()
                .is_none_or(|data| text.contains(data.as_str()))
        );
        assert!(text.contains(&offer.scheme));
    }
    // What was read, written plainly, is read as the same.
    let written: Vec<String> = offers.iter().map(write).collect();
    assert_eq!(
        challenges::read(written.iter().map(String::as_str)),
        offers,
        "{written:?}"
    );
    assert_eq!(
        challenges::read([written.join(", ").as_str()]),
        offers,
        "{written:?}"
    );

    let shape: Vec<_> = offers
        .iter()
        .take(3)
        .map(|offer| (offer.data.is_some(), size(offer.parameters.len())))
        .collect();
    let fared = match challenges::token(&offers, "Negotiate") {
        Ok(Some(token)) => format!("{:?}", tokens(&token)),
        Ok(None) => String::new(),
        Err(error) => kind(&error),
    };
    way((
        shape,
        size(offers.len()),
        fared,
        Method::Basic.is_offered(&offers),
    ))
}

/// How exchanges of both methods fare with the token: as the first of the server's, and again behind it.
fn tokens(token: &[u8]) -> [Option<String>; 4] {
    let credential = Credential {
        user: "PSDECK\\alice".to_owned(),
        password: Password::new("Passw0rd!"),
    };
    let mut fared = [const { None }; 4];
    for (method, fared) in [Method::Ntlm, Method::Negotiate]
        .into_iter()
        .zip(fared.chunks_mut(2))
    {
        let mut context = Context::new(method, &credential, "localhost", None).unwrap();
        context.step(None).unwrap();
        for fared in fared {
            match context.step(Some(token)) {
                Ok(step) => *fared = Some(step.complete.to_string()),
                // The mechanism's own words, too: they say how far it came.
                Err(error) => *fared = Some(words(&error.to_string())),
            }
        }
        // Whatever became of it: nothing is sealed or unsealed before its time, nothing panics.
        let complete = context.is_complete();
        assert_eq!(context.seal(&mut [0; 8]).is_ok(), complete);
        assert!(context.unseal(token, &mut token.to_vec()).is_err());
    }
    fared
}

/// A text without numbers and bytes.
fn words(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '\'');
    let words = words.filter(|word| !word.contains(|letter: char| letter.is_ascii_digit()));
    words.take(24).collect()
}

fn write(offer: &challenges::Offered) -> String {
    let mut text = offer.scheme.clone();
    if let Some(data) = &offer.data {
        text.push(' ');
        text.push_str(data);
    }
    let parameter = |(name, value): &(String, String)| {
        format!(
            "{name}=\"{}\"",
            value.replace('\\', "\\\\").replace('"', "\\\"")
        )
    };
    let parameters: Vec<_> = offer.parameters.iter().map(parameter).collect();
    if !parameters.is_empty() {
        text.push(' ');
        text.push_str(&parameters.join(", "));
    }
    text
}
