//! What tests share: foreign peers, the program, screens.
#![allow(dead_code, reason = "each test uses a part of it")]

pub mod console;
pub mod cuts;
pub mod cutter;
pub mod desk;
pub mod faults;
pub mod http;
pub mod kills;
pub mod link;
pub mod peer;
pub mod psdeck;
pub mod python;
mod recordings;
pub mod relay;
mod require;
pub mod screen;
pub mod servers;
pub mod wsman;

#[allow(unused_imports, reason = "each test uses a part of it")]
pub use recordings::reference;
#[allow(unused_imports, reason = "each test uses a part of it")]
pub use require::{need, require};
