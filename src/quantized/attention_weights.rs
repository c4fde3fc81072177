//! The weights of attention, in integers, forward and backward.

use super::attend::Attend;
use super::products::scores_backward;
use super::row::softmax_backward_row;
use super::scale::ScoreScale;
use crate::gradient::Gradient;
use crate::rule::Rule;

/// The weights of the query `h[n,:]` over the rows `hs[n,t,:]`.
///
/// ```text
/// a[n,:] = softmax_t( Σ_h hs[n,t,h]·h[n,h] )
/// ```
///
/// The result is that of [`dot_scores`](crate::quantized::dot_scores) and [`softmax`](crate::quantized::softmax) in
/// turn, bit for bit, and as accurate as the latter, for scores are exact.
///
/// # Example
///
/// ```
/// use microattention::quantized::{ScoreScale, attention_weights};
///
/// let mut a = [[0; 2]];
/// attention_weights(ScoreScale::new(0.1), &[[1, 2]], &[[[20, 0], [0, 10]]], &mut a);
/// assert_eq!(a, [[0x8000, 0x8000]]);
/// ```
pub fn attention_weights<const N: usize, const T: usize, const H: usize>(
    sigma: ScoreScale,
    h: &[[i8; H]; N],
    hs: &[[[i8; H]; T]; N],
    a: &mut [[u16; T]; N],
) {
    Attend::new(sigma).attention_weights(h, hs, a);
}

/// The gradients of [`attention_weights`].
///
/// ```text
/// m[n,:], e[n] = softmax_backward(a[n,:], da[n,:])
/// x            = min(e[n] + fraction, 8)
/// dh[n,h]      = ⌊2^x·Σ_t m[n,t]·hs[n,t,h] + 1/2⌋, saturating
/// dhs[n,t,h]   = ⌊2^x·m[n,t]·h[n,h] + 1/2⌋
/// ```
///
/// In 2⁻¹² of the unit of `da` (see [`Attend::fraction`]). Gradients that do not fit are scaled down together,
/// by the 8.
///
/// # Accuracy
///
/// Where all fit, with `error[t]` that of [`softmax_backward`](crate::quantized::softmax_backward) in 2^−fraction: `dh`
/// is within 1/2 + Σ_t `error[t]`·|`hs[n,t,h]`| of exact, and `dhs` within 1/2 + `error[t]`·|`h[n,h]`|.
///
/// # Example
///
/// ```
/// use microattention::Skip;
/// use microattention::quantized::{ScoreScale, attention_weights_backward};
///
/// let (a, da) = ([[0x8000, 0x8000]], [[300, 100]]);
/// let mut dh = [[0]];
/// attention_weights_backward(ScoreScale::new(0.5), &[[1]], &[[[1], [-1]]], &a, &da, &mut dh, Skip);
/// assert_eq!(dh, [[50 * 4096]]);
/// ```
pub fn attention_weights_backward<const N: usize, const T: usize, const H: usize>(
    sigma: ScoreScale,
    h: &[[i8; H]; N],
    hs: &[[[i8; H]; T]; N],
    a: &[[u16; T]; N],
    da: &[[i32; T]; N],
    dh: impl Gradient<[[i32; H]; N]>,
    dhs: impl Gradient<[[[i32; H]; T]; N]>,
) {
    Attend::new(sigma).attention_weights_backward(h, hs, a, da, dh, dhs);
}

impl<R> Attend<R> {
    /// [`attention_weights`] over the keys that are attended, zero for others.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let lengths = microattention::Attend::new().lengths(&[1]);
    /// let mut a = [[9; 2]];
    /// Attend::with(ScoreScale::new(1.0), lengths).attention_weights(&[[2]], &[[[3], [4]]], &mut a);
    /// assert_eq!(a, [[0xFFFF, 0]]);
    /// ```
    pub fn attention_weights<const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[i8; H]; N],
        hs: &[[[i8; H]; T]; N],
        a: &mut [[u16; T]; N],
    ) where
        R: Rule<f32, N, 1, T>,
    {
        for (n, ((h, hs), a)) in h.iter().zip(hs).zip(a).enumerate() {
            self.weights_row(self.keys::<N, 1, T>(n, 0), h, hs, a);
        }
    }

    /// The gradients of [`attention_weights`](Self::attention_weights): zero for keys that are not attended.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Skip;
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let lengths = microattention::Attend::new().lengths(&[1]);
    /// let att = Attend::with(ScoreScale::new(1.0), lengths);
    /// let mut dh = [[9]];
    /// att.attention_weights_backward(&[[2]], &[[[3], [4]]], &[[0xFFFF, 0]], &[[5, 6]], &mut dh, Skip);
    /// assert_eq!(dh, [[0]]);
    /// ```
    pub fn attention_weights_backward<const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[i8; H]; N],
        hs: &[[[i8; H]; T]; N],
        a: &[[u16; T]; N],
        da: &[[i32; T]; N],
        mut dh: impl Gradient<[[i32; H]; N]>,
        mut dhs: impl Gradient<[[[i32; H]; T]; N]>,
    ) where
        R: Rule<f32, N, 1, T>,
    {
        let (mut dh, mut dhs) = (dh.place(), dhs.place());
        for (n, (((h, hs), a), da)) in h.iter().zip(hs).zip(a).zip(da).enumerate() {
            let keys = self.keys::<N, 1, T>(n, 0);
            let mut ds = *da;
            let power = self.score_power(softmax_backward_row(keys, &self.scale, a, &mut ds));
            scores_backward(keys, (&ds, power), (h, hs), dh.row(n), dhs.row(n));
        }
    }
}
