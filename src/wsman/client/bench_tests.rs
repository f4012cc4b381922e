//! A server that says what a test lets it say, and a clock that the test turns.

use std::time::{Duration, Instant};

use bytes::Bytes;
use uuid::Uuid;

use super::{Client, Event, Sent, Settings, Transmit, Trouble, Why};
use crate::psrp::Target;
use crate::wsman::Action;

pub(super) const SHELL: Uuid = Uuid::from_u128(1);
pub(super) const COMMAND: Uuid = Uuid::from_u128(0xC0);
pub(super) const PIPELINE: Target = Target::Pipeline(COMMAND);

pub(super) struct Bench {
    pub(super) client: Client,
    pub(super) now: Instant,
    /// The server echoes operations.
    pub(super) robust: bool,
}

impl Bench {
    pub(super) fn new(robust: bool) -> Self {
        Self::seeded(7, robust)
    }

    pub(super) fn seeded(seed: u64, robust: bool) -> Self {
        let mut settings = Settings::new("http://server:5985/wsman", "resource");
        settings.seed = seed;
        Self {
            client: Client::new(settings),
            now: Instant::now(),
            robust,
        }
    }

    /// An open session; its Receive is parked, and given.
    pub(super) fn open(robust: bool) -> (Self, Transmit) {
        let mut bench = Self::new(robust);
        bench.client.open(SHELL, "S", object(10, true));
        bench.client.read(Target::Pool, 1 << 20);
        let create = bench.sends(Action::Create);
        bench.answer(&create, CREATED);
        assert_eq!(bench.events(), [Event::Opened]);
        let receive = bench.sends(Action::Receive);
        bench.sends_nothing();
        (bench, receive)
    }

    /// A session with a command whose Receive is parked: those of the pool and of the command.
    pub(super) fn running(robust: bool) -> (Self, Transmit, Transmit) {
        let (mut bench, pool) = Self::open(robust);
        bench.client.create_pipeline(COMMAND, object(10, true));
        bench.client.read(PIPELINE, 1 << 20);
        let command = bench.sends(Action::Command);
        bench.answer(&command, COMMANDED);
        assert!(matches!(
            bench.events()[..],
            [Event::Acknowledged {
                target: PIPELINE,
                ..
            }]
        ));
        let receive = bench.sends(Action::Receive);
        bench.sends_nothing();
        (bench, pool, receive)
    }

    pub(super) fn next(&mut self) -> Option<Transmit> {
        self.client.poll_transmit(self.now)
    }

    pub(super) fn sends(&mut self, action: Action) -> Transmit {
        let transmit = self.next().unwrap_or_else(|| panic!("nothing is sent"));
        assert_eq!(transmit.action, action);
        transmit
    }

    pub(super) fn sends_nothing(&mut self) {
        assert_eq!(self.next(), None);
    }

    pub(super) fn envelope(&self, to: &Transmit, action: &str, body: &str) -> String {
        let id = inside(&to.envelope, "MessageID>");
        let operation = inside(&to.envelope, "OperationID s:mustUnderstand=\"false\">");
        let echo = if self.robust && !operation.is_empty() {
            format!("<p:OperationID>{operation}</p:OperationID><p:SequenceId>1</p:SequenceId>")
        } else {
            String::new()
        };
        format!(
            "<s:Envelope><s:Header><a:Action>x/{action}</a:Action><a:RelatesTo>{id}</a:RelatesTo>{echo}</s:Header>\
             <s:Body>{body}</s:Body></s:Envelope>"
        )
    }

    /// The whole answer, read.
    pub(super) fn answer(&mut self, to: &Transmit, body: &str) {
        let action = match to.action {
            Action::Get => "GetResponse",
            _ => "Response",
        };
        let envelope = self.envelope(to, action, body);
        self.client.arrived(self.now, to.exchange, envelope);
        self.client.finished(self.now, to.exchange);
        while self.client.process(self.now) {}
    }

    pub(super) fn refuse(&mut self, to: &Transmit, code: u32) {
        let fault = format!(
            "<s:Fault><s:Detail><f:WSManFault Code=\"{code}\"><f:Message>no</f:Message></f:WSManFault></s:Detail></s:Fault>"
        );
        self.answer(to, &fault);
    }

    pub(super) fn lose(&mut self, to: &Transmit, sent: Sent, kind: Trouble) {
        let text = "lost".to_owned();
        self.client
            .lost(self.now, to.exchange, sent, Why { kind, text });
        while self.client.process(self.now) {}
    }

    /// Turns the clock to the next deadline; how far that is.
    pub(super) fn wait(&mut self) -> Duration {
        let at = self.client.deadline().expect("no deadline");
        let time = at.saturating_duration_since(self.now);
        self.now = self.now.max(at);
        self.client.handle_timeout(self.now);
        time
    }

    pub(super) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.client.poll_event()).collect()
    }
}

pub(super) const CREATED: &str = "<rsp:Shell><rsp:ShellId>THE-SHELL</rsp:ShellId></rsp:Shell>";
pub(super) const COMMANDED: &str =
    "<rsp:CommandResponse><rsp:CommandId>C</rsp:CommandId></rsp:CommandResponse>";
pub(super) const SENT: &str = "<rsp:SendResponse/>";
pub(super) const SIGNALLED: &str = "<rsp:SignalResponse/>";

/// An answer to a Receive with these bytes.
pub(super) fn output(data: &[u8]) -> String {
    use base64::Engine as _;
    let data = base64::engine::general_purpose::STANDARD.encode(data);
    format!(
        "<rsp:ReceiveResponse><rsp:Stream Name=\"stdout\">{data}</rsp:Stream></rsp:ReceiveResponse>"
    )
}

/// The same, and that nothing more comes.
pub(super) fn last_output(data: &[u8]) -> String {
    let done = "<rsp:CommandState State=\"x/CommandState/Done\"/></rsp:ReceiveResponse>";
    output(data).replace("</rsp:ReceiveResponse>", done)
}

/// One fragment of so many bytes; whether it ends its object.
pub(super) fn object(length: usize, ends: bool) -> Bytes {
    let mut fragment = vec![0; 16];
    fragment.push(if ends { 3 } else { 1 });
    fragment.extend(u32::try_from(length).unwrap().to_be_bytes());
    fragment.extend(vec![b'x'; length]);
    fragment.into()
}

/// The text of an element of an envelope.
pub(super) fn inside<'a>(envelope: &'a str, opening: &str) -> &'a str {
    let after = envelope.split(opening).nth(1).unwrap_or_default();
    after.split('<').next().unwrap_or_default()
}

pub(super) fn data_of(events: &[Event]) -> usize {
    events
        .iter()
        .map(|event| match event {
            Event::Data { data, .. } => data.len(),
            _ => 0,
        })
        .sum()
}
