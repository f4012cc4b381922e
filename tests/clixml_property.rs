//! Any tree is read as it was written, and any text that is read is written as it stands.

use proptest::collection::vec;
use proptest::prelude::*;
use psdeck::clixml::{
    Content, DateTime, DateTimeKind, Decimal, Limits, ListKind, Object, Property, Text, TimeSpan,
    Value, Version, enum_value, read, read_all, write, write_objs,
};

/// The ticks of the last date.
const LAST: i64 = 3_155_378_975_999_999_999;

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![
        ".{0,40}".prop_map(Text::from),
        "[_xX0-9A-F<>&\"' \r\n\t]{0,20}".prop_map(Text::from),
        // Lone surrogates and all other units.
        vec(any::<u16>(), 0..12).prop_map(|units| Text::from_utf16(&units)),
    ]
}

fn date() -> impl Strategy<Value = DateTime> {
    let kind = prop_oneof![
        Just(DateTimeKind::Unspecified),
        Just(DateTimeKind::Utc),
        (-14 * 60..=14 * 60_i16).prop_map(DateTimeKind::Local),
    ];
    (0..=LAST, kind).prop_map(|(ticks, kind)| DateTime { ticks, kind })
}

fn primitive() -> impl Strategy<Value = Value> {
    let decimal = (any::<bool>(), 0..(1_u128 << 96), 0..=28_u8)
        .prop_map(|(negative, mantissa, scale)| Decimal::new(negative, mantissa, scale).unwrap());
    let part = 0..=i32::MAX.unsigned_abs();
    let version = (
        part.clone(),
        part.clone(),
        proptest::option::of((part.clone(), proptest::option::of(part))),
    );
    let version = version.prop_map(|(major, minor, rest)| Version {
        major,
        minor,
        build: rest.map(|(build, _)| build),
        revision: rest.and_then(|(_, revision)| revision),
    });
    prop_oneof![
        Just(Value::Null),
        text().prop_map(Value::String),
        any::<u16>().prop_map(Value::Char),
        any::<bool>().prop_map(Value::Bool),
        date().prop_map(Value::DateTime),
        any::<i64>().prop_map(|ticks| Value::TimeSpan(TimeSpan { ticks })),
        any::<u8>().prop_map(Value::Byte),
        any::<i8>().prop_map(Value::SByte),
        any::<u16>().prop_map(Value::UInt16),
        any::<i16>().prop_map(Value::Int16),
        any::<u32>().prop_map(Value::UInt32),
        any::<i32>().prop_map(Value::Int32),
        any::<u64>().prop_map(Value::UInt64),
        any::<i64>().prop_map(Value::Int64),
        any::<f32>().prop_map(Value::Single),
        any::<f64>().prop_map(Value::Double),
        decimal.prop_map(Value::Decimal),
        vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        any::<u128>().prop_map(|bits| Value::Guid(uuid::Uuid::from_u128(bits))),
        text().prop_map(Value::Uri),
        version.prop_map(Value::Version),
        text().prop_map(Value::XmlDocument),
        text().prop_map(Value::ScriptBlock),
    ]
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Vec<Property>> {
    let member = (text(), value).prop_map(|(name, value)| Property::new(name, value));
    vec(member, 0..4)
}

fn tree() -> impl Strategy<Value = Value> {
    primitive().prop_recursive(5, 60, 5, |inner| {
        let key = primitive().prop_filter("a key", |key| *key != Value::Null);
        let kind = prop_oneof![
            Just(ListKind::List),
            Just(ListKind::Enumerable),
            Just(ListKind::Queue),
            Just(ListKind::Stack),
        ];
        let content = prop_oneof![
            Just(Content::None),
            inner.clone().prop_map(Content::Value),
            (kind, vec(inner.clone(), 0..5)).prop_map(|(kind, items)| Content::List(kind, items)),
            // Keys may repeat.
            vec((key, inner.clone()), 0..5).prop_map(Content::Dictionary),
        ];
        let types = proptest::option::of(vec(text(), 1..3));
        let object = (
            content,
            types,
            proptest::option::of(text()),
            members(inner.clone()),
            members(inner),
        );
        prop_oneof![
            9 => object.prop_map(|(content, types, to_string, adapted, extended)| {
                let object = Object {
                    to_string,
                    content,
                    adapted,
                    extended,
                    ..Object::default()
                };
                match types {
                    Some(types) => object.with_types(types).into(),
                    None => object.into(),
                }
            }),
            1 => any::<i32>().prop_map(|number| enum_value("System.DayOfWeek", "Friday", number)),
        ]
    })
}

/// What `Debug` says of a tree, without the numbers that its objects were given. It tells all that equality does, and
/// of numbers that are none too.
fn told(value: &Value) -> String {
    fn bare(value: &mut Value) {
        let Value::Object(object) = value else { return };
        object.id = None;
        match &mut object.content {
            Content::None => {}
            Content::Value(inner) => bare(inner),
            Content::List(_, items) => items.iter_mut().for_each(bare),
            Content::Dictionary(entries) => entries.iter_mut().for_each(|(key, value)| {
                bare(key);
                bare(value);
            }),
        }
        for member in object.adapted.iter_mut().chain(&mut object.extended) {
            bare(&mut member.value);
        }
    }
    let mut value = value.clone();
    bare(&mut value);
    format!("{value:?}")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_tree_is_read_as_it_was_written(value in tree()) {
        let text = write(&value);
        let again = read(&text, &Limits::default()).unwrap();
        prop_assert_eq!(told(&again), told(&value), "{}", text);
        prop_assert_eq!(write(&again), text);
    }

    #[test]
    fn a_document_is_read_as_it_was_written(values in vec(tree(), 0..4)) {
        let text = write_objs(&values);
        let again = read_all(text.as_bytes(), &Limits::default()).unwrap();
        let (read, written): (Vec<_>, Vec<_>) =
            (again.iter().map(told).collect(), values.iter().map(told).collect());
        prop_assert_eq!(read, written, "{}", text);
        prop_assert_eq!(write_objs(&again), text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(<(S|I32|Obj RefId=\"0\"|MS|LST|DCT|En|TN|Nil /|/S|/Obj|/LST)>|[a-z0-9]){0,20}") {
        if let Ok(value) = read(&text, &Limits::default()) {
            let text = write(&value);
            prop_assert_eq!(write(&read(&text, &Limits::default()).unwrap()), text);
        }
    }
}
