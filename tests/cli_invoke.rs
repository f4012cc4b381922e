//! `psdeck invoke` on foreign peers: what is printed where, and how it ends.

use serde_json::json;

use crate::support::peer::{Builder, Peer};
use crate::support::psdeck::Psdeck;
use crate::support::servers::on_servers;

on_servers!(
    [local, wsman],
    [
        text_goes_to_standard_output_and_other_streams_to_standard_error,
        every_stream_is_a_line_of_json_with_its_name,
        objects_of_one_computer_are_an_array,
        objects_as_clixml_are_one_document,
        several_computers_have_their_names_and_the_highest_status,
        groups_name_their_computers,
        targets_come_from_a_file_too,
        statuses_say_how_the_script_ended,
        arguments_parameters_and_scripts_from_files_arrive,
        input_is_read_in_each_format,
        a_hundred_thousand_objects_come_through,
        twenty_megabytes_go_each_way,
        #[cfg(unix)]
        ctrl_c_stops_the_remote_script_and_ends_with_130,
        a_deadline_that_passes_ends_with_5,
        nobody_answers_a_question_of_an_unattended_run,
        a_reader_that_leaves_is_no_error_to_tell,
        escape_sequences_of_a_server_stay_out_of_files,
    ]
);

/// `psdeck invoke` on this peer.
fn invoke(peer: &Peer) -> Psdeck {
    Psdeck::new()
        .args(["invoke", &peer.target()])
        .args(peer.arguments())
}

/// A configuration with these computers, all of them the peer.
fn computers(peer: &Peer, names: &[&str]) -> String {
    let profiles = names.iter().map(|name| peer.profile(name));
    profiles
        .map(|profile| profile + "group = 'all'\n")
        .collect()
}

const STREAMS: &str = "'out'; Write-Warning w; Write-Verbose v -Verbose; Write-Debug d -Debug; Write-Information i; Write-Host h; Write-Error e";

fn text_goes_to_standard_output_and_other_streams_to_standard_error(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let ran = invoke(&peer).args(["-c", STREAMS]).run().expect(1);
    assert_eq!(ran.out, "out\nh\n");
    assert_eq!(
        ran.err,
        "WARNING: w\nVERBOSE: v\nDEBUG: d\nWrite-Error: e\n"
    );
    assert_eq!(peer.violations(), Vec::<String>::new());
}

fn every_stream_is_a_line_of_json_with_its_name(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let script = format!("{STREAMS}; Write-Progress -Activity a -Status s -PercentComplete 40");
    let ran = invoke(&peer)
        .args(["--output", "jsonl", "-c", &script])
        .run()
        .expect(1);
    let mut lines = ran.json_lines();
    assert!(lines.iter().all(|line| line["computer"] == *peer.target()));
    let end = lines.pop().unwrap();
    assert_eq!(
        (&end["stream"], &end["state"], &end["exitCode"]),
        (&json!("end"), &json!("Completed"), &json!(1))
    );
    assert!(end["ms"].as_u64().is_some());
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line["stream"].as_str().unwrap(),
                line["message"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("output", ""),
            ("warning", "w"),
            ("verbose", "v"),
            ("debug", "d"),
            ("information", "i"),
            ("information", "h"),
            ("error", "e"),
            ("progress", "a"),
        ]
    );
    assert_eq!(lines[0]["value"], "out");
    assert_eq!(
        lines[6]["id"],
        "Microsoft.PowerShell.Commands.WriteErrorException"
    );
    assert_eq!(lines[7]["percentComplete"], 40);
}

fn objects_of_one_computer_are_an_array(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let ran = invoke(&peer)
        .args([
            "--output",
            "json",
            "-c",
            "1, 'a', $null, [pscustomobject]@{ Name = 'n'; Items = 1, 2 }; Write-Warning w",
        ])
        .run()
        .expect(0);
    assert_eq!(
        ran.json(),
        json!([1, "a", null, { "Name": "n", "Items": [1, 2] }])
    );
    assert_eq!(ran.err, "WARNING: w\n");
    let none = invoke(&peer)
        .args(["--output", "json", "-c", "$null = 1"])
        .run()
        .expect(0);
    assert_eq!(none.json(), json!([]));
}

fn objects_as_clixml_are_one_document(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let ran = invoke(&peer)
        .args([
            "--output",
            "clixml",
            "-c",
            "1, 'a', [pscustomobject]@{ Name = 'n' }, [pscustomobject]@{ Name = 'm' }",
        ])
        .run()
        .expect(0);
    let values =
        psdeck::clixml::read_all(ran.out.as_bytes(), &psdeck::clixml::Limits::default()).unwrap();
    assert_eq!(values.len(), 4);
    assert_eq!(values[3].member("Name").unwrap().as_str(), Some("m"));
    assert_eq!(ran.out.matches("<Objs").count(), 1);
}

