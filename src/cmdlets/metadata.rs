//! The cmdlets' parameters and parameter sets: the table `assets/cmdlets.txt`, read once.
//!
//! It is PowerShell 7.6's own, with what its documentation lets be written besides: no computer's name at all and a
//! positional credential in `Enter-PSSession`, a positional computer's name beside `-InstanceId` in
//! `Connect-PSSession`.

use std::sync::LazyLock;

/// The table.
const TABLE: &str = include_str!("../../assets/cmdlets.txt");

static CMDLETS: LazyLock<Vec<Cmdlet>> = LazyLock::new(|| read(TABLE));

/// A cmdlet.
#[derive(Debug)]
pub(super) struct Cmdlet {
    pub(super) name: &'static str,
    pub(super) aliases: Vec<&'static str>,
    /// The names of its parameter sets; one without sets has `__AllParameterSets`.
    pub(super) sets: Vec<&'static str>,
    /// The place of the default one.
    pub(super) default: Option<usize>,
    pub(super) parameters: Vec<Parameter>,
}

/// A parameter.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) aliases: Vec<&'static str>,
    /// .NET's short type name, without `[]`.
    pub(super) kind: &'static str,
    /// It takes several values.
    pub(super) list: bool,
    pub(super) range: Option<(i64, i64)>,
    /// The values that there are, where they can be counted.
    pub(super) values: Vec<&'static str>,
    /// How it stands in each set, by the set's place.
    pub(super) places: Vec<Option<Place>>,
}

/// How a parameter stands in a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) mandatory: bool,
    pub(super) position: Option<u8>,
    pub(super) by_value: bool,
    pub(super) by_name: bool,
}

/// Parameter sets, a bit each, by their places.
pub(super) type Sets = u64;

/// What the last word of a line may become: where it begins, as a byte, and the cmdlets or, behind `-`, the parameters of
/// the cmdlet before it that begin so.
pub fn completions(line: &str) -> (usize, Vec<&'static str>) {
    let ends = |c: char| c.is_whitespace() || "|;{(".contains(c);
    let start = line.rfind(ends).map_or(0, |at| at + 1);
    let word = line.get(start..).unwrap_or_default().to_lowercase();
    let before = line.get(..start).unwrap_or_default();
    let command = before
        .rsplit(['|', ';', '{', '('])
        .next()
        .unwrap_or_default();
    let begins = |name: &&str| {
        name.to_lowercase()
            .starts_with(word.trim_start_matches('-'))
    };
    let first = command.split_whitespace().next();
    let names: Vec<_> = match first.map(find) {
        None if !word.is_empty() => CMDLETS.iter().map(|c| c.name).filter(begins).collect(),
        Some(Some(cmdlet)) if word.starts_with('-') => {
            let names = cmdlet.parameters.iter().map(|parameter| parameter.name);
            names.filter(begins).collect()
        }
        _ => Vec::new(),
    };
    (start + usize::from(word.starts_with('-')), names)
}

/// Whether a word names a documented cmdlet, by its name or an alias: one that stands alone, and not only in pipelines.
pub fn is_cmdlet(word: &str) -> bool {
    find(word).is_some_and(|cmdlet| {
        let (_, noun) = cmdlet.name.split_once('-').unwrap_or_default();
        noun.starts_with("PSSession") || ["Command", "Credential", "Job"].contains(&noun)
    })
}

/// The cmdlet of that name or alias.
pub(super) fn find(name: &str) -> Option<&'static Cmdlet> {
    let name = name
        .strip_prefix("Microsoft.PowerShell.Core\\")
        .unwrap_or(name);
    CMDLETS.iter().find(|cmdlet| {
        let mut names = std::iter::once(&cmdlet.name).chain(&cmdlet.aliases);
        names.any(|own| own.eq_ignore_ascii_case(name))
    })
}

impl Cmdlet {
    /// All its sets.
    pub(super) fn all(&self) -> Sets {
        self.sets
            .iter()
            .enumerate()
            .fold(0, |all, (at, _)| all | 1 << at)
    }

    pub(super) fn parameter(&self, name: &str) -> Option<(usize, &Parameter)> {
        self.parameters
            .iter()
            .enumerate()
            .find(|(_, own)| own.name == name)
    }
}

impl Parameter {
    /// The sets that it belongs to.
    pub(super) fn sets(&self) -> Sets {
        let places = self.places.iter().enumerate();
        places
            .filter(|(_, place)| place.is_some())
            .fold(0, |all, (at, _)| all | 1 << at)
    }

    /// How it stands in the sets that are asked for.
    pub(super) fn in_sets(&self, sets: Sets) -> impl Iterator<Item = Place> {
        let places = self.places.iter().enumerate();
        places
            .filter(move |(at, _)| sets & 1 << at != 0)
            .filter_map(|(_, place)| *place)
    }

    pub(super) fn is_switch(&self) -> bool {
        self.kind == "Switch"
    }
}

fn read(table: &'static str) -> Vec<Cmdlet> {
    let mut cmdlets: Vec<Cmdlet> = Vec::new();
    for line in table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        match line.strip_prefix("  ") {
            None => cmdlets.extend(cmdlet(line)),
            Some(line) => {
                if let Some(last) = cmdlets.last_mut() {
                    let parameter = parameter(line, &last.sets);
                    last.parameters.extend(parameter);
                }
            }
        }
    }
    cmdlets
}

