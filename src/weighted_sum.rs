//! The weighted sum of value rows, forward and backward.

use crate::Float;
use crate::attend::Attend;
use crate::gradient::{Gradient, Place};
use crate::products::{self, weighted_sum_gradients};
use crate::rule::Rule;

/// The sum of the rows of `hs`, each times its weight: the context vectors.
///
/// ```text
/// c[n,h] = Σ_t a[n,t]·hs[n,t,h]
/// ```
///
/// The sum runs in the order of `t`. With weights of 1 and 0 it copies the row of the 1 exactly.
///
/// # Special values
///
/// A row is read even where its weight is 0, so 0·∞ and 0·NaN make the context NaN. For `T = 0` the
/// context is `+0.0`.
///
/// # Accuracy
///
/// `|error| ≤ T·u·Σ_t |a[n,t]·hs[n,t,h]|` to first order, `u` the unit roundoff: 2⁻²⁴ for `f32`,
/// 2⁻⁵³ for `f64`.
///
/// # Example
///
/// ```
/// use microattention::weighted_sum;
///
/// let a = [[0.25_f32, 0.75]];
/// let hs = [[[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]]];
/// let mut c = [[0.0; 3]];
/// weighted_sum(&a, &hs, &mut c);
/// assert_eq!(c, [[4.0, 5.0, 6.0]]);
/// ```
#[doc(alias = "WeightSum")]
#[doc(alias = "context")]
#[doc(alias = "bmm")]
#[doc(alias = "einsum")]
#[doc(alias = "matmul")]
pub fn weighted_sum<F: Float, const N: usize, const T: usize, const H: usize>(
    a: &[[F; T]; N],
    hs: &[[[F; H]; T]; N],
    c: &mut [[F; H]; N],
) {
    Attend::new().weighted_sum(a, hs, c);
}

/// The gradients of [`weighted_sum`].
///
/// ```text
/// da[n,t]    = Σ_h dc[n,h]·hs[n,t,h]
/// dhs[n,t,h] = a[n,t]·dc[n,h]
/// ```
///
/// Each gradient goes where its [`Gradient`] argument says: `&mut`, [`Accumulate`](crate::Accumulate)
/// or [`Skip`](crate::Skip).
///
/// # Special values
///
/// NaN and ∞ follow the arithmetic of the equations. For `H = 0`, `da` is `+0.0`.
///
/// # Accuracy
///
/// `da`: `|error| ≤ (⌈H/8⌉ + 3)·u·Σ_h |dc[n,h]·hs[n,t,h]|` to first order. `dhs` is rounded once.
///
/// # Example
///
/// ```
/// use microattention::weighted_sum_backward;
///
/// let a = [[0.25_f32, 0.75]];
/// let hs = [[[1.0, 2.0], [3.0, 4.0]]];
/// let dc = [[1.0, 10.0]];
/// let (mut da, mut dhs) = ([[0.0; 2]], [[[0.0; 2]; 2]]);
/// weighted_sum_backward(&a, &hs, &dc, &mut da, &mut dhs);
/// assert_eq!(da, [[21.0, 43.0]]);
/// assert_eq!(dhs, [[[0.25, 2.5], [0.75, 7.5]]]);
/// ```
pub fn weighted_sum_backward<F: Float, const N: usize, const T: usize, const H: usize>(
    a: &[[F; T]; N],
    hs: &[[[F; H]; T]; N],
    dc: &[[F; H]; N],
    da: impl Gradient<[[F; T]; N]>,
    dhs: impl Gradient<[[[F; H]; T]; N]>,
) {
    Attend::new().weighted_sum_backward(a, hs, dc, da, dhs);
}

impl<R, B> Attend<R, B> {
    /// [`weighted_sum`] over the keys that are attended; `+0.0` where there is none.
    ///
    /// Weights and rows of other keys are not read.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let mut c = [[0.0_f32]];
    /// let att = Attend::new().lengths(&[1]);
    /// att.weighted_sum(&[[0.5, 0.5]], &[[[4.0], [f32::NAN]]], &mut c);
    /// assert_eq!(c, [[2.0]]);
    /// ```
    pub fn weighted_sum<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        a: &[[F; T]; N],
        hs: &[[[F; H]; T]; N],
        c: &mut [[F; H]; N],
    ) where
        R: Rule<F, N, 1, T>,
        B: Rule<F, N, 1, T>,
    {
        for (n, ((a, hs), c)) in a.iter().zip(hs).zip(c).enumerate() {
            let keys = self.keys::<F, N, 1, T>(n, 0);
            products::weighted_sum(keys, a, hs, Place::Set(c));
        }
    }

    /// The gradients of [`weighted_sum`](Self::weighted_sum): zero for keys that are not attended.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::{Attend, Skip};
    ///
    /// let (a, hs, mut da) = ([[0.5_f32, 0.5]], [[[4.0], [f32::NAN]]], [[0.0; 2]]);
    /// Attend::new().lengths(&[1]).weighted_sum_backward(&a, &hs, &[[3.0]], &mut da, Skip);
    /// assert_eq!(da, [[12.0, 0.0]]);
    /// ```
    pub fn weighted_sum_backward<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        a: &[[F; T]; N],
        hs: &[[[F; H]; T]; N],
        dc: &[[F; H]; N],
        mut da: impl Gradient<[[F; T]; N]>,
        mut dhs: impl Gradient<[[[F; H]; T]; N]>,
    ) where
        R: Rule<F, N, 1, T>,
        B: Rule<F, N, 1, T>,
    {
        let (mut da, mut dhs) = (da.place(), dhs.place());
        for (n, ((a, hs), dc)) in a.iter().zip(hs).zip(dc).enumerate() {
            let keys = self.keys::<F, N, 1, T>(n, 0);
            weighted_sum_gradients(keys, (a, hs), dc, da.row(n), dhs.row(n));
        }
    }
}
