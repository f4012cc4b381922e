//! One session: told what the recorded client was told, and given what its server said.

use std::collections::BTreeMap;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use psdeck::clixml::Value;
use psdeck::clixml::records::HostInfo;
use psdeck::psrp::client::{Client, Event as Message, PoolOptions};
use psdeck::psrp::{
    CommandSpec, KeyPair, MessageType, PipelineSpec, Priority, Secret, Target, server,
};
use psdeck::wsman::client::{self as wsman, Event, Sent, Settings, Transmit, Trouble, Why};
use psdeck::wsman::{Action, resource};
use uuid::Uuid;

use super::differences::{Table, body};
use super::{Totals, seconds, session};
use crate::replay::recording::{self, Recorded, Side, messages, whole};
use crate::replay::{intentions, transcript};
use crate::wsman::flat;

type Flat = BTreeMap<String, String>;

const PLENTY: usize = 1 << 30;

pub struct Player {
    psrp: Client,
    wsman: wsman::Client,
    now: Instant,
    /// Recorded commands, and ours.
    ids: Vec<(Uuid, Uuid)>,
    flying: Vec<(Transmit, Flat)>,
    /// What the server's streams have begun.
    partial: BTreeMap<(Side, u64), Vec<u8>>,
    /// The session was left.
    away: bool,
    /// Recorded pipelines that were begun before their turn, to have the keys exchanged.
    begun: Vec<Uuid>,
    /// Gives us the session key that the recorded one cannot.
    keys: Option<server::Server>,
    opening: Bytes,
    totals: Totals,
}

impl Player {
    pub fn create(request: &Flat) -> Self {
        let data = STANDARD.decode(&request["Body/Shell/creationXml"]).unwrap();
        let recorded = whole(&data);
        let init = body(&recorded[1]);
        let arguments = init
            .member("ApplicationArguments")
            .and_then(Value::as_dictionary);
        let options = PoolOptions {
            id: request["Body/Shell@ShellId"].parse().unwrap(),
            application_arguments: arguments.map(<[_]>::to_vec),
            ..intentions::options(&init)
        };
        let mut player = Self::new(options, request);
        player.opening = player.psrp.open().unwrap();
        let name = request.get("Body/Shell/Name").map_or("psdeck", |name| name);
        player
            .wsman
            .open(player.psrp.id(), name, player.opening.clone());
        player.wsman.read(Target::Pool, PLENTY);
        player
    }

    pub fn connect(request: &Flat) -> Self {
        let options = PoolOptions {
            id: request["Header/SelectorSet/Selector[ShellId]"]
                .parse()
                .unwrap(),
            ..PoolOptions::default()
        };
        let mut player = Self::new(options, request);
        player.opening = player.psrp.connect().unwrap();
        player
            .wsman
            .connect(player.psrp.id(), player.opening.clone(), false);
        player.wsman.read(Target::Pool, PLENTY);
        player
    }

    fn new(options: PoolOptions, request: &Flat) -> Self {
        let get = |place: &str| request.get(place).cloned();
        let settings = Settings {
            session: session(request),
            locale: request["Header/Locale@lang"].clone(),
            data_locale: request["Header/DataLocale@lang"].clone(),
            no_profile: get("Header/OptionSet/Option[WINRS_NOPROFILE]").is_some(),
            operation_timeout: seconds(&request["Header/OperationTimeout"]),
            idle_timeout: get("Body/Shell/IdleTimeOut").map(|time| seconds(&time)),
            ..Settings::new(
                request["Header/To"].as_str(),
                resource::configuration(&request["Header/ResourceURI"]),
            )
        };
        Self {
            psrp: Client::new(options),
            wsman: wsman::Client::new(settings),
            now: Instant::now(),
            ids: Vec::new(),
            flying: Vec::new(),
            partial: BTreeMap::new(),
            away: false,
            begun: Vec::new(),
            keys: None,
            opening: Bytes::new(),
            totals: Totals::default(),
        }
    }

    /// Whether such a request is one of this session's at the moment.
    pub fn takes(&self, action: &str) -> bool {
        self.away == (action == "Reconnect")
    }

