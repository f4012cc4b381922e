//! Scripts that run while the console goes on: jobs, and commands that are left to their servers.

use std::time::Duration;

use psdeck::session::PromptReply;
use serde_json::json;
use tokio::time::timeout;

use crate::cmdlets_connect::{client, remembering};
use crate::support::console::Lines;
use crate::support::wsman::WsmanPeer;

#[tokio::test]
async fn a_full_job_is_blocked_until_somebody_receives() {
    let mut lines = Lines::demo();
    lines
        .good("$j = Invoke-Command -ComputerName Server01 { 1..25000 } -AsJob")
        .await;
    let id = "BlockedJobsDeadlockWithWaitJob,Microsoft.PowerShell.Commands.WaitJobCommand";
    assert_eq!(lines.bad("Wait-Job $j").await, [id]);
    assert_eq!(
        lines.good("\"$($j.State) $($j.HasMoreData)\"").await,
        "Blocked True\n"
    );
    let id = "BlockedJobsDeadlockWithWaitJob,Microsoft.PowerShell.Commands.ReceiveJobCommand";
    assert_eq!(lines.bad("$kept = Receive-Job $j -Wait -Keep").await, [id]);
    lines.good("$all = Receive-Job $j -Wait").await;
    assert_eq!(
        lines
            .good("\"$($all.Count) $($all[-1]) $($j.State) $($j.HasMoreData)\"")
            .await,
        "25000 25000 Completed False\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fills_up_again_while_it_is_received_is_no_deadlock() {
    let mut lines = Lines::demo();
    let line =
        "Invoke-Command -ComputerName Server01, Server02 { 1..60000 } -AsJob | Receive-Job -Wait";
    lines.good(&format!("$all = {line}; $all.Count")).await;
    assert_eq!(lines.good("$all.Count").await, "120000\n");
}

#[tokio::test]
async fn a_job_whose_server_does_not_stop_is_let_go_of_and_its_session_kept() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let mut lines = client(&peer);
    lines
        .good("$s = New-PSSession Server01; $j = Invoke-Command $s { 'a'; Start-Sleep 600 } -AsJob")
        .await;
    peer.rule("hang", json!({"op": "Signal"}));
    let told = lines.run("Stop-Job $j; Receive-Job $j").await.streams;
    assert!(
        matches!(&told[..], [one] if one.contains("has not stopped it yet")),
        "{told:?}"
    );
    let state = lines.good("\"$($j.State) $($s.State) $($s.Availability)\"");
    assert_eq!(state.await, "Stopped Opened Busy\n");
}

#[tokio::test]
async fn a_stopped_job_keeps_what_it_had() {
    let mut lines = Lines::demo();
    lines
        .good("$j = Invoke-Command -ComputerName Server01 { 1..25000 } -AsJob")
        .await;
    assert_eq!(lines.bad("Wait-Job $j").await.len(), 1);
    lines.good("Stop-Job $j; $all = Receive-Job $j").await;
    assert_eq!(
        lines
            .good("\"$($j.State) $($all[0]) $($j.HasMoreData)\"")
            .await,
        "Stopped 1 False\n"
    );
}

#[tokio::test]
async fn a_job_is_received_by_its_places() {
    let mut lines = Lines::demo();
    lines
        .good("$a, $b = New-PSSession Server01, Server02")
        .await;
    lines
        .good("$j = Invoke-Command $a, $b { $env:COMPUTERNAME } -AsJob | Wait-Job")
        .await;
    assert_eq!(lines.good("Receive-Job $j -NoRecurse").await, "");
    assert_eq!(
        lines.good("Receive-Job $j -Location Server02 -Keep").await,
        "Server02\n"
    );
    assert_eq!(
        lines.good("Receive-Job $j -ComputerName Server02").await,
        "Server02\n"
    );
    assert_eq!(lines.good("Receive-Job $j -Session $b").await, "");
    assert_eq!(lines.good("Receive-Job $j -Session $a").await, "Server01\n");
    let id = "InvalidOperation,Microsoft.PowerShell.Commands.ReceiveJobCommand";
    assert_eq!(lines.bad("Receive-Job $j -AutoRemoveJob").await, [id]);
    lines.good("Receive-Job $j -Wait -AutoRemoveJob").await;
    assert_eq!(lines.good("Get-Job").await, "");
}

