//! Host calls: those that wait for a person, and their answers.

use std::collections::BTreeMap;

use super::{RunId, Task, Weighed, policy};
use crate::psrp::Target;
use crate::psrp::host::{HostAnswer, HostCall, HostMethod};
use crate::session::{HostEvent, PipelineEvent, Prompt, PromptReply, StreamKind};

/// More prompts at once than any person is asked.
const MOST_PROMPTS: usize = 64;

/// The calls that wait for a person.
#[derive(Default)]
pub(super) struct Prompts {
    last: u64,
    open: BTreeMap<u64, Open>,
}

struct Open {
    run: RunId,
    target: Target,
    call: HostCall,
}

impl Prompts {
    fn add(&mut self, run: RunId, target: Target, call: HostCall) -> u64 {
        self.last += 1;
        self.open.insert(self.last, Open { run, target, call });
        self.last
    }

    fn take(&mut self, id: u64) -> Option<(Target, HostCall)> {
        self.open.remove(&id).map(|open| (open.target, open.call))
    }

    /// Forgets a pipeline's prompts: the server no longer waits for them.
    pub(super) fn cancel_run(&mut self, run: RunId) -> Vec<u64> {
        let ids: Vec<u64> = self
            .open
            .iter()
            .filter(|(_, open)| open.run == run)
            .map(|(id, _)| *id)
            .collect();
        self.open.retain(|_, open| open.run != run);
        ids
    }

    /// Gives a pipeline's prompts to another viewer: those that do not wait among its events.
    pub(super) fn pass_on(
        &mut self,
        former: RunId,
        next: RunId,
        events: &[Weighed],
    ) -> Vec<(u64, HostMethod)> {
        let waits = |sought: u64| {
            events.iter().any(|(event, _)| {
                matches!(event, PipelineEvent::Host(HostEvent::Prompt { id, .. }) if *id == sought)
            })
        };
        let all = self.open.iter_mut();
        all.filter(|(_, open)| open.run == former)
            .map(|(id, open)| {
                open.run = next;
                (*id, open.call.method.clone())
            })
            .filter(|(id, _)| !waits(*id))
            .collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn find(&self, target: Target, call: i64) -> Option<u64> {
        let mut open = self.open.iter();
        open.find(|(_, open)| open.target == target && open.call.id == call)
            .map(|(id, _)| *id)
    }

    /// A pipeline's prompts, which nobody will answer any more.
    pub(super) fn take_run(&mut self, run: RunId) -> Vec<(Target, HostCall)> {
        let ids = self
            .open
            .iter()
            .filter(|(_, open)| open.run == run)
            .map(|(id, _)| *id)
            .collect::<Vec<_>>();
        ids.into_iter().filter_map(|id| self.take(id)).collect()
    }
}

impl Task {
    pub(super) fn host_call(&mut self, target: Target, call: HostCall) {
        let window = match target {
            Target::Pipeline(id) => self.pipes.get(&id).map_or(self.window, |pipe| pipe.window),
            Target::Pool => self.window,
        };
        if let Some(answer) = policy::on_the_spot(&call.method, window) {
            if call.waits() {
                self.send_answer(target, &call, &answer);
            }
            return;
        }
        let computer = self.info.borrow().computer_name.clone();
        let id = match target {
            // Nobody looks at the pool itself: what it shows is lost, what it asks is refused.
            Target::Pool => None,
            Target::Pipeline(id) => Some(id),
        };
        let Some(pipe) = id
            .and_then(|id| self.pipes.get_mut(&id))
            .filter(|pipe| pipe.watched() && !pipe.finished)
        else {
            self.refuse(target, &call);
            return;
        };
        if !call.waits() {
            if let HostMethod::SetShouldExit { exit_code } = call.method {
                pipe.exit_code = Some(exit_code);
            }
            if let Some(event) = policy::shown(call.method) {
                pipe.host(event);
            }
            return;
        }
        let Some(prompt) = policy::asked(&call.method, &computer) else {
            // A void method whose caller waits for its end.
            if let HostMethod::SetShouldExit { exit_code } = call.method {
                pipe.exit_code = Some(exit_code);
            }
            let event = policy::shown(call.method.clone());
            if let Some(event) = event {
                pipe.host(event);
                self.send_answer(target, &call, &HostAnswer::Void);
            } else {
                self.refuse(target, &call);
            }
            return;
        };
        let run = pipe.run;
        if self.prompts.open.len() >= MOST_PROMPTS {
            self.refuse(target, &call);
            return;
        }
        if call.method.asks_for_secret() && !matches!(prompt, Prompt::Credential { .. }) {
            pipe.host(HostEvent::Stream(
                StreamKind::Warning,
                policy::warning(&computer),
            ));
        }
        let id = self.prompts.add(run, target, call);
        if let Some(pipe) = self.pipe(run) {
            pipe.host(HostEvent::Prompt { id, prompt });
        }
    }

    /// Nobody waits for that answer any more.
    pub(super) fn call_cancelled(&mut self, target: Target, call: i64) {
        if let (Some(id), Target::Pipeline(pipeline)) = (self.prompts.find(target, call), target) {
            self.prompts.take(id);
            if let Some(pipe) = self.pipes.get_mut(&pipeline) {
                pipe.hand_on(PipelineEvent::Host(HostEvent::PromptCancelled(id)));
            }
        }
    }

    pub(super) fn answer(&mut self, id: u64, reply: PromptReply) {
        let Some((target, call)) = self.prompts.take(id) else {
            return; // late: its pipeline was stopped
        };
        match policy::answer(&call.method, reply) {
            Some(answer) => self.send_answer(target, &call, &answer),
            None => self.refuse(target, &call),
        }
    }

    pub(super) fn refuse(&mut self, target: Target, call: &HostCall) {
        if call.waits() {
            let why = "nobody can answer: the host that would ask has no person at it";
            let answer = HostAnswer::refused(call.method.id(), why);
            self.send_answer(target, call, &answer);
        }
    }

    fn send_answer(&mut self, target: Target, call: &HostCall, answer: &HostAnswer) {
        // Its pipeline may have ended meanwhile; then there is nobody to tell.
        let _ = self.client.answer(target, call.id, answer);
    }
}
