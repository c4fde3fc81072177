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

mod attends;
mod bias_gradient;
mod per_key;
mod range;
mod scale;

use crate::Float;

pub(crate) use attends::{Attends, part, row_part, tested, unrolls};
pub(crate) use bias_gradient::{BiasGradient, NoBias, bias_gradient};
pub use per_key::{Bias, Mask, PerKey};
#[doc(hidden)]
pub use range::Range;
pub use range::{Causal, CausalRows, Lengths, Window};
pub use scale::{Scale, ScaleByWidth};

/// An option of [`Attend`](crate::Attend), or several of them together, for a batch of `N`, `U`
/// queries and `T` keys.
///
/// The trait is sealed. It is named in the bounds of code that is generic over the options. Forward
/// passes can be generic over the rule `R` and the bias `B` of an `Attend<R, B>`; backward passes take
/// one more argument with a bias, so code that calls them is generic over `R` alone.
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
pub trait Rule<F: Float, const N: usize, const U: usize, const T: usize>: sealed::Sealed {
    /// The option for one query.
    #[doc(hidden)]
    type Keys<'r>: Keys<F>
    where
        Self: 'r;

    #[doc(hidden)]
    fn keys(&self, n: usize, u: usize) -> Self::Keys<'_>;
}

/// What the options mean for the keys of one query. Every key that is attended lies in the range.
#[doc(hidden)]
pub trait Keys<F: Float>: Copy {
    /// Whether some keys of the range may not be attended.
    const TESTED: bool = false;
    /// Whether the range may be less than all keys.
    const RANGED: bool = false;
    /// Whether [`scale`](Self::scale) does anything.
    const SCALED: bool = false;

    #[inline(always)]
    fn range(self) -> Range {
        Range::ALL
    }

    #[inline(always)]
    fn attends(self, _t: usize) -> bool {
        true
    }

    #[inline(always)]
    fn scale(self, x: F) -> F {
        x
    }

    #[inline(always)]
    fn bias(self, _t: usize, score: F) -> F {
        score
    }
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
    type Keys<'r> = All;

    #[inline(always)]
    fn keys(&self, _: usize, _: usize) -> All {
        All
    }
}

impl<F: Float> Keys<F> for All {}

/// Both: a key must be attended by each, and the scores go through the first and then the second.
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
    type Keys<'r>
        = And<P::Keys<'r>, Q::Keys<'r>>
    where
        Self: 'r;

    #[inline(always)]
    fn keys(&self, n: usize, u: usize) -> And<P::Keys<'_>, Q::Keys<'_>> {
        And(self.0.keys(n, u), self.1.keys(n, u))
    }
}

impl<F: Float, P: Keys<F>, Q: Keys<F>> Keys<F> for And<P, Q> {
    const TESTED: bool = P::TESTED || Q::TESTED;
    const RANGED: bool = P::RANGED | Q::RANGED;
    const SCALED: bool = P::SCALED || Q::SCALED;

    #[inline(always)]
    fn range(self) -> Range {
        self.0.range().and(self.1.range())
    }

    #[inline(always)]
    fn attends(self, t: usize) -> bool {
        self.0.attends(t) && self.1.attends(t)
    }

    #[inline(always)]
    fn scale(self, x: F) -> F {
        self.1.scale(self.0.scale(x))
    }

    #[inline(always)]
    fn bias(self, t: usize, score: F) -> F {
        self.1.bias(t, self.0.bias(t, score))
    }
}

mod sealed {
    use super::{All, And, Bias, Causal, CausalRows, Lengths, Mask, Scale, ScaleByWidth, Window};

    pub trait Sealed {}
    impl Sealed for All {}
    impl<F> Sealed for Scale<F> {}
    impl<const D: usize> Sealed for ScaleByWidth<D> {}
    impl<const N: usize> Sealed for Lengths<'_, N> {}
    impl Sealed for Causal {}
    impl<const N: usize> Sealed for CausalRows<'_, N> {}
    impl Sealed for Window {}
    impl<M> Sealed for Mask<'_, M> {}
    impl<B> Sealed for Bias<'_, B> {}
    impl<P: Sealed, Q: Sealed> Sealed for And<P, Q> {}

    pub trait PerKey {}
    impl<X, const N: usize, const T: usize> PerKey for [[X; T]; N] {}
}
