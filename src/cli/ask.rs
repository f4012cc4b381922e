//! Questions of getting in, answered at the terminal, by what the command line gave, or not at all.

use std::collections::HashMap;
use std::pin::Pin;
use std::process::Stdio;

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::output::printable;
use super::passwords::{Passwords, Turn};
use super::tty::{Tty, Typed};
use crate::transport::{
    Answer, Ask, Failure, FailureKind, PasswordCommand, Question, Secret, Stage,
};

/// Whoever answers for the user.
pub(super) struct Asker {
    /// One question at a time; none without a terminal.
    terminal: Mutex<Option<Tty>>,
    /// The password that the command line gave.
    given: Option<Secret>,
    passwords: Passwords,
    /// The account, once it was asked for.
    user: Mutex<Option<Secret>>,
    /// What was said of servers that nothing proves.
    trust: Mutex<Trust>,
    /// What password commands printed, or why nothing, by their words. Each is run once.
    printed: Mutex<HashMap<Vec<String>, Result<Secret, String>>>,
    /// Passphrases by their files, so that several computers take one.
    passphrases: Mutex<HashMap<String, Passphrase>>,
    /// One computer only: a mistyped password may be typed again.
    alone: bool,
    /// Ctrl+C at a question ends the run.
    cancel: CancellationToken,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Trust {
    #[default]
    NotAsked,
    /// What it means was said once.
    Explained,
    /// Yes, to all computers of the run.
    All,
}

#[derive(Default)]
struct Passphrase {
    secret: Option<Secret>,
    asked: u8,
}

impl Asker {
    pub(super) fn new(given: Option<Secret>, alone: bool, cancel: CancellationToken) -> Self {
        Self {
            terminal: Mutex::new(Tty::open()),
            given,
            passwords: Passwords::default(),
            user: Mutex::default(),
            trust: Mutex::default(),
            printed: Mutex::default(),
            passphrases: Mutex::default(),
            alone,
            cancel,
        }
    }

    /// Waits until no question is open; none is put as long as the answer is kept.
    pub(super) async fn quiet(&self) -> impl Sized + use<'_> {
        self.terminal.lock().await
    }

    /// Is told whether a computer let us in.
    pub(super) fn told_in(&self, computer: &str, inside: bool) {
        if inside {
            self.passwords.accepted(computer);
        } else {
            self.passwords.refused(computer);
        }
    }

    async fn answer(&self, question: Question) -> Answer {
        match question {
            Question::UnknownHostKey {
                host,
                algorithm,
                fingerprint,
            } => self.host_key(&host, &algorithm, &fingerprint).await,
            Question::UserName { host } => self.user_name(&host).await,
            Question::TrustHost { host, url } => self.trust(&host, &url).await,
            Question::Password {
                user,
                host,
                again,
                command,
            } => {
                let mut prompt = format!("Password for {user}@{host}: ");
                if again {
                    prompt.insert_str(0, "It was refused; try again.\n");
                }
                self.password(&user, &host, &prompt, command).await
            }
            Question::Passphrase { file } => self.passphrase(file).await,
            Question::KeyboardInteractive {
                host,
                instructions,
                prompt,
                echo,
                command,
            } => {
                let instructions = instructions.trim();
                let mut shown = String::new();
                if !instructions.is_empty() {
                    shown = format!("{instructions}\n");
                }
                shown.push_str(&format!("[{host}] {prompt}"));
                // It is the same password, under the same rules.
                if Question::is_for_password(&prompt, echo) {
                    self.password("", &host, &shown, command).await
                } else {
                    self.at_terminal(&shown, echo)
                        .await
                        .map_or(Answer::Refuse, Answer::Secret)
                }
            }
        }
    }

    /// The command line's password, else the profile's, else one that is typed.
    async fn password(
        &self,
        user: &str,
        computer: &str,
        prompt: &str,
        command: Option<PasswordCommand>,
    ) -> Answer {
        let mut account = user.to_owned();
        let given = match (&self.given, command) {
            (Some(given), _) => Some(given.clone()),
            (None, Some(command)) => match self.printed(&command).await {
                Ok(secret) => {
                    // Of another command, the same name is another account.
                    for word in command.words() {
                        account.push('\0');
                        account.push_str(word);
                    }
                    Some(secret)
                }
                Err(why) => return Answer::Failed(Box::new(command.failure(&why))),
            },
            (None, None) => None,
        };
        let again = self.alone && given.is_none();
        match self.passwords.turn(&account, computer, again).await {
            Turn::Use(secret) => Answer::Secret(secret),
            Turn::Refuse(Some(first)) if first != computer => {
                Answer::Failed(Box::new(untried(&first)))
            }
            Turn::Refuse(_) => Answer::Refuse,
            Turn::Ask => {
                let secret = match given {
                    Some(given) => Some(given),
                    None => self.at_terminal(prompt, false).await,
                };
                self.passwords.asked(&account, secret.clone());
                secret.map_or(Answer::Refuse, Answer::Secret)
            }
        }
    }

