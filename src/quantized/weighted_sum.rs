//! The weighted sum of rows, in integers, forward and backward.

use super::attend::Attend;
use super::products::{self, dots};
use crate::gradient::Gradient;
use crate::rule::{All, Rule};

/// The sum of the rows `hs[n,t,:]` with the weights `a[n,t]`, in 1/256 of the rows' unit.
///
/// ```text
/// c[n,h] = ⌊Σ_t a[n,t]·hs[n,t,h] / 256 + 1/2⌋, saturating
/// ```
///
/// A weight of `w` is worth `w`/65,536. Weights of [`softmax`](crate::quantized::softmax) can round to a sum a little
/// above 1, so that a context of −128 saturates, at −32,768/256. At most 32,768 rows.
///
/// # Accuracy
///
/// `c` is within 1/2 of the exact sum.
///
/// # Example
///
/// ```
/// use microattention::quantized::weighted_sum;
///
/// let mut c = [[0; 2]];
/// weighted_sum(&[[0x8000, 0x4000]], &[[[10, -20], [4, 0]]], &mut c);
/// assert_eq!(c, [[6 * 256, -10 * 256]]);
/// ```
pub fn weighted_sum<const N: usize, const T: usize, const H: usize>(
    a: &[[u16; T]; N],
    hs: &[[[i8; H]; T]; N],
    c: &mut [[i16; H]; N],
) {
    Attend::<All>::WITHOUT_SCORES.weighted_sum(a, hs, c);
}

/// The gradients of [`weighted_sum`].
///
/// ```text
/// da[n,t]    = Σ_h dc[n,h]·hs[n,t,h]
/// dhs[n,t,h] = ⌊a[n,t]·dc[n,h] / 2^(16 − fraction) + 1/2⌋
/// ```
///
/// `da` is exact. The [fraction](Attend::fraction) is 12 here. At most 511 features.
///
/// # Accuracy
///
/// `dhs` is within 1/2 of exact.
///
/// # Example
///
/// ```
/// use microattention::quantized::weighted_sum_backward;
///
/// let (mut da, mut dhs) = ([[0; 2]], [[[0; 1]; 2]]);
/// weighted_sum_backward(&[[0x8000, 0x4000]], &[[[10], [4]]], &[[3]], &mut da, &mut dhs);
/// assert_eq!(da, [[30, 12]]);
/// assert_eq!(dhs, [[[3 * 2048], [3 * 1024]]]);
/// ```
pub fn weighted_sum_backward<const N: usize, const T: usize, const H: usize>(
    a: &[[u16; T]; N],
    hs: &[[[i8; H]; T]; N],
    dc: &[[i16; H]; N],
    da: impl Gradient<[[i32; T]; N]>,
    dhs: impl Gradient<[[[i32; H]; T]; N]>,
) {
    Attend::<All>::WITHOUT_SCORES.weighted_sum_backward(a, hs, dc, da, dhs);
}

impl<R> Attend<R> {
    /// [`weighted_sum`] over the rows that are attended; weights of others are not read.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let lengths = microattention::Attend::new().lengths(&[1]);
    /// let att = Attend::with(ScoreScale::new(1.0), lengths);
    /// let mut c = [[0]];
    /// att.weighted_sum(&[[0x8000, 0x4000]], &[[[10], [4]]], &mut c);
    /// assert_eq!(c, [[5 * 256]]);
    /// ```
    pub fn weighted_sum<const N: usize, const T: usize, const H: usize>(
        &self,
        a: &[[u16; T]; N],
        hs: &[[[i8; H]; T]; N],
        c: &mut [[i16; H]; N],
    ) where
        R: Rule<f32, N, 1, T>,
    {
        for (n, ((a, hs), c)) in a.iter().zip(hs).zip(c).enumerate() {
            products::weighted_sum(self.keys::<N, 1, T>(n, 0), a, hs, c, true);
        }
    }

    /// The gradients of [`weighted_sum`](Self::weighted_sum): zero for rows that are not attended.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Skip;
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let lengths = microattention::Attend::new().lengths(&[1]);
    /// let att = Attend::with(ScoreScale::new(1.0), lengths);
    /// let mut da = [[0; 2]];
    /// att.weighted_sum_backward(&[[0x8000, 0x4000]], &[[[10], [4]]], &[[3]], &mut da, Skip);
    /// assert_eq!(da, [[30, 0]]);
    /// ```
    pub fn weighted_sum_backward<const N: usize, const T: usize, const H: usize>(
        &self,
        a: &[[u16; T]; N],
        hs: &[[[i8; H]; T]; N],
        dc: &[[i16; H]; N],
        mut da: impl Gradient<[[i32; T]; N]>,
        mut dhs: impl Gradient<[[[i32; H]; T]; N]>,
    ) where
        R: Rule<f32, N, 1, T>,
    {
        // At most 2²² each.
        const { assert!(H < 512, "at most 511 features") };
        let (mut da, mut dhs) = (da.place(), dhs.place());
        for (n, ((a, hs), dc)) in a.iter().zip(hs).zip(dc).enumerate() {
            let keys = self.keys::<N, 1, T>(n, 0);
            dots(keys, hs, dc, da.row(n), 0);
            self.values_backward(keys, (a, dc), dhs.row(n));
        }
    }
}
