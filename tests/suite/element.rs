//! What the tests need to know of `f32` and `f64` beyond the crate's own trait, and of arrays of them.

use core::any::type_name;

use microattention::Float;

use crate::order;

pub trait Element: Float + Tensor<Scalar = Self> {
    /// Half the distance from 1 to the next larger number.
    const ROUNDOFF: f64;
    const SMALLEST_NORMAL: f64;
    const LARGEST: f64;
    const IS_SINGLE: bool;

    /// The nearest element.
    fn of(x: f64) -> Self;
    fn wide(self) -> f64;
    /// The bits, with one pattern for every NaN, because NaN payloads are not part of any promise.
    fn pattern(self) -> u64;
    /// The element of these bits, of the low ones if it has fewer.
    fn from_word(bits: u64) -> Self;
    fn exp_in_order(self) -> Self;

    /// The distance from `x` to the next larger number of this type, for a positive `x`.
    fn ulp(x: f64) -> f64 {
        let exponent = f64::from_bits(x.max(Self::SMALLEST_NORMAL).to_bits() & (0x7ff << 52));
        exponent * 2.0 * Self::ROUNDOFF
    }
}

impl Element for f32 {
    const ROUNDOFF: f64 = 0.5 * f32::EPSILON as f64;
    const SMALLEST_NORMAL: f64 = f32::MIN_POSITIVE as f64;
    const LARGEST: f64 = f32::MAX as f64;
    const IS_SINGLE: bool = true;

    #[allow(
        clippy::cast_possible_truncation,
        reason = "rounding to the nearest element is what is asked for"
    )]
    fn of(x: f64) -> Self {
        x as f32
    }

    fn wide(self) -> f64 {
        f64::from(self)
    }

    fn pattern(self) -> u64 {
        let x = if self.is_nan() { f32::NAN } else { self };
        u64::from(x.to_bits())
    }

    #[allow(clippy::cast_possible_truncation, reason = "the low bits are meant")]
    fn from_word(bits: u64) -> Self {
        Self::from_bits(bits as u32)
    }

    fn exp_in_order(self) -> Self {
        order::exp_f32(self)
    }
}

impl Element for f64 {
    const ROUNDOFF: f64 = 0.5 * f64::EPSILON;
    const SMALLEST_NORMAL: f64 = f64::MIN_POSITIVE;
    const LARGEST: f64 = f64::MAX;
    const IS_SINGLE: bool = false;

    fn of(x: f64) -> Self {
        x
    }

    fn wide(self) -> f64 {
        self
    }

    fn pattern(self) -> u64 {
        let x = if self.is_nan() { f64::NAN } else { self };
        x.to_bits()
    }

    fn from_word(bits: u64) -> Self {
        Self::from_bits(bits)
    }

    fn exp_in_order(self) -> Self {
        order::exp_f64(self)
    }
}

/// An element, or arrays of elements to any depth.
pub trait Tensor: Copy {
    type Scalar: Element;

    fn filled(x: Self::Scalar) -> Self;
    fn flat(rows: &[Self]) -> &[Self::Scalar];
    fn flat_mut(rows: &mut [Self]) -> &mut [Self::Scalar];
}

macro_rules! scalar {
    ($($type:ty)*) => { $(
        impl Tensor for $type {
            type Scalar = Self;

            fn filled(x: Self) -> Self {
                x
            }

            fn flat(rows: &[Self]) -> &[Self] {
                rows
            }

            fn flat_mut(rows: &mut [Self]) -> &mut [Self] {
                rows
            }
        }
    )* };
}

scalar! { f32 f64 }

impl<R: Tensor, const N: usize> Tensor for [R; N] {
    type Scalar = R::Scalar;

    fn filled(x: R::Scalar) -> Self {
        [R::filled(x); N]
    }

    fn flat(rows: &[Self]) -> &[R::Scalar] {
        R::flat(rows.as_flattened())
    }

    fn flat_mut(rows: &mut [Self]) -> &mut [R::Scalar] {
        R::flat_mut(rows.as_flattened_mut())
    }
}

/// An array on the heap, since the stack of a test is small.
pub fn boxed<R: Tensor, const N: usize>(x: R::Scalar) -> Box<[R; N]> {
    match vec![R::filled(x); N].try_into() {
        Ok(array) => array,
        Err(_) => unreachable!("the vector has N rows"),
    }
}

/// An output as every test hands it over: what is not written stays NaN.
pub fn unwritten<R: Tensor, const N: usize>() -> Box<[R; N]> {
    boxed(R::Scalar::of(f64::NAN))
}

/// The same numbers in `f64`, row by row.
pub fn wide<F: Element, const H: usize>(rows: &[[F; H]]) -> Vec<[f64; H]> {
    rows.iter().map(|row| row.map(Element::wide)).collect()
}

#[track_caller]
pub fn assert_same_bits<R: Tensor>(actual: &[R], expected: &[R], what: &str) {
    let (actual, expected) = (R::flat(actual), R::flat(expected));
    assert_eq!(actual.len(), expected.len());
    for (i, (x, y)) in actual.iter().zip(expected).enumerate() {
        assert!(
            x.pattern() == y.pattern(),
            "{what}: element {i} of {} is {x:?} ({:#x}), not {y:?} ({:#x}), in {}",
            actual.len(),
            x.pattern(),
            y.pattern(),
            type_name::<R::Scalar>(),
        );
    }
}
