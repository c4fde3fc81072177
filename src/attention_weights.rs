//! Scores, then softmax: the attention weights, forward and backward.

use crate::Float;
use crate::dot_scores::{dot_scores_backward_row, dot_scores_row};
use crate::gradient::Gradient;
use crate::softmax::{softmax_backward_row, softmax_row};

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
pub fn attention_weights<F: Float, const N: usize, const T: usize, const H: usize>(
    h: &[[F; H]; N],
    hs: &[[[F; H]; T]; N],
    a: &mut [[F; T]; N],
) {
    for ((h, hs), a) in h.iter().zip(hs).zip(a) {
        attention_weights_row(h, hs, a);
    }
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
    mut dh: impl Gradient<[[F; H]; N]>,
    mut dhs: impl Gradient<[[[F; H]; T]; N]>,
) {
    let batch = h.iter().zip(hs).zip(a).zip(da);
    let gradients = dh.rows(|dh| dh).zip(dhs.rows(|dhs| dhs));
    for ((((h, hs), a), da), (dh, mut dhs)) in batch.zip(gradients) {
        let mut ds = *da;
        softmax_backward_row(a, &mut ds);
        dot_scores_backward_row(h, hs, &ds, dh, dhs.of(|dhs| &mut dhs[..]));
    }
}

#[inline(always)]
pub(crate) fn attention_weights_row<F: Float, const H: usize>(
    h: &[F; H],
    hs: &[[F; H]],
    a: &mut [F],
) {
    dot_scores_row(h, hs, a);
    softmax_row(a);
}
