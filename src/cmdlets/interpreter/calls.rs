//! Calling a cmdlet: its parameters, what is asked for, what it leaves in variables.

use super::{Collected, Out, Result, Run, Said, Stop};
use crate::cmdlets::Error;
use crate::cmdlets::binding::{Argument, Binder, Bound};
use crate::cmdlets::commands;
use crate::cmdlets::metadata::Cmdlet;
use crate::cmdlets::value::Value;
use crate::session::{FieldReply, Prompt, PromptField, PromptReply};

impl Run<'_> {
    /// Runs a cmdlet on what a pipeline brings, or without one.
    pub(in crate::cmdlets) async fn call(
        &mut self,
        cmdlet: &'static Cmdlet,
        arguments: Vec<Argument>,
        input: Option<Vec<Value>>,
        out: &mut Out,
    ) -> Result<()> {
        if arguments.iter().any(Argument::asks_for_help) {
            let columns = self.console.host.window().columns;
            self.emit(out, cmdlet.help(columns.into()).into())?;
            return Ok(());
        }
        let of = |error: Error| Stop::from(error.of(cmdlet.name));
        let mut binder = Binder::new(cmdlet, arguments).map_err(of)?;
        let missing = binder.missing(input.is_some());
        if !missing.is_empty() {
            self.ask_for(&mut binder, &missing).await?;
        }
        let outer = (
            std::mem::replace(&mut self.common, binder.common.clone()),
            std::mem::replace(&mut self.cmdlet, cmdlet.name),
            std::mem::take(&mut self.said),
            self.for_all.take(),
        );
        let copy = out.copy.take();
        out.copy = binder
            .common
            .out_variable
            .is_some()
            .then(Collected::default);
        let done = match self.bind(&binder, input) {
            Ok(bound) => Box::pin(commands::run(self, cmdlet, bound, out)).await,
            Err(stop) => Err(stop),
        };
        let done = done.map_err(|stop| match stop {
            Stop::Error(error) => {
                let error = error.of(cmdlet.name);
                // One more than fits is no reason for another error.
                let _ = self.note_error(&error);
                Stop::Error(Box::new(error))
            }
            other => other,
        });
        let put_out = std::mem::replace(&mut out.copy, copy).unwrap_or_default();
        let most = self.console.most_collected;
        let copied = out.copy.as_mut().map_or(Ok(()), |copy| {
            let mut values = put_out.values.iter().cloned();
            values.try_for_each(|value| copy.push(value, most))
        });
        let (common, cmdlet, said, for_all) = outer;
        let told = std::mem::replace(&mut self.common, common);
        self.cmdlet = cmdlet;
        self.for_all = for_all;
        let said = std::mem::replace(&mut self.said, said);
        let Said {
            errors,
            warnings,
            information,
        } = said;
        for (name, values) in [
            (told.out_variable, put_out),
            (told.error_variable, errors),
            (told.warning_variable, warnings),
            (told.information_variable, information),
        ] {
            if let Some(name) = name {
                self.keep(&name, values.values);
            }
        }
        done?;
        Ok(copied?)
    }

    /// The cmdlet's parameters for each object of the pipeline; once where there is none.
    fn bind(&mut self, binder: &Binder, input: Option<Vec<Value>>) -> Result<Vec<Bound>> {
        let Some(input) = input else {
            return Ok(vec![binder.finish()?]);
        };
        let mut bound = Vec::with_capacity(input.len());
        for value in input {
            match binder.with(&value) {
                Ok(one) => bound.push(one),
                Err(error) => self.complain(error)?,
            }
        }
        Ok(bound)
    }

    /// Asks for the mandatory parameters that nobody gave, as PowerShell does.
    async fn ask_for(&mut self, binder: &mut Binder, missing: &[usize]) -> Result<()> {
        let cmdlet = binder.cmdlet;
        let parameters = missing
            .iter()
            .filter_map(|at| Some((*at, cmdlet.parameters.get(*at)?)));
        let parameters: Vec<_> = parameters.collect();
        // What cannot be typed is not asked for.
        let typed = |kind: &str| {
            matches!(
                kind,
                "String" | "Int32" | "Guid" | "Uri" | "PSCredential" | "DateTime"
            )
        };
        if !parameters
            .iter()
            .all(|(_, parameter)| typed(parameter.kind) || !parameter.values.is_empty())
        {
            return Ok(());
        }
        let fields = parameters.iter().map(|(_, parameter)| PromptField {
            name: parameter.name.to_owned(),
            label: parameter.name.to_owned(),
            help: String::new(),
            secure: false,
            credential: false,
            list: parameter.list,
        });
        let prompt = Prompt::Fields {
            caption: format!("cmdlet {} at command pipeline position 1", cmdlet.name),
            message: "Supply values for the following parameters:".to_owned(),
            fields: fields.collect(),
        };
        let PromptReply::Fields(replies) = self.prompt(&prompt).await? else {
            return Ok(());
        };
        for ((at, _), reply) in parameters.iter().zip(replies) {
            let value = match reply {
                FieldReply::Text(text) => text.into(),
                FieldReply::List(texts) => {
                    Value::Array(texts.into_iter().map(Value::from).collect())
                }
                FieldReply::Secure(_) | FieldReply::Credential(..) => continue,
            };
            binder
                .supply(*at, value)
                .map_err(|error| error.of(cmdlet.name))?;
        }
        Ok(())
    }
}
