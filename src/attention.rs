//! Attention with one query, forward and backward.

use crate::Float;
use crate::attention_weights::attention_weights_row;
use crate::dot_scores::{dot_scores_row, query_and_key_gradients};
use crate::gradient::Gradient;
use crate::softmax::softmax_backward_row;
use crate::weighted_sum::weighted_sum_row;

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
pub fn attention<F: Float, const N: usize, const T: usize, const H: usize>(
    h: &[[F; H]; N],
    hs: &[[[F; H]; T]; N],
    a: &mut [[F; T]; N],
    c: &mut [[F; H]; N],
) {
    for (((h, hs), a), c) in h.iter().zip(hs).zip(a).zip(c) {
        attention_row(h, hs, a, c);
    }
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
    mut dh: impl Gradient<[[F; H]; N]>,
    mut dhs: impl Gradient<[[[F; H]; T]; N]>,
) {
    let batch = h.iter().zip(hs).zip(a).zip(dc);
    let gradients = dh.rows(|dh| dh).zip(dhs.rows(|dhs| dhs));
    for ((((h, hs), a), dc), (dh, dhs)) in batch.zip(gradients) {
        attention_backward_row(h, hs, a, dc, dh, dhs);
    }
}

#[inline(always)]
pub(crate) fn attention_row<F: Float, const H: usize>(
    h: &[F; H],
    hs: &[[F; H]],
    a: &mut [F],
    c: &mut [F; H],
) {
    attention_weights_row(h, hs, a);
    weighted_sum_row(a, hs, c);
}

#[inline(always)]
pub(crate) fn attention_backward_row<F: Float, const T: usize, const H: usize>(
    h: &[F; H],
    hs: &[[F; H]; T],
    a: &[F; T],
    dc: &[F; H],
    dh: impl Gradient<[F; H]>,
    mut dhs: impl Gradient<[[F; H]; T]>,
) {
    let mut ds = [F::ZERO; T];
    dot_scores_row(dc, hs, &mut ds);
    softmax_backward_row(a, &mut ds);
    let dhs = dhs.of(|dhs| &mut dhs[..]);
    query_and_key_gradients(hs, a, &ds, dh, dhs, |i, a, g| a * dc[i] + g * h[i]);
}
