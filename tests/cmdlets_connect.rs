//! Connect-PSSession and its like, in all their parameter sets: what is chosen, what is refused, and that nothing is
//! changed then.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use psdeck::server::Demonstration;
use psdeck::session::{Demo, PromptReply, SessionState};
use psdeck::transport::Secret;
use psdeck::{clixml, psrp};
use serde_json::json;

use crate::support::console::Lines;
use crate::support::wsman::{USER, WsmanPeer};

const CONNECT: &str = ",Microsoft.PowerShell.Commands.ConnectPSSessionCommand";

pub fn profile(peer: &WsmanPeer, user: &str, password: &[String]) -> String {
    let (port, password) = (peer.port("http"), json!(password));
    format!(
        "[computers.Server01]\ntarget = \"wsman:127.0.0.1:{port}\"\nuser = \"{user}\"\npassword_command = {password}\ntrust_host = true\n"
    )
}

/// A console on the peer that is one client more of it.
pub fn client(peer: &WsmanPeer) -> Lines {
    Lines::new(&profile(peer, USER, &peer.password_command()), Vec::new())
}

/// The same, and it remembers its sessions.
pub fn remembering(peer: &WsmanPeer) -> Lines {
    Lines::remembering(&profile(peer, USER, &peer.password_command()))
}

/// Two consoles on the same servers of the demonstration.
fn two() -> (Lines, Lines) {
    let demonstration = Demonstration::new(0);
    let lines = || {
        let config = "[computers.Server01]\ntarget = \"demo:Server01\"\n[computers.Server02]\ntarget = \"demo:Server02\"\n";
        Lines::new(config, vec![Arc::new(Demo(demonstration.clone()))])
    };
    (lines(), lines())
}

#[tokio::test]
async fn what_cannot_be_connected_says_so_and_stays() {
    let (mut lines, mut other) = two();
    lines.good("$s = New-PSSession Server01 -Name ITTask").await;
    // In use: another console finds it Busy.
    let found = other.good("(Get-PSSession -ComputerName Server01 -Name ITTask | Select-Object State, Availability | ConvertTo-Json)").await;
    assert_eq!(
        found,
        "{\"State\":\"Disconnected\",\"Availability\":\"Busy\"}\n"
    );
    for line in [
        "Connect-PSSession -ComputerName Server01 -Name ITTask",
        "Connect-PSSession -Name ITTask",
    ] {
        let told = other.run(line).await;
        assert_eq!(
            told.errors,
            [format!("PSSessionConnectFailed{CONNECT}")],
            "{line}: {told:#?}"
        );
        assert_eq!(told.out, "");
    }
    let id = "EnterPSSessionCannotConnectDisconnectedSession,Microsoft.PowerShell.Commands.EnterPSSessionCommand";
    assert_eq!(other.bad("Enter-PSSession -Name ITTask").await, [id]);
    let id = "ReceivePSSessionCannotConnectSession,Microsoft.PowerShell.Commands.ReceivePSSessionCommand";
    assert_eq!(other.bad("Receive-PSSession -Name ITTask").await, [id]);
    assert_eq!(lines.good("Invoke-Command $s { 'works' }").await, "works\n");
    // Unknown.
    let name = |what: &str, cmdlet: &str| {
        format!(
            "RemoteRunspaceNotAvailableForSpecified{what},Microsoft.PowerShell.Commands.{cmdlet}PSSessionCommand"
        )
    };
    for (line, what, cmdlet) in [
        ("Connect-PSSession -Name no", "Name", "Connect"),
        ("Connect-PSSession 99", "SessionId", "Connect"),
        (
            "Connect-PSSession -InstanceId ([guid]'00000000-0000-0000-0000-000000000001')",
            "RunspaceId",
            "Connect",
        ),
        ("Disconnect-PSSession -Name no", "Name", "Disconnect"),
        ("Remove-PSSession -Id 99", "SessionId", "Remove"),
        (
            "Remove-PSSession -ComputerName elsewhere",
            "Computer",
            "Remove",
        ),
        ("Get-PSSession 99", "SessionId", "Get"),
        ("Receive-PSSession -Id 99", "SessionId", "Receive"),
        ("Enter-PSSession -Name no", "Name", "Enter"),
    ] {
        assert_eq!(lines.bad(line).await, [name(what, cmdlet)], "{line}");
    }
    let id = format!("PSSessionNameMatchFail{CONNECT}");
    assert_eq!(
        lines
            .bad("Connect-PSSession -ComputerName Server01 -Name no")
            .await,
        [id]
    );
    let id = format!("PSSessionIdMatchFail{CONNECT}");
    let line =
        "Connect-PSSession -ComputerName Server01 -InstanceId 00000000-0000-0000-0000-000000000001";
    assert_eq!(lines.bad(line).await, [id]);
    // Several.
    lines
        .good("New-PSSession Server02 -Name ITTask | Out-Null")
        .await;
    let id = "RemoteRunspaceHasMultipleMatchesForSpecifiedName,Microsoft.PowerShell.Commands.EnterPSSessionCommand";
    assert_eq!(lines.bad("Enter-PSSession -Name ITTask").await, [id]);
    // Closed.
    lines.good("Remove-PSSession $s").await;
    let told = lines
        .run("Connect-PSSession $s; Disconnect-PSSession $s; Enter-PSSession $s")
        .await;
    assert_eq!(told.errors.len(), 3, "{told:#?}");
    let states = lines
        .pool
        .sessions()
        .now()
        .iter()
        .map(|info| info.state)
        .collect::<Vec<_>>();
    assert_eq!(states.last(), Some(&SessionState::Opened));
}