fn several_computers_have_their_names_and_the_highest_status(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let run = |output: &str, script: &str| {
        Psdeck::new()
            .config(&format!(
                "{}[computers.Gone]\ntarget = 'local'\nprogram = '/no/such/pwsh'\n",
                computers(&peer, &["A", "B"])
            ))
            .args(["invoke", "A", "B", "Gone", "--output", output, "-c", script])
            .run()
            .expect(3)
    };
    let text = run("text", "1; 'two'");
    let mut lines: Vec<_> = text.out.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["[A] 1", "[A] two", "[B] 1", "[B] two"]);
    assert!(
        text.err.starts_with("error: [Gone] cannot open a session"),
        "{}",
        text.err
    );

    let results = run("json", "1; Write-Error e").json();
    assert_eq!(results[0]["computer"], "A");
    assert_eq!(results[1]["output"], json!([1]));
    assert_eq!(results[1]["errors"][0]["message"], "e");
    assert_eq!(results[1]["state"], "Completed");
    assert_eq!(results[2]["state"], "Failed");
    assert!(
        results[2]["errors"][0]["hints"][0]
            .as_str()
            .unwrap()
            .contains("PowerShell")
    );
}

fn groups_name_their_computers(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let ran = Psdeck::new()
        .config(&computers(&peer, &["A", "B"]))
        .args(["invoke", "group:all", "A", "--output", "jsonl", "-c", "1"])
        .run()
        .expect(0);
    let ends = ran
        .json_lines()
        .iter()
        .filter(|line| line["stream"] == "end")
        .count();
    assert_eq!(ends, 2);
}

fn targets_come_from_a_file_too(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let ran = Psdeck::new()
        .config(&computers(&peer, &["A", "B"]))
        .args([
            "invoke",
            "--targets-from",
            "-",
            "--output",
            "json",
            "-c",
            "1",
        ])
        .input("# all of them\nA\n\nB\n")
        .run()
        .expect(0);
    assert_eq!(ran.json().as_array().unwrap().len(), 2);
}

fn statuses_say_how_the_script_ended(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    for (script, plain, asked) in [
        ("1", 0, 0),
        ("Write-Error e; 1", 1, 1),
        ("throw 'no'", 1, 1),
        ("exit 0", 0, 0),
        ("exit 7", 1, 7),
    ] {
        invoke(&peer).args(["-c", script]).run().expect(plain);
        invoke(&peer)
            .args(["--exit-code", "-c", script])
            .run()
            .expect(asked);
    }
    let gone = ["invoke", "local", "--program", "/no/such/pwsh", "-c", "1"];
    Psdeck::new().args(gone).run().expect(3);
    Psdeck::new()
        .args(gone)
        .arg("--exit-code")
        .run()
        .expect(255);
}

fn arguments_parameters_and_scripts_from_files_arrive(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let script = "param($a, $b) \"$a|$($b.Name)|$($b.Items[1])\"";
    let ran = invoke(&peer)
        .args([
            "-f",
            "-",
            "--arg",
            "-x",
            "--arg-json",
            r#"{"Name": "n", "Items": [1, 2]}"#,
        ])
        .input(script)
        .run()
        .expect(0);
    assert_eq!(ran.out, "-x|n|2\n");
    let psdeck = invoke(&peer).file("script.ps1", "\u{feff}param($Name)\r\n\"hello $Name\"\r\n");
    let file = psdeck.path("script.ps1");
    let ran = psdeck
        .arg("-f")
        .arg(file)
        .args(["--param", "Name=a=b"])
        .run()
        .expect(0);
    assert_eq!(ran.out, "hello a=b\n");
}

