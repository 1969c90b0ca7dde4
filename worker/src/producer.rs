//! Pushes tasks.
