//! The `tireless` command.
fn main() {}
