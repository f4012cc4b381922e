//! Dictionaries that a server takes as they are ([MS-PSRP] 2.2.3.18).

use crate::clixml::{Content, Object, Text, Value};

/// The type of a dictionary of strings to primitives, to arrays of them, and to further such dictionaries.
pub const PS_PRIMITIVE_DICTIONARY: [&str; 3] = [
    "System.Management.Automation.PSPrimitiveDictionary",
    "System.Collections.Hashtable",
    "System.Object",
];

/// A `PSPrimitiveDictionary`: what application arguments and application private data are.
pub fn primitive_dictionary<N: Into<Text>>(entries: impl IntoIterator<Item = (N, Value)>) -> Value {
    dictionary(PS_PRIMITIVE_DICTIONARY, entries)
}

/// A `Hashtable`.
pub fn hashtable<N: Into<Text>>(entries: impl IntoIterator<Item = (N, Value)>) -> Value {
    dictionary(["System.Collections.Hashtable", "System.Object"], entries)
}

fn dictionary<const TYPES: usize, N: Into<Text>>(
    types: [&str; TYPES],
    entries: impl IntoIterator<Item = (N, Value)>,
) -> Value {
    let mut object = Object::default().with_types(types);
    let entries = entries
        .into_iter()
        .map(|(key, value)| (Value::String(key.into()), value));
    object.content = Content::Dictionary(entries.collect());
    object.into()
}
