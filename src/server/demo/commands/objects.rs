//! Commands that pick, change, order and count what comes through the pipeline.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Call;
use crate::clixml::Value;
use crate::language::BinaryOperator as B;
use crate::server::demo::evaluator::{Code, Evaluator, Flow, Run, Sink};
use crate::server::demo::values;

impl<'e> Evaluator<'e> {
    pub(super) fn for_each_object(
        &mut self,
        call: &mut Call,
        item: Value,
        out: Sink<'_, 'e>,
    ) -> Run<()> {
        if let Some(code) = script(call, "Process")? {
            self.set("_", item);
            return self.inline(&code, out);
        }
        let name = call.text("Process").or(call.text("MemberName"));
        let values = values::items(values::get(&item, &name.unwrap_or_default()));
        values.into_iter().try_for_each(|value| out(self, value))
    }

    pub(super) fn where_object(
        &mut self,
        call: &mut Call,
        item: Value,
        out: Sink<'_, 'e>,
    ) -> Run<()> {
        let holds = if let Some(code) = script(call, "FilterScript")? {
            self.set("_", item.clone());
            values::collected(self.values_of(|evaluator, sink| evaluator.inline(&code, sink))?)
        } else {
            let value = values::get(&item, &call.text("Property").unwrap_or_default());
            let operators = [
                ("EQ", B::Equal(false)),
                ("NE", B::NotEqual(false)),
                ("GT", B::Greater(false)),
                ("GE", B::GreaterOrEqual(false)),
                ("LT", B::Less(false)),
                ("LE", B::LessOrEqual(false)),
                ("Like", B::Like(false)),
                ("NotLike", B::NotLike(false)),
                ("Contains", B::Contains(false)),
                ("In", B::In(false)),
            ];
            let with = call.get("Value").cloned().unwrap_or(Value::Null);
            match operators.into_iter().find(|(name, _)| call.is(name)) {
                Some((_, operator)) => self.operate(operator, value, with)?,
                None => value,
            }
        };
        if values::truth(&holds) {
            out(self, item)
        } else {
            Ok(())
        }
    }

    pub(super) fn select_object(
        &mut self,
        call: &mut Call,
        item: Value,
        out: Sink<'_, 'e>,
    ) -> Run<()> {
        call.count += 1;
        let limit = |name: &str| {
            call.get(name)
                .and_then(Value::as_i64)
                .and_then(|count| usize::try_from(count).ok())
        };
        let first = limit("First").unwrap_or(usize::MAX);
        let Some(place) = call
            .count
            .checked_sub(limit("Skip").unwrap_or_default())
            .filter(|place| *place > 0)
        else {
            return Ok(());
        };
        let value = match (call.text("ExpandProperty"), call.get("Property")) {
            (Some(name), _) => values::get(&item, &name),
            (None, Some(wanted)) => {
                let members = values::properties(&item);
                let wanted = values::items(wanted.clone());
                let selected = wanted.iter().map(values::text).flat_map(|wanted| {
                    let found: Vec<_> = members
                        .iter()
                        .filter(|(name, _)| values::like(name, &wanted))
                        .cloned()
                        .collect();
                    let computed = || vec![(wanted.clone(), values::get(&item, &wanted))];
                    if found.is_empty() { computed() } else { found }
                });
                values::object(
                    Some(&format!("Selected.{}", values::type_name(&item))),
                    selected,
                )
            }
            _ => item,
        };
        if place <= first {
            out(self, value)?;
        }
        if place >= first {
            Err(Flow::Enough(call.pipeline, call.place + 1))
        } else {
            Ok(())
        }
    }

    pub(super) fn sort_object(&mut self, call: &mut Call, out: Sink<'_, 'e>) -> Run<()> {
        let code = script(call, "Property")?;
        let names = call
            .get("Property")
            .cloned()
            .map(values::items)
            .unwrap_or_default();
        let mut keyed = Vec::new();
        for item in std::mem::take(&mut call.kept) {
            let keys = match &code {
                Some(code) => {
                    self.set("_", item.clone());
                    self.values_of(|evaluator, sink| evaluator.inline(code, sink))?
                }
                None if names.is_empty() => vec![item.clone()],
                None => names
                    .iter()
                    .map(|name| values::get(&item, &values::text(name)))
                    .collect(),
            };
            keyed.push((keys, item));
        }
        keyed.sort_by(|(left, _), (right, _)| {
            let orders = left
                .iter()
                .zip(right)
                .map(|(left, right)| values::order(left, right, false));
            let order = orders.flatten().fold(Ordering::Equal, Ordering::then);
            if call.is("Descending") {
                order.reverse()
            } else {
                order
            }
        });
        keyed.into_iter().try_for_each(|(_, item)| out(self, item))
    }

    pub(super) fn measure_object(&mut self, call: &mut Call, out: Sink<'_, 'e>) -> Run<()> {
        let value = |item: &Value| {
            call.text("Property")
                .map_or(item.clone(), |name| values::get(item, &name))
        };
        let numbers: Vec<f64> = call
            .kept
            .iter()
            .map(value)
            .filter_map(|value| values::number(&value))
            .collect();
        let sum: f64 = numbers.iter().sum();
        #[expect(clippy::cast_precision_loss, reason = "fewer than a million numbers")]
        let average = sum / numbers.len().max(1) as f64;
        let most = numbers.iter().copied().reduce(f64::max).unwrap_or_default();
        let least = numbers.iter().copied().reduce(f64::min).unwrap_or_default();
        let wanted = |name: &'static str, value: f64| {
            (
                name,
                if call.is(name) {
                    Value::Double(value)
                } else {
                    Value::Null
                },
            )
        };
        let measured = [
            ("Count", values::count(call.kept.len())),
            wanted("Average", average),
            wanted("Sum", sum),
            wanted("Maximum", most),
            wanted("Minimum", least),
            ("StandardDeviation", Value::Null),
            (
                "Property",
                call.get("Property").cloned().unwrap_or(Value::Null),
            ),
        ];
        out(
            self,
            values::object(
                Some("Microsoft.PowerShell.Commands.GenericMeasureInfo"),
                measured,
            ),
        )
    }
}

/// The script block that a parameter holds, read once.
fn script(call: &mut Call, name: &str) -> Run<Option<Arc<Code>>> {
    let Some(block @ Value::ScriptBlock(_)) = call.get(name) else {
        return Ok(None);
    };
    if call.code.is_none() {
        call.code = Some(Code::read(block)?);
    }
    Ok(call.code.clone())
}
