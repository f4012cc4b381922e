//! The program psdeck; what it does is in the library.

fn main() {}
