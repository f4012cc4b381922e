//! The client against messages made by hand.

mod exchange;

use bytes::BytesMut;

use super::*;
use crate::clixml::Value;
use crate::psrp::fragment::{Defragmenter, FragmentLimits, Fragmenter};
use crate::psrp::host::HostAnswer;
use crate::psrp::{CommandSpec, Message, PipelineSpec, Secret};

/// A server that says what it is told to.
struct Peer {
    client: Client,
    object: u64,
}

impl Peer {
    fn new(options: PoolOptions) -> Self {
        Self {
            client: Client::new(options),
            object: 0,
        }
    }

    /// A pool that was opened by a server of that version.
    fn opened(protocol: &str) -> Self {
        let mut peer = Self::new(PoolOptions::default());
        peer.client.open().unwrap();
        peer.capability(protocol);
        peer.say(
            Target::Pool,
            MessageType::RunspacePoolState,
            r#"<Obj RefId="0"><MS><I32 N="RunspaceState">2</I32></MS></Obj>"#,
        );
        assert_eq!(peer.client.state(), PoolState::Opened);
        peer.events();
        peer
    }

    /// Answers the client's connect.
    fn connected(&mut self) {
        let mut answer = self.fragments(
            Target::Pool,
            MessageType::SessionCapability,
            r#"<Obj RefId="0"><MS><Version N="protocolversion">2.3</Version><Version N="PSVersion">2.0</Version><Version N="SerializationVersion">1.1.0.1</Version></MS></Obj>"#,
            1000,
        );
        answer.extend_from_slice(&self.fragments(
            Target::Pool,
            MessageType::RunspacePoolInitData,
            r#"<Obj RefId="0"><MS><I32 N="MinRunspaces">4</I32><I32 N="MaxRunspaces">2</I32></MS></Obj>"#,
            1000,
        ));
        self.client.handle_connected(&answer).unwrap();
    }

    fn capability(&mut self, protocol: &str) {
        let body = format!(
            r#"<Obj RefId="0"><MS><Version N="protocolversion">{protocol}</Version><Version N="PSVersion">2.0</Version><Version N="SerializationVersion">1.1.0.1</Version></MS></Obj>"#
        );
        self.say(Target::Pool, MessageType::SessionCapability, &body);
    }

