//! Passwords of one run: asked for once an account, tried on one computer first, and never on another after one refused
//! it. A wrong password on thirty computers would lock the account.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::transport::Secret;

/// What is known of each account's password.
#[derive(Default)]
pub(super) struct Passwords {
    accounts: Mutex<HashMap<String, Account>>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Account {
    secret: Option<Secret>,
    /// The computers that were given it.
    tried: HashSet<String>,
    state: State,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nobody has asked.
    #[default]
    Unknown,
    /// The user is being asked for this computer.
    Asking(String),
    /// This computer is trying it; the others wait.
    Trying(String),
    /// A computer took it.
    Good,
    /// This computer did not take it, or, without one, the user gave none.
    Bad(Option<String>),
}

/// What to do about a password.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Ask the user, then tell [`Passwords::asked`].
    Ask,
    /// Use this one.
    Use(Secret),
    /// Give up; the computer on which it did not work, if one was tried.
    Refuse(Option<String>),
}

impl Passwords {
    /// Waits for its turn, then says what a computer that wants the account's password gets. `again`: a computer that
    /// refused one may be given another, as there are no others to protect.
    pub(super) async fn turn(&self, account: &str, computer: &str, again: bool) -> Turn {
        let mut changes = self.changed.subscribe();
        loop {
            if let Some(turn) = self.take(account, computer, again) {
                return turn;
            }
            // The sender is ours and lives on.
            let _ = changes.changed().await;
        }
    }

    /// What the user answered to [`Turn::Ask`]; the secret goes to the computer that it was asked for.
    pub(super) fn asked(&self, account: &str, secret: Option<Secret>) {
        let mut accounts = self.lock();
        let entry = accounts.entry(account.to_owned()).or_default();
        entry.state = match (&entry.state, &secret) {
            (State::Asking(computer), Some(_)) => {
                entry.tried.insert(computer.clone());
                State::Trying(computer.clone())
            }
            _ => State::Bad(None),
        };
        entry.secret = secret;
        drop(accounts);
        self.changed.send_replace(());
    }

    /// A computer let somebody in.
    pub(super) fn accepted(&self, computer: &str) {
        self.settle(computer, &State::Good);
    }

    /// A computer did not.
    pub(super) fn refused(&self, computer: &str) {
        self.settle(computer, &State::Bad(Some(computer.to_owned())));
    }

    fn settle(&self, computer: &str, outcome: &State) {
        for account in self.lock().values_mut() {
            account.state = match (&account.state, outcome) {
                // Nobody gave it one.
                (State::Asking(one), State::Bad(_)) if one == computer => State::Bad(None),
                (State::Asking(one) | State::Trying(one), _) if one == computer => outcome.clone(),
                // A computer that was given a good one, and refused it, makes it bad.
                (_, State::Bad(_)) if account.tried.contains(computer) => outcome.clone(),
                _ => continue,
            };
        }
        self.changed.send_replace(());
    }

    /// `None`: wait.
    fn take(&self, account: &str, computer: &str, again: bool) -> Option<Turn> {
        let mut accounts = self.lock();
        let entry = accounts.entry(account.to_owned()).or_default();
        let turn = match &entry.state {
            State::Unknown => Turn::Ask,
            State::Trying(one) if one == computer && again => Turn::Ask,
            // The same computer under another port, or once more: the transport sends none twice.
            State::Trying(one) if one != computer => return None,
            State::Trying(_) | State::Good => {
                entry.secret.clone().map_or(Turn::Refuse(None), Turn::Use)
            }
            State::Bad(computer) => Turn::Refuse(computer.clone()),
            State::Asking(_) => return None,
        };
        match &turn {
            Turn::Ask => entry.state = State::Asking(computer.to_owned()),
            Turn::Use(_) => drop(entry.tried.insert(computer.to_owned())),
            Turn::Refuse(computer) => entry.state = State::Bad(computer.clone()),
        }
        drop(accounts);
        self.changed.send_replace(());
        Some(turn)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new("s".into())
    }

    fn refused_by(computer: &str) -> Turn {
        Turn::Refuse(Some(computer.into()))
    }

    #[tokio::test]
    async fn others_wait_for_the_first_and_use_what_it_used() {
        let passwords = Passwords::default();
        assert_eq!(passwords.turn("u", "a", false).await, Turn::Ask);
        assert_eq!(passwords.take("u", "b", false), None);
        passwords.asked("u", Some(secret()));
        assert_eq!(passwords.take("u", "b", false), None);
        passwords.accepted("a");
        assert_eq!(passwords.turn("u", "b", false).await, Turn::Use(secret()));
    }

    #[tokio::test]
    async fn a_refused_password_is_never_tried_again() {
        let passwords = Passwords::default();
        assert_eq!(passwords.turn("u", "a", false).await, Turn::Ask);
        passwords.asked("u", Some(secret()));
        passwords.refused("a");
        assert_eq!(passwords.turn("u", "a", false).await, refused_by("a"));
        assert_eq!(passwords.turn("u", "b", false).await, refused_by("a"));
        assert_eq!(passwords.turn("other", "b", false).await, Turn::Ask);
    }

    #[tokio::test]
    async fn a_good_password_that_a_later_computer_refuses_goes_no_further() {
        let passwords = Passwords::default();
        passwords.turn("u", "a", false).await;
        passwords.asked("u", Some(secret()));
        passwords.accepted("a");
        assert_eq!(passwords.turn("u", "b", false).await, Turn::Use(secret()));
        passwords.refused("b");
        assert_eq!(passwords.turn("u", "c", false).await, refused_by("b"));
    }

    #[tokio::test]
    async fn a_computer_alone_may_be_given_another() {
        let passwords = Passwords::default();
        passwords.turn("u", "a", true).await;
        passwords.asked("u", Some(secret()));
        assert_eq!(passwords.turn("u", "a", true).await, Turn::Ask);
        passwords.asked("u", None);
        assert_eq!(passwords.turn("u", "a", true).await, Turn::Refuse(None));
    }
}
