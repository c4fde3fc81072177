//! The options of [`Attend`](crate::Attend) as types: which keys a query attends to, and what is done
//! to its scores.
//!
//! Code that passes an `Attend` on names them in bounds; nothing here needs to be constructed.
//!
//! ```
//! use microattention::rule::Rule;
//! use microattention::{Attend, Float};
//!
//! fn weights<F: Float, R: Rule<F, 1, 1, 4>>(att: &Attend<R>, h: &[[F; 2]; 1], hs: &[[[F; 2]; 4]; 1]) -> [[F; 4]; 1] {
//!     let mut a = [[F::default(); 4]];
//!     att.attention_weights(h, hs, &mut a);
//!     a
//! }
//!
//! let a = weights(&Attend::new().lengths(&[2]), &[[1.0_f32; 2]], &[[[1.0; 2]; 4]]);
//! assert_eq!(a, [[0.5, 0.5, 0.0, 0.0]]);
//! ```

use crate::Float;
use crate::keys::Keys;

/// An option of [`Attend`](crate::Attend), or several of them together, for a batch of `N`, `U`
/// queries and `T` keys.
///
/// Sealed: what its method returns has no name outside this crate. The trait is named in the bounds of code
/// that is generic over the options `R` and the bias `B` of an `Attend<R, B>`, in forward and in backward passes.
///
/// # Example
///
/// ```
/// use microattention::rule::Rule;
/// use microattention::{Attend, Float};
///
/// /// The weights of one query over three keys, whatever the options are.
/// fn weights<F: Float, R, B>(att: &Attend<R, B>, h: &[F; 2], hs: &[[F; 2]; 3]) -> [F; 3]
/// where
///     R: Rule<F, 1, 1, 3>,
///     B: Rule<F, 1, 1, 3>,
/// {
///     let mut a = [[F::default(); 3]];
///     att.attention_weights(&[*h], &[*hs], &mut a);
///     a[0]
/// }
///
/// let (h, hs) = ([1.0_f32; 2], [[0.0; 2]; 3]);
/// assert_eq!(weights(&Attend::new().lengths(&[2]), &h, &hs), [0.5, 0.5, 0.0]);
/// let bias = [[f32::NEG_INFINITY, 0.0, 0.0]];
/// assert_eq!(weights(&Attend::new().bias(&bias), &h, &hs), [0.0, 0.5, 0.5]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no option for these arrays",
    label = "this option does not fit the batch, the queries or the keys",
    note = "lengths and causal_rows take one number for each of the N batch rows",
    note = "a mask is `[[bool; T]; N]` or `[[[bool; T]; U]; N]`, a bias the same of the element type",
    note = "code that is generic over an option `R` needs the bound `R: Rule<F, N, U, T>`, with `U` 1 for functions of one query"
)]
pub trait Rule<F: Float, const N: usize, const U: usize, const T: usize> {
    /// What the option means for query `u` of batch row `n`.
    #[doc(hidden)]
    fn keys(&self, n: usize, u: usize) -> Keys<'_, F>;
}

/// No restriction: every key is attended, scores are as they are.
///
/// # Example
///
/// ```
/// use microattention::Attend;
/// use microattention::rule::All;
///
/// static PLAIN: Attend<All, All> = Attend::new();
/// # let mut x = [[0.0_f32; 2]];
/// # PLAIN.softmax(&mut x);
/// # assert_eq!(x, [[0.5, 0.5]]);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct All;

impl<F: Float, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T> for All {
    #[inline(always)]
    fn keys(&self, _: usize, _: usize) -> Keys<'_, F> {
        Keys::ALL
    }
}

/// Both: a key must be attended by each, and the scores are multiplied by the product of the scales.
///
/// # Example
///
/// ```
/// use microattention::Attend;
/// use microattention::rule::{All, And, Causal, ScaleByWidth};
///
/// static ATTEND: Attend<And<And<All, ScaleByWidth<16>>, Causal>> =
///     Attend::new().scale_by_width::<16>().causal(0);
/// # let mut x = [[0.0_f32; 2]];
/// # ATTEND.softmax(&mut x);
/// # assert_eq!(x, [[1.0, 0.0]]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct And<P, Q>(pub(crate) P, pub(crate) Q);

