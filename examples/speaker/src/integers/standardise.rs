//! Mean 0 and standard deviation 32 for every feature, in 8 bits.

/// What turns raw frames into standardised ones, learned from the training frames alone.
///
/// The frames of the data files are `f32`. Here they become integers by their bits, without a floating-point
/// instruction, as a board with a microphone has them from the start.
#[derive(Clone, Debug)]
pub struct Standardise<const D: usize> {
    /// In 2⁻¹⁶.
    pub(super) mean: [i32; D],
    /// 32 / deviation, in 2⁻²⁴ for numbers in 2⁻¹⁶.
    pub(super) factor: [i32; D],
}

/// The standard deviation of a feature.
pub(super) const DEVIATION: i32 = 32;
/// What one unit is worth.
pub(super) const X: f32 = 1.0 / 32.0;

impl<const D: usize> Standardise<D> {
    /// Room for what is learned.
    pub(super) const fn zeros() -> Self {
        Self {
            mean: [0; D],
            factor: [0; D],
        }
    }

    /// Two passes over the frames: the means, then the mean squared distances from them. A feature that never changes is
    /// zero.
    #[must_use]
    pub fn learn(frames: impl Iterator<Item = [f32; D]> + Clone) -> Self {
        let mut learned = Self::zeros();
        learned.mean = mean(frames.clone(), |_, x| x.into()).map(narrow);
        let variance = mean(frames, |feature, x| {
            let mean = learned.mean.get(feature).copied().unwrap_or_default();
            let distance = i64::from(x) - i64::from(mean);
            distance * distance
        });
        for (factor, variance) in learned.factor.iter_mut().zip(variance) {
            if let deviation @ 1.. = variance.isqrt() {
                *factor = narrow((i64::from(DEVIATION) << 24) / deviation);
            }
        }
        learned
    }

    /// `x[t] = (frame[t] − mean) · factor`, saturating, for the frames that exist; those behind them stay as they are. Returns how
    /// many exist, at most `T`.
    pub fn apply<const T: usize>(
        &self,
        frames: impl Iterator<Item = [f32; D]>,
        x: &mut [[i8; D]; T],
    ) -> usize {
        let mut length = 0;
        for (x, frame) in x.iter_mut().zip(frames) {
            for (((x, value), mean), factor) in
                x.iter_mut().zip(frame).zip(&self.mean).zip(&self.factor)
            {
                let distance = i64::from(fixed_point(value)) - i64::from(*mean);
                let scaled = (distance * i64::from(*factor) + (1 << 23)) >> 24;
                *x = scaled.clamp(i8::MIN.into(), i8::MAX.into()) as i8;
            }
            length += 1;
        }
        length
    }
}

fn mean<const D: usize>(
    frames: impl Iterator<Item = [f32; D]>,
    term: impl Fn(usize, i32) -> i64,
) -> [i64; D] {
    let (mut sum, mut count) = ([0_i64; D], 0);
    for frame in frames {
        for (feature, (sum, x)) in sum.iter_mut().zip(frame).enumerate() {
            *sum = sum.saturating_add(term(feature, fixed_point(x)));
        }
        count += 1;
    }
    sum.map(|sum| sum / count.max(1))
}

/// `x·2¹⁶`, of magnitude below 2³⁰ whatever `x` is.
fn fixed_point(x: f32) -> i32 {
    let bits = x.to_bits();
    let significand = (bits & 0x7F_FFFF | 0x80_0000).cast_signed();
    let magnitude = match 134_u32.checked_sub(bits >> 23 & 0xFF) {
        Some(right) => significand >> right.min(31),
        None => (1 << 30) - 1,
    };
    if x.is_sign_negative() {
        -magnitude
    } else {
        magnitude
    }
}

fn narrow(x: i64) -> i32 {
    x.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}
