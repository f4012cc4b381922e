//! What the user's ssh configuration says about a host.
//!
//! OpenSSH's own `ssh -G` answers where there is one: it knows `Match`, `Include` and all tokens. Elsewhere a small
//! reader of the files does: `Host` blocks, the keywords of [`Settings`], no `Match`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::settings::Settings;
use crate::stdio::printable;
use crate::transport::{Failure, FailureKind, Options, fits_pattern};

/// `Match exec` may run programs of the user's.
const PATIENCE: Duration = Duration::from_secs(20);

/// A keyword in lower case, and its value.
pub(super) type Pair = (String, String);

/// The settings for `host` as the target names it.
pub(super) async fn load(
    host: &str,
    user: Option<&str>,
    port: Option<u16>,
    options: &Options,
) -> Result<Settings, Failure> {
    let user = user.or(options.user.as_deref());
    let port = port.or(options.port);
    let pairs = match ask_ssh(host, user, port, options).await? {
        Some(pairs) => pairs,
        None => read_files(host, user, port, options)?,
    };
    Settings::from_pairs(host, &pairs, options)
}

/// `ssh -G`; `None` where there is no `ssh`.
async fn ask_ssh(
    host: &str,
    user: Option<&str>,
    port: Option<u16>,
    options: &Options,
) -> Result<Option<Vec<Pair>>, Failure> {
    let mut command = Command::new("ssh");
    command
        .arg("-G")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(file) = &options.ssh_config {
        command.arg("-F").arg(file);
    }
    if let Some(user) = user {
        command.arg("-l").arg(user);
    }
    if let Some(port) = port {
        command.arg("-p").arg(port.to_string());
    }
    for file in &options.identity {
        // -i drops files that are missing; we tell them.
        command
            .arg("-o")
            .arg(format!("IdentityFile=\"{}\"", file.display()));
    }
    for option in &options.ssh_options {
        command.arg("-o").arg(option);
    }
    command.arg("--").arg(host);
    let output = match timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(_)) => return Ok(None),
        Err(_) => {
            let message = format!("ssh -G {host} took longer than {} s", PATIENCE.as_secs());
            return Err(Failure::new(FailureKind::TimedOut, message).hint(
                "a 'Match exec' of the ssh configuration may hang; --ssh-config none reads no file",
            ));
        }
    };
    if output.status.success() {
        return Ok(Some(pairs(&String::from_utf8_lossy(&output.stdout))));
    }
    let mut failure = Failure::new(
        FailureKind::Usage,
        format!("ssh cannot read its configuration for {host}"),
    );
    let lines = output.stderr.split(|byte| *byte == b'\n').map(printable);
    failure.details = lines
        .filter(|line| !line.is_empty() && !line.starts_with("Pseudo-terminal"))
        .collect();
    Err(failure.hint("correct the line that is named, or the -o option"))
}

fn pairs(text: &str) -> Vec<Pair> {
    let split = |line: &str| {
        line.split_once(' ')
            .map(|(key, value)| (key.to_ascii_lowercase(), value.to_owned()))
    };
    text.lines().filter_map(split).collect()
}

/// The same without `ssh`: options first, then the user's file, then the system's.
fn read_files(
    host: &str,
    user: Option<&str>,
    port: Option<u16>,
    options: &Options,
) -> Result<Vec<Pair>, Failure> {
    let mut pairs = Vec::new();
    pairs.extend(user.map(|user| ("user".into(), user.into())));
    pairs.extend(port.map(|port| ("port".into(), port.to_string())));
    pairs.extend(
        options
            .identity
            .iter()
            .map(|file| ("identityfile".into(), file.display().to_string())),
    );
    for option in &options.ssh_options {
        let pair = keyword(option).ok_or_else(|| {
            Failure::new(
                FailureKind::Usage,
                format!("-o {option}: not of the form KEY=VALUE"),
            )
            .hint("write it like -o StrictHostKeyChecking=yes")
        })?;
        pairs.push(pair);
    }
    let files = match &options.ssh_config {
        Some(file) if file == Path::new("none") => Vec::new(),
        Some(file) => vec![file.clone()],
        None => std::env::home_dir()
            .map(|home| home.join(".ssh/config"))
            .into_iter()
            .chain([PathBuf::from("/etc/ssh/ssh_config")])
            .collect(),
    };
    for file in files {
        match std::fs::read_to_string(&file) {
            Ok(text) => pairs.extend(blocks_for(host, &text)),
            Err(_) if options.ssh_config.is_none() => {}
            Err(error) => {
                let message = format!("{} cannot be read", file.display());
                return Err(Failure::new(FailureKind::Usage, message)
                    .detail(error.to_string())
                    .hint("--ssh-config names another file, or none"));
            }
        }
    }
    Ok(pairs)
}

/// The settings of a file's `Host` blocks that fit, in order; the first value of a keyword counts. `Match` blocks are
/// passed over: applying one wrongly would be worse.
fn blocks_for(host: &str, text: &str) -> Vec<Pair> {
    let mut applies = true;
    let mut found = Vec::new();
    for line in text.lines() {
        let Some((key, value)) = keyword(line) else {
            continue;
        };
        match &*key {
            "host" => applies = fits_list(value.split_whitespace(), host),
            "match" => applies = false,
            _ if applies => found.push((key, value)),
            _ => {}
        }
    }
    found
}

/// `Key value`, `Key=value`, `Key "value"`; nothing for blank lines and comments.
pub(super) fn keyword(line: &str) -> Option<Pair> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let at = line.find(|c: char| c.is_whitespace() || c == '=')?;
    let (key, value) = line.split_at_checked(at)?;
    let value = value.trim_start();
    let value = value.strip_prefix('=').unwrap_or(value).trim();
    let inner = value
        .strip_prefix('"')
        .and_then(|v| v.strip_suffix('"'))
        .filter(|v| !v.contains('"'));
    Some((key.to_ascii_lowercase(), inner.unwrap_or(value).to_owned()))
}

/// Whether a list of patterns, some negated by `!`, takes a name in.
pub(super) fn fits_list<'a>(patterns: impl Iterator<Item = &'a str>, name: &str) -> bool {
    let mut fits = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(pattern) if fits_pattern(pattern, name) => return false,
            Some(_) => {}
            None => fits |= fits_pattern(pattern, name),
        }
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blocks_that_fit_are_taken_and_match_is_passed_over() {
        let text = "User everybody\n\nHost web* !web9\n  User alice\n  Port=2222\n# Host *\nMatch host web1\n  User wrong\n\
                    Host \"web1\"\n  IdentityFile \"~/my keys/id\"\n";
        let expected: Vec<Pair> = [
            ("user", "everybody"),
            ("user", "alice"),
            ("port", "2222"),
            ("identityfile", "~/my keys/id"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into();
        assert_eq!(blocks_for("web1", text), expected);
        assert_eq!(blocks_for("web9", text).len(), 1);
    }

    #[tokio::test]
    async fn openssh_is_asked_and_its_refusal_reported() {
        let options = Options {
            ssh_config: Some("none".into()),
            ..Options::default()
        };
        let Some(found) = ask_ssh("web1", Some("alice"), Some(2222), &options)
            .await
            .unwrap()
        else {
            return;
        };
        let settings = Settings::from_pairs("web1", &found, &options).unwrap();
        assert_eq!((&*settings.user, settings.port), ("alice", 2222));
        let options = Options {
            ssh_options: vec!["Nonsense=1".into()],
            ..options
        };
        let failure = ask_ssh("web1", None, None, &options).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Usage);
        assert!(failure.details.concat().contains("nonsense"), "{failure:?}");
    }
}
