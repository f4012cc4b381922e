//! Files that only the user reads, and that are replaced whole.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::RegistryError;

/// How long another psdeck may keep the registry locked; it needs milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes a folder that only the user enters; one that is there becomes so.
pub(super) fn private_folder(folder: &Path) -> Result<(), RegistryError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(failed("make the folder", folder))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let open = fs::metadata(folder).map_err(failed("read", folder))?;
        if open.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
                .map_err(failed("close to others the folder", folder))?;
        }
    }
    Ok(())
}

/// Opens a file that only the user reads, and makes it where there is none.
pub(super) fn private_file(path: &Path) -> Result<File, RegistryError> {
    options()
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(failed("open", path))
}

/// Opens a file and locks it, after whoever has it locked.
pub(super) fn lock(path: &Path) -> Result<File, RegistryError> {
    let file = private_file(path)?;
    let end = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < end => {
                sleep(Duration::from_millis(1));
            }
            Err(TryLockError::WouldBlock) => return Err(RegistryError::Locked(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed("lock", path)(source)),
        }
    }
}

/// Puts a whole file in place of the one before; if `kept`, on the disk when this returns. Only one process may do it at
/// a time.
pub(super) fn replace(path: &Path, bytes: &[u8], kept: bool) -> Result<(), RegistryError> {
    let new = path.with_added_extension("new");
    // What somebody left who died here.
    let _ = fs::remove_file(&new);
    let written = options().create_new(true).open(&new).and_then(|mut file| {
        file.write_all(bytes)?;
        if kept { file.sync_data() } else { Ok(()) }
    });
    written.map_err(failed("write", &new))?;
    rename(&new, path).map_err(failed("replace", path))
}

/// A file of at most so many bytes, as text; `None` if there is none.
pub(super) fn read(path: &Path, most: usize) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut text)?;
    if text.len() > most {
        return Err(io::Error::other("it is too long"));
    }
    match String::from_utf8(text) {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(io::Error::other("it is no text")),
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Renames; where the system refuses while somebody reads the file that is replaced (Windows), a moment later.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let end = Instant::now() + Duration::from_secs(1);
    loop {
        match fs::rename(from, to) {
            Err(error)
                if cfg!(windows)
                    && error.kind() == io::ErrorKind::PermissionDenied
                    && Instant::now() < end =>
            {
                sleep(Duration::from_millis(2));
            }
            done => return done,
        }
    }
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RegistryError {
    move |source| RegistryError::Io {
        what,
        path: path.to_owned(),
        source,
    }
}
