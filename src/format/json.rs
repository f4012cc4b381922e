//! Values as JSON.
//!
//! | value | JSON |
//! |---|---|
//! | integers, decimals | numbers with all their digits (`1.50` keeps its zero) |
//! | floats | numbers; `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | dates | RFC 3339, without an offset where the kind is unspecified |
//! | spans | `"1.02:03:04.5000000"`, as PowerShell shows them |
//! | bytes | base64 |
//! | characters, GUIDs, URIs, versions, XML, script blocks | strings |
//! | secure strings | `"System.Security.SecureString"`, never what is in them |
//! | strings with lone surrogates | each as `_xHHHH_`, as CLIXML spells it |
//! | enumerations | their names |
//! | primitives with notes | the primitive |
//! | lists of any kind | arrays |
//! | dictionaries | objects; arrays of `{"Key", "Value"}` if two keys are the same in text |
//! | other objects | their members; without any, what they are shown as |
//! | an object again, inside itself | `"(circular reference)"` |
//! | references that would make a text without end | `"(reference not followed)"` |
//!
//! With type names, each object is one whose first member `PSTypeNames` names its types, and its value, if it is more
//! than its members, is the member `Value`.

use std::fmt::Write as _;

use crate::clixml::{Content, Limits, Object, Objects, RefId, Text, Value};

/// How many values references may add before no more are followed: references to references double with each step.
const FOLLOWED: usize = 100_000;

/// A value on one line; with `types`, objects name their types.
pub(crate) fn json(value: &Value, types: bool) -> String {
    json_of(value, &Objects::of([value]), types)
}

/// A value on one line, of a file whose objects are known.
pub(crate) fn json_of(value: &Value, objects: &Objects<'_>, types: bool) -> String {
    let mut writer = Writer {
        out: String::new(),
        objects,
        types,
        open: Vec::new(),
        followed: 0,
        following: 0,
    };
    writer.value(value);
    writer.out
}

