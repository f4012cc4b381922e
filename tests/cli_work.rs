//! What `invoke` and `enter` carry from and to a remote server, and what they ask.

use serde_json::json;

use crate::support::peer::{Builder, Peer};
use crate::support::psdeck::Psdeck;
use crate::support::screen::Screen;
use crate::support::servers::on_servers;

on_servers!(
    [ssh, wsman],
    [
        every_stream_and_the_status_of_exit_come,
        twenty_megabytes_of_a_file_go_there_and_back,
        what_a_script_asks_is_answered_at_the_terminal,
        neither_log_nor_errors_hold_a_secret,
        a_script_runs_behind_every_version_of_the_protocol,
        twenty_megabytes_and_a_hundred_thousand_objects_come,
        lines_of_standard_input_are_entered_one_after_another,
        prompts_of_piped_lines_are_printed_on_demand,
        #[cfg(unix)]
        ctrl_c_stops_what_runs,
        a_server_that_dies_in_the_middle_is_a_lost_one,
    ]
);

fn enter(peer: &Peer) -> Psdeck {
    Psdeck::new()
        .args(["enter", &peer.target()])
        .args(peer.arguments())
}

fn invoke(peer: &Peer) -> Psdeck {
    Psdeck::new()
        .args(["invoke", &peer.target()])
        .args(peer.arguments())
}

fn every_stream_and_the_status_of_exit_come(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let script = "'o'; Write-Error e; Write-Warning w; Write-Verbose v -Verbose; Write-Debug d -Debug; \
        Write-Information i; Write-Progress -Activity p; exit 7";
    let ran = invoke(&peer)
        .args(["--output", "jsonl", "--exit-code", "-c", script])
        .run()
        .expect(7);
    let lines = ran.json_lines();
    let streams: Vec<_> = lines
        .iter()
        .map(|line| line["stream"].as_str().unwrap())
        .collect();
    for stream in [
        "output",
        "error",
        "warning",
        "verbose",
        "debug",
        "information",
        "progress",
    ] {
        assert!(streams.contains(&stream), "{stream}: {streams:?}");
    }
    assert_eq!(lines.last().unwrap()["exitCode"], json!(7));
    invoke(&peer).args(["-c", "exit 7"]).run().expect(1);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

fn twenty_megabytes_of_a_file_go_there_and_back(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let line = "0123456789abcdef".repeat(64);
    let count = 20 * 1024 * 1024 / line.len();
    let psdeck = invoke(&peer).file("input.txt", &format!("{line}\n").repeat(count));
    let file = psdeck.path("input.txt");
    let ran = psdeck
        .arg("--input")
        .arg(file)
        .args(["--output", "json", "-c", "$input | ForEach-Object { $_ }"])
        .run()
        .expect(0);
    let values = ran.json();
    let values = values.as_array().unwrap();
    assert_eq!(values.len(), count);
    assert!(values.iter().all(|value| *value == json!(line)));
    assert_eq!(peer.violations(), Vec::<String>::new());
}

fn what_a_script_asks_is_answered_at_the_terminal(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let (target, options) = (peer.target(), peer.arguments());
    let script = "$n = Read-Host Name; $s = Read-Host Word -AsSecureString; \"$n $($s.Length)\"";
    let mut arguments = vec!["invoke", &target, "-c", script];
    arguments.extend(options.iter().map(String::as_str));
    let mut screen = Screen::new(80, 24).args(&arguments).start();
    screen.expect("Name: ").keys("Sam<Enter>");
    screen.expect("Word: ").keys("hunter2<Enter>").row("Sam 7");
    assert!(!screen.received(b"hunter2"));
    assert_eq!(screen.ended(), 0);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

fn neither_log_nor_errors_hold_a_secret(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let log = peer.folder().join("psdeck.log");
    let ran = invoke(&peer)
        .args(["-vv", "--arg", "s3cret", "-c", "param($a) $b = $a", "--log"])
        .arg(&log)
        .run()
        .expect(0);
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains("opened computer="), "{text}");
    assert!(!text.contains("s3cret") && !ran.err.contains("s3cret"));
}

fn a_script_runs_behind_every_version_of_the_protocol(server: Builder) {
    for version in ["2.1", "2.2", "2.3", "2.4"] {
        let Some(peer) = server.clone().protocol(version).start() else {
            return;
        };
        let script = "Write-Warning w; $s = Read-Host -AsSecureString 2>$null; 1..3 | ForEach-Object { $_ * 2 }";
        let ran = invoke(&peer).args(["--output", "json", "-c", script]).run();
        assert_eq!(ran.json(), json!([2, 4, 6]), "{version}: {}", ran.err);
        assert!(ran.err.contains("WARNING: w"), "{version}: {}", ran.err);
        assert_eq!(peer.violations(), Vec::<String>::new());
    }
}

fn twenty_megabytes_and_a_hundred_thousand_objects_come(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let script = "$line = 'x' * 1024; 1..20480 | ForEach-Object { $line }; 1..100000";
    let ran = invoke(&peer)
        .args(["--output", "json", "-c", script])
        .run()
        .expect(0);
    let values = ran.json();
    let values = values.as_array().unwrap();
    assert_eq!(values.len(), 120_480);
    assert_eq!(values[20_479].as_str().unwrap().len(), 1024);
    assert_eq!(values[120_479], json!(100_000));
    assert_eq!(peer.violations(), Vec::<String>::new());
}

fn lines_of_standard_input_are_entered_one_after_another(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let lines = "$a = 1\nif ($true) {\n  \"in $($a + 1)\"\n}\n\nWrite-Warning w\nRead-Host\nthe answer\nexit 3\n'never'\n";
    let ran = enter(&peer).input(lines).run().expect(3);
    assert_eq!(ran.out, "in 2\nthe answer\n");
    assert_eq!(ran.err, "WARNING: w\n");
    assert_eq!(peer.violations(), Vec::<String>::new());
}

fn prompts_of_piped_lines_are_printed_on_demand(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let ran = enter(&peer)
        .arg("--prompt")
        .input("1 + 1\n")
        .run()
        .expect(0);
    assert!(
        ran.out.contains("PS ") && ran.out.ends_with("> 1 + 1\n2\n"),
        "{}",
        ran.out
    );
}

#[cfg(unix)]
fn ctrl_c_stops_what_runs(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut going = invoke(&peer)
        .args(["-c", "'started'; while ($true) { Start-Sleep 1 }"])
        .start();
    going.wait_for("started");
    going.interrupt();
    going.wait().expect(130);
    peer.wait_for_log("Signal");
    assert_eq!(peer.violations(), Vec::<String>::new());
}

fn a_server_that_dies_in_the_middle_is_a_lost_one(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let ran = invoke(&peer)
        .args([
            "-c",
            "'before'; Start-Sleep 1; [Environment]::FailFast('gone')",
        ])
        .run()
        .expect(3);
    assert_eq!(ran.out, "before\n");
    assert!(ran.err.starts_with("error: [127.0.0.1] "), "{}", ran.err);
}
