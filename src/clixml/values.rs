//! The values of a file, one at a time, and what later ones need of earlier ones.

use std::collections::{HashMap, HashSet};

use super::error::Error;
use super::objects::{self, Objects};
use super::reader::Reader;
use super::scan::Tag;
use super::{Limits, Object, RefId, Value};

/// The values of a text: the children of each `<Objs>`, and bare values. Only the one that was read last is in memory,
/// unless the taker keeps them. After an error there is nothing more.
///
/// An object keeps its [`RefId`] through the whole text, so that a reference may point into an earlier value.
pub struct Values<'a> {
    reader: Reader<'a>,
    /// The `<Objs>` that is being read, and how many of its values were.
    document: Option<(Tag<'a>, usize)>,
    failed: bool,
}

impl<'a> Values<'a> {
    /// The values of a text.
    pub fn new(text: &'a str, limits: &'a Limits) -> Self {
        Self {
            reader: Reader::new(text, limits),
            document: None,
            failed: false,
        }
    }

    fn read(&mut self) -> Result<Option<Value>, Error> {
        loop {
            if let Some((tag, count)) = &mut self.document {
                let Some(child) = self.reader.scan.child(tag)? else {
                    self.document = None;
                    continue;
                };
                let item = self.reader.value(&child, 1);
                let item = item.map_err(|error| error.in_item(*count))?;
                *count += 1;
                return Ok(Some(item));
            }
            let Some(tag) = self.reader.scan.root()? else {
                return Ok(None);
            };
            self.reader.forget();
            if tag.name != "Objs" {
                return self.reader.value(&tag, 1).map(Some);
            }
            self.document = Some((tag, 0));
        }
    }
}

impl Iterator for Values<'_> {
    type Item = Result<Value, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let read = self.read().transpose();
        self.failed = matches!(read, Some(Err(_)));
        read
    }
}

/// The objects of a text's values that later values point to; the others need not be kept.
#[derive(Debug, Default)]
pub struct Shared {
    wanted: HashSet<RefId>,
    kept: HashMap<RefId, Object>,
}

impl Shared {
    /// Reads a text through, and finds what its values will need of each other; also how many values there are.
    ///
    /// # Errors
    ///
    /// As the values' reader has them.
    pub fn find(text: &str, limits: &Limits) -> Result<(Self, usize), Error> {
        let (mut wanted, mut count) = (HashSet::new(), 0);
        for value in Values::new(text, limits) {
            let value = value?;
            count += 1;
            let (mut own, mut others) = (HashSet::new(), Vec::new());
            objects::walk([&value], |value| match value {
                Value::Ref(id) => others.push(*id),
                value => own.extend(value.as_object().and_then(|object| object.id)),
            });
            wanted.extend(others.into_iter().filter(|id| !own.contains(id)));
        }
        let kept = HashMap::new();
        Ok((Self { wanted, kept }, count))
    }

    /// The objects that references in this value may point to.
    pub fn objects<'v>(&'v self, value: &'v Value) -> Objects<'v> {
        Objects::of([value]).beside(&self.kept)
    }

    /// Keeps what later values need of this one.
    pub fn keep(&mut self, value: &Value) {
        if self.wanted.is_empty() {
            return;
        }
        let objects = Objects::of([value]);
        let mut open: Vec<RefId> = objects
            .ids()
            .filter(|id| self.wanted.contains(id))
            .collect();
        while let Some(id) = open.pop() {
            let Some(object) = objects.get(id).filter(|_| !self.kept.contains_key(&id)) else {
                continue;
            };
            let kept = Value::from(object.clone());
            objects::walk([&kept], |inside| {
                if let Value::Ref(id) = inside {
                    open.push(*id);
                }
            });
            if let Value::Object(object) = kept {
                self.kept.insert(id, *object);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "<Objs><Obj RefId=\"0\"><MS><Obj N=\"A\" RefId=\"1\"><MS><I32 N=\"X\">1</I32></MS></Obj>\
        <Obj N=\"B\" RefId=\"2\"><LST><Ref RefId=\"0\" /></LST></Obj></MS></Obj>\
        <Ref RefId=\"1\" /></Objs><S>bare</S>";

    #[test]
    fn values_come_one_by_one_and_end_at_an_error() {
        let read: Result<Vec<_>, _> = Values::new(TWO, &Limits::FILE).collect();
        assert_eq!(read.unwrap().len(), 3);
        let broken = format!("{TWO}<I32>x</I32><S>never</S>");
        let read: Vec<_> = Values::new(&broken, &Limits::FILE).collect();
        assert_eq!(read.len(), 4);
        assert!(read[3].is_err());
    }

    #[test]
    fn what_a_later_value_points_to_is_kept_and_the_rest_is_not() {
        let (mut shared, count) = Shared::find(TWO, &Limits::FILE).unwrap();
        assert_eq!(count, 3);
        let mut values = Values::new(TWO, &Limits::FILE);
        let first = values.next().unwrap().unwrap();
        shared.keep(&first);
        assert_eq!(shared.kept.len(), 1);
        let second = values.next().unwrap().unwrap();
        let Value::Ref(id) = second else { panic!() };
        assert!(
            shared
                .objects(&second)
                .get(id)
                .unwrap()
                .member("X")
                .is_some()
        );
    }
}