    /// Lets our client do what theirs did, compares the request, and gives it the answer.
    pub fn exchange(
        &mut self,
        action: &str,
        request: &Flat,
        answer: &str,
        later: &[(Flat, &str)],
        table: &mut Table<'_>,
    ) {
        let mut command = command(request);
        if action == "Send" && answers_prompt(request) {
            // The recorded client sends it to the pool.
            command = self.ids.last().map(|(id, _)| *id);
        }
        self.act(action, request, command, later);
        self.transmit();
        let target = command.map(|id| self.ours(id));
        let found = self.flying.iter().position(|(transmit, flat)| {
            transmit.action.name() == action && self::command(flat) == target
        });
        let found = found.unwrap_or_else(|| {
            panic!(
                "{}: we send no {action} {command:?} but {:?}",
                table.file, self.flying
            )
        });
        let (transmit, ours) = self.flying.remove(found);
        self.totals.sent += table.compare(request, &ours, &self.ids);
        self.answer(&transmit, request, &ours, answer, table);
    }

    fn act(&mut self, action: &str, request: &Flat, command: Option<Uuid>, later: &[(Flat, &str)]) {
        let data = |place: &str| whole(&STANDARD.decode(&request[place]).unwrap());
        match action {
            "Command" => {
                let begun = self.begun.iter().position(|id| Some(*id) == command);
                if begun.map(|at| self.begun.remove(at)).is_none() {
                    let created = data("Body/CommandLine/Arguments");
                    self.start(command.unwrap(), &created[0]);
                }
            }
            "Send" => {
                let sent = data("Body/Send/Stream");
                for message in &sent {
                    self.queue(command, message, later);
                }
                let target = command.map_or(Target::Pool, |id| Target::Pipeline(self.ours(id)));
                self.pump(target);
            }
            "Connect" => {
                if let Some(id) = command {
                    self.ids.push((id, id));
                    self.psrp.attach(id).unwrap();
                    self.wsman.connect_pipeline(id);
                    self.wsman.read(Target::Pipeline(id), PLENTY);
                }
            }
            // What ends a command is sent without being asked for.
            "Signal" if request["Body/Signal/Code"].contains("ctrl_c") => {
                let id = self.ours(command.unwrap());
                self.psrp.stop(id).unwrap();
                self.wsman.stop(id);
            }
            "Disconnect" => {
                self.psrp.disconnect().unwrap();
                // The recorded client had no Receive under way.
                for (transmit, _) in self.flying.drain(..) {
                    let why = Why {
                        kind: Trouble::Network,
                        text: String::new(),
                    };
                    self.wsman.lost(self.now, transmit.exchange, Sent::No, why);
                }
                self.wsman.disconnect(None, None);
            }
            "Reconnect" => {
                self.psrp.reconnect().unwrap();
                self.wsman.reconnect();
            }
            "Delete" => {
                self.psrp.closing();
                self.wsman.close();
            }
            _ => {}
        }
    }

    fn start(&mut self, recorded: Uuid, message: &Recorded) {
        let created = match MessageType::from(message.kind) {
            MessageType::CreatePipeline => {
                let created = body(message);
                self.psrp.create_pipeline(PipelineSpec {
                    host: HostInfo::from_value(created.member("HostInfo").unwrap()).unwrap(),
                    ..intentions::pipeline(&created)
                })
            }
            MessageType::GetCommandMetadata => self
                .psrp
                .command_metadata(&intentions::query(&body(message))),
            other => panic!("{other}"),
        };
        let (id, first) = created.unwrap();
        self.ids.push((recorded, id));
        match first {
            Some(first) => self.begin(id, first),
            None => self.begun.push(recorded),
        }
    }

    fn begin(&mut self, id: Uuid, first: Bytes) {
        self.wsman.create_pipeline(id, first);
        self.wsman.read(Target::Pipeline(id), PLENTY);
        self.pump(Target::Pipeline(id));
    }

    fn pump(&mut self, target: Target) {
        let room = self.wsman.packet_size();
        while let Some((priority, data)) = self.psrp.transmit(target, room) {
            if let Some(keys) = &mut self.keys
                && target == Target::Pool
            {
                keys.handle(target, priority, &data).unwrap();
            }
            self.wsman.send(target, priority, data);
        }
    }

