//! Saying who we are: agent, key files, keyboard-interactive, password, as far as the server offers them.

mod probe;
mod refusal;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use russh::MethodSet;
use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse as Reply, Prompt};
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey};

use probe::Probe;

use super::handler::{Callbacks, describe};
use super::keys::{self, KeyFile};
use super::settings::Settings;
use crate::stdio::printable;
use crate::transport::{Answer, Ask, Failure, Options, Question, Secret};

/// Rounds of questions, and factors, that one server may want.
const ROUNDS: usize = 32;
/// How often a wrong passphrase is asked for again.
const PASSPHRASES: usize = 3;

/// Logs in. `Ok` holds the method that the server took: `publickey` and so on.
pub(super) async fn login(
    handle: &mut Handle<Callbacks>,
    settings: &Settings,
    options: &Options,
    ask: &dyn Ask,
) -> Result<String, Failure> {
    let mut login = Login {
        handle,
        settings,
        options,
        ask,
        offered: Vec::new(),
        tried: Vec::new(),
        used: HashSet::new(),
        refused: Vec::new(),
        unanswered: false,
        failed: None,
    };
    match login.run().await {
        Ok(Some(method)) => Ok(method),
        Ok(None) => Err(login.failure(None)),
        Err(reason) => Err(login.failure(Some(reason))),
    }
}

struct Login<'a> {
    handle: &'a mut Handle<Callbacks>,
    settings: &'a Settings,
    options: &'a Options,
    ask: &'a dyn Ask,
    /// What the server would take next.
    offered: Vec<&'static str>,
    /// What was tried, and how it fared, for the report.
    tried: Vec<String>,
    /// Keys and methods that are used up.
    used: HashSet<String>,
    /// Secrets that the server refused: none is sent twice.
    refused: Vec<Secret>,
    /// A question found nobody to answer it.
    unanswered: bool,
    /// Whoever was to answer failed.
    failed: Option<Box<Failure>>,
}

/// How an attempt fared; `Err` of a step is that the connection ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fared {
    In,
    /// Right, and the server wants something else on top.
    Partly,
    No,
}

type Step<T> = Result<T, String>;

