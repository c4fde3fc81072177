//! The options that scale the scores.

use super::{Keys, Rule};
use crate::Float;

/// The rule of [`Attend::scale`](crate::Attend::scale).
///
/// # Example
///
/// ```
/// use microattention::Attend;
/// use microattention::rule::{All, And, Scale};
///
/// static ATTEND: Attend<And<All, Scale<f32>>> = Attend::new().scale(0.25);
/// # let mut s = [[0.0_f32]];
/// # ATTEND.dot_scores(&[[4.0]], &[[[3.0]]], &mut s);
/// # assert_eq!(s, [[3.0]]);
/// ```
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
///
/// # Example
///
/// ```
/// use microattention::Attend;
/// use microattention::rule::{All, And, ScaleByWidth};
///
/// static ATTEND: Attend<And<All, ScaleByWidth<4>>> = Attend::new().scale_by_width::<4>();
/// # let mut s = [[0.0_f32]];
/// # ATTEND.dot_scores(&[[4.0]], &[[[3.0]]], &mut s);
/// # assert_eq!(s, [[6.0]]);
/// ```
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
