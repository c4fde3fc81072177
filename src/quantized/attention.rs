//! Attention with one query, in integers, forward and backward.

use super::attend::Attend;
use super::products::weighted_sum;
use super::scale::ScoreScale;
use crate::gradient::Gradient;
use crate::rule::Rule;

/// Attention with one query: the weights of the query `h[n,:]` over the rows `hs[n,t,:]`, and their weighted sum.
///
/// ```text
/// a[n,:] = softmax_t( Σ_h hs[n,t,h]·h[n,h] )
/// c[n,h] = ⌊Σ_t a[n,t]·hs[n,t,h] / 256 + 1/2⌋, saturating
/// ```
///
/// The result is that of [`dot_scores`](crate::quantized::dot_scores), [`softmax`](crate::quantized::softmax) and
/// [`weighted_sum`](crate::quantized::weighted_sum) in turn, bit for bit. The weights are all that
/// [`attention_backward`] needs beside the inputs. One row `[i32; T]` on the stack holds the scores.
///
/// # Accuracy
///
/// `c` is within 1/2 + Σ_t `error[t]`·|`hs[n,t,h]`| / 256 of exact, with `error[t]` that of the weight (see
/// [`softmax`](crate::quantized::softmax)).
///
/// Of rows with normally distributed numbers, the root mean square error is at most 4·10⁻⁴ of the root mean square of the context up
/// to 64 keys. With more, weights that are nearly equal have few of their 16 bits left: with 256 keys it is up
/// to 1.3·10⁻³, which is what rounding exact weights to 1/65,536 and their context to 1/256 costs.
///
/// # Example
///
/// ```
/// use microattention::quantized::{ScoreScale, attention};
///
/// let (mut a, mut c) = ([[0; 2]], [[0; 2]]);
/// attention(ScoreScale::new(0.1), &[[1, 2]], &[[[20, 0], [0, 10]]], &mut a, &mut c);
/// assert_eq!(a, [[0x8000, 0x8000]]);
/// assert_eq!(c, [[10 * 256, 5 * 256]]);
/// ```
pub fn attention<const N: usize, const T: usize, const H: usize>(
    sigma: ScoreScale,
    h: &[[i8; H]; N],
    hs: &[[[i8; H]; T]; N],
    a: &mut [[u16; T]; N],
    c: &mut [[i16; H]; N],
) {
    Attend::new(sigma).attention(h, hs, a, c);
}

/// The gradients of [`attention`].
///
/// ```text
/// da[n,t]      = Σ_h dc[n,h]·hs[n,t,h]
/// m[n,:], e[n] = softmax_backward(a[n,:], da[n,:])
/// x            = min(e[n] + fraction, 8)
/// dh[n,h]      = ⌊2^x·Σ_t m[n,t]·hs[n,t,h] + 1/2⌋, saturating
/// dhs[n,t,h]   = ⌊a[n,t]·dc[n,h] / 2^(16 − fraction) + 1/2⌋ + ⌊2^x·m[n,t]·h[n,h] + 1/2⌋
/// ```
///
/// The result is that of [`weighted_sum_backward`](crate::quantized::weighted_sum_backward) and
/// [`attention_weights_backward`](crate::quantized::attention_weights_backward), their `dhs` added, bit for bit.
/// All are in 2⁻¹² of the unit of `dc` (see [`Attend::fraction`]). One row `[i32; T]` on the stack holds `ds`.
///
/// # Accuracy
///
/// For the weights that are given, where nothing saturates and `x` is less than 8, with `error[t]` that of
/// [`softmax_backward`](crate::quantized::softmax_backward) in 2^−fraction: `dh` is within
/// 1/2 + Σ_t `error[t]`·|`hs[n,t,h]`| of exact, and `dhs` within 1 + `error[t]`·|`h[n,h]`|.
///
/// Of rows with normally distributed numbers, against exact weights, the root mean square error is at most 7·10⁻⁴ of that of the
/// gradients up to 64 keys, and up to 1.3·10⁻³ with 256 that weigh nearly the same.
///
/// # Example
///
/// ```
/// use microattention::quantized::{ScoreScale, attention_backward};
///
/// let (h, hs, a, dc) = ([[1]], [[[1], [-1]]], [[0x8000, 0x8000]], [[100]]);
/// let (mut dh, mut dhs) = ([[0]], [[[0]; 2]]);
/// attention_backward(ScoreScale::new(0.5), &h, &hs, &a, &dc, &mut dh, &mut dhs);
/// assert_eq!(dh, [[50 * 4096]]);
/// assert_eq!(dhs, [[[75 * 4096], [25 * 4096]]]);
/// ```
pub fn attention_backward<const N: usize, const T: usize, const H: usize>(
    sigma: ScoreScale,
    h: &[[i8; H]; N],
    hs: &[[[i8; H]; T]; N],
    a: &[[u16; T]; N],
    dc: &[[i16; H]; N],
    dh: impl Gradient<[[i32; H]; N]>,
    dhs: impl Gradient<[[[i32; H]; T]; N]>,
) {
    Attend::new(sigma).attention_backward(h, hs, a, dc, dh, dhs);
}

impl<R> Attend<R> {
    /// [`attention`] over the keys that are attended.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let lengths = microattention::Attend::new().lengths(&[1]);
    /// let (mut a, mut c) = ([[9; 2]], [[9]]);
    /// Attend::with(ScoreScale::new(1.0), lengths).attention(&[[2]], &[[[3], [4]]], &mut a, &mut c);
    /// assert_eq!((a, c), ([[0xFFFF, 0]], [[3 * 256]]));
    /// ```
    pub fn attention<const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[i8; H]; N],
        hs: &[[[i8; H]; T]; N],
        a: &mut [[u16; T]; N],
        c: &mut [[i16; H]; N],
    ) where
        R: Rule<f32, N, 1, T>,
    {
        for (n, (((h, hs), a), c)) in h.iter().zip(hs).zip(a).zip(c).enumerate() {
            let keys = self.keys::<N, 1, T>(n, 0);
            self.weights_row(keys, h, hs, a);
            weighted_sum(keys, a, hs, c, false);
        }
    }

    /// The gradients of [`attention`](Self::attention): zero for keys that are not attended.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Skip;
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let lengths = microattention::Attend::new().lengths(&[1]);
    /// let att = Attend::with(ScoreScale::new(1.0), lengths);
    /// let mut dhs = [[[9]; 2]];
    /// att.attention_backward(&[[2]], &[[[3], [4]]], &[[0x8000, 0]], &[[6]], Skip, &mut dhs);
    /// assert_eq!(dhs[0][1], [0]);
    /// ```
    pub fn attention_backward<const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[i8; H]; N],
        hs: &[[[i8; H]; T]; N],
        a: &[[u16; T]; N],
        dc: &[[i16; H]; N],
        mut dh: impl Gradient<[[i32; H]; N]>,
        mut dhs: impl Gradient<[[[i32; H]; T]; N]>,
    ) where
        R: Rule<f32, N, 1, T>,
    {
        let (mut dh, mut dhs) = (dh.place(), dhs.place());
        for (n, (((h, hs), a), dc)) in h.iter().zip(hs).zip(a).zip(dc).enumerate() {
            let keys = self.keys::<N, 1, T>(n, 0);
            self.rows_backward(keys, (h, hs), (a, dc), dh.row(n), dhs.row(n));
        }
    }
}