impl Login<'_> {
    async fn run(&mut self) -> Step<Option<String>> {
        let first = self.handle.authenticate_none(&self.settings.user).await;
        if self.fared(first.map_err(|e| describe(&e)))? == Fared::In {
            return Ok(Some("none".into()));
        }
        let mut passed = Vec::new();
        'factors: for _ in 0..ROUNDS {
            for method in self.settings.methods.clone() {
                if !self.offered.contains(&method) {
                    continue;
                }
                let fared = match method {
                    "publickey" => self.keys().await?,
                    "keyboard-interactive" => self.questions().await?,
                    _ => self.password().await?,
                };
                if self.failed.is_some() {
                    return Ok(None);
                }
                if fared != Fared::No {
                    passed.push(method);
                }
                match fared {
                    Fared::In => return Ok(Some(passed.join("+"))),
                    Fared::Partly => continue 'factors,
                    Fared::No => {}
                }
            }
            break;
        }
        Ok(None)
    }

    /// Every key of the agent and of the files, until one is taken.
    async fn keys(&mut self) -> Step<Fared> {
        if let Some(mut agent) = keys::agent(self.settings).await {
            if let Some(binding) = self.handle.agent_session_binding() {
                // An agent that knows nothing of bindings refuses, and works all the same.
                let _ = agent.bind_session(binding, false).await;
            }
            for (key, comment) in keys::agent_keys(&mut agent, self.settings).await {
                let fared = self.agent_key(&mut agent, key, &comment).await?;
                if fared != Fared::No {
                    return Ok(fared);
                }
            }
        }
        for file in self.settings.identity_files.clone() {
            let fared = self.key_file(&file).await?;
            if fared != Fared::No {
                return Ok(fared);
            }
        }
        Ok(Fared::No)
    }

    async fn agent_key(
        &mut self,
        agent: &mut keys::AgentConnection,
        key: PublicKey,
        comment: &str,
    ) -> Step<Fared> {
        let name = keys::name(&key);
        if !self.used.insert(name.clone()) {
            return Ok(Fared::No);
        }
        let hash = self.rsa_hash(&key).await?;
        let user = &self.settings.user;
        let shown = format!("agent: {name} {}", printable(comment.as_bytes()));
        match self
            .handle
            .authenticate_publickey_with(user, key, hash, agent)
            .await
        {
            Ok(result) => {
                let fared = self.fared(Ok(result))?;
                self.note(shown.trim_end(), fared);
                Ok(fared)
            }
            Err(error) => {
                self.tried.push(format!(
                    "{}: the agent did not sign ({error})",
                    shown.trim_end()
                ));
                Ok(Fared::No)
            }
        }
    }

    async fn key_file(&mut self, file: &Path) -> Step<Fared> {
        let shown = file.display().to_string();
        let is_named = self.options.identity.iter().any(|named| named == file);
        match keys::read(file) {
            Ok(KeyFile::Open(key)) => self.private_key(*key, &shown).await,
            Ok(KeyFile::Locked { text, public }) => {
                if let Some(public) = &public
                    && (self.used.contains(&keys::name(public))
                        || !self.would_take(public, &shown).await?)
                {
                    return Ok(Fared::No);
                }
                for _ in 0..PASSPHRASES {
                    let Some(passphrase) = self
                        .secret(Question::Passphrase {
                            file: shown.clone(),
                        })
                        .await
                    else {
                        self.tried.push(format!("{shown}: no passphrase given"));
                        return Ok(Fared::No);
                    };
                    if let Some(key) = keys::unlock(&text, passphrase.expose()).await {
                        return self.private_key(key, &shown).await;
                    }
                }
                self.tried.push(format!("{shown}: wrong passphrase"));
                Ok(Fared::No)
            }
            // Of the usual places most are empty.
            Err(_) if !is_named && !file.exists() => Ok(Fared::No),
            Err(reason) => {
                self.tried.push(format!("{shown}: {reason}"));
                Ok(Fared::No)
            }
        }
    }

    async fn private_key(&mut self, key: PrivateKey, shown: &str) -> Step<Fared> {
        if !self.used.insert(keys::name(key.public_key())) {
            return Ok(Fared::No);
        }
        let hash = self.rsa_hash(key.public_key()).await?;
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
        let result = self
            .handle
            .authenticate_publickey(&self.settings.user, key)
            .await;
        let fared = self.fared(result.map_err(|e| describe(&e)))?;
        self.note(shown, fared);
        Ok(fared)
    }

    /// Whether the server would take a key, before its passphrase is asked for.
    async fn would_take(&mut self, key: &PublicKey, shown: &str) -> Step<bool> {
        let hash = self.rsa_hash(key).await?;
        let mut probe = Probe { taken: false };
        let user = &self.settings.user;
        let result = self
            .handle
            .authenticate_publickey_with(user, key.clone(), hash, &mut probe)
            .await;
        if let Ok(result) = result {
            let fared = self.fared(Ok(result))?;
            self.note(shown, fared);
        }
        Ok(probe.taken)
    }

    /// The hash for an RSA key's signature: what the server says, never SHA-1.
    async fn rsa_hash(&self, key: &PublicKey) -> Step<Option<HashAlg>> {
        if !key.algorithm().is_rsa() {
            return Ok(None);
        }
        let best = self
            .handle
            .best_supported_rsa_hash()
            .await
            .map_err(|e| describe(&e))?;
        Ok(Some(best.flatten().unwrap_or(HashAlg::Sha512)))
    }

    async fn questions(&mut self) -> Step<Fared> {
        for _ in 0..self.settings.password_prompts.max(1) {
            let mut typed = Vec::new();
            let user = self.settings.user.clone();
            let mut reply = self
                .handle
                .authenticate_keyboard_interactive_start(user, None)
                .await;
            let mut rounds = 0;
            let fared = loop {
                match reply.map_err(|e| describe(&e))? {
                    Reply::Success => break Fared::In,
                    Reply::Failure {
                        remaining_methods,
                        partial_success,
                    } => {
                        break self.failed(&remaining_methods, partial_success)?;
                    }
                    Reply::InfoRequest {
                        name,
                        instructions,
                        prompts,
                    } => {
                        rounds += 1;
                        if rounds > ROUNDS || prompts.len() > ROUNDS {
                            return Err("the server asks without end".into());
                        }
                        let said = [name, instructions].join("\n");
                        let Some(answers) = self.answers(&said, &prompts).await else {
                            self.tried
                                .push("keyboard-interactive: no answer given".into());
                            return Ok(Fared::No);
                        };
                        typed.extend(answers.iter().map(|answer| Secret::new(answer.clone())));
                        reply = self
                            .handle
                            .authenticate_keyboard_interactive_respond(answers)
                            .await;
                    }
                }
            };
            self.note("keyboard-interactive", fared);
            if fared != Fared::No || typed.is_empty() {
                return Ok(fared);
            }
            let again = typed.iter().any(|secret| self.refused.contains(secret));
            self.refused.append(&mut typed);
            if again || !self.offered.contains(&"keyboard-interactive") {
                break;
            }
        }
        Ok(Fared::No)
    }

    /// The user's answers to a round; an empty round has none. `None`: the user refuses.
    async fn answers(&mut self, said: &str, prompts: &[Prompt]) -> Option<Vec<String>> {
        let mut answers = Vec::new();
        for prompt in prompts {
            let is_password = Question::is_for_password(&prompt.prompt, prompt.echo);
            let command = self.options.password_command.clone();
            let answer = self
                .secret(Question::KeyboardInteractive {
                    host: self.settings.host.clone(),
                    instructions: printable_lines(said),
                    prompt: printable(prompt.prompt.as_bytes()),
                    echo: prompt.echo,
                    command: command.filter(|_| is_password),
                })
                .await?;
            // What was refused once is not sent again: accounts are locked for less.
            if !prompt.echo && self.refused.contains(&answer) {
                return None;
            }
            answers.push(answer.expose().to_owned());
        }
        Some(answers)
    }

    async fn password(&mut self) -> Step<Fared> {
        for _ in 0..self.settings.password_prompts.max(1) {
            let (user, host) = (self.settings.user.clone(), self.settings.host.clone());
            let command = self.options.password_command.clone();
            let question = Question::Password {
                user,
                host,
                again: !self.refused.is_empty(),
                command,
            };
            let Some(password) = self.secret(question).await else {
                self.tried.push("password: none given".into());
                break;
            };
            if self.refused.contains(&password) {
                break;
            }
            let result = self
                .handle
                .authenticate_password(&self.settings.user, password.expose())
                .await;
            let fared = self.fared(result.map_err(|e| describe(&e)))?;
            self.note("password", fared);
            if fared != Fared::No {
                return Ok(fared);
            }
            self.refused.push(password);
            if !self.offered.contains(&"password") {
                break;
            }
        }
        Ok(Fared::No)
    }

    async fn secret(&mut self, question: Question) -> Option<Secret> {
        match self.ask.ask(question).await {
            Answer::Secret(secret) => Some(secret),
            Answer::Failed(failure) => {
                self.failed = Some(failure);
                None
            }
            Answer::Accept | Answer::AcceptOnce | Answer::Refuse => {
                self.unanswered = true;
                None
            }
        }
    }

    fn fared(&mut self, result: Step<AuthResult>) -> Step<Fared> {
        match result? {
            AuthResult::Success => Ok(Fared::In),
            AuthResult::Failure {
                remaining_methods,
                partial_success,
            } => self.failed(&remaining_methods, partial_success),
        }
    }

    fn failed(&mut self, remaining: &MethodSet, partly: bool) -> Step<Fared> {
        if remaining.is_empty() && self.handle.is_closed() {
            return Err("the server closed the connection".into());
        }
        self.offered = remaining.iter().map(<&'static str>::from).collect();
        Ok(if partly { Fared::Partly } else { Fared::No })
    }

    fn note(&mut self, what: &str, fared: Fared) {
        let how = match fared {
            Fared::In => "accepted",
            Fared::Partly => "accepted, more is wanted",
            Fared::No => "refused",
        };
        self.tried.push(format!("{what}: {how}"));
    }
}

fn printable_lines(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .take(ROUNDS)
        .map(|line| printable(line.as_bytes()))
        .collect();
    lines.join("\n").trim().to_owned()
}
