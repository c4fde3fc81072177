//! A trained model as bytes, and learning on from there.

use super::Trainer;
use crate::{FEATURES, Parameters, Standardise};

impl<const H: usize, const C: usize, const T: usize> Trainer<H, C, T> {
    /// All that recognition needs, to be stored: the mean and the scale of every feature, then the
    /// parameters in the order of [`Parameters::slices`], each number little-endian.
    pub fn stored(&self) -> impl Iterator<Item = [u8; 4]> {
        let Standardise { mean, scale } = &self.standardise;
        let parameters = self.parameters.slices().into_iter().flatten();
        mean.iter()
            .chain(scale)
            .chain(parameters)
            .map(|value| value.to_le_bytes())
    }

    /// Takes up what a trainer of the first `K` classes has [`stored`](Self::stored), to recognise
    /// with it or to learn on, with a new optimiser and the random numbers of `seed`.
    ///
    /// The score of every further class is at first the mean of the scores of those `K`. It is not
    /// above the largest one, so until such a class is learned none of its name is recognised.
    ///
    /// Returns `false` where the length is wrong or a value is not finite; then nothing changes.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "classes are few")]
    pub fn resume<const K: usize>(&mut self, stored: &[u8], seed: u64) -> bool {
        const { assert!(0 < K && K <= C, "classes may be added, not taken away") };
        let (values, rest) = stored.as_chunks();
        let mut values = values.iter().map(|&value| f32::from_le_bytes(value));
        let expected = 2 * FEATURES + (FEATURES + 2) * H + (H + 1) * K;
        if values.len() != expected || !rest.is_empty() || !values.clone().all(f32::is_finite) {
            return false;
        }
        let Standardise { mean, scale } = &mut self.standardise;
        let Parameters { w, b, q, v, e } = &mut self.parameters;
        let same = mean
            .iter_mut()
            .chain(scale)
            .chain(w.as_flattened_mut().as_flattened_mut())
            .chain(b.as_flattened_mut())
            .chain(q.as_flattened_mut());
        for (to, from) in same.zip(values.by_ref()) {
            *to = from;
        }
        for row in v.as_flattened_mut().iter_mut().chain(e) {
            let (known, further) = row.split_at_mut(K);
            let mut sum = 0.0;
            for (to, from) in known.iter_mut().zip(values.by_ref()) {
                *to = from;
                sum += from;
            }
            further.fill(sum / K as f32);
        }
        self.restart(seed);
        true
    }
}
