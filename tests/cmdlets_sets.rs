//! The parameter sets that choose sessions, one after another, against a WSMan server: what each does, that -WhatIf and a
//! declined -Confirm change nothing, and what is refused with which error id.

use psdeck::session::PromptReply;
use psdeck::transport::Secret;
use serde_json::{Value, json};

use crate::cmdlets_connect::profile;
use crate::support::console::Lines;
use crate::support::wsman::{PASSWORD, USER, WsmanPeer};

/// The cmdlets' own table.
const TABLE: &str = include_str!("../assets/cmdlets.txt");

/// Cmdlet, parameter set, arguments. `URL` is the peer's; `$s` the session ITTask, `$c` its user's credential.
const CHOICES: &[(&str, &str, &str)] = &[
    ("Connect-PSSession", "Name", "-Name ITTask"),
    ("Connect-PSSession", "Name", "-Name IT*"),
    ("Connect-PSSession", "Name", "-Name no*, i[a-z]task"),
    ("Connect-PSSession", "Session", "-Session $s"),
    ("Connect-PSSession", "Session", "$s"),
    (
        "Connect-PSSession",
        "ComputerName",
        "-ComputerName Server01 -Name ITTask",
    ),
    ("Connect-PSSession", "ComputerName", "Server01"),
    (
        "Connect-PSSession",
        "ComputerName",
        "Server01 -ConfigurationName Microsoft.PowerShell",
    ),
    (
        "Connect-PSSession",
        "ComputerNameGuid",
        "Server01 -InstanceId $i",
    ),
    (
        "Connect-PSSession",
        "ConnectionUri",
        "-ConnectionUri URL -Name ITTask -Credential $c",
    ),
    ("Connect-PSSession", "ConnectionUri", "URL -Credential $c"),
    (
        "Connect-PSSession",
        "ConnectionUriGuid",
        "-ConnectionUri URL -InstanceId $i -Credential $c",
    ),
    ("Connect-PSSession", "InstanceId", "-InstanceId $i"),
    ("Connect-PSSession", "Id", "-Id $n"),
    ("Connect-PSSession", "Id", "$n -ThrottleLimit 1"),
    ("Disconnect-PSSession", "Session", "$s"),
    (
        "Disconnect-PSSession",
        "Name",
        "-Name ITTask -IdleTimeoutSec 60*60",
    ),
    ("Disconnect-PSSession", "Name", "-Name ?TTask"),
    ("Disconnect-PSSession", "Id", "$n -OutputBufferingMode Drop"),
    ("Disconnect-PSSession", "InstanceId", "-InstanceId $i"),
    ("Receive-PSSession", "Session", "$s"),
    ("Receive-PSSession", "Id", "-Id $n"),
    (
        "Receive-PSSession",
        "ComputerSessionName",
        "Server01 -Name ITTask",
    ),
    (
        "Receive-PSSession",
        "ComputerInstanceId",
        "Server01 -InstanceId $i",
    ),
    (
        "Receive-PSSession",
        "ConnectionUriSessionName",
        "-ConnectionUri URL -Name ITTask -Credential $c",
    ),
    (
        "Receive-PSSession",
        "ConnectionUriInstanceId",
        "-ConnectionUri URL -InstanceId $i -Credential $c",
    ),
    ("Receive-PSSession", "InstanceId", "-InstanceId $i"),
    ("Receive-PSSession", "SessionName", "-Name ITTask"),
    ("Remove-PSSession", "Id", "$n"),
    ("Remove-PSSession", "Session", "-Session $s"),
    ("Remove-PSSession", "InstanceId", "-InstanceId $i"),
    ("Remove-PSSession", "Name", "-Name IT*"),
    ("Remove-PSSession", "ComputerName", "Server*"),
    ("Get-PSSession", "Name", "-Name ITTask"),
    ("Get-PSSession", "Name", "-Name *Task"),
    ("Get-PSSession", "ComputerName", "-ComputerName Server01"),
    (
        "Get-PSSession",
        "ComputerName",
        "Server01 -Name IT* -State Disconnected",
    ),
    (
        "Get-PSSession",
        "ComputerInstanceId",
        "Server01 -InstanceId $i",
    ),
    (
        "Get-PSSession",
        "ConnectionUri",
        "-ConnectionUri URL -Credential $c",
    ),
    (
        "Get-PSSession",
        "ConnectionUriInstanceId",
        "-ConnectionUri URL -InstanceId $i -Credential $c",
    ),
    ("Get-PSSession", "InstanceId", "-InstanceId $i"),
    ("Get-PSSession", "Id", "$n"),
];

