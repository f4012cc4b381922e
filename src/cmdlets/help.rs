//! What `-?` shows of a cmdlet: its parameter sets as PowerShell writes them, and its aliases.

use super::metadata::{Cmdlet, Parameter, Place};

/// The columns that a continued line is indented by.
const INDENT: &str = "        ";

impl Cmdlet {
    /// For a window of so many columns.
    pub(super) fn help(&self, columns: usize) -> String {
        let mut text = format!("\nNAME\n    {}\n\nSYNTAX\n", self.name);
        for set in 0..self.sets.len() {
            let words = self.syntax(set);
            let mut line = format!("    {}", self.name);
            for word in words {
                if line.chars().count() + 1 + word.chars().count() > columns {
                    text.push_str(&line);
                    text.push('\n');
                    INDENT.clone_into(&mut line);
                } else {
                    line.push(' ');
                }
                line.push_str(&word);
            }
            text.push_str(&line);
            text.push_str("\n\n");
        }
        let aliases = match self.aliases.as_slice() {
            [] => "None".to_owned(),
            some => some.join(", "),
        };
        text.push_str(&format!("ALIASES\n    {aliases}\n"));
        text
    }

    /// The parameters of a set: those with a position first, then what must be there, then the rest.
    fn syntax(&self, set: usize) -> Vec<String> {
        let of_set = self.parameters.iter().filter_map(|parameter| {
            let place = (*parameter.places.get(set)?)?;
            Some((parameter, place))
        });
        let mut parameters: Vec<_> = of_set.collect();
        parameters.sort_by_key(|(parameter, place)| match place.position {
            Some(position) => (0, position),
            None if place.mandatory => (1, 0),
            None if ["WhatIf", "Confirm"].contains(&parameter.name) => (3, 0),
            None => (2, 0),
        });
        let words = parameters
            .into_iter()
            .map(|(parameter, place)| word(parameter, place));
        words.chain(["[<CommonParameters>]".to_owned()]).collect()
    }
}

fn word(parameter: &Parameter, place: Place) -> String {
    let mut word = format!("-{}", parameter.name);
    if place.position.is_some() {
        word = format!("[{word}]");
    }
    if !parameter.is_switch() {
        word.push_str(&format!(" {}", kind(parameter)));
    }
    if place.mandatory {
        word
    } else {
        format!("[{word}]")
    }
}

/// What it takes: the values that there are, else the type, as PowerShell names it in its language.
fn kind(parameter: &Parameter) -> String {
    if !parameter.values.is_empty() {
        return format!("{{{}}}", parameter.values.join(" | "));
    }
    let kind = match parameter.kind {
        "Int32" => "int",
        "Boolean" => "bool",
        "String" | "Guid" | "Uri" | "DateTime" | "Object" | "Hashtable" | "ScriptBlock"
        | "PSObject" | "PSCredential" | "CultureInfo" => &parameter.kind.to_ascii_lowercase(),
        other => other,
    };
    format!("<{kind}{}>", if parameter.list { "[]" } else { "" })
}
