//! Pipelines: commands found, their parameters bound, objects passed from one to the next.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Code, Evaluator, Fault, Flow, Run, begins};
use crate::clixml::Value;
use crate::language::{Element, Pipeline, Word};
use crate::server::demo::commands::Call;
use crate::server::demo::outside::Step;
use crate::server::demo::values::array;

/// A parameter's name or a value, or both.
type Argument = (Option<String>, Option<Value>);

impl Evaluator<'_> {
    /// Runs what the client sent.
    pub(super) fn client(&mut self, steps: &[Step], input: bool) -> Run<()> {
        let input = self.collect(|evaluator| {
            while input && let Some(value) = evaluator.outside.input()? {
                evaluator.put(value)?;
            }
            Ok(())
        })?;
        match steps.split_last() {
            // What it wants shown, it sends to `Out-Default`.
            Some((_, steps)) if self.shows => self.each(steps, input, Self::step),
            _ => self.each(steps, input, Self::step),
        }
    }

    pub(super) fn pipeline(&mut self, pipeline: &Pipeline) -> Run<()> {
        self.each(&pipeline.elements, Vec::new(), Self::element)
    }

    /// Runs the parts of a pipeline, each with what the one before it put out.
    fn each<P>(
        &mut self,
        parts: &[P],
        mut input: Vec<Value>,
        run: fn(&mut Self, &P, Vec<Value>) -> Run<()>,
    ) -> Run<()> {
        let Some((last, before)) = parts.split_last() else {
            return Ok(());
        };
        for part in before {
            input = self.collect(|evaluator| run(evaluator, part, input))?;
        }
        run(self, last, input)
    }

    fn step(&mut self, step: &Step, input: Vec<Value>) -> Run<()> {
        let arguments = step.arguments.iter().cloned();
        let arguments = arguments.map(|(name, value)| (name, Some(value))).collect();
        if !step.is_script {
            let code = self.found(&step.text.as_str().into())?;
            return self.call(&code, arguments, input);
        }
        // Scripts run in the global scope.
        let code = Code::read(&step.text)?;
        for (name, value) in self.bind(&code, arguments)? {
            self.set(&name, value);
        }
        self.set("input", array(input));
        self.run(&code, Vec::new())
    }

    fn element(&mut self, element: &Element, input: Vec<Value>) -> Run<()> {
        let command = match element {
            Element::Command(command) => command,
            Element::Expression(value, _) => {
                let items = self.expression(value)?.items();
                return self.put_all(items);
            }
        };
        let name = self.expression(&command.name)?;
        let code = self.found(&name)?;
        let mut arguments = Vec::new();
        for word in &command.words {
            let (name, value) = match word {
                Word::Argument(value) => (None, Some(value)),
                Word::Parameter { name, value, .. } => (Some(name.clone()), value.as_ref()),
            };
            let value = value.map(|value| self.expression(value)).transpose()?;
            arguments.push((name, value));
        }
        self.call(&code, arguments, input)
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

    fn call(&mut self, code: &Code, arguments: Vec<Argument>, input: Vec<Value>) -> Run<()> {
        let bound = self.bind(code, arguments)?;
        if code.text.is_none() {
            return self.command(&Call { code, bound, input });
        }
        self.runspace.scopes.push(bound);
        let result = self.run(code, input);
        self.runspace.scopes.pop();
        match result {
            Err(Flow::Return) => Ok(()),
            result => result,
        }
    }

    /// Gives arguments to parameters.
    fn bind(&mut self, code: &Code, arguments: Vec<Argument>) -> Run<HashMap<String, Value>> {
        let mut named = HashMap::new();
        let mut free = Vec::new();
        let mut arguments = arguments.into_iter();
        while let Some((name, value)) = arguments.next() {
            let Some(name) = name else {
                free.extend(value);
                continue;
            };
            let mut parameters = code.block.parameters.iter();
            let parameter = parameters.find(|parameter| begins(&parameter.name, &name));
            let parameter = parameter.ok_or_else(|| {
                let message =
                    format!("A parameter cannot be found that matches parameter name '{name}'.");
                Fault::new("NamedParameterNotFound", message)
                    .kind("ParameterBindingException", 5, "")
                    .of(&code.name)
            })?;
            let value = match parameter.type_name.as_deref() {
                Some("switch") => value.or(Some(true.into())),
                _ => value.or_else(|| arguments.next()?.1),
            };
            named.insert(&parameter.name, value.unwrap_or_default());
        }
        let mut free = free.into_iter();
        let mut bound = HashMap::new();
        for parameter in &code.block.parameters {
            let kind = parameter.type_name.as_deref();
            // A command's typed parameters are given by name only.
            let by_name = kind == Some("switch") || (code.text.is_none() && kind.is_some());
            let given = match named.remove(&parameter.name) {
                None if !by_name => free.next(),
                given => given,
            };
            let value = match (given, &parameter.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.expression(default)?,
                (None, None) => continue,
            };
            let value = kind.map_or(Ok(value.clone()), |kind| value.cast(kind));
            bound.insert(parameter.name.to_lowercase(), value?);
        }
        bound.insert("args".into(), array(free));
        Ok(bound)
    }

    /// Runs the blocks of code in the present scope.
    pub(in crate::server::demo) fn run(&mut self, code: &Code, input: Vec<Value>) -> Run<()> {
        let text = std::mem::replace(&mut self.text, code.text.clone());
        let result = self.deeper(|evaluator| {
            evaluator.block(&code.block.begin)?;
            for item in input {
                evaluator.set("_", item);
                evaluator.block(code.block.process.as_deref().unwrap_or_default())?;
            }
            evaluator.block(&code.block.end)
        });
        self.text = text;
        result
    }
}
