//! The app in a pseudo-terminal, seen as a terminal shows it: `Screen::new(80, 24).start().keys("n").expect("Target")`.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::peer::Peer;

/// How long a text may take to appear. A busy machine is slow; a right answer is not.
const PATIENCE: Duration = Duration::from_secs(30);

/// A run of the app, to be described and started.
pub struct Builder {
    size: PtySize,
    command: Vec<String>,
    environment: Vec<(String, String)>,
    home: tempfile::TempDir,
}

/// A running app and its screen. It is killed when dropped.
pub struct Screen {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    input: Box<dyn Write + Send>,
    shown: Arc<Shown>,
    modes_before: String,
    patience: Duration,
    home: tempfile::TempDir,
}

/// What the terminal shows, and a bell for its changes.
struct Shown {
    terminal: Mutex<Terminal>,
    changed: Condvar,
}

struct Terminal {
    parser: vt100::Parser,
    /// Everything that came.
    bytes: Vec<u8>,
    /// Whether a frame has begun that is not complete: what is shown is half of it.
    drawing: bool,
    ended: bool,
}

impl Screen {
    /// The app without arguments, in a window of this size.
    #[expect(
        clippy::new_ret_no_self,
        reason = "it is described first, then started"
    )]
    pub fn new(columns: u16, rows: u16) -> Builder {
        Builder {
            size: size(columns, rows),
            command: vec![env!("CARGO_BIN_EXE_psdeck").to_owned()],
            environment: Vec::new(),
            home: tempfile::tempdir().expect("a folder"),
        }
    }

    /// Presses keys: characters, and names in `<…>` (`<Enter>`, `<C-]>`, `<PageUp>`).
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        let mut bytes = Vec::new();
        let mut rest = keys;
        while let Some(next) = rest.chars().next() {
            if next == '<'
                && let Some((name, after)) = rest[1..].split_once('>')
            {
                bytes.extend(named(name));
                rest = after;
            } else {
                bytes.extend(rest[..next.len_utf8()].bytes());
                rest = &rest[next.len_utf8()..];
            }
        }
        self.send(&bytes)
    }

    /// Waits that much longer from now on.
    pub fn patient(&mut self, longer: Duration) -> &mut Self {
        self.patience += longer;
        self
    }

    /// Types a text as it is.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.send(text.as_bytes())
    }

    /// Pastes as a terminal does that was told to bracket pastes.
    pub fn paste(&mut self, text: &str) -> &mut Self {
        let text = format!("\u{1b}[200~{}\u{1b}[201~", text.replace('\n', "\r"));
        self.send(text.as_bytes())
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> &mut Self {
        self.until(&format!("{text:?}"), |screen| screen.contains(text))
    }

    /// Waits until the screen no longer shows a text.
    #[track_caller]
    pub fn gone(&mut self, text: &str) -> &mut Self {
        self.until(&format!("no {text:?}"), |screen| !screen.contains(text))
    }

    /// Waits until a row of the screen is this, blanks at its ends aside.
    #[track_caller]
    pub fn row(&mut self, text: &str) -> &mut Self {
        self.until(&format!("a row {text:?}"), |screen| {
            screen.lines().any(|row| row.trim() == text)
        })
    }

    /// Waits until the screen is as it should be.
    #[track_caller]
    pub fn until(&mut self, what: &str, right: impl Fn(&str) -> bool) -> &mut Self {
        let end = Instant::now() + self.patience;
        let mut terminal = self.shown.lock();
        loop {
            let contents = terminal.parser.screen().contents();
            if !terminal.drawing && right(&contents) {
                break;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero() && !terminal.ended,
                "the screen never showed {what}; it shows\n{contents}"
            );
            terminal = self
                .shown
                .changed
                .wait_timeout(terminal, left)
                .expect("the reader lives")
                .0;
        }
        drop(terminal);
        self
    }

    /// What the screen shows, without the blanks at the ends of rows.
    pub fn contents(&self) -> String {
        let terminal = self.shown.lock();
        let contents = terminal.parser.screen().contents();
        let rows: Vec<_> = contents.lines().map(str::trim_end).collect();
        rows.join("\n") + "\n"
    }

    /// The colour of the first character of a text on the screen.
    pub fn colour_of(&self, text: &str) -> vt100::Color {
        let terminal = self.shown.lock();
        let screen = terminal.parser.screen();
        let (rows, columns) = screen.size();
        for row in 0..rows {
            let line: String = (0..columns)
                .filter_map(|column| screen.cell(row, column))
                .map(|cell| match cell.contents() {
                    "" => " ",
                    contents => contents,
                })
                .collect();
            if let Some(byte) = line.find(text) {
                let column = u16::try_from(line[..byte].chars().count()).expect("a column");
                return screen.cell(row, column).expect("a cell").fgcolor();
            }
        }
        panic!("{text:?} is not on the screen");
    }

    /// How many bytes have come so far.
    pub fn bytes(&self) -> usize {
        self.shown.lock().bytes.len()
    }

    /// Whether a sequence of bytes came.
    pub fn received(&self, bytes: &[u8]) -> bool {
        self.shown
            .lock()
            .bytes
            .windows(bytes.len())
            .any(|window| window == bytes)
    }

    /// Waits until a sequence of bytes comes after so many others.
    #[track_caller]
    pub fn received_since(&mut self, before: usize, bytes: &[u8]) {
        let end = Instant::now() + PATIENCE;
        let mut terminal = self.shown.lock();
        while !terminal.bytes[before..]
            .windows(bytes.len())
            .any(|window| window == bytes)
        {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !terminal.ended, "the bytes never came");
            let woken = self.shown.changed.wait_timeout(terminal, left);
            terminal = woken.expect("the reader lives").0;
        }
    }

    /// The id of the app's process.
    pub fn process(&self) -> u32 {
        self.child.process_id().expect("a process")
    }

    /// Gives the window another size.
    pub fn resize(&mut self, columns: u16, rows: u16) -> &mut Self {
        self.shown
            .lock()
            .parser
            .screen_mut()
            .set_size(rows, columns);
        self.master.resize(size(columns, rows)).expect("a resize");
        self
    }

    /// Sends the app a signal.
    pub fn signal(&mut self, signal: rustix::process::Signal) -> &mut Self {
        let id = self.child.process_id().expect("a process");
        let id = i32::try_from(id).expect("an id");
        let id = rustix::process::Pid::from_raw(id).expect("an id");
        rustix::process::kill_process(id, signal).expect("a signal");
        self
    }

    /// Waits for the end; the exit status. Fails unless the terminal is then as it was.
    #[track_caller]
    pub fn ended(&mut self) -> u32 {
        let end = Instant::now() + PATIENCE;
        let mut terminal = self.shown.lock();
        // The reader ends when nobody has the terminal open any more.
        while !terminal.ended {
            let left = end.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "the app goes on; it shows\n{}",
                terminal.parser.screen().contents()
            );
            terminal = self
                .shown
                .changed
                .wait_timeout(terminal, left)
                .expect("the reader lives")
                .0;
        }
        drop(terminal);
        let status = self.child.wait().expect("an end");
        self.restored();
        status.exit_code()
    }

    /// Fails unless the terminal is as it was before the app.
    #[track_caller]
    pub fn restored(&self) {
        let terminal = self.shown.lock();
        let screen = terminal.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "pastes come as they are");
        assert!(
            !screen.application_cursor() && !screen.application_keypad(),
            "keys come as they do"
        );
        assert_eq!(
            screen.mouse_protocol_mode(),
            vt100::MouseProtocolMode::None,
            "the mouse is the terminal's"
        );
        drop(terminal);
        for (set, what) in [
            (&b"\x1b]0;"[..], "the title"),
            (b"\x1b]1;", "the icon's name"),
            (b"\x1b]2;", "the title"),
            (b"\x1b]52;", "the clipboard"),
            (b"\x1b[?1004h", "the focus"),
            (b"\x1b[>", "the keyboard's protocol"),
        ] {
            assert!(!self.received(set), "{what} is never touched");
        }
        assert_eq!(self.modes(), self.modes_before, "the line's modes are back");
    }

    /// The app's home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn send(&mut self, bytes: &[u8]) -> &mut Self {
        self.input.write_all(bytes).expect("the app takes keys");
        self.input.flush().expect("the app takes keys");
        self
    }

    fn modes(&self) -> String {
        modes(self.master.as_ref())
    }
}

