//! Ctrl+C of lines whose commands do not stop.

use psdeck::cmdlets::Interrupt;
use psdeck::session::{Availability, ExitCode, Pool, SessionState};

use crate::session_races::{Between, HOLDS_ACKNOWLEDGEMENTS};
use crate::support::console::Lines;

const CONFIG: &str = "[computers.Server01]\ntarget = \"demo:Server01\"\n";

/// Waits until a command runs.
async fn busy(pool: &Pool) {
    let mut sessions = pool.sessions();
    let is_busy = |availability| availability == Availability::Busy;
    while !sessions.now().iter().any(|info| is_busy(info.availability)) {
        sessions.changed().await;
    }
}

#[tokio::test]
async fn what_does_not_stop_is_closed_by_force_only_when_asked_once_more() {
    let between = Between::new();
    let mut lines = Lines::over(CONFIG, between.pool());
    lines.good("$s = New-PSSession Server01").await;
    between.hold(HOLDS_ACKNOWLEDGEMENTS);
    let (pool, mut asked) = (lines.pool.clone(), lines.asked());
    let interrupt = Interrupt::default();
    let mut line = Box::pin(
        lines
            .console
            .run("Invoke-Command $s { Start-Sleep 600 }", interrupt.clone()),
    );
    let late = async {
        busy(&pool).await;
        assert!(interrupt.press());
        asked.wait_for(|said| said.warnings == 1).await.unwrap();
    };
    tokio::select! {
        biased;
        outcome = &mut line => panic!("ended: {outcome:?}"),
        () = late => {}
    }
    let state = || pool.sessions().now()[0].state;
    assert_eq!(state(), SessionState::Opened);
    assert!(interrupt.press());
    assert_eq!(line.await.failed, Some(ExitCode::Cancelled));
    assert_eq!(
        lines.told().streams,
        [
            "Warning: The command has not stopped yet. Ctrl+C again closes it by force, and its session with it."
        ]
    );
}

#[tokio::test]
async fn a_session_that_was_opened_for_its_command_is_closed_with_it() {
    let between = Between::new();
    let mut lines = Lines::over(CONFIG, between.pool());
    between.hold(HOLDS_ACKNOWLEDGEMENTS);
    let pool = lines.pool.clone();
    let interrupt = Interrupt::default();
    let line = lines.console.run(
        "Invoke-Command Server01 { Start-Sleep 600 }",
        interrupt.clone(),
    );
    let pressed = async {
        busy(&pool).await;
        assert!(interrupt.press());
    };
    let (outcome, ()) = tokio::join!(line, pressed);
    assert_eq!(outcome.failed, Some(ExitCode::Cancelled));
    assert_eq!(lines.told().streams, [""; 0]);
    assert!(lines.pool.sessions().now().is_empty());
}