    fn queue(&mut self, command: Option<Uuid>, message: &Recorded, later: &[(Flat, &str)]) {
        let value = body(message);
        let count = || {
            value
                .member("MaxRunspaces")
                .or(value.member("MinRunspaces"))
        };
        let count = || count().and_then(Value::as_i32).unwrap();
        match MessageType::from(message.kind) {
            MessageType::PipelineInput => {
                self.psrp
                    .input(self.ours(command.unwrap()), &value)
                    .unwrap();
            }
            MessageType::EndOfPipelineInput => {
                self.psrp.end_input(self.ours(command.unwrap())).unwrap();
            }
            MessageType::PipelineHostResponse => {
                let (call, answer) = intentions::answer(&value);
                let target = Target::Pipeline(self.ours(command.unwrap()));
                self.psrp.answer(target, call, &answer).unwrap();
            }
            MessageType::ResetRunspaceState => drop(self.psrp.reset().unwrap()),
            MessageType::SetMaxRunspaces => drop(self.psrp.set_max_runspaces(count()).unwrap()),
            MessageType::SetMinRunspaces => drop(self.psrp.set_min_runspaces(count()).unwrap()),
            MessageType::GetAvailableRunspaces => {
                self.psrp.available_runspaces().unwrap();
            }
            MessageType::PublicKey => self.exchange_keys(later),
            other => panic!("{other} is not known to the replay"),
        }
    }

    /// Keys are exchanged when a pipeline needs them: the one that follows, or any.
    fn exchange_keys(&mut self, later: &[(Flat, &str)]) {
        let next = later
            .iter()
            .find(|(request, _)| request.contains_key("Body/CommandLine@CommandId"));
        if let Some((next, _)) = next {
            let data = STANDARD
                .decode(&next["Body/CommandLine/Arguments"])
                .unwrap();
            self.start(command(next).unwrap(), &whole(&data)[0]);
        } else {
            let secret = Secret::new("x").to_value();
            let spec = PipelineSpec::new(vec![CommandSpec::command("x").arg(secret)]);
            assert!(self.psrp.create_pipeline(spec).unwrap().1.is_none());
        }
        self.messages_of(&[]);
        self.psrp.provide_key(KeyPair::generate().unwrap());
        let mut keys = server::Server::new(server::ServerOptions::default());
        keys.handle(Target::Pool, Priority::Default, &self.opening)
            .unwrap();
        while keys.transmit(Target::Pool, usize::MAX).is_some() {}
        self.keys = Some(keys);
    }

    /// Takes what our client wants to send.
    fn transmit(&mut self) {
        while let Some(transmit) = self.wsman.poll_transmit(self.now) {
            if transmit.action == Action::Get {
                continue; // how a shell is kept that was taken up; nobody else asked
            }
            let flat = flat(&transmit.envelope);
            self.flying.push((transmit, flat));
        }
    }

    fn answer(
        &mut self,
        transmit: &Transmit,
        request: &Flat,
        ours: &Flat,
        answer: &str,
        table: &mut Table<'_>,
    ) {
        let mut text = answer.to_owned();
        let bare = |flat: &Flat| {
            flat["Header/MessageID"]
                .trim_start_matches("uuid:")
                .to_owned()
        };
        text = text.replace(&bare(request), &bare(ours));
        for (recorded, own) in self.ids.iter().rev() {
            let (recorded, own) = (recorded.to_string(), own.to_string());
            text = text.replace(&recorded.to_uppercase(), &own.to_uppercase());
            text = text.replace(&recorded, &own);
        }
        self.wsman.arrived(self.now, transmit.exchange, text);
        self.wsman.finished(self.now, transmit.exchange);
        while self.wsman.process(self.now) {}
        let mut told = Vec::new();
        while let Some(event) = self.wsman.poll_event() {
            match event {
                Event::Data { target, data } => self.data(target, &data, table),
                Event::Kept(_) => {}
                event => {
                    told.push(event);
                }
            }
        }
        let target = command(ours);
        let fault = answer.contains("Fault>");
        let done = answer.contains("CommandState/Done");
        let fits = match (transmit.action.name(), &told[..]) {
            ("Create", [Event::Opened]) | ("Delete", [Event::Closed(None)]) | ("Signal", []) => {
                true
            }
            ("Command" | "Send" | "Connect", [Event::Acknowledged { target: to, .. }]) => {
                *to == target.map_or(Target::Pool, Target::Pipeline)
            }
            ("Receive", [Event::PipelineClosed(id)]) => done && Some(*id) == target,
            ("Receive", []) => !done,
            ("Signal", [Event::StopAcknowledged(id)]) => Some(*id) == target,
            ("Connect", [Event::Connected(answer)]) => {
                self.psrp.handle_connected(answer).unwrap();
                self.messages_of(&[]);
                true
            }
            ("Disconnect", [Event::Disconnected(None)]) => {
                self.psrp.disconnected();
                self.away = true;
                true
            }
            ("Reconnect", [Event::Reconnected]) => {
                self.psrp.reconnected();
                self.away = false;
                true
            }
            _ => false,
        };
        assert!(fits, "{}: {transmit:?} fault {fault}: {told:?}", table.file);
        for event in told {
            match event {
                Event::PipelineClosed(id) => self.psrp.pipeline_closed(id),
                Event::Closed(_) => self.psrp.closed(),
                _ => {}
            }
        }
        if target.is_none() || transmit.action.name() != "Receive" {
            self.messages_of(&[]);
        }
        self.transmit();
    }

