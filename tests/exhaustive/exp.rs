//! The exponential function: bit by bit against its formula, and against `eˣ` itself.

use core::f32::consts::LOG2_E;
use core::ops::Range;

use microattention::Float;

use crate::budgets::{EXP_F32, EXP_F64_NORMAL, EXP_F64_SUBNORMAL};
use crate::double_double;
use crate::element::Element;
use crate::order;
use crate::scan::Function;
use crate::values::{Kind, Source};

/// The patterns from that of `-0.0` on are the non-positive numbers in falling order, then `−∞`, then the
/// NaNs with a sign.
const NON_POSITIVE: Range<u32> = 1 << 31..u32::MAX;

const EXP: Function = Function {
    of: Float::exp_nonpositive,
    error,
    out_of_order: |before, y| y > before,
};

/// The error of `y` as `eˣ` in units in the last place of `eˣ`; other bits than those of the formula are wrong.
///
/// `libm::exp` is off by less than one unit of `f64`, which is 2⁻²⁹ of ours. Where that could
/// decide whether `y` is the nearest number, the hundred-bit one takes over.
fn error(y: f32, x: f32) -> (f64, bool) {
    let right = match x {
        _ if x.is_nan() => y.is_nan(),
        f32::NEG_INFINITY => y.to_bits() == 0,
        _ => y.is_sign_positive() && !y.is_nan(),
    };
    if !right || y.pattern() != order::exp_f32(x).pattern() {
        return (f64::INFINITY, true);
    }
    if !x.is_finite() {
        return (0.0, true);
    }
    let exact = libm::exp(f64::from(x));
    let is_normal = exact >= f32::SMALLEST_NORMAL;
    let error = ((f64::from(y) - exact) / f32::ulp(exact)).abs();
    if (error - 0.5).abs() > 1e-7 || x < -700.0 {
        return (error, is_normal);
    }
    let error = double_double::exp_error(f64::from(y), f64::from(x), 24, -149).abs();
    (error, is_normal)
}

/// In both builds: a core without an FPU has another function.
#[test]
#[ignore = "two thousand million arguments: a minute with optimisations"]
fn every_f32() {
    assert_eq!(EXP.all(NON_POSITIVE), EXP_F32);
}

#[test]
fn a_thousandth_of_every_f32() {
    EXP.samples(NON_POSITIVE, 1021).assert_within(&EXP_F32);
}

#[test]
fn the_worst_f32() {
    for bits in [EXP_F32.worst_normal, EXP_F32.worst_subnormal] {
        let seen = EXP.samples(bits..bits + 1, 1);
        assert!(
            seen.normal == EXP_F32.normal || seen.subnormal == EXP_F32.subnormal,
            "{seen:?}"
        );
    }
}

#[track_caller]
fn assert_formula(x: f32) {
    let (y, expected) = (x.exp_nonpositive(), order::exp_f32(x));
    assert_eq!(y.pattern(), expected.pattern(), "{x:?}");
}

/// A normalizer of other scores can bring a score above its maximum, where nothing is promised but the
/// same bits everywhere.
#[test]
fn positive_f32_have_the_bits_of_the_formula() {
    for pattern in (0..NON_POSITIVE.start).step_by(3001).chain(0..100) {
        assert_formula(f32::from_bits(pattern));
    }
}

/// Next to the arguments whose rounded product `x / ln 2` is half-way between two integers, where the rule
/// for ties decides which of them is `k`.
#[test]
fn ties_have_the_bits_of_the_formula() {
    let mut ties = 0;
    for k in 0..150_u8 {
        let tie = -(f32::from(k) + 0.5);
        let middle = (tie / LOG2_E).to_bits();
        for pattern in middle - 3..=middle + 3 {
            let x = f32::from_bits(pattern);
            ties += u32::from(x * LOG2_E == tie);
            assert_formula(x);
        }
    }
    assert!(ties > 100, "{ties}");
}

