//! No verb: the full-screen app.

use super::Context;
use super::status::{ExitStatus, Failed};
use crate::session::Pool;
use crate::tui;

/// Runs the app with an empty list.
pub(super) fn run(context: &Context) -> Result<ExitStatus, Failed> {
    let options = tui::Options {
        pool: Pool::new(Vec::new()),
        config: context.config()?,
        colours: context.colours.out,
        themes: crate::config::themes_folder(),
        servers: Vec::new(),
    };
    Ok(ExitStatus(super::block_on(tui::run(options))??))
}
