//! Holds the larger examples, and compiles the code of the documentation.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/handlers.md")]
mod handlers {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/testing.md")]
mod testing {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/plain-lists.md")]
mod plain_lists {}

#[cfg(test)]
mod tests {
    #[test]
    fn the_readme_shows_the_simplest_program() {
        let (_, program) = include_str!("../simplest.rs").split_once("\n\n").unwrap();
        let block = format!("```rust,no_run\n{program}```");
        assert!(include_str!("../../README.md").contains(&block));
    }
}
