//! Both halves talk to each other. That they agree with PowerShell is shown elsewhere, by recordings and foreign peers.

use super::*;
use crate::clixml::records::{ErrorCategory, ErrorRecord};
use crate::psrp::client::{Client, PoolOptions};
use crate::psrp::host::{HostAnswer, HostMethod};
use crate::psrp::keys::tests::recorded;
use crate::psrp::{CommandSpec, Error, Merge, MetadataQuery, PipelineSpec, PipelineState, Secret};

struct Pair {
    client: Client,
    server: Server,
}

impl Pair {
    fn opened(protocol: Version) -> Self {
        let mut pair = Self {
            client: Client::new(PoolOptions {
                protocol,
                application_arguments: Some(vec![("a".into(), 1.into())]),
                ..PoolOptions::default()
            }),
            server: Server::new(ServerOptions {
                protocol,
                ..ServerOptions::default()
            }),
        };
        let opening = pair.client.open().unwrap();
        pair.server
            .handle(Target::Pool, Priority::Default, &opening)
            .unwrap();
        let Some(Event::Open {
            pool,
            application_arguments,
            ..
        }) = pair.server.poll_event()
        else {
            panic!("no opening")
        };
        assert_eq!(pool, pair.client.id());
        assert_eq!(application_arguments, Some(vec![("a".into(), 1.into())]));
        pair.server.accept().unwrap();
        pair.pump();
        assert_eq!(pair.client.state(), PoolState::Opened);
        while pair.client.poll_event().is_some() {}
        pair
    }

    /// Carries bytes both ways until there are none.
    fn pump(&mut self) {
        loop {
            let to_server: Vec<_> = self.client.sendable().collect();
            for target in &to_server {
                let (priority, bytes) = self.client.transmit(*target, 100).unwrap();
                self.server.handle(*target, priority, &bytes).unwrap();
            }
            let to_client: Vec<_> = self.server.sendable().collect();
            for target in &to_client {
                let bytes = self.server.transmit(*target, 100).unwrap();
                self.client.handle(*target, &bytes).unwrap();
            }
            if to_server.is_empty() && to_client.is_empty() {
                break;
            }
        }
    }

    fn create(&mut self, spec: PipelineSpec) -> (Uuid, PipelineSpec) {
        let (id, first) = self.client.create_pipeline(spec).unwrap();
        let first = first.unwrap_or_else(|| {
            // It waits for the exchange of keys.
            self.pump();
            match self.client.poll_event() {
                Some(crate::psrp::client::Event::PipelineReady { first, .. }) => first,
                other => panic!("{other:?}"),
            }
        });
        self.server
            .handle(Target::Pipeline(id), Priority::Default, &first)
            .unwrap();
        self.pump();
        let Some(Event::Pipeline { id: found, spec }) = self.server.poll_event() else {
            panic!("no pipeline")
        };
        assert_eq!(found, id);
        (id, *spec)
    }
}

fn spec() -> PipelineSpec {
    PipelineSpec {
        no_input: false,
        history: Some("f | g; h".to_owned()),
        statements: vec![
            vec![
                CommandSpec::command("f").arg(1).named("Name", "x"),
                CommandSpec::script("g").merging(Merge::ERRORS_TO_OUTPUT),
            ],
            vec![CommandSpec::script("h"), CommandSpec::out_default()],
        ],
        ..PipelineSpec::script("")
    }
}

#[test]
fn a_pipeline_arrives_as_it_was_meant_and_its_streams_come_back() {
    let mut pair = Pair::opened(Version::new(2, 3));
    let (id, found) = pair.create(spec());
    assert_eq!(found, spec());
    pair.client.input(id, &"in".into()).unwrap();
    pair.client.input(id, &Value::Null).unwrap();
    pair.client.end_input(id).unwrap();
    pair.pump();
    let events: Vec<_> = std::iter::from_fn(|| pair.server.poll_event()).collect();
    assert!(matches!(
        &events[..],
        [
            Event::Input { .. },
            Event::Input {
                value: Value::Null,
                ..
            },
            Event::EndOfInput { .. }
        ]
    ));
    pair.server.output(id, &"out".into()).unwrap();
    let error = ErrorRecord::new("System.Exception", "bad", "Id", ErrorCategory::default());
    pair.server.error(id, &error).unwrap();
    pair.server
        .end_pipeline(id, PipelineState::Failed, Some(&error))
        .unwrap();
    assert_eq!(
        pair.server.output(id, &Value::Null),
        Err(Error::NoPipeline(id))
    );
    pair.pump();
    let events: Vec<_> = std::iter::from_fn(|| pair.client.poll_event()).collect();
    assert_eq!(events.len(), 3);
    assert_eq!(pair.client.pipeline_state(id), Some(PipelineState::Failed));
}