impl<F: Float, P, Q, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T> for And<P, Q>
where
    P: Rule<F, N, U, T>,
    Q: Rule<F, N, U, T>,
{
    #[inline(always)]
    fn keys(&self, n: usize, u: usize) -> Keys<'_, F> {
        self.0.keys(n, u).and(self.1.keys(n, u))
    }
}

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
    #[inline(always)]
    fn keys(&self, _: usize, _: usize) -> Keys<'_, F> {
        Keys {
            scale: Some(self.0),
            ..Keys::ALL
        }
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
    #[inline(always)]
    fn keys(&self, _: usize, _: usize) -> Keys<'_, F> {
        Keys {
            scale: Some(F::inverse_sqrt::<D>()),
            ..Keys::ALL
        }
    }
}

/// The rule of [`Attend::lengths`](crate::Attend::lengths).
///
/// # Example
///
/// ```
/// use microattention::Attend;
/// use microattention::rule::{All, And, Lengths};
///
/// static LENGTHS: [usize; 2] = [2, 1];
/// static ATTEND: Attend<And<All, Lengths<'_, 2>>> = Attend::new().lengths(&LENGTHS);
/// # let mut x = [[0.0_f32; 2]; 2];
/// # ATTEND.softmax(&mut x);
/// # assert_eq!(x, [[0.5, 0.5], [1.0, 0.0]]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Lengths<'a, const N: usize>(pub(crate) &'a [usize; N]);

impl<F: Float, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T> for Lengths<'_, N> {
    #[inline(always)]
    fn keys(&self, n: usize, _: usize) -> Keys<'_, F> {
        Keys {
            end: self.0.get(n).copied().unwrap_or_default(),
            ..Keys::ALL
        }
    }
}

/// The rule of [`Attend::causal`](crate::Attend::causal).
///
/// # Example
///
/// ```
/// use microattention::Attend;
/// use microattention::rule::{All, And, Causal};
///
/// static ATTEND: Attend<And<All, Causal>> = Attend::new().causal(0);
/// # let mut x = [[0.0_f32; 2]];
/// # ATTEND.softmax(&mut x);
/// # assert_eq!(x, [[1.0, 0.0]]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Causal(pub(crate) isize);

impl<F: Float, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T> for Causal {
    #[inline(always)]
    fn keys(&self, _: usize, u: usize) -> Keys<'_, F> {
        around(self.0, u, None, 0)
    }
}

/// The rule of [`Attend::causal_rows`](crate::Attend::causal_rows).
///
/// # Example
///
/// ```
/// use microattention::Attend;
/// use microattention::rule::{All, And, CausalRows};
///
/// static OFFSETS: [isize; 2] = [0, 1];
/// static ATTEND: Attend<And<All, CausalRows<'_, 2>>> = Attend::new().causal_rows(&OFFSETS);
/// # let mut x = [[0.0_f32; 2]; 2];
/// # ATTEND.softmax(&mut x);
/// # assert_eq!(x, [[1.0, 0.0], [0.5, 0.5]]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CausalRows<'a, const N: usize>(pub(crate) &'a [isize; N]);

impl<F: Float, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T>
    for CausalRows<'_, N>
{
    #[inline(always)]
    fn keys(&self, n: usize, u: usize) -> Keys<'_, F> {
        around(self.0.get(n).copied().unwrap_or_default(), u, None, 0)
    }
}

/// The rule of [`Attend::window`](crate::Attend::window).
///
/// # Example
///
/// ```
/// use microattention::Attend;
/// use microattention::rule::{All, And, Window};
///
/// static ATTEND: Attend<And<All, Window>> = Attend::new().window(8, 0);
/// # let mut x = [[0.0_f32; 2]];
/// # ATTEND.softmax(&mut x);
/// # assert_eq!(x, [[1.0, 0.0]]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub(crate) offset: isize,
    pub(crate) back: usize,
    pub(crate) ahead: usize,
}