#[tokio::test]
async fn an_idle_time_out_out_of_bounds_leaves_the_session_connected() {
    let Some(peer) = WsmanPeer::new().set("max_idle_timeout", 7200).start() else {
        return;
    };
    let mut lines = client(&peer);
    lines.good("$s = New-PSSession Server01").await;
    let id = "CannotDisconnectSessionWithInvalidIdleTimeout,Microsoft.PowerShell.Commands.DisconnectPSSessionCommand";
    for seconds in ["59", "60*60*15"] {
        let told = lines
            .run(&format!(
                "Disconnect-PSSession $s -IdleTimeoutSec {seconds}"
            ))
            .await;
        assert_eq!(told.errors, [id], "{seconds}: {told:#?}");
        assert_eq!(lines.good("$s.State.ToString()").await, "Opened\n");
    }
    lines
        .good("Disconnect-PSSession $s -IdleTimeoutSec 60*60 | Out-Null")
        .await;
    assert_eq!(
        lines.good("\"$($s.State) $($s.IdleTimeout)\"").await,
        "Disconnected 3600000\n"
    );
    lines.good("Remove-PSSession $s").await;
}

#[tokio::test]
async fn what_if_and_confirm_hold_for_each_session() {
    let mut lines = Lines::demo();
    lines
        .good("$a, $b, $c = New-PSSession Server01, Server02, Server01 -Name A, B, C")
        .await;
    let state = "(Get-PSSession | Sort-Object Id).State -join ' '";
    let told = lines.run("$a, $b | Disconnect-PSSession -WhatIf").await;
    let what_if = |name: &str| {
        format!("What if: Performing the operation \"Disconnect\" on target \"{name}\".\n")
    };
    assert_eq!(told.out, what_if("A") + &what_if("B"));
    assert_eq!(lines.good(state).await, "Opened Opened Opened\n");
    // No, then yes to all.
    lines.answer(PromptReply::Choice(vec![2]));
    lines.answer(PromptReply::Choice(vec![1]));
    let told = lines
        .run("Disconnect-PSSession $a, $b, $c -Confirm | Out-Null")
        .await;
    assert_eq!(told.asked.len(), 2, "{told:#?}");
    assert_eq!(
        lines.good(state).await,
        "Opened Disconnected Disconnected\n"
    );
    let told = lines.run("Connect-PSSession -Name B, C -WhatIf").await;
    assert!(
        told.out.contains("\"Connect\" on target \"C\""),
        "{told:#?}"
    );
    assert_eq!(
        lines.good(state).await,
        "Opened Disconnected Disconnected\n"
    );
    // Suspending asks again; no to all.
    lines.answer(PromptReply::Choice(vec![4]));
    lines.answer(PromptReply::Choice(vec![3]));
    let told = lines.run("Remove-PSSession -Name * -Confirm").await;
    assert_eq!(told.asked.len(), 2, "{told:#?}");
    assert_eq!(lines.good("(Get-PSSession).Count").await, "3\n");
    // Nobody answers: nothing is done.
    let told = lines.run("Remove-PSSession $a -Confirm").await;
    assert_eq!(told.errors.len(), 1, "{told:#?}");
    lines.good("$WhatIfPreference = $true").await;
    assert!(
        lines
            .run("Remove-PSSession $a")
            .await
            .out
            .contains("\"Remove\" on target \"A\"")
    );
    lines
        .good("Remove-PSSession $a, $b, $c -WhatIf:$false")
        .await;
    assert_eq!(lines.good("Get-PSSession").await, "");
}