struct Writer<'v> {
    out: String,
    objects: &'v Objects<'v>,
    types: bool,
    /// The objects around.
    open: Vec<Option<RefId>>,
    /// How many values were written behind references.
    followed: usize,
    /// How many references are around.
    following: usize,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value) {
        if self.following > 0 {
            self.followed += 1;
        }
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(truth) => self.plain(truth),
            Value::Byte(number) => self.plain(number),
            Value::SByte(number) => self.plain(number),
            Value::UInt16(number) => self.plain(number),
            Value::Int16(number) => self.plain(number),
            Value::UInt32(number) => self.plain(number),
            Value::Int32(number) => self.plain(number),
            Value::UInt64(number) => self.plain(number),
            Value::Int64(number) => self.plain(number),
            Value::Decimal(number) => self.plain(number),
            Value::Single(number) => self.float(f64::from(*number), &number.to_string()),
            Value::Double(number) => self.float(*number, &format!("{number:?}")),
            Value::String(text)
            | Value::Uri(text)
            | Value::XmlDocument(text)
            | Value::ScriptBlock(text) => self.text(text),
            Value::Char(unit) => self.text(&Text::from_utf16(&[*unit])),
            Value::DateTime(date) => self.string(&date.to_string()),
            Value::TimeSpan(span) => self.string(&span.general()),
            Value::Bytes(bytes) => self.bytes(bytes),
            Value::Guid(guid) => self.string(&guid.to_string()),
            Value::Version(version) => self.string(&version.to_string()),
            Value::SecureString(_) => self.string("System.Security.SecureString"),
            Value::Object(object) | Value::Progress(object) => self.object(object),
            Value::Ref(id) => self.reference(*id),
        }
    }

    fn reference(&mut self, id: RefId) {
        if self.open.contains(&Some(id)) {
            return self.string("(circular reference)");
        }
        match self.objects.get(id) {
            Some(object) if self.followed < FOLLOWED => {
                self.following += 1;
                self.object(object);
                self.following -= 1;
            }
            _ => self.string("(reference not followed)"),
        }
    }

    fn object(&mut self, object: &Object) {
        // A chain of references may be longer than any tree is deep.
        if self.open.len() >= 2 * Limits::DEPTH {
            return self.string("(reference not followed)");
        }
        self.open.push(object.id);
        if self.types {
            self.typed(object);
        } else {
            self.untyped(object);
        }
        self.open.pop();
    }

    fn untyped(&mut self, object: &Object) {
        let has_members = object.members().next().is_some();
        match (&object.content, &object.to_string) {
            (Content::None, Some(text)) if !has_members => self.text(text),
            (Content::None, _) => {
                self.out.push('{');
                self.members(object, false);
                self.out.push('}');
            }
            _ => self.content(object),
        }
    }

    fn typed(&mut self, object: &Object) {
        self.out.push_str("{\"PSTypeNames\":[");
        for (index, name) in object
            .type_names
            .iter()
            .flat_map(|names| names.iter())
            .enumerate()
        {
            if index > 0 {
                self.out.push(',');
            }
            self.text(name);
        }
        self.out.push(']');
        let is_flat = object.members().next().is_none();
        match (&object.content, &object.to_string) {
            (Content::None, Some(text)) if is_flat => {
                self.out.push_str(",\"Value\":");
                self.text(text);
            }
            (Content::None, _) => {}
            _ => {
                self.out.push_str(",\"Value\":");
                self.content(object);
            }
        }
        self.members(object, true);
        self.out.push('}');
    }

    fn content(&mut self, object: &Object) {
        match &object.content {
            Content::None => {}
            Content::Value(_) if object.is_enum() && object.to_string.is_some() => {
                self.text(object.to_string.as_ref().unwrap_or(&Text::default()));
            }
            Content::Value(value) => self.value(value),
            Content::List(_, items) => {
                self.out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        self.out.push(',');
                    }
                    self.value(item);
                }
                self.out.push(']');
            }
            Content::Dictionary(entries) => self.dictionary(entries),
        }
    }

    fn dictionary(&mut self, entries: &[(Value, Value)]) {
        let keys: Vec<String> = entries.iter().map(|(key, _)| self.key(key)).collect();
        let mut sorted: Vec<&String> = keys.iter().collect();
        sorted.sort_unstable();
        if sorted
            .windows(2)
            .any(|pair| matches!(pair, [one, other] if one == other))
        {
            self.out.push('[');
            for (index, (key, value)) in entries.iter().enumerate() {
                self.out
                    .push_str(if index > 0 { ",{\"Key\":" } else { "{\"Key\":" });
                self.value(key);
                self.out.push_str(",\"Value\":");
                self.value(value);
                self.out.push('}');
            }
            return self.out.push(']');
        }
        self.out.push('{');
        for (index, (key, (_, value))) in keys.iter().zip(entries).enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.out.push_str(key);
            self.out.push(':');
            self.value(value);
        }
        self.out.push('}');
    }

    /// A key as a JSON string.
    fn key(&self, key: &Value) -> String {
        let text = match key {
            Value::String(text) => quoted(text),
            key => json_of(key, self.objects, false),
        };
        if text.starts_with('"') {
            text
        } else {
            serde_json::Value::from(text).to_string()
        }
    }

    fn members(&mut self, object: &Object, mut behind: bool) {
        for member in object.members() {
            if behind {
                self.out.push(',');
            }
            behind = true;
            self.text(&member.name);
            self.out.push(':');
            self.value(&member.value);
        }
    }

    fn float(&mut self, number: f64, shortest: &str) {
        match shortest {
            _ if number.is_nan() => self.string("NaN"),
            _ if number == f64::INFINITY => self.string("Infinity"),
            _ if number == f64::NEG_INFINITY => self.string("-Infinity"),
            _ => self.out.push_str(shortest),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        use base64::Engine as _;
        self.out.push('"');
        base64::engine::general_purpose::STANDARD.encode_string(bytes, &mut self.out);
        self.out.push('"');
    }

    fn plain(&mut self, number: impl std::fmt::Display) {
        let _ = write!(self.out, "{number}");
    }

    fn string(&mut self, text: &str) {
        self.out
            .push_str(&serde_json::Value::from(text).to_string());
    }

    fn text(&mut self, text: &Text) {
        self.out.push_str(&quoted(text));
    }
}

