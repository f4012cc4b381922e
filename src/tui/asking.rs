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
    known: Mutex<Known>,
}

/// What is not asked again: one way in may take two connections.
#[derive(Default)]
struct Known {
    /// What password commands printed, or why nothing, by their words.
    printed: HashMap<Vec<String>, Printed>,
    answers: HashMap<Lasting, Answer>,
}

type Printed = Arc<OnceCell<Result<Secret, String>>>;

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
            known: Mutex::default(),
        }
    }

    /// Asks everything anew from now on.
    pub(super) fn forget(&self) {
        *self.known() = Known::default();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
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
                let words = command.words().to_vec();
                let printed = Arc::clone(self.known().printed.entry(words).or_default());
                return match printed.get_or_init(run).await {
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
                && let Some(answer) = self.known().answers.get(lasting)
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
                let mut known = self.known();
                // Who gives up now may know it the next time.
                match answer {
                    Answer::Refuse => known.answers.remove(&lasting),
                    _ => known.answers.insert(lasting, answer.clone()),
                };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::PasswordCommand;

    fn asking() -> (Arc<AskUser>, mpsc::Receiver<Message>) {
        let (messages, asked) = mpsc::channel(1);
        let ask = AskUser::new(Asker::Command, false, messages, Arc::default());
        (Arc::new(ask), asked)
    }

    fn password(command: Option<PasswordCommand>) -> Question {
        Question::Password {
            user: "User01".to_owned(),
            host: "Server01".to_owned(),
            again: false,
            command,
        }
    }

    /// What is told where the user answers so, if asked.
    async fn told(
        (ask, asked): &mut (Arc<AskUser>, mpsc::Receiver<Message>),
        answer: Answer,
    ) -> (Answer, bool) {
        let mut asking = ask.ask(password(None));
        tokio::select! {
            biased;
            told = &mut asking => return (told, false),
            question = asked.recv() => {
                let Some(Message::Question(_, id, _)) = question else {
                    panic!("{question:?}");
                };
                ask.questions.answer(id, answer);
            }
        }
        (asking.await, true)
    }

    fn typed(text: &str) -> Answer {
        Answer::Secret(Secret::new(text.to_owned()))
    }

    fn revealed(answer: Answer) -> String {
        match answer {
            Answer::Secret(secret) => secret.expose().to_owned(),
            _ => panic!("no secret"),
        }
    }

    #[tokio::test]
    async fn an_answer_lasts_until_it_is_forgotten_and_a_refusal_not_at_all() {
        let mut user = asking();
        let (refused, _) = told(&mut user, Answer::Refuse).await;
        assert!(matches!(refused, Answer::Refuse));
        let (first, was_asked) = told(&mut user, typed("first")).await;
        assert!(was_asked, "after a refusal");
        assert_eq!(revealed(first), "first");
        let (again, was_asked) = told(&mut user, typed("second")).await;
        assert!(!was_asked, "the same way in");
        assert_eq!(revealed(again), "first");
        user.0.forget();
        let (anew, was_asked) = told(&mut user, typed("second")).await;
        assert!(was_asked, "another line");
        assert_eq!(revealed(anew), "second");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn each_password_command_has_its_own_password() {
        let (ask, _asked) = asking();
        for text in ["one", "two", "one"] {
            let words = vec!["printf".to_owned(), text.to_owned()];
            let command = PasswordCommand::try_from(words).unwrap();
            assert_eq!(revealed(ask.ask(password(Some(command))).await), text);
        }
    }
}