#[tokio::test]
async fn a_job_that_reached_no_computer_has_failed() {
    let mut lines = Lines::demo();
    let told = lines
        .run("$j = Invoke-Command -ComputerName nowhere.invalid { 1 } -AsJob; $j.State")
        .await;
    assert_eq!(
        (told.out.as_str(), told.errors.len()),
        ("Failed\n", 1),
        "{told:#?}"
    );
}

#[tokio::test]
async fn what_changes_nothing_is_told_once() {
    let mut lines = Lines::demo();
    let told = lines
        .run("$o = New-PSSessionOption -CancelTimeout 5 -UseUTF16; $o = New-PSSessionOption -UseUTF16")
        .await;
    assert_eq!(told.streams.len(), 2, "{told:#?}");
    assert!(
        told.streams[1].contains("-UseUTF16 changes nothing here"),
        "{told:#?}"
    );
}

#[tokio::test]
async fn waiting_for_any_job_ends_with_the_first() {
    let mut lines = Lines::demo();
    lines
        .good("$a, $b = New-PSSession Server01, Server02")
        .await;
    lines
        .good("$slow = Invoke-Command $a { Start-Sleep 600 } -AsJob; $fast = Invoke-Command $b { 1 } -AsJob")
        .await;
    assert_eq!(
        lines
            .good("(Get-Job | Wait-Job -Any).Id -eq $fast.Id")
            .await,
        "True\n"
    );
    assert_eq!(lines.good("$slow | Wait-Job -Timeout 0").await, "");
    lines.good("Get-Job | Remove-Job -Force").await;
}

#[tokio::test]
async fn no_more_scripts_run_at_a_time_than_the_throttle_lets() {
    let mut lines = Lines::demo();
    lines
        .good("$a, $b = New-PSSession Server01, Server02")
        .await;
    let line = "Invoke-Command $a, $b -ThrottleLimit 1 { 'in'; Start-Sleep 1; 'out' }";
    assert_eq!(lines.good(line).await, "in\nout\nin\nout\n");
    lines
        .good("$j = Invoke-Command $a, $b -ThrottleLimit 1 { 'in'; Start-Sleep 1; 'out' } -AsJob")
        .await;
    assert_eq!(
        lines.good("Receive-Job $j -Wait").await,
        "in\nout\nin\nout\n"
    );
    // One that was not begun never is.
    lines
        .good("$j = Invoke-Command $a, $b -ThrottleLimit 1 { Start-Sleep 600 } -AsJob; Stop-Job $j")
        .await;
    assert_eq!(lines.good("\"$($j.State)\"").await, "Stopped\n");
}

#[tokio::test]
async fn what_is_left_to_its_server_is_read_by_nobody_else() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let mut lines = remembering(&peer);
    let line = "$s = Invoke-Command -ComputerName Server01 -SessionName Quick { 1..3 } -InDisconnectedSession";
    lines.good(line).await;
    assert_eq!(
        lines.good("\"$($s.Name) $($s.State)\"").await,
        "Quick Disconnected\n"
    );
    assert_eq!(lines.good("Receive-PSSession $s").await, "1\n2\n3\n");
    assert_eq!(lines.good("Receive-PSSession $s").await, "");
    let line =
        "$t = 4, 5 | Invoke-Command -ComputerName Server01 { $input } -InDisconnectedSession";
    lines.good(line).await;
    assert_eq!(lines.good("Receive-PSSession $t").await, "4\n5\n");
    // Its input is at the server too, for a client that has nothing of it.
    lines
        .good("4, 5 | Invoke-Command -ComputerName Server01 -SessionName Fed { $input } -InDisconnectedSession")
        .await;
    let mut other = client(&peer);
    let line = "Receive-PSSession -ComputerName Server01 -Name Fed";
    let received = timeout(Duration::from_mins(1), other.good(line)).await;
    assert_eq!(received.expect("the input has an end"), "4\n5\n");
    other.good("Get-PSSession | Disconnect-PSSession").await;
    let id = "System.InvalidOperationException,Microsoft.PowerShell.Commands.InvokeCommandCommand";
    for line in [
        "Invoke-Command -ComputerName Server01 { 1 } -InDisconnectedSession -AsJob",
        "Invoke-Command -ComputerName Server01 { 1 } -SessionName Long",
    ] {
        assert_eq!(lines.bad(line).await, [id], "{line}");
    }
    lines.good("Get-PSSession | Remove-PSSession").await;
    // One that the server does not take leaves nothing there.
    peer.rule(
        "fault",
        json!({ "op": "Command", "name": "quota_operations" }),
    );
    let told = lines
        .run("Invoke-Command -ComputerName Server01 { 1 } -InDisconnectedSession")
        .await;
    assert_eq!((told.out.as_str(), told.errors.len()), ("", 1), "{told:#?}");
    assert_eq!(lines.good("Get-PSSession").await, "");
}

