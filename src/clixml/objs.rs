//! Documents of several values, as `Export-Clixml` writes them.

use super::Value;
use super::ids::Ids;
use super::write::{Types, Writer};

const START: &str =
    "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">";
const END: &str = "\n</Objs>";

/// Writes values as `Export-Clixml` does: an `<Objs>` element, indented, in which references may point into an earlier
/// value.
pub fn write_objs<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    let mut writer = Writer::new(Some(1));
    writer.out.push_str(START);
    for value in values {
        writer.value(value, None, 1);
    }
    writer.out.push_str(END);
    writer.out.into_string()
}

/// Writes an `<Objs>` document value by value, for values that are not all there at once. A reference points into its own
/// value only, unless they are [`of_file`](Self::of_file).
#[derive(Default)]
pub struct ObjsWriter {
    next_object: u32,
    /// The numbers given, if references may point into earlier values.
    objects: Option<Ids<u32>>,
    types: Types,
    begun: bool,
}

impl ObjsWriter {
    /// A writer for the values of one text, whose references may point into earlier values.
    pub fn of_file() -> Self {
        Self {
            objects: Some(Ids::default()),
            ..Self::default()
        }
    }

    /// Appends a value, behind the document's beginning if it is the first.
    pub fn push(&mut self, out: &mut String, value: &Value) {
        self.begin(out);
        let mut writer = Writer::new(Some(1));
        writer.next_object = self.next_object;
        writer.types = std::mem::take(&mut self.types);
        if let Some(objects) = &mut self.objects {
            writer.objects = std::mem::take(objects);
        }
        writer.value(value, None, 1);
        self.next_object = writer.next_object;
        self.types = writer.types;
        if let Some(objects) = &mut self.objects {
            *objects = writer.objects;
        }
        out.push_str(&writer.out.into_string());
    }

    /// Appends the document's end.
    pub fn end(mut self, out: &mut String) {
        self.begin(out);
        out.push_str(END);
    }

    fn begin(&mut self, out: &mut String) {
        if !std::mem::replace(&mut self.begun, true) {
            out.push_str(START);
        }
    }
}
