//! Pipelines: each part runs to its end, then the next one gets what it put out.

use super::{Out, Result, Run};
use crate::cmdlets::Error;
use crate::cmdlets::binding::Argument;
use crate::cmdlets::metadata;
use crate::cmdlets::value::Value;
use crate::language::{Command, Element, ExpressionKind, Invocation, Pipeline, Word};

impl Run<'_> {
    pub(super) async fn pipeline(&mut self, pipeline: &Pipeline, out: &mut Out) -> Result<()> {
        let mut input: Option<Vec<Value>> = None;
        for (at, element) in pipeline.elements.iter().enumerate() {
            self.check()?;
            let is_last = at + 1 == pipeline.elements.len();
            let mut kept = Out::kept();
            let to = if is_last { &mut *out } else { &mut kept };
            match element {
                Element::Expression(value, redirections) => {
                    if !redirections.is_empty() {
                        return Err(Error::unsupported("redirection").at(value.span).into());
                    }
                    let values = self.expression(value).await?.items();
                    for value in values {
                        self.emit(to, value)?;
                    }
                }
                Element::Command(command) => {
                    let done = self.command(command, input.take(), to).await;
                    done.map_err(|stop| match stop {
                        super::Stop::Error(error) => {
                            super::Stop::Error(Box::new(error.at(command.span)))
                        }
                        other => other,
                    })?;
                }
            }
            input = Some(kept.take());
        }
        Ok(())
    }

    async fn command(
        &mut self,
        command: &Command,
        input: Option<Vec<Value>>,
        out: &mut Out,
    ) -> Result<()> {
        let name = match command.invocation {
            Invocation::Dot => return Err(Error::unsupported("dot-sourcing").into()),
            Invocation::Call | Invocation::Plain => self.expression(&command.name).await?,
        };
        let Some(name) = name.as_str() else {
            return Err(Error::unsupported("running script blocks here").into());
        };
        let Some(cmdlet) = metadata::find(name) else {
            let mut error = Error::unsupported(&format!("'{name}'"));
            error.record.fully_qualified_error_id = "CommandNotFoundException".to_owned();
            return Err(error.target(name).at(command.name.span).into());
        };
        if !command.redirections.is_empty() {
            return Err(Error::unsupported("redirection").into());
        }
        let arguments = self.arguments(&command.words).await?;
        self.call(cmdlet, arguments, input, out).await
    }

    async fn arguments(&mut self, words: &[Word]) -> Result<Vec<Argument>> {
        let mut arguments = Vec::with_capacity(words.len());
        for word in words {
            match word {
                Word::Parameter { name, value, span } => {
                    let value = match value {
                        Some(value) => Some(self.expression(value).await?),
                        None => None,
                    };
                    arguments.push(Argument::Parameter {
                        name: name.clone(),
                        value,
                        span: *span,
                    });
                }
                Word::Argument(word) => match &word.kind {
                    ExpressionKind::Splat(variable) => match self.get(variable) {
                        Value::Hash(entries) => {
                            arguments.extend(entries.iter().map(|(name, value)| {
                                Argument::Parameter {
                                    name: name.text(),
                                    value: Some(value.clone()),
                                    span: word.span,
                                }
                            }));
                        }
                        value if value.is_null() => {}
                        value => {
                            let values = value.items().into_iter();
                            arguments.extend(values.map(|value| Argument::Value(value, word.span)));
                        }
                    },
                    _ => arguments.push(Argument::Value(self.expression(word).await?, word.span)),
                },
            }
        }
        Ok(arguments)
    }
}
