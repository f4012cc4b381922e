//! Lines from standard input that is no terminal.

use std::io;

use tokio::io::{AsyncBufReadExt as _, BufReader, Stdin};
use zeroize::Zeroizing;

use super::viewer::{Next, Step, Viewer};
use crate::cli::prompts::Talk;
use crate::cli::status::{ExitStatus, Failed};
use crate::language::{Completeness, Incomplete, completeness};
use crate::remote_text::plain;
use crate::session::Line;

/// The rest of standard input, a line at a time.
pub(in crate::cli) struct Lines {
    input: BufReader<Stdin>,
    first: bool,
}

/// Runs each line until the input ends or the session does.
pub(super) async fn run(
    mut viewer: Viewer,
    show_prompts: bool,
    lines: &mut Lines,
) -> Result<ExitStatus, Failed> {
    let mut interrupted = false;
    loop {
        let step = match viewer.next().await? {
            Next::Event(event) => viewer.show(event)?,
            Next::Interrupt if interrupted => {
                viewer.interactive.force_close();
                Step::Shown
            }
            Next::Interrupt => {
                interrupted = true;
                viewer.interactive.interrupt();
                Step::Shown
            }
        };
        match step {
            Step::Shown => {}
            Step::Over(_) if interrupted => return Ok(ExitStatus::CANCELLED),
            Step::Over(status) => return Ok(status),
            Step::Asks(id, prompt) => {
                viewer.ask(id, &prompt, lines).await?;
            }
            Step::Ready(_) if interrupted => viewer.interactive.leave(),
            Step::Ready(prompt) => {
                let read = tokio::select! {
                    read = lines.command() => read,
                    () = viewer.interrupts.next() => return Ok(ExitStatus::CANCELLED),
                };
                let Some(command) = read? else {
                    viewer.interactive.leave();
                    continue;
                };
                if show_prompts {
                    viewer.screen.fresh_line()?;
                    viewer.screen.write(&Line {
                        text: format!("{}{command}", plain(&prompt)),
                        newline: true,
                        foreground: None,
                        background: None,
                    })?;
                }
                viewer.interactive.submit(command);
            }
        }
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            input: BufReader::new(tokio::io::stdin()),
            first: true,
        }
    }
}

impl Lines {
    /// Lines up to where they are a complete text, or to the end of the input; `None` where nothing is left.
    pub(in crate::cli) async fn command(&mut self) -> io::Result<Option<String>> {
        let mut text = String::new();
        let mut waits_for: Option<Incomplete> = None;
        loop {
            let Some(line) = self.next().await? else {
                return Ok((!text.is_empty()).then_some(text));
            };
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&line);
            if text.trim().is_empty() {
                text.clear();
            } else if waits_for.is_none_or(|waits_for| waits_for.may_end_in(&line)) {
                match completeness(&text) {
                    Completeness::Incomplete(open) => waits_for = Some(open),
                    _ => return Ok(Some(text)),
                }
            }
        }
    }

    async fn next(&mut self) -> io::Result<Option<Zeroizing<String>>> {
        let mut line = Zeroizing::new(Vec::new());
        if self.input.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        while matches!(line.last(), Some(b'\n' | b'\r')) {
            line.pop();
        }
        let text = Zeroizing::new(String::from_utf8_lossy(&line).into_owned());
        if std::mem::take(&mut self.first)
            && let Some(text) = text.strip_prefix('\u{feff}')
        {
            return Ok(Some(Zeroizing::new(text.to_owned())));
        }
        Ok(Some(text))
    }
}

impl Talk for Lines {
    fn show(&mut self, _text: &str) -> io::Result<()> {
        Ok(())
    }

    async fn line(&mut self, _label: &str, _echo: bool) -> io::Result<Option<Zeroizing<String>>> {
        self.next().await
    }
}
