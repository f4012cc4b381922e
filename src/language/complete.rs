//! Whether a line can be sent, or goes on with `>>`.

use super::{Incomplete, ParseError, parse};

/// What Enter should do with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Send it.
    Complete,
    /// Go on with `>>`: it waits for this.
    Incomplete(Incomplete),
    /// Send it: more text does not mend it, and the server says what is wrong.
    Invalid(ParseError),
}

/// Whether a text is a whole script, as PowerShell's own prompt judges it.
///
/// ```
/// use psdeck::language::{Completeness, Incomplete, completeness};
///
/// assert_eq!(completeness("1 + 1"), Completeness::Complete);
/// assert_eq!(completeness("if ($true) {"), Completeness::Incomplete(Incomplete::Bracket('}')));
/// ```
pub fn completeness(text: &str) -> Completeness {
    match parse(text) {
        Ok(_) => Completeness::Complete,
        Err(ParseError {
            incomplete: Some(waits_for),
            ..
        }) => Completeness::Incomplete(waits_for),
        Err(error) => Completeness::Invalid(error),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_lines_are_sent() {
        for text in [
            "{[a(1)] param() }",
            "[Flags()] enum E { A; B }",
            "[int]",
            "",
            "   ",
            "# only a comment",
            "<# one #> <# two #>",
            "Get-Process",
            "Get-Process -Name pwsh | Sort-Object CPU -Descending | Select-Object -First 3",
            "1..3 | ForEach-Object { $_ * 2 }",
            "'it''s'",
            "\"say \"\"hi\"\" to $name, ${full name}, $($x.Count) of $env:USER at $(\"in $('side')\")\"",
            "\u{201c}typographic\u{201d}",
            "@'\nnot \"closed' here\n'@",
            "@\"\n$x \" `\"@ $(1)\n\"@",
            "@\"\n\"@",
            "echo don`'t",
            "echo a`\n b",
            "echo a#b",
            "echo it is [not a bracket",
            "echo + - * / = -eq",
            "echo 5 -1 1kb 7zip ./x ../y C:\\a\\b ~ * %",
            "echo a,b , c",
            "echo $a/b$c.txt \"$x\"y $x.Length $x[0]",
            "echo user@host",
            "& 'C:\\Program Files\\x.exe' --flag --% never < parsed",
            ". ./script.ps1",
            "cmd /c dir 2>&1 > out.txt",
            "dir *>&1 >> $log",
            "$a = 5",
            "$a, $b = 1, 2",
            "[int]$x = '5'",
            "$x.y.z[1]['k'] += 2",
            "$x ??= 3",
            "$h = @{ a = 1; 'b c' = 2\n d = { 3 } }",
            "$x = if ($y) { 1 } else { 2 }",
            "if ($true) { 'a' }",
            "if ($true)\n{ 'a' }\nelseif (1)\n{ 2 }\nelse\n{ 3 }",
            "foreach ($i in 1..3) { $i }",
            "for ($i = 0; $i -lt 3; $i++) { $i }",
            "for (;;) { break }",
            "while ($true) { break outer }",
            ":outer while (1) { continue outer }",
            "do { 1 } while ($false)",
            "do { 1 } until (1)",
            "switch -Wildcard ($x) { 'a*' { 1 } b { 2 } { $_ -gt 3 } { 3 } default { 4 } }",
            "try { 1 } catch [System.IO.IOException], [Exception] { 2 } finally { 3 }",
            "try { throw 'x' } catch { }",
            "trap { 'trapped'; continue }; throw 'x'",
            "function f { param([Parameter(Mandatory)][string]$Name, $Age = 3) begin { } process { $_ } end { } }",
            "function global:g($a, [int]$b = 5) { $a }",
            "filter double { $_ * 2 }",
            "class P { [int]$X; P([int]$x) { $this.X = $x } [string] ToString() { return \"P $($this.X)\" } }",
            "enum E { A; B = 2 }",
            "[math]::Max(1, 2)",
            "[System.Collections.Generic.Dictionary[string, int]]::new()",
            "[pscustomobject]@{ a = 1 }",
            "[int[]](1, 2)",
            "(Get-Process).Count",
            "(1, 2, 3).ForEach{ $_ }",
            "-not $x",
            "!$x",
            "-join 'a', 'b'",
            "-5 + +3",
            "++$i; $i--",
            "'{0:N2}' -f 1.5",
            "'a b' -split ' ' -join ','",
            "$x -is [int] -and $y -notmatch '^a' -or 1 -shl 3",
            "$x ? 'yes' : 'no'",
            "$null ?? 'default'",
            "Get-Process && 'ok' || 'failed'",
            "Start-Sleep 5 &",
            "Get-Process\n| Sort-Object",
            "dir | ? Name -like *.txt | % Name",
            "dir | where { $_.Length -gt 1kb }",
            "Get-Thing @args -Switch:$true -Name:value",
            "return",
            "return 5",
            "exit 3",
            "throw 'x'",
            "using namespace System.Text",
            "$_",
            "$$; $^; $?",
            "{ 1 }",
            "@(1\n2\n3)",
            "$(1; 2)",
            "1 # comment",
            "1; ; 2;",
            "\r\n1\r\n",
            "echo \u{2013}not a parameter",
            "foreach-object { 1 }",
            "format-table -auto",
            "if-not-a-keyword",
            "5.",
            "1.5.ToString()",
            "\"a\".Length",
        ] {
            assert_eq!(completeness(text), Completeness::Complete, "{text}");
        }
    }

    #[test]
    fn what_can_go_on_waits() {
        use Incomplete::{
            Backtick, Bracket, Comment, HereString, Operator, Pipe, Statement, String,
        };
        for (text, waits_for) in [
            ("'open", String('\'')),
            ("\"open", String('"')),
            ("\"closed inside $('x') only", String('"')),
            ("\"ends in an escape`\"", String('"')),
            ("echo a\"b", String('"')),
            ("'it''", String('\'')),
            ("@'", HereString('\'')),
            ("@\"\nline", HereString('"')),
            ("@\"\n \"@", HereString('"')),
            ("<# open", Comment),
            ("1 <#>", Comment),
            ("{", Bracket('}')),
            ("{ 1", Bracket('}')),
            ("(1", Bracket(')')),
            ("(", Bracket(')')),
            ("$(1", Bracket(')')),
            ("\"$(1", Bracket(')')),
            ("@(1, 2", Bracket(')')),
            ("@{ a = 1", Bracket('}')),
            ("@{", Bracket('}')),
            ("$x[0", Bracket(']')),
            ("$x[", Bracket(']')),
            ("[int", Bracket(']')),
            ("${x", Bracket('}')),
            ("f(1).g(", Bracket(')')),
            ("$x.g(1", Bracket(')')),
            ("if ($true) {", Bracket('}')),
            ("if ($true) {\n'multi'", Bracket('}')),
            ("1..3 | % {", Bracket('}')),
            ("function f {", Bracket('}')),
            ("function f(", Bracket(')')),
            ("class P {", Bracket('}')),
            ("{ param($a", Bracket(')')),
            ("switch (1) { 1 { 2 }", Bracket('}')),
            ("function f {\n[CmdletBinding()]", Bracket('}')),
            (
                "{ [CmdletBinding()] [OutputType([int])] # later",
                Bracket('}'),
            ),
            ("function f {\n[CmdletBinding(", Bracket(')')),
            ("[CmdletBinding(\nSupportsShouldProcess", Bracket(')')),
            ("[Flags()] enum E {", Bracket('}')),
            ("[Flags()]\nenum", Statement),
            ("dir |", Pipe),
            ("dir | # later", Pipe),
            ("dir |\n", Pipe),
            ("dir &&", Pipe),
            ("dir ||", Pipe),
            ("1 +", Operator),
            ("1 -eq", Operator),
            ("1,", Operator),
            ("echo a,", Operator),
            ("$x =", Operator),
            ("$x = \n", Operator),
            ("$x.", Operator),
            ("$x ? 1", Operator),
            ("$x ? 1 :", Operator),
            ("-not", Operator),
            ("@{ a", Operator),
            ("@{ a =", Operator),
            ("[math]::", Operator),
            ("1 >", Operator),
            ("echo -a:", Operator),
            ("&", Operator),
            ("dir `", Backtick),
            ("1 + `", Backtick),
            ("echo a`", Backtick),
            ("if", Statement),
            ("if (", Statement),
            ("if ($x)", Statement),
            ("if ($x) { 1 } else", Statement),
            ("if ($x) { 1 } elseif", Statement),
            ("while ($x)", Statement),
            ("do { 1 }", Statement),
            ("foreach", Statement),
            ("foreach ($x", Statement),
            ("foreach ($x in", Statement),
            ("function", Statement),
            ("function f", Statement),
            ("try { 1 }", Statement),
            ("try { 1 } catch", Statement),
            ("class P", Statement),
        ] {
            assert_eq!(
                completeness(text),
                Completeness::Incomplete(waits_for),
                "{text}"
            );
        }
    }

    #[test]
    fn a_line_that_ends_nothing_is_known_without_the_text_before_it() {
        for (open, line, may) in [
            ("@'", "A\"'", false),
            ("@'", "'@", true),
            ("@\"", " \"@", false),
            ("@\"", "\u{201d}@ | sort", true),
            ("'open", "still", false),
            ("'open", "it's", true),
            ("<# open", "# >", false),
            ("<# open", "#> 1", true),
            ("{", "1", true),
        ] {
            let Completeness::Incomplete(waits_for) = completeness(open) else {
                panic!("{open}");
            };
            assert_eq!(waits_for.may_end_in(line), may, "{open} {line}");
            let both = completeness(&format!("{open}\n{line}"));
            assert!(
                may || both == Completeness::Incomplete(waits_for),
                "{open} {line}"
            );
        }
    }

    #[test]
    fn what_more_text_does_not_mend_is_sent() {
        for (text, id) in [
            (")", "UnexpectedToken"),
            ("}", "UnexpectedToken"),
            ("1 2", "UnexpectedToken"),
            ("($x]", "UnexpectedToken"),
            ("1 = 2", "InvalidLeftHandSide"),
            ("| dir", "EmptyPipeElement"),
            ("dir | | sort", "EmptyPipeElement"),
            ("dir | 5", "ExpressionsMustBeFirstInPipeline"),
            ("if ) {", "MissingOpenParenthesisAfterKeyword"),
            ("@'x", "UnexpectedCharactersAfterHereStringHeader"),
            ("dir < x", "RedirectionNotSupported"),
            ("else { 1 }", "UnexpectedToken"),
        ] {
            match completeness(text) {
                Completeness::Invalid(error) => assert_eq!(error.id, id, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        for open in [
            "(", "{", "@(", "$(", "@{a=", "\"$(", "[int]", "-not ", "$x=", "if(1){", "$x[", "x(",
            "1+(", "1 ? ",
        ] {
            let text = open.repeat(100_000);
            match completeness(&text) {
                Completeness::Invalid(error) => {
                    assert_eq!(error.id, "ScriptTooComplicated", "{open}");
                }
                Completeness::Incomplete(_) => {}
                Completeness::Complete => panic!("{open}"),
            }
        }
    }

    #[test]
    fn long_flat_texts_are_read_in_one_pass() {
        for (unit, repeat) in [
            ("1+", 200_000),
            ("$x.y", 200_000),
            ("a,", 200_000),
            ("a|b\n", 100_000),
            ("\n", 500_000),
            ("<##>", 200_000),
            ("'a' ", 200_000),
        ] {
            let text = format!("echo {}", unit.repeat(repeat));
            let started = std::time::Instant::now();
            let _ = completeness(&text);
            assert!(started.elapsed().as_secs() < 5, "{unit}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(text in "\\PC*") {
            let _ = completeness(&text);
        }

        #[test]
        fn any_shuffle_of_syntax_has_an_answer(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "'", "\"", "@'", "@\"", "'@", "\"@", "\n", "`", "$", "$x", "$(", "${", "(", ")", "{", "}", "[", "]", "@(", "@{",
                    "|", "&&", "&", ";", ",", "=", "-", "-eq", "-not", "+", "++", ".", "..", "::", "#", "<#", "#>", "?", ":", "if",
                    "else", "foreach", "in", "switch", "try", "catch", "function", "param", "class", "1", "a", " ", ">", "2>&1", "%",
                ]),
                0..40,
            ),
        ) {
            let text = pieces.concat();
            let _ = completeness(&text);
        }
    }
}
