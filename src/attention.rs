//! Attention with one query, forward and backward.

use core::slice;

use crate::Float;
use crate::attend::Attend;
use crate::gradient::Gradient;
use crate::products::gradients;
use crate::queries::{Saved, backward, forward};
use crate::rule::Rule;

/// Attention with one query: the weights of the query `h` over the rows `hs`, and their weighted sum.
///
/// ```text
/// a[n,:] = softmax_t( Σ_h hs[n,t,h]·h[n,h] )
/// c[n,h] = Σ_t a[n,t]·hs[n,t,h]
/// ```
///
/// The result is that of [`dot_scores`](crate::dot_scores), [`softmax`](crate::softmax) and
/// [`weighted_sum`](crate::weighted_sum) in turn, bit for bit. The weights `a` are all that
/// [`attention_backward`] needs beside the inputs.
///
/// # Special values
///
/// - NaN or `+∞` in a score makes the weights and the context of that batch row NaN; other batch
///   rows are not affected.
/// - A score of `−∞` gets the weight `+0.0`, but its row is still read: NaN or ∞ in it reaches the
///   context.
/// - If every score is `−∞`, the weights are zeros.
/// - `T = 0` gives a context of zeros.
///
/// # Accuracy
///
/// That of the three functions in turn. An error of `ε` in the scores is a relative error of at
/// most `2ε` in the weights.
///
/// # Example
///
/// ```
/// use microattention::attention;
///
/// let h = [[1.0_f32, 2.0]];
/// let hs = [[[2.0, 0.0], [0.0, 1.0]]];
/// let (mut a, mut c) = ([[0.0; 2]], [[0.0; 2]]);
/// attention(&h, &hs, &mut a, &mut c);
/// assert_eq!(a, [[0.5, 0.5]]);
/// assert_eq!(c, [[1.0, 0.5]]);
/// ```
#[doc(alias = "Attention")]
#[doc(alias = "Luong")]
#[doc(alias = "context vector")]
pub fn attention<F: Float, const N: usize, const T: usize, const H: usize>(
    h: &[[F; H]; N],
    hs: &[[[F; H]; T]; N],
    a: &mut [[F; T]; N],
    c: &mut [[F; H]; N],
) {
    Attend::new().attention(h, hs, a, c);
}

/// The gradients of [`attention`].
///
/// ```text
/// da[n,t]    = Σ_h dc[n,h]·hs[n,t,h]
/// ds[n,t]    = a[n,t]·(da[n,t] − Σ_t a[n,t]·da[n,t])
/// dh[n,h]    = Σ_t ds[n,t]·hs[n,t,h]
/// dhs[n,t,h] = a[n,t]·dc[n,h] + ds[n,t]·h[n,h]
/// ```
///
/// `a` is what the forward pass wrote. `dhs` is the sum of both paths, through the values and through
/// the keys. The result is that of [`weighted_sum_backward`](crate::weighted_sum_backward) and
/// [`attention_weights_backward`](crate::attention_weights_backward), their `dhs` added, bit for bit.
/// One row `[F; T]` on the stack holds `ds`. Each gradient goes where its [`Gradient`] argument says:
/// `&mut`, [`Accumulate`](crate::Accumulate) or [`Skip`](crate::Skip).
///
/// # Special values
///
/// Weights of NaN make the gradients of that batch row NaN; other batch rows are not affected. A
/// weight of 0 gives a score gradient of 0 for finite `da`.
///
/// # Accuracy
///
/// The errors of the backward passes in turn; `dhs` is rounded three times.
///
/// # Example
///
/// ```
/// use microattention::attention_backward;
///
/// let h = [[1.0_f32, 2.0]];
/// let hs = [[[2.0, 0.0], [0.0, 1.0]]];
/// let a = [[0.5, 0.5]];
/// let dc = [[1.0, 0.0]];
/// let (mut dh, mut dhs) = ([[0.0; 2]], [[[0.0; 2]; 2]]);
/// attention_backward(&h, &hs, &a, &dc, &mut dh, &mut dhs);
/// assert_eq!(dh, [[1.0, -0.5]]);
/// assert_eq!(dhs, [[[1.0, 1.0], [0.0, -1.0]]]);
/// ```
pub fn attention_backward<F: Float, const N: usize, const T: usize, const H: usize>(
    h: &[[F; H]; N],
    hs: &[[[F; H]; T]; N],
    a: &[[F; T]; N],
    dc: &[[F; H]; N],
    dh: impl Gradient<[[F; H]; N]>,
    dhs: impl Gradient<[[[F; H]; T]; N]>,
) {
    Attend::new().attention_backward(h, hs, a, dc, dh, dhs);
}

