//! How much of something a test does: little with each change, as much as one likes on demand.

/// The number that a variable holds; this many without it.
///
/// # Panics
/// When the variable holds no number: a typing error must not make a test small.
pub fn scaled(variable: &str, usual: u64) -> u64 {
    match std::env::var(variable) {
        Ok(given) => given.parse().unwrap_or_else(|_| panic!("{variable}={given} is no number")),
        Err(_) => usual,
    }
}
