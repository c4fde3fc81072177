//! Scores by inner product, in integers, forward and backward.

use super::attend::Attend;
use super::bits::Power;
use super::products::{dots, scores_backward};
use crate::gradient::{Gradient, Place};
use crate::rule::{All, Rule};

/// The inner product of the query `h[n,:]` with each row `hs[n,t,:]`, exact.
///
/// ```text
/// s[n,t] = Σ_h hs[n,t,h]·h[n,h]
/// ```
///
/// A unit is worth the scale of `h` times that of `hs`. With the rows of a matrix as `hs` it is a dense layer. At
/// most 131,071 features.
///
/// # Example
///
/// ```
/// use microattention::quantized::dot_scores;
///
/// let mut s = [[0; 2]];
/// dot_scores(&[[1, -2]], &[[[100, 10], [-128, 127]]], &mut s);
/// assert_eq!(s, [[80, -382]]);
/// ```
#[doc(alias = "dense layer")]
#[doc(alias = "fully connected")]
pub fn dot_scores<const N: usize, const T: usize, const H: usize>(
    h: &[[i8; H]; N],
    hs: &[[[i8; H]; T]; N],
    s: &mut [[i32; T]; N],
) {
    Attend::<All>::WITHOUT_SCORES.dot_scores(h, hs, s);
}

/// The gradients of [`dot_scores`], exact.
///
/// ```text
/// dh[n,h]    = Σ_t ds[n,t]·hs[n,t,h]
/// dhs[n,t,h] = ds[n,t]·h[n,h]
/// ```
///
/// At most 511 rows. [`Accumulate`](crate::Accumulate) saturates.
///
/// # Example
///
/// ```
/// use microattention::quantized::dot_scores_backward;
///
/// let (mut dh, mut dhs) = ([[0; 1]], [[[0; 1]; 2]]);
/// dot_scores_backward(&[[5]], &[[[100], [-3]]], &[[-7, 1000]], &mut dh, &mut dhs);
/// assert_eq!((dh, dhs), ([[-3700]], [[[-35], [5000]]]));
/// ```
pub fn dot_scores_backward<const N: usize, const T: usize, const H: usize>(
    h: &[[i8; H]; N],
    hs: &[[[i8; H]; T]; N],
    ds: &[[i16; T]; N],
    dh: impl Gradient<[[i32; H]; N]>,
    dhs: impl Gradient<[[[i32; H]; T]; N]>,
) {
    Attend::<All>::WITHOUT_SCORES.dot_scores_backward(h, hs, ds, dh, dhs);
}

impl<R> Attend<R> {
    /// [`dot_scores`] of the keys that are attended, `i32::MIN` for others.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let lengths = microattention::Attend::new().lengths(&[1]);
    /// let mut s = [[0; 2]];
    /// Attend::with(ScoreScale::new(1.0), lengths).dot_scores(&[[2]], &[[[3], [4]]], &mut s);
    /// assert_eq!(s, [[6, i32::MIN]]);
    /// ```
    pub fn dot_scores<const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[i8; H]; N],
        hs: &[[[i8; H]; T]; N],
        s: &mut [[i32; T]; N],
    ) where
        R: Rule<f32, N, 1, T>,
    {
        // At most 2¹⁴ each.
        const { assert!(H < 131_072, "at most 131,071 features") };
        for (n, ((h, hs), s)) in h.iter().zip(hs).zip(s).enumerate() {
            dots(self.keys::<N, 1, T>(n, 0), hs, h, Place::Set(s), i32::MIN);
        }
    }

    /// The gradients of [`dot_scores`](Self::dot_scores): zero for keys that are not attended.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Skip;
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let lengths = microattention::Attend::new().lengths(&[1]);
    /// let mut dh = [[0]];
    /// let att = Attend::with(ScoreScale::new(1.0), lengths);
    /// att.dot_scores_backward(&[[2]], &[[[3], [4]]], &[[5, 6]], &mut dh, Skip);
    /// assert_eq!(dh, [[15]]);
    /// ```
    pub fn dot_scores_backward<const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[i8; H]; N],
        hs: &[[[i8; H]; T]; N],
        ds: &[[i16; T]; N],
        mut dh: impl Gradient<[[i32; H]; N]>,
        mut dhs: impl Gradient<[[[i32; H]; T]; N]>,
    ) where
        R: Rule<f32, N, 1, T>,
    {
        // At most 2²² each.
        const { assert!(T < 512, "at most 511 rows") };
        let (mut dh, mut dhs) = (dh.place(), dhs.place());
        for (n, ((h, hs), ds)) in h.iter().zip(hs).zip(ds).enumerate() {
            let keys = self.keys::<N, 1, T>(n, 0);
            let ds = (ds, Power::right(0));
            scores_backward(keys, ds, (h, hs), dh.row(n), dhs.row(n));
        }
    }
}
