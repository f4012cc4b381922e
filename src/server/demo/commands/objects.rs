//! Commands that pick, order and count what comes through the pipeline.

use super::Call;
use crate::clixml::Value;
use crate::language::BinaryOperator as B;
use crate::server::demo::evaluator::{Code, Evaluator, Run, Sink};
use crate::server::demo::values::{collected, object, operate, order};

impl Evaluator<'_> {
    /// `Where-Object { … }`, `Where-Object Property -EQ Value`.
    pub(super) fn where_object(&mut self, call: &Call<'_>, out: Sink<'_>) -> Run<()> {
        let operators = [
            ("eq", B::Equal(false)),
            ("ne", B::NotEqual(false)),
            ("gt", B::Greater(false)),
            ("lt", B::Less(false)),
            ("like", B::Like(false)),
        ];
        let operator = operators.into_iter().find(|(name, _)| call.is(name));
        for item in &call.input {
            let mut holds = self.key(item, &call.get("filterscript"))?;
            if let Some((_, operator)) = operator {
                holds = operate(operator, holds, call.get("value"))?;
            }
            if holds.truth() {
                out(self, item.clone())?;
            }
        }
        Ok(())
    }

    pub(super) fn select_object(&mut self, call: &Call<'_>, out: Sink<'_>) -> Run<()> {
        let number = |name| usize::try_from(call.get(name).as_i64().unwrap_or_default());
        let skip = number("skip").unwrap_or_default();
        let first = number("first").unwrap_or_default();
        let names = call.get("property").items();
        for item in call.input.iter().skip(skip).take(first) {
            let mut value = self.key(item, &call.get("expandproperty"))?;
            if !names.is_empty() {
                let members = names
                    .iter()
                    .map(|name| (name.text(), item.get(&name.text())));
                value = object(&format!("Selected.{}", item.type_name()), members);
            }
            out(self, value)?;
        }
        Ok(())
    }

    pub(super) fn sort_object(&mut self, call: &Call<'_>, out: Sink<'_>) -> Run<()> {
        let mut keyed = Vec::new();
        for item in &call.input {
            keyed.push((self.key(item, &call.get("property"))?, item));
        }
        keyed.sort_by(|(left, _), (right, _)| order(left, right, false));
        if call.is("descending") {
            keyed.reverse();
        }
        let mut items = keyed.into_iter();
        items.try_for_each(|(_, item)| out(self, item.clone()))
    }

    pub(super) fn measure_object(&mut self, call: &Call<'_>, out: Sink<'_>) -> Run<()> {
        let mut numbers = Vec::new();
        for item in &call.input {
            numbers.extend(self.key(item, &call.get("property"))?.number());
        }
        #[expect(clippy::cast_precision_loss, reason = "a million at most")]
        let count = call.input.len() as f64;
        let sum: f64 = numbers.iter().sum();
        numbers.sort_by(f64::total_cmp);
        let extreme = |number: Option<&f64>| number.copied().unwrap_or_default();
        let figure = |name: &'static str, figure| {
            let asked = call.is(&name.to_lowercase());
            (
                name,
                if asked {
                    Value::Double(figure)
                } else {
                    Value::Null
                },
            )
        };
        let members = [
            ("Count", Value::whole(count)),
            figure("Average", sum / count),
            figure("Sum", sum),
            figure("Maximum", extreme(numbers.last())),
            figure("Minimum", extreme(numbers.first())),
            ("Property", call.get("property")),
        ];
        out(
            self,
            object("Microsoft.PowerShell.Commands.GenericMeasureInfo", members),
        )
    }

    /// Puts out what a script block or a member's name makes of an object; the object itself if nothing is said.
    pub(super) fn of(&mut self, item: &Value, by: &Value, out: Sink<'_>) -> Run<()> {
        let found = match by {
            Value::ScriptBlock(text) => {
                self.set("_", item.clone());
                return self.run(&*Code::read(&text.to_string())?, Vec::new(), out);
            }
            Value::Null => item.clone(),
            name => item.get(&name.text()),
        };
        found
            .items()
            .into_iter()
            .try_for_each(|value| out(self, value))
    }

    /// The same as one value.
    fn key(&mut self, item: &Value, by: &Value) -> Run<Value> {
        let found = self.collect(|evaluator, out| evaluator.of(item, by, out))?;
        Ok(collected(found))
    }
}
