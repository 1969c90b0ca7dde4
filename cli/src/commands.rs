//! The commands, one a file.

pub(crate) mod bench;
pub(crate) mod doctor;
pub(crate) mod ls;
pub(crate) mod pause;
pub(crate) mod purge;
pub(crate) mod push;
pub(crate) mod reconcile;
pub(crate) mod requeue;
pub(crate) mod rm;
pub(crate) mod run;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod work;
pub(crate) mod workers;
