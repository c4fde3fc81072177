//! Where a backward pass puts a gradient.

use Place::{Add, Set, Skipped};

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
pub trait Gradient<A: ?Sized>: sealed::Sealed<A> {
    #[doc(hidden)]
    fn place(&mut self) -> Place<'_, A>;
}

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

impl<A: ?Sized> Gradient<A> for &mut A {
    #[inline(always)]
    fn place(&mut self) -> Place<'_, A> {
        Set(self)
    }
}

impl<A: ?Sized> Gradient<A> for Accumulate<'_, A> {
    #[inline(always)]
    fn place(&mut self) -> Place<'_, A> {
        Add(self.0)
    }
}

impl<A: ?Sized> Gradient<A> for Skip {
    #[inline(always)]
    fn place(&mut self) -> Place<'_, A> {
        Skipped
    }
}

/// A [`Gradient`] as a value. Which one it is follows from the type of the argument, so the compiler
/// knows it wherever the value arrives.
#[doc(hidden)]
#[derive(Debug)]
pub enum Place<'g, A: ?Sized> {
    Skipped,
    Set(&'g mut A),
    Add(&'g mut A),
}

impl<A: ?Sized> Place<'_, A> {
    #[inline(always)]
    pub(crate) fn is_wanted(&self) -> bool {
        !matches!(self, Skipped)
    }

    /// The same for a part of the array; nothing where there is no such part.
    #[inline(always)]
    pub(crate) fn part<B: ?Sized>(
        &mut self,
        part: impl FnOnce(&mut A) -> Option<&mut B>,
    ) -> Place<'_, B> {
        match self {
            Skipped => Skipped,
            Set(a) => part(a).map_or(Skipped, Set),
            Add(a) => part(a).map_or(Skipped, Add),
        }
    }

    /// The same for one of several results that are put here in turn: all but the first are added.
    #[inline(always)]
    pub(crate) fn in_turn(&mut self, is_first: bool) -> Place<'_, A> {
        match self.part(|a| Some(a)) {
            Set(a) if !is_first => Add(a),
            place => place,
        }
    }
}

impl<R, const N: usize> Place<'_, [R; N]> {
    #[inline(always)]
    pub(crate) fn row(&mut self, i: usize) -> Place<'_, R> {
        self.part(|rows| rows.get_mut(i))
    }
}

impl<X: Copy + Default, const H: usize, const T: usize> Place<'_, [[X; H]; T]> {
    /// The gradient of what had no influence: zeros, which accumulating need not add.
    #[inline(always)]
    pub(crate) fn put_zeros(&mut self) {
        if let Set(rows) = self {
            rows.as_flattened_mut().fill(X::default());
        }
    }
}

mod sealed {
    pub trait Sealed<A: ?Sized> {}
    impl<A: ?Sized> Sealed<A> for &mut A {}
    impl<A: ?Sized> Sealed<A> for super::Accumulate<'_, A> {}
    impl<A: ?Sized> Sealed<A> for super::Skip {}
}