    /// The account is asked for once, whatever the number of computers.
    async fn user_name(&self, computer: &str) -> Answer {
        let mut known = self.user.lock().await;
        if known.is_none() {
            *known = self
                .at_terminal(&format!("User name for {computer}: "), true)
                .await
                .filter(|typed| !typed.expose().trim().is_empty());
        }
        known.clone().map_or(Answer::Refuse, Answer::Secret)
    }

    /// Whether to trust a server. What that means is said once; of several computers, one answer may be for all.
    async fn trust(&self, host: &str, url: &str) -> Answer {
        let mut known = self.trust.lock().await;
        let answers = if self.alone {
            "yes, no"
        } else {
            "yes, no, all"
        };
        let mut prompt = format!("Trust {host} this time? {answers}: ");
        match *known {
            Trust::All => return Answer::AcceptOnce,
            Trust::Explained => {}
            Trust::NotAsked => {
                let about = Question::about_trust(host, url);
                prompt.insert_str(0, &about.map(|text| filled(&text)).concat());
            }
        }
        *known = Trust::Explained;
        loop {
            let Some(typed) = self.at_terminal(&prompt, true).await else {
                return Answer::Refuse;
            };
            match typed.expose().trim().to_lowercase().as_str() {
                "yes" | "y" => return Answer::AcceptOnce,
                "no" | "n" | "" => return Answer::Refuse,
                "all" | "a" if !self.alone => {
                    *known = Trust::All;
                    return Answer::AcceptOnce;
                }
                _ => prompt = format!("Type one of {answers}: "),
            }
        }
    }

    /// What a password command prints; what it says beside that goes to standard error.
    async fn printed(&self, command: &PasswordCommand) -> Result<Secret, String> {
        let mut printed = self.printed.lock().await;
        if let Some(known) = printed.get(command.words()) {
            return known.clone();
        }
        let found = command.run(Stdio::inherit()).await;
        printed.insert(command.words().to_vec(), found.clone());
        found
    }

    /// A file's passphrase is asked for three times at most, and once where it is right.
    async fn passphrase(&self, file: String) -> Answer {
        let mut known = self.passphrases.lock().await;
        let entry = known.entry(file.clone()).or_default();
        let may_ask = if self.alone { 3 } else { 1 };
        if entry.asked < may_ask {
            entry.asked += 1;
            entry.secret = self
                .at_terminal(&format!("Passphrase for '{file}': "), false)
                .await;
        } else if self.alone {
            return Answer::Refuse;
        }
        entry.secret.clone().map_or(Answer::Refuse, Answer::Secret)
    }

    async fn host_key(&self, host: &str, algorithm: &str, fingerprint: &str) -> Answer {
        let mut prompt = format!(
            "The key of {host} is not on file: {algorithm} {fingerprint}\n\
             Trust it? yes (from now on), once, no: "
        );
        loop {
            let Some(typed) = self.at_terminal(&prompt, true).await else {
                return Answer::Refuse;
            };
            match typed.expose().trim().to_lowercase().as_str() {
                "yes" | "y" => return Answer::Accept,
                "once" | "o" => return Answer::AcceptOnce,
                "no" | "n" | "" => return Answer::Refuse,
                _ => prompt = "Type yes, once or no: ".to_owned(),
            }
        }
    }

    async fn at_terminal(&self, prompt: &str, echo: bool) -> Option<Secret> {
        let mut terminal = self.terminal.lock().await;
        let tty = terminal.as_mut()?;
        let prompt = printable(prompt);
        let typed = tokio::select! {
            typed = tty.read(&prompt, echo) => typed,
            // Whoever asks is cancelled too, and not to take this for a refusal.
            () = self.cancel.cancelled() => std::future::pending().await,
        };
        match typed {
            Ok(Typed::Line(line)) => Some(Secret::new((*line).clone())),
            Ok(Typed::End) | Err(_) => None,
            Ok(Typed::Interrupt) => {
                self.cancel.cancel();
                std::future::pending().await
            }
        }
    }
}

/// Why a computer is not given a password that did not work on another one.
fn untried(first: &str) -> Failure {
    let message =
        format!("the password did not work on {first}, so it is tried on no other computer");
    Failure::new(FailureKind::Refused, message)
        .at(Stage::Authenticate)
        .hint(
            "a wrong one, tried on many, would lock the account: mend the first, then run it again",
        )
}

/// A paragraph in lines that every terminal shows whole.
fn filled(text: &str) -> String {
    const COLUMNS: usize = 78;
    let mut filled = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let wide = word.chars().count();
        if column > 0 {
            let fits = column + 1 + wide <= COLUMNS;
            filled.push(if fits { ' ' } else { '\n' });
            column = if fits { column + 1 } else { 0 };
        }
        filled.push_str(word);
        column += wide;
    }
    filled.push('\n');
    filled
}

impl Ask for Asker {
    fn ask(&self, question: Question) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        Box::pin(self.answer(question))
    }
}
