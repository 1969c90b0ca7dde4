//! Holds the test suite in `suite/`.