impl<F: Float, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T> for Window {
    #[inline(always)]
    fn keys(&self, _: usize, u: usize) -> Keys<'_, F> {
        around(self.offset, u, Some(self.back), self.ahead)
    }
}

/// The keys from `back` before to `ahead` after the time `u + offset`, both included.
#[inline(always)]
fn around<F: Float>(
    offset: isize,
    u: usize,
    back: Option<usize>,
    ahead: usize,
) -> Keys<'static, F> {
    let late = usize::try_from(offset).unwrap_or_default().wrapping_add(u);
    let early = offset.min(0).unsigned_abs();
    let end = late.saturating_add(ahead).saturating_add(1);
    Keys {
        start: back.map_or(0, |back| late.saturating_sub(early).saturating_sub(back)),
        end: end.saturating_sub(early),
        ..Keys::ALL
    }
}

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
    fn row(&self, n: usize, u: usize) -> Option<&[X; T]>;

    #[doc(hidden)]
    fn row_mut(&mut self, n: usize, u: usize) -> Option<&mut [X; T]>;
}

impl<X, const N: usize, const U: usize, const T: usize> PerKey<X, N, U, T> for [[X; T]; N] {
    #[inline(always)]
    fn row(&self, n: usize, _: usize) -> Option<&[X; T]> {
        self.get(n)
    }

    #[inline(always)]
    fn row_mut(&mut self, n: usize, _: usize) -> Option<&mut [X; T]> {
        self.get_mut(n)
    }
}

impl<X, const N: usize, const U: usize, const T: usize> PerKey<X, N, U, T> for [[[X; T]; U]; N] {
    #[inline(always)]
    fn row(&self, n: usize, u: usize) -> Option<&[X; T]> {
        self.get(n)?.get(u)
    }

    #[inline(always)]
    fn row_mut(&mut self, n: usize, u: usize) -> Option<&mut [X; T]> {
        self.get_mut(n)?.get_mut(u)
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
pub struct Mask<'a, M>(pub(crate) &'a M);

impl<M> Clone for Mask<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Mask<'_, M> {}

impl<F: Float, M, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T> for Mask<'_, M>
where
    M: PerKey<bool, N, U, T>,
{
    #[inline(always)]
    fn keys(&self, n: usize, u: usize) -> Keys<'_, F> {
        Keys {
            mask: Some(self.0.row(n, u).map_or(&[], |row| row)),
            ..Keys::ALL
        }
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
pub struct Bias<'a, B>(pub(crate) &'a B);

impl<B> Clone for Bias<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for Bias<'_, B> {}

impl<F: Float, B, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T> for Bias<'_, B>
where
    B: PerKey<F, N, U, T>,
{
    #[inline(always)]
    fn keys(&self, n: usize, u: usize) -> Keys<'_, F> {
        Keys {
            bias: Some(self.0.row(n, u).map_or(&[], |row| row)),
            ..Keys::ALL
        }
    }
}

/// Options without a mask, to which one can be given: of a second one nothing would say which counts.
#[diagnostic::on_unimplemented(
    message = "these options have a mask already",
    label = "a second mask",
    note = "make one mask of both: true where a key is to be attended by each"
)]
#[doc(hidden)]
pub trait Unmasked {}
impl Unmasked for All {}
impl<F> Unmasked for Scale<F> {}
impl<const D: usize> Unmasked for ScaleByWidth<D> {}
impl<const N: usize> Unmasked for Lengths<'_, N> {}
impl Unmasked for Causal {}
impl<const N: usize> Unmasked for CausalRows<'_, N> {}
impl Unmasked for Window {}
impl<P: Unmasked, Q: Unmasked> Unmasked for And<P, Q> {}

mod sealed {
    pub trait PerKey {}
    impl<X, const N: usize, const T: usize> PerKey for [[X; T]; N] {}
}
