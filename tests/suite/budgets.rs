//! How far a result may be from the exact one: the one table of error budgets.
//!
//! A limit is a number of units. The unit of most rows is one rounding error, 2⁻²⁴ for `f32` and
//! 2⁻⁵³ for `f64`, times the sum of the magnitudes that went into the result: what a single
//! rounding of the largest possible intermediate result would do. So a limit says how many such
//! roundings a function amounts to, whatever the numbers and whatever cancels.
//!
//! No limit is a comfortable one. Each is at most twice the largest error that tens of thousands of
//! random cases have shown, and the tests of tightness in [`errors`](crate::errors) and
//! [`exp`](crate::exp) ask that fixed inputs reach a third of it.
//!
//! Limits for `f64` mostly measure the reference, whose plain sums round more often than ours; where
//! both take the same steps they are equal to the bit. Softmax and `exp` are compared with a
//! reference of twice the digits, and have the same limits in both types.

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

/// `Σ_i x[i]·y[i]` over features (scores, `da`), in units of `Σ_i |x[i]·y[i]|`.
///
/// Up to 8 features, a product and three additions of the lane tree bound it by 4. Each 8 more add
/// a rounding to each lane, and one large product makes all of those in its lane count.
pub static DOT: Budget = Budget {
    what: "sum over features",
    single: 8.0,
    double: 24.0,
};

/// `Σ_t a[t]·x[t]` over time steps (contexts, `dh`), in units of `Σ_t |a[t]·x[t]|·√T`.
///
/// The order of time is one rounding for each step, and random ones add up like a random walk.
pub static ROW_SUM: Budget = Budget {
    what: "sum over time steps",
    single: 2.2,
    double: 0.0,
};

/// The same, in units of `Σ_t |a[t]·x[t]|` and the magnitudes of all partial sums: every rounding
/// on the way is at most one unit of its own result, so this limit is a theorem for every input,
/// and adding one number again and again uses most of it.
pub static ROW_SUM_STEPS: Budget = Budget {
    what: "sum over time steps, step by step",
    single: 1.0,
    double: 1.0,
};

/// One product (`dhs`): one rounding, so at most one unit, and subnormal products no more.
pub static PRODUCT: Budget = Budget {
    what: "product",
    single: 1.0,
    double: 0.0,
};

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

/// `ds[t]`, in units of `a[t]·(|da[t]| + Σ_j |a[j]·da[j]|)`: a [`DOT`] over time steps, a difference
/// and a product.
pub static SCORE_GRADIENT: Budget = Budget {
    what: "softmax gradient",
    single: 9.0,
    double: 50.0,
};

/// `Σ_t ds[t]`, which is 0 in exact arithmetic, in units of the sum of those of [`SCORE_GRADIENT`].
/// That the weights sum to 1 only nearly is in it.
pub static SCORE_GRADIENTS_SUM_TO_ZERO: Budget = Budget {
    what: "sum of softmax gradients",
    single: 4.0,
    double: 4.5,
};

/// `a[t]` of attention, in units of `a[t]·(w[t] + Σ_j a[j]·w[j])` with
/// `w[t] = 1 + |s[t] − max| + Σ_i |hs[t][i]·h[i]|`: a relative error of a weight is an absolute one
/// of its score, and every other score enters through the sum.
pub static ATTENTION_WEIGHT: Budget = Budget {
    what: "attention weight",
    single: 2.5,
    double: 18.0,
};

/// `c` of attention, in units of `Σ_t |hs[t]|·√T` times those of [`ATTENTION_WEIGHT`].
pub static CONTEXT: Budget = Budget {
    what: "attention context",
    single: 1.2,
    double: 3.6,
};

/// `dh` of attention for given weights, in units of `Σ_t g[t]·|hs[t]|·√T` with
/// `g[t] = a[t]·(b[t] + Σ_j a[j]·b[j])`, where `b[t]` is `|da[t]|`, or `Σ_i |dc[i]·hs[t][i]|` where
/// `da` is computed on the way: a [`SCORE_GRADIENT`], then a [`ROW_SUM`].
pub static QUERY_GRADIENT: Budget = Budget {
    what: "query gradient",
    single: 3.0,
    double: 4.0,
};

/// `dhs` of attention for given weights, in units of `g[t]·|h| + |a[t]·dc|`: a [`SCORE_GRADIENT`],
/// two products and a sum.
pub static KEY_GRADIENT: Budget = Budget {
    what: "key gradient",
    single: 10.0,
    double: 57.0,
};

/// `dhs_enc` of cross-attention, in units of the sum of those of [`KEY_GRADIENT`]: the errors of
/// the queries are averaged, the additions are new.
pub static SHARED_KEY_GRADIENT: Budget = Budget {
    what: "key gradient of all queries",
    single: 7.5,
    double: 11.0,
};

/// A gradient in `f64` against central differences, in absolute units of 10⁻¹², for inputs below
/// 1: what a loss of a few units leaves when its rounding is divided by a step of 2⁻⁸.
pub static CENTRAL_DIFFERENCE: Budget = Budget {
    what: "gradient against central differences",
    single: f64::NAN,
    double: 50.0,
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
