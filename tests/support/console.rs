//! A console of cmdlet lines whose host keeps what it is told.

use std::collections::VecDeque;
use std::fs;
use std::pin::Pin;
use std::process::Command;
use std::sync::{Arc, Mutex};

use psdeck::clixml::records::ProgressRecord;
use psdeck::cmdlets::{Console, Entered, Error, Host, Outcome};
use psdeck::config::Config;
use psdeck::server::Demonstration;
use psdeck::session::registry::Registry;
use psdeck::session::{
    BoxFuture, Connector, Demo, Line, Pool, Prompt, PromptReply, Report, Session, Size, StreamKind,
};
use psdeck::transport::{Answer, Ask, Question, Secret};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A console, and what its host was told.
pub struct Lines {
    pub console: Console,
    pub pool: Pool,
    told: Arc<Mutex<Told>>,
    prompts: watch::Sender<Prompts>,
    /// Where its sessions are remembered.
    data: Option<tempfile::TempDir>,
}

/// How prompts without an answer end, and how many prompts and warnings there were.
#[derive(Clone, Copy, Debug, Default)]
pub struct Prompts {
    wait: bool,
    pub shown: usize,
    pub warnings: usize,
}

/// What a line put out.
#[derive(Debug, Default)]
pub struct Told {
    /// Text, that of remote hosts too.
    pub out: String,
    /// Errors, by their ids.
    pub errors: Vec<String>,
    /// Errors as they are shown.
    pub blocks: Vec<String>,
    /// `WARNING: …` and so on.
    pub streams: Vec<String>,
    /// The messages of prompts.
    pub asked: Vec<String>,
    /// The names of sessions that were entered.
    pub entered: Vec<String>,
    /// Answers to the prompts to come.
    pub answers: VecDeque<PromptReply>,
}

/// Answers with what password commands print, and nothing else.
struct Commands;

impl Ask for Commands {
    fn ask(&self, question: Question) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        let answer = match question.command() {
            Some(command) => {
                let (program, words) = command.words().split_first().unwrap();
                let ran = Command::new(program).args(words).output().unwrap();
                let password = String::from_utf8(ran.stdout).unwrap();
                Answer::Secret(Secret::new(password.trim_end().to_owned()))
            }
            None => Answer::Refuse,
        };
        Box::pin(std::future::ready(answer))
    }
}

struct Kept(Arc<Mutex<Told>>, watch::Sender<Prompts>);

impl Lines {
    /// Over the demonstration; Server01 and so on are profiles of its servers.
    pub fn demo() -> Self {
        let names = ["Server01", "Server02", "localhost"];
        let profiles = names.map(|name| {
            let server = name.replace("localhost", "Server02");
            format!("[computers.{name}]\ntarget = \"demo:{server}\"\n")
        });
        Self::new(
            &profiles.concat(),
            vec![Arc::new(Demo(Demonstration::new(0)))],
        )
    }

    /// With this configuration, and further ways to computers.
    pub fn new(config: &str, connectors: Vec<Arc<dyn Connector>>) -> Self {
        Self::over(config, Pool::new(connectors))
    }

    /// With this configuration; its sessions are remembered.
    pub fn remembering(config: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let registry = Registry::open(data.path().join("sessions")).unwrap();
        let pool = Pool::new(Vec::new()).remembering(registry, None, |_| None, |_| ());
        Self {
            data: Some(data),
            ..Self::over(config, pool)
        }
    }

    /// With this configuration, over this pool.
    pub fn over(config: &str, pool: Pool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, config).unwrap();
        let config = Config::load(Some(&file)).unwrap();
        let told = Arc::<Mutex<Told>>::default();
        let prompts = watch::Sender::new(Prompts::default());
        let host = Box::new(Kept(Arc::clone(&told), prompts.clone()));
        Self {
            console: Console::new(pool.clone(), config, host),
            pool,
            told,
            prompts,
            data: None,
        }
    }

    /// Answers the next prompt so.
    pub fn answer(&self, reply: PromptReply) {
        self.told.lock().unwrap().answers.push_back(reply);
    }

    /// Prompts that have no answer wait for one from here on, in place of being refused.
    pub fn unanswered(&self) {
        self.prompts.send_modify(|prompts| prompts.wait = true);
    }

    /// Tells when something is asked.
    pub fn asked(&self) -> watch::Receiver<Prompts> {
        self.prompts.subscribe()
    }

    /// What was told since the last time.
    pub fn told(&self) -> Told {
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    /// Runs a line; what it told.
    pub async fn run(&mut self, line: &str) -> Told {
        self.outcome(line).await.1
    }

    /// Runs a line; how it ended too.
    pub async fn outcome(&mut self, line: &str) -> (Outcome, Told) {
        let outcome = self.console.run(line, CancellationToken::new()).await;
        (outcome, self.told())
    }

    /// Runs a line that has nothing to complain about; its output.
    #[track_caller]
    pub fn good(&mut self, line: &str) -> impl Future<Output = String> {
        let at = std::panic::Location::caller();
        async move {
            let told = self.run(line).await;
            assert!(told.blocks.is_empty(), "{at}: {line}: {told:#?}");
            told.out
        }
    }

    /// Runs a line that fails; the ids of its errors.
    pub async fn bad(&mut self, line: &str) -> Vec<String> {
        self.run(line).await.errors
    }
}

impl Host for Kept {
    fn window(&self) -> Size {
        Size {
            columns: 120,
            rows: 50,
        }
    }

    fn write(&mut self, text: &str) {
        self.0.lock().unwrap().out.push_str(text);
    }

    fn write_line(&mut self, line: &Line) {
        let mut told = self.0.lock().unwrap();
        told.out.push_str(&line.text);
        if line.newline {
            told.out.push('\n');
        }
    }

    fn stream(&mut self, kind: StreamKind, text: &str) {
        if kind == StreamKind::Warning {
            self.1.send_modify(|prompts| prompts.warnings += 1);
        }
        let line = format!("{kind:?}: {text}");
        self.0.lock().unwrap().streams.push(line);
    }

    fn error(&mut self, error: &Error) {
        let mut told = self.0.lock().unwrap();
        told.errors.push(error.id().to_owned());
        told.blocks.push(error.block());
    }

    fn progress(&mut self, _source: i64, _record: &ProgressRecord) {}

    fn ask(&self) -> Arc<dyn Ask> {
        Arc::new(Commands)
    }

    fn prompt<'h>(&'h mut self, prompt: &'h Prompt) -> BoxFuture<'h, PromptReply> {
        let mut told = self.0.lock().unwrap();
        told.asked.push(match prompt {
            Prompt::Choice { message, .. } | Prompt::Credential { message, .. } => message.clone(),
            Prompt::Fields { fields, .. } => {
                let names = fields.iter().map(|field| field.name.as_str());
                names.collect::<Vec<_>>().join(" ")
            }
            other => format!("{other:?}"),
        });
        let reply = told.answers.pop_front();
        self.1.send_modify(|prompts| prompts.shown += 1);
        match reply {
            None if self.1.borrow().wait => Box::pin(std::future::pending()),
            reply => Box::pin(std::future::ready(reply.unwrap_or(PromptReply::Refuse))),
        }
    }

    fn enter(&mut self, session: Session) -> BoxFuture<'_, Result<Entered, Report>> {
        let name = session.info().computer_name;
        self.0.lock().unwrap().entered.push(name);
        Box::pin(std::future::ready(Ok(Entered::Left)))
    }
}