fn input_is_read_in_each_format(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let clixml = psdeck::clixml::write_objs([&psdeck::clixml::Value::Int32(5), &"b".into()]);
    for (format, input, printed) in [
        ("lines", "a\r\n\nb", "<a>\n<>\n<b>\n"),
        ("jsonl", "1\n{\"Name\":\"n\"}\n", "<1>\n<@{Name=n}>\n"),
        ("clixml", clixml.as_str(), "<5>\n<b>\n"),
    ] {
        let ran = invoke(&peer)
            .args([
                "--input",
                "-",
                "--input-format",
                format,
                "-c",
                "$input | ForEach-Object { \"<$_>\" }",
            ])
            .input(input)
            .run()
            .expect(0);
        assert_eq!(ran.out, printed, "{format}");
    }
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn input_that_cannot_be_read_is_named_with_its_line() {
    let Some(peer) = Peer::local().start() else {
        return;
    };
    let ran = invoke(&peer)
        .args(["--input", "-", "--input-format", "jsonl", "-c", "$input"])
        .input("1\n{\n")
        .run()
        .expect(2);
    assert!(
        ran.err
            .starts_with("error: cannot read standard input\n  because line 2: "),
        "{}",
        ran.err
    );
    let ran = invoke(&peer)
        .args(["--input", "/no/such/file", "-c", "1"])
        .run()
        .expect(2);
    assert!(
        ran.err.contains("cannot read '/no/such/file'"),
        "{}",
        ran.err
    );
}

fn a_hundred_thousand_objects_come_through(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let ran = invoke(&peer)
        .args(["--output", "json", "-c", "1..100000"])
        .run()
        .expect(0);
    let numbers = ran.json();
    let numbers = numbers.as_array().unwrap();
    assert_eq!(numbers.len(), 100_000);
    assert!(
        numbers
            .iter()
            .zip(1..)
            .all(|(found, wanted)| *found == json!(wanted))
    );
}

fn twenty_megabytes_go_each_way(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let line = "0123456789abcdef".repeat(64);
    let count = 20 * 1024 * 1024 / line.len();
    let mut input = String::new();
    for _ in 0..count {
        input.push_str(&line);
        input.push('\n');
    }
    let psdeck = invoke(&peer).file("input.txt", &input);
    let file = psdeck.path("input.txt");
    let ran = psdeck
        .arg("--input")
        .arg(file)
        .args([
            "--output",
            "json",
            "-c",
            "$n = 0; $input | ForEach-Object { $n += $_.Length; $_ }; $n",
        ])
        .run()
        .expect(0);
    let values = ran.json();
    let values = values.as_array().unwrap();
    assert_eq!(values.len(), count + 1);
    assert_eq!(values[count], json!(count * line.len()));
    assert_eq!(values[count - 1], json!(line));
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[cfg(unix)]
fn ctrl_c_stops_the_remote_script_and_ends_with_130(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut going = invoke(&peer)
        .args(["-c", "'started'; Start-Sleep 60; 'late'"])
        .start();
    going.wait_for("started");
    going.interrupt();
    let ran = going.wait().expect(130);
    assert!(!ran.out.contains("late"));
    peer.wait_for_log("Signal");
    assert_eq!(peer.violations(), Vec::<String>::new());
}

fn a_deadline_that_passes_ends_with_5(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let ran = invoke(&peer)
        .args(["--timeout", "2s", "-c", "'early'; Start-Sleep 60"])
        .run()
        .expect(5);
    assert_eq!(ran.out, "early\n");
    let named = format!("error: [{}] ", peer.computer());
    assert!(ran.err.starts_with(&named), "{}", ran.err);
}

fn nobody_answers_a_question_of_an_unattended_run(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let ran = invoke(&peer)
        .args(["-c", "Read-Host Name; 'after'"])
        .run()
        .expect(1);
    assert!(ran.err.contains("Read-Host"), "{}", ran.err);
}

fn a_reader_that_leaves_is_no_error_to_tell(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut going = invoke(&peer)
        .args(["-c", "1..100000 | ForEach-Object { \"line $_\" }"])
        .start();
    going.wait_for("line 1\n");
    let ran = going.leave().expect(141);
    assert_eq!(ran.err, "");
}

fn escape_sequences_of_a_server_stay_out_of_files(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    for fault in ["escapes", "escapeshost"] {
        for colour in ["never", "always"] {
            let ran = invoke(&peer)
                .args([
                    "--color",
                    colour,
                    "-c",
                    &format!("Invoke-PeerFault {fault}"),
                ])
                .run();
            let mut text = ran.out + &ran.err;
            assert!(!text.is_empty());
            if colour == "always" {
                // Only sequences that set a style are left.
                text =
                    text.split("\u{1b}[")
                        .enumerate()
                        .fold(String::new(), |shown, (at, part)| {
                            shown
                                + if at == 0 {
                                    part
                                } else {
                                    part.split_once('m').unwrap().1
                                }
                        });
            }
            let wrong = text
                .chars()
                .find(|char| char.is_control() && !matches!(char, '\n' | '\t' | '\r'));
            assert_eq!(wrong, None, "{fault} {colour}: {text:?}");
        }
    }
}

#[test]
fn a_wrong_command_line_is_told_before_anything_is_reached() {
    for (arguments, said) in [
        (&["invoke", "local"][..], "--command"),
        (&["invoke", "-c", "1"], "no target is named"),
        (&["invoke", "web1:5985", "-c", "1"], "wsman:web1:5985"),
        (&["invoke", "vm:dc1", "-c", "1"], "cannot be reached yet"),
        (&["invoke", "group:none", "-c", "1"], "group 'none'"),
        (
            &["invoke", "local", "-f", "-", "--input", "-"],
            "cannot both read standard input",
        ),
        (
            &["invoke", "local", "-f", "/no/such/file"],
            "cannot read '/no/such/file'",
        ),
        (
            &["invoke", "local", "-c", "1", "--timeout", "90"],
            "a unit is missing",
        ),
        (
            &["invoke", "local", "-c", "1", "--param", "x"],
            "Name=value",
        ),
        (&["invoke", "local", "-c", "1", "--arg-json", "{"], "EOF"),
        (
            &["invoke", "local", "-c", "1", "--port", "22"],
            "not reached by a port",
        ),
        (
            &["invoke", "demo:a", "demo:b", "-c", "1", "--exit-code"],
            "--exit-code is for one computer",
        ),
    ] {
        let ran = Psdeck::new().args(arguments).run().expect(2);
        assert!(ran.err.contains(said), "{arguments:?}: {}", ran.err);
        assert_eq!(ran.out, "");
    }
}