    fn fragments(
        &mut self,
        target: Target,
        kind: MessageType,
        body: &str,
        size: usize,
    ) -> BytesMut {
        self.object += 1;
        let message = Message {
            destination: Destination::Client,
            kind,
            pool: Uuid::nil(),
            pipeline: match target {
                Target::Pool => Uuid::nil(),
                Target::Pipeline(id) => id,
            },
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        let mut out = BytesMut::new();
        Fragmenter::new(self.object, message.encode()).write(&mut out, size, usize::MAX);
        out
    }

    fn try_say(&mut self, target: Target, kind: MessageType, body: &str) -> Result<(), Error> {
        let bytes = self.fragments(target, kind, body, 1000);
        self.client.handle(target, &bytes)
    }

    fn say(&mut self, target: Target, kind: MessageType, body: &str) {
        self.try_say(target, kind, body).unwrap();
    }

    fn output(&mut self, pipeline: Uuid, body: &str) {
        self.say(
            Target::Pipeline(pipeline),
            MessageType::PipelineOutput,
            body,
        );
    }

    fn pipeline_state(&mut self, pipeline: Uuid, state: i32) {
        let body = format!(r#"<Obj RefId="0"><MS><I32 N="PipelineState">{state}</I32></MS></Obj>"#);
        self.say(
            Target::Pipeline(pipeline),
            MessageType::PipelineState,
            &body,
        );
    }

    fn read_line(&mut self, pipeline: Uuid, call: i64, method: i32) {
        let body = format!(
            r#"<Obj RefId="0"><MS><I64 N="ci">{call}</I64><I32 N="mi">{method}</I32><Obj N="mp" RefId="1"><LST /></Obj></MS></Obj>"#
        );
        self.say(
            Target::Pipeline(pipeline),
            MessageType::PipelineHostCall,
            &body,
        );
    }

    fn session_key(&mut self, key: &str) {
        let body = format!(r#"<Obj RefId="0"><MS><S N="EncryptedSessionKey">{key}</S></MS></Obj>"#);
        self.say(Target::Pool, MessageType::EncryptedSessionKey, &body);
    }

    /// A line for each event.
    fn events(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.client.poll_event())
            .map(|event| match event {
                Event::PoolState { state, .. } => format!("pool {state:?}"),
                Event::PipelineState { state, reason, .. } => match reason {
                    Some(reason) => format!("{state:?}: {reason}"),
                    None => format!("{state:?}"),
                },
                Event::Output { value, .. } => match Secret::try_from(&value) {
                    Ok(secret) => format!("secret {}", &*secret.reveal()),
                    Err(_) => format!("output {}", value.as_str().unwrap()),
                },
                Event::HostCall { call, .. } => format!("call {}", call.id),
                Event::HostCallCancelled { call, .. } => format!("cancelled {call}"),
                Event::KeyNeeded => "KeyNeeded".to_owned(),
                Event::PipelineReady { .. } => "PipelineReady".to_owned(),
                other => format!("{other:?}"),
            })
            .collect()
    }

    /// What our client sends to a target.
    fn sent(&mut self, target: Target) -> Vec<Message> {
        let mut all = BytesMut::new();
        while let Some((_, part)) = self.client.transmit(target, usize::MAX) {
            all.extend_from_slice(&part);
        }
        messages(&all)
    }

    fn create(&mut self, spec: PipelineSpec) -> Uuid {
        self.client.create_pipeline(spec).unwrap().0
    }
}

fn messages(bytes: &[u8]) -> Vec<Message> {
    let mut incoming = Defragmenter::new(FragmentLimits {
        object: usize::MAX,
        total: None,
    });
    incoming.push(bytes).unwrap();
    std::iter::from_fn(|| incoming.next_message().unwrap())
        .map(|message| Message::decode(message).unwrap())
        .collect()
}

fn body(message: &Message) -> Value {
    crate::clixml::read(&message.body, &crate::clixml::Limits::default()).unwrap()
}

fn holds(message: &Message, text: &str) -> bool {
    String::from_utf8_lossy(&message.body).contains(text)
}

fn with_input() -> PipelineSpec {
    PipelineSpec {
        no_input: false,
        ..PipelineSpec::script("$input")
    }
}

#[test]
fn the_lower_version_is_used_whoever_has_it() {
    assert_eq!(Peer::opened("2.9").client.protocol(), Version::new(2, 3));
    let mut peer = Peer::opened("2.1");
    assert_eq!(peer.client.protocol(), Version::new(2, 1));
    let old = peer
        .client
        .create_pipeline(PipelineSpec::script("1"))
        .unwrap()
        .1
        .unwrap();
    let old = &messages(&old)[0];
    assert!(holds(old, "MergeMyResult") && !holds(old, "MergeError"));
    assert_eq!(body(old).member("IsNested"), None);
    let mut spec = PipelineSpec::script("1");
    spec.statements.push(vec![CommandSpec::script("2")]);
    assert!(matches!(
        peer.client.create_pipeline(spec),
        Err(Error::TooOld { .. })
    ));
    assert!(matches!(peer.client.reset(), Err(Error::TooOld { .. })));

    let mut peer = Peer::new(PoolOptions::default());
    peer.client.open().unwrap();
    peer.events();
    let body = r#"<Obj RefId="0"><MS><Version N="protocolversion">3.0</Version><Version N="PSVersion">2.0</Version><Version N="SerializationVersion">1.1.0.1</Version></MS></Obj>"#;
    let error = peer.try_say(Target::Pool, MessageType::SessionCapability, body);
    assert_eq!(error, Err(Error::Protocol(Version::new(3, 0))));
    assert_eq!(peer.events(), ["pool Broken"]);
}

#[test]
fn connecting_takes_swapped_counts_and_resumes_on_a_start() {
    let mut peer = Peer::new(PoolOptions::default());
    let sent = messages(&peer.client.connect().unwrap());
    assert_eq!(sent[1].kind, MessageType::ConnectRunspacePool);
    peer.connected();
    assert_eq!(peer.client.state(), PoolState::Opened);
    assert_eq!(peer.client.runspaces(), (2, 4));

    let id = Uuid::new_v4();
    let target = Target::Pipeline(id);
    peer.client.attach(id).unwrap();
    let cut = peer.fragments(target, MessageType::PipelineOutput, "<S>lost</S>", 41);
    peer.client.handle(target, &cut[41..]).unwrap();
    peer.output(id, "<S>kept</S>");
    assert_eq!(peer.events().last().unwrap(), "output kept");
    assert_eq!(peer.client.end_input(id), Err(Error::NoInput(id)));
}

#[test]
fn a_pool_is_left_and_taken_up_with_its_pipelines() {
    let mut peer = Peer::opened("2.3");
    let big = CommandSpec::script("x".repeat(40_000));
    let id = peer.create(PipelineSpec::new(vec![big]));
    assert!(matches!(
        peer.client.disconnect(),
        Err(Error::CannotDisconnect(_))
    ));
    while peer.client.transmit(Target::Pipeline(id), 0).is_some() {}
    peer.client.disconnect().unwrap();
    peer.client.disconnected();
    assert!(
        peer.client
            .create_pipeline(PipelineSpec::script("1"))
            .is_err()
    );
    peer.client.reconnect().unwrap();
    peer.client.reconnected();
    peer.output(id, "<S>on</S>");
    assert_eq!(
        peer.events(),
        [
            "pool Disconnecting",
            "Disconnected",
            "pool Disconnected",
            "pool Connecting",
            "Running",
            "pool Opened",
            "output on"
        ]
    );
}

#[test]
fn a_stop_cancels_prompts_and_refuses_late_answers() {
    let mut peer = Peer::opened("2.3");
    let id = peer.create(PipelineSpec::script("Read-Host"));
    let target = Target::Pipeline(id);
    peer.read_line(id, 7, 11);
    peer.client.stop(id).unwrap();
    peer.pipeline_state(id, 3);
    peer.output(id, "<S>late</S>");
    assert_eq!(
        peer.events(),
        ["call 7", "Stopping", "cancelled 7", "Stopped"]
    );
    let late = HostAnswer::Line("x".to_owned());
    assert_eq!(
        peer.client.answer(target, 7, &late),
        Err(Error::NoHostCall(7))
    );
}

#[test]
fn an_answer_must_be_of_the_methods_kind() {
    let mut peer = Peer::opened("2.3");
    let id = peer.create(PipelineSpec::script("Read-Host"));
    let target = Target::Pipeline(id);
    peer.read_line(id, 7, 11);
    let wrong = peer.client.answer(target, 7, &HostAnswer::Choice(1));
    assert_eq!(wrong, Err(Error::Answer("ReadLine")));
    peer.client
        .answer(target, 7, &HostAnswer::Line("x".to_owned()))
        .unwrap();
    peer.read_line(id, -100, 15);
    let void = peer.client.answer(target, -100, &HostAnswer::Void);
    assert_eq!(void, Err(Error::NoHostCall(-100)));
}

#[test]
fn a_call_that_cannot_be_read_is_answered_with_why() {
    let mut peer = Peer::opened("2.3");
    let id = peer.create(PipelineSpec::script("later"));
    let target = Target::Pipeline(id);
    peer.sent(target);
    peer.read_line(id, 7, 99);
    assert!(peer.events()[0].starts_with("Unknown"));
    let answers = peer.sent(target);
    assert_eq!(answers[0].kind, MessageType::PipelineHostResponse);
    assert!(holds(&answers[0], "RemoteHostExecutionException"));
    assert!(holds(&answers[0], r#"<I64 N="ci">7</I64>"#));
    assert!(holds(&answers[0], r#"<I32 N="mi">99</I32>"#));
    peer.read_line(id, -100, 99);
    assert!(peer.events()[0].starts_with("Unknown"));
    assert!(peer.sent(target).is_empty());
    peer.output(id, "<S>goes on</S>");
    assert!(
        peer.events()[0].starts_with("output"),
        "the pipeline failed"
    );
}

#[test]
fn one_pipelines_breach_leaves_the_others() {
    let mut peer = Peer::opened("2.3");
    let one = peer.create(PipelineSpec::script("1"));
    let other = peer.create(PipelineSpec::script("2"));
    let error = peer.try_say(Target::Pipeline(one), MessageType::PipelineOutput, "<S>x");
    assert!(matches!(error, Err(Error::Body { .. })));
    peer.output(other, "<S>fine</S>");
    let events = peer.events();
    assert!(events[0].starts_with("Failed: the body of PIPELINE_OUTPUT cannot be read"));
    assert_eq!(events[1], "output fine");
    let error = peer.try_say(Target::Pipeline(other), MessageType::UserEvent, "");
    assert!(matches!(error, Err(Error::Unexpected { .. })));
}

#[test]
fn what_is_lost_ends_everything_once() {
    let mut peer = Peer::opened("2.3");
    let id = peer.create(with_input());
    peer.client.lost("the wire was cut");
    peer.client.closed();
    assert_eq!(peer.events(), ["Failed: the wire was cut", "pool Broken"]);
    assert_eq!(peer.client.input(id, &1.into()), Err(Error::NoInput(id)));
}

#[test]
fn the_rest_of_a_large_pipeline_goes_without_its_input() {
    let mut peer = Peer::opened("2.3");
    let (id, first) = {
        let mut spec = with_input();
        spec.statements = vec![vec![CommandSpec::script("x".repeat(100_000))]];
        peer.client.create_pipeline(spec).unwrap()
    };
    let target = Target::Pipeline(id);
    assert_eq!(first.unwrap().len(), PoolOptions::FRAGMENT_SIZE);
    peer.client.input(id, &Value::Null).unwrap();
    peer.client.input(id, &2.into()).unwrap();
    assert!(peer.client.queued(target) > 60_000);
    let (_, rest) = peer.client.transmit(target, usize::MAX).unwrap();
    assert!(rest.len() > 60_000);
    let (_, input) = peer.client.transmit(target, usize::MAX).unwrap();
    let bodies: Vec<_> = messages(&input)
        .iter()
        .map(|sent| sent.body.clone())
        .collect();
    assert_eq!(bodies, [&b""[..], b"<I32>2</I32>"]);
    assert_eq!(peer.client.queued(target), 0);
}

#[test]
fn unknown_messages_are_reported_and_others_refused() {
    let mut peer = Peer::opened("2.3");
    peer.say(Target::Pool, MessageType::Unknown(0x0002_1fff), "whatever");
    assert!(peer.events()[0].starts_with("Unknown"));
    let error = peer.try_say(Target::Pool, MessageType::SessionCapability, "");
    assert!(matches!(error, Err(Error::Unexpected { .. })));
    assert_eq!(peer.client.state(), PoolState::Broken);
}

#[test]
fn a_pool_closed_while_it_opens_takes_what_comes_late() {
    let mut peer = Peer::new(PoolOptions::default());
    peer.client.open().unwrap();
    peer.client.closing();
    peer.capability("2.3");
    let opened = r#"<Obj RefId="0"><MS><I32 N="RunspaceState">2</I32></MS></Obj>"#;
    peer.say(Target::Pool, MessageType::RunspacePoolState, opened);
    peer.client.closed();
    assert_eq!(
        peer.events(),
        ["pool Opening", "pool Closing", "pool Closed"]
    );
}

#[test]
fn what_an_opening_has_left_unfetched_is_passed_over_also_while_the_pool_closes() {
    let mut peer = Peer::new(PoolOptions::default());
    peer.client.connect().unwrap();
    peer.connected();
    peer.capability("2.3");
    peer.client.closing();
    peer.capability("2.3");
    peer.client.closed();
    assert_eq!(peer.events().last().unwrap(), "pool Closed");
}
