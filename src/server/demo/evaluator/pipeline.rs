//! Pipelines: commands found, their parameters bound, objects pushed through.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Code, Evaluator, Fault, Flow, Run, Sink};
use crate::clixml::Value;
use crate::language::{
    Command, Element, ExpressionKind, Invocation, Pipeline, Postfix, RedirectionTarget,
    ScriptBlock, Span, UnaryOperator, Word,
};
use crate::server::demo::commands::{self, Call, begins};
use crate::server::demo::outside::Step;
use crate::server::demo::values;

/// An argument: named or by position.
type Argument = (Option<String>, Value);

/// Something that puts values into a pipeline.
type Source<'s, 'e> = &'s mut dyn FnMut(&mut Evaluator<'e>, Sink<'_, 'e>) -> Run<()>;

/// A command in a pipeline.
pub(super) enum Stage {
    Command(Box<Call>),
    Code(Arc<Code>, Vec<Argument>, Vec<Value>, bool),
}

impl<'e> Evaluator<'e> {
    pub(super) fn pipeline(&mut self, pipeline: &Pipeline, sink: Sink<'_, 'e>) -> Run<()> {
        let mut input = Vec::new();
        let mut stages = Vec::new();
        let mut away = false;
        for element in &pipeline.elements {
            let redirections = match element {
                Element::Expression(value, redirections) => {
                    let silent = match &value.kind {
                        ExpressionKind::Increment(..) => true,
                        ExpressionKind::Postfix(_, steps) => {
                            matches!(steps.last(), Some(Postfix::Increment(_)))
                        }
                        _ => false,
                    };
                    let value = self.expression(value)?;
                    input = if silent {
                        Vec::new()
                    } else {
                        values::items(value)
                    };
                    redirections
                }
                Element::Command(command) => {
                    stages.push(self.stage(command)?);
                    &command.redirections
                }
            };
            away |= redirections.iter().any(|redirection| {
                let file = matches!(redirection.to, RedirectionTarget::File { .. });
                file && redirection.from != Some(2)
            });
        }
        let mut source = |evaluator: &mut Self, out: Sink<'_, 'e>| {
            std::mem::take(&mut input)
                .into_iter()
                .try_for_each(|value| out(evaluator, value))
        };
        let mut nowhere = |_: &mut Self, _: Value| Ok(());
        self.drive(stages, &mut source, if away { &mut nowhere } else { sink })
    }

    /// Pushes what a source has through commands.
    pub(super) fn drive(
        &mut self,
        mut stages: Vec<Stage>,
        source: Source<'_, 'e>,
        sink: Sink<'_, 'e>,
    ) -> Run<()> {
        self.pipelines += 1;
        let number = self.pipelines;
        for (place, stage) in stages.iter_mut().enumerate() {
            if let Stage::Command(call) = stage {
                call.pipeline = number;
                call.place = place;
            }
        }
        let mut from = 0;
        let mut result = source(self, &mut |evaluator, value| {
            evaluator.feed(&mut stages, value, sink)
        });
        loop {
            match result {
                Err(Flow::Enough(pipeline, place)) if pipeline == number => from = from.max(place),
                other => other?,
            }
            let Some((stage, rest)) = stages.get_mut(from..).and_then(<[Stage]>::split_first_mut)
            else {
                return Ok(());
            };
            from += 1;
            result = self.end(stage, &mut |evaluator, value| {
                evaluator.feed(rest, value, sink)
            });
        }
    }

    fn feed(&mut self, stages: &mut [Stage], value: Value, sink: Sink<'_, 'e>) -> Run<()> {
        let Some((stage, rest)) = stages.split_first_mut() else {
            return sink(self, value);
        };
        self.step()?;
        match stage {
            Stage::Command(call) => self.call(call, Some(value), &mut |evaluator, value| {
                evaluator.feed(rest, value, sink)
            }),
            Stage::Code(code, arguments, _, _) if code.block.process.is_some() => {
                let mut next = |evaluator: &mut Self, value| evaluator.feed(rest, value, sink);
                self.invoke(code, arguments, vec![value], true, &mut next)
            }
            Stage::Code(_, _, input, _) => {
                input.push(value);
                Ok(())
            }
        }
    }

    fn end(&mut self, stage: &mut Stage, next: Sink<'_, 'e>) -> Run<()> {
        match stage {
            Stage::Command(call) => self.call(call, None, next),
            Stage::Code(code, ..) if code.block.process.is_some() => Ok(()),
            Stage::Code(code, arguments, input, scoped) => {
                self.invoke(code, arguments, std::mem::take(input), *scoped, next)
            }
        }
    }

    fn call(&mut self, call: &mut Call, input: Option<Value>, next: Sink<'_, 'e>) -> Run<()> {
        self.command(call, input, next).map_err(|flow| match flow {
            Flow::Fault(fault) => fault.command(call.command.name).into(),
            flow => flow,
        })
    }

    /// Runs a script block or function, usually in a scope of its own.
    pub(in crate::server::demo) fn invoke(
        &mut self,
        code: &Arc<Code>,
        arguments: &[Argument],
        input: Vec<Value>,
        scoped: bool,
        sink: Sink<'_, 'e>,
    ) -> Run<()> {
        let depth = self.runspace.scopes.len();
        if scoped {
            self.runspace.scopes.push(HashMap::default());
        }
        if let Some(item) = input.first() {
            self.set("_", item.clone());
        }
        self.set("input", values::array(input));
        let result = self
            .bind(code, arguments)
            .and_then(|()| self.inline(code, sink));
        self.runspace.scopes.truncate(depth);
        match result {
            Err(Flow::Return) => Ok(()),
            result => result,
        }
    }

