//! The properties that PowerShell gives an XML document: what is at its top.

use quick_xml::Reader;
use quick_xml::events::Event;

/// The declaration and the root element; `None` for what is no XML.
pub(super) fn properties(text: &str) -> Option<Vec<(String, String)>> {
    let mut reader = Reader::from_str(text);
    let mut found = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Decl(declaration) => {
                let inside = declaration.strip_prefix("xml").unwrap_or(&declaration);
                found.push(("xml".to_owned(), inside.trim().to_owned()));
            }
            Event::Empty(root) => {
                let name = root.name().as_ref().to_owned();
                let shown = if root.attributes().next().is_some() {
                    name.clone()
                } else {
                    String::new()
                };
                found.push((name, shown));
                return Some(found);
            }
            Event::Start(root) => {
                let name = root.name().as_ref().to_owned();
                let bare = root.attributes().next().is_none();
                let text = bare.then(|| text_only(&mut reader)).flatten();
                found.push((name.clone(), text.unwrap_or(name)));
                return Some(found);
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// The text of the element that has begun, if text is all that it has.
fn text_only(reader: &mut Reader<&[u8]>) -> Option<String> {
    let mut all = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Text(text) => all.push_str(&text),
            Event::CData(text) => all.push_str(&text),
            Event::GeneralRef(name) => {
                let entity = format!("&{};", &*name);
                all.push_str(&quick_xml::escape::unescape(&entity).ok()?);
            }
            Event::Comment(_) => {}
            Event::End(_) => return Some(all),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_its_root_as_a_property() {
        let shown = |text: &str| {
            let found = properties(text).unwrap().into_iter();
            found
                .map(|(name, text)| format!("{name}={text}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(shown("<a b=\"1\">t<c/></a>"), ["a=a"]);
        assert_eq!(shown("<a>x &lt; y</a>"), ["a=x < y"]);
        assert_eq!(
            shown("<?xml version=\"1.0\"?><a/>"),
            ["xml=version=\"1.0\"", "a="]
        );
        assert!(properties("<a>").is_some());
        assert!(properties("no").is_none());
    }
}
