//! What only the whole can promise. A missing server fails a test; nothing here is skipped.

mod conformance; // every clause of the contract, over both client libraries
mod interop; // pushed with one library, run with the other
mod out_of_memory; // what still works at maxmemory
mod scripts_lost; // SCRIPT FLUSH under way
mod wrong_types; // each script and each of its keys holding another type
