//! How far a result may be from the exact one: the one table of error budgets.
//!
//! A limit is at most twice the largest error that tens of thousands of random cases have shown, and fixed inputs
//! reach a third of it. What holds for every function by derivation is in `tests/proof`.

use core::any::type_name;

use crate::element::Element;

pub struct Budget {
    pub what: &'static str,
    pub single: f64,
    pub double: f64,
}

impl Budget {
    pub fn limit<F: Element>(&self) -> f64 {
        if F::IS_SINGLE {
            self.single
        } else {
            self.double
        }
    }

    #[track_caller]
    pub fn check<F: Element>(&self, seen: f64) {
        let limit = self.limit::<F>();
        assert!(
            seen <= limit,
            "{}: {seen} of at most {limit} in {}",
            self.what,
            type_name::<F>()
        );
    }

    /// For the largest error of inputs that were chosen to be bad.
    #[track_caller]
    pub fn check_tightness<F: Element>(&self, seen: f64) {
        let limit = self.limit::<F>();
        assert!(
            seen >= limit / 3.0,
            "{}: only {seen} of {limit} in {}",
            self.what,
            type_name::<F>()
        );
    }
}

/// A weight, in units of the weight, beyond the rounding of `x − max`, which costs `|x − max|`
/// units more: the exponential is under 1.4, the sum about 2, its reciprocal and the product 1 each.
pub static WEIGHT: Budget = Budget {
    what: "softmax weight beyond |x − max|",
    single: 5.5,
    double: 5.5,
};

/// A weight whose score is within 1 of the largest, in units in the last place: [`WEIGHT`] and the
/// 1 of `|x − max|`, each rounding being up to one unit in the last place of a weight just above a
/// power of two. This is what the documentation promises, up to T = 4096.
pub static WEIGHT_NEAR_MAXIMUM: Budget = Budget {
    what: "softmax weight near the maximum",
    single: 7.0,
    double: 7.0,
};

/// A weight, in absolute units: [`WEIGHT`] of a weight near 1. The roundings of `x − max` are
/// damped by the smallness of the weight.
pub static WEIGHT_ABSOLUTE: Budget = Budget {
    what: "softmax weight, absolute",
    single: 5.0,
    double: 5.0,
};

/// The exact sum of the weights of a row, as a distance from 1 in absolute units: the roundings of
/// the sum and of its reciprocal are common to all weights, those of the products average out.
pub static WEIGHTS_SUM_TO_ONE: Budget = Budget {
    what: "sum of softmax weights",
    single: 5.0,
    double: 5.0,
};

/// `exp` of an `f64`, in units in the last place of the exact value: half for the last rounding,
/// and as much again, at most, for the one before, of a number up to 0.35 next to a result from 0.7.
pub static EXP_F64_NORMAL: Budget = Budget {
    what: "exp, normal",
    single: f64::NAN,
    double: 0.9,
};

/// The same where `eˣ` is subnormal: the errors above shrink with the digits that are left, and
/// rounding to those costs half a unit.
pub static EXP_F64_SUBNORMAL: Budget = Budget {
    what: "exp, subnormal",
    single: f64::NAN,
    double: 0.9,
};

/// What a function does over all `f32` that it is for. Counted, not bounded: any other coefficient or order of
/// operations gives other figures.
#[derive(Debug, PartialEq)]
pub struct Figures {
    /// The largest error in units in the last place of the exact value, rounded up to a
    /// thousandth, where that value is a normal number, and the bits of its argument.
    pub normal: f64,
    pub worst_normal: u32,
    pub subnormal: f64,
    pub worst_subnormal: u32,
    pub not_correctly_rounded: u64,
}

impl Figures {
    /// Some of the arguments have no larger errors than all.
    #[track_caller]
    pub fn assert_within(&self, all: &Self) {
        assert!(self.normal <= all.normal, "{self:?}");
        assert!(self.subnormal <= all.subnormal, "{self:?}");
    }
}

/// `exp` on the non-positive numbers.
pub const EXP_F32: Figures = Figures {
    normal: 0.886,
    worst_normal: 0xc216_f392,
    subnormal: 0.748,
    worst_subnormal: 0xc2b0_0f05,
    not_correctly_rounded: 9_418_262,
};

/// The logarithm on the finite numbers above 1.
///
/// Half a unit is from the last addition, of the exact `f`, up to 0.41, and what is taken from it, up
/// to 0.07: the few roundings of that are an eighth of a unit each.
pub const LN_F32: Figures = Figures {
    normal: 0.84,
    worst_normal: 0x3fb4_e79f,
    subnormal: 0.0,
    worst_subnormal: 0,
    not_correctly_rounded: 6_735_190,
};

/// The logarithm of an `f64`, in units in the last place of the exact value.
pub static LN_F64: Budget = Budget {
    what: "logarithm",
    single: f64::NAN,
    double: 0.9,
};
