//! Tests of handlers, extraction and what errors decide.