#[tokio::test]
async fn common_parameters_decide_what_becomes_of_errors() {
    let mut lines = Lines::demo();
    let told = lines.run("Get-PSSession -Name no -ErrorAction SilentlyContinue -ErrorVariable e; $e.Count; $Error.Count; 'on'").await;
    assert_eq!(
        (told.out.as_str(), told.errors.len()),
        ("1\n1\non\n", 0),
        "{told:#?}"
    );
    let told = lines
        .run("Get-PSSession -Name no -ErrorAction Stop; 'on'")
        .await;
    assert_eq!((told.out.as_str(), told.errors.len()), ("", 1), "{told:#?}");
    let told = lines
        .run("Get-PSSession -Name no -ea Ignore; $Error.Count")
        .await;
    assert_eq!(
        (told.out.as_str(), told.errors.len()),
        ("2\n", 0),
        "{told:#?}"
    );
    let told = lines
        .run("New-PSSession Server01 -OutVariable o | Out-Null; $o[0].ComputerName")
        .await;
    assert_eq!(told.out, "Server01\n", "{told:#?}");
    let told = lines.run("Invoke-Command $o[0] { Write-Warning 'careful' } -WarningVariable w -WarningAction SilentlyContinue; $w").await;
    assert_eq!(
        (told.out.as_str(), told.streams.len()),
        ("careful\n", 0),
        "{told:#?}"
    );
    let told = lines
        .run("Disconnect-PSSession $o[0] -Verbose | Out-Null")
        .await;
    assert_eq!(told.streams.len(), 1, "{told:#?}");
}

#[tokio::test]
async fn preference_variables_and_options_reach_the_server() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let mut lines = client(&peer);
    lines
        .good("$PSSessionConfigurationName = 'MaintenanceShell'")
        .await;
    lines
        .good(
            "$PSSessionOption = New-PSSessionOption -IdleTimeout 120000 -OutputBufferingMode Drop",
        )
        .await;
    assert_eq!(
        lines
            .good("$s = New-PSSession Server01; $s.ConfigurationName")
            .await,
        "MaintenanceShell\n"
    );
    lines.good("Disconnect-PSSession $s | Out-Null").await;
    assert_eq!(
        lines
            .good("\"$($s.IdleTimeout) $($s.OutputBufferingMode)\"")
            .await,
        "120000 Drop\n"
    );
    lines.good("$PSSessionOption.IdleTimeout = 59000").await;
    let told = lines.run("New-PSSession Server01").await;
    assert_eq!(told.errors.len(), 1, "{told:#?}");
    lines.good("Remove-PSSession $s").await;
}

#[tokio::test]
async fn a_command_that_was_left_is_received_once() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let mut lines = remembering(&peer);
    let line = "$s = Invoke-Command -ComputerName Server01 -SessionName Long { Start-Sleep 3; 1..3; 'end' } -InDisconnectedSession; $s.State.ToString()";
    assert_eq!(lines.good(line).await, "Disconnected\n");
    let mut home = client(&peer);
    assert_eq!(
        home.good("Receive-PSSession -ComputerName Server01 -Name Long")
            .await,
        "1\n2\n3\nend\n"
    );
    assert_eq!(home.good("Receive-PSSession -Name Long").await, "");
    home.good("Get-PSSession | Remove-PSSession").await;
}

#[tokio::test]
async fn a_script_whose_session_is_left_ends_its_line_and_goes_on() {
    let (mut lines, _) = two();
    let pool = lines.pool.clone();
    let leaving = tokio::spawn(async move {
        let mut list = pool.sessions();
        loop {
            let now = list.now();
            if let Some(info) = now.iter().find(|info| info.running.is_some()) {
                let cancel = tokio_util::sync::CancellationToken::new();
                return pool
                    .disconnect(info.id, psdeck::transport::Leave::default(), cancel)
                    .await;
            }
            list.changed().await;
        }
    });
    let line = "Invoke-Command -ComputerName Server01 { Start-Sleep 1; 'done' }";
    let ended = tokio::time::timeout(std::time::Duration::from_secs(30), lines.outcome(line));
    let (outcome, told) = ended.await.expect("the line ends");
    leaving.await.unwrap().unwrap();
    assert_eq!(
        outcome.failed,
        Some(psdeck::session::ExitCode::Unreachable),
        "{told:#?}"
    );
    assert!(
        told.blocks.concat().contains("Receive-PSSession"),
        "{told:#?}"
    );
    let taken = lines.good("Receive-PSSession -Id 1").await;
    assert_eq!(taken, "done\n");
    // A job says so too.
    lines.good("$s = Connect-PSSession -Id 1; $j = Invoke-Command -Session $s { Start-Sleep 1; 'more' } -AsJob").await;
    lines
        .good("Disconnect-PSSession $s | Out-Null; Wait-Job $j | Out-Null")
        .await;
    assert_eq!(lines.good("\"$($j.State)\"").await, "Disconnected\n");
}

