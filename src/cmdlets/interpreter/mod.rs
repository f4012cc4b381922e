//! Runs the language's tree: statements and pipelines of cmdlets. What the language has beyond that is an error that
//! names the part.

mod calls;
mod collected;
mod expression;
mod operator;
mod pipeline;
mod shown;
mod statement;
mod streams;
mod using;
mod variables;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Error;
use super::binding::Common;
use super::console::Console;
use super::interrupt::Interrupt;
use super::value::Value;
use crate::language::{self, ScriptBlock};

use collected::Collected;
pub(super) use operator::{compare, like, operate};
pub(super) use shown::Shown;
pub(super) use streams::Impact;
pub(super) use using::PARAMETER as USING;
pub(super) use variables::Variables;

/// Why a line ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// An error that ends its statement; not shown yet.
    Error(Box<Error>),
    /// One that ends the line: `-ErrorAction Stop`.
    Failed(Box<Error>),
    /// Ctrl+C.
    Cancelled,
    /// What ends the statement was told already.
    Told,
    /// `exit N`.
    Exit(i32),
}

pub(super) type Result<T> = std::result::Result<T, Stop>;

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(Box::new(error))
    }
}

/// Where a command's output goes.
#[derive(Debug, Default)]
pub(super) struct Out {
    /// Kept for what comes next; else it is shown.
    kept: Option<Collected>,
    /// `-OutVariable`.
    copy: Option<Collected>,
}

impl Out {
    pub(super) fn shown() -> Self {
        Self::default()
    }

    pub(super) fn kept() -> Self {
        Self {
            kept: Some(Collected::default()),
            ..Self::default()
        }
    }

    pub(super) fn take(&mut self) -> Vec<Value> {
        self.kept.take().unwrap_or_default().values
    }
}

/// What a command said besides its output, for `-ErrorVariable` and its like.
#[derive(Debug, Default)]
struct Said {
    errors: Collected,
    warnings: Collected,
    information: Collected,
}

/// A line being run.
pub(super) struct Run<'c> {
    pub(super) console: &'c mut Console,
    pub(super) cancel: CancellationToken,
    pub(super) interrupt: Interrupt,
    /// The text that the spans of the tree at hand belong to.
    source: Arc<str>,
    /// The cmdlet at hand, and what it was told.
    cmdlet: &'static str,
    common: Common,
    /// What it said so far.
    said: Said,
    /// The answer to `Confirm` that holds for the rest of the command at hand.
    for_all: Option<bool>,
    /// `$_`.
    item: Vec<Value>,
    /// Whether everything so far went well (`$?`), for `&&` and `||`.
    succeeded: bool,
    /// The gravest exit status of the errors.
    pub(super) failed: Option<crate::session::ExitCode>,
}

impl<'c> Run<'c> {
    pub(super) fn new(console: &'c mut Console, source: &str, interrupt: Interrupt) -> Self {
        Self {
            console,
            cancel: interrupt.token(),
            interrupt,
            source: source.into(),
            cmdlet: "",
            common: Common::default(),
            said: Said::default(),
            for_all: None,
            item: Vec::new(),
            succeeded: true,
            failed: None,
        }
    }

    /// Runs the whole line.
    pub(super) async fn line(&mut self) -> Result<()> {
        let source = Arc::clone(&self.source);
        let tree = read(&source)?;
        self.block(&tree.end, &mut Out::shown()).await
    }

    /// Runs a script block for one item, `$_` in it.
    pub(super) async fn script(
        &mut self,
        text: &Arc<str>,
        item: Value,
        out: &mut Out,
    ) -> Result<()> {
        let tree = read(text)?;
        let outer = std::mem::replace(&mut self.source, Arc::clone(text));
        let common = std::mem::take(&mut self.common);
        self.item.push(item);
        let body = tree.process.as_ref().unwrap_or(&tree.end);
        let done = self.block(body, out).await;
        self.item.pop();
        self.common = common;
        let done = done.map_err(|stop| self.in_line(stop));
        self.source = outer;
        done
    }

    /// An error knows the line that it stands in.
    fn in_line(&self, stop: Stop) -> Stop {
        match stop {
            Stop::Error(error) => Stop::Error(Box::new(error.in_line(&self.source))),
            Stop::Failed(error) => Stop::Failed(Box::new(error.in_line(&self.source))),
            other => other,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        Ok(())
    }
}

fn read(text: &str) -> Result<ScriptBlock> {
    let tree = language::parse(text).map_err(|wrong| {
        let error = Error::new("ParserError", wrong.id, wrong.message);
        error.at(wrong.span).in_line(text)
    })?;
    if !tree.parameters.is_empty() || !tree.begin.is_empty() {
        return Err(Error::unsupported("param and begin blocks").into());
    }
    Ok(tree)
}