impl<R, B> Attend<R, B> {
    /// [`attention`] with the options.
    ///
    /// ```text
    /// a[n,:] = softmax_t( scale · Σ_h hs[n,t,h]·h[n,h] + bias[n,t] )
    /// c[n,h] = Σ_t a[n,t]·hs[n,t,h]
    /// ```
    ///
    /// What is saved in `a` may be a [`Normalizer`](crate::Normalizer) instead of the weights: see
    /// [`Saved`].
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let (h, hs) = ([[1.0_f32]], [[[2.0], [2.0], [9.0]]]);
    /// let (mut a, mut c) = ([[0.0; 3]], [[0.0]]);
    /// Attend::new().lengths(&[2]).attention(&h, &hs, &mut a, &mut c);
    /// assert_eq!((a, c), ([[0.5, 0.5, 0.0]], [[2.0]]));
    /// ```
    pub fn attention<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[F; H]; N],
        hs: &[[[F; H]; T]; N],
        a: &mut [impl Saved<F, T>; N],
        c: &mut [[F; H]; N],
    ) where
        R: Rule<F, N, 1, T>,
        B: Rule<F, N, 1, T>,
    {
        for (n, (((h, hs), a), c)) in h.iter().zip(hs).zip(a).zip(c).enumerate() {
            let keys = |u| self.keys::<F, N, 1, T>(n, u);
            let (h, a, c) = (slice::from_ref(h), slice::from_mut(a), slice::from_mut(c));
            forward(keys, h, hs, hs, a, c);
        }
    }

    /// The gradients of [`attention`](Self::attention): zero for keys that are not attended.
    ///
    /// ```text
    /// da[n,t]    = Σ_h dc[n,h]·hs[n,t,h]
    /// ds[n,t]    = a[n,t]·(da[n,t] − Σ_t a[n,t]·da[n,t])
    /// dh[n,h]    = Σ_t (scale·ds[n,t])·hs[n,t,h]
    /// dhs[n,t,h] = a[n,t]·dc[n,h] + (scale·ds[n,t])·h[n,h]
    /// ```
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::{Attend, Skip};
    ///
    /// let (h, hs, a) = ([[1.0_f32]], [[[2.0], [6.0], [9.0]]], [[0.5, 0.5, 0.0]]);
    /// let mut dhs = [[[0.0]; 3]];
    /// Attend::new().lengths(&[2]).attention_backward(&h, &hs, &a, &[[1.0]], Skip, &mut dhs);
    /// assert_eq!(dhs, [[[-0.5], [1.5], [0.0]]]);
    /// ```
    pub fn attention_backward<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[F; H]; N],
        hs: &[[[F; H]; T]; N],
        a: &[impl Saved<F, T>; N],
        dc: &[[F; H]; N],
        mut dh: impl Gradient<[[F; H]; N]>,
        mut dhs: impl Gradient<[[[F; H]; T]; N]>,
    ) where
        R: Rule<F, N, 1, T>,
        B: Rule<F, N, 1, T>,
    {
        let (mut dh, mut dhs) = (dh.place(), dhs.place());
        for (n, (((h, hs), a), dc)) in h.iter().zip(hs).zip(a).zip(dc).enumerate() {
            let keys = |u| self.keys::<F, N, 1, T>(n, u);
            let inputs = (slice::from_ref(h), hs);
            let of_context = (slice::from_ref(a), slice::from_ref(dc));
            let of_scores = dh.is_wanted() || dhs.is_wanted();
            backward(
                keys,
                inputs,
                hs,
                of_context,
                of_scores,
                |_, keys, (a, dc), (ds, h)| {
                    gradients(keys, (a, ds), hs, dh.row(n), dhs.row(n), |i| {
                        let (dc, h) = (dc[i], h[i]);
                        move |a, ds| a * dc + ds * h
                    });
                },
            );
        }
    }
}