impl Builder {
    /// Adds arguments.
    pub fn args(mut self, arguments: &[&str]) -> Self {
        self.command
            .extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// Runs the app from a shell script, in which it is `$psdeck`.
    pub fn script(mut self, script: &str) -> Self {
        self.environment
            .push(("psdeck".to_owned(), self.command.join(" ")));
        self.command = ["bash", "--norc", "-c", script].map(str::to_owned).to_vec();
        self
    }

    /// Sets a variable of the environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes the configuration file.
    pub fn config(self, text: &str) -> Self {
        let folder = self.home.path().join(".config/psdeck");
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("config.toml");
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, before + text).expect("a file");
        self
    }

    /// Makes a peer known as a profile.
    pub fn peer(self, name: &str, peer: &Peer) -> Self {
        self.config(&peer.profile(name))
    }

    /// Starts it.
    pub fn start(self) -> Screen {
        let pair = native_pty_system()
            .openpty(self.size)
            .expect("a pseudo-terminal");
        let modes_before = modes(pair.master.as_ref());
        let mut command = CommandBuilder::new(&self.command[0]);
        command.args(&self.command[1..]);
        command.env("HOME", self.home.path());
        command.env("TERM", "xterm-256color");
        for name in [
            "XDG_CONFIG_HOME",
            "XDG_STATE_HOME",
            "XDG_DATA_HOME",
            "PSDECK_DATA",
            "SSH_AUTH_SOCK",
            "NO_COLOR",
            "COLORTERM",
        ] {
            command.env_remove(name);
        }
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the app starts");
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().expect("a reader");
        let input = pair.master.take_writer().expect("a writer");
        let shown = Arc::new(Shown {
            terminal: Mutex::new(Terminal {
                parser: vt100::Parser::new(self.size.rows, self.size.cols, 0),
                bytes: Vec::new(),
                drawing: false,
                ended: false,
            }),
            changed: Condvar::new(),
        });
        let reader = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                let mut terminal = reader.lock();
                terminal.take(&buffer[..count]);
                reader.changed.notify_all();
            }
            reader.lock().ended = true;
            reader.changed.notify_all();
        });
        Screen {
            child,
            master: pair.master,
            input,
            shown,
            modes_before,
            patience: PATIENCE,
            home: self.home,
        }
    }
}