    /// Gives our client a target's bytes, and compares what it makes of them.
    fn data(&mut self, target: Target, data: &[u8], table: &mut Table<'_>) {
        let mut data = with_ids(data, target);
        let mut recorded = messages(Side::Server, &data, &mut self.partial);
        if recorded.iter().any(|message| message.kind == 0x0001_0006) {
            // The session key: sealed for a key that we do not have.
            table.differs("ENCRYPTED_SESSION_KEY", "the key is not ours");
            data = self.session_key();
            recorded.clear();
        }
        if recorded.iter().any(|message| message.body.contains("<SS>")) {
            table.differs("PIPELINE_OUTPUT SS", "sealed with the recorded key");
            return;
        }
        // Servers say again that the pool is open when it is taken up.
        let state = Value::Int32(self.psrp.state() as i32);
        recorded.retain(|message| {
            MessageType::from(message.kind) != MessageType::RunspacePoolState
                || body(message).member("RunspaceState") != Some(&state)
        });
        self.psrp.handle(target, &data).unwrap();
        self.totals.received += recorded.len();
        self.messages_of(&recorded);
    }

    fn session_key(&mut self) -> Vec<u8> {
        let keys = self.keys.as_mut().unwrap();
        std::iter::from_fn(|| keys.transmit(Target::Pool, usize::MAX))
            .last()
            .unwrap()
            .to_vec()
    }

    fn messages_of(&mut self, recorded: &[Recorded]) {
        let mut expected = recorded
            .iter()
            .filter(|message| MessageType::from(message.kind) != MessageType::SessionCapability);
        while let Some(event) = self.psrp.poll_event() {
            if let Message::PipelineReady { pipeline, first } = event {
                self.begin(pipeline, first);
                continue;
            }
            if recorded.is_empty() {
                continue;
            }
            let message = expected
                .next()
                .unwrap_or_else(|| panic!("{event:?} came alone"));
            transcript::agrees(&event, MessageType::from(message.kind), &body(message));
        }
        let missed: Vec<_> = expected.collect();
        assert!(missed.is_empty(), "{missed:?}");
    }

    /// What is still under way when the recording ends: parked Receives, and ends that the recorded client did not tell.
    pub fn end(&self, file: &str) -> Totals {
        let mut totals = self.totals.clone();
        for (transmit, flat) in &self.flying {
            match transmit.action.name() {
                "Receive" => {}
                "Signal" if flat["Body/Signal/Code"].ends_with("terminate") => {
                    totals.terminated += 1
                }
                other => panic!("{file}: {other} was not recorded"),
            }
        }
        totals
    }

    fn ours(&self, recorded: Uuid) -> Uuid {
        let known = self.ids.iter().rfind(|(id, _)| *id == recorded);
        known.unwrap_or_else(|| panic!("{recorded} is unknown")).1
    }
}

/// The command that a request is about.
fn command(request: &Flat) -> Option<Uuid> {
    let id = request
        .iter()
        .find(|(place, _)| place.ends_with("@CommandId"));
    id.map(|(_, id)| id.parse().unwrap())
}

fn answers_prompt(request: &Flat) -> bool {
    let sent = whole(&STANDARD.decode(&request["Body/Send/Stream"]).unwrap());
    MessageType::from(sent[0].kind) == MessageType::PipelineHostResponse
}

/// The fragments with our pipeline's id: the recorded client wrote ids the other way round.
fn with_ids(bytes: &[u8], target: Target) -> Vec<u8> {
    let pipeline = match target {
        Target::Pool => Uuid::nil(),
        Target::Pipeline(id) => id,
    };
    let mut bytes = recording::with_pipeline(bytes, pipeline);
    // Our requests to the pool are counted from 1, theirs from 0.
    let count = b"N=\"ci\">";
    if target == Target::Pool
        && let Some(at) = bytes.windows(count.len()).position(|part| part == count)
    {
        bytes[at + count.len()] += 1;
    }
    bytes
}
