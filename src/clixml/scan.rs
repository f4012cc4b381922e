//! The XML that CLIXML needs, read in place: elements with two known attributes, texts, and what may stand between.
//!
//! A general reader spends more on events and attributes that nobody looks at than the values cost; this one knows
//! that an element is either a primitive, with text only, or a container, with elements only.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::error::{Error, Fault};
use super::escape::{Place, short, unescape};

pub(super) type Result<T> = std::result::Result<T, Error>;

/// Where a text is being read.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

/// A start tag.
pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    /// `N`, in XML's escaping.
    pub(super) label: Option<&'a str>,
    /// `RefId`.
    pub(super) ref_id: Option<&'a str>,
    /// Whether the element ends with this tag.
    pub(super) empty: bool,
    /// Where the tag starts.
    pub(super) offset: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let at = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
        Self { text, at }
    }

    /// The next element outside all elements, or none at the end of the text.
    pub(super) fn root(&mut self) -> Result<Option<Tag<'a>>> {
        loop {
            self.skip_blank();
            match (self.peek(0), self.peek(1)) {
                (None, _) => return Ok(None),
                (Some(b'<'), Some(b'!' | b'?')) => self.skip_markup()?,
                (Some(b'<'), Some(b'/')) => return Err(self.malformed("end tag without a start")),
                (Some(b'<'), _) => return self.start_tag().map(Some),
                _ if self.rest().starts_with("#< CLIXML") => self.skip_line(),
                _ => return Err(self.malformed("text outside of an element")),
            }
        }
    }

    /// The next element inside `parent`, or none at its end tag, which is taken.
    pub(super) fn child(&mut self, parent: &Tag<'a>) -> Result<Option<Tag<'a>>> {
        if parent.empty {
            return Ok(None);
        }
        loop {
            self.skip_blank();
            match (self.peek(0), self.peek(1)) {
                (Some(b'<'), Some(b'/')) => return self.end_tag(parent).map(|()| None),
                (Some(b'<'), Some(b'!' | b'?')) => self.skip_markup()?,
                (Some(b'<'), Some(_)) => return self.start_tag().map(Some),
                (None, _) | (Some(b'<'), None) => return Err(self.fault(Fault::UnexpectedEnd)),
                _ => return Err(self.malformed("text between elements")),
            }
        }
    }

    /// The text of an element without children, with its end tag.
    pub(super) fn content(&mut self, tag: &Tag<'a>) -> Result<Cow<'a, str>> {
        if tag.empty {
            return Ok(Cow::Borrowed(""));
        }
        let first = self.run()?;
        if self.peek(1) == Some(b'/') {
            self.end_tag(tag)?;
            return Ok(first);
        }
        let mut text = first.into_owned();
        loop {
            match self.peek(1) {
                Some(b'/') => {
                    self.end_tag(tag)?;
                    return Ok(Cow::Owned(text));
                }
                Some(b'!') if self.rest().starts_with("<![CDATA[") => {
                    self.at += "<![CDATA[".len();
                    let inside = self.until("]]>")?;
                    text.push_str(&inside.replace("\r\n", "\n").replace('\r', "\n"));
                }
                Some(b'!' | b'?') => self.skip_markup()?,
                None => return Err(self.fault(Fault::UnexpectedEnd)),
                Some(_) => {
                    let child = self.start_tag()?;
                    return Err(Error::at(child.offset, Fault::Element(short(child.name))));
                }
            }
            text.push_str(&self.run()?);
        }
    }

    /// Passes over the rest of an element, whatever is in it.
    pub(super) fn skip(&mut self, tag: &Tag<'a>) -> Result<()> {
        self.content(tag).map(drop)
    }

    /// The text up to the next tag.
    fn run(&mut self) -> Result<Cow<'a, str>> {
        let from = self.at;
        let rest = self.rest();
        let length = memchr(b'<', rest.as_bytes());
        let length = length.ok_or_else(|| Error::at(self.text.len(), Fault::UnexpectedEnd))?;
        self.at += length;
        let raw = rest.get(..length).unwrap_or_default();
        unescape(raw, Place::Element).map_err(|name| Error::at(from, Fault::Entity(name)))
    }

    fn start_tag(&mut self) -> Result<Tag<'a>> {
        let offset = self.at;
        self.at += 1;
        let mut tag = Tag {
            name: self.name(),
            label: None,
            ref_id: None,
            empty: false,
            offset,
        };
        if tag.name.is_empty() {
            return Err(self.malformed("a tag without a name"));
        }
        loop {
            match self.peek(0) {
                Some(b'>') => {
                    self.at += 1;
                    return Ok(tag);
                }
                Some(b'/') if self.peek(1) == Some(b'>') => {
                    self.at += 2;
                    tag.empty = true;
                    return Ok(tag);
                }
                Some(byte) if is_blank(byte) => self.at += 1,
                Some(_) => {
                    let (name, value) = self.attribute()?;
                    match name {
                        "N" => tag.label = Some(value),
                        "RefId" => tag.ref_id = Some(value),
                        _ => {}
                    }
                }
                None => return Err(self.fault(Fault::UnexpectedEnd)),
            }
        }
    }

    fn attribute(&mut self) -> Result<(&'a str, &'a str)> {
        let name = self.name();
        self.skip_blank();
        if name.is_empty() || self.peek(0) != Some(b'=') {
            return Err(self.malformed("a broken attribute"));
        }
        self.at += 1;
        self.skip_blank();
        let quote = match self.peek(0) {
            Some(quote @ (b'"' | b'\'')) => quote,
            Some(_) => return Err(self.malformed("an attribute without quotes")),
            None => return Err(self.fault(Fault::UnexpectedEnd)),
        };
        self.at += 1;
        let rest = self.rest();
        let length = rest.bytes().position(|byte| byte == quote || byte == b'<');
        let length = length.ok_or_else(|| Error::at(self.text.len(), Fault::UnexpectedEnd))?;
        self.at += length;
        if self.peek(0) == Some(b'<') {
            return Err(self.malformed("`<` in an attribute"));
        }
        self.at += 1;
        Ok((name, rest.get(..length).unwrap_or_default()))
    }

    fn end_tag(&mut self, tag: &Tag<'a>) -> Result<()> {
        let from = self.at;
        self.at += 2;
        let name = self.name();
        self.skip_blank();
        match self.peek(0) {
            Some(b'>') if name == tag.name => {
                self.at += 1;
                Ok(())
            }
            None => Err(self.fault(Fault::UnexpectedEnd)),
            _ => Err(Error::at(
                from,
                Fault::Malformed("the end tag is another one"),
            )),
        }
    }

    /// A comment or a processing instruction.
    fn skip_markup(&mut self) -> Result<()> {
        let rest = self.rest();
        if rest.starts_with("<?") {
            self.until("?>").map(drop)
        } else if rest.starts_with("<!--") {
            self.at += "<!--".len();
            self.until("-->").map(drop)
        } else if rest.starts_with("<!DOCTYPE") {
            Err(self.fault(Fault::DocumentType))
        } else {
            Err(self.malformed("unknown markup"))
        }
    }

    /// What is before `mark`, which is passed over.
    fn until(&mut self, mark: &str) -> Result<&'a str> {
        let rest = self.rest();
        match memmem::find(rest.as_bytes(), mark.as_bytes()) {
            Some(length) => {
                self.at += length + mark.len();
                Ok(rest.get(..length).unwrap_or_default())
            }
            None => Err(Error::at(self.text.len(), Fault::UnexpectedEnd)),
        }
    }

    /// A name of an element or an attribute.
    fn name(&mut self) -> &'a str {
        let rest = self.rest();
        let ends =
            |byte: &u8| is_blank(*byte) || matches!(byte, b'>' | b'/' | b'=' | b'<' | b'"' | b'\'');
        let length = rest
            .bytes()
            .position(|byte| ends(&byte))
            .unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn skip_line(&mut self) {
        self.at += memchr(b'\n', self.rest().as_bytes()).unwrap_or(self.rest().len());
    }

    fn skip_blank(&mut self) {
        while self.peek(0).is_some_and(is_blank) {
            self.at += 1;
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn fault(&self, fault: Fault) -> Error {
        Error::at(self.at, fault)
    }

    fn malformed(&self, what: &'static str) -> Error {
        self.fault(Fault::Malformed(what))
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
