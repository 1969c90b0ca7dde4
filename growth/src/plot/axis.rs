//! Axes: from a figure to a place between 0 and 1, and the figures that are named.

/// An axis over the figures it has to hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Axis {
    /// From zero on.
    Linear {
        /// The far end.
        most: f64,
        /// Between two figures that are named.
        step: f64,
    },
    /// Logarithmic. Zero has no place there and is given one before the smallest.
    Log {
        /// The near end; half of the smallest where there is a zero.
        least: f64,
        /// The far end.
        most: f64,
        /// Figures that are named.
        ticks: Vec<f64>,
    },
}

/// At most so many sizes are all named; of more only the powers of ten.
const NAMED: usize = 9;

impl Axis {
    /// A height.
    pub(super) fn linear(values: &[f64]) -> Self {
        let highest = values.iter().copied().fold(0.0, f64::max);
        let highest = if highest > 0.0 { highest * 1.08 } else { 1.0 };
        let power = 10_f64.powf((highest / 5.0).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
        let step = step.into_iter().find(|step| highest / step <= 5.5).unwrap_or(10.0 * power);
        Self::Linear { most: (highest / step).ceil() * step, step }
    }

    /// A height over several powers of ten.
    pub(super) fn powers(values: &[f64]) -> Self {
        let (least, most) = ends(values);
        let (low, high) = (least.log10().floor() as i32, most.log10().ceil() as i32);
        let high = high.max(low + 1);
        let ticks = (low..=high).map(|power| 10_f64.powi(power)).collect();
        Self::Log { least: 10_f64.powi(low), most: 10_f64.powi(high), ticks }
    }

    /// Sizes.
    pub(super) fn sizes(values: &[f64]) -> Self {
        let (smallest, most) = ends(values);
        let zero = values.contains(&0.0);
        let least = if zero { smallest / 2.0 } else { smallest };
        let mut ticks: Vec<f64> = values.to_vec();
        ticks.sort_by(f64::total_cmp);
        ticks.dedup();
        if ticks.len() > NAMED {
            ticks.retain(|tick| *tick > 0.0 && tick.log10().fract().abs() < 1e-9);
        }
        Self::Log { least, most: if most > least { most } else { least * 10.0 }, ticks }
    }

    /// Where a figure is, from 0 to 1.
    pub(super) fn place(&self, value: f64) -> f64 {
        match self {
            Self::Linear { most, .. } => value / most,
            Self::Log { least, most, .. } => {
                (value.max(*least) / least).log10() / (most / least).log10()
            }
        }
    }

    /// The figures that are named.
    pub(super) fn ticks(&self) -> Vec<f64> {
        match self {
            Self::Linear { most, step } => {
                (0..=(most / step).round() as u32).map(|at| f64::from(at) * step).collect()
            }
            Self::Log { ticks, .. } => ticks.clone(),
        }
    }
}

/// The smallest and the largest that are above zero.
fn ends(values: &[f64]) -> (f64, f64) {
    let above = || values.iter().copied().filter(|value| *value > 0.0);
    let least = above().fold(f64::INFINITY, f64::min);
    if least.is_finite() { (least, above().fold(least, f64::max)) } else { (1.0, 10.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_height_begins_at_zero_and_has_round_figures() {
        let axis = Axis::linear(&[1.7, 4.2]);
        assert_eq!(axis.ticks(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!((axis.place(0.0), axis.place(5.0)), (0.0, 1.0));
    }

    #[test]
    fn zero_has_a_place_before_the_smallest_size() {
        let axis = Axis::sizes(&[0.0, 0.25, 0.5, 1.0]);
        assert_eq!((axis.place(0.0), axis.place(1.0)), (0.0, 1.0));
        assert!((axis.place(0.25) - 1.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn of_many_sizes_the_powers_of_ten_are_named() {
        let sizes = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1.4e5, 2.7e5, 1e6, 1.1e6];
        let named = Axis::sizes(&sizes).ticks();
        assert_eq!(named, [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6]);
    }
}
