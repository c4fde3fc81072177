//! A gradient that is added to.

use core::iter::Map;
use core::slice;

use super::Gradient;
use crate::Float;

/// A gradient argument that adds to what the buffer holds.
///
/// What is added is the finished gradient of one query, with one addition for each element, queries
/// in order; so gradients can be summed over calls, over a batch of training examples or over time
/// steps, with the same bits however the calls are grouped.
///
/// See [`Gradient`] for the other choices and an example.
///
/// # Example
///
/// ```
/// use microattention::{Accumulate, Skip, weighted_sum_backward};
///
/// // The gradient of a sum over two examples that share the rows `hs`.
/// let (hs, mut dhs) = ([[[1.0_f32], [2.0]]], [[[0.0]; 2]]);
/// for (a, dc) in [([[0.25, 0.75]], [[4.0]]), ([[0.5, 0.5]], [[2.0]])] {
///     weighted_sum_backward(&a, &hs, &dc, Skip, Accumulate(&mut dhs));
/// }
/// assert_eq!(dhs, [[[2.0], [4.0]]]);
/// ```
#[derive(Debug)]
#[doc(alias = "accumulate gradients")]
#[doc(alias = "zero_grad")]
pub struct Accumulate<'a, A: ?Sized>(pub &'a mut A);

impl<'a, A: ?Sized> Gradient<A> for Accumulate<'a, A> {
    const WANTED: bool = true;

    type Of<'g, B: ?Sized + 'g>
        = Accumulate<'g, B>
    where
        Self: 'g;

    type Rows<'g, R: 'g>
        = Map<slice::IterMut<'g, R>, fn(&'g mut R) -> Accumulate<'g, R>>
    where
        Self: 'g;

    type Then = Accumulate<'a, A>;

    #[inline(always)]
    fn of<'g, B: ?Sized + 'g>(
        &'g mut self,
        part: impl FnOnce(&'g mut A) -> &'g mut B,
    ) -> Accumulate<'g, B> {
        Accumulate(part(self.0))
    }

    #[inline(always)]
    fn rows<'g, R: 'g>(
        &'g mut self,
        part: impl FnOnce(&'g mut A) -> &'g mut [R],
    ) -> Self::Rows<'g, R> {
        part(self.0).iter_mut().map(Accumulate)
    }

    #[inline(always)]
    fn then(self) -> Accumulate<'a, A> {
        self
    }

    #[inline(always)]
    fn put<F: Float, const B: usize>(
        &mut self,
        place: impl FnOnce(&mut A) -> Option<&mut [F; B]>,
        values: [F; B],
    ) {
        let Some(place) = place(self.0) else {
            return;
        };
        // Four at a time by name: at `opt-level = "s"` a loop would keep them in memory.
        let (fours, ones) = place.as_chunks_mut::<4>();
        let (four_values, one_values) = values.as_chunks::<4>();
        for ([p0, p1, p2, p3], &[v0, v1, v2, v3]) in fours.iter_mut().zip(four_values) {
            *p0 += v0;
            *p1 += v1;
            *p2 += v2;
            *p3 += v3;
        }
        for (place, &value) in ones.iter_mut().zip(one_values) {
            *place += value;
        }
    }

    #[inline(always)]
    fn put_zeros<F: Float, const H: usize>(&mut self, _: impl FnOnce(&mut A) -> &mut [[F; H]]) {}
}
