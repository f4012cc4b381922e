//! What somebody types, as the line editor and the demonstration read it.

use psdeck::language::{Completeness, Statement, completeness, parse};

use super::{size, way};

pub(crate) const WORDS: &[&str] = &[
    "$", "$(", "@(", "@{", "${", "@'\n", "\n'@", "@\"\n", "\n\"@", "'", "\"", "`\n", "<#", "#>",
    "{", "}", "(", ")", "[", "]", "[int]", "::", "..", "|", "&&", "||", ";", "\n", ",", "=", "if",
    "else", "elseif", "while", "for", "foreach", "switch", "function", "param(", "begin",
    "process", "end", "try", "catch", "finally", "throw", "return", "do", "until", "in", "trap",
    "-eq", "-not", "-f", "-replace", "--%", "--", "2>&1", "*>", ">", "$_", "1..3", "0x1F", "1.5e3",
    "1kb", "\u{201c}", "\u{2013}", "%", "?", "++", "!", ":a",
];

pub(crate) fn run(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    match (parse(&text), completeness(&text)) {
        (Ok(script), Completeness::Complete) => {
            let mut end = 0;
            for Statement { span, .. } in &script.end {
                assert!(text.get(span.start..span.end).is_some(), "{span:?}");
                assert!(span.start >= end, "{span:?} begins before {end}");
                end = span.end;
            }
            let more = format!("{text}\n");
            assert_eq!(
                completeness(&more),
                Completeness::Complete,
                "a line feed undoes it"
            );
            let first = script
                .end
                .first()
                .map(|first| format!("{first:?}").chars().take(90).collect::<String>());
            way((size(script.end.len()), first))
        }
        (Err(error), Completeness::Incomplete(waits_for)) => {
            assert_eq!(error.incomplete, Some(waits_for));
            way(waits_for)
        }
        (Err(error), Completeness::Invalid(same)) => {
            assert_eq!(error, same);
            let span = error.span;
            assert!(text.get(span.start..span.end).is_some(), "{span:?}");
            way((error.id, size(span.start)))
        }
        (script, judged) => panic!("{script:?} is {judged:?}"),
    }
}
