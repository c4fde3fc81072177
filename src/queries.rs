//! Attention of the queries of one batch row, forward and backward, and what the one saves for the other: the
//! layers are these loops with their own arrays.

use crate::Float;
use crate::gradient::Place;
use crate::keys::Keys;
use crate::products::{dots, weighted_sum};
use crate::softmax::{Normalizer, softmax_backward_row, softmax_row};

/// The weights of each query `q[u]` over the keys `k`, and the sum of the values `v` under them.
#[inline(always)]
pub(crate) fn forward<'o, F: Float, const T: usize, const D: usize, const E: usize>(
    keys: impl Fn(usize) -> Keys<'o, F>,
    q: &[[F; D]],
    k: &[[F; D]; T],
    v: &[[F; E]; T],
    a: &mut [impl Saved<F, T>],
    c: &mut [[F; E]],
) {
    for (u, ((q, saved), c)) in q.iter().zip(a).zip(c).enumerate() {
        let keys = keys(u);
        let mut row = [F::ZERO; T];
        let a = saved.row().unwrap_or(&mut row);
        let normalizer = weights(keys, q, k, a);
        weighted_sum(keys, a, v, Place::Set(c));
        saved.save(normalizer);
    }
}

/// The weights of a query.
#[inline(always)]
pub(crate) fn weights<F: Float, const T: usize, const D: usize>(
    keys: Keys<'_, F>,
    q: &[F; D],
    k: &[[F; D]; T],
    a: &mut [F; T],
) -> Normalizer<F> {
    scores(keys, q, k, a);
    softmax_row(keys, a)
}

/// The scores of a query, `−∞` where a key is not attended.
#[inline(always)]
pub(crate) fn scores<F: Float, const T: usize, const D: usize>(
    keys: Keys<'_, F>,
    q: &[F; D],
    k: &[[F; D]; T],
    s: &mut [F; T],
) {
    dots(keys, k, q, s, F::NEG_INFINITY, |i, x| keys.score(i, x));
}

/// `put(u, keys, (a, dc), (ds, q))` puts the gradients of each query, from its weights and, where
/// `of_scores` says that they are wanted, the gradients of its inner products.
#[inline(always)]
pub(crate) fn backward<'o, F: Float, const T: usize, const D: usize, const E: usize>(
    keys: impl Fn(usize) -> Keys<'o, F>,
    (q, k): (&[[F; D]], &[[F; D]; T]),
    v: &[[F; E]; T],
    (a, dc): (&[impl Saved<F, T>], &[[F; E]]),
    of_scores: bool,
    mut put: impl FnMut(usize, Keys<'o, F>, (&[F; T], &[F; E]), (&[F; T], &[F; D])),
) {
    for (u, ((q, a), dc)) in q.iter().zip(a).zip(dc).enumerate() {
        let keys = keys(u);
        // Not as a pair, which without optimisation is a copy of both on the stack.
        let mut row = [F::ZERO; T];
        let mut ds = [F::ZERO; T];
        let a = saved_weights(keys, q, k, a, &mut row);
        if of_scores {
            score_gradients(keys, v, a, dc, &mut ds);
            scale(keys, &mut ds);
        }
        put(u, keys, (a, dc), (&ds, q));
    }
}

/// The weights that the forward pass saved, or in `row` those that it saved the normalizer of.
#[inline(always)]
pub(crate) fn saved_weights<'w, F: Float, const T: usize, const D: usize>(
    keys: Keys<'_, F>,
    q: &[F; D],
    k: &[[F; D]; T],
    saved: &'w impl Saved<F, T>,
    row: &'w mut [F; T],
) -> &'w [F; T] {
    match saved.load() {
        Ok(a) => a,
        Err(normalizer) => {
            scores(keys, q, k, row);
            normalizer.weights(keys.of_mut(row));
            row
        }
    }
}

/// `ds[t] = a[t]·(da[t] − Σ_t a[t]·da[t])` with `da[t] = Σ_e dc[e]·v[t,e]`: the gradients of the scores.
#[inline(always)]
pub(crate) fn score_gradients<F: Float, const T: usize, const E: usize>(
    keys: Keys<'_, F>,
    v: &[[F; E]; T],
    a: &[F; T],
    dc: &[F; E],
    ds: &mut [F; T],
) {
    dots(keys, v, dc, ds, F::ZERO, |_, da| da);
    softmax_backward_row(keys, a, ds);
}

