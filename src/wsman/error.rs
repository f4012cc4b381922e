//! What can be wrong with a server's message.

/// Why a message could not be read. The server, or something between, is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are no text in the encoding that they claim.
    #[error("the answer is no Unicode text")]
    NotUnicode,
    /// Not well-formed XML.
    #[error("the answer is not well-formed XML: {0}")]
    Malformed(String),
    /// A document type, which SOAP forbids.
    #[error("the answer holds a document type (DTD), which is not allowed")]
    DocumentType,
    /// An entity that XML does not define by itself.
    #[error("the answer holds the unknown entity `&{0};`")]
    Entity(String),
    /// Elements inside elements, too many levels.
    #[error("the answer nests elements deeper than {0} levels")]
    TooDeep(usize),
    /// Too many elements.
    #[error("the answer holds more than {0} elements and attributes")]
    TooMany(usize),
    /// Too many attributes of one element.
    #[error("the answer holds an element with more than {0} attributes")]
    TooManyAttributes(usize),
    /// Something else than an envelope of SOAP: a page of a proxy, say.
    #[error("the answer is no SOAP envelope but begins with `{0}`")]
    NotSoap(String),
    /// An element that must be there is not.
    #[error("the answer has no `{0}`")]
    Missing(&'static str),
    /// The text of an element is not what it should be.
    #[error("`{text}` is no valid {what}")]
    Value {
        /// The element.
        what: &'static str,
        /// The start of its text.
        text: String,
    },
    /// It answers another request.
    #[error("the answer is for another request ({0})")]
    OtherRequest(String),
    /// It answers another action.
    #[error("the answer's body is `{0}`, which does not fit the request")]
    OtherBody(String),
    /// The server says again and again that it goes on.
    #[error("there is no answer behind {0} words that one will follow")]
    NoAnswer(u64),
    /// The parts of a sealed body are not as they must be.
    #[error("the sealed answer is malformed: {0}")]
    Sealed(&'static str),
}
