//! `Format-Table`, `Format-List`, `Out-String`, `ConvertTo-Json`.

use super::input;
use super::objects::{names, picked};
use crate::clixml::{self, Object, Objects};
use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Out, Result, Run};
use crate::cmdlets::value::Value;
use crate::format::json::json;
use crate::format::text::{Formatter, Shape};

pub(super) fn shaped(
    run: &mut Run<'_>,
    bound: &[Bound],
    shape: Option<Shape>,
    out: &mut Out,
) -> Result<()> {
    let Some(first) = bound.first() else {
        return Ok(());
    };
    for parameter in ["GroupBy", "View", "Expand"] {
        if first.get(parameter).is_some() {
            return Err(Error::unsupported(&format!("-{parameter} of {}", first.cmdlet())).into());
        }
    }
    let names = if shape.is_some() {
        names(first)?
    } else {
        Vec::new()
    };
    let width = first
        .number("Width")
        .and_then(|width| usize::try_from(width).ok());
    let width = width.unwrap_or_else(|| run.console.host.window().columns.into());
    let mut formatter = Formatter::new(width).shaped(shape);
    for item in input(bound) {
        let value = if names.is_empty() {
            item.plain()
        } else {
            Object::bag(picked(item, &names)).into()
        };
        formatter.value(&value, &Objects::of([&value]));
    }
    formatter.end();
    let text = formatter.take();
    if first.switch("Stream") {
        for line in text.lines() {
            run.emit(out, line.into())?;
        }
    } else if !text.is_empty() {
        let text = text.strip_suffix('\n').unwrap_or(&text);
        run.emit(out, text.into())?;
    }
    Ok(())
}

pub(super) fn to_json(run: &mut Run<'_>, bound: &[Bound], out: &mut Out) -> Result<()> {
    let mut items: Vec<_> = input(bound).map(Value::plain).collect();
    let as_array = bound.first().is_some_and(|bound| bound.switch("AsArray"));
    let value = match items.pop() {
        None => return Ok(()),
        Some(only) if items.is_empty() && !as_array => only,
        Some(last) => {
            items.push(last);
            clixml::Value::from(Object::list(items))
        }
    };
    run.emit(out, json(&value, false).into())
}
