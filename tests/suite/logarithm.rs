//! The logarithm behind a log-softmax and a cross-entropy: for numbers of at least 1, and NaN.

use core::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use microattention::Float;

use crate::budgets::Budget;
use crate::double_double::{self, DoubleDouble};
use crate::element::Element;
use crate::values::{Kind, Source};

/// `ln x` to about 100 bits, for `x ≥ 1`.
///
/// `y` is close to `ln x`, so `x·e⁻ʸ` is 1 and a little, `z`, whose logarithm is `z − z²/2`.
pub fn ln(x: DoubleDouble) -> DoubleDouble {
    let y = libm::log(x.hi);
    let (e, k) = double_double::exp(-y);
    let x = DoubleDouble {
        hi: libm::ldexp(x.hi, k),
        lo: libm::ldexp(x.lo, k),
    };
    let z = x.times(e).plus(DoubleDouble::new(-1.0));
    let half_square = DoubleDouble::new(-0.5 * z.hi * z.hi);
    DoubleDouble::new(y).plus(z).plus(half_square)
}

/// What the logarithm does over all finite `f32` from 1.
#[derive(Debug, PartialEq)]
struct Figures {
    /// The largest error in units in the last place of the exact value, rounded up to a
    /// thousandth, and the bits of its argument.
    largest: f64,
    worst: u32,
    not_correctly_rounded: u64,
}

/// Counted, not bounded: any other coefficient or order of operations gives other figures.
///
/// Half a unit is from the last addition, of the exact `f`, up to 0.41, and what is taken from it, up
/// to 0.07: the few roundings of that are an eighth of a unit each.
const LN_F32: Figures = Figures {
    largest: 0.84,
    worst: 0x3fb4_e79f,
    not_correctly_rounded: 6_735_190,
};

/// `ln` of an `f64`, in units in the last place of the exact value: as for `f32`.
static LN_F64: Budget = Budget {
    what: "logarithm",
    single: f64::NAN,
    double: 0.9,
};

const ONE: u32 = 0x3f80_0000;
const INFINITE: u32 = 0x7f80_0000;

/// The error of `y` as `ln x` in units in the last place of `ln x`, for `x > 1`.
fn error<F: Element>(y: F, x: F) -> f64 {
    let exact = ln(DoubleDouble::new(x.wide()));
    (((y.wide() - exact.hi) - exact.lo) / F::ulp(exact.hi)).abs()
}

/// The same for `f32` at a hundredth of the time: `libm::log` is off by less than one unit of `f64`,
/// which is 2⁻²⁹ of ours. Where that could decide whether `y` is the nearest number, the
/// hundred-bit one takes over.
fn quick_error(y: f32, x: f32) -> f64 {
    let exact = libm::log(f64::from(x));
    let quick = ((f64::from(y) - exact) / f32::ulp(exact)).abs();
    if (quick - 0.5).abs() > 1e-7 {
        quick
    } else {
        error(y, x)
    }
}

#[derive(Clone, Copy, Default)]
struct Seen {
    largest: (f64, u32),
    not_correctly_rounded: u64,
    falls: u64,
}

impl Seen {
    fn join(self, other: Self) -> Self {
        // Of equal errors the one nearer to 1, so that the order of the threads is not seen.
        let (x, y) = (self.largest, other.largest);
        let other_is_worse = y.0 > x.0 || (y.0 == x.0 && y.1 < x.1);
        Self {
            largest: if other_is_worse { y } else { x },
            not_correctly_rounded: self.not_correctly_rounded + other.not_correctly_rounded,
            falls: self.falls + other.falls,
        }
    }
}

/// Every `stride`-th pattern from `first`, which is above that of 1, up to `end`.
fn scan(first: u32, end: u32, stride: usize) -> Seen {
    let mut seen = Seen::default();
    let mut previous = f32::from_bits(first - 1).ln_from_one();
    for pattern in (first..end).step_by(stride) {
        let x = f32::from_bits(pattern);
        let y = x.ln_from_one();
        let error = quick_error(y, x);
        // NaN and a negative result count as infinitely wrong.
        let error = if y > 0.0 { error } else { f64::INFINITY };
        if error > seen.largest.0 {
            seen.largest = (error, pattern);
        }
        seen.not_correctly_rounded += u64::from(error > 0.5);
        seen.falls += u64::from(y < previous);
        previous = y;
    }
    seen
}

/// Run it with `cargo test --release --test suite -- --ignored --nocapture every_f32_from_1`.
#[test]
#[ignore = "a thousand million arguments: about half a minute in release"]
fn every_f32_from_1() {
    const BLOCK: u32 = 1 << 16;
    let next = AtomicU32::new(0);
    let work = || {
        let mut seen = Seen::default();
        loop {
            let first = ONE + 1 + next.fetch_add(1, Ordering::Relaxed) * BLOCK;
            if first >= INFINITE {
                return seen;
            }
            seen = seen.join(scan(first, (first + BLOCK).min(INFINITE), 1));
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let seen = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a scan does not panic"))
            .fold(Seen::default(), Seen::join)
    });
    let (error, worst) = seen.largest;
    println!("at most {error:.6} ulp, at {:?}", f32::from_bits(worst));
    println!("not correctly rounded: {}", seen.not_correctly_rounded);
    let figures = Figures {
        largest: (error * 1000.0).ceil() / 1000.0,
        worst,
        not_correctly_rounded: seen.not_correctly_rounded,
    };
    assert_eq!(figures, LN_F32);
    assert_eq!(seen.falls, 0);
}

#[test]
fn a_thousandth_of_every_f32() {
    let seen = scan(ONE + 1, INFINITE, 1021);
    assert!(seen.largest.0 <= LN_F32.largest, "{:?}", seen.largest);
    assert_eq!(seen.falls, 0);
}

/// Around every power of two and every place where the reduction changes to the next, and right
/// above 1, number by number.
#[test]
fn f32_where_the_reduction_changes() {
    const SQRT_TWO: u32 = 0x3fb5_04f3;
    for exponent in 0..24 {
        for place in [ONE, SQRT_TWO] {
            let middle = place + (exponent << 23);
            let seen = scan((middle - 1000).max(ONE + 1), middle + 1000, 1);
            assert!(seen.largest.0 <= LN_F32.largest, "{:?}", seen.largest);
            assert_eq!(seen.falls, 0);
        }
    }
}

#[test]
fn the_worst_f32() {
    let x = f32::from_bits(LN_F32.worst);
    let error = error(x.ln_from_one(), x);
    let limit = LN_F32.largest;
    assert!(error <= limit && error > limit - 0.001, "{error} at {x}");
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

/// `ln(x·y) = ln x + ln y`, for products that are exact.
#[test]
fn the_hundred_bit_one_adds_where_arguments_multiply() {
    let mut source = Source::new(3, Kind::Even);
    for _ in 0..2000 {
        let mut argument = || 1.0 + (4096.0 * source.unit()).trunc() / 64.0;
        let (x, y) = (argument(), argument());
        let [x_ln, y_ln, ln] = [x, y, x * y].map(|x| ln(DoubleDouble::new(x)));
        let sum = x_ln.plus(y_ln);
        let error = (sum.hi - ln.hi) + (sum.lo - ln.lo);
        assert!(error.abs() < 1e-29, "ln({x}·{y}) is off by {error:e}");
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