/// The sessions that the server has, and how they are.
fn shells(peer: &WsmanPeer) -> Vec<(Value, Value)> {
    let state = peer.state();
    let shells = state["shells"].as_array().cloned().unwrap_or_default();
    let shown = shells
        .iter()
        .map(|shell| (shell["id"].clone(), shell["state"].clone()));
    shown.collect()
}

fn states(peer: &WsmanPeer) -> Vec<String> {
    let state = |(_, state): (Value, Value)| state.as_str().unwrap_or_default().to_owned();
    shells(peer).into_iter().map(state).collect()
}

/// A console whose `$c` is the peer's user.
async fn console(peer: &WsmanPeer) -> Lines {
    let config = profile(peer, USER, &peer.password_command());
    let config = format!("trusted_hosts = [\"127.0.0.1\"]\n{config}");
    let mut lines = Lines::new(&config, Vec::new());
    lines.answer(PromptReply::Credential {
        user: USER.into(),
        password: Secret::new(PASSWORD.into()),
    });
    lines.good("$c = Get-Credential alice").await;
    lines
}

/// Another account's.
fn of_bob(peer: &WsmanPeer) -> Lines {
    let password = peer.folder().join("bob");
    std::fs::write(&password, "B0bs-secret").unwrap();
    let command = ["cat".to_owned(), password.display().to_string()];
    Lines::new(&profile(peer, "bob", &command), Vec::new())
}

#[test]
fn no_parameter_set_is_missing_here() {
    for line in TABLE
        .lines()
        .filter(|line| line.starts_with(char::is_alphabetic))
    {
        let mut words = line.split_whitespace();
        let cmdlet = words.next().unwrap();
        if !CHOICES.iter().any(|(own, ..)| *own == cmdlet) {
            continue;
        }
        for set in words.skip(1).map(|set| set.trim_end_matches('*')) {
            let elsewhere = set.starts_with("VM") || set.starts_with("Container");
            let here = CHOICES
                .iter()
                .any(|(own, known, _)| (*own, *known) == (cmdlet, set));
            assert!(here || elsewhere, "{cmdlet} {set}");
        }
    }
}

#[tokio::test]
async fn each_parameter_set_does_what_it_says_and_nothing_on_what_if() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let url = peer.http_url();
    let mut lines = console(&peer).await;
    for (cmdlet, set, arguments) in CHOICES {
        let line = format!("{cmdlet} {}", arguments.replace("URL", &url));
        let at = format!("{set}: {line}");
        if shells(&peer).is_empty() {
            lines
                .good("$s = New-PSSession Server01 -Name ITTask; $i = $s.InstanceId; $n = $s.Id")
                .await;
        }
        let (before, after) = match *cmdlet {
            "Disconnect-PSSession" => ("Connect", vec!["Disconnected"]),
            "Remove-PSSession" => ("Disconnect", vec![]),
            "Get-PSSession" => ("Disconnect", vec!["Disconnected"]),
            _ => ("Disconnect", vec!["Connected"]),
        };
        lines
            .good(&format!("{before}-PSSession $s | Out-Null"))
            .await;
        let there = shells(&peer);
        if *cmdlet == "Get-PSSession" {
            assert_eq!(
                lines.good(&format!("({line}).Name")).await,
                "ITTask\n",
                "{at}"
            );
        } else {
            let (verb, _) = cmdlet.split_once('-').unwrap();
            let said = lines.good(&format!("{line} -WhatIf")).await;
            let wanted =
                format!("What if: Performing the operation \"{verb}\" on target \"ITTask\".\n");
            assert_eq!((said, shells(&peer)), (wanted, there.clone()), "{at}");
            lines.answer(PromptReply::Choice(vec![2]));
            let told = lines.run(&format!("{line} -Confirm")).await;
            assert_eq!(
                (told.asked.len(), told.errors.len()),
                (1, 0),
                "{at}: {told:#?}"
            );
            assert_eq!((told.out.as_str(), shells(&peer)), ("", there), "{at}");
            lines.good(&format!("$null = {line}")).await;
        }
        assert_eq!(states(&peer), after, "{at}");
    }
}

#[tokio::test]
async fn pipelines_choose_sessions_too() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let mut lines = console(&peer).await;
    lines
        .good("New-PSSession Server01, Server01 -Name A, B | Out-Null")
        .await;
    for (line, after) in [
        ("Get-PSSession | Disconnect-PSSession", ["Disconnected"; 2]),
        (
            "Get-PSSession -ComputerName Server01 | Connect-PSSession",
            ["Connected"; 2],
        ),
        (
            "Get-PSSession | Where-Object { $_.Name -eq 'A' } | Disconnect-PSSession",
            ["Disconnected", "Connected"],
        ),
        (
            "Get-PSSession -Name A, B | Connect-PSSession",
            ["Connected"; 2],
        ),
    ] {
        lines.good(&format!("$null = {line}")).await;
        assert_eq!(states(&peer), after, "{line}");
    }
    lines.good("Get-PSSession | Remove-PSSession").await;
    assert_eq!(states(&peer), [""; 0]);
}

