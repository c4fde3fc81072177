//! The element type.

use core::fmt::{Debug, Display};
use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// The element type of every array: `f32` or `f64`.
///
/// The trait is sealed: the guarantees of this crate hold for these two types. Its arithmetic
/// comes from its supertraits, so that code which is generic over the element type can compute
/// with it.
///
/// # Example
///
/// ```
/// use microattention::{Float, attention_weights};
///
/// fn largest_weight<F: Float, const T: usize, const H: usize>(h: &[F; H], hs: &[[F; H]; T]) -> F {
///     let mut a = [[F::default(); T]];
///     attention_weights(
///         core::array::from_ref(h),
///         core::array::from_ref(hs),
///         &mut a,
///     );
///     a[0].into_iter().fold(F::default(), |m, a| if a > m { a } else { m })
/// }
///
/// assert_eq!(largest_weight(&[1.0_f32], &[[0.0], [0.0]]), 0.5);
/// assert_eq!(largest_weight(&[1.0_f64], &[[0.0], [0.0]]), 0.5);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no element type of this crate",
    label = "expected `f32` or `f64`",
    note = "a number without a point is an integer: write `1.0`, not `1`"
)]
pub trait Float:
    sealed::Sealed
    + Copy
    + Debug
    + Default
    + Display
    + PartialOrd
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + From<u8>
    + Send
    + Sync
    + 'static
{
    #[doc(hidden)]
    const ZERO: Self;
    /// The start of a sum: adding it changes no value, not even `-0.0`, so it costs nothing.
    #[doc(hidden)]
    const NEG_ZERO: Self;
    #[doc(hidden)]
    const ONE: Self;
    #[doc(hidden)]
    const NEG_INFINITY: Self;
    #[doc(hidden)]
    const NAN: Self;

    #[doc(hidden)]
    #[must_use]
    fn is_nan(self) -> bool {
        self.partial_cmp(&self).is_none()
    }

    /// Whether `self > other`, for an `other` that is not NaN. Of two zeros, either answer.
    #[doc(hidden)]
    #[must_use]
    #[inline(always)]
    fn exceeds(self, other: Self) -> bool {
        self > other
    }

    /// `eˣ` for `x ≤ 0`, `−∞` and NaN.
    #[doc(hidden)]
    #[must_use]
    fn exp_nonpositive(self) -> Self;

    /// `ln x` for `x ≥ 1`, and NaN.
    #[doc(hidden)]
    #[must_use]
    fn ln_from_one(self) -> Self;

    /// 1/√`D`, correctly rounded.
    #[doc(hidden)]
    #[must_use]
    fn inverse_sqrt<const D: usize>() -> Self;
}

impl Float for f32 {
    const ZERO: Self = 0.0;
    const NEG_ZERO: Self = -0.0;
    const ONE: Self = 1.0;
    const NEG_INFINITY: Self = Self::NEG_INFINITY;
    const NAN: Self = Self::NAN;

    #[inline(always)]
    fn exceeds(self, other: Self) -> bool {
        if crate::lanes::SOFT_FLOAT {
            crate::exp::soft_float::exceeds(self, other)
        } else {
            self > other
        }
    }

    #[inline(always)]
    fn exp_nonpositive(self) -> Self {
        if crate::lanes::SOFT_FLOAT {
            crate::exp::soft_float::exp_f32(self)
        } else {
            crate::exp::exp_f32(self)
        }
    }

    #[inline(always)]
    fn ln_from_one(self) -> Self {
        crate::ln::ln_f32(self)
    }

    #[inline(always)]
    fn inverse_sqrt<const D: usize>() -> Self {
        const { crate::inverse_sqrt::inverse_sqrt_f32::<D>() }
    }
}

impl Float for f64 {
    const ZERO: Self = 0.0;
    const NEG_ZERO: Self = -0.0;
    const ONE: Self = 1.0;
    const NEG_INFINITY: Self = Self::NEG_INFINITY;
    const NAN: Self = Self::NAN;

    #[inline(always)]
    fn exp_nonpositive(self) -> Self {
        crate::exp::exp_f64(self)
    }

    #[inline(always)]
    fn ln_from_one(self) -> Self {
        crate::ln::ln_f64(self)
    }

    #[inline(always)]
    fn inverse_sqrt<const D: usize>() -> Self {
        const { crate::inverse_sqrt::inverse_sqrt_f64::<D>() }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}
