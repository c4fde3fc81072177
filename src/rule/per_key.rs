//! The options with an element for each key: mask and bias.

use super::{Keys, Rule, sealed};
use crate::Float;

/// An array with an element for each key: `[[X; T]; N]`, which all queries share, or
/// `[[[X; T]; U]; N]`.
///
/// The trait is sealed.
///
/// # Example
///
/// ```
/// use microattention::rule::{All, And, Mask, PerKey};
/// use microattention::Attend;
///
/// /// Any mask of `T` keys will do.
/// fn kept<M: PerKey<bool, 1, 1, T>, const T: usize>(mask: &M) -> [[f64; T]; 1] {
///     let attend: Attend<And<All, Mask<'_, M>>> = Attend::new().mask(mask);
///     let mut a = [[0.0; T]];
///     attend.softmax(&mut a);
///     a
/// }
///
/// assert_eq!(kept(&[[true, false, true]]), [[0.5, 0.0, 0.5]]);
/// assert_eq!(kept(&[[[false, true]]]), [[0.0, 1.0]]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `{X}` for each key",
    note = "a mask is `[[bool; T]; N]` or `[[[bool; T]; U]; N]`, a bias the same of the element type",
    note = "of a variable `m` that is a `&mut` to one, pass `&*m`"
)]
pub trait PerKey<X, const N: usize, const U: usize, const T: usize>: sealed::PerKey {
    #[doc(hidden)]
    fn row(&self, n: usize, u: usize) -> &[X];

    #[doc(hidden)]
    fn rows_mut(&mut self) -> &mut [[X; T]];

    #[doc(hidden)]
    fn row_mut(&mut self, n: usize, u: usize) -> &mut [X];
}

impl<X, const N: usize, const U: usize, const T: usize> PerKey<X, N, U, T> for [[X; T]; N] {
    #[inline(always)]
    fn row(&self, n: usize, _: usize) -> &[X] {
        self.get(n).map_or(&[], |row| row)
    }

    #[inline(always)]
    fn rows_mut(&mut self) -> &mut [[X; T]] {
        self
    }

    #[inline(always)]
    fn row_mut(&mut self, n: usize, _: usize) -> &mut [X] {
        self.get_mut(n).map_or(&mut [], |row| row)
    }
}

impl<X, const N: usize, const U: usize, const T: usize> PerKey<X, N, U, T> for [[[X; T]; U]; N] {
    #[inline(always)]
    fn row(&self, n: usize, u: usize) -> &[X] {
        self.get(n)
            .and_then(|rows| rows.get(u))
            .map_or(&[], |row| row)
    }

    #[inline(always)]
    fn rows_mut(&mut self) -> &mut [[X; T]] {
        self.as_flattened_mut()
    }

    #[inline(always)]
    fn row_mut(&mut self, n: usize, u: usize) -> &mut [X] {
        self.get_mut(n)
            .and_then(|rows| rows.get_mut(u))
            .map_or(&mut [], |row| row)
    }
}

/// The rule of [`Attend::mask`](crate::Attend::mask).
///
/// # Example
///
/// ```
/// use microattention::Attend;
/// use microattention::rule::{All, And, Mask};
///
/// static MASK: [[bool; 3]; 1] = [[true, false, true]];
/// static ATTEND: Attend<And<All, Mask<'_, [[bool; 3]; 1]>>> = Attend::new().mask(&MASK);
/// # let mut x = [[0.0_f32; 3]];
/// # ATTEND.softmax(&mut x);
/// # assert_eq!(x, [[0.5, 0.0, 0.5]]);
/// ```
#[derive(Debug)]
pub struct Mask<'a, M: ?Sized>(pub(crate) &'a M);

impl<M: ?Sized> Clone for Mask<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: ?Sized> Copy for Mask<'_, M> {}

impl<F: Float, M, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T> for Mask<'_, M>
where
    M: PerKey<bool, N, U, T>,
{
    type Keys<'r>
        = Mask<'r, [bool]>
    where
        Self: 'r;

    #[inline(always)]
    fn keys(&self, n: usize, u: usize) -> Mask<'_, [bool]> {
        Mask(self.0.row(n, u))
    }
}

impl<F: Float> Keys<F> for Mask<'_, [bool]> {
    const TESTED: bool = true;

    #[inline(always)]
    fn attends(self, t: usize) -> bool {
        self.0.get(t).is_some_and(|&attended| attended)
    }
}

/// The rule of [`Attend::bias`](crate::Attend::bias).
///
/// # Example
///
/// ```
/// use microattention::Attend;
/// use microattention::rule::{All, Bias};
///
/// static BIAS: [[f32; 2]; 1] = [[0.0, -1.0]];
/// static ATTEND: Attend<All, Bias<'_, [[f32; 2]; 1]>> = Attend::new().bias(&BIAS);
/// # let mut s = [[0.0_f32; 2]];
/// # ATTEND.dot_scores(&[[1.0]], &[[[2.0], [3.0]]], &mut s);
/// # assert_eq!(s, [[2.0, 2.0]]);
/// ```
#[derive(Debug)]
pub struct Bias<'a, B: ?Sized>(pub(crate) &'a B);

impl<B: ?Sized> Clone for Bias<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: ?Sized> Copy for Bias<'_, B> {}

impl<F: Float, B, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T> for Bias<'_, B>
where
    B: PerKey<F, N, U, T>,
{
    type Keys<'r>
        = Bias<'r, [F]>
    where
        Self: 'r;

    #[inline(always)]
    fn keys(&self, n: usize, u: usize) -> Bias<'_, [F]> {
        Bias(self.0.row(n, u))
    }
}

impl<F: Float> Keys<F> for Bias<'_, [F]> {
    const TESTED: bool = true;

    #[inline(always)]
    fn attends(self, t: usize) -> bool {
        self.0.get(t).is_some_and(|&bias| bias != F::NEG_INFINITY)
    }

    #[inline(always)]
    fn bias(self, t: usize, score: F) -> F {
        self.0.get(t).map_or(score, |&bias| score + bias)
    }
}
