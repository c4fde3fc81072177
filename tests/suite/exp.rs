//! The exponential function: bit by bit against its formula, and against `eˣ` itself.

use core::f32::consts::LOG2_E;
use core::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use microattention::Float;

use crate::budgets::{EXP_F32, EXP_F64_NORMAL, EXP_F64_SUBNORMAL, ExpFigures};
use crate::double_double;
use crate::element::Element;
use crate::order;
use crate::values::{Kind, Source};

/// The bit pattern of `-0.0`; the patterns from here on are the non-positive numbers in falling
/// order, then `−∞`, then the NaNs with a sign.
const NON_POSITIVE: u32 = 1 << 31;
const PATTERNS: u32 = 1 << 31;

/// What was seen in a set of arguments.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// The largest error and its argument, where `eˣ` is a normal number.
    normal: (f64, f32),
    subnormal: (f64, f32),
    not_correctly_rounded: u64,
    rises: u64,
    wrong_specials: u64,
}

/// The error of `y` as `eˣ` in units in the last place of `eˣ`.
///
/// `libm::exp` is off by less than one unit of `f64`, which is 2⁻²⁹ of ours. Where that could
/// decide whether `y` is the nearest number, the hundred-bit one takes over.
fn error(y: f32, x: f32) -> (f64, bool) {
    let exact = libm::exp(f64::from(x));
    let is_normal = exact >= f32::SMALLEST_NORMAL;
    let error = ((f64::from(y) - exact) / f32::ulp(exact)).abs();
    if (error - 0.5).abs() > 1e-7 || x < -700.0 {
        return (error, is_normal);
    }
    let error = double_double::exp_error(f64::from(y), f64::from(x), 24, -149).abs();
    (error, is_normal)
}

impl Seen {
    fn see(&mut self, x: f32, y: f32) {
        if x.is_nan() {
            self.wrong_specials += u64::from(!y.is_nan());
            return;
        }
        if x == f32::NEG_INFINITY {
            self.wrong_specials += u64::from(y.to_bits() != 0);
            return;
        }
        if y.is_nan() || y.is_sign_negative() {
            self.wrong_specials += 1;
            return;
        }
        let (error, is_normal) = error(y, x);
        let worst = if is_normal {
            &mut self.normal
        } else {
            &mut self.subnormal
        };
        if error > worst.0 {
            *worst = (error, x);
        }
        self.not_correctly_rounded += u64::from(error > 0.5);
    }

    fn join(self, other: Self) -> Self {
        // Of equal errors the one nearer to zero, so that the order of the threads is not seen.
        let worse = |x: (f64, f32), y: (f64, f32)| {
            if y.0 > x.0 || (y.0 == x.0 && y.1 > x.1) {
                y
            } else {
                x
            }
        };
        Self {
            normal: worse(self.normal, other.normal),
            subnormal: worse(self.subnormal, other.subnormal),
            not_correctly_rounded: self.not_correctly_rounded + other.not_correctly_rounded,
            rises: self.rises + other.rises,
            wrong_specials: self.wrong_specials + other.wrong_specials,
        }
    }

    fn print(&self) {
        for (what, (error, x)) in [("normal", self.normal), ("subnormal", self.subnormal)] {
            println!(
                "{what} results: at most {error:.6} ulp, at {x:?} ({:#010x})",
                x.to_bits()
            );
        }
        println!("not correctly rounded: {}", self.not_correctly_rounded);
        println!("rises where the argument falls: {}", self.rises);
        println!("wrong special values: {}", self.wrong_specials);
    }
}

/// Every `stride`-th of all non-positive patterns from `first` up to `end`.
fn scan(first: u32, end: u32, stride: usize) -> Seen {
    let value = |pattern: u32| {
        let x = f32::from_bits(NON_POSITIVE | pattern);
        (x, x.exp_nonpositive())
    };
    let mut seen = Seen::default();
    let mut previous = value(first.saturating_sub(1)).1;
    for pattern in (first..end).step_by(stride) {
        let (x, y) = value(pattern);
        seen.see(x, y);
        seen.rises += u64::from(y > previous);
        previous = y;
    }
    seen
}

