//! Pipelines: commands found, their parameters bound, objects passed from one to the next.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Code, Emission, Evaluator, Fault, Flow, Run, Sink};
use crate::clixml::Value;
use crate::language::{Element, Pipeline, Word};
use crate::server::demo::commands::{Argument, Call};
use crate::server::demo::outside::Step;
use crate::server::demo::values::array;

impl Evaluator<'_> {
    /// Runs what the client sent.
    pub(super) fn client(&mut self, steps: &[Step], input: bool) -> Run<()> {
        let mut values = Vec::new();
        while let (true, Some(value)) = (input, self.outside.input()?) {
            values.push(value);
        }
        // What it wants shown, it sends to `Out-Default`.
        let steps = if self.shows {
            steps.split_last().map(|(_, steps)| steps)
        } else {
            Some(steps)
        };
        let Some((last, before)) = steps.and_then(<[Step]>::split_last) else {
            return Ok(());
        };
        for step in before {
            values = self.collect(|evaluator, out| evaluator.client_step(step, values, out))?;
        }
        self.client_step(last, values, &mut |evaluator, value| {
            let Evaluator {
                display,
                outside,
                shows,
                ..
            } = evaluator;
            let put = if *shows {
                display.show(value, *outside)
            } else {
                outside.emit(Emission::Output(value))
            };
            Ok(put?)
        })
    }

    fn client_step(&mut self, step: &Step, input: Vec<Value>, out: Sink<'_>) -> Run<()> {
        if !step.is_script {
            let code = self.found(&step.text.as_str().into())?;
            return self.call(&code, step.arguments.clone(), input, out);
        }
        // Scripts run in the global scope.
        let code = Code::read(&step.text)?;
        for (name, value) in self.bind(&code, step.arguments.clone())? {
            self.set(&name, value);
        }
        self.set("input", array(input));
        self.run(&code, Vec::new(), out)
    }

    pub(super) fn pipeline(&mut self, pipeline: &Pipeline, out: Sink<'_>) -> Run<()> {
        let Some((last, before)) = pipeline.elements.split_last() else {
            return Ok(());
        };
        let mut values = Vec::new();
        for element in before {
            values = self.collect(|evaluator, out| evaluator.element(element, values, out))?;
        }
        self.element(last, values, out)
    }

    fn element(&mut self, element: &Element, input: Vec<Value>, out: Sink<'_>) -> Run<()> {
        let command = match element {
            Element::Command(command) => command,
            Element::Expression(value, _) => {
                let mut items = self.expression(value)?.items().into_iter();
                return items.try_for_each(|item| out(self, item));
            }
        };
        let name = self.expression(&command.name)?;
        let code = self.found(&name)?;
        let mut arguments = Vec::new();
        let mut words = command.words.iter().peekable();
        while let Some(word) = words.next() {
            arguments.push(match word {
                Word::Argument(value) => (None, self.expression(value)?),
                Word::Parameter { name, value, .. } => {
                    let switch = code
                        .parameter(name)
                        .is_some_and(|known| known.type_name.as_deref() == Some("switch"));
                    let value = match (value, words.peek()) {
                        (None, Some(Word::Argument(value))) if !switch => {
                            words.next();
                            Some(value)
                        }
                        (value, _) => value.as_ref(),
                    };
                    let value = value.map_or(Ok(true.into()), |value| self.expression(value))?;
                    (Some(name.clone()), value)
                }
            });
        }
        self.call(&code, arguments, input, out)
    }

    /// The script block, function or command of that name.
    fn found(&self, name: &Value) -> Run<Arc<Code>> {
        let text = name.text();
        if let Value::ScriptBlock(_) = name {
            return Code::read(&text);
        }
        let found = self.runspace.function(&text).cloned();
        Ok(found.ok_or_else(|| Fault::not_found(&text))?)
    }

    fn call(
        &mut self,
        code: &Code,
        arguments: Vec<Argument>,
        input: Vec<Value>,
        out: Sink<'_>,
    ) -> Run<()> {
        let bound = self.bind(code, arguments)?;
        if code.native {
            return self.command(&Call { code, bound, input }, out);
        }
        self.runspace.scopes.push(bound);
        let result = self.run(code, input, out);
        self.runspace.scopes.pop();
        match result {
            Err(Flow::Return) => Ok(()),
            result => result,
        }
    }

    /// Gives arguments to parameters.
    fn bind(&mut self, code: &Code, arguments: Vec<Argument>) -> Run<HashMap<String, Value>> {
        let wrong = |id, message: &str, what: &str| {
            let fault = Fault::new(id, format!("A {message} '{what}'.")).of(&code.name);
            fault.kind("ParameterBindingException", 5, "")
        };
        let mut bound = HashMap::new();
        let mut free = Vec::new();
        for (name, value) in arguments {
            let Some(name) = name else {
                free.push(value);
                continue;
            };
            let parameter = code.parameter(&name).ok_or_else(|| {
                let message = "parameter cannot be found that matches parameter name";
                wrong("NamedParameterNotFound", message, &name)
            })?;
            bound.insert(parameter.name.to_lowercase(), value);
        }
        let mut free = free.into_iter();
        for parameter in code.parameters() {
            let name = parameter.name.to_lowercase();
            let kind = parameter.type_name.as_deref();
            let given = match (bound.remove(&name), kind.unwrap_or_default()) {
                (None, "switch" | "ActionPreference" | "ConsoleColor") => None,
                (None, "Object[]") if free.len() > 0 => Some(array(free.by_ref())),
                (given, _) => given.or_else(|| free.next()),
            };
            let value = match (given, &parameter.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.expression(default)?,
                (None, None) if parameter.mandatory => self.ask_field(&parameter.name, false)?,
                (None, None) => continue,
            };
            bound.insert(
                name,
                kind.map_or(Ok(value.clone()), |kind| value.cast(kind))?,
            );
        }
        if let (true, Some(value)) = (code.native, free.as_slice().first()) {
            let message = "positional parameter cannot be found that accepts argument";
            return Err(wrong("PositionalParameterNotFound", message, &value.text()).into());
        }
        bound.insert("args".into(), array(free));
        Ok(bound)
    }

    /// Runs the blocks of code in the present scope.
    pub(in crate::server::demo) fn run(
        &mut self,
        code: &Code,
        input: Vec<Value>,
        out: Sink<'_>,
    ) -> Run<()> {
        let text = std::mem::replace(&mut self.text, Arc::clone(&code.text));
        let result = self.deeper(|evaluator| {
            evaluator.block(&code.block.begin, out)?;
            for item in input {
                evaluator.set("_", item);
                evaluator.block(code.block.process.as_deref().unwrap_or_default(), out)?;
            }
            evaluator.block(&code.block.end, out)
        });
        self.text = text;
        result
    }
}
