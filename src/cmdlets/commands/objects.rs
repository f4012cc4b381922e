//! `Where-Object`, `ForEach-Object`, `Select-Object`, `Sort-Object`, `Write-Output`.

use std::cmp::Ordering;

use super::input;
use crate::clixml::Object;
use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Out, Result, Run, compare, like, operate};
use crate::cmdlets::value::Value;
use crate::language::BinaryOperator as B;

/// An operator, by whether case counts.
type Comparison = fn(bool) -> B;

/// The comparisons of `Where-Object`, by their parameters.
const COMPARISONS: &[(&str, Comparison)] = &[
    ("EQ", B::Equal),
    ("NE", B::NotEqual),
    ("GT", B::Greater),
    ("LT", B::Less),
    ("GE", B::GreaterOrEqual),
    ("LE", B::LessOrEqual),
    ("Like", B::Like),
    ("NotLike", B::NotLike),
    ("Contains", B::Contains),
    ("NotContains", B::NotContains),
    ("In", B::In),
    ("NotIn", B::NotIn),
];

pub(super) async fn filter(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    for bound in bound {
        let Some(item) = bound.get("InputObject").cloned() else {
            continue;
        };
        let fits = if let Some(Value::Script(script)) = bound.get("FilterScript") {
            let mut kept = Out::kept();
            run.script(script, item.clone(), &mut kept).await?;
            Value::of_output(kept.take()).truth()
        } else {
            compares(&bound, &item)?
        };
        if fits {
            run.emit(out, item)?;
        }
    }
    Ok(())
}

fn compares(bound: &Bound, item: &Value) -> Result<bool> {
    let property = bound.text("Property").unwrap_or_default();
    let value = item.member(&property).unwrap_or(Value::NULL);
    if bound.switch("Not") {
        return Ok(!value.truth());
    }
    let Some(wanted) = bound.get("Value") else {
        return Ok(value.truth());
    };
    for (name, by) in COMPARISONS {
        for (name, case) in [((*name).to_owned(), false), (format!("C{name}"), true)] {
            if bound.switch(&name) {
                return Ok(operate(by(case), value, wanted.clone())?.truth());
            }
        }
    }
    Err(Error::unsupported("this comparison of Where-Object").into())
}

pub(super) async fn for_each(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    for bound in bound {
        let item = bound.get("InputObject").cloned().unwrap_or(Value::NULL);
        for script in bound.all("Process") {
            if let Value::Script(script) = script {
                run.script(&script, item.clone(), out).await?;
            }
        }
    }
    Ok(())
}

pub(super) fn select(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    let Some(first) = bound.first().cloned() else {
        return Ok(());
    };
    let mut items: Vec<_> = input(&bound).cloned().collect();
    let count = |name: &str| {
        first
            .number(name)
            .and_then(|count| usize::try_from(count).ok())
    };
    let skip = count("Skip").unwrap_or_default().min(items.len());
    if let Some(last) = count("Last") {
        items.truncate(items.len() - skip);
        items.drain(..items.len().saturating_sub(last));
    } else {
        items.drain(..skip);
    }
    if let Some(count) = count("First") {
        items.truncate(count);
    }
    let names = names(&first)?;
    let excluded = first.texts("ExcludeProperty");
    let mut chosen: Vec<Value> = Vec::new();
    for item in items {
        if let Some(name) = first.text("ExpandProperty") {
            if let Some(value) = item.member(&name) {
                chosen.extend(value.items());
            } else {
                let message = format!("There is no property '{name}'.");
                let error = Error::new("InvalidArgument", "ExpandPropertyNotFound", message);
                run.complain(error.target(name))?;
            }
        } else if names.is_empty() && excluded.is_empty() {
            chosen.push(item);
        } else {
            let names = if names.is_empty() {
                vec!["*".to_owned()]
            } else {
                names.clone()
            };
            let mut members = picked(&item, &names);
            members.retain(|(name, _)| !excluded.iter().any(|pattern| like(name, pattern)));
            let object = Object::bag(members).with_types([
                "Selected.System.Management.Automation.PSCustomObject",
                "System.Management.Automation.PSCustomObject",
                "System.Object",
            ]);
            chosen.push(Value::Plain(object.into()));
        }
    }
    if first.switch("Unique") {
        let mut seen: Vec<crate::clixml::Value> = Vec::new();
        chosen.retain(|value| {
            let value = value.plain();
            let new = !seen.contains(&value);
            seen.push(value);
            new
        });
    }
    for value in chosen {
        run.emit(out, value)?;
    }
    Ok(())
}

pub(super) fn sort(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    let Some(first) = bound.first().cloned() else {
        return Ok(());
    };
    let mut items: Vec<_> = input(&bound).cloned().collect();
    let names = names(&first)?;
    let case = first.switch("CaseSensitive");
    let order = |left: &Value, right: &Value| {
        let by = |name: &String| {
            let member = |value: &Value| value.member(name).unwrap_or(Value::NULL);
            compare(&member(left), &member(right), case)
        };
        let order = match names.as_slice() {
            [] => compare(left, right, case),
            names => names
                .iter()
                .map(by)
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal),
        };
        if first.switch("Descending") {
            order.reverse()
        } else {
            order
        }
    };
    items.sort_by(order);
    if first.switch("Unique") {
        items.dedup_by(|later, earlier| order(earlier, later).is_eq());
    }
    for item in items {
        run.emit(out, item)?;
    }
    Ok(())
}

pub(super) fn write_output(run: &mut Run<'_>, bound: &[Bound], out: &mut Out) -> Result<()> {
    for bound in bound {
        for value in bound.all("InputObject") {
            run.emit(out, value)?;
        }
    }
    Ok(())
}

/// The names of `-Property`.
pub(super) fn names(bound: &Bound) -> std::result::Result<Vec<String>, Error> {
    let names = bound.all("Property").into_iter();
    let names = names.map(|name| match name {
        Value::Hash(_) | Value::Script(_) => Err(Error::unsupported("calculated properties")),
        name => Ok(name.text()),
    });
    names.collect()
}

/// The members that names and patterns pick; what there is none of is null.
pub(super) fn picked(item: &Value, names: &[String]) -> Vec<(String, crate::clixml::Value)> {
    let plain = item.plain();
    let mut members: Vec<(String, crate::clixml::Value)> = Vec::new();
    let mut add = |name: String, value: crate::clixml::Value| {
        if members
            .iter()
            .all(|(own, _)| !own.eq_ignore_ascii_case(&name))
        {
            members.push((name, value));
        }
    };
    for name in names {
        if name.contains(['*', '?']) {
            let all = plain.as_object().into_iter().flat_map(Object::members);
            for member in all.filter(|member| like(&member.name.to_str_lossy(), name)) {
                add(
                    member.name.to_str_lossy().into_owned(),
                    member.value.clone(),
                );
            }
        } else {
            let value = item
                .member(name)
                .map_or(crate::clixml::Value::Null, |value| value.plain());
            let own = plain.as_object().into_iter().flat_map(Object::members);
            let own = own.map(|member| member.name.to_str_lossy().into_owned());
            let spelled = own.into_iter().find(|own| own.eq_ignore_ascii_case(name));
            add(spelled.unwrap_or_else(|| name.clone()), value);
        }
    }
    members
}
