//! The screen, drawn from the model alone.

mod bars;
mod command;
mod dialogs;
pub(crate) mod help;
mod hints;
mod leaving;
mod opening;
mod pane;
mod popup;
mod prompts;
mod resume;
mod sessions;
mod strip;
mod toasts;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::model::Model;
use super::model::layer::Layer;

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame, model: &Model) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    let [top, middle, bottom] = parts(area);
    bars::top(frame, top, model);
    match model.pane() {
        Some(shown) => pane::draw(frame, middle, model, shown),
        None => sessions::draw(frame, middle, model),
    }
    bars::bottom(frame, bottom, model);
    if model.prefix {
        bars::prefix(frame, middle, model);
    }
    toasts::draw(frame, middle, model);
    if let Some(shown) = model.pane()
        && let Some(ask) = shown.asked()
    {
        prompts::draw(frame, middle, model, &model.name_of(shown), ask);
    }
    for layer in &model.layers {
        match layer {
            Layer::Help(scrolled) => help::draw(frame, area, model, *scrolled),
            Layer::Resume(list) => resume::draw(frame, middle, model, list),
            Layer::Command => command::draw(frame, middle, model),
            Layer::Asks(ask) => prompts::draw(frame, middle, model, "A cmdlet", ask),
            Layer::Quit(quit) => leaving::draw(frame, middle, model, quit),
            layer => dialogs::draw(frame, middle, model, layer),
        }
    }
}

/// The tab line, what is shown, and the status line.
fn parts(area: Rect) -> [Rect; 3] {
    let top = Rect { height: 1, ..area };
    let bottom = Rect {
        y: area.bottom().saturating_sub(1),
        height: u16::from(area.height > 1),
        ..area
    };
    let middle = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(2),
        ..area
    };
    [top, middle, bottom]
}

#[cfg(test)]
mod away_tests;
#[cfg(test)]
mod command_tests;
#[cfg(test)]
mod resume_tests;
#[cfg(test)]
mod tests;
