//! Entered sessions against foreign peers: prompts, lines, streams, questions, completion.

use std::time::Duration;

use psdeck::session::{
    FieldReply, Interactive, InteractiveEvent, InteractiveEvents, Prompt, PromptReply, Session,
    SessionState, Size, StreamKind,
};
use psdeck::transport::Secret;

use crate::session::{open, pool};
use crate::support::peer::{Builder, Kind, Peer};
use crate::support::servers::on_servers_async;

on_servers_async!(
    [local, wsman],
    [
        lines_run_one_after_another_and_the_prompt_follows_the_location,
        every_stream_is_shown_once,
        ctrl_c_stops_the_line_and_the_prompt_comes_back,
        exit_leaves_and_keeps_the_session,
        a_resize_reaches_the_next_line,
        a_restricted_endpoint_is_refused,
        every_kind_of_question_is_answered,
        secrets_reach_servers_of_every_version_and_come_with_a_warning,
        the_server_completes_a_line,
        a_session_that_breaks_while_nothing_runs_says_so,
    ]
);

const WINDOW: Size = Size {
    columns: 80,
    rows: 24,
};

/// An entered session on a peer, and everything that keeps it alive.
struct Entered {
    peer: Peer,
    _pool: psdeck::session::Pool,
    session: Session,
    handle: Interactive,
    events: InteractiveEvents,
}

impl Entered {
    async fn at(builder: Builder) -> Option<Self> {
        let peer = builder.start()?;
        let pool = pool();
        let session = open(&pool, &peer).await.unwrap();
        let (handle, events) = Interactive::enter(session.clone(), WINDOW);
        Some(Self {
            peer,
            _pool: pool,
            session,
            handle,
            events,
        })
    }

    async fn next(&mut self) -> InteractiveEvent {
        tokio::time::timeout(Duration::from_secs(30), self.events.next())
            .await
            .expect("no event came")
            .expect("the session was left")
    }

    /// What is shown until the prompt, a line each; the prompt.
    async fn shown(&mut self) -> (Vec<String>, String) {
        let mut lines = Vec::new();
        loop {
            match self.next().await {
                InteractiveEvent::Ready(prompt) => return (lines, prompt),
                InteractiveEvent::Write(line) => lines.push(line.text),
                InteractiveEvent::Stream(kind, text) => lines.push(format!("{kind:?}: {text}")),
                InteractiveEvent::Error(record) => {
                    lines.push(format!("error record: {}", record.message));
                }
                InteractiveEvent::Progress { .. } => {}
                other => lines.push(format!("{other:?}")),
            }
        }
    }

    async fn line(&mut self, line: &str) -> Vec<String> {
        self.handle.submit(line.to_owned());
        self.shown().await.0
    }

    /// The next prompt; what came before it, a line each.
    async fn asked(&mut self) -> (u64, Prompt, Vec<String>) {
        let mut before = Vec::new();
        loop {
            match self.next().await {
                InteractiveEvent::Prompt { id, prompt } => return (id, prompt, before),
                InteractiveEvent::Write(line) => before.push(line.text),
                InteractiveEvent::Stream(kind, text) => before.push(format!("{kind:?}: {text}")),
                other => panic!("{other:?}"),
            }
        }
    }
}