    /// Runs a script block in the present scope.
    pub(in crate::server::demo) fn inline(
        &mut self,
        code: &Arc<Code>,
        sink: Sink<'_, 'e>,
    ) -> Run<()> {
        self.deeper(|evaluator| {
            let text = std::mem::replace(&mut evaluator.text, Arc::clone(&code.text));
            let ScriptBlock {
                begin,
                process,
                end,
                ..
            } = &code.block;
            let mut blocks = [Some(begin), process.as_ref(), Some(end)]
                .into_iter()
                .flatten();
            let result = blocks.try_for_each(|block| evaluator.block(block, sink));
            evaluator.text = text;
            result
        })
    }

    fn bind(&mut self, code: &Arc<Code>, arguments: &[Argument]) -> Run<()> {
        let mut free: Vec<_> = arguments
            .iter()
            .filter(|(name, _)| name.is_none())
            .map(|(_, value)| value.clone())
            .collect();
        free.reverse();
        let mut missing = Vec::new();
        for parameter in &code.block.parameters {
            let named = arguments.iter().find(|(name, _)| {
                name.as_ref()
                    .is_some_and(|name| begins(&parameter.name, name))
            });
            let kind = parameter.type_name.as_deref();
            let value = match (
                named.map(|(_, value)| value.clone()).or_else(|| free.pop()),
                &parameter.default,
            ) {
                (Some(value), _) => {
                    kind.map_or(Ok(value.clone()), |kind| values::cast(kind, value))?
                }
                (None, Some(default)) => self.expression(default)?,
                (None, None) if parameter.mandatory => {
                    missing.push((parameter.name.as_str(), kind.unwrap_or("string")));
                    continue;
                }
                (None, None) => Value::Null,
            };
            self.set(&parameter.name, value);
        }
        if !missing.is_empty() {
            let caption = format!("cmdlet {} at command pipeline position 1", code.name);
            let answers = self.ask_fields(
                &caption,
                "Supply values for the following parameters:",
                &missing,
            )?;
            for ((name, kind), answer) in missing.into_iter().zip(answers) {
                self.set(name, values::cast(kind, answer)?);
            }
        }
        free.reverse();
        self.set("args", values::array(free));
        Ok(())
    }

    fn stage(&mut self, command: &Command) -> Run<Stage> {
        let name = self.expression(&command.name)?;
        let known = commands::find(&values::text(&name));
        let mut arguments = Vec::new();
        let mut open: Option<String> = None;
        for word in &command.words {
            match word {
                Word::Parameter { name, value, .. } => {
                    arguments.extend(open.take().map(|name| (Some(name), true.into())));
                    match value {
                        Some(value) => {
                            arguments.push((Some(name.clone()), self.expression(value)?));
                        }
                        None if known.is_some_and(|known| known.is_switch(name)) => {
                            arguments.push((Some(name.clone()), true.into()));
                        }
                        None => open = Some(name.clone()),
                    }
                }
                Word::Argument(value) => {
                    let number = matches!(
                        &value.kind,
                        ExpressionKind::Number(_) | ExpressionKind::Unary(UnaryOperator::Minus, _)
                    );
                    // A word that looks like a number is one only where no path is wanted.
                    let value = match self.text.get(value.span.start..value.span.end) {
                        Some(text)
                            if number && known.is_some_and(commands::Command::takes_path) =>
                        {
                            text.into()
                        }
                        _ => self.expression(value)?,
                    };
                    arguments.push((open.take(), value));
                }
            }
        }
        arguments.extend(open.map(|name| (Some(name), true.into())));
        self.found(&name, arguments, command.invocation, command.span)
    }

    /// A command or script that the client sent.
    pub(super) fn stage_of(&mut self, step: &Step) -> Run<Stage> {
        let text = Value::from(step.text.as_str());
        if step.is_script {
            return Ok(Stage::Code(
                Code::read(&text)?,
                step.arguments.clone(),
                Vec::new(),
                false,
            ));
        }
        self.text = step.text.as_str().into();
        self.found(
            &text,
            step.arguments.clone(),
            Invocation::Plain,
            Span::default(),
        )
    }

    fn found(
        &mut self,
        name: &Value,
        arguments: Vec<Argument>,
        invocation: Invocation,
        span: Span,
    ) -> Run<Stage> {
        let scoped = invocation != Invocation::Dot;
        if matches!(name, Value::ScriptBlock(_)) {
            return Ok(Stage::Code(
                Code::read(name)?,
                arguments,
                Vec::new(),
                scoped,
            ));
        }
        let name = values::text(name);
        if let Some(code) = self.runspace.functions.get(&name.to_lowercase()) {
            return Ok(Stage::Code(Arc::clone(code), arguments, Vec::new(), scoped));
        }
        match commands::find(&name) {
            Some(command) => Ok(Stage::Command(Box::new(Call::new(command, arguments)?))),
            None => Err(Fault::not_found(&name, span).at(&self.text).into()),
        }
    }
}
