//! Questions of ours on the way to a server: a program's answer, or a dialog.

use std::collections::HashMap;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OnceCell, mpsc, oneshot};

use crate::transport::{Answer, Ask, Question, Secret};

use super::model::layer::{Asker, QuestionId};
use super::update::Message;

/// Questions of ours that wait for their answers.
#[derive(Default)]
pub(super) struct Questions {
    number: AtomicU64,
    waiting: Mutex<HashMap<QuestionId, oneshot::Sender<Answer>>>,
}

impl Questions {
    pub(super) fn answer(&self, id: QuestionId, answer: Answer) {
        if let Some(waiting) = self.take(id) {
            let _ = waiting.send(answer);
        }
    }

    fn take(&self, id: QuestionId) -> Option<oneshot::Sender<Answer>> {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id)
    }
}

/// Asks the user by a dialog.
pub(super) struct AskUser {
    asker: Asker,
    /// Whether only programs are asked, and not the user.
    quiet: bool,
    messages: mpsc::Sender<Message>,
    questions: Arc<Questions>,
    /// What the profile's password command printed, or why nothing.
    printed: OnceCell<Result<Secret, String>>,
    /// What the user has answered: one way in may take two connections.
    answered: Mutex<HashMap<Lasting, Answer>>,
}

/// A question whose answer is good for a further connection, too.
#[derive(PartialEq, Eq, Hash)]
enum Lasting {
    User(String),
    Trust(String),
    Password(String, String),
}

impl Lasting {
    fn of(question: &Question) -> Option<Self> {
        match question {
            Question::UserName { host } => Some(Self::User(host.clone())),
            Question::TrustHost { url, .. } => Some(Self::Trust(url.clone())),
            Question::Password { user, host, .. } => {
                Some(Self::Password(user.clone(), host.clone()))
            }
            // A code may be good for once only.
            Question::KeyboardInteractive { .. }
            | Question::UnknownHostKey { .. }
            | Question::Passphrase { .. } => None,
        }
    }
}

impl AskUser {
    pub(super) fn new(
        asker: Asker,
        quiet: bool,
        messages: mpsc::Sender<Message>,
        questions: Arc<Questions>,
    ) -> Self {
        Self {
            asker,
            quiet,
            messages,
            questions,
            printed: OnceCell::new(),
            answered: Mutex::default(),
        }
    }
}

impl AskUser {
    fn answered(&self) -> MutexGuard<'_, HashMap<Lasting, Answer>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the dialog away when the answer is not waited for any more.
struct Waiting<'a> {
    id: QuestionId,
    ask: &'a AskUser,
}

impl Ask for AskUser {
    fn ask(&self, question: Question) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        Box::pin(async move {
            if let Some(command) = question.command() {
                // The screen is ours: what it says beside the password would end up in the middle of it.
                let run = || command.run(Stdio::null());
                return match self.printed.get_or_init(run).await {
                    Ok(secret) => Answer::Secret(secret.clone()),
                    Err(why) => Answer::Failed(Box::new(command.failure(why))),
                };
            }
            if self.quiet {
                return Answer::Refuse;
            }
            let lasting = Lasting::of(&question);
            let again = matches!(question, Question::Password { again: true, .. });
            if let Some(lasting) = lasting.as_ref().filter(|_| !again)
                && let Some(answer) = self.answered().get(lasting)
            {
                return answer.clone();
            }
            let id = QuestionId(self.questions.number.fetch_add(1, Ordering::Relaxed));
            let (sender, answer) = oneshot::channel();
            self.questions
                .waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(id, sender);
            let _waiting = Waiting { id, ask: self };
            let message = Message::Question(self.asker, id, question);
            if self.messages.send(message).await.is_err() {
                return Answer::Refuse;
            }
            let answer = answer.await.unwrap_or(Answer::Refuse);
            if let Some(lasting) = lasting {
                self.answered().insert(lasting, answer.clone());
            }
            answer
        })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // Nobody has answered: the opening was cancelled or is late.
        if self.ask.questions.take(self.id).is_some()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let messages = self.ask.messages.clone();
            let id = self.id;
            runtime.spawn(async move {
                let _ = messages.send(Message::QuestionVoid(id)).await;
            });
        }
    }
}
