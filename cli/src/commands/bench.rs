//! `tireless bench`.

/// TODO
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    pub(crate) fn check(&self) -> crate::exit::Outcome {
        Ok(())
    }
}
pub(crate) async fn run(
    _: Args,
    _: std::sync::Arc<dyn tireless_core::Backend>,
    _: crate::output::Output,
) -> crate::exit::Outcome {
    Ok(())
}