/// Runs lines that are all refused; each with its error id and the class behind it, and nothing changes on the server.
async fn refused(peer: &WsmanPeer, lines: &mut Lines, rows: &[(&str, &str)]) {
    for (line, id) in rows {
        let there = shells(peer);
        let line = line.replace("URL", &peer.http_url());
        let told = lines.run(&line).await;
        let (verb, _) = line.split_once('-').unwrap();
        let id = format!("{id},Microsoft.PowerShell.Commands.{verb}PSSessionCommand");
        assert_eq!(
            (&told.errors[..], told.out.as_str()),
            (&[id][..], ""),
            "{line}: {told:#?}"
        );
        assert_eq!(shells(peer), there, "{line}");
    }
}

#[tokio::test]
async fn what_is_unknown_or_closed_is_refused() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let mut lines = console(&peer).await;
    let none = "([guid]'00000000-0000-0000-0000-000000000001')";
    lines
        .good(&format!(
            "$s = New-PSSession Server01; Remove-PSSession $s; $i = {none}"
        ))
        .await;
    // On a server with sessions, and on one without.
    for _ in 0..2 {
        refused(
            &peer,
            &mut lines,
            &[
                (
                    "Connect-PSSession -Name no",
                    "RemoteRunspaceNotAvailableForSpecifiedName",
                ),
                ("Connect-PSSession $s", "PSSessionConnectFailed"),
                (
                    "Connect-PSSession Server01 -Name no",
                    "PSSessionNameMatchFail",
                ),
                (
                    "Connect-PSSession Server01 -InstanceId $i",
                    "PSSessionIdMatchFail",
                ),
                (
                    "Connect-PSSession URL -Name no -Credential $c",
                    "PSSessionNameMatchFail",
                ),
                (
                    "Connect-PSSession URL -InstanceId $i -Credential $c",
                    "PSSessionIdMatchFail",
                ),
                (
                    "Connect-PSSession -InstanceId $i",
                    "RemoteRunspaceNotAvailableForSpecifiedRunspaceId",
                ),
                (
                    "Connect-PSSession -Id 99",
                    "RemoteRunspaceNotAvailableForSpecifiedSessionId",
                ),
                (
                    "Disconnect-PSSession $s",
                    "CannotDisconnectSessionWhenNotOpened",
                ),
                (
                    "Disconnect-PSSession -Name no",
                    "RemoteRunspaceNotAvailableForSpecifiedName",
                ),
                (
                    "Receive-PSSession $s",
                    "ReceivePSSessionCannotConnectSession",
                ),
                (
                    "Receive-PSSession Server01 -Name no",
                    "PSSessionNameMatchFail",
                ),
                (
                    "Receive-PSSession -InstanceId $i",
                    "RemoteRunspaceNotAvailableForSpecifiedRunspaceId",
                ),
                (
                    "Remove-PSSession -Id 99",
                    "RemoteRunspaceNotAvailableForSpecifiedSessionId",
                ),
                (
                    "Remove-PSSession elsewhere",
                    "RemoteRunspaceNotAvailableForSpecifiedComputer",
                ),
                ("Remove-PSSession -VMName no", "NotSupportedByPsdeck"),
                ("Enter-PSSession $s", "PushedRunspaceMustBeOpen"),
                (
                    "Get-PSSession 99",
                    "RemoteRunspaceNotAvailableForSpecifiedSessionId",
                ),
            ],
        )
        .await;
        lines.good("$null = New-PSSession Server01").await;
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_is_told() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let mut lines = console(&peer).await;
    refused(
        &peer,
        &mut lines,
        &[
            (
                "Get-PSSession -ComputerName nowhere.invalid",
                "ComputerNotFound,RemotePSSessionQueryFailed",
            ),
            (
                "Connect-PSSession nowhere.invalid",
                "ComputerNotFound,RemotePSSessionQueryFailed",
            ),
            (
                "Receive-PSSession nowhere.invalid -Name no",
                "ComputerNotFound,ReceivePSSessionQueryForSessionFailed",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_others_have_or_the_server_ended_is_refused() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let mut alice = console(&peer).await;
    let mut bob = of_bob(&peer);
    alice
        .good("$s = New-PSSession Server01 -Name Ours; Disconnect-PSSession $s | Out-Null")
        .await;
    bob.good("$s = New-PSSession Server01 -Name Theirs; Disconnect-PSSession $s | Out-Null")
        .await;
    // A server tells a user of that user's sessions, and administrators of all; they connect to none but their own.
    refused(
        &peer,
        &mut bob,
        &[(
            "Connect-PSSession Server01 -Name Ours",
            "PSSessionNameMatchFail",
        )],
    )
    .await;
    refused(
        &peer,
        &mut alice,
        &[
            (
                "Connect-PSSession Server01 -Name Theirs",
                "PSSessionConnectFailed",
            ),
            (
                "Receive-PSSession Server01 -Name Theirs",
                "ReceivePSSessionCannotConnectSession",
            ),
        ],
    )
    .await;
    // Another console has it.
    let mut home = console(&peer).await;
    home.good("$null = Connect-PSSession Server01 -Name Ours")
        .await;
    let mut work = console(&peer).await;
    work.good("$s = Get-PSSession -ComputerName Server01 -Name Ours")
        .await;
    refused(
        &peer,
        &mut work,
        &[
            ("Connect-PSSession $s", "PSSessionConnectFailed"),
            (
                "Connect-PSSession Server01 -Name Ours",
                "PSSessionConnectFailed",
            ),
            (
                "Receive-PSSession $s",
                "ReceivePSSessionCannotConnectSession",
            ),
            (
                "Enter-PSSession $s",
                "EnterPSSessionCannotConnectDisconnectedSession",
            ),
            ("Remove-PSSession $s", "PSSessionRemoveFailed"),
        ],
    )
    .await;
    // It is disconnected as far as this console goes, and is passed on as it is.
    let there = shells(&peer);
    let left = work.good("(Disconnect-PSSession $s).Name").await;
    assert_eq!((left.as_str(), shells(&peer)), ("Ours\n", there));
    home.good("$null = Disconnect-PSSession -Name Ours").await;
    // Its time is over.
    peer.control("/expire", &json!({}));
    refused(
        &peer,
        &mut alice,
        &[
            ("Connect-PSSession $s", "PSSessionConnectFailed"),
            (
                "Connect-PSSession Server01 -Name Ours",
                "PSSessionNameMatchFail",
            ),
        ],
    )
    .await;
    refused(
        &peer,
        &mut work,
        &[(
            "Receive-PSSession $s",
            "ReceivePSSessionCannotConnectSession",
        )],
    )
    .await;
}

#[tokio::test]
async fn a_broken_session_is_refused_and_can_be_removed() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let mut lines = console(&peer).await;
    lines
        .good("$s = New-PSSession Server01 -Name ITTask; $n = $s.Id; $i = $s.InstanceId")
        .await;
    peer.control("/expire", &json!({}));
    lines.run("Invoke-Command $s { 1 }").await;
    assert_eq!(lines.good("$s.State").await, "Broken\n");
    for choice in ["$s", "-Name ITTask", "-Id $n", "-InstanceId $i"] {
        let row = |verb: &str, id: &'static str| (format!("{verb}-PSSession {choice}"), id);
        let rows = [
            row("Connect", "PSSessionConnectFailed"),
            row("Disconnect", "CannotDisconnectSessionWhenNotOpened"),
            row("Receive", "ReceivePSSessionCannotConnectSession"),
            row("Enter", "PushedRunspaceMustBeOpen"),
        ];
        let rows: Vec<_> = rows.iter().map(|(line, id)| (line.as_str(), *id)).collect();
        refused(&peer, &mut lines, &rows).await;
        assert_eq!(lines.good("$s.State").await, "Broken\n", "{choice}");
    }
    lines.good("Remove-PSSession $s").await;
    assert_eq!(lines.good("(Get-PSSession).Count").await, "0\n");
}

#[tokio::test]
async fn of_several_that_match_one_is_entered_by_none_and_received_first() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let mut lines = console(&peer).await;
    lines
        .good("$a, $b = New-PSSession Server01, Server01 -Name Twin, Twin")
        .await;
    let several = [(
        "Enter-PSSession -Name Twin",
        "RemoteRunspaceHasMultipleMatchesForSpecifiedName",
    )];
    refused(&peer, &mut lines, &several).await;
    lines
        .good("$null = Get-PSSession | Disconnect-PSSession")
        .await;
    refused(&peer, &mut lines, &several).await;
    lines.good("$null = Receive-PSSession -Name Twin").await;
    assert_eq!(states(&peer), ["Connected", "Disconnected"]);
    lines
        .good("$null = Receive-PSSession Server01 -Name Twin")
        .await;
    assert_eq!(states(&peer), ["Connected", "Disconnected"]);
    lines
        .good("$null = Connect-PSSession Server01 -Name Twin")
        .await;
    assert_eq!(states(&peer), ["Connected"; 2]);
}
