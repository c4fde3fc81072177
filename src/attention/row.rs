//! Attention of one query.

use crate::Float;
use crate::attention_weights::attention_weights_row;
use crate::dot_scores::{dot_scores_row, put_bias};
use crate::gradient::{Gradient, Skip};
use crate::query_and_key_gradients::query_and_key_gradients;
use crate::rule::{BiasGradient, Keys};
use crate::saved::Saved;
use crate::softmax::{softmax_backward_row, softmax_rows, together};
use crate::weighted_sum::{weighted_sum_backward_row, weighted_sum_row};

/// [`attention_row`] for each query; where the softmax of several short rows is cheaper together, in blocks.
#[inline(always)]
pub(crate) fn attention_rows<
    'r,
    F: Float,
    K: Keys<F>,
    S: Saved<F, T>,
    const T: usize,
    const D: usize,
    const E: usize,
>(
    keys: impl Fn(usize) -> K,
    mut rows: impl Iterator<Item = (&'r [F; D], &'r [[F; D]; T], &'r [[F; E]; T])> + Clone,
    a: &mut [S],
    c: &mut [[F; E]],
) {
    const BLOCK: usize = 32;
    if together(a.len(), T)
        && let Some(a) = S::rows(a)
    {
        for (i, (a, c)) in a.chunks_mut(BLOCK).zip(c.chunks_mut(BLOCK)).enumerate() {
            let keys = |n| keys(BLOCK * i + n);
            for (n, (a, (q, k, _))) in a.iter_mut().zip(rows.clone()).enumerate() {
                dot_scores_row(keys(n), q, k, a);
            }
            softmax_rows(keys, a);
            for (n, ((a, c), (_, _, v))) in a.iter().zip(c).zip(rows.by_ref()).enumerate() {
                weighted_sum_row(keys(n), a, v, c);
            }
        }
        return;
    }
    for (n, ((a, c), (q, k, v))) in a.iter_mut().zip(c).zip(rows).enumerate() {
        attention_row(keys(n), q, k, v, a, c);
    }
}

/// The weights of the query `q` over the keys `k`, and the sum of the values `v` under them.
#[inline(always)]
fn attention_row<F: Float, const T: usize, const D: usize, const E: usize>(
    keys: impl Keys<F>,
    q: &[F; D],
    k: &[[F; D]; T],
    v: &[[F; E]; T],
    a: &mut impl Saved<F, T>,
    c: &mut [F; E],
) {
    let mut row = [F::ZERO; T];
    let weights = a.row(&mut row);
    let normalizer = attention_weights_row(keys, q, k, weights);
    weighted_sum_row(keys, weights, v, c);
    a.save(normalizer);
}

/// The weights that [`attention_row`] saved.
#[inline(always)]
pub(crate) fn saved_weights<'w, F: Float, const T: usize, const D: usize>(
    keys: impl Keys<F>,
    q: &[F; D],
    k: &[[F; D]; T],
    a: &'w impl Saved<F, T>,
    row: &'w mut [F; T],
) -> &'w [F; T] {
    a.weights(row, |normalizer, a| {
        dot_scores_row(keys, q, k, a);
        normalizer.weights(keys, a);
    })
}

#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "the inputs and gradients of one layer"
)]
pub(crate) fn attention_backward_row<F: Float, const T: usize, const H: usize>(
    keys: impl Keys<F>,
    h: &[F; H],
    hs: &[[F; H]; T],
    a: &impl Saved<F, T>,
    dc: &[F; H],
    dh: impl Gradient<[F; H]>,
    dhs: impl Gradient<[[F; H]; T]>,
    (n, u, dbias): (usize, usize, &mut impl BiasGradient<F>),
) {
    let mut row = [F::ZERO; T];
    let a = saved_weights(keys, h, hs, a, &mut row);
    let mut ds = [F::ZERO; T];
    weighted_sum_backward_row(keys, a, hs, dc, &mut ds, Skip);
    score_gradients(keys, a, &mut ds, n, u, dbias);
    query_and_key_gradients(keys, hs, a, &ds, dh, dhs, 2, |i, a, g| a * dc[i] + g * h[i]);
}

/// `ds ← scale·a[t]·(ds[t] − Σ_t a[t]·ds[t])`, from the gradient of the weights to that of the inner
/// products; before the scale it is the gradient of the bias.
#[inline(always)]
pub(crate) fn score_gradients<F: Float, K: Keys<F>, const T: usize>(
    keys: K,
    a: &[F; T],
    ds: &mut [F; T],
    n: usize,
    u: usize,
    dbias: &mut impl BiasGradient<F>,
) {
    softmax_backward_row(keys, a, ds);
    put_bias(keys, n, u, ds, dbias);
    if K::SCALED {
        for ds in ds {
            *ds = keys.scale(*ds);
        }
    }
}
