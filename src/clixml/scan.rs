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

/// What the bytes of a tag are, as flags.
static CLASS: [u8; 256] = classes();
const BLANK: u8 = 1;
/// Ends the name of an element or an attribute.
const NAME_END: u8 = 2;

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

    /// Bytes from the start.
    pub(super) fn offset(&self) -> usize {
        self.at
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

    /// The text of an element with its end tag, if it is text only; else nothing is taken.
    #[inline]
    pub(super) fn raw_content(&mut self, tag: &Tag<'a>) -> Result<Option<&'a str>> {
        if tag.empty {
            return Ok(Some(""));
        }
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let length = memchr(b'<', rest);
        let length = length.ok_or_else(|| Error::at(self.text.len(), Fault::UnexpectedEnd))?;
        if rest.get(length + 1) != Some(&b'/') {
            return Ok(None);
        }
        self.at += length;
        self.end_tag(tag)?;
        Ok(Some(
            self.text.get(start..start + length).unwrap_or_default(),
        ))
    }

    /// The text of an element that has comments or CDATA in it.
    pub(super) fn mixed_content(&mut self, tag: &Tag<'a>) -> Result<String> {
        let mut text = self.run()?.into_owned();
        loop {
            match self.peek(1) {
                Some(b'/') => {
                    self.end_tag(tag)?;
                    return Ok(text);
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
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
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

    /// The end tag that starts here.
    #[inline]
    fn end_tag(&mut self, tag: &Tag<'a>) -> Result<()> {
        let from = self.at;
        self.at += 2;
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if let Some([b'>', ..]) = rest.strip_prefix(tag.name.as_bytes()) {
            self.at += tag.name.len() + 1;
            return Ok(());
        }
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
    #[inline]
    fn name(&mut self) -> &'a str {
        let start = self.at;
        while self.class() & NAME_END == 0 {
            self.at += 1;
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn skip_line(&mut self) {
        self.at += memchr(b'\n', self.rest().as_bytes()).unwrap_or(self.rest().len());
    }

    #[inline]
    fn skip_blank(&mut self) {
        while self.class() & BLANK != 0 {
            self.at += 1;
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    /// The class of the byte here; the end of the text ends a name.
    #[inline]
    fn class(&self) -> u8 {
        match self.text.as_bytes().get(self.at) {
            Some(byte) => CLASS.get(usize::from(*byte)).copied().unwrap_or_default(),
            None => NAME_END,
        }
    }

    fn fault(&self, fault: Fault) -> Error {
        Error::at(self.at, fault)
    }

    fn malformed(&self, what: &'static str) -> Error {
        self.fault(Fault::Malformed(what))
    }
}

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        {
            classes[byte] = match byte as u8 {
                b' ' | b'\t' | b'\r' | b'\n' => BLANK | NAME_END,
                b'>' | b'/' | b'=' | b'<' | b'"' | b'\'' => NAME_END,
                _ => 0,
            };
        }
        byte += 1;
    }
    classes
}
