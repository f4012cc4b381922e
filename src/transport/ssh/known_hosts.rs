//! `known_hosts` files: whose keys are trusted, and putting one on file (sshd(8)).

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use super::config::fits_list;

/// What the files say about a server's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is on file.
    Known,
    /// Nothing is on file for this server.
    Unknown,
    /// Another key is on file.
    Changed(Place),
    /// It must not be trusted any more.
    Revoked(Place),
}

/// A line of a file, counted from 1, and the kind of key that stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: PathBuf,
    pub(super) line: usize,
    pub(super) algorithm: String,
}

/// What the files hold about one server.
#[derive(Debug)]
pub(super) struct KnownHosts {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    place: Place,
    /// The key as the file has it, base64.
    key: String,
    revoked: bool,
    /// Under the name without its port: good for trust, not for calling a key changed.
    portless: bool,
}

impl KnownHosts {
    /// Reads the lines about `name`: the host, or `[host]:port` where the port is not 22. Files that are missing or
    /// cannot be read, and lines that make no sense, say nothing. Lines of certificate authorities are not keys of hosts.
    pub(super) fn read(files: &[PathBuf], name: &str) -> Self {
        let bare = name
            .strip_prefix('[')
            .and_then(|rest| rest.rsplit_once("]:"))
            .map(|(host, _)| host);
        let mut entries = Vec::new();
        for file in files {
            let text = fs::read(file).unwrap_or_default();
            for (line, text) in String::from_utf8_lossy(&text)
                .lines()
                .zip(1..)
                .map(|(text, line)| (line, text))
            {
                entries.extend(Entry::read(text, name, bare, file, line));
            }
        }
        Self { entries }
    }

    /// What they say about a key: its algorithm (`ssh-ed25519`) and its base64.
    pub(super) fn judge(&self, algorithm: &str, key: &str) -> Verdict {
        let same = |entry: &&Entry| entry.key == key && entry.place.algorithm == algorithm;
        if let Some(entry) = self.entries.iter().filter(|entry| entry.revoked).find(same) {
            return Verdict::Revoked(entry.place.clone());
        }
        let mut keys = self.entries.iter().filter(|entry| !entry.revoked);
        if keys.clone().any(|entry| same(&entry)) {
            return Verdict::Known;
        }
        // A line about the very kind of key is the one to show; a line about another kind still means that this server
        // had another key, for we asked for the kinds on file first.
        let of_kind = keys
            .clone()
            .find(|entry| !entry.portless && entry.place.algorithm == algorithm);
        match of_kind.or_else(|| keys.find(|entry| !entry.portless)) {
            Some(entry) => Verdict::Changed(entry.place.clone()),
            None => Verdict::Unknown,
        }
    }

    /// The kinds of keys on file, for asking the server for one of them.
    pub(super) fn algorithms(&self) -> Vec<&str> {
        self.entries
            .iter()
            .filter(|entry| !entry.revoked)
            .map(|entry| &*entry.place.algorithm)
            .collect()
    }
}

impl Entry {
    fn read(text: &str, name: &str, bare: Option<&str>, file: &Path, line: usize) -> Option<Self> {
        let mut fields = text.split_whitespace().peekable();
        let marker = fields.next_if(|field| field.starts_with('@'));
        let revoked = match marker {
            None => false,
            Some("@revoked") => true,
            Some(_) => return None,
        };
        let names = fields.next().filter(|names| !names.starts_with('#'))?;
        let (algorithm, key) = (fields.next()?, fields.next()?);
        let is_exact = is_named(names, name);
        if !is_exact && !bare.is_some_and(|bare| is_named(names, bare)) {
            return None;
        }
        let place = Place {
            file: file.into(),
            line,
            algorithm: algorithm.into(),
        };
        Some(Self {
            place,
            key: key.into(),
            revoked,
            portless: !is_exact,
        })
    }
}

/// Puts a key on file, in a folder and a file that only the user can read. What is there stays.
pub(super) fn append(
    file: &Path,
    name: &str,
    algorithm: &str,
    key: &str,
    hash: bool,
) -> io::Result<()> {
    if let Some(folder) = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty() && !folder.exists())
    {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let gap = if last == [b'\n'] { "" } else { "\n" };
    let name = if hash { hashed(name) } else { name.to_owned() };
    file.write_all(format!("{gap}{name} {algorithm} {key}\n").as_bytes())
}

/// Whether a field of names (patterns with commas between them, or one hashed name) takes a name in.
fn is_named(field: &str, name: &str) -> bool {
    let Some(hashed) = field.strip_prefix("|1|") else {
        return fits_list(field.split(','), name);
    };
    let Some((salt, hash)) = hashed.split_once('|') else {
        return false;
    };
    let (Ok(salt), Ok(hash)) = (STANDARD.decode(salt), STANDARD.decode(hash)) else {
        return false;
    };
    Hmac::<Sha1>::new_from_slice(&salt).is_ok_and(|mac| {
        mac.chain_update(name.to_lowercase())
            .verify_slice(&hash)
            .is_ok()
    })
}

