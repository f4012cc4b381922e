//! The verbs of sessions that outlive a run, against the foreign WSMan server and the demonstration.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::support::desk::Desk;
use crate::support::wsman::{PASSWORD, USER, WsmanPeer};

/// A peer, and somebody who knows it; nothing where no peer can be had.
fn start() -> Option<(WsmanPeer, Desk)> {
    let peer = WsmanPeer::new().start()?;
    let desk = Desk::new(&peer);
    Some((peer, desk))
}

fn states(list: &[Value]) -> Vec<Value> {
    let of = |session: &Value| {
        json!([
            session["Id"],
            session["Name"],
            session["State"],
            session["Availability"]
        ])
    };
    list.iter().map(of).collect()
}

#[test]
fn a_new_session_is_left_on_its_server_and_listed_by_everybody() {
    let Some((peer, desk)) = start() else { return };
    let new = desk.run(&["new", "Server01", "--name", "ITTask"], 0);
    assert_eq!(new.err, "");
    let lines: Vec<_> = new.out.lines().collect();
    let header = "Id Name            Transport ComputerName    ComputerType    State         ConfigurationName     Availability";
    assert!(
        lines.iter().any(|line| line.trim() == header),
        "{}",
        new.out
    );
    let row = lines.iter().find(|line| line.contains("ITTask")).unwrap();
    let words: Vec<_> = row.split_whitespace().collect();
    let wanted = [
        "1",
        "ITTask",
        "WSMan",
        "Server01",
        "RemoteMachine",
        "Disconnected",
        "Microsoft.PowerShell",
        "None",
    ];
    assert_eq!(words, wanted);
    let listed = desk.run(&["list"], 0);
    assert_eq!(listed.out, new.out);
    let remembered = states(&desk.list(&[]));
    assert_eq!(remembered, [json!([1, "ITTask", "Disconnected", "None"])]);
    assert_eq!(states(&desk.list(&["Server01"])), remembered);
    let elsewhere = desk.elsewhere();
    assert_eq!(states(&elsewhere.list(&[])), [] as [Value; 0]);
    assert_eq!(states(&elsewhere.list(&["Server01"])), remembered);
    assert_eq!(peer.count("executed", "Create"), 1);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn a_time_beyond_all_calendars_is_no_time() {
    let Some((peer, desk)) = start() else { return };
    desk.run(&["new", "Server01", "--name", "ITTask"], 0);
    for time in ["IdleTimeOut", "ShellInactivity"] {
        let with = format!("{time}>PT300000000000S<");
        let rule = json!({"action": "Pull", "pattern": format!("{time}>[^<]*<"), "with": with});
        peer.rule("rewrite", rule);
        let elsewhere = desk.elsewhere();
        let listed = elsewhere.list(&["Server01"]);
        assert_eq!(
            states(&listed),
            [json!([1, "ITTask", "Disconnected", "None"])]
        );
        assert_eq!(listed[0]["ExpiresOn"], json!(null), "{listed:?}");
        elsewhere.run(&["Get-PSSession", "-ComputerName", "Server01"], 0);
        peer.reset();
    }
}

#[test]
fn sessions_are_printed_as_a_list_json_and_csv() {
    let Some((_peer, desk)) = start() else { return };
    desk.run(
        &[
            "new",
            "Server01",
            "--name",
            "ITTask",
            "--idle-timeout",
            "90m",
        ],
        0,
    );
    let list = desk.run(&["list", "--output", "list"], 0).out;
    assert!(list.contains("\nName                : ITTask\n"), "{list}");
    assert!(list.contains("\nIdleTimeout         : 5400000\n"), "{list}");
    let array = desk.run(&["list", "--output", "json"], 0).json();
    assert_eq!(array[0]["State"], "Disconnected");
    assert!(array[0]["ExpiresOn"].as_str().unwrap().ends_with('Z'));
    let csv = desk.run(&["list", "--output", "csv"], 0).out;
    let lines: Vec<_> = csv.lines().collect();
    assert!(
        lines[0].starts_with("\"Id\",\"Name\",\"Transport\""),
        "{csv}"
    );
    assert!(lines[1].starts_with("\"1\",\"ITTask\",\"WSMan\""), "{csv}");
}

#[test]
fn a_server_that_cannot_be_asked_is_in_the_data_too() {
    let Some((_peer, desk)) = start() else { return };
    let desk = desk.config("[computers.Server02]\ntarget = 'wsman:127.0.0.1:1'\n");
    desk.run(&["new", "Server01", "--name", "ITTask"], 0);
    let list = ["list", "Server01", "Server02", "--output"];
    let array = desk.run(&[&list[..], &["json"]].concat(), 3).json();
    let lines = desk.run(&[&list[..], &["jsonl"]].concat(), 3).json_lines();
    assert_eq!(array, json!(lines));
    let [session, error] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert_eq!(session["Name"], "ITTask");
    assert_eq!(error["computer"], "Server02", "{error}");
    assert_eq!(error["stream"], "error", "{error}");
    assert!(error["message"].is_string(), "{error}");
}

#[test]
fn a_list_is_narrowed_by_state_name_configuration_and_computer() {
    let Some((_peer, desk)) = start() else { return };
    desk.run(&["new", "Server01", "--name", "ITTask"], 0);
    let other = ["--name", "Backups", "--configuration-name", "ITTasks"];
    desk.run(&[&["new", "Server01"], &other[..]].concat(), 0);
    for (filter, names) in [
        (&["--name", "it*"][..], &["ITTask"][..]),
        (&["--name", "[a-c]*"], &["Backups"]),
        (&["--configuration-name", "ITTasks"], &["Backups"]),
        (
            &["--configuration-name", "ITTasks", "Server01"],
            &["Backups"],
        ),
        (&["--computer", "server0?"], &["ITTask", "Backups"]),
        (&["--computer", "Server99"], &[]),
        (&["--state", "disconnected"], &["ITTask", "Backups"]),
        (&["--state", "Opened"], &[]),
    ] {
        let found = desk.list(filter);
        let found: Vec<_> = found
            .iter()
            .map(|one| one["Name"].as_str().unwrap())
            .collect();
        assert_eq!(found, names, "{filter:?}");
    }
    desk.run(&["list", "--state", "molten"], 2);
}

#[test]
fn what_was_begun_and_left_is_received_on_another_computer_once() {
    let Some((peer, desk)) = start() else { return };
    let script = "1..3 | ForEach-Object { \"line $_\" }; Start-Sleep 1; 'end'";
    let begun = desk.run(&["invoke", "Server01", "-c", script, "--detach"], 0);
    assert!(begun.out.contains("Disconnected"), "{}", begun.out);
    let other = desk.elsewhere();
    let list = other.list(&["Server01"]);
    assert_eq!(list[0]["Availability"], "None");
    assert_eq!(list[0]["Running"], "a command");
    let received = other.run(&["receive", "Runspace1", "--on", "Server01"], 0);
    assert_eq!(
        received.out, "line 1\nline 2\nline 3\nend\n",
        "{}",
        received.err
    );
    let again = desk.run(&["receive", "1"], 0);
    assert_eq!((&*again.out, &*again.err), ("", ""));
    assert_eq!(states(&desk.list(&["Server01"]))[0][2], "Disconnected");
    assert_eq!(peer.count("executed", "Command"), 1);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn what_runs_in_a_session_is_remembered_where_that_is_wanted() {
    let Some((_peer, desk)) = start() else { return };
    let script = "Start-Sleep 1000 # the nightly report\n'second line'";
    let wanted = "Start-Sleep 1000 # the nightly report";
    for (desk, running) in [
        (desk.elsewhere(), "a command"),
        (
            desk.config("[sessions]\nremember_commands = true\n"),
            wanted,
        ),
    ] {
        desk.run(&["invoke", "Server01", "-c", script, "--detach"], 0);
        assert_eq!(desk.list(&[])[0]["Running"], running);
        let held = desk.list(&["Server01"]);
        assert!(held.iter().any(|one| one["Running"] == running), "{held:?}");
        let record = std::fs::read_to_string(desk.sessions().join("1.json")).unwrap();
        assert_eq!(record.contains("nightly"), running == wanted, "{record}");
        assert!(!record.contains("second"), "{record}");
    }
}

#[test]
fn received_output_is_lines_of_json_where_wanted_with_its_errors() {
    let Some((_peer, desk)) = start() else { return };
    let script = "[pscustomobject]@{ A = 1 }; Write-Error 'no'; Write-Warning 'hm'";
    desk.run(&["invoke", "Server01", "-c", script, "--detach"], 0);
    let lines = desk
        .run(&["receive", "1", "--output", "jsonl"], 1)
        .json_lines();
    let streams: Vec<_> = lines
        .iter()
        .map(|line| line["stream"].as_str().unwrap())
        .collect();
    assert_eq!(streams, ["output", "error", "warning", "end"]);
    assert_eq!(lines[0]["value"]["A"], 1);
    assert_eq!(lines[3]["state"], "Completed");
}

#[test]
fn a_script_that_the_server_refuses_is_told_and_its_session_goes() {
    let Some((peer, desk)) = start() else { return };
    let rule = json!({ "op": "Command", "name": "quota_operations" });
    peer.rule("fault", rule);
    let ran = desk.run(&["invoke", "Server01", "-c", "1", "--detach"], 4);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("operations at a time"), "{}", ran.err);
    assert!(
        ran.err.contains("session made for it was removed"),
        "{}",
        ran.err
    );
    assert_eq!(desk.list(&["Server01"]), [] as [Value; 0]);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn a_session_that_cannot_be_remembered_is_made_only_where_it_need_not_be() {
    let Some((peer, desk)) = start() else { return };
    // No record can be written: something stands in the way of each.
    for id in 1..9 {
        let wall = desk.sessions().join(format!("{id}.json.new"));
        std::fs::create_dir_all(wall.join("full")).unwrap();
    }
    std::fs::write(desk.sessions().join("counter"), "0\n").unwrap();
    let detached = "Invoke-Command Server01 { 1 } -InDisconnectedSession";
    let runs = [
        desk.psdeck(&["new", "Server01"]),
        desk.psdeck(&["invoke", "Server01", "-c", "1", "--detach"]),
        desk.psdeck(&["console"]).input(detached),
    ];
    for run in runs {
        let ran = run.run();
        assert!(ran.err.contains(".json.new"), "{}", ran.err);
        assert!(ran.err.contains("PSDECK_DATA"), "{}", ran.err);
        assert_eq!(ran.out, "", "{}", ran.err);
    }
    assert_eq!(desk.run(&["new", "Server01"], 4).out, "");
    assert_eq!(peer.count("received", "Create"), 0);

    // Nothing is asked for later: it is told once, and works.
    let ran = desk.run(&["invoke", "Server01", "-c", "6 * 7"], 0);
    assert_eq!(ran.out.trim(), "42");
    assert_eq!(ran.err.matches("warning:").count(), 1, "{}", ran.err);
    let lines = "$null = New-PSSession Server01\n$null = New-PSSession Server01\n'on' + 'ward'\n";
    let ran = desk.psdeck(&["console"]).input(lines).run().expect(0);
    assert_eq!(ran.out.trim(), "onward");
    assert_eq!(ran.err.matches(".json.new").count(), 1, "{}", ran.err);

    // The same where there is no folder at all.
    std::fs::remove_dir_all(desk.sessions()).unwrap();
    std::fs::write(desk.sessions(), "").unwrap();
    let asked = peer.count("received", "Create");
    let ran = desk.psdeck(&["console"]).input(detached).run();
    assert_eq!(ran.err.matches("warning:").count(), 1, "{}", ran.err);
    assert!(ran.err.contains("so it was not opened"), "{}", ran.err);
    assert_eq!(peer.count("received", "Create"), asked);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn a_new_session_that_cannot_be_left_is_closed_and_one_that_was_there_stays() {
    let Some((peer, desk)) = start() else { return };
    desk.run(&["new", "Server01", "--name", "ITTask"], 0);
    let rule = json!({ "op": "Disconnect", "name": "not_graceful", "count": 0 });
    peer.rule("fault", rule.clone());
    for arguments in [
        &["new", "Server01"][..],
        &["invoke", "Server01", "-c", "Start-Sleep 1000", "--detach"],
    ] {
        let ran = desk.run(arguments, 4);
        assert_eq!(ran.out, "");
        assert!(
            ran.err.contains("it was closed, with what ran in it"),
            "{}",
            ran.err
        );
    }
    assert_eq!(peer.count("executed", "Delete"), 2);
    for (arguments, status) in [
        (&["receive", "ITTask"][..], 4),
        (&["console"], 0),
        (&["Connect-PSSession", "-Name", "ITTask"], 4),
    ] {
        let verb = desk.psdeck(arguments);
        let input = "Connect-PSSession -Name ITTask\n";
        let ran = verb.input(input).run().expect(status);
        assert!(
            ran.err.contains("psdeck connect 1 goes on then"),
            "{arguments:?}: {}",
            ran.err
        );
        assert_eq!(peer.count("executed", "Delete"), 2, "{arguments:?}");
        peer.heal();
        desk.run(&["connect", "ITTask", "--output", "jsonl"], 0);
        peer.rule("fault", rule.clone());
    }
    assert_eq!(states(&desk.list(&["Server01"])).len(), 1);
}

#[test]
fn received_objects_are_json_and_clixml_where_wanted() {
    let Some((_peer, desk)) = start() else { return };
    let begin = || {
        let script = "[pscustomobject]@{ A = 1 }; 'b'";
        desk.run(&["invoke", "Server01", "-c", script, "--detach"], 0);
    };
    begin();
    let array = desk.run(&["receive", "1", "--output", "json"], 0).json();
    assert_eq!(array, json!([{ "A": 1 }, "b"]));
    let nothing = desk.run(&["receive", "1", "--output", "json"], 0).json();
    assert_eq!(nothing, json!([]));
    begin();
    let both = desk.run(&["receive", "*", "--output", "json"], 0).json();
    assert_eq!(both[0]["output"], json!([]));
    assert_eq!(both[1]["output"], json!([{ "A": 1 }, "b"]));
    assert_eq!(both[1]["state"], "Completed");
    begin();
    let clixml = desk.run(&["receive", "3", "--output", "clixml"], 0).out;
    assert!(clixml.starts_with("<Objs"), "{clixml}");
    assert!(clixml.contains("<I32 N=\"A\">1</I32>"), "{clixml}");
}

#[test]
fn sessions_are_connected_and_left_again_by_id_name_and_start() {
    let Some((peer, desk)) = start() else { return };
    for name in ["ITTask", "ITOther", "Backups"] {
        desk.run(&["new", "Server01", "--name", name], 0);
    }
    let instance = desk.list(&[])[2]["InstanceId"].as_str().unwrap().to_owned();
    for (chosen, ids) in [
        (&["1"][..], &[1][..]),
        (&["itt"], &[1]),
        (&["IT*"], &[1, 2]),
        (&["it[s-u]*"], &[1]),
        (&[&instance[..13]], &[3]),
        (&[&instance, "1"], &[1, 3]),
        (&["--on", "Server01", "--all"], &[1, 2, 3]),
    ] {
        let arguments = [&["connect"], chosen, &["--output", "jsonl"]].concat();
        let lines = desk.run(&arguments, 0).json_lines();
        let found: Vec<_> = lines
            .iter()
            .map(|one| one["Id"].as_u64().unwrap())
            .collect();
        assert_eq!(found, ids, "{chosen:?}");
        // As they are when they are shown: left again.
        assert!(
            lines.iter().all(|one| one["State"] == "Disconnected"),
            "{lines:?}"
        );
    }
    let left = states(&desk.list(&["Server01"]));
    assert!(left.iter().all(|one| one[2] == "Disconnected"), "{left:?}");
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn no_session_or_several_that_fit_end_with_6() {
    let Some((peer, desk)) = start() else { return };
    for name in ["ITTask", "ITOther"] {
        desk.run(&["new", "Server01", "--name", name], 0);
    }
    for verb in ["connect", "disconnect", "receive", "remove"] {
        for (chosen, said) in [
            ("9", "no session fits '9'"),
            ("Migration", "no session fits 'Migration'"),
            ("M*", "no session fits 'M*'"),
            ("IT[a-c]*", "no session fits 'IT[a-c]*'"),
            ("IT", "'IT' fits 2 sessions"),
        ] {
            let ran = desk.run(&[verb, chosen], 6);
            assert!(ran.err.contains(said), "{verb}: {}", ran.err);
            assert!(ran.err.contains("\nhint: "), "{verb}: {}", ran.err);
        }
        // As of a variable that is not set.
        let ran = desk.run(&[verb, ""], 2);
        assert!(ran.err.contains("is empty"), "{verb}: {}", ran.err);
    }
    let gone = desk.list(&[])[0]["InstanceId"]
        .as_str()
        .unwrap()
        .to_uppercase();
    peer.control("/expire", &json!({ "shell": gone }));
    let expired = desk.run(&["connect", "ITTask"], 6);
    assert!(
        expired.err.contains("does not have it any more"),
        "{}",
        expired.err
    );
    assert_eq!(states(&desk.list(&[])).len(), 1);
}

#[test]
fn removing_ends_what_runs_and_forgets() {
    let Some((peer, desk)) = start() else { return };
    desk.run(
        &["invoke", "Server01", "-c", "Start-Sleep 1000", "--detach"],
        0,
    );
    desk.run(&["new", "Server01", "--name", "ITTask"], 0);
    desk.run(&["remove", "*", "--yes"], 0);
    assert_eq!(desk.list(&["Server01"]), [] as [Value; 0]);
    assert_eq!(desk.list(&[]), [] as [Value; 0]);
    peer.until("no shell", |state| {
        state["shells"].as_array().is_some_and(Vec::is_empty)
    });
}

#[test]
fn a_session_that_is_held_is_busy_and_refused_with_4() {
    let Some((peer, desk)) = start() else { return };
    let mut holder = desk.psdeck(&["enter", "Server01", "--prompt"]).start();
    let input = holder.input.as_mut().unwrap();
    input.write_all(b"'ready'\n").unwrap();
    holder.wait_for("ready\n");
    for (desk, reason) in [
        (&desk, "another psdeck on this computer has it"),
        (&desk.elsewhere(), ""),
    ] {
        let held = desk.list(&["Server01"]);
        assert_eq!(held[0]["State"], "Disconnected");
        assert_eq!(held[0]["Availability"], "Busy");
        assert!(
            held[0]["Reason"].as_str().unwrap_or("").contains(reason),
            "{held:?}"
        );
        for verb in ["connect", "receive", "disconnect"] {
            let on = if verb == "disconnect" {
                &[][..]
            } else {
                &["--on", "Server01"]
            };
            let ran = desk.run(&[&[verb, "1"], on].concat(), 4);
            assert!(
                ran.err.contains("PSSession") || ran.err.contains("CannotDisconnect"),
                "{}",
                ran.err
            );
        }
    }
    drop(holder.input.take());
    holder.wait().expect(0);
    assert_eq!(desk.list(&[]), [] as [Value; 0]);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn the_demonstration_is_listed_and_keeps_nothing() {
    let desk = Desk::bare();
    let list = desk.list(&["demo:Server01", "demo:Server02"]);
    let mut found: Vec<_> = list
        .iter()
        .map(|one| [&one["Name"], &one["Availability"]].map(|text| text.as_str().unwrap()))
        .collect();
    // Numbers are given as the servers answer.
    found.sort_unstable();
    assert_eq!(found, [["Backups", "None"], ["NightlyReport", "Busy"]]);
    assert_eq!(desk.list(&[]), [] as [Value; 0]);
    let refused = desk.run(&["new", "demo:Server01"], 4);
    assert!(refused.err.contains("keeps no session"), "{}", refused.err);
    desk.run(&["invoke", "local", "-c", "1", "--detach"], 4);
    desk.run(
        &[
            "connect",
            "Backups",
            "--on",
            "demo:Server02",
            "--output",
            "json",
        ],
        0,
    );
    desk.run(&["connect", "NightlyReport", "--on", "demo:Server01"], 4);
    desk.run(&["list", "demo:Server77"], 3);
}

#[test]
fn a_server_that_cannot_be_asked_is_told_and_the_others_are_listed() {
    let Some((_peer, desk)) = start() else { return };
    desk.run(&["new", "Server01", "--name", "ITTask"], 0);
    let ran = desk.run(
        &["list", "Server01", "http://127.0.0.1:9", "--user", "alice"],
        3,
    );
    assert!(ran.out.contains("ITTask"), "{}", ran.out);
    assert!(ran.err.contains("cannot list the sessions"), "{}", ran.err);
}

#[test]
fn one_password_makes_lists_and_removes_sessions_of_several_computers() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let desk = Desk::bare();
    let (one, ca) = (peer.https_url(), peer.ca_file());
    let other = one.replace("127.0.0.1", "localhost");
    let ca = ca.display().to_string();
    let given = ["--user", USER, "--ca", &ca, "--password-stdin"];
    let run = |arguments: &[&str]| {
        let arguments = [arguments, &given].concat();
        let run = desk.psdeck(&arguments).input(format!("{PASSWORD}\n"));
        run.run().expect(0)
    };
    let both = [one.as_str(), other.as_str()];
    run(&[&["new"], &both[..]].concat());
    let listed = run(&[&["list", "--output", "jsonl"], &both[..]].concat());
    assert_eq!(listed.json_lines().len(), 2, "{}", listed.err);
    run(&["remove", "*"]);
    peer.until("no shell", |state| {
        state["shells"].as_array().is_some_and(Vec::is_empty)
    });
}

#[test]
fn the_lines_of_the_readme_do_what_it_says() {
    let Some((_peer, desk)) = start() else { return };
    let readme = include_str!("../README.md");
    let from = |first: &str| {
        let (_, block) = readme.split_once(&format!("```\n{first}")).unwrap();
        let (block, _) = block.split_once("\n```").unwrap();
        format!("{first}{block}")
    };
    let script = desk.data().join("job.ps1").display().to_string();
    std::fs::write(&script, "'done'").unwrap();
    let run = |desk: &Desk, block: &str| {
        let mut last = String::new();
        for line in block.lines() {
            let words = line.split('#').next().unwrap().split_whitespace();
            let words: Vec<_> = words
                .skip(1)
                .map(|word| if word == "job.ps1" { &script } else { word })
                .collect();
            last = desk.run(&words, 0).out;
        }
        last
    };
    assert_eq!(run(&desk, &from("psdeck new Server01")), "done\n");
    let home = desk.elsewhere();
    assert_eq!(run(&home, &from("psdeck list Server01")), "");
    assert_eq!(states(&desk.list(&["Server01"])).len(), 1);
}
