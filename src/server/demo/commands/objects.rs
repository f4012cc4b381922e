//! Commands that choose, order and count what comes through the pipeline.

use super::Call;
use crate::clixml::Value;
use crate::language::BinaryOperator as B;
use crate::server::demo::evaluator::{Code, Evaluator, Run};
use crate::server::demo::values::{collected, object, operate, order};

/// The comparisons of `Where-Object Name -EQ value`.
const COMPARISONS: [(&str, B); 5] = [
    ("eq", B::Equal(false)),
    ("ne", B::NotEqual(false)),
    ("gt", B::Greater(false)),
    ("lt", B::Less(false)),
    ("like", B::Like(false)),
];

impl Evaluator<'_> {
    /// What `Measure-Object`, `Select-Object`, `Sort-Object` or `Where-Object` make of their input.
    pub(super) fn chosen(&mut self, call: &Call<'_>) -> Run<Vec<Value>> {
        if call.code.name == "Select-Object" {
            return Ok(selected(call));
        }
        let by = call.first();
        let mut keyed = Vec::new();
        for item in &call.input {
            let key = collected(self.collect(|evaluator| evaluator.made(item, &by))?);
            keyed.push((key, item.clone()));
        }
        match call.code.name.as_str() {
            "Measure-Object" => return Ok(vec![measured(call, &keyed)]),
            "Where-Object" => {
                let by = COMPARISONS
                    .iter()
                    .find(|(name, _)| call.get(name) != Value::Null);
                if let Some((name, by)) = by {
                    for (key, _) in &mut keyed {
                        *key = operate(*by, key.clone(), call.get(name))?;
                    }
                }
                keyed.retain(|(key, _)| key.truth());
            }
            _ => keyed.sort_by(|(left, _), (right, _)| order(left, right, false)),
        }
        if call.is("descending") {
            keyed.reverse();
        }
        Ok(keyed.into_iter().map(|(_, item)| item).collect())
    }

    /// Puts out what a script block or a member's name makes of an object; the object itself if nothing is said.
    pub(super) fn made(&mut self, item: &Value, by: &Value) -> Run<()> {
        let found = match by {
            Value::ScriptBlock(text) => {
                self.set("_", item.clone());
                return self.run(&*Code::read(&text.to_string())?, Vec::new());
            }
            Value::Null => item.clone(),
            name => item.get(&name.text()),
        };
        self.put_all(found.items())
    }
}

fn selected(call: &Call<'_>) -> Vec<Value> {
    let first = usize::try_from(call.get("first").as_i64().unwrap_or_default());
    let items = call.input.iter().take(first.unwrap_or_default());
    let names = call.first().items();
    let inside = call.get("expandproperty").text();
    let select = |item: &Value| {
        if !inside.is_empty() {
            return item.get(&inside);
        }
        if names.is_empty() {
            return item.clone();
        }
        let names = names.iter().map(Value::text);
        let members = names.map(|name| (name.clone(), item.get(&name)));
        object(&format!("Selected.{}", item.type_name()), members)
    };
    items.map(select).collect()
}

fn measured(call: &Call<'_>, keyed: &[(Value, Value)]) -> Value {
    let sum: f64 = keyed.iter().filter_map(|(key, _)| key.number()).sum();
    #[expect(clippy::cast_precision_loss, reason = "a million at most")]
    let count = keyed.len() as f64;
    let asked = |name, figure| call.is(name).then_some(Value::Double(figure));
    let members = [
        ("Count", Value::whole(count)),
        ("Average", asked("average", sum / count).unwrap_or_default()),
        ("Sum", asked("sum", sum).unwrap_or_default()),
        ("Property", call.first()),
    ];
    object("Microsoft.PowerShell.Commands.GenericMeasureInfo", members)
}