/// Run it with `cargo test --release --test suite -- --ignored --nocapture every_f32`.
#[test]
#[ignore = "two thousand million arguments: about a minute in release"]
fn every_f32() {
    const BLOCK: u32 = 1 << 20;
    let next = AtomicU32::new(0);
    let work = || {
        let mut seen = Seen::default();
        loop {
            let block = next.fetch_add(1, Ordering::Relaxed);
            if block >= PATTERNS / BLOCK {
                return seen;
            }
            seen = seen.join(scan(block * BLOCK, (block + 1) * BLOCK, 1));
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
    seen.print();
    let thousandths = |error: f64| (error * 1000.0).ceil() / 1000.0;
    let figures = ExpFigures {
        normal: thousandths(seen.normal.0),
        worst_normal: seen.normal.1.to_bits(),
        subnormal: thousandths(seen.subnormal.0),
        worst_subnormal: seen.subnormal.1.to_bits(),
        not_correctly_rounded: seen.not_correctly_rounded,
    };
    assert_eq!(figures, EXP_F32);
    assert_eq!((seen.rises, seen.wrong_specials), (0, 0));
}

#[test]
fn a_thousandth_of_every_f32() {
    let seen = scan(0, PATTERNS, 1021);
    assert!(seen.normal.0 <= EXP_F32.normal, "{:?}", seen.normal);
    assert!(
        seen.subnormal.0 <= EXP_F32.subnormal,
        "{:?}",
        seen.subnormal
    );
    assert_eq!((seen.rises, seen.wrong_specials), (0, 0));
}

#[test]
fn the_worst_f32() {
    let recorded = [
        (EXP_F32.worst_normal, EXP_F32.normal),
        (EXP_F32.worst_subnormal, EXP_F32.subnormal),
    ];
    for (bits, limit) in recorded {
        let x = f32::from_bits(bits);
        let error = error(x.exp_nonpositive(), x).0;
        assert!(error <= limit && error > limit - 0.001, "{error} at {x}");
    }
}

#[test]
fn f32_bits_are_those_of_the_formula() {
    for pattern in (0..PATTERNS).step_by(3001) {
        let x = f32::from_bits(NON_POSITIVE | pattern);
        assert_eq!(
            x.exp_nonpositive().pattern(),
            order::exp_f32(x).pattern(),
            "{x:?}"
        );
    }
}

/// For the loops of a core without an FPU, whose `exp` is another function:
/// `RUSTFLAGS='--cfg microattention_loops="soft-float"' cargo test --release --test suite -- --ignored every_f32_has`.
#[test]
#[ignore = "two thousand million arguments: about a minute in release"]
fn every_f32_has_the_bits_of_the_formula() {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let differences: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores)
            .map(|core| {
                let patterns = (NON_POSITIVE..=u32::MAX).skip(core).step_by(cores);
                scope.spawn(move || {
                    patterns
                        .map(f32::from_bits)
                        .filter(|x| x.exp_nonpositive().pattern() != order::exp_f32(*x).pattern())
                        .count() as u64
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a comparison does not panic"))
            .sum()
    });
    assert_eq!(differences, 0);
}

/// A normalizer of other scores can bring a score above its maximum, where nothing is promised but the
/// same bits everywhere.
#[test]
fn positive_f32_have_the_bits_of_the_formula() {
    for pattern in (0..NON_POSITIVE).step_by(3001).chain(0..100) {
        let x = f32::from_bits(pattern);
        assert_eq!(
            x.exp_nonpositive().pattern(),
            order::exp_f32(x).pattern(),
            "{x:?}"
        );
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
            assert_eq!(
                x.exp_nonpositive().pattern(),
                order::exp_f32(x).pattern(),
                "{x:?}"
            );
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
fn f64_bits_are_those_of_the_formula() {
    for x in f64_arguments(100_000) {
        assert_eq!(
            x.exp_nonpositive().to_bits(),
            order::exp_f64(x).to_bits(),
            "{x:?}"
        );
    }
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
