//! What a server offers: `WWW-Authenticate` (RFC 9110 11.6.1) in all its forms.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Error;

/// More offers, or parameters of one, than these are not read.
const MOST: usize = 32;

/// Of the headers together, no more than so many bytes are read.
const LONGEST: usize = 256 * 1024;

/// One challenge: a method that the server takes, or its token in an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The scheme as written; its case means nothing.
    pub scheme: String,
    /// What stands behind the scheme, where it is one word: the token in base64.
    pub data: Option<String>,
    /// Otherwise the parameters (`realm="WSMAN"`), unquoted, in order.
    pub parameters: Vec<(String, String)>,
}

/// Reads the values of all headers of that name: one or several challenges each, with tokens or parameters, quoted or
/// not. What is none of it is passed over.
pub fn read<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Offered> {
    let mut offers = Vec::new();
    let mut room = LONGEST;
    for value in values {
        let Some(left) = room.checked_sub(value.len()) else {
            break;
        };
        room = left;
        read_one(value, &mut offers);
        if offers.len() >= MOST {
            break;
        }
    }
    offers
}

/// The token that a server sends under a scheme: `None` where it offers the scheme, or not even that, without one.
pub fn token(offers: &[Offered], scheme: &str) -> Result<Option<Vec<u8>>, Error> {
    let data = offers
        .iter()
        .filter(|offer| offer.scheme.eq_ignore_ascii_case(scheme))
        .find_map(|offer| offer.data.as_deref());
    data.map(|data| STANDARD.decode(data))
        .transpose()
        .map_err(|_| Error::Token("it is not in base64".to_owned()))
}

impl Offered {
    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        parameters.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value.as_str()))
    }
}

fn read_one(value: &str, offers: &mut Vec<Offered>) {
    let mut rest = Rest(value);
    // Whether a parameter may belong to the last offer.
    let mut open = false;
    while offers.len() < MOST {
        rest.skip(|letter| letter == ',' || letter.is_ascii_whitespace());
        if rest.0.is_empty() {
            return;
        }
        let word = rest.take(is_word);
        if word.is_empty() {
            open = false;
            rest.skip_to_comma();
            continue;
        }
        if let Some(parameter) = rest.parameter(word) {
            match offers.last_mut() {
                Some(offer) if open && offer.parameters.len() < MOST => {
                    offer.parameters.push(parameter)
                }
                _ => {}
            }
            continue;
        }
        let separated = rest.skip(|letter| letter == ' ' || letter == '\t');
        let data = if separated { rest.data() } else { None };
        open = data.is_none();
        offers.push(Offered {
            scheme: word.to_owned(),
            data: data.map(str::to_owned),
            parameters: Vec::new(),
        });
        if !(separated || rest.at_end()) {
            open = false;
            rest.skip_to_comma();
        }
    }
}

struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self
            .0
            .find(|letter| !belongs(letter))
            .unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at_checked(end).unwrap_or((self.0, ""));
        self.0 = rest;
        taken
    }

    /// Whether there was anything to skip.
    fn skip(&mut self, belongs: impl Fn(char) -> bool) -> bool {
        !self.take(belongs).is_empty()
    }

    /// Whether the challenge, or a part of it, ends here.
    fn at_end(&self) -> bool {
        self.0.is_empty() || self.0.starts_with(',')
    }

    /// Goes to the next comma that no quotes hold.
    fn skip_to_comma(&mut self) {
        while !self.at_end() {
            if self.0.starts_with('"') {
                self.quoted();
            } else {
                self.take(|letter| letter != ',' && letter != '"');
            }
        }
    }

    /// The rest of a parameter `name`, which stands before; nothing is taken where it is none.
    fn parameter(&mut self, name: &str) -> Option<(String, String)> {
        let mut ahead = Rest(self.0);
        ahead.skip(|letter| letter == ' ' || letter == '\t');
        ahead.0 = ahead.0.strip_prefix('=')?;
        ahead.skip(|letter| letter == ' ' || letter == '\t');
        let value = if ahead.0.starts_with('"') {
            ahead.quoted()
        } else {
            let bare = |letter: char| letter != ',' && !letter.is_ascii_whitespace();
            ahead.take(bare).to_owned()
        };
        ahead.skip_to_comma();
        self.0 = ahead.0;
        Some((name.to_owned(), value))
    }

    /// A quoted text without its quotes; one that does not end goes to the end.
    fn quoted(&mut self) -> String {
        let mut text = String::new();
        let mut letters = self.0.chars();
        letters.next();
        while let Some(letter) = letters.next() {
            match letter {
                '"' => break,
                '\\' => text.extend(letters.next()),
                other => text.push(other),
            }
        }
        self.0 = letters.as_str();
        text
    }

    /// `token68`: one word up to the end of the challenge; nothing is taken where it is something else.
    fn data(&mut self) -> Option<&'a str> {
        let mut ahead = Rest(self.0);
        ahead.take(|letter| letter.is_ascii_alphanumeric() || "-._~+/".contains(letter));
        ahead.take(|letter| letter == '=');
        let length = self.0.len() - ahead.0.len();
        ahead.skip(|letter| letter.is_ascii_whitespace());
        if length == 0 || !ahead.at_end() {
            return None;
        }
        let data = self.0.get(..length);
        self.0 = ahead.0;
        data
    }
}

