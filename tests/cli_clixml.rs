//! `psdeck clixml`: what a user sees of files of CLIXML.

use std::collections::BTreeSet;

use psdeck::clixml::{Limits, read_all, write_objs};
use serde_json::json;

use crate::clixml::recorded;
use crate::support::psdeck::{Psdeck, Ran};
use crate::support::screen::Screen;

/// How a text may differ from what PowerShell printed.
enum Unlike {
    /// The same words in another order.
    Order,
    /// This text.
    Text(&'static str),
}

/// Recorded values whose text is not PowerShell's, with the reason. A row that is not needed fails.
const UNLIKE: &[(&str, Unlike, &str)] = &[
    (
        "$PSVersionTable",
        Unlike::Order,
        "PowerShell reads a hash table into a new one, whose order is that of .NET's hashes, another in each process; \
         ours is the file's",
    ),
    (
        "[pscustomobject]@{L=@(1..10);H=@{a=1;b=@(1,2)}}",
        Unlike::Order,
        "the same, of a hash table in a property",
    ),
    (
        "[securestring]::new()",
        Unlike::Text("System.Security.SecureString\n"),
        "what was recorded is the recorder's error: it could not decrypt it",
    ),
];

fn clixml(input: impl Into<Vec<u8>>, arguments: &[&str]) -> Ran {
    Psdeck::new()
        .arg("clixml")
        .args(arguments)
        .input(input)
        .run()
}

#[test]
fn text_is_what_powershell_printed() {
    let (mut same, mut used) = (0, BTreeSet::new());
    for (name, text, printed) in recorded() {
        let shown = clixml(text, &[]).expect(0).out;
        let printed = printed.as_str().unwrap();
        if shown == printed {
            same += 1;
            continue;
        }
        let row = UNLIKE
            .iter()
            .find(|(script, ..)| name.starts_with(&format!("{script:?} ")));
        let Some((script, unlike, _)) = row else {
            panic!("{name}:\n{shown}---- PowerShell:\n{printed}");
        };
        used.insert(*script);
        match unlike {
            Unlike::Order => assert_eq!(words(&shown), words(printed), "{name}"),
            Unlike::Text(wanted) => assert_eq!(shown, *wanted, "{name}"),
        }
    }
    let unused: Vec<_> = UNLIKE
        .iter()
        .filter(|(script, ..)| !used.contains(script))
        .map(|(script, ..)| script)
        .collect();
    assert!(unused.is_empty(), "not needed: {unused:?}");
    assert_eq!(same, 177, "and {} unlike", UNLIKE.len());
}

fn words(text: &str) -> Vec<&str> {
    let marks = |char: char| char.is_whitespace() || "{}[],".contains(char);
    let mut words: Vec<_> = text.split(marks).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words
}

#[test]
fn clixml_comes_out_as_it_came_in() {
    let (mut objects, mut all) = (String::new(), Vec::new());
    for (name, text, _) in recorded() {
        let shown = clixml(text.clone(), &["--output", "clixml"]).expect(0);
        assert_eq!(shown.out, format!("{text}\n"), "{name}");
        all.extend(read_all(text.as_bytes(), &Limits::FILE).unwrap());
        objects.push_str(&text);
        if all.len() == 40 {
            break;
        }
    }
    // Several documents become one.
    let shown = clixml(objects, &["--output", "clixml"]).expect(0);
    assert_eq!(shown.out, format!("{}\n", write_objs(&all)));
}

#[test]
fn json_has_the_values_and_with_type_names_their_types() {
    let text = "<Objs><Obj RefId=\"0\"><TN RefId=\"0\"><T>A</T></TN><MS><I32 N=\"X\">1</I32></MS></Obj>\
        <Ref RefId=\"0\" /></Objs><S>bare</S><Nil />";
    let object = json!({"X": 1});
    let shown = clixml(text, &["--output", "json"]).expect(0).json();
    assert_eq!(shown, json!([object, object, "bare", null]));
    let lines = clixml(text, &["--output", "jsonl"]).expect(0).json_lines();
    assert_eq!(lines, [object.clone(), object, json!("bare"), json!(null)]);
    let typed = clixml(text, &["--output", "jsonl", "--type-names"]).expect(0);
    let typed = typed.json_lines();
    assert_eq!(typed[0], json!({"PSTypeNames": ["A"], "X": 1}));
    let nothing = clixml("<Objs></Objs>", &["--output", "json"]).expect(0);
    assert_eq!(nothing.out, "[]\n");
}

#[test]
fn files_of_every_encoding_are_read() {
    let text = "<Objs><S>äé😀</S></Objs>";
    let utf16: Vec<u16> = text.encode_utf16().collect();
    let little = utf16.iter().flat_map(|unit| unit.to_le_bytes());
    let big = utf16.iter().flat_map(|unit| unit.to_be_bytes());
    for bytes in [
        text.as_bytes().to_vec(),
        [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
        [0xFF, 0xFE].into_iter().chain(little).collect(),
        [0xFE, 0xFF].into_iter().chain(big).collect(),
    ] {
        assert_eq!(clixml(bytes, &["-"]).expect(0).out, "äé😀\n");
    }
    let psdeck = Psdeck::new().file("some.xml", text);
    let file = psdeck.path("some.xml");
    assert_eq!(psdeck.arg("clixml").arg(file).run().expect(0).out, "äé😀\n");
}

#[test]
fn a_wrong_file_prints_nothing_and_says_where_it_is_wrong() {
    for (text, why) in [
        (
            "<Objs>\n<S>good</S>\n<Obj RefId=\"0\"><MS><I32 N=\"Count\">x</I32></MS></Obj></Objs>",
            "line 3: `x` is no I32 (at [1]/Count, byte 38)",
        ),
        ("<Objs><S>good</S>", "the text ends too early"),
        ("<S>good</S>good", "line 1: not well-formed XML"),
        (
            "<!DOCTYPE a><S>good</S>",
            "a document type (DTD) is not allowed",
        ),
        ("", "there is no value"),
    ] {
        let ran = clixml(text, &[]).expect(2);
        assert_eq!(ran.out, "", "{text}");
        assert!(
            ran.err.starts_with("error: standard input is no CLIXML\n"),
            "{}",
            ran.err
        );
        assert!(ran.err.contains(why), "{}", ran.err);
        assert!(ran.err.contains("\nhint: "), "{}", ran.err);
    }
    let ran = clixml(b"<S>\xFF</S>".as_slice(), &[]).expect(2);
    assert!(ran.err.contains("no Unicode"), "{}", ran.err);
    let ran = clixml("", &["there-is-no-such-file.xml"]).expect(2);
    assert!(
        ran.err
            .starts_with("error: cannot read 'there-is-no-such-file.xml'\n  because "),
        "{}",
        ran.err
    );
}

#[test]
fn objects_of_one_kind_share_a_table_and_others_begin_their_own() {
    let object = |members: &str| format!("<Obj RefId=\"0\"><MS>{members}</MS></Obj>");
    let long = "<S N=\"A\">a longer one</S><Db N=\"B\">2.345</Db>";
    let text = [
        object("<S N=\"A\">x</S><Db N=\"B\">1</Db>"),
        object(long),
        object("<I32 N=\"C\">7</I32>"),
        "<S>line</S>".to_owned(),
    ];
    assert_eq!(
        clixml(text.concat(), &[]).expect(0).out,
        "\nA               B\n-               -\nx            1.00\na longer one 2.35\n\n\nC\n-\n7\n\nline\n"
    );
}

#[test]
fn what_leads_back_to_itself_ends() {
    for (text, shown) in [
        ("<Obj RefId=\"0\"><Ref RefId=\"0\" /></Obj>", "\n"),
        (
            "<Obj RefId=\"0\"><Obj RefId=\"1\"><Ref RefId=\"0\" /></Obj></Obj>",
            "\n",
        ),
        (
            "<Obj RefId=\"0\"><MS><Obj N=\"A\" RefId=\"1\"><Ref RefId=\"1\" /></Obj></MS></Obj>",
            "\nA\n-\n\n\n",
        ),
    ] {
        assert_eq!(clixml(text, &[]).expect(0).out, shown, "{text}");
        clixml(text, &["--output", "json"]).expect(0);
    }
    let list = "<Obj RefId=\"0\"><LST><Ref RefId=\"0\" /><I32>1</I32></LST></Obj>";
    assert!(clixml(list, &[]).expect(0).out.ends_with("\n1\n"));
}

#[test]
fn many_values_are_printed_and_a_reader_that_leaves_ends_it() {
    let many = 200_000;
    let text = "<Obj RefId=\"0\"><MS><I32 N=\"Number\">1</I32></MS></Obj>\n".repeat(many);
    let psdeck = Psdeck::new();
    let file = psdeck.path("many.xml");
    let mut going = psdeck
        .file("many.xml", &text)
        .args(["clixml", "--output", "jsonl"])
        .arg(&file)
        .start();
    going.wait_for("{\"Number\":1}\n");
    let ran = going.leave();
    assert_eq!(ran.err, "");
    let all = clixml(text, &[]).expect(0);
    assert_eq!(
        all.out.lines().filter(|line| line.trim() == "1").count(),
        many
    );
}

#[test]
#[cfg(unix)]
fn a_terminal_sees_no_escape_sequence_and_its_own_width() {
    let text = "<S>bell_x0007_ title_x001B_]0;x_x0007_ end</S>\
        <Obj RefId=\"0\"><DCT><En><S N=\"Key\">k</S><S N=\"Value\">0123456789012345678901234567890</S></En></DCT></Obj>";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("some.xml");
    std::fs::write(&file, text).unwrap();
    let mut screen = Screen::new(50, 20)
        .args(&["clixml", file.to_str().unwrap()])
        .start();
    assert_eq!(screen.ended(), 0);
    let shown = screen.contents();
    assert!(shown.contains("bell title end\n"), "{shown}");
    assert!(shown.contains(" 012345678901234567…\n"), "{shown}");
    assert!(!screen.received(b"\x1b]0;") && !screen.received(b"\x07"));
}