fn cmdlet(line: &'static str) -> Option<Cmdlet> {
    let (name, rest) = line.split_once(" (")?;
    let (aliases, sets) = rest.split_once(')')?;
    let mut default = None;
    let sets = sets
        .split_whitespace()
        .enumerate()
        .map(|(at, set)| match set.strip_suffix('*') {
            Some("") => "__AllParameterSets",
            Some(set) => {
                default = Some(at);
                set
            }
            None => set,
        });
    Some(Cmdlet {
        name,
        sets: sets.collect(),
        aliases: aliases.split_whitespace().collect(),
        default,
        parameters: Vec::new(),
    })
}

fn parameter(line: &'static str, sets: &[&str]) -> Option<Parameter> {
    let (name, rest) = line.split_once(' ')?;
    let (kind, mut rest) = rest.split_once(' ')?;
    let mut aliases = Vec::new();
    if let Some((inside, behind)) = rest
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(") "))
    {
        aliases = inside.split(' ').collect();
        rest = behind;
    }
    let mut range = None;
    if let Some((first, behind)) = rest.split_once(' ')
        && let Some((least, most)) = first.split_once("..")
    {
        range = least.parse().ok().zip(most.parse().ok());
        rest = behind;
    }
    let mut values = Vec::new();
    if let Some((inside, behind)) = rest
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
    {
        values = inside.split(' ').collect();
        rest = behind;
    }
    let mut places = vec![None; sets.len()];
    for (set, flags) in rest.split(' ').filter_map(|place| place.split_once(':')) {
        let place = Place {
            mandatory: flags.contains('!'),
            position: flags
                .chars()
                .find_map(|flag| flag.to_digit(10)?.try_into().ok()),
            by_value: flags.contains('v'),
            by_name: flags.contains('n'),
        };
        for (own, slot) in sets.iter().zip(&mut places) {
            if set == "*" || set == *own {
                *slot = Some(place);
            }
        }
    }
    Some(Parameter {
        name,
        aliases,
        list: kind.ends_with("[]"),
        kind: kind.trim_end_matches("[]"),
        range,
        values,
        places,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Where the documentation lets more be written than PowerShell takes: cmdlet, parameter, set.
    const DOCUMENTED: &[(&str, &str, &str)] = &[
        ("Enter-PSSession", "ComputerName", "ComputerName"),
        ("Enter-PSSession", "Credential", "ComputerName"),
        ("Enter-PSSession", "Credential", "Uri"),
        ("Connect-PSSession", "ComputerName", "ComputerNameGuid"),
    ];

    #[test]
    fn the_table_is_powershells_but_for_what_is_documented() {
        let Ok(folder) = std::env::var("PSDECK_REFERENCE") else {
            eprintln!("skipped: PSDECK_REFERENCE is not set");
            return;
        };
        let read = |name: &str| -> serde_json::Map<String, Value> {
            let file = std::path::Path::new(&folder).join("pwsh-7.6").join(name);
            serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
        };
        let mut all = read("cmdlets.json");
        all.extend(read("cmdlets-windows.json"));
        let mut compared = 0;
        for cmdlet in CMDLETS.iter() {
            let Some(known) = all.get(cmdlet.name) else {
                continue;
            };
            let sets = known["sets"].as_object().unwrap();
            let names: Vec<_> = sets.keys().map(String::as_str).collect();
            let mut own = cmdlet.sets.clone();
            own.sort_unstable();
            assert_eq!(own, names, "{}", cmdlet.name);
            let default = cmdlet.default.map(|at| cmdlet.sets[at]);
            assert_eq!(
                default,
                known["defaultParameterSet"].as_str(),
                "{}",
                cmdlet.name
            );
            for (at, set) in cmdlet.sets.iter().enumerate() {
                for parameter in &cmdlet.parameters {
                    let mut listed = sets[*set].as_array().unwrap().iter();
                    let listed = listed.find(|one| one["name"] == parameter.name);
                    let place = listed.map(|one| Place {
                        mandatory: one["mandatory"].as_bool().unwrap(),
                        position: one["position"]
                            .as_u64()
                            .map(|position| position.try_into().unwrap()),
                        by_value: one["fromPipeline"].as_bool().unwrap(),
                        by_name: one["fromPipelineByName"].as_bool().unwrap(),
                    });
                    let differs = parameter.places[at] != place;
                    let documented = DOCUMENTED.contains(&(cmdlet.name, parameter.name, set));
                    assert_eq!(
                        differs, documented,
                        "{} -{} in {set}",
                        cmdlet.name, parameter.name
                    );
                    compared += usize::from(place.is_some());
                }
                let here = cmdlet
                    .parameters
                    .iter()
                    .filter(|parameter| parameter.places[at].is_some());
                assert_eq!(
                    here.count(),
                    sets[*set].as_array().unwrap().len(),
                    "{} {set}",
                    cmdlet.name
                );
            }
        }
        assert!(compared > 800, "{compared}");
    }

    #[test]
    fn cmdlets_are_found_by_any_of_their_names() {
        for name in [
            "Get-PSSession",
            "gsn",
            "GET-PSSESSION",
            "Microsoft.PowerShell.Core\\Get-PSSession",
        ] {
            assert_eq!(
                find(name).map(|cmdlet| cmdlet.name),
                Some("Get-PSSession"),
                "{name}"
            );
        }
        assert!(
            is_cmdlet("etsn") && is_cmdlet("Invoke-Command") && is_cmdlet("New-PSSessionOption")
        );
        assert!(!is_cmdlet("sort") && !is_cmdlet("list") && !is_cmdlet("dir"));
    }
}
