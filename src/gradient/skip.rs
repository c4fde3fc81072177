//! A gradient that is not wanted.

use core::iter::Map;
use core::ops::Range;

use super::Gradient;
use crate::Float;

/// A gradient argument for a gradient that is not wanted.
///
/// See [`Gradient`] for the other choices and an example.
///
/// # Example
///
/// ```
/// use microattention::{Skip, weighted_sum_backward};
///
/// let mut da = [[0.0_f32; 2]];
/// weighted_sum_backward(&[[0.5, 0.5]], &[[[1.0], [2.0]]], &[[3.0]], &mut da, Skip);
/// assert_eq!(da, [[3.0, 6.0]]);
/// ```
#[derive(Clone, Copy, Debug)]
#[doc(alias = "requires_grad")]
#[doc(alias = "detach")]
pub struct Skip;

impl<A: ?Sized> Gradient<A> for Skip {
    const WANTED: bool = false;

    type Of<'g, B: ?Sized + 'g>
        = Skip
    where
        A: 'g;

    type Rows<'g, R: 'g>
        = Map<Range<usize>, fn(usize) -> Skip>
    where
        A: 'g;

    type Then = Skip;

    #[inline(always)]
    fn of<'g, B: ?Sized + 'g>(&'g mut self, _: impl FnOnce(&'g mut A) -> &'g mut B) -> Skip
    where
        A: 'g,
    {
        Skip
    }

    #[inline(always)]
    fn rows<'g, R: 'g>(&'g mut self, _: impl FnOnce(&'g mut A) -> &'g mut [R]) -> Self::Rows<'g, R>
    where
        A: 'g,
    {
        (0..usize::MAX).map(|_| Skip)
    }

    #[inline(always)]
    fn then(self) -> Skip {
        Skip
    }

    #[inline(always)]
    fn put<F: Float, const B: usize>(
        &mut self,
        _: impl FnOnce(&mut A) -> Option<&mut [F; B]>,
        _: [F; B],
    ) {
    }

    #[inline(always)]
    fn put_zeros<F: Float, const H: usize>(&mut self, _: impl FnOnce(&mut A) -> &mut [[F; H]]) {}
}
