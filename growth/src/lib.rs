//! Growth: what a task costs as everything around it grows, each as a curve.
//!
//! Each [curve] starts a server of its own, measures one row a size, and keeps them as
//! [record] and as [picture](plot) in `docs/performance`; the [page] puts them together. Costs are
//! the server's processor time and the time that passes, a task, beside those of the bare commands
//! in the same run: a [bar](bars) that is a ratio holds on any machine.

pub mod args;
pub mod bars;
pub mod curve;
pub mod curves;
pub mod drain;
pub mod gauge;
pub mod ground;
pub mod hand;
pub mod idle_worker;
pub mod info;
pub mod load;
pub mod page;
pub mod plot;
pub mod proxy;
pub mod record;
