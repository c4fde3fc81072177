//! The scores of key rows against a query, forward and backward.

use crate::Float;
use crate::attend::Attend;
use crate::gradient::{Gradient, Place};
use crate::keys::Keys;
use crate::products;
use crate::queries::{scale, scores};
use crate::rule::Rule;

/// The inner products of the keys `hs` with the query `h`: the scores.
///
/// ```text
/// s[n,t] = Σ_h hs[n,t,h]·h[n,h]
/// ```
///
/// The sum runs in eight lanes, in an order that is the same on every target.
///
/// # Special values
///
/// NaN and ∞ follow the arithmetic of the equation. For `H = 0` a score is `+0.0`.
///
/// # Accuracy
///
/// `|error| ≤ (⌈H/8⌉ + 3)·u·Σ_h |hs[n,t,h]·h[n,h]|` to first order, `u` the unit roundoff.
///
/// # Example
///
/// ```
/// use microattention::dot_scores;
///
/// let h = [[1.0_f32, 10.0]];
/// let hs = [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]];
/// let mut s = [[0.0; 3]];
/// dot_scores(&h, &hs, &mut s);
/// assert_eq!(s, [[21.0, 43.0, 65.0]]);
/// ```
#[doc(alias = "matmul")]
#[doc(alias = "inner product")]
#[doc(alias = "bmm")]
#[doc(alias = "einsum")]
#[doc(alias = "logits")]
pub fn dot_scores<F: Float, const N: usize, const T: usize, const H: usize>(
    h: &[[F; H]; N],
    hs: &[[[F; H]; T]; N],
    s: &mut [[F; T]; N],
) {
    Attend::new().dot_scores(h, hs, s);
}

/// The gradients of [`dot_scores`].
///
/// ```text
/// dh[n,h]    = Σ_t ds[n,t]·hs[n,t,h]
/// dhs[n,t,h] = ds[n,t]·h[n,h]
/// ```
///
/// Each gradient goes where its [`Gradient`] argument says: `&mut`, [`Accumulate`](crate::Accumulate)
/// or [`Skip`](crate::Skip). The sum runs in the order of `t`.
///
/// # Special values
///
/// NaN and ∞ follow the arithmetic of the equations. For `T = 0`, `dh` is `+0.0`.
///
/// # Accuracy
///
/// `dh`: `|error| ≤ T·u·Σ_t |ds[n,t]·hs[n,t,h]|` to first order. `dhs` is rounded once.
///
/// # Example
///
/// ```
/// use microattention::dot_scores_backward;
///
/// let h = [[1.0_f32, 10.0]];
/// let hs = [[[1.0, 2.0], [3.0, 4.0]]];
/// let ds = [[0.5, -0.5]];
/// let (mut dh, mut dhs) = ([[0.0; 2]], [[[0.0; 2]; 2]]);
/// dot_scores_backward(&h, &hs, &ds, &mut dh, &mut dhs);
/// assert_eq!(dh, [[-1.0, -1.0]]);
/// assert_eq!(dhs, [[[0.5, 5.0], [-0.5, -5.0]]]);
/// ```
pub fn dot_scores_backward<F: Float, const N: usize, const T: usize, const H: usize>(
    h: &[[F; H]; N],
    hs: &[[[F; H]; T]; N],
    ds: &[[F; T]; N],
    dh: impl Gradient<[[F; H]; N]>,
    dhs: impl Gradient<[[[F; H]; T]; N]>,
) {
    Attend::new().dot_scores_backward(h, hs, ds, dh, dhs);
}

impl<R, B> Attend<R, B> {
    /// [`dot_scores`], scaled and biased; `−∞` where a key is not attended.
    ///
    /// ```text
    /// s[n,t] = scale · Σ_h hs[n,t,h]·h[n,h] + bias[n,t]
    /// ```
    ///
    /// Rows of keys that are not attended are not read.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let mut s = [[0.0_f32; 2]];
    /// let att = Attend::new().scale(0.5).lengths(&[1]);
    /// att.dot_scores(&[[1.0, 10.0]], &[[[2.0, 4.0], [6.0, 8.0]]], &mut s);
    /// assert_eq!(s, [[21.0, f32::NEG_INFINITY]]);
    /// ```
    pub fn dot_scores<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[F; H]; N],
        hs: &[[[F; H]; T]; N],
        s: &mut [[F; T]; N],
    ) where
        R: Rule<F, N, 1, T>,
        B: Rule<F, N, 1, T>,
    {
        for (n, ((h, hs), s)) in h.iter().zip(hs).zip(s).enumerate() {
            scores(self.keys::<F, N, 1, T>(n, 0), h, hs, s);
        }
    }

    /// The gradients of [`dot_scores`](Self::dot_scores): zero for keys that are not attended.
    ///
    /// ```text
    /// dh[n,h]    = Σ_t (scale·ds[n,t])·hs[n,t,h]
    /// dhs[n,t,h] = (scale·ds[n,t])·h[n,h]
    /// ```
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::{Attend, Skip};
    ///
    /// let (h, hs, ds) = ([[1.0_f32]], [[[2.0], [6.0]]], [[3.0, 5.0]]);
    /// let mut dh = [[0.0]];
    /// Attend::new().scale(0.5).lengths(&[1]).dot_scores_backward(&h, &hs, &ds, &mut dh, Skip);
    /// assert_eq!(dh, [[3.0]]);
    /// ```
    pub fn dot_scores_backward<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[F; H]; N],
        hs: &[[[F; H]; T]; N],
        ds: &[[F; T]; N],
        mut dh: impl Gradient<[[F; H]; N]>,
        mut dhs: impl Gradient<[[[F; H]; T]; N]>,
    ) where
        R: Rule<F, N, 1, T>,
        B: Rule<F, N, 1, T>,
    {
        let (mut dh, mut dhs) = (dh.place(), dhs.place());
        for (n, ((h, hs), ds)) in h.iter().zip(hs).zip(ds).enumerate() {
            let keys = self.keys::<F, N, 1, T>(n, 0);
            let mut scaled = *ds;
            let ds = if keys.scale.is_some() {
                scale(keys, &mut scaled);
                &scaled
            } else {
                ds
            };
            dot_scores_backward_row(keys, h, hs, ds, dh.row(n), dhs.row(n));
        }
    }
}

/// From the gradients of the inner products.
#[inline(always)]
pub(crate) fn dot_scores_backward_row<F: Float, const T: usize, const H: usize>(
    keys: Keys<'_, F>,
    h: &[F; H],
    hs: &[[F; H]; T],
    ds: &[F; T],
    dh: Place<'_, [F; H]>,
    dhs: Place<'_, [[F; H]; T]>,
) {
    products::gradients(keys, (ds, ds), hs, dh, dhs, |i| {
        let h = h[i];
        move |_, ds| ds * h
    });
}
