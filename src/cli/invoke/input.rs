//! Objects for the script's `$input`, from a file or from standard input.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::{InputFormat, from_json};
use crate::cli::status::Failed;
use crate::cli::targets::{READABLE, unreadable};
use crate::clixml::{self, Limits, Value};
use crate::session::{InputSource, InputStream};

/// Objects that are read ahead of the network.
const AHEAD: usize = 64;

/// Where input comes from, and what went wrong with it.
#[derive(Clone)]
pub(super) struct Input {
    file: PathBuf,
    format: InputFormat,
    wrong: Arc<Mutex<Option<String>>>,
}

impl Input {
    /// Input of one run. The file is opened once now, so that a name that is wrong is told before anything is reached.
    pub(super) fn new(file: &Path, format: InputFormat) -> Result<Self, Failed> {
        if file != Path::new("-") {
            // A folder opens, and cannot be read.
            File::open(file)
                .and_then(|mut file| file.read(&mut []))
                .map_err(|error| unreadable(file, &error.to_string(), READABLE))?;
        }
        Ok(Self {
            file: file.to_owned(),
            format,
            wrong: Arc::default(),
        })
    }

    /// What makes the objects for each computer. Several computers read a file each for itself; standard input is read
    /// once, and kept if several want it.
    pub(super) fn source(&self, computers: usize) -> Result<InputSource, Failed> {
        if self.file == Path::new("-") && computers > 1 {
            let mut all = Vec::new();
            let mut failed = None;
            self.read(&mut |item| {
                match item {
                    Ok(value) => all.push(value),
                    Err(error) => failed = Some(error),
                }
                true
            });
            if let Some(error) = failed {
                return Err(self.failed(&error));
            }
            let all: Arc<[Value]> = all.into();
            return Ok(Arc::new(move || {
                let all = Arc::clone(&all);
                let mut at = 0;
                Box::pin(futures_util::stream::poll_fn(move |_| {
                    let item = all.get(at).cloned().map(Ok);
                    at += 1;
                    std::task::Poll::Ready(item)
                }))
            }));
        }
        let input = self.clone();
        Ok(Arc::new(move || input.stream()))
    }

    /// What was wrong with the input, if that ended a run.
    pub(super) fn error(&self) -> Option<Failed> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.as_deref().map(|error| self.failed(error))
    }

    fn failed(&self, error: &str) -> Failed {
        let hint = match self.format {
            InputFormat::Lines => "give UTF-8 text",
            InputFormat::Jsonl => {
                "give one JSON value a line, or say otherwise with --input-format"
            }
            InputFormat::Clixml => "give CLIXML, or say otherwise with --input-format",
        };
        unreadable(&self.file, error, hint)
    }

    /// Reads on a thread of its own: files and terminals wait in their own way.
    fn stream(&self) -> InputStream {
        let (sender, mut receiver) = mpsc::channel(AHEAD);
        let input = self.clone();
        tokio::task::spawn_blocking(move || {
            input.read(&mut |item| {
                if let Err(error) = &item {
                    *input.wrong.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some(error.clone());
                }
                sender.blocking_send(item).is_ok()
            });
        });
        Box::pin(futures_util::stream::poll_fn(move |context| {
            receiver.poll_recv(context)
        }))
    }

    /// Hands over each object until the taker has enough.
    fn read(&self, take: &mut dyn FnMut(Result<Value, String>) -> bool) {
        let done = if self.file == Path::new("-") {
            self.items(io::stdin().lock(), take)
        } else {
            File::open(&self.file).and_then(|file| self.items(BufReader::new(file), take))
        };
        if let Err(error) = done {
            take(Err(error.to_string()));
        }
    }

    fn items(
        &self,
        mut from: impl BufRead,
        take: &mut dyn FnMut(Result<Value, String>) -> bool,
    ) -> io::Result<()> {
        if self.format == InputFormat::Clixml {
            let mut all = Vec::new();
            from.read_to_end(&mut all)?;
            match clixml::read_all(&all, &Limits::default()) {
                Ok(values) => {
                    let _ = values.into_iter().map(Ok).all(take);
                }
                Err(error) => drop(take(Err(error.to_string()))),
            }
            return Ok(());
        }
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            if from.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            if line.ends_with(b"\n") {
                line.pop();
                if line.ends_with(b"\r") {
                    line.pop();
                }
            }
            let mut bytes = line.as_slice();
            if number == 1 {
                bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            }
            let text = str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned());
            let item = match self.format {
                InputFormat::Jsonl if bytes.trim_ascii().is_empty() => continue,
                InputFormat::Jsonl => text.and_then(from_json::value),
                InputFormat::Lines | InputFormat::Clixml => text.map(Value::from),
            };
            let failed = item.is_err();
            if !take(item.map_err(|error| format!("line {number}: {error}"))) || failed {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: InputFormat, text: &[u8]) -> Vec<Result<Value, String>> {
        let input = Input {
            file: "x".into(),
            format,
            wrong: Arc::default(),
        };
        let mut items = Vec::new();
        input
            .items(text, &mut |item| {
                items.push(item);
                true
            })
            .unwrap();
        items
    }

    #[test]
    fn lines_are_strings_without_their_ends() {
        let items = read(InputFormat::Lines, b"\xEF\xBB\xBFa\r\n\nb");
        assert_eq!(items, [Ok("a".into()), Ok("".into()), Ok("b".into())]);
    }

    #[test]
    fn a_line_that_is_no_json_is_named_and_ends_the_input() {
        let items = read(InputFormat::Jsonl, b"1\n\n{\n2\n");
        assert_eq!(items.len(), 2);
        assert!(items[1].as_ref().unwrap_err().starts_with("line 3: "));
    }
}
