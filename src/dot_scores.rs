//! The scores of key rows against a query, forward and backward.

use crate::Float;
use crate::attend::Attend;
use crate::gradient::Gradient;
use crate::lanes::dot;
use crate::query_and_key_gradients::query_and_key_gradients;
use crate::rule::{
    Attends, Bias, BiasGradient, Keys, NoBias, PerKey, Rule, bias_gradient, part, row_part,
};

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
            dot_scores_row(self.keys::<F, N, 1, T>(n, 0), h, hs, s);
        }
    }

    fn dot_scores_backward_with<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[F; H]; N],
        hs: &[[[F; H]; T]; N],
        ds: &[[F; T]; N],
        mut dh: impl Gradient<[[F; H]; N]>,
        mut dhs: impl Gradient<[[[F; H]; T]; N]>,
        mut dbias: impl BiasGradient<F>,
    ) where
        R: Rule<F, N, 1, T>,
        B: Rule<F, N, 1, T>,
    {
        let batch = h.iter().zip(hs).zip(ds);
        let gradients = dh.rows(|dh| dh).zip(dhs.rows(|dhs| dhs));
        for (n, (((h, hs), ds), (dh, dhs))) in batch.zip(gradients).enumerate() {
            let keys = self.keys::<F, N, 1, T>(n, 0);
            put_bias(keys, n, 0, ds, &mut dbias);
            dot_scores_backward_row(keys, h, hs, ds, dh, dhs);
        }
    }
}

impl<R> Attend<R> {
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
        dh: impl Gradient<[[F; H]; N]>,
        dhs: impl Gradient<[[[F; H]; T]; N]>,
    ) where
        R: Rule<F, N, 1, T>,
    {
        self.dot_scores_backward_with(h, hs, ds, dh, dhs, NoBias);
    }
}

impl<R, A> Attend<R, Bias<'_, A>> {
    /// The gradients of [`dot_scores`](Self::dot_scores), that of the bias included:
    /// `dbias[n,t] = ds[n,t]`.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::{Attend, Skip};
    ///
    /// let (h, hs, ds) = ([[1.0_f32]], [[[2.0], [6.0]]], [[3.0, 5.0]]);
    /// let (att, mut db) = (Attend::new().bias(&[[0.0, f32::NEG_INFINITY]]), [[0.0; 2]]);
    /// att.dot_scores_backward(&h, &hs, &ds, Skip, Skip, &mut db);
    /// assert_eq!(db, [[3.0, 0.0]]);
    /// ```
    pub fn dot_scores_backward<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[F; H]; N],
        hs: &[[[F; H]; T]; N],
        ds: &[[F; T]; N],
        dh: impl Gradient<[[F; H]; N]>,
        dhs: impl Gradient<[[[F; H]; T]; N]>,
        dbias: impl Gradient<A>,
    ) where
        R: Rule<F, N, 1, T>,
        A: PerKey<F, N, 1, T>,
    {
        let dbias = bias_gradient::<F, A, N, 1, T>(dbias);
        self.dot_scores_backward_with(h, hs, ds, dh, dhs, dbias);
    }
}

/// `s[t] = scale · Σ_h hs[t,h]·h[h] + bias[t]` for the attended keys, `−∞` elsewhere.
#[inline(always)]
pub(crate) fn dot_scores_row<F: Float, const T: usize, const H: usize>(
    keys: impl Keys<F>,
    h: &[F; H],
    hs: &[[F; H]; T],
    s: &mut [F; T],
) {
    let (range, attends) = row_part::<_, _, T>(keys);
    range.before(s).fill(F::NEG_INFINITY);
    range.after(s).fill(F::NEG_INFINITY);
    for (i, (s, x)) in range.of_mut(s).iter_mut().zip(range.of(hs)).enumerate() {
        *s = if attends.key(i) {
            keys.bias(range.start + i, keys.scale(dot(x, h)))
        } else {
            F::NEG_INFINITY
        };
    }
}

/// `dh[h] = Σ_t (scale·ds[t])·hs[t,h]` over the attended keys, in the order of `t`, and
/// `dhs[t,h] = (scale·ds[t])·h[h]`.
#[inline(always)]
pub(crate) fn dot_scores_backward_row<F: Float, K: Keys<F>, const T: usize, const H: usize>(
    keys: K,
    h: &[F; H],
    hs: &[[F; H]; T],
    ds: &[F; T],
    dh: impl Gradient<[F; H]>,
    dhs: impl Gradient<[[F; H]; T]>,
) {
    let scaled;
    let g = if K::SCALED {
        scaled = ds.map(|ds| keys.scale(ds));
        &scaled
    } else {
        ds
    };
    query_and_key_gradients(keys, hs, g, g, dh, dhs, 1, |i, _, g| g * h[i]);
}

/// The gradient of the bias: that of the score before the scale.
#[inline(always)]
pub(crate) fn put_bias<F: Float, D: BiasGradient<F>, const T: usize>(
    keys: impl Keys<F>,
    n: usize,
    u: usize,
    ds: &[F; T],
    dbias: &mut D,
) {
    if D::WANTED {
        let (range, attends) = part(keys, T);
        for (i, &ds) in range.of(ds).iter().enumerate() {
            if attends.key(i) {
                dbias.put(n, u, range.start + i, ds);
            }
        }
    }
}
