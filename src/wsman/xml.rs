//! A small tree of an XML text: names without prefixes, text borrowed where it can be.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::Error;

/// Levels of elements; real envelopes have about a dozen.
const DEPTH: usize = 40;
/// Elements and attributes in all: 4000 listed shells of 24 members. Each takes a hundred bytes, an attribute half.
const ELEMENTS: usize = 100_000;
/// Attributes of one element: each is compared with the others.
const ATTRIBUTES: usize = 100;

/// An element. Its name has no prefix: servers choose those, and no two elements that we read differ in them alone.
#[derive(Debug, Default)]
pub(super) struct Element<'a> {
    pub(super) name: &'a str,
    attributes: Vec<(&'a str, Cow<'a, str>)>,
    /// All text in it, not that of its children.
    pub(super) text: Cow<'a, str>,
    pub(super) children: Vec<Self>,
}

impl<'a> Element<'a> {
    /// Reads the one element that a text holds.
    pub(super) fn read(text: &'a str) -> Result<Self, Error> {
        let mut reader = Reader::from_str(text);
        // The outermost collects the document's element.
        let mut open = vec![Self::default()];
        let mut count = 0;
        loop {
            match reader.read_event().map_err(|error| malformed(&error))? {
                Event::Start(tag) => {
                    if open.len() > DEPTH {
                        return Err(Error::TooDeep(DEPTH));
                    }
                    let element = Self::start(text, &tag)?;
                    count += 1 + element.attributes.len();
                    open.push(element);
                }
                Event::Empty(tag) => {
                    let element = Self::start(text, &tag)?;
                    count += 1 + element.attributes.len();
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(element);
                    }
                }
                Event::End(_) => {
                    let done = open.pop().unwrap_or_default();
                    match open.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => return Err(Error::Malformed("an end without its start".into())),
                    }
                }
                Event::Text(part) => add(&mut open, borrowed(text, &part)?),
                Event::CData(part) => add(&mut open, borrowed(text, &part)?),
                Event::GeneralRef(entity) => add(&mut open, Cow::Owned(resolve(&entity)?.into())),
                Event::DocType(_) => return Err(Error::DocumentType),
                Event::Eof => break,
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            }
            if count > ELEMENTS {
                return Err(Error::TooMany(ELEMENTS));
            }
        }
        if open.len() > 1 {
            return Err(Error::Malformed("it ends too early".into()));
        }
        let mut found = open.pop().unwrap_or_default().children;
        match (found.pop(), found.is_empty()) {
            (Some(element), true) => Ok(element),
            _ => Err(Error::NotSoap(beginning(text))),
        }
    }

    fn start(text: &'a str, tag: &BytesStart<'_>) -> Result<Self, Error> {
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| Error::Malformed(error.to_string()))?;
            let name = inside(text, attribute.key.local_name().into_inner())?;
            let value = inside(text, &attribute.value)?;
            attributes.push((name, unescape(value)?));
            if attributes.len() > ATTRIBUTES {
                return Err(Error::TooManyAttributes(ATTRIBUTES));
            }
        }
        Ok(Self {
            name: inside(text, tag.local_name().into_inner())?,
            attributes,
            ..Self::default()
        })
    }

    /// The first child of that name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first element of that name at any depth below, this level first.
    pub(super) fn below(&self, name: &str) -> Option<&Self> {
        self.child(name)
            .or_else(|| self.children.iter().find_map(|child| child.below(name)))
    }

    /// An attribute's value.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes
            .find(|(key, _)| *key == name)
            .map(|(_, value)| &**value)
    }

    /// Its text without the white space around it; none if there is none.
    pub(super) fn trimmed(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| !text.is_empty())
    }

    /// The trimmed text of the first child of that name.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name)?.trimmed()
    }
}

/// How a text begins, for an error that shows it.
pub(super) fn beginning(text: &str) -> String {
    let shown: String = text.trim_start().chars().take(60).collect();
    shown.escape_debug().to_string().replace("\\\"", "\"")
}