#[test]
fn secrets_travel_both_ways_at_each_version() {
    for minor in [3, 4] {
        let mut pair = Pair::opened(Version::new(2, minor));
        if minor == 3 {
            pair.client.provide_key(recorded().1);
        }
        let secret = Secret::new("p✓");
        let command = CommandSpec::command("f").arg(secret.to_value());
        let (id, found) = pair.create(PipelineSpec::new(vec![command]));
        assert_eq!(found.statements[0][0].args[0].1, secret.to_value());
        pair.server.output(id, &secret.to_value()).unwrap();
        let call = pair
            .server
            .host_call(Target::Pipeline(id), HostMethod::ReadLineAsSecureString {})
            .unwrap()
            .unwrap();
        pair.pump();
        let answer = HostAnswer::SecureLine(secret);
        pair.client
            .answer(Target::Pipeline(id), call, &answer)
            .unwrap();
        pair.pump();
        let Some(Event::HostAnswer { answer: found, .. }) = pair.server.poll_event() else {
            panic!("no answer")
        };
        assert_eq!(found, answer);
    }
}

#[test]
fn counts_metadata_and_refusals_come_through() {
    let mut pair = Pair::opened(Version::new(2, 3));
    let ci = pair.client.set_max_runspaces(3).unwrap();
    pair.pump();
    assert!(matches!(
        pair.server.poll_event(),
        Some(Event::SetMaxRunspaces { count: 3, .. })
    ));
    pair.server.answer_runspaces(ci, RunspaceAnswer::Done(true));
    pair.pump();
    assert_eq!(pair.client.runspaces(), (1, 3));

    let query = MetadataQuery::named(["Out-Default"]);
    let (id, first) = pair.client.command_metadata(&query).unwrap();
    pair.server
        .handle(Target::Pipeline(id), Priority::Default, &first.unwrap())
        .unwrap();
    let Some(Event::Metadata { query: found, .. }) = pair.server.poll_event() else {
        panic!("no query")
    };
    assert_eq!(found, query);

    let (id, _) = pair.create(PipelineSpec::script("x"));
    let call = pair
        .server
        .host_call(Target::Pipeline(id), HostMethod::ReadLine {})
        .unwrap()
        .unwrap();
    pair.pump();
    let refusal = HostAnswer::refused(HostMethod::ReadLine {}.id(), "nobody is there");
    pair.client
        .answer(Target::Pipeline(id), call, &refusal)
        .unwrap();
    pair.pump();
    let Some(Event::HostAnswer {
        answer: HostAnswer::Error(record),
        ..
    }) = pair.server.poll_event()
    else {
        panic!("no refusal")
    };
    assert_eq!(record.display_text(), "nobody is there");
}

#[test]
fn another_client_takes_the_pool_up() {
    let mut pair = Pair::opened(Version::new(2, 3));
    let (id, _) = pair.create(PipelineSpec {
        no_input: false,
        ..PipelineSpec::script("x")
    });
    let mut other = Client::new(PoolOptions {
        id: pair.client.id(),
        ..PoolOptions::default()
    });
    let answer = pair
        .server
        .handle_connect(&other.connect().unwrap())
        .unwrap();
    other.handle_connected(&answer).unwrap();
    assert!(matches!(
        pair.server.poll_event(),
        Some(Event::EndOfInput { .. })
    ));
    other.attach(id).unwrap();
    pair.client = other;
    pair.server.output(id, &1.into()).unwrap();
    pair.pump();
    let events: Vec<_> = std::iter::from_fn(|| pair.client.poll_event()).collect();
    assert!(
        events
            .iter()
            .any(|event| matches!(event, crate::psrp::client::Event::ApplicationPrivateData(_)))
    );
    assert!(matches!(
        events.last(),
        Some(crate::psrp::client::Event::Output { .. })
    ));
}

#[test]
fn a_client_of_many_pipelines_is_stopped() {
    let mut server = Server::new(ServerOptions {
        max_pipelines: 2,
        ..ServerOptions::default()
    });
    let mut last = Ok(());
    for _ in 0..10 {
        let target = Target::Pipeline(Uuid::new_v4());
        last = last.and_then(|()| server.handle(target, Priority::Default, &[0; 10]));
    }
    assert_eq!(last, Err(Error::TooManyPipelines(2)));
}
