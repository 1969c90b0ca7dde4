//! B17: what somebody damaged past the broker is found and mended; what is healthy is left alone.

mod at_random; // many damages at once
mod busy; // searches while much comes and goes
mod classes; // each class of damage
mod healthy; // searches under load, and of a long list
mod summed; // the sum of what is held
mod ward; // a queue that a test damages