fn malformed(error: &quick_xml::Error) -> Error {
    Error::Malformed(error.to_string())
}

fn add<'a>(open: &mut [Element<'a>], part: Cow<'a, str>) {
    // What stands outside of the document's element is white space, or nothing that we want.
    if let [_, .., element] = open {
        if element.text.is_empty() {
            element.text = part;
        } else {
            element.text.to_mut().push_str(&part);
        }
    }
}

/// The part of the text that these bytes are.
fn inside<'a>(text: &'a str, part: &str) -> Result<&'a str, Error> {
    let start = part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    let found = start
        .checked_add(part.len())
        .and_then(|end| text.get(start..end));
    found.ok_or(Error::NotUnicode)
}

fn borrowed<'a>(text: &'a str, part: &str) -> Result<Cow<'a, str>, Error> {
    inside(text, part).map(Cow::Borrowed)
}

/// A reference's character.
fn resolve(entity: &BytesRef<'_>) -> Result<char, Error> {
    let unknown = || Error::Entity(beginning(entity));
    if let Some(char) = entity.resolve_char_ref().map_err(|_| unknown())? {
        return Ok(char);
    }
    named(entity).ok_or_else(unknown)
}

fn named(entity: &str) -> Option<char> {
    Some(match entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

fn unescape(value: &str) -> Result<Cow<'_, str>, Error> {
    quick_xml::escape::unescape(value).map_err(|error| Error::Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_prefixes_and_text_its_references() {
        let text = "<?xml version='1.0'?><!-- c --><a:R xmlns:a='u' a:N='1 &amp; 2'><b>x &lt;&#65;<![CDATA[<y>]]></b><c/> t</a:R>\n";
        let element = Element::read(text).unwrap();
        assert_eq!((element.name, element.attribute("N")), ("R", Some("1 & 2")));
        assert_eq!(element.text_of("b"), Some("x <A<y>"));
        assert_eq!(element.child("c").unwrap().trimmed(), None);
        assert_eq!(element.trimmed(), Some("t"));
    }

    #[test]
    fn elements_and_attributes_have_an_end() {
        let many = |element: &str, times| format!("<a>{}</a>", element.repeat(times));
        assert!(Element::read(&many("<b c=''/>", 49_999)).is_ok());
        assert_eq!(
            Element::read(&many("<b c=''/>", 50_001)).unwrap_err(),
            Error::TooMany(ELEMENTS)
        );
        let attributes: Vec<_> = (0..200_000).map(|n| format!("b{n}=''")).collect();
        assert_eq!(
            Element::read(&format!("<a {}/>", attributes.join(" "))).unwrap_err(),
            Error::TooManyAttributes(ATTRIBUTES)
        );
    }

    #[test]
    fn plain_text_is_borrowed() {
        let element = Element::read("<a>AAAA</a>").unwrap();
        assert!(matches!(element.text, Cow::Borrowed("AAAA")));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(41), "</a>".repeat(41));
        for (text, error) in [
            (deep.as_str(), Error::TooDeep(40)),
            ("<!DOCTYPE a><a/>", Error::DocumentType),
            ("<a>&bomb;</a>", Error::Entity("bomb".into())),
            ("", Error::NotSoap(String::new())),
            ("plain \u{1b}", Error::NotSoap("plain \\u{1b}".into())),
            ("<a/><b/>", Error::NotSoap("<a/><b/>".into())),
            ("<a>", Error::Malformed("it ends too early".into())),
        ] {
            assert_eq!(Element::read(text).unwrap_err(), error, "{text}");
        }
        assert!(matches!(Element::read("<a></b>"), Err(Error::Malformed(_))));
        assert!(matches!(
            Element::read("<a b='&x;'/>"),
            Err(Error::Malformed(_))
        ));
    }
}
