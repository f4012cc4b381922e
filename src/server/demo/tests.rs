//! What the evaluator answers, as a person at a prompt sees it.

use std::sync::Arc;

use proptest::prelude::*;

use super::evaluator::Runspace;
use super::machine::Machine;
use super::outside::{Ending, Step};
use super::screen::Screen;
use crate::clixml::Value;
use crate::clixml::records::CommandCompletion;
use crate::psrp::host::{HostAnswer, HostMethod};

fn steps(script: &str) -> [Step; 2] {
    let script = Step {
        text: script.into(),
        is_script: true,
        ..Step::default()
    };
    [
        script,
        Step {
            text: "Out-Default".into(),
            ..Step::default()
        },
    ]
}

fn runspace(computer: &str) -> Runspace {
    Runspace::new(Arc::new(Machine::new(computer)))
}

/// Runs lines in one runspace; gives what the last one showed, with its terminating error.
fn shown(computer: &str, lines: &[&str]) -> String {
    let mut runspace = runspace(computer);
    let mut text = String::new();
    for line in lines {
        let mut screen = Screen::default();
        let ending = runspace.run(&steps(line), false, &mut screen);
        text = screen.lines.join("\n");
        if let Ending::Failed(fault) = ending {
            text += &format!(
                "(failed) {}: {}",
                fault.record().fully_qualified_error_id,
                fault.record().message
            );
        }
    }
    text
}

#[test]
fn lines_show_what_powershell_shows() {
    for (line, expected) in [
        ("1 + 1", "2"),
        ("1..3 | ForEach-Object { $_ * 2 }", "2\n4\n6"),
        ("7 / 2", "3.5"),
        ("6 / 2", "3"),
        ("2147483647 + 1", "2147483648"),
        ("'5' + 5", "55"),
        ("5 + '5'", "10"),
        ("-5 % 3", "-2"),
        ("'a' * 3", "aaa"),
        ("(1, 2, 3).Count", "3"),
        ("(1..5)[1]; (1..5)[-1]", "2\n5"),
        ("\"two plus two is $(2 + 2)\"", "two plus two is 4"),
        ("'b','a','C' | sort", "a\nb\nC"),
        ("3,1,2 | Sort-Object -Descending", "3\n2\n1"),
        ("1..10 | ? { $_ -gt 8 }", "9\n10"),
        ("'ab','c' | ? Length -gt 1", "ab"),
        (
            "1..10 | Where-Object { $_ % 5 -eq 0 } | Measure-Object | % Count",
            "2",
        ),
        ("(1..4 | Measure-Object -Sum).Sum", "10"),
        ("1..1000 | select -First 2", "1\n2"),
        ("'Server01' -like 'server*'; 'a' -ceq 'A'", "True\nFalse"),
        ("$x = 5; $x += 2; $x++; $x", "8"),
        ("if ($false) { 1 } elseif (0) { 2 } else { 3 }", "3"),
        (
            "foreach ($i in 1..3) { if ($i -eq 2) { continue }; $i }",
            "1\n3",
        ),
        (
            "$i = 0; while ($true) { $i++; if ($i -gt 2) { break } }; $i",
            "3",
        ),
        (
            "function Add($a, [int]$b = 10) { $a + $b }; Add 1; Add 1 2; Add -b 5 -a 1",
            "11\n3\n6",
        ),
        ("filter double { $_ * 2 }; 1..2 | double", "2\n4"),
        ("& { param($n) \"got $n\" } 7", "got 7"),
        ("(5).ToString() + 'abc'.Length", "53"),
        (
            "Write-Host hi there; Write-Warning careful",
            "hi there\nWARNING: careful",
        ),
        (
            "Write-Verbose no; Write-Verbose yes -Verbose",
            "VERBOSE: yes",
        ),
        (
            "Write-Error bad; 'after'",
            "(error) Write-Error: bad\nafter",
        ),
        (
            "cd /nowhere",
            "(error) Set-Location: Cannot find path 'C:\\nowhere' because it does not exist.",
        ),
        (
            "Get-Service nosuch",
            "(error) Get-Service: Cannot find any service with service name 'nosuch'.",
        ),
        (
            "Get-Process nosuch",
            "(error) Get-Process: Cannot find a process with the name \"nosuch\". Verify the process name and call the cmdlet again.",
        ),
        (
            "(Get-Service sshd | Select-Object Name, Status).Status",
            "Running",
        ),
        ("$env:COMPUTERNAME", "Server01"),
        ("exit 3; 'never'", ""),
    ] {
        assert_eq!(shown("Server01", &[line]), expected, "{line}");
    }
}

