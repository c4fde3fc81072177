//! Where a backward pass puts a gradient.

mod accumulate;
mod skip;

use core::array;
use core::slice;

use crate::Float;
use crate::lanes::VECTOR;
pub use accumulate::Accumulate;
pub use skip::Skip;

/// What a backward pass is to do with one gradient of the array type `A`.
///
/// | argument | meaning |
/// | --- | --- |
/// | `&mut g` | every element of `g` is overwritten, whatever it held |
/// | [`Accumulate`]`(&mut g)` | the gradient is added to `g` |
/// | [`Skip`] | the gradient is not wanted: it is not computed, and no buffer is needed |
///
/// The choice is made at compile time and costs nothing at run time. The trait is sealed.
///
/// Each such argument is generic, so Rust moves a `&mut` variable into it rather than reborrowing
/// it. To pass on a parameter `g: &mut [_; _]` more than once, write `&mut *g`.
///
/// # Example
///
/// ```
/// use microattention::{Accumulate, Skip, weighted_sum_backward};
///
/// let a = [[0.25_f32, 0.75]];
/// let hs = [[[1.0, 2.0], [3.0, 4.0]]];
/// let dc = [[1.0, 10.0]];
///
/// let mut da = [[f32::NAN; 2]];
/// let mut dhs = [[[100.0; 2]; 2]];
/// weighted_sum_backward(&a, &hs, &dc, &mut da, Accumulate(&mut dhs));
/// assert_eq!(da, [[21.0, 43.0]]);
/// assert_eq!(dhs, [[[100.25, 102.5], [100.75, 107.5]]]);
///
/// weighted_sum_backward(&a, &hs, &dc, Skip, &mut dhs);
/// assert_eq!(dhs, [[[0.25, 2.5], [0.75, 7.5]]]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take a gradient of type `{A}`",
    label = "expected `&mut g`, `Accumulate(&mut g)` or `Skip`, with `g` of type `{A}`",
    note = "`&mut g` overwrites `g`, `Accumulate(&mut g)` adds to it, `Skip` leaves the gradient out"
)]
#[doc(alias = "backward")]
pub trait Gradient<A: ?Sized>: sealed::Sealed<A> + Sized {
    /// Whether the gradient is computed at all.
    #[doc(hidden)]
    const WANTED: bool;

    /// The same choice for a part `B` of the array.
    #[doc(hidden)]
    type Of<'g, B: ?Sized + 'g>: Gradient<B>
    where
        Self: 'g,
        A: 'g;

    /// The choice for each `R` of a slice, in order.
    #[doc(hidden)]
    type Rows<'g, R: 'g>: Iterator<Item = Self::Of<'g, R>>
    where
        Self: 'g,
        A: 'g;

    /// The choice for what comes after something was put here: never overwriting.
    #[doc(hidden)]
    type Then: Gradient<A>;

    #[doc(hidden)]
    fn of<'g, B: ?Sized + 'g>(
        &'g mut self,
        part: impl FnOnce(&'g mut A) -> &'g mut B,
    ) -> Self::Of<'g, B>
    where
        A: 'g;

    #[doc(hidden)]
    fn rows<'g, R: 'g>(
        &'g mut self,
        part: impl FnOnce(&'g mut A) -> &'g mut [R],
    ) -> Self::Rows<'g, R>
    where
        A: 'g;

    #[doc(hidden)]
    fn then(self) -> Self::Then;

    /// The place itself, where it is overwritten: results can be written there without a copy.
    #[doc(hidden)]
    #[inline(always)]
    fn overwritten(&mut self) -> Option<&mut A> {
        None
    }

    /// Puts the finished values of some neighbouring elements. No such place: nothing happens.
    #[doc(hidden)]
    fn put<F: Float, const B: usize>(
        &mut self,
        place: impl FnOnce(&mut A) -> Option<&mut [F; B]>,
        values: [F; B],
    );

    /// Puts the gradient of what had no influence: zeros, which accumulating need not add.
    #[doc(hidden)]
    fn put_zeros<F: Float, const H: usize>(&mut self, rows: impl FnOnce(&mut A) -> &mut [[F; H]]);
}

impl<'a, A: ?Sized> Gradient<A> for &'a mut A {
    const WANTED: bool = true;

    type Of<'g, B: ?Sized + 'g>
        = &'g mut B
    where
        Self: 'g;

    type Rows<'g, R: 'g>
        = slice::IterMut<'g, R>
    where
        Self: 'g;

    type Then = Accumulate<'a, A>;

    #[inline(always)]
    fn of<'g, B: ?Sized + 'g>(
        &'g mut self,
        part: impl FnOnce(&'g mut A) -> &'g mut B,
    ) -> &'g mut B {
        part(self)
    }

    #[inline(always)]
    fn rows<'g, R: 'g>(
        &'g mut self,
        part: impl FnOnce(&'g mut A) -> &'g mut [R],
    ) -> slice::IterMut<'g, R> {
        part(self).iter_mut()
    }

    #[inline(always)]
    fn then(self) -> Accumulate<'a, A> {
        Accumulate(self)
    }

    #[inline(always)]
    fn overwritten(&mut self) -> Option<&mut A> {
        Some(self)
    }

    #[inline(always)]
    fn put<F: Float, const B: usize>(
        &mut self,
        place: impl FnOnce(&mut A) -> Option<&mut [F; B]>,
        values: [F; B],
    ) {
        if let Some(place) = place(self) {
            *place = values;
        }
    }

    #[inline(always)]
    fn put_zeros<F: Float, const H: usize>(&mut self, rows: impl FnOnce(&mut A) -> &mut [[F; H]]) {
        rows(self).as_flattened_mut().fill(F::ZERO);
    }
}

/// Puts one element of a row.
#[inline(always)]
pub(crate) fn put<F: Float, const H: usize>(g: &mut impl Gradient<[F; H]>, h: usize, value: F) {
    g.put(|g| g.get_mut(h).map(array::from_mut), [value]);
}

/// Puts `f(h)` for each element of a row: on a scalar FPU four at a time, which takes a quarter of
/// the branches at `opt-level = "s"`.
#[inline(always)]
pub(crate) fn put_row<F: Float, const H: usize>(
    g: &mut impl Gradient<[F; H]>,
    f: impl Fn(usize) -> F,
) {
    let fours = if VECTOR { 0 } else { H / 4 };
    for j in 0..fours {
        let h = 4 * j;
        g.put(
            |g| g.as_chunks_mut::<4>().0.get_mut(j),
            [f(h), f(h + 1), f(h + 2), f(h + 3)],
        );
    }
    for h in 4 * fours..H {
        put(g, h, f(h));
    }
}

mod sealed {
    pub trait Sealed<A: ?Sized> {}
    impl<A: ?Sized> Sealed<A> for &mut A {}
    impl<A: ?Sized> Sealed<A> for super::Accumulate<'_, A> {}
    impl<A: ?Sized> Sealed<A> for super::Skip {}
}
