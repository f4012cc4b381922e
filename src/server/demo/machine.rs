//! The demonstration's computers: names, folders, processes, services.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::clixml::{DateTime, DateTimeKind, Object, Property, Value};

/// A computer that is only told of.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) windows: bool,
    pub(super) user: String,
    pub(super) home: String,
    /// By path; in lower case on Windows. Made when somebody looks.
    entries: OnceLock<BTreeMap<String, Entry>>,
    /// Makes one machine's figures differ from another's.
    seed: u64,
}

/// A file or folder.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) directory: bool,
    length: u64,
    /// Ticks.
    written: i64,
}

const WINDOWS_TREE: &str = r"
C:\Program Files\PowerShell\7\
C:\Program Files\PowerShell\7\pwsh.exe 289792
C:\Program Files\PowerShell\7\LICENSE.txt 1146
C:\Users\Administrator\Desktop\
C:\Users\Administrator\Documents\
C:\Users\Administrator\Documents\inventory.csv 48213
C:\Users\Administrator\Documents\maintenance plan.docx 31744
C:\Users\Administrator\Scripts\
C:\Users\Administrator\Scripts\Backup-Database.ps1 4211
C:\Users\Administrator\Scripts\Get-DiskReport.ps1 1877
C:\Users\Administrator\Scripts\Restart-WebFarm.ps1 2630
C:\Users\Administrator\notes.txt 512
C:\Windows\System32\drivers\etc\
C:\Windows\System32\drivers\etc\hosts 824
C:\Windows\System32\cmd.exe 323584
C:\Windows\win.ini 92
C:\inetpub\logs\LogFiles\
C:\inetpub\logs\LogFiles\u_ex240506.log 7340032
C:\inetpub\wwwroot\
C:\inetpub\wwwroot\iisstart.htm 703
C:\inetpub\wwwroot\web.config 1284
";

const LINUX_TREE: &str = "
/etc/ssh/
/etc/ssh/sshd_config 3254
/etc/hostname 14
/etc/hosts 221
/etc/os-release 267
/home/deploy/scripts/
/home/deploy/scripts/deploy.ps1 2048
/home/deploy/scripts/rotate-logs.sh 731
/home/deploy/releases/
/home/deploy/releases/app-2.4.0.tar.gz 18350080
/home/deploy/releases/app-2.4.1.tar.gz 18362368
/home/deploy/notes.txt 512
/opt/microsoft/powershell/7/
/opt/microsoft/powershell/7/pwsh 76336
/tmp/
/var/log/
/var/log/auth.log 90112
/var/log/syslog 524288
/var/www/
/var/www/index.html 615
";

const WINDOWS_PROCESSES: &str = "csrss dwm explorer LogonUI lsass MsMpEng pwsh Registry services sihost smss spoolsv sqlservr svchost svchost svchost System taskhostw w3wp WmiPrvSE wsmprovhost winlogon";
const LINUX_PROCESSES: &str = "systemd systemd-journald systemd-udevd agetty bash containerd cron dbus-daemon dockerd nginx nginx postgres pwsh rsyslogd sshd sshd";

const SERVICES: &str = "BITS:Background Intelligent Transfer Service|Dhcp:DHCP Client|Dnscache:DNS Client|EventLog:Windows Event Log|LanmanServer:Server|MSSQLSERVER:SQL Server (MSSQLSERVER)|Netlogon:Netlogon|Schedule:Task Scheduler|*Spooler:Print Spooler|sshd:OpenSSH SSH Server|*TrustedInstaller:Windows Modules Installer|W32Time:Windows Time|W3SVC:World Wide Web Publishing Service|*WSearch:Windows Search|WinRM:Windows Remote Management (WS-Management)|*wuauserv:Windows Update";

