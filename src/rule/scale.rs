//! The options that scale the scores.

use super::{Keys, Rule};
use crate::Float;

/// The rule of [`Attend::scale`](crate::Attend::scale).
#[derive(Clone, Copy, Debug)]
pub struct Scale<F>(pub(crate) F);

impl<F: Float, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T> for Scale<F> {
    type Keys<'r> = Scale<F>;

    #[inline(always)]
    fn keys(&self, _: usize, _: usize) -> Scale<F> {
        *self
    }
}

impl<F: Float> Keys<F> for Scale<F> {
    const SCALED: bool = true;

    #[inline(always)]
    fn scale(self, x: F) -> F {
        x * self.0
    }
}

/// The rule of [`Attend::scale_by_width`](crate::Attend::scale_by_width).
#[derive(Clone, Copy, Debug)]
pub struct ScaleByWidth<const D: usize>;

impl<F: Float, const D: usize, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T>
    for ScaleByWidth<D>
{
    type Keys<'r> = ScaleByWidth<D>;

    #[inline(always)]
    fn keys(&self, _: usize, _: usize) -> ScaleByWidth<D> {
        ScaleByWidth
    }
}

impl<F: Float, const D: usize> Keys<F> for ScaleByWidth<D> {
    const SCALED: bool = true;

    #[inline(always)]
    fn scale(self, x: F) -> F {
        x * F::inverse_sqrt::<D>()
    }
}