/// From the gradients of the scores to those of the inner products.
#[inline(always)]
pub(crate) fn scale<F: Float, const T: usize>(keys: Keys<'_, F>, ds: &mut [F; T]) {
    if let Some(scale) = keys.scale {
        for ds in ds {
            *ds = *ds * scale;
        }
    }
}

/// What the forward pass of attention saves of one query over `T` keys, for its backward pass.
///
/// | saved | numbers a query | backward pass |
/// | --- | --- | --- |
/// | the weights, `[F; T]` | `T` | reads them |
/// | a [`Normalizer`] | 2 | computes them again from the scores, one query at a time |
///
/// Both give the same gradients, bit for bit. The second needs one row of `T` weights on the stack (two
/// in the backward pass, which has one for the gradients of the scores anyway) instead of `T` weights
/// for every query of every batch row, and computes every score twice.
///
/// The free functions take weights; for the normalizer, use the methods of
/// [`Attend`](crate::Attend).
///
/// The trait is sealed.
///
/// # Example
///
/// ```
/// use microattention::{Attend, Normalizer, Skip};
///
/// let hs_dec = [[[1.0_f32, 2.0], [0.5, -0.5]]];
/// let hs_enc = [[[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]]];
/// let dc = [[[1.0, 0.0], [0.0, 1.0]]];
/// let att = Attend::new();
///
/// let (mut a, mut c) = ([[[0.0; 3]; 2]], [[[0.0; 2]; 2]]);
/// let mut dhs_dec = [[[0.0; 2]; 2]];
/// att.cross_attention(&hs_dec, &hs_enc, &mut a, &mut c);
/// att.cross_attention_backward(&hs_dec, &hs_enc, &a, &dc, &mut dhs_dec, Skip);
///
/// let mut saved = [[Normalizer::default(); 2]];
/// let mut again = [[[0.0; 2]; 2]];
/// att.cross_attention(&hs_dec, &hs_enc, &mut saved, &mut c);
/// att.cross_attention_backward(&hs_dec, &hs_enc, &saved, &dc, &mut again, Skip);
/// assert_eq!(again, dhs_dec);
/// ```
#[doc(alias = "checkpoint")]
#[doc(alias = "recompute")]
#[doc(alias = "flash attention")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` saves no weights of {T} keys",
    label = "expected a row of weights `[{F}; {T}]` or a `Normalizer<{F}>` for each query"
)]
pub trait Saved<F: Float, const T: usize>: sealed::Sealed {
    /// The weights, where those are what is saved.
    #[doc(hidden)]
    fn row(&mut self) -> Option<&mut [F; T]>;

    #[doc(hidden)]
    fn save(&mut self, normalizer: Normalizer<F>);

    /// The weights, or what they are made with.
    #[doc(hidden)]
    fn load(&self) -> Result<&[F; T], Normalizer<F>>;
}

impl<F: Float, const T: usize> Saved<F, T> for [F; T] {
    #[inline(always)]
    fn row(&mut self) -> Option<&mut [F; T]> {
        Some(self)
    }

    #[inline(always)]
    fn save(&mut self, _: Normalizer<F>) {}

    #[inline(always)]
    fn load(&self) -> Result<&[F; T], Normalizer<F>> {
        Ok(self)
    }
}

impl<F: Float, const T: usize> Saved<F, T> for Normalizer<F> {
    #[inline(always)]
    fn row(&mut self) -> Option<&mut [F; T]> {
        None
    }

    #[inline(always)]
    fn save(&mut self, normalizer: Normalizer<F>) {
        *self = normalizer;
    }

    #[inline(always)]
    fn load(&self) -> Result<&[F; T], Normalizer<F>> {
        Err(*self)
    }
}

mod sealed {
    pub trait Sealed {}
    impl<F: crate::Float, const T: usize> Sealed for [F; T] {}
    impl<F: crate::Float> Sealed for super::Normalizer<F> {}
}
