//! Holds the larger examples.
