//! An entered session that cannot be reached for a while, or never again.

use super::{InteractiveEvents, Stage};
use crate::session::{InteractiveEvent, Interruption, SessionInfo, SessionState};

/// Whether the session can be reached.
#[derive(Debug)]
pub(super) enum Away {
    No,
    /// The network is lost.
    Lost(Interruption),
    /// It runs on without us.
    Left,
    /// It was not, when something was begun: that was not sent.
    Missed,
}

impl InteractiveEvents {
    /// What became of the session: lost and back, left and taken up, or gone.
    pub(super) fn look(&mut self) {
        let (state, interruption, event) = {
            let info = self.info.borrow_and_update();
            let event = InteractiveEvent::Disconnected {
                why: info.reason.clone(),
                expires: info.expires,
            };
            (info.state, info.interruption.clone(), event)
        };
        match (state, interruption, &self.away) {
            (SessionState::Opened, Some(lost), Away::Lost(known)) if lost == *known => {}
            (SessionState::Opened, Some(lost), _) => {
                let is_idle = matches!(self.stage, Stage::Idle);
                let told = lost.told(&self.session.info().computer_name, lost.since);
                self.away = Away::Lost(lost.clone());
                self.ready.push_back(InteractiveEvent::Interrupted(lost));
                if is_idle {
                    // Commands bring the notice themselves.
                    self.ready.push_back(InteractiveEvent::Notice(told));
                }
            }
            (SessionState::Opened, None, Away::No)
            | (SessionState::Disconnected, _, Away::Left) => {}
            (SessionState::Opened, None, _) => self.back(),
            (SessionState::Disconnected, ..) => {
                self.away = Away::Left;
                // What was fetched is shown before.
                self.release();
                self.ready.push_back(event);
            }
            _ if state.is_over() && matches!(self.stage, Stage::Idle) => self.session_ended(state),
            // On its way from one to another; what runs tells its end itself.
            _ => {}
        }
    }

    /// The session can be used again; what was typed meanwhile goes back to whoever typed it.
    pub(super) fn back(&mut self) {
        // What was typed until now was typed meanwhile.
        while let Ok(request) = self.requests.try_recv() {
            self.request(request);
        }
        if matches!(self.stage, Stage::Over) {
            return;
        }
        let lines = self.lines.drain(..).collect();
        let was = std::mem::replace(&mut self.away, Away::No);
        let is_idle = matches!(self.stage, Stage::Idle);
        if is_idle && matches!(was, Away::Lost(_)) {
            // Commands bring the notice themselves.
            let text = Interruption::over(&self.session.info().computer_name);
            self.ready.push_back(InteractiveEvent::Notice(text));
        }
        self.ready.push_back(match was {
            Away::Left => InteractiveEvent::Reconnected { lines },
            _ => InteractiveEvent::Restored { lines },
        });
        if is_idle && self.shown.is_empty() {
            self.ask();
        } else if is_idle {
            self.ready
                .push_back(InteractiveEvent::Ready(self.shown.clone()));
        }
    }

    /// What was begun has not been sent, and is not to be by surprise: a line is kept as those submitted meanwhile.
    pub(super) fn unsent(&mut self) {
        if let Stage::Line(_, line) = std::mem::replace(&mut self.stage, Stage::Idle) {
            self.lines.push_front(line);
        }
        self.shared.now().running = None;
        if matches!(self.away, Away::No) {
            self.away = Away::Missed;
        }
        self.info.mark_changed();
    }

    pub(super) fn session_ended(&mut self, state: SessionState) {
        let event = match state {
            SessionState::Broken => InteractiveEvent::Broken(Box::new(self.session.gone())),
            SessionState::Opened => return,
            state => {
                let notice = format!("the session is {state}");
                self.ready.push_back(InteractiveEvent::Notice(notice));
                InteractiveEvent::Left { exit_code: None }
            }
        };
        self.over(event);
    }

    pub(super) fn over(&mut self, last: InteractiveEvent) {
        if matches!(last, InteractiveEvent::Broken(_)) {
            self.release();
        }
        self.shared.now().running = None;
        self.ready.push_back(last);
        self.stage = Stage::Over;
    }
}

/// Whether a line can be sent now.
pub(super) fn is_here(info: &SessionInfo) -> bool {
    info.state == SessionState::Opened && info.interruption.is_none()
}
