//! Mean 0 and standard deviation 1 for every feature.

/// What turns raw frames into standardised ones, learned from the training frames alone.
#[derive(Clone, Debug)]
pub struct Standardise<const D: usize> {
    pub(crate) mean: [f32; D],
    pub(crate) scale: [f32; D],
}

impl<const D: usize> Standardise<D> {
    /// Changes nothing.
    #[must_use]
    pub const fn identity() -> Self {
        Self {
            mean: [0.0; D],
            scale: [1.0; D],
        }
    }

    /// Room for what is learned.
    pub(crate) const fn zeros() -> Self {
        Self {
            mean: [0.0; D],
            scale: [0.0; D],
        }
    }

    /// Two passes over the frames: the means, then the mean squared distances from them. A feature
    /// that never changes is only centred.
    #[must_use]
    pub fn learn(frames: impl Iterator<Item = [f32; D]> + Clone) -> Self {
        let mut learned = Self::identity();
        learned.mean = mean(frames.clone());
        let variance = mean(frames.map(|mut frame| {
            for (x, mean) in frame.iter_mut().zip(&learned.mean) {
                *x = (*x - mean) * (*x - mean);
            }
            frame
        }));
        for (scale, variance) in learned.scale.iter_mut().zip(variance) {
            if variance > 0.0 {
                *scale = 1.0 / libm::sqrtf(variance);
            }
        }
        learned
    }

    /// `x[t] = (frame[t] − mean) · scale` for the frames that exist, zeros behind them; returns how
    /// many exist, at most `T`.
    pub fn apply<const T: usize>(
        &self,
        frames: impl Iterator<Item = [f32; D]>,
        x: &mut [[f32; D]; T],
    ) -> usize {
        *x = [[0.0; D]; T];
        let mut length = 0;
        for (x, frame) in x.iter_mut().zip(frames) {
            for (((x, value), mean), scale) in
                x.iter_mut().zip(frame).zip(&self.mean).zip(&self.scale)
            {
                *x = (value - mean) * scale;
            }
            length += 1;
        }
        length
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the number of frames is far below 2²⁴"
)]
fn mean<const D: usize>(frames: impl Iterator<Item = [f32; D]>) -> [f32; D] {
    let mut sum = [0.0; D];
    let mut count = 0_u32;
    for frame in frames {
        for (sum, x) in sum.iter_mut().zip(frame) {
            *sum += x;
        }
        count += 1;
    }
    sum.map(|sum| sum / count.max(1) as f32)
}