impl Machine {
    /// A computer of that name; names that say Linux are Linux computers.
    pub(super) fn new(name: &str) -> Self {
        let windows = !name.to_lowercase().contains("linux");
        let (user, home) = if windows {
            ("Administrator", r"C:\Users\Administrator")
        } else {
            ("deploy", "/home/deploy")
        };
        Self {
            name: name.to_owned(),
            windows,
            user: user.to_owned(),
            home: home.to_owned(),
            entries: OnceLock::new(),
            seed: name.bytes().fold(14_695_981_039_346_656_037, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211)
            }),
        }
    }

    fn entries(&self) -> &BTreeMap<String, Entry> {
        self.entries.get_or_init(|| self.plant())
    }

    fn plant(&self) -> BTreeMap<String, Entry> {
        let (root, tree) = if self.windows {
            (r"C:\", WINDOWS_TREE)
        } else {
            ("/", LINUX_TREE)
        };
        let separator = self.separator();
        let mut entries = BTreeMap::new();
        let mut add = |path: &str, directory, length| {
            let entry = self.made(path, directory, length);
            entries.entry(self.key(path)).or_insert(entry);
        };
        for line in tree.lines().filter(|line| !line.is_empty()) {
            let (path, length) = line
                .rsplit_once(' ')
                .filter(|(_, length)| length.parse::<u64>().is_ok())
                .unwrap_or((line, "0"));
            let path = path.trim_end_matches(separator);
            let directory = line.ends_with(separator);
            for (at, _) in path.match_indices(separator).skip(1) {
                add(path.get(..at).unwrap_or_default(), true, 0);
            }
            add(path, directory, length.parse().unwrap_or_default());
        }
        add(root, true, 0);
        entries
    }

    fn made(&self, path: &str, directory: bool, length: u64) -> Entry {
        let name = path
            .rsplit(self.separator())
            .next()
            .unwrap_or(path)
            .to_owned();
        let age = path.bytes().fold(self.seed, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(u64::from(byte))
        }) % 30_000_000;
        // In the year before 2024-05-06T07:08:09.
        let written = 638_505_760_890_000_000 - i64::try_from(age).unwrap_or_default() * 10_000_000;
        Entry {
            path: path.to_owned(),
            name,
            directory,
            length,
            written,
        }
    }

    fn key(&self, path: &str) -> String {
        if self.windows {
            path.to_lowercase()
        } else {
            path.to_owned()
        }
    }

    pub(super) fn separator(&self) -> char {
        if self.windows { '\\' } else { '/' }
    }

    /// The full path that `path` means at `location`.
    pub(super) fn resolve(&self, location: &str, path: &str) -> String {
        let separator = self.separator();
        let path = if self.windows {
            path.replace('/', "\\")
        } else {
            path.to_owned()
        };
        let home = path
            .strip_prefix('~')
            .map(|rest| format!("{}{rest}", self.home));
        let path = home.unwrap_or(path);
        let mut characters = path.chars();
        let rooted = match characters.next() {
            Some(first) if self.windows => first == separator || characters.next() == Some(':'),
            first => first == Some('/'),
        };
        let whole = if rooted {
            path
        } else {
            format!("{location}{separator}{path}")
        };
        let mut parts: Vec<&str> = Vec::new();
        for part in whole.split(separator) {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part if part.ends_with(':') => parts.clear(),
                part => parts.push(part),
            }
        }
        let root = if self.windows { r"C:\" } else { "/" };
        let full = format!("{root}{}", parts.join(&separator.to_string()));
        self.entry(&full).map_or(full, |entry| entry.path.clone())
    }

    /// What is at a full path.
    pub(super) fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries().get(&self.key(path))
    }

    /// The folder and the last part of a full path.
    pub(super) fn split<'p>(&self, path: &'p str) -> (&'p str, &'p str) {
        let (folder, last) = path.rsplit_once(self.separator()).unwrap_or(("", path));
        match folder {
            "C:" => (r"C:\", last),
            "" => ("/", last),
            folder => (folder, last),
        }
    }

    /// What is in a folder; folders first.
    pub(super) fn children(&self, folder: &str) -> Vec<&Entry> {
        let separator = self.separator();
        let base = format!(
            "{}{separator}",
            self.key(folder).trim_end_matches(separator)
        );
        let inside = self
            .entries()
            .range(base.clone()..)
            .take_while(|(path, _)| path.starts_with(&base));
        let mut found: Vec<_> = inside
            .filter(|(path, _)| {
                let rest = path.get(base.len()..).unwrap_or_default();
                !rest.is_empty() && !rest.contains(separator)
            })
            .map(|(_, entry)| entry)
            .collect();
        found.sort_by_key(|entry| !entry.directory);
        found
    }

    /// The processes, whose times grow with the clock (microseconds since 1970).
    pub(super) fn processes(&self, now: i64) -> Vec<Value> {
        let names = if self.windows {
            WINDOWS_PROCESSES
        } else {
            LINUX_PROCESSES
        };
        let mut random = self.seed | 1;
        let mut next = |below: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % below
        };
        let mut names: Vec<&str> = names.split(' ').collect();
        names.sort_by_key(|name| name.to_lowercase());
        let process = |name: &str| {
            let (handles, paged, share) = (next(60) + 3, next(90_000_000) + 2_000_000, next(1000));
            let seconds = u64::try_from(now / 1_000_000).unwrap_or_default() % 1_000_000;
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let cpu = (seconds * share / 100_000) as f64 + next(100) as f64 / 100.0;
            let whole = |number: u64| Value::Int64(i64::try_from(number).unwrap_or_default());
            let id = i32::try_from(next(9000) + 400).unwrap_or_default();
            let mut object = Object::bag([
                ("ProcessName", Value::from(name)),
                ("Name", name.into()),
                ("Id", id.into()),
                ("CPU", Value::Double(cpu)),
                ("NPM", whole(handles * 1024)),
                ("PM", whole(paged)),
                ("WS", whole(paged + paged / 3)),
                ("SI", Value::Int32(0)),
                ("Handles", whole(handles * 11)),
                ("MachineName", ".".into()),
                ("Responding", true.into()),
            ])
            .with_types([
                "System.Diagnostics.Process",
                "System.ComponentModel.Component",
                "System.Object",
            ]);
            object.to_string = Some(format!("System.Diagnostics.Process ({name})").into());
            object.into()
        };
        names.into_iter().map(process).collect()
    }

    /// The services; Linux has no command for them.
    pub(super) fn services(&self) -> Option<Vec<Value>> {
        let service = |text: &str| {
            let running = !text.starts_with('*');
            let (name, display) = text
                .trim_start_matches('*')
                .split_once(':')
                .unwrap_or((text, text));
            let (status, number) = if running {
                ("Running", 4)
            } else {
                ("Stopped", 1)
            };
            let mut object = Object::bag([
                ("Name", Value::from(name)),
                ("DisplayName", display.into()),
                (
                    "Status",
                    crate::clixml::enum_value(
                        "System.ServiceProcess.ServiceControllerStatus",
                        status,
                        number,
                    ),
                ),
                ("ServiceName", name.into()),
                ("CanStop", running.into()),
            ])
            .with_types([
                "System.ServiceProcess.ServiceController",
                "System.ComponentModel.Component",
                "System.Object",
            ]);
            object.to_string = Some(name.into());
            object.into()
        };
        self.windows
            .then(|| SERVICES.split('|').map(service).collect())
    }
}

