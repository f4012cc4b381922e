//! What can be wrong with a text of CLIXML, and where.

use std::fmt;

use super::escape::short;

/// Why a text could not be read. The text's sender is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} ({})", self.fault(), self.place())]
pub struct Error(Box<(Fault, Place)>);

/// What is wrong with a text of CLIXML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// There is no value.
    #[error("there is no value")]
    Empty,
    /// Something follows the value.
    #[error("something follows the value")]
    Trailing,
    /// The text ends inside an element.
    #[error("the text ends too early")]
    UnexpectedEnd,
    /// The bytes are not UTF-8, or with a byte-order mark not UTF-16.
    #[error("the bytes are no Unicode text")]
    NotUnicode,
    /// It is not well-formed XML.
    #[error("not well-formed XML: {0}")]
    Malformed(&'static str),
    /// A document type, which CLIXML never has.
    #[error("a document type (DTD) is not allowed")]
    DocumentType,
    /// An entity that XML does not define by itself.
    #[error("unknown entity `&{0};`")]
    Entity(String),
    /// An element that does not belong here.
    #[error("unexpected element `{0}`")]
    Element(String),
    /// An attribute that the element needs is missing.
    #[error("attribute `{0}` is missing")]
    Attribute(&'static str),
    /// A primitive's text is not one of its type.
    #[error("`{text}` is no {kind}")]
    Primitive {
        /// The element.
        kind: &'static str,
        /// The start of its text.
        text: String,
    },
    /// An object has two contents.
    #[error("the object has more than one content")]
    TwoContents,
    /// A dictionary's entry has no key, or one that is null.
    #[error("the entry has no key")]
    NoKey,
    /// A dictionary's entry has no value.
    #[error("the entry has no value")]
    NoValue,
    /// A reference to an object or to type names that were not there before.
    #[error("reference to the unknown id `{0}`")]
    Reference(String),
    /// The text is longer than allowed.
    #[error("larger than the limit of {0} bytes")]
    TooLarge(usize),
    /// Values are nested deeper than allowed.
    #[error("nested deeper than the limit of {0}")]
    TooDeep(usize),
    /// There are more values than allowed.
    #[error("more than the limit of {0} values")]
    TooManyValues(usize),
    /// There are more objects, lists of type names and references than allowed.
    #[error("more than the limit of {0} objects and references")]
    TooManyReferences(usize),
    /// A member of a typed record is missing.
    #[error("the member `{0}` is missing")]
    Missing(&'static str),
    /// A value is not of the type that a record needs.
    #[error("not a {0}")]
    NotA(&'static str),
}

/// Where in a text: the path of members and items to the value, as `/Exception/Data[2]/Value`, and the byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The path; empty for the outermost value.
    pub path: String,
    /// Bytes from the start of the text (of UTF-16 files: of their UTF-8), if it is a text that was read.
    pub offset: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "/"
        } else {
            &self.path
        };
        write!(f, "at {path}")?;
        match self.offset {
            Some(offset) => write!(f, ", byte {offset}"),
            None => Ok(()),
        }
    }
}

impl Error {
    /// A fault at a byte.
    pub(super) fn at(offset: usize, fault: Fault) -> Self {
        let place = Place {
            path: String::new(),
            offset: Some(offset),
        };
        Self(Box::new((fault, place)))
    }

    /// A fault of a value that is no longer text.
    pub(crate) fn of_value(fault: Fault) -> Self {
        Self(Box::new((fault, Place::default())))
    }

    /// The same fault, seen from the object whose member this is.
    #[must_use]
    pub(crate) fn in_member(mut self, name: &str) -> Self {
        let path = &mut self.0.1.path;
        path.insert_str(0, &short(name));
        path.insert(0, '/');
        self
    }

    /// The same fault, seen from the list whose item this is.
    #[must_use]
    pub(super) fn in_item(mut self, index: usize) -> Self {
        self.0.1.path.insert_str(0, &format!("[{index}]"));
        self
    }

    /// What is wrong.
    pub fn fault(&self) -> &Fault {
        &self.0.0
    }

    /// Where.
    pub fn place(&self) -> &Place {
        &self.0.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_endless_names_is_short() {
        let error = Error::at(7, Fault::Empty);
        let error = error.in_member(&"x".repeat(1 << 20)).in_member("Data");
        assert_eq!(error.place().path, format!("/Data/{}…", "x".repeat(40)));
    }
}