fn hashed(name: &str) -> String {
    let salt: [u8; 20] = rand::random();
    let Ok(mac) = Hmac::<Sha1>::new_from_slice(&salt) else {
        return name.to_owned();
    };
    let hash = mac.chain_update(name).finalize().into_bytes();
    format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED: &str = "ssh-ed25519";

    fn judge(text: &str, name: &str, algorithm: &str, key: &str) -> Verdict {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        KnownHosts::read(&[file.path().into(), "/nowhere".into()], name).judge(algorithm, key)
    }

    fn line_of(verdict: Verdict) -> usize {
        match verdict {
            Verdict::Changed(place) | Verdict::Revoked(place) => place.line,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn names_patterns_and_ports_are_understood() {
        let text = "# a comment\n\nweb1,192.0.2.1 ssh-ed25519 AAAA\n*.example,!bad.example ssh-ed25519 BBBB comment\n\
                    [web1]:2222 ssh-ed25519 CCCC\nbroken\n";
        assert_eq!(judge(text, "web1", ED, "AAAA"), Verdict::Known);
        assert_eq!(judge(text, "192.0.2.1", ED, "AAAA"), Verdict::Known);
        assert_eq!(judge(text, "good.example", ED, "BBBB"), Verdict::Known);
        assert_eq!(judge(text, "bad.example", ED, "BBBB"), Verdict::Unknown);
        assert_eq!(judge(text, "[web1]:2222", ED, "CCCC"), Verdict::Known);
        assert_eq!(
            judge(text, "[web1]:2022", ED, "AAAA"),
            Verdict::Known,
            "known under the name without a port"
        );
        assert_eq!(judge(text, "[web1]:2022", ED, "DDDD"), Verdict::Unknown);
        assert_eq!(judge(text, "web2", ED, "AAAA"), Verdict::Unknown);
    }

    #[test]
    fn a_changed_key_names_its_line() {
        let text = "other ssh-ed25519 AAAA\nweb1 ssh-rsa RRRR\nweb1 ssh-ed25519 AAAA\n";
        assert_eq!(line_of(judge(text, "web1", ED, "XXXX")), 3);
        assert_eq!(
            line_of(judge(text, "web1", "ecdsa-sha2-nistp256", "XXXX")),
            2,
            "a server that lost its keys"
        );
        assert_eq!(
            judge(text, "web1", "ssh-rsa", "RRRR"),
            Verdict::Known,
            "several keys"
        );
    }

    #[test]
    fn a_revoked_key_is_refused_even_when_it_is_on_file() {
        let text = "web1 ssh-ed25519 AAAA\n@revoked * ssh-ed25519 AAAA\n";
        assert_eq!(line_of(judge(text, "web1", ED, "AAAA")), 2);
        assert_eq!(
            judge("@revoked * ssh-ed25519 AAAA\n", "web1", ED, "BBBB"),
            Verdict::Unknown
        );
    }

    #[test]
    fn an_authority_is_no_key_of_a_host() {
        assert_eq!(
            judge("@cert-authority * ssh-ed25519 AAAA\n", "web1", ED, "AAAA"),
            Verdict::Unknown
        );
    }

    #[test]
    fn a_key_is_appended_to_a_private_file_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/known_hosts");
        append(&file, "web1", ED, "AAAA", false).unwrap();
        fs::write(&file, "web0 ssh-ed25519 ZZZZ").unwrap();
        append(&file, "web1", ED, "AAAA", false).unwrap();
        append(&file, "[web2]:2222", ED, "BBBB", true).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert!(
            text.starts_with("web0 ssh-ed25519 ZZZZ\nweb1 ssh-ed25519 AAAA\n|1|"),
            "{text}"
        );
        assert_eq!(judge(&text, "[web2]:2222", ED, "BBBB"), Verdict::Known);
        assert_eq!(line_of(judge(&text, "[web2]:2222", ED, "XXXX")), 3);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        }
    }

    #[test]
    fn openssh_finds_a_name_that_we_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, key) = (folder.path().join("known_hosts"), folder.path().join("key"));
        let made = std::process::Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(&key)
            .status();
        if !made.is_ok_and(|status| status.success()) {
            return;
        }
        let public = fs::read_to_string(key.with_extension("pub")).unwrap();
        let key = public.split(' ').nth(1).unwrap();
        append(&file, "web1", ED, key, true).unwrap();
        let find = |name| {
            let output = std::process::Command::new("ssh-keygen")
                .args(["-F", name, "-f"])
                .arg(&file)
                .output()
                .unwrap();
            output.status.success()
        };
        assert!(find("web1") && !find("web2"));
    }
}
