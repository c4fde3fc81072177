//! Scores, then softmax: the attention weights, forward and backward.

use crate::Float;
use crate::attend::Attend;
use crate::dot_scores::dot_scores_backward_row;
use crate::gradient::Gradient;
use crate::queries::{scale, weights};
use crate::rule::Rule;
use crate::softmax::softmax_backward_row;

/// The attention weights of the query `h` over the keys `hs`.
///
/// ```text
/// a[n,:] = softmax_t( Σ_h hs[n,t,h]·h[n,h] )
/// ```
///
/// The result is that of [`dot_scores`](crate::dot_scores) followed by
/// [`softmax`](crate::softmax), bit for bit.
///
/// # Special values
///
/// Those of [`softmax`](crate::softmax), for the scores: NaN or `+∞` in one of them makes the
/// weights of that batch row NaN.
///
/// # Accuracy
///
/// An error of `ε` in the scores is a relative error of at most `2ε` in the weights, on top of what
/// [`softmax`](crate::softmax) adds.
///
/// # Example
///
/// ```
/// use microattention::attention_weights;
///
/// let h = [[1.0_f32, 2.0]];
/// let hs = [[[2.0, 0.0], [0.0, 1.0]]];
/// let mut a = [[0.0; 2]];
/// attention_weights(&h, &hs, &mut a);
/// assert_eq!(a, [[0.5, 0.5]]);
/// ```
#[doc(alias = "AttentionWeight")]
#[doc(alias = "alignment")]
pub fn attention_weights<F: Float, const N: usize, const T: usize, const H: usize>(
    h: &[[F; H]; N],
    hs: &[[[F; H]; T]; N],
    a: &mut [[F; T]; N],
) {
    Attend::new().attention_weights(h, hs, a);
}

/// The gradients of [`attention_weights`].
///
/// ```text
/// ds[n,t]    = a[n,t]·(da[n,t] − Σ_t a[n,t]·da[n,t])
/// dh[n,h]    = Σ_t ds[n,t]·hs[n,t,h]
/// dhs[n,t,h] = ds[n,t]·h[n,h]
/// ```
///
/// `a` is the result of the forward pass. The result is that of
/// [`softmax_backward`](crate::softmax_backward) followed by
/// [`dot_scores_backward`](crate::dot_scores_backward), bit for bit. One row `[F; T]` on the stack
/// holds `ds`. Each gradient goes where its [`Gradient`] argument says: `&mut`,
/// [`Accumulate`](crate::Accumulate) or [`Skip`](crate::Skip).
///
/// # Special values
///
/// Weights of NaN make the gradients of that batch row NaN; other rows are not affected.
///
/// # Accuracy
///
/// The errors of the two backward passes add up.
///
/// # Example
///
/// ```
/// use microattention::{Skip, attention_weights_backward};
///
/// let h = [[1.0_f32, 2.0]];
/// let hs = [[[2.0, 0.0], [0.0, 1.0]]];
/// let a = [[0.5, 0.5]];
/// let da = [[1.0, 0.0]];
/// let mut dh = [[0.0; 2]];
/// attention_weights_backward(&h, &hs, &a, &da, &mut dh, Skip);
/// assert_eq!(dh, [[0.5, -0.25]]);
/// ```
pub fn attention_weights_backward<F: Float, const N: usize, const T: usize, const H: usize>(
    h: &[[F; H]; N],
    hs: &[[[F; H]; T]; N],
    a: &[[F; T]; N],
    da: &[[F; T]; N],
    dh: impl Gradient<[[F; H]; N]>,
    dhs: impl Gradient<[[[F; H]; T]; N]>,
) {
    Attend::new().attention_weights_backward(h, hs, a, da, dh, dhs);
}

impl<R, B> Attend<R, B> {
    /// [`attention_weights`] with the options: [`dot_scores`](Self::dot_scores), then
    /// [`softmax`](Self::softmax).
    ///
    /// ```text
    /// a[n,:] = softmax_t( scale · Σ_h hs[n,t,h]·h[n,h] + bias[n,t] )
    /// ```
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let mut a = [[0.0_f32; 3]];
    /// let mask = [[true, false, true]];
    /// Attend::new().mask(&mask).attention_weights(&[[1.0]], &[[[2.0]; 3]], &mut a);
    /// assert_eq!(a, [[0.5, 0.0, 0.5]]);
    /// ```
    pub fn attention_weights<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[F; H]; N],
        hs: &[[[F; H]; T]; N],
        a: &mut [[F; T]; N],
    ) where
        R: Rule<F, N, 1, T>,
        B: Rule<F, N, 1, T>,
    {
        for (n, ((h, hs), a)) in h.iter().zip(hs).zip(a).enumerate() {
            weights(self.keys::<F, N, 1, T>(n, 0), h, hs, a);
        }
    }

    /// The gradients of [`attention_weights`](Self::attention_weights): zero for keys that are not
    /// attended.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::{Attend, Skip};
    ///
    /// let (h, hs) = ([[1.0_f32]], [[[2.0], [6.0]]]);
    /// let (a, da, mut dh) = ([[0.5, 0.5]], [[0.0, 1.0]], [[0.0]]);
    /// Attend::new().scale(2.0).attention_weights_backward(&h, &hs, &a, &da, &mut dh, Skip);
    /// assert_eq!(dh, [[2.0]]);
    /// ```
    pub fn attention_weights_backward<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[F; H]; N],
        hs: &[[[F; H]; T]; N],
        a: &[[F; T]; N],
        da: &[[F; T]; N],
        mut dh: impl Gradient<[[F; H]; N]>,
        mut dhs: impl Gradient<[[[F; H]; T]; N]>,
    ) where
        R: Rule<F, N, 1, T>,
        B: Rule<F, N, 1, T>,
    {
        let (mut dh, mut dhs) = (dh.place(), dhs.place());
        for (n, (((h, hs), a), da)) in h.iter().zip(hs).zip(a).zip(da).enumerate() {
            let keys = self.keys::<F, N, 1, T>(n, 0);
            let mut ds = *da;
            softmax_backward_row(keys, a, &mut ds);
            scale(keys, &mut ds);
            dot_scores_backward_row(keys, h, hs, &ds, dh.row(n), dhs.row(n));
        }
    }
}