#[test]
fn errors_carry_powershells_words_and_ids() {
    for (line, expected) in [
        (
            "Get-NoSuchThing",
            "(failed) CommandNotFoundException: The term 'Get-NoSuchThing' is not recognized as a name of a cmdlet, function, script file, or executable program.\nCheck the spelling of the name, or if a path was included, verify that the path is correct and try again.",
        ),
        (
            "1 / 0",
            "(failed) RuntimeException: Attempted to divide by zero.",
        ),
        (
            "if (",
            "(failed) MissingConditionInStatement: Missing condition in if statement after 'if ('.",
        ),
        (
            "Get-Process -Foo",
            "(failed) NamedParameterNotFound,Microsoft.PowerShell.Commands.GetProcessCommand: A parameter cannot be found that matches parameter name 'Foo'.",
        ),
        (
            "'x'.Trim()",
            "(failed) MethodNotFound: Method invocation failed because [System.String] does not contain a method named 'Trim'.",
        ),
        (
            "function f { f }; f",
            "(failed) CallDepthOverflow: The script failed due to call depth overflow.",
        ),
        (
            "'x' * 1gb",
            "(failed) DemonstrationLimit: The demonstration makes no value that large.",
        ),
        (
            "$x = 1; while ($true) { $x = $x, $x }",
            "(failed) DemonstrationLimit: The demonstration makes no value that large.",
        ),
        (
            "$x = 1; while ($true) { $x = @{ x = $x } }",
            "(failed) DemonstrationLimit: The demonstration does not know this expression.",
        ),
    ] {
        assert_eq!(shown("Server01", &[line]), expected, "{line}");
    }
}

#[test]
fn variables_functions_and_location_last_from_line_to_line() {
    assert_eq!(
        shown("Server01", &["$x = 41", "function f { $x + 1 }", "f"]),
        "42"
    );
    assert_eq!(
        shown("Server01", &["cd Documents", "prompt"]),
        "PS C:\\Users\\Administrator\\Documents> "
    );
    assert_eq!(
        shown("LinuxServer02", &["cd /var/log", "prompt"]),
        "PS /var/log> "
    );
    assert_eq!(
        shown(
            "LinuxServer02",
            &["function prompt { \"custom $PWD> \" }", "prompt"]
        ),
        "custom /home/deploy> "
    );
}

#[test]
fn folders_processes_and_services_are_tables() {
    let folder = shown("Server01", &["dir *.txt"]);
    let lines: Vec<&str> = folder.lines().collect();
    assert_eq!(lines[1], "    Directory: C:\\Users\\Administrator");
    assert_eq!(lines[3], "Mode          LastWriteTime         Length Name");
    assert!(
        lines[5].starts_with("-a---") && lines[5].ends_with("512 notes.txt"),
        "{folder}"
    );
    assert_eq!(
        shown("LinuxServer02", &["(ls scripts).Name"]),
        "deploy.ps1\nrotate-logs.sh"
    );
    let processes = shown("Server01", &["Get-Process | Select-Object -First 3"]);
    assert_eq!(
        processes.lines().nth(1),
        Some(" NPM(K)    PM(M)      WS(M)     CPU(s)      Id  SI ProcessName")
    );
    assert_eq!(
        processes.lines().filter(|line| !line.is_empty()).count(),
        5,
        "{processes}"
    );
    let services = shown(
        "Server01",
        &["Get-Service | Where-Object { $_.Status -eq 'Stopped' }"],
    );
    let by_name = "Get-Service | Where-Object Status -eq Stopped";
    assert_eq!(shown("Server01", &[by_name]), services);
    assert!(
        services.contains("Stopped  Spooler            Print Spooler"),
        "{services}"
    );
    assert!(shown("LinuxServer02", &["Get-Service"]).contains("CommandNotFoundException"));
}

