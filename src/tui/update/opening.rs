//! Opening and connecting sessions: stages, our questions, the end.

use std::time::Duration;

use crate::session::{ExitCode, Report, SessionId, SessionInfo, TransportKind};
use crate::transport::{Answer, Question, Stage};
use crate::tui::model::layer::{
    Asked, Asker, Layer, NewSession, Opening, OpeningId, OpeningOf, QuestionId, Way,
};
use crate::tui::model::{Model, Redraw};

use super::{Effect, Message, bulk, pane_size, tabs, toast};

/// Opens a new session and enters it.
pub(super) fn open(model: &mut Model, new: NewSession) -> Vec<Effect> {
    let id = OpeningId(model.number());
    let label = new.target.clone();
    let way = Way::taken(&new, &model.config);
    begin(model, id, OpeningOf::New(new.clone()), label, way, true);
    vec![Effect::Open(id, new, pane_size(model)), second_later(id)]
}

/// Takes up a disconnected session.
pub(super) fn connect(model: &mut Model, session: SessionId, enter: bool) -> Vec<Effect> {
    let Some(info) = model.sessions.get(session) else {
        return Vec::new();
    };
    if bulk::is_connecting(model, session) {
        let text = format!("{} is being connected", info.name);
        return toast(model, text, false);
    }
    let label = format!("{} on {}", info.name, info.computer_name);
    let way = match info.transport {
        TransportKind::WSMan => Way::Computer,
        TransportKind::Ssh => Way::Ssh,
        TransportKind::Process | TransportKind::Demo => Way::Other,
    };
    let id = OpeningId(model.number());
    begin(model, id, OpeningOf::Connect(session), label, way, enter);
    vec![Effect::Connect(id, session), second_later(id)]
}

pub(super) fn stage(model: &mut Model, id: OpeningId, stage: Stage) -> Vec<Effect> {
    if let Some(opening) = find(model, id) {
        opening.stage = Some(stage);
        model.draw(Redraw::Soon);
    }
    Vec::new()
}

pub(super) fn second(model: &mut Model, id: OpeningId) -> Vec<Effect> {
    match find(model, id) {
        Some(opening) if opening.failure.is_none() => {
            opening.seconds += 1;
            model.draw(Redraw::Soon);
            vec![second_later(id)]
        }
        _ => Vec::new(),
    }
}

pub(super) fn opened(model: &mut Model, id: OpeningId, info: &SessionInfo) -> Vec<Effect> {
    if model.under_way.contains_key(&id) {
        drop_questions(model, id);
        return bulk::connected(model, id, Ok(info));
    }
    let Some(enter) = find(model, id).map(|opening| opening.enter) else {
        // Cancelled, and opened all the same: it is in the list.
        return toast(
            model,
            format!("{} on {} was opened", info.name, info.computer_name),
            false,
        );
    };
    let of = find(model, id).map(|opening| opening.of.clone());
    let taken_up = matches!(of, Some(OpeningOf::Connect(_)));
    if let Some(OpeningOf::New(new)) = of {
        model.origins.insert(info.id, new);
    }
    remove(model, id);
    model.draw(Redraw::Soon);
    if enter
        && taken_up
        && let Some(tab) = model.tab_of_session(info.id)
    {
        tabs::show(model, tab);
        return Vec::new();
    }
    if enter && taken_up {
        return tabs::resume_here(model, info.id, info.computer_name.clone());
    }
    if enter {
        return tabs::enter(model, info.id, info.computer_name.clone());
    }
    toast(
        model,
        format!("{} on {} is connected", info.name, info.computer_name),
        false,
    )
}

pub(super) fn failed(model: &mut Model, id: OpeningId, report: Box<Report>) -> Vec<Effect> {
    if model.under_way.contains_key(&id) {
        drop_questions(model, id);
        return bulk::connected(model, id, Err(report));
    }
    let cancelled = report.code == ExitCode::Cancelled;
    if cancelled {
        remove(model, id);
    } else {
        drop_questions(model, id);
        if let Some(opening) = find(model, id) {
            opening.failure = Some(report);
        }
    }
    model.draw(Redraw::Soon);
    Vec::new()
}

pub(super) fn question(
    model: &mut Model,
    asker: Asker,
    id: QuestionId,
    question: Question,
) -> Vec<Effect> {
    let waits = match asker {
        Asker::Opening(opening) => {
            model.under_way.contains_key(&opening) || find(model, opening).is_some()
        }
        Asker::Command => model.command.running,
        Asker::Server(round, place) => model.servers.asks(round, place),
    };
    if !waits {
        return vec![Effect::AnswerQuestion(id, Answer::Refuse)];
    }
    model
        .layers
        .push(Layer::Question(Asked::new(id, asker, question)));
    model.draw(Redraw::Soon);
    Vec::new()
}

pub(super) fn void(model: &mut Model, id: QuestionId) -> Vec<Effect> {
    model
        .layers
        .retain(|layer| !matches!(layer, Layer::Question(asked) if asked.id == id));
    model.draw(Redraw::Soon);
    Vec::new()
}

/// Esc: gives up what is being opened, and its questions.
pub(super) fn cancel(model: &mut Model, id: OpeningId) -> Vec<Effect> {
    remove(model, id);
    vec![Effect::CancelOpening(id)]
}

fn begin(model: &mut Model, id: OpeningId, of: OpeningOf, label: String, way: Way, enter: bool) {
    model.layers.push(Layer::Opening(Opening {
        id,
        of,
        label,
        way,
        enter,
        stage: None,
        seconds: 0,
        failure: None,
    }));
}

fn second_later(id: OpeningId) -> Effect {
    Effect::Later(Duration::from_secs(1), Box::new(Message::Second(id)))
}

fn find(model: &mut Model, id: OpeningId) -> Option<&mut Opening> {
    model.layers.iter_mut().find_map(|layer| match layer {
        Layer::Opening(opening) if opening.id == id => Some(opening),
        _ => None,
    })
}

fn remove(model: &mut Model, id: OpeningId) {
    drop_questions(model, id);
    model
        .layers
        .retain(|layer| !matches!(layer, Layer::Opening(opening) if opening.id == id));
}

pub(super) fn drop_questions(model: &mut Model, id: OpeningId) {
    model.layers.retain(
        |layer| !matches!(layer, Layer::Question(asked) if asked.asker == Asker::Opening(id)),
    );
}
