//! The configuration file and the folders that psdeck keeps files in.

mod connection;
mod file;
mod folders;
mod options;
mod resolve;
mod text;

pub use connection::{CONNECTION, ConnectionOption, duration, read_flags};
pub use file::{Computer, Config, ConfigError, Ui, Warning};
pub use folders::{config_file, data_folder, state_folder, themes_folder};
pub use options::overlay;
pub use resolve::{Resolved, TargetError};
pub use text::text_of;
