//! The logarithm behind a log-softmax and a cross-entropy: for numbers of at least 1, and NaN.

use core::ops::Range;

use microattention::Float;

use crate::budgets::{LN_F32, LN_F64};
use crate::element::Element;
use crate::exact::{ln, number};
use crate::scan::Function;
use crate::values::{Kind, Source};

/// The numbers above 1.
const FINITE: Range<u32> = ONE + 1..f32::INFINITY.to_bits();
const ONE: u32 = 1.0_f32.to_bits();

const LN: Function = Function {
    of: Float::ln_from_one,
    error: |y, x| (quick_error(y, x), true),
    out_of_order: |before, y| y < before,
};

/// The error of `y` as `ln x` in units in the last place of `ln x`, for `x > 1`.
fn error<F: Element>(y: F, x: F) -> f64 {
    let exact = ln(number(x.wide()));
    (((y.wide() - exact.hi) - exact.lo) / F::ulp(exact.hi)).abs()
}

/// The same for `f32` at a hundredth of the time: `libm::log` is off by less than one unit of `f64`,
/// which is 2⁻²⁹ of ours. Where that could decide whether `y` is the nearest number, the
/// hundred-bit one takes over. NaN and a negative result count as infinitely wrong.
fn quick_error(y: f32, x: f32) -> f64 {
    let exact = libm::log(f64::from(x));
    let quick = ((f64::from(y) - exact) / f32::ulp(exact)).abs();
    match y > 0.0 {
        true if (quick - 0.5).abs() > 1e-7 => quick,
        true => error(y, x),
        false => f64::INFINITY,
    }
}

#[test]
#[ignore = "a thousand million arguments: half a minute with optimisations"]
fn every_f32() {
    assert_eq!(LN.all(FINITE), LN_F32);
}

#[test]
fn a_thousandth_of_every_f32() {
    LN.samples(FINITE, 1021).assert_within(&LN_F32);
}

/// Around every power of two and every place where the reduction changes to the next, and right
/// above 1, number by number.
#[test]
fn f32_where_the_reduction_changes() {
    const SQRT_TWO: u32 = 0x3fb5_04f3;
    for exponent in 0..24 {
        for place in [ONE, SQRT_TWO] {
            let middle = place + (exponent << 23);
            let patterns = (middle - 1000).max(FINITE.start)..middle + 1000;
            LN.samples(patterns, 1).assert_within(&LN_F32);
        }
    }
}

#[test]
fn the_worst_f32() {
    let bits = LN_F32.worst_normal;
    assert_eq!(LN.samples(bits..bits + 1, 1).normal, LN_F32.normal);
}

/// Arguments right above 1, up to 2, up to 2²⁴, next to the places where the reduction changes,
/// and of any size.
fn f64_arguments(count: usize) -> impl Iterator<Item = f64> {
    let mut source = Source::new(2, Kind::Even);
    (0..count).map(move |i| {
        let x = source.unit();
        match i % 6 {
            0 => 1.0 + libm::exp2(-52.0 * x),
            1 => 1.0 + x,
            2 | 3 => libm::exp2(24.0 * x) * (1.0 + 1e-3 * source.unit()),
            4 => {
                let place = core::f64::consts::SQRT_2 * libm::exp2((30.0 * x).trunc());
                place * (1.0 + 1e-9 * (source.unit() - 0.5))
            }
            _ => libm::exp2(1023.0 * x),
        }
    })
}

#[test]
fn f64_samples() {
    let mut largest = (0.0, 0.0);
    for x in f64_arguments(60_000).filter(|x| *x > 1.0) {
        let error = error(x.ln_from_one(), x);
        if error > largest.0 {
            largest = (error, x);
        }
    }
    println!("at most {largest:?}");
    LN_F64.check::<f64>(largest.0);
    LN_F64.check_tightness::<f64>(largest.0);
}

#[test]
fn f64_rises_with_its_argument() {
    for mut x in f64_arguments(20_000) {
        let mut previous = x.ln_from_one();
        for _ in 0..16 {
            x = x.next_up();
            let y = x.ln_from_one();
            assert!(y >= previous, "at {x:?}");
            previous = y;
        }
    }
}

/// The oracle of the scan, so its own claim is checked too.
#[test]
fn libm_is_within_one_ulp() {
    for x in f64_arguments(20_000).filter(|x| *x > 1.0) {
        let error = error(libm::log(x), x);
        assert!(error < 1.0, "{error} ulp at {x:?}");
    }
}

fn special_values<F: Element>() {
    let ln = |x: f64| F::of(x).ln_from_one().pattern();
    assert_eq!(ln(1.0), F::of(0.0).pattern(), "exactly +0.0");
    assert_eq!(ln(f64::NAN), F::of(f64::NAN).pattern());
    assert_eq!(ln(-f64::NAN), F::of(f64::NAN).pattern());
    // ln(1 + ε) is ε − ε²/2 and, for the last bit, ε itself.
    let above_one = F::of(1.0 + 2.0 * F::ROUNDOFF);
    assert!(error(above_one.ln_from_one(), above_one) <= 0.5);
    for exponent in 1..=if F::IS_SINGLE { 127 } else { 1023 } {
        let x = F::of(libm::exp2(f64::from(exponent)));
        assert!(error(x.ln_from_one(), x) < 0.75, "2^{exponent}");
    }
    let largest = F::of(F::LARGEST);
    assert!(error(largest.ln_from_one(), largest) < 0.75);
}

#[test]
fn specials() {
    special_values::<f32>();
    special_values::<f64>();
}