#[tokio::test]
async fn a_script_takes_variables_from_where_it_was_written() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let mut lines = client(&peer);
    lines.good("$s = New-PSSession Server01").await;
    lines
        .good("$x = 'local'; $list = 1, 2, 3; $n = $null; $table = @{ Name = 'AAAA' }")
        .await;
    let line = "Invoke-Command $s { param($p) $x = 'remote'; \"$p $using:X ${using:x} $x\"; $using:table.Name; $using:list[-1]; ($using:list).Count; $null -eq $using:n; '$using:no' } -ArgumentList given";
    let out = lines.good(line).await;
    assert_eq!(
        out,
        "given local local remote\nAAAA\n3\n3\nTrue\n$using:no\n"
    );
    let out = lines
        .good("Invoke-Command $s { $using:x } -AsJob | Receive-Job -Wait")
        .await;
    assert_eq!(out, "local\n");
    // One that was never set stops the cmdlet, before anything runs.
    let told = lines
        .run("Invoke-Command $s { $ran = 1; $using:typo }")
        .await;
    let id = "UsingVariableIsUndefined,Microsoft.PowerShell.Commands.InvokeCommandCommand";
    assert_eq!(
        (told.errors, told.out),
        (vec![id.to_owned()], String::new())
    );
    // Nor is anything computed here that the script would compute there.
    for using in ["list[$_]", "list[(0)]", "table.$n"] {
        let line = format!("Invoke-Command $s {{ $ran = 1; $using:{using} }}");
        let told = lines.run(&line).await;
        assert_eq!(told.errors, ["InvalidUsingExpression"], "{line}");
    }
    let out = lines.good("Invoke-Command $s { $null -eq $ran }").await;
    assert_eq!(out, "True\n");
}

#[tokio::test]
async fn a_credential_goes_to_the_server_with_its_password_encrypted() {
    let Some(peer) = WsmanPeer::new().traced().start() else {
        return;
    };
    let mut lines = client(&peer);
    lines.answer(PromptReply::Credential {
        user: "bob".into(),
        password: Secret::new("s3cr\u{e9}t".into()),
    });
    lines
        .good("$s = New-PSSession Server01; $c = Get-Credential bob")
        .await;
    let password = "GetNetworkCredential().Password";
    let read = format!("\"$($c.UserName) $($c.{password})\"");
    for line in [
        format!("Invoke-Command $s {{ $c = $using:c; {read} }}"),
        format!("Invoke-Command $s {{ param($c) {read} }} -ArgumentList $c"),
        format!("$c | Invoke-Command $s {{ $input | % {{ $c = $_; {read} }} }}"),
        format!("Invoke-Command $s {{ $c = ($using:t).Own; {read} }}"),
    ] {
        lines.good("$t = @{ Own = $c }").await;
        assert_eq!(lines.good(&line).await, "bob s3cr\u{e9}t\n", "{line}");
    }
    // Shown, it has none.
    let shown = lines.good("$c; $c | Format-List; ConvertTo-Json $t").await;
    assert!(shown.contains("System.Security.SecureString"), "{shown}");
    assert!(!shown.contains("s3cr"), "{shown}");
    // What the server was sent is encrypted, and not the text in another form.
    let clixml::Value::SecureString(plain) = psrp::Secret::new("s3cr\u{e9}t").to_value() else {
        unreachable!()
    };
    let trace: String = peer.trace().iter().map(ToString::to_string).collect();
    let sent = trace
        .split(['<', '>'])
        .flat_map(|text| STANDARD.decode(text).unwrap_or_default());
    let sent = String::from_utf8_lossy(&sent.collect::<Vec<_>>()).into_owned();
    assert!(sent.contains("<SS N=\"Password\">"), "{sent}");
    assert!(!sent.contains(&plain.0), "{sent}");
}