/// Letters of schemes and names. Those of tokens (RFC 9110 5.6.2), and what stands in Windows' scheme for certificates.
fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:/".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The offers as one line each: `scheme|data|name=value …`.
    fn lines(values: &[&str]) -> Vec<String> {
        let line = |offer: &Offered| {
            let parameters = offer
                .parameters
                .iter()
                .map(|(name, value)| format!("|{name}={value}"));
            let data = offer.data.as_deref().unwrap_or_default();
            format!("{}|{data}{}", offer.scheme, parameters.collect::<String>())
        };
        read(values.iter().copied()).iter().map(line).collect()
    }

    #[test]
    fn every_form_is_read() {
        for (values, expected) in [
            (
                &["Negotiate", "Kerberos", "Basic realm=\"WSMAN\""][..],
                &["Negotiate|", "Kerberos|", "Basic||realm=WSMAN"][..],
            ),
            (
                &["Negotiate, Kerberos,Basic realm=\"a, b\", CredSSP"],
                &["Negotiate|", "Kerberos|", "Basic||realm=a, b", "CredSSP|"],
            ),
            (&["Negotiate oRswGaADCgEA"], &["Negotiate|oRswGaADCgEA"]),
            (
                &["Negotiate oRswGaADCgE=, Basic realm=x"],
                &["Negotiate|oRswGaADCgE=", "Basic||realm=x"],
            ),
            (
                &[
                    "Digest realm=\"W\\\"S\",qop=\"auth,auth-int\" , algorithm = MD5, nonce=\"+a/=\", Basic",
                ],
                &[
                    "Digest||realm=W\"S|qop=auth,auth-int|algorithm=MD5|nonce=+a/=",
                    "Basic|",
                ],
            ),
            (&[" ,, Negotiate ,\t, NTLM,"], &["Negotiate|", "NTLM|"]),
            (&["nEGOTIATE YQ==   ,Basic"], &["nEGOTIATE|YQ==", "Basic|"]),
            (
                &["http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"],
                &["http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual|"],
            ),
            // What is no challenge is passed over up to the next comma.
            (
                &["\"Basic\", Negotiate", "", "=x, Basic realm=\"never ends"],
                &["Negotiate|", "Basic||realm=never ends"],
            ),
            (&["realm=\"alone\", Negotiate"], &["Negotiate|"]),
        ] {
            assert_eq!(lines(values), expected, "{values:?}");
        }
    }

    #[test]
    fn a_token_is_found_whatever_the_case() {
        let offers = read(["Basic realm=x, NEGOTIATE YWI="]);
        assert_eq!(token(&offers, "Negotiate"), Ok(Some(b"ab".to_vec())));
        assert_eq!(token(&offers, "Basic"), Ok(None));
        assert!(matches!(
            token(&read(["Negotiate ab~"]), "Negotiate"),
            Err(Error::Token(_))
        ));
        assert_eq!(offers[0].parameter("REALM"), Some("x"));
    }

    #[test]
    fn endless_headers_are_read_within_bounds() {
        let many = "Basic realm=a,".repeat(1000);
        assert_eq!(read([many.as_str()]).len(), MOST);
        let parameters = format!("Digest {}", "a=b,".repeat(1000));
        assert_eq!(read([parameters.as_str()])[0].parameters.len(), MOST);
        let long = format!("Negotiate {}", "A".repeat(LONGEST));
        assert!(read(["Basic", long.as_str()]).len() == 1);
    }
}
