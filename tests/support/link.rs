//! Whoever holds a connection without a session: sends commands, waits for events, answers questions.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use psdeck::psrp::Target;
use psdeck::transport::{Answer, Ask, Command, Connection, Event, Failure, Question, Secret};
use uuid::Uuid;

/// `SESSION_CAPABILITY` and `INIT_RUNSPACEPOOL` as a PowerShell 7.6 client sent them, for the runspace pool [`POOL`].
pub fn opening() -> Bytes {
    let capability = message(
        0x0001_0002,
        Uuid::nil(),
        "<Obj RefId=\"0\"><MS><Version N=\"protocolversion\">2.3</Version><Version N=\"PSVersion\">2.0</Version>\
         <Version N=\"SerializationVersion\">1.1.0.1</Version></MS></Obj>",
    );
    let init = message(
        0x0001_0004,
        Uuid::nil(),
        "<Obj RefId=\"0\"><MS><I32 N=\"MinRunspaces\">1</I32><I32 N=\"MaxRunspaces\">1</I32>\
         <Obj N=\"PSThreadOptions\" RefId=\"1\"><TN RefId=\"0\"><T>System.Management.Automation.Runspaces.PSThreadOptions</T>\
         <T>System.Enum</T><T>System.ValueType</T><T>System.Object</T></TN><ToString>Default</ToString><I32>0</I32></Obj>\
         <Obj N=\"ApartmentState\" RefId=\"2\"><TN RefId=\"1\"><T>System.Threading.ApartmentState</T><T>System.Enum</T>\
         <T>System.ValueType</T><T>System.Object</T></TN><ToString>Unknown</ToString><I32>2</I32></Obj>\
         <Obj N=\"HostInfo\" RefId=\"3\"><MS><B N=\"_isHostNull\">true</B><B N=\"_isHostUINull\">true</B>\
         <B N=\"_isHostRawUINull\">true</B><B N=\"_useRunspaceHost\">true</B></MS></Obj>\
         <Nil N=\"ApplicationArguments\" /></MS></Obj>",
    );
    Bytes::from([fragment(1, &capability), fragment(2, &init)].concat())
}

/// The runspace pool's id.
pub const POOL: Uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);

/// `CREATE_PIPELINE` for a script, without input.
pub fn create(pipeline: Uuid, script: &str) -> Bytes {
    let script = script
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let none = |name: &str, id: u32| {
        format!(
            "<Obj N=\"{name}\" RefId=\"{id}\"><TN RefId=\"{id}\"><T>System.Management.Automation.Runspaces.PipelineResultTypes</T>\
             <T>System.Enum</T><T>System.ValueType</T><T>System.Object</T></TN><ToString>None</ToString><I32>0</I32></Obj>"
        )
    };
    let merges: String = [
        "MergeMyResult",
        "MergeToResult",
        "MergePreviousResults",
        "MergeError",
        "MergeWarning",
        "MergeVerbose",
        "MergeDebug",
        "MergeInformation",
    ]
    .iter()
    .zip(20..)
    .map(|(name, id)| none(name, id))
    .collect();
    let list = "<TN RefId=\"40\"><T>System.Collections.Generic.List`1[[System.Management.Automation.PSObject]]</T><T>System.Object</T></TN>";
    let host = "<MS><B N=\"_isHostNull\">true</B><B N=\"_isHostUINull\">true</B><B N=\"_isHostRawUINull\">true</B><B N=\"_useRunspaceHost\">true</B></MS>";
    let body = format!(
        "<Obj RefId=\"0\"><MS><Obj N=\"PowerShell\" RefId=\"1\"><MS><B N=\"IsNested\">false</B><Nil N=\"ExtraCmds\" />\
         <Obj N=\"Cmds\" RefId=\"2\">{list}<LST><Obj RefId=\"3\"><MS><S N=\"Cmd\">{script}</S><B N=\"IsScript\">true</B>\
         <Nil N=\"UseLocalScope\" />{merges}<Obj N=\"Args\" RefId=\"4\"><TNRef RefId=\"40\" /><LST /></Obj></MS></Obj></LST></Obj>\
         <Nil N=\"History\" /><B N=\"RedirectShellErrorOutputPipe\">false</B></MS></Obj><B N=\"NoInput\">true</B>\
         <Obj N=\"ApartmentState\" RefId=\"5\"><TN RefId=\"41\"><T>System.Threading.ApartmentState</T><T>System.Enum</T>\
         <T>System.ValueType</T><T>System.Object</T></TN><ToString>Unknown</ToString><I32>2</I32></Obj>\
         <Obj N=\"RemoteStreamOptions\" RefId=\"6\"><TN RefId=\"42\"><T>System.Management.Automation.RemoteStreamOptions</T>\
         <T>System.Enum</T><T>System.ValueType</T><T>System.Object</T></TN><ToString>0</ToString><I32>0</I32></Obj>\
         <B N=\"AddToHistory\">false</B><Obj N=\"HostInfo\" RefId=\"7\">{host}</Obj><B N=\"IsNested\">false</B></MS></Obj>"
    );
    Bytes::from(fragment(10, &message(0x0002_1006, pipeline, &body)))
}