impl Entry {
    /// The `FileInfo` or `DirectoryInfo`.
    pub(super) fn to_value(&self, machine: &Machine) -> Value {
        let kind = if self.directory {
            "System.IO.DirectoryInfo"
        } else {
            "System.IO.FileInfo"
        };
        let length = Value::Int64(i64::try_from(self.length).unwrap_or_default());
        let mut object = Object::bag([
            ("Name", Value::from(self.name.as_str())),
            ("FullName", self.path.as_str().into()),
            (
                "LastWriteTime",
                Value::DateTime(DateTime {
                    ticks: self.written,
                    kind: DateTimeKind::Unspecified,
                }),
            ),
            ("PSIsContainer", self.directory.into()),
            ("PSParentPath", machine.split(&self.path).0.into()),
        ])
        .with_types([
            kind,
            "System.IO.FileSystemInfo",
            "System.MarshalByRefObject",
            "System.Object",
        ]);
        let mut add = |name: &str, value: Value| object.extended.push(Property::new(name, value));
        if !self.directory {
            add("Length", length.clone());
        }
        if machine.windows {
            add(
                "Mode",
                if self.directory { "d----" } else { "-a---" }.into(),
            );
        } else {
            add(
                "UnixMode",
                if self.directory {
                    "drwxr-xr-x"
                } else {
                    "-rw-r--r--"
                }
                .into(),
            );
            add("User", machine.user.as_str().into());
            add("Group", machine.user.as_str().into());
            add(
                "Size",
                if self.directory {
                    Value::Int32(4096)
                } else {
                    length
                },
            );
        }
        object.to_string = Some(self.path.as_str().into());
        object.into()
    }
}