async fn lines_run_one_after_another_and_the_prompt_follows_the_location(server: Builder) {
    let Some(mut entered) = Entered::at(server).await else {
        return;
    };
    let (before, prompt) = entered.shown().await;
    assert!(before.is_empty(), "{before:?}");
    assert!(prompt.starts_with(&entered.peer.prompt()), "{prompt}");
    assert_eq!(
        entered.line("1..3 | ForEach-Object { $_ * 2 }").await,
        ["2", "4", "6"]
    );
    entered.handle.submit("cd /tmp".to_owned());
    let prompt = entered.peer.prompt() + "/tmp> ";
    assert_eq!(entered.shown().await.1, prompt);
    assert_eq!(entered.line("$x = 41").await, Vec::<String>::new());
    assert_eq!(entered.line("$x + 1").await, ["42"]);
    assert_eq!(entered.line("if ($true) {\n'multi'\n}").await, ["multi"]);
    // What the server remembers is the lines, not what psdeck adds to them.
    let history = entered
        .line("(Get-History).CommandLine | Select-Object -First 2")
        .await;
    assert_eq!(history, ["1..3 | ForEach-Object { $_ * 2 }", "cd /tmp"]);
    assert_eq!(entered.peer.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_prompt_costs_no_round_trip() {
    let Some(mut entered) = Entered::at(Peer::local()).await else {
        return;
    };
    entered.shown().await;
    for _ in 0..10 {
        assert_eq!(entered.line("'a'").await, ["a"]);
    }
    entered.session.close().await.unwrap();
    let received = entered.peer.statistics()["received"].clone();
    // The check, the first prompt, ten lines: nothing of the other prompts.
    assert_eq!(received["Command"], 12, "{received}");
    assert_eq!(entered.peer.violations(), Vec::<String>::new());
}

async fn every_stream_is_shown_once(server: Builder) {
    let Some(mut entered) = Entered::at(server).await else {
        return;
    };
    entered.shown().await;
    let shown = entered
        .line(
            "$VerbosePreference='Continue'; Write-Host h; Write-Warning w; Write-Verbose v; \
             Write-Information i -InformationAction Continue; Write-Error e; 'out'",
        )
        .await;
    for once in ["h", "Warning: w", "Verbose: v", "i", "out"] {
        let count = shown.iter().filter(|line| *line == once).count();
        assert_eq!(count, 1, "{once} in {shown:?}");
    }
    let errors: Vec<_> = shown.iter().filter(|line| line.ends_with(": e")).collect();
    assert_eq!(errors.len(), 1, "{shown:?}");
    assert_eq!(entered.line("throw 'bad'").await, ["error record: bad"]);
    let unknown = entered.line("Get-NoSuchThing").await;
    let named = unknown
        .iter()
        .filter(|line| line.contains("'Get-NoSuchThing' is not recognized"));
    assert_eq!(named.count(), 1, "{unknown:?}");
}

async fn ctrl_c_stops_the_line_and_the_prompt_comes_back(server: Builder) {
    let Some(mut entered) = Entered::at(server).await else {
        return;
    };
    entered.shown().await;
    entered
        .handle
        .submit("'begun'; Start-Sleep 60; 'never'".to_owned());
    while !matches!(entered.next().await, InteractiveEvent::Write(line) if line.text == "begun") {}
    entered.handle.interrupt();
    let (shown, prompt) = entered.shown().await;
    assert_eq!(shown, Vec::<String>::new());
    assert!(prompt.starts_with(&entered.peer.prompt()), "{prompt}");
    assert_eq!(entered.line("'after'").await, ["after"]);
    assert_eq!(entered.peer.violations(), Vec::<String>::new());
}

async fn exit_leaves_and_keeps_the_session(server: Builder) {
    for (line, code) in [
        (" EXIT ", None),
        ("exit 3", Some(3)),
        ("Exit-PSSession", None),
    ] {
        let Some(mut entered) = Entered::at(server.clone()).await else {
            return;
        };
        entered.shown().await;
        entered.handle.submit(line.to_owned());
        loop {
            match entered.next().await {
                InteractiveEvent::Left { exit_code } => {
                    assert_eq!(exit_code, code, "{line}");
                    break;
                }
                InteractiveEvent::Ready(_) => panic!("{line} did not leave"),
                _ => {}
            }
        }
        assert!(entered.events.next().await.is_none());
        assert_eq!(entered.session.info().state, SessionState::Opened);
    }
}

async fn a_resize_reaches_the_next_line(server: Builder) {
    let Some(mut entered) = Entered::at(server).await else {
        return;
    };
    entered.shown().await;
    assert_eq!(
        entered.line("$Host.UI.RawUI.WindowSize.Width").await,
        ["80"]
    );
    entered.handle.resize(Size {
        columns: 133,
        rows: 40,
    });
    assert_eq!(
        entered.line("$Host.UI.RawUI.WindowSize.Width").await,
        ["133"]
    );
}

async fn a_restricted_endpoint_is_refused(server: Builder) {
    let restricted = server.env("PSRP_PEER_RESTRICTED", "1");
    let Some(mut entered) = Entered::at(restricted).await else {
        return;
    };
    match entered.next().await {
        InteractiveEvent::Broken(report) => assert_eq!(
            report.error_id.as_deref(),
            Some("RemoteRunspaceDoesNotSupportPushRunspace")
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(entered.session.info().state, SessionState::Opened);
}

async fn every_kind_of_question_is_answered(server: Builder) {
    let Some(mut entered) = Entered::at(server).await else {
        return;
    };
    entered.shown().await;
    let handle = entered.handle.clone();

    handle.submit("$a = Read-Host 'Your name'; \"hello $a\"".to_owned());
    let (id, prompt, _) = entered.asked().await;
    let Prompt::Fields { fields, .. } = prompt else {
        panic!("{prompt:?}")
    };
    assert_eq!((&*fields[0].name, fields[0].secure), ("Your name", false));
    handle.answer(
        id,
        PromptReply::Fields(vec![FieldReply::Text("Seed".to_owned())]),
    );
    assert_eq!(entered.shown().await.0, ["hello Seed"]);

    handle.submit("Read-Host".to_owned());
    let (id, prompt, _) = entered.asked().await;
    assert!(matches!(prompt, Prompt::Line), "{prompt:?}");
    handle.answer(id, PromptReply::Line("plain".to_owned()));
    assert_eq!(entered.shown().await.0, ["plain"]);

    handle.submit("$Host.UI.PromptForChoice('Title','Pick',@('&Yes','&No'),1)".to_owned());
    let (id, prompt, _) = entered.asked().await;
    let Prompt::Choice {
        choices, defaults, ..
    } = prompt
    else {
        panic!("{prompt:?}")
    };
    assert_eq!((choices.len(), defaults), (2, vec![1]));
    handle.answer(id, PromptReply::Choice(vec![0]));
    assert_eq!(entered.shown().await.0, ["0"]);

    entered
        .line("function f { param([Parameter(Mandatory)][string]$Name) \"<$Name>\" }")
        .await;
    handle.submit("f".to_owned());
    let (id, prompt, _) = entered.asked().await;
    let Prompt::Fields { fields, .. } = prompt else {
        panic!("{prompt:?}")
    };
    assert_eq!(fields[0].name, "Name");
    handle.answer(
        id,
        PromptReply::Fields(vec![FieldReply::Text("Bob".to_owned())]),
    );
    assert_eq!(entered.shown().await.0, ["<Bob>"]);

    handle.submit("$Host.UI.RawUI.ReadKey('NoEcho,IncludeKeyDown').Character".to_owned());
    let (id, prompt, _) = entered.asked().await;
    assert!(matches!(prompt, Prompt::Key), "{prompt:?}");
    handle.answer(id, PromptReply::Key('k'));
    assert_eq!(entered.shown().await.0, ["k"]);

    // A refusal is an exception over there.
    handle.submit("try { Read-Host } catch { 'refused' }".to_owned());
    let (id, ..) = entered.asked().await;
    handle.answer(id, PromptReply::Refuse);
    assert_eq!(entered.shown().await.0, ["refused"]);

    // A stop takes the question away; a late answer does no harm.
    handle.submit("Read-Host".to_owned());
    let (id, ..) = entered.asked().await;
    handle.interrupt();
    let (shown, _) = entered.shown().await;
    assert_eq!(shown, [format!("PromptCancelled({id})")]);
    handle.answer(id, PromptReply::Line("late".to_owned()));
    assert_eq!(entered.line("'on'").await, ["on"]);
    assert_eq!(entered.peer.violations(), Vec::<String>::new());
}

async fn secrets_reach_servers_of_every_version_and_come_with_a_warning(server: Builder) {
    for version in ["2.1", "2.2", "2.3", "2.4"] {
        let peer = server.clone().protocol(version);
        let Some(mut entered) = Entered::at(peer).await else {
            return;
        };
        entered.shown().await;
        let handle = entered.handle.clone();
        handle.submit(
            "$s = Read-Host -AsSecureString; (New-Object PSCredential 'u', $s).GetNetworkCredential().Password"
                .to_owned(),
        );
        let (id, prompt, before) = entered.asked().await;
        assert!(matches!(prompt, Prompt::SecureLine), "{prompt:?}");
        let warning = format!("{:?}: A script", StreamKind::Warning);
        assert!(
            before
                .iter()
                .any(|line| line.starts_with(&warning) && line.contains(entered.peer.computer())),
            "{before:?}"
        );
        handle.answer(id, PromptReply::Secure(Secret::new("s3crét".to_owned())));
        assert_eq!(entered.shown().await.0, ["s3crét"], "{version}");

        handle.submit(
            "(Get-Credential -UserName bob -Message 'Sign in').GetNetworkCredential().Password"
                .to_owned(),
        );
        let (id, prompt, _) = entered.asked().await;
        let Prompt::Credential { message, user, .. } = prompt else {
            panic!("{prompt:?}")
        };
        assert!(message.contains(entered.peer.computer()) && message.contains("Sign in"));
        assert_eq!(user.as_deref(), Some("bob"));
        handle.answer(
            id,
            PromptReply::Credential {
                user: "bob".to_owned(),
                password: Secret::new("pw".to_owned()),
            },
        );
        assert_eq!(entered.shown().await.0, ["pw"], "{version}");
        assert_eq!(entered.peer.violations(), Vec::<String>::new(), "{version}");
    }
}

async fn the_server_completes_a_line(server: Builder) {
    let Some(mut entered) = Entered::at(server).await else {
        return;
    };
    entered.shown().await;
    let found = entered
        .handle
        .complete("'é'; Get-Chi".to_owned(), 12)
        .await
        .unwrap();
    assert_eq!((found.replacement_index, found.replacement_length), (5, 7));
    assert!(
        found
            .matches
            .iter()
            .any(|found| found.text == "Get-ChildItem"),
        "{found:?}"
    );
    assert_eq!(entered.line("'still here'").await, ["still here"]);
}

async fn a_session_that_breaks_while_nothing_runs_says_so(server: Builder) {
    let Some(mut entered) = Entered::at(server).await else {
        return;
    };
    entered.shown().await;
    let handle = entered.handle.clone();
    handle.submit("[Environment]::FailFast('gone')".to_owned());
    loop {
        match entered.next().await {
            InteractiveEvent::Broken(report) => {
                let says = entered.peer.kind() == Kind::Wsman || report.block().contains("gone");
                assert!(says, "{}", report.block());
                break;
            }
            InteractiveEvent::Ready(_) => panic!("still there"),
            _ => {}
        }
    }
    assert_eq!(entered.session.info().state, SessionState::Broken);
}