#[test]
fn the_person_is_asked() {
    let mut screen = Screen::default();
    let line = |text: &str| HostAnswer::Fields(vec![("Your name".into(), text.into())]);
    screen.answers = [line("Seed")].into();
    runspace("Server01").run(
        &steps("$a = Read-Host 'Your name'; \"hello $a\""),
        false,
        &mut screen,
    );
    assert_eq!(screen.lines, ["hello Seed"]);
    let Some(HostMethod::Prompt { fields, .. }) = screen.asked.first() else {
        panic!()
    };
    assert_eq!(fields[0].type_full_name, "System.String");

    let mut screen = Screen::default();
    let secret = crate::psrp::Secret::new("s3cr\u{e9}t");
    screen.answers = [HostAnswer::Fields(vec![(
        "Secret".into(),
        secret.to_value(),
    )])]
    .into();
    runspace("Server01").run(
        &steps("(Read-Host Secret -AsSecureString).Length"),
        false,
        &mut screen,
    );
    assert_eq!(screen.lines, ["6"]);
}

#[test]
fn a_stop_ends_what_never_would() {
    for script in [
        "while ($true) { 'x' }",
        "while ($true) { 'x' } | Out-Default",
        "function f { 'x'; f }; while (1) { f }",
    ] {
        let mut screen = Screen {
            patience: 50,
            ..Screen::default()
        };
        let ending = runspace("Server01").run(&steps(script), false, &mut screen);
        assert!(
            matches!(ending, Ending::Stopped | Ending::Failed(_)),
            "{script}: {ending:?}"
        );
    }
}

#[test]
fn without_out_default_objects_and_errors_are_records() {
    let mut screen = Screen::default();
    let [script, _] = steps("1; Write-Error bad; 'b'");
    runspace("Server01").run(&[script], false, &mut screen);
    assert_eq!(screen.output, [Value::Int32(1), "b".into()]);
    assert_eq!(screen.lines, ["(record) Write-Error: bad"]);
}

#[test]
fn tab_completes_commands_parameters_variables_members_and_paths() {
    for (line, expected) in [
        ("Get-Proc", vec!["Get-Process"]),
        ("1..3 | forEach", vec!["ForEach-Object"]),
        ("Get-Process -N", vec!["-Name"]),
        ("sort -Desc", vec!["-Descending"]),
        ("cd Doc", vec!["Documents"]),
        ("cd C:\\inet", vec!["C:\\inetpub"]),
        ("cd \"C:\\Program", vec!["'C:\\Program Files'"]),
        ("$numb", vec!["$numbers"]),
        ("nothing-like-it", vec![]),
    ] {
        let mut runspace = runspace("Server01");
        runspace.run(&steps("$numbers = 1..3"), false, &mut Screen::default());
        let mut screen = Screen::default();
        let cursor = i32::try_from(line.encode_utf16().count()).unwrap();
        let arguments = vec![
            (None, line.into()),
            (None, Value::Int32(cursor)),
            (None, Value::Null),
        ];
        let step = Step {
            text: "TabExpansion2".into(),
            arguments,
            ..Step::default()
        };
        runspace.run(&[step], false, &mut screen);
        let completion = CommandCompletion::from_value(&screen.output[0]).unwrap();
        let texts: Vec<_> = completion
            .matches
            .iter()
            .map(|found| found.completion_text.as_str())
            .collect();
        assert_eq!(texts, expected, "{line}");
        assert_eq!(
            completion.replacement_index + completion.replacement_length,
            line.len(),
            "{line}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_shuffle_of_words_has_an_end(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "Get-Process", "ls", "cd", "..", "|", "?", "%", "{", "}", "(", ")", "$_", "$x", "=", "1", "'a'", "\"$x\"", "+", "*",
                "-eq", "-join", ",", ";", "@(", "@{", "a", ".", "[int]", "[0]", "-First", "sort", "select", "measure", "Write-Host",
                "function f", "f", "return", "throw", "&", "..", "9999999", "-f", "-like", "*", "::", "TabExpansion2", "-1",
            ]),
            0..14,
        ),
    ) {
        let mut screen = Screen { patience: 2000, ..Screen::default() };
        runspace("Server01").run(&steps(&words.join(" ")), false, &mut screen);
    }
}