impl Terminal {
    fn take(&mut self, bytes: &[u8]) {
        const FRAME: &[u8] = b"\x1b[?2026";
        self.parser.process(bytes);
        // The sequence may come in two pieces.
        let from = self.bytes.len().saturating_sub(FRAME.len());
        self.bytes.extend(bytes);
        let mut marks = self.bytes[from..].windows(FRAME.len() + 1);
        if let Some(last) = marks.rfind(|mark| mark.starts_with(FRAME)) {
            self.drawing = last.ends_with(b"h");
        }
    }
}

impl Shown {
    fn lock(&self) -> MutexGuard<'_, Terminal> {
        self.terminal.lock().expect("the reader lives")
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        cols: columns,
        rows,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("modes"))
}

fn named(name: &str) -> Vec<u8> {
    if let Some(key) = name.strip_prefix("C-") {
        return vec![key.as_bytes()[0].to_ascii_uppercase() & 0x1f];
    }
    if let Some(key) = name.strip_prefix("A-") {
        return format!("\u{1b}{key}").into_bytes();
    }
    let sequence: &str = match name {
        "Enter" => "\r",
        "Tab" => "\t",
        "S-Tab" => "\u{1b}[Z",
        "Esc" => "\u{1b}",
        "Backspace" => "\u{7f}",
        "Up" => "\u{1b}[A",
        "Down" => "\u{1b}[B",
        "Right" => "\u{1b}[C",
        "Left" => "\u{1b}[D",
        "Home" => "\u{1b}[H",
        "End" => "\u{1b}[F",
        "PageUp" => "\u{1b}[5~",
        "PageDown" => "\u{1b}[6~",
        other => panic!("no key is named {other}"),
    };
    sequence.as_bytes().to_vec()
}
