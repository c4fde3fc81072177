//! What a forward pass leaves for its backward pass.

use crate::Float;
use crate::softmax::Normalizer;

/// What the forward pass of attention saves of one query over `T` keys, for its backward pass.
///
/// | saved | numbers a query | backward pass |
/// | --- | --- | --- |
/// | the weights, `[F; T]` | `T` | reads them |
/// | a [`Normalizer`] | 2 | computes them again from the scores, one query at a time |
///
/// Both give the same gradients, bit for bit. The second needs one row of `T` weights on the stack (two
/// in the backward pass, which has one for the gradients of the scores anyway) instead of `T` weights
/// for every query of every batch row, and computes every score twice. On a vector target, four queries at a
/// time have their rows on the stack.
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
    /// Where the forward pass puts the weights: what is saved itself, or `row`.
    #[doc(hidden)]
    fn row<'w>(&'w mut self, row: &'w mut [F; T]) -> &'w mut [F; T];

    /// The rows of weights themselves, where those are what is saved.
    #[doc(hidden)]
    fn rows(saved: &mut [Self]) -> Option<&mut [[F; T]]>
    where
        Self: Sized;

    /// Saves what the weights were made with.
    #[doc(hidden)]
    fn save(&mut self, normalizer: Normalizer<F>);

    /// The weights: as saved, or made by `again` in `row`.
    #[doc(hidden)]
    fn weights<'w>(
        &'w self,
        row: &'w mut [F; T],
        again: impl FnOnce(Normalizer<F>, &mut [F; T]),
    ) -> &'w [F; T];
}

impl<F: Float, const T: usize> Saved<F, T> for [F; T] {
    #[inline(always)]
    fn row<'w>(&'w mut self, _: &'w mut [F; T]) -> &'w mut [F; T] {
        self
    }

    #[inline(always)]
    fn rows(saved: &mut [Self]) -> Option<&mut [[F; T]]> {
        Some(saved)
    }

    #[inline(always)]
    fn save(&mut self, _: Normalizer<F>) {}

    #[inline(always)]
    fn weights<'w>(
        &'w self,
        _: &'w mut [F; T],
        _: impl FnOnce(Normalizer<F>, &mut [F; T]),
    ) -> &'w [F; T] {
        self
    }
}

impl<F: Float, const T: usize> Saved<F, T> for Normalizer<F> {
    #[inline(always)]
    fn row<'w>(&'w mut self, row: &'w mut [F; T]) -> &'w mut [F; T] {
        row
    }

    #[inline(always)]
    fn rows(_: &mut [Self]) -> Option<&mut [[F; T]]> {
        None
    }

    #[inline(always)]
    fn save(&mut self, normalizer: Normalizer<F>) {
        *self = normalizer;
    }

    #[inline(always)]
    fn weights<'w>(
        &'w self,
        row: &'w mut [F; T],
        again: impl FnOnce(Normalizer<F>, &mut [F; T]),
    ) -> &'w [F; T] {
        again(*self, row);
        row
    }
}

mod sealed {
    pub trait Sealed {}
    impl<F: crate::Float, const T: usize> Sealed for [F; T] {}
    impl<F: crate::Float> Sealed for super::Normalizer<F> {}
}