/// A JSON string; what is no Unicode in CLIXML's spelling.
fn quoted(text: &Text) -> String {
    let text = match text.as_str() {
        Some(text) => return serde_json::Value::from(text).to_string(),
        None => text.encode_utf16(),
    };
    let mut shown = String::new();
    for unit in char::decode_utf16(text) {
        match unit {
            Ok(c) => shown.push(c),
            Err(lone) => {
                let _ = write!(shown, "_x{:04X}_", lone.unpaired_surrogate());
            }
        }
    }
    serde_json::Value::from(shown).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clixml::read;

    fn shown(text: &str) -> String {
        json(&read(text, &Limits::default()).unwrap(), false)
    }

    #[test]
    fn primitives_keep_what_they_are() {
        for (text, wanted) in [
            ("<Nil />", "null"),
            ("<U64>18446744073709551615</U64>", "18446744073709551615"),
            (
                "<D>79228162514264337593543.50</D>",
                "79228162514264337593543.50",
            ),
            ("<Db>1E+300</Db>", "1e300"),
            ("<Db>-0</Db>", "-0.0"),
            ("<Sg>0.1</Sg>", "0.1"),
            ("<Db>NaN</Db>", "\"NaN\""),
            ("<Sg>-INF</Sg>", "\"-Infinity\""),
            ("<S>a_x000A_\"\\_xD800_</S>", "\"a\\n\\\"\\\\_xD800_\""),
            ("<C>65</C>", "\"A\""),
            ("<BA>AAEC</BA>", "\"AAEC\""),
            (
                "<DT>2024-01-02T03:04:05.5</DT>",
                "\"2024-01-02T03:04:05.5\"",
            ),
            (
                "<DT>2024-01-02T03:04:05+01:00</DT>",
                "\"2024-01-02T03:04:05+01:00\"",
            ),
            ("<TS>P1DT2H</TS>", "\"1.02:00:00\""),
            ("<SS>c2VjcmV0</SS>", "\"System.Security.SecureString\""),
        ] {
            assert_eq!(shown(text), wanted, "{text}");
        }
    }

    #[test]
    fn objects_are_their_members() {
        let object = "<Obj RefId=\"0\"><TN RefId=\"0\"><T>A</T></TN><ToString>a</ToString>\
            <Props><I32 N=\"X\">1</I32><I32 N=\"Y\">2</I32></Props>\
            <MS><S N=\"x\">hides</S><MS N=\"PSStandardMembers\"><S N=\"q\">1</S></MS></MS></Obj>";
        assert_eq!(shown(object), "{\"Y\":2,\"x\":\"hides\"}");
        let typed = json(&read(object, &Limits::default()).unwrap(), true);
        assert_eq!(typed, "{\"PSTypeNames\":[\"A\"],\"Y\":2,\"x\":\"hides\"}");
        assert_eq!(
            shown("<Obj RefId=\"0\"><ToString>1.5</ToString></Obj>"),
            "\"1.5\""
        );
        assert_eq!(
            shown("<Obj RefId=\"0\"><S>line</S><MS><I32 N=\"n\">1</I32></MS></Obj>"),
            "\"line\""
        );
    }

    #[test]
    fn dictionaries_with_equal_keys_become_pairs() {
        let entry = |key: &str| format!("<En>{key}<Nil N=\"Value\" /></En>");
        let text = |entries: &str| format!("<Obj RefId=\"0\"><DCT>{entries}</DCT></Obj>");
        let number = entry("<I32 N=\"Key\">1</I32>");
        let string = entry("<S N=\"Key\">1</S>");
        assert_eq!(shown(&text(&number)), "{\"1\":null}");
        assert_eq!(
            shown(&text(&format!("{number}{string}"))),
            "[{\"Key\":1,\"Value\":null},{\"Key\":\"1\",\"Value\":null}]"
        );
    }

    #[test]
    fn circles_end_and_shared_objects_are_shown_again() {
        let circle = "<Obj RefId=\"0\"><MS><Ref N=\"S\" RefId=\"0\" /></MS></Obj>";
        assert_eq!(shown(circle), "{\"S\":\"(circular reference)\"}");
        let shared = "<Obj RefId=\"0\"><LST><Obj RefId=\"1\"><MS><I32 N=\"A\">1</I32></MS></Obj>\
            <Ref RefId=\"1\" /></LST></Obj>";
        assert_eq!(shown(shared), "[{\"A\":1},{\"A\":1}]");
    }

    #[test]
    fn references_to_references_do_not_explode() {
        let list = |id: usize| match id {
            0 => "<Obj RefId=\"1\"><LST /></Obj>".to_owned(),
            _ => format!(
                "<Obj RefId=\"{}\"><LST>{}</LST></Obj>",
                id + 1,
                format!("<Ref RefId=\"{id}\" />").repeat(2)
            ),
        };
        let lists: String = (0..60).map(list).collect();
        let text = shown(&format!("<Obj RefId=\"0\"><LST>{lists}</LST></Obj>"));
        assert!(text.len() < 10 << 20);
        assert!(text.contains("(reference not followed)"));
    }
}