#[tokio::test]
async fn a_job_goes_on_when_its_session_is_received() {
    let mut lines = Lines::demo();
    // The script must still run when its session is left, however slow that is.
    for seconds in [1, 10, 100] {
        let line = format!(
            "$s = New-PSSession Server01; $j = Invoke-Command $s {{ 'a'; Start-Sleep {seconds}; 'b' }} -AsJob"
        );
        lines.good(&line).await;
        lines
            .good("Disconnect-PSSession $s | Out-Null; Wait-Job $j | Out-Null")
            .await;
        if lines.good("\"$($j.State)\"").await != "Completed\n" {
            break;
        }
    }
    assert_eq!(lines.good("\"$($j.State)\"").await, "Disconnected\n");
    assert_eq!(
        lines.good("(Receive-PSSession $s).Id -eq $j.Id").await,
        "True\n"
    );
    let told = lines.run("Receive-Job $j -Wait").await;
    assert_eq!(
        (told.out.as_str(), told.errors.len()),
        ("a\nb\n", 1),
        "{told:#?}"
    );
    assert_eq!(lines.good("\"$($j.State)\"").await, "Completed\n");
}

#[tokio::test]
async fn what_a_stopped_job_left_behind_runs_on_without_it() {
    let mut lines = Lines::demo();
    lines
        .good("$a, $b = New-PSSession Server01, Server02")
        .await;
    lines
        .good("$j = Invoke-Command $a, $b { Start-Sleep 600 } -AsJob; Disconnect-PSSession $a | Out-Null")
        .await;
    lines
        .good("New-PSSession Server02 | Remove-PSSession; Stop-Job $j")
        .await;
    lines.good("$k = Receive-PSSession $a -OutTarget Job").await;
    assert_eq!(lines.good("$k.Id -eq $j.Id").await, "False\n");
    assert_eq!(lines.good("Wait-Job $k -Timeout 1").await, "");
    lines.good("Stop-Job $k").await;
}

#[tokio::test]
async fn a_question_whose_script_is_gone_is_withdrawn() {
    let mut lines = Lines::demo();
    lines.good("$s = New-PSSession Server01").await;
    let id = lines.pool.sessions().now()[0].id;
    lines.unanswered();
    let (pool, mut asked) = (lines.pool.clone(), lines.asked());
    let removing = tokio::spawn(async move {
        asked.changed().await.unwrap();
        let cancel = tokio_util::sync::CancellationToken::new();
        let leave = psdeck::transport::Leave::default();
        pool.disconnect(id, leave, cancel).await.unwrap();
    });
    let line = lines.run("Invoke-Command $s { Read-Host Name; 'got it' }");
    let told = timeout(Duration::from_secs(30), line)
        .await
        .expect("the line ends");
    assert_eq!((told.asked.len(), told.errors.len()), (1, 1), "{told:#?}");
    removing.await.unwrap();
    // Whoever takes it up is asked again.
    lines.answer(PromptReply::Fields(vec![
        psdeck::session::FieldReply::Text("x".into()),
    ]));
    let told = lines.run("Receive-PSSession $s").await;
    assert_eq!(told.out, "x\ngot it\n", "{told:#?}");
}
