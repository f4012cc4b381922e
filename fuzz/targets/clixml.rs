//! Values as text: what is read is written, and what is written is read as the same.

use psdeck::clixml::{Limits, Value, read, read_all, write, write_objs};

use super::{kind, size, way};

pub(crate) const WORDS: &[&str] = &[
    "<Obj RefId=\"0\">",
    "</Obj>",
    "<Ref RefId=\"0\" />",
    "<TN RefId=\"0\"><T>System.Object</T></TN>",
    "<TNRef RefId=\"0\" />",
    "<MS>",
    "</MS>",
    "<Props>",
    "</Props>",
    "<LST>",
    "</LST>",
    "<DCT><En>",
    "</En></DCT>",
    "<S N=\"Key\">",
    "<S N=\"Value\">",
    "</S>",
    "<IE>",
    "<STK>",
    "<QUE>",
    "<I32>7</I32>",
    "<I64>-9223372036854775808</I64>",
    "<Db>-1.5E-300</Db>",
    "<D>1.50</D>",
    "<DT>2026-11-21T10:00:00.1234567+01:00</DT>",
    "<TS>P1DT2H3M4.5678S</TS>",
    "<Version>1.2.3.4</Version>",
    "<G>7d4d1e2c-4a6f-4b3e-9a57-0f8f1c8b2d11</G>",
    "<BA>AAECAw==</BA>",
    "<C>65</C>",
    "<B>true</B>",
    "<URI>https://example.org/</URI>",
    "<XD>&lt;a/&gt;</XD>",
    "<SBK>1</SBK>",
    "<SS>00</SS>",
    "<Nil />",
    "<ToString>",
    "</ToString>",
    "<PR><PI>0</PI></PR>",
    "_xD800_",
    "_x000A_",
    "_x005F_",
    "&lt;",
    "&#x41;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?xml",
    "<!DOCTYPE",
    "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">",
    "</Objs>",
    "N=\"",
    "\u{feff}",
];

pub(crate) fn run(input: &[u8]) -> u64 {
    let limits = Limits::default();
    let one = read(input, &limits);
    if let Ok(value) = &one {
        comes_back(value, &limits);
    }
    let all = read_all(input, &limits);
    if let Ok(values) = &all {
        let text = write_objs(values);
        let again = read_all(text.as_bytes(), &limits).unwrap();
        assert_eq!(again.len(), values.len(), "{text}");
        assert_eq!(write_objs(&again), text);
    }
    let shape = |value: &Value| {
        let text = write(value);
        let mut elements: Vec<&str> = text
            .split('<')
            .filter_map(|tag| tag.split(['>', ' ']).next())
            .collect();
        elements.sort_unstable();
        elements.dedup();
        (elements.concat(), size(text.len()))
    };
    let fared = one.as_ref().map(shape).map_err(kind);
    way((
        fared,
        all.map(|values| size(values.len()))
            .map_err(|error| kind(&error)),
    ))
}

/// What was written is read as what it was, reference ids aside.
fn comes_back(value: &Value, limits: &Limits) {
    let text = write(value);
    let again = read(&text, limits).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(write(&again), text);
}