/// Arguments of every size, where `eˣ` is normal, subnormal, next to 0 and next to 1.
fn f64_arguments(count: usize) -> impl Iterator<Item = f64> {
    let mut source = Source::new(1, Kind::Even);
    (0..count).map(move |i| match i % 8 {
        0..4 => -708.0 * source.unit(),
        4 => -source.unit(),
        5 => -libm::exp2(-60.0 * source.unit()),
        6 => -708.0 - 38.0 * source.unit(),
        // Next to the places where k changes, at which r is largest.
        _ => {
            let k = (1000.0 * source.unit()).trunc() + 0.5;
            -k * core::f64::consts::LN_2 * (1.0 + 1e-12 * source.unit())
        }
    })
}

#[test]
fn f64_samples() {
    let (mut normal, mut subnormal, mut misrounded, mut count) = ((0.0, 0.0), (0.0, 0.0), 0, 0);
    for x in f64_arguments(200_000) {
        let y = x.exp_nonpositive();
        assert_eq!(y.to_bits(), order::exp_f64(x).to_bits(), "{x:?}");
        let error = double_double::exp_error(y, x, 53, -1074).abs();
        let worst = if libm::exp(x) >= f64::MIN_POSITIVE {
            &mut normal
        } else {
            &mut subnormal
        };
        if error > worst.0 {
            *worst = (error, x);
        }
        misrounded += u32::from(error > 0.5);
        count += 1;
    }
    println!("normal {normal:?}, subnormal {subnormal:?}, {misrounded} of {count} misrounded");
    EXP_F64_NORMAL.check::<f64>(normal.0);
    EXP_F64_SUBNORMAL.check::<f64>(subnormal.0);
    EXP_F64_NORMAL.check_tightness::<f64>(normal.0);
    EXP_F64_SUBNORMAL.check_tightness::<f64>(subnormal.0);
}

#[test]
fn f64_falls_with_its_argument() {
    for x in f64_arguments(20_000) {
        let mut previous = x.exp_nonpositive();
        let mut x = x;
        for _ in 0..16 {
            x = x.next_down();
            let y = x.exp_nonpositive();
            assert!(y <= previous, "at {x:?}");
            previous = y;
        }
    }
}

/// `libm::exp` is the oracle for `f32` and for the softmax, so its own claim is checked too.
#[test]
fn libm_is_within_one_ulp() {
    for x in f64_arguments(50_000) {
        let error = double_double::exp_error(libm::exp(x), x, 53, -1074);
        assert!(error.abs() < 1.0, "{error} ulp at {x:?}");
    }
}

fn special_values<F: Element>() {
    let exp = |x: f64| F::of(x).exp_nonpositive().pattern();
    let one = F::of(1.0).pattern();
    let zero = F::of(0.0).pattern();
    assert_eq!(exp(0.0), one);
    assert_eq!(exp(-0.0), one);
    assert_eq!(exp(-F::SMALLEST_NORMAL), one);
    assert_eq!(exp(-F::SMALLEST_NORMAL * F::ROUNDOFF * 2.0), one);
    assert_eq!(exp(-F::ROUNDOFF / 2.0), one);
    assert_eq!(exp(-800.0), zero);
    assert_eq!(exp(-1e4), zero);
    assert_eq!(exp(-3e38), zero);
    assert_eq!(exp(-F::LARGEST), zero);
    assert_eq!(exp(f64::NEG_INFINITY), zero);
    assert_eq!(exp(f64::NAN), F::of(f64::NAN).pattern());
    assert_eq!(exp(-f64::NAN), F::of(f64::NAN).pattern());
}

#[test]
fn specials() {
    special_values::<f32>();
    special_values::<f64>();
}

/// The last arguments that give the smallest subnormal, and the first that give zero.
#[test]
fn underflow_is_gradual() {
    // ln 2⁻¹⁵⁰ and ln 2⁻¹⁰⁷⁵: half of the smallest subnormal.
    let (single, double): (f32, f64) = (-103.972_08, -745.133_219_101_941_1);
    assert_eq!((single + 0.01).exp_nonpositive().to_bits(), 1);
    assert_eq!((single - 0.01).exp_nonpositive().to_bits(), 0);
    assert_eq!((double + 0.01).exp_nonpositive().to_bits(), 1);
    assert_eq!((double - 0.01).exp_nonpositive().to_bits(), 0);
}