fn message(kind: u32, pipeline: Uuid, body: &str) -> Vec<u8> {
    let mut message = Vec::new();
    message.extend(2u32.to_le_bytes());
    message.extend(kind.to_le_bytes());
    message.extend(POOL.to_bytes_le());
    message.extend(pipeline.to_bytes_le());
    message.extend(body.as_bytes());
    message
}

fn fragment(object: u64, blob: &[u8]) -> Vec<u8> {
    let mut fragment = object.to_be_bytes().to_vec();
    fragment.extend(0u64.to_be_bytes());
    fragment.push(3);
    fragment.extend(u32::try_from(blob.len()).unwrap().to_be_bytes());
    fragment.extend(blob);
    fragment
}

/// The next event, which must come within 20 seconds. Notices are passed over.
pub async fn next(connection: &mut dyn Connection) -> Event {
    loop {
        let event = tokio::time::timeout(Duration::from_secs(20), connection.event()).await;
        match event.expect("no event came") {
            Event::Notice(_) | Event::Gap(_) => {}
            event => return event,
        }
    }
}

/// Opens the session, with credit for plenty.
pub async fn open(connection: &mut dyn Connection) -> Result<(), Failure> {
    connection.submit(Command::Open {
        id: POOL,
        name: "test".into(),
        opening: opening(),
    });
    connection.submit(Command::Read {
        target: Target::Pool,
        credit: 1 << 20,
    });
    loop {
        match next(connection).await {
            Event::Opened => return Ok(()),
            Event::Lost(failure) => return Err(failure),
            _ => {}
        }
    }
}

/// Runs a script to the end of its data: what came, as text with the fragments' headers in it.
pub async fn run(connection: &mut dyn Connection, script: &str) -> Result<String, Failure> {
    let id = Uuid::new_v4();
    connection.submit(Command::CreatePipeline {
        id,
        first: create(id, script),
    });
    connection.submit(Command::Read {
        target: Target::Pipeline(id),
        credit: 1 << 30,
    });
    let mut text = String::new();
    loop {
        match next(connection).await {
            Event::Data {
                target: Target::Pipeline(_),
                data,
            } => {
                let before = text.len();
                text += &String::from_utf8_lossy(&data);
                let start = (0..=before.saturating_sub(20))
                    .rev()
                    .find(|at| text.is_char_boundary(*at))
                    .unwrap_or(0);
                if text[start..].contains("PipelineState") {
                    break;
                }
            }
            Event::Lost(failure) => return Err(failure),
            _ => {}
        }
    }
    connection.submit(Command::ClosePipeline(id));
    loop {
        match next(connection).await {
            Event::PipelineClosed(closed) if closed == id => return Ok(text),
            Event::Lost(failure) => return Err(failure),
            _ => {}
        }
    }
}

/// Closes the session in good order.
pub async fn close(connection: &mut dyn Connection) {
    connection.submit(Command::Close);
    loop {
        match next(connection).await {
            Event::Closed(_) => return,
            Event::Lost(failure) => panic!("lost while closing: {failure:?}"),
            _ => {}
        }
    }
}

/// Waits for the end that nobody asked for.
pub async fn lost(connection: &mut dyn Connection) -> Failure {
    loop {
        if let Event::Lost(failure) = next(connection).await {
            return failure;
        }
    }
}

/// All that a failure says, for comparing and for messages.
pub fn told(failure: &Failure) -> String {
    let mut lines = vec![format!(
        "{:?} at {:?}: {}",
        failure.kind, failure.stage, failure.message
    )];
    lines.extend(failure.details.iter().map(|detail| format!("  {detail}")));
    lines.extend(failure.hints.iter().map(|hint| format!("  hint: {hint}")));
    lines.join("\n")
}

/// Answers questions in order, and refuses when it has no answer left. Keeps what was asked.
#[derive(Default)]
pub struct Answers {
    ready: Mutex<VecDeque<Answer>>,
    password: Option<Secret>,
    asked: Mutex<Vec<Question>>,
}

impl Answers {
    /// One that refuses everything.
    pub fn none() -> Self {
        Self::default()
    }

    /// One with these answers.
    pub fn of(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            ready: Mutex::new(answers.into_iter().collect()),
            ..Self::default()
        }
    }

    /// One that types this password whenever one is asked for.
    pub fn password(text: &str) -> Self {
        Self {
            password: Some(Secret::new(text.into())),
            ..Self::default()
        }
    }

    /// One that types this.
    pub fn secret(text: &str) -> Self {
        Self::of([Answer::Secret(Secret::new(text.into()))])
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }
}

impl Ask for Answers {
    fn ask(&self, question: Question) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        let password = match question {
            Question::Password { .. } => self.password.clone(),
            _ => None,
        };
        self.asked.lock().unwrap().push(question);
        let answer = password.map(Answer::Secret);
        let answer = answer
            .or_else(|| self.ready.lock().unwrap().pop_front())
            .unwrap_or(Answer::Refuse);
        Box::pin(async { answer })
    }
}
