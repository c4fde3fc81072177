//! Runs every public function of `microattention` on one set of inputs and gives a digest of the bits
//! of what each returned: the same on every target, or the crate breaks its promise.
//!
//! The functions, their options and the uses of their gradients are those of [`every_function`]. The
//! inputs are numbers of every [`Kind`], for the functions in integers those of every size, and masks, lengths and offsets that go with them.
#![no_std]
#![cfg_attr(
    not(feature = "default"),
    allow(dead_code, reason = "parts may be left out")
)]

mod digest;
mod exp;
mod integers;
mod number;
mod rows;

pub use crate::digest::{Digest, Digests};
pub use crate::number::{Kind, Number, Random};

use every_function::{Arguments, Call, Calls};

/// A part of the functions and inputs.
pub struct Part {
    /// Its name, and that of the feature that includes it.
    pub name: &'static str,
    run: fn(&mut Digests),
}

impl Part {
    /// Runs the functions of the part.
    #[must_use]
    pub fn digests(&self) -> Digests {
        let mut digests = Digests::NONE;
        (self.run)(&mut digests);
        digests
    }
}

macro_rules! parts {
    ($($feature:literal |$digests:ident| $run:expr,)*) => {
        /// The parts that are included.
        // A static, so that it is compiled here and not in the program: `check-parity` compiles this crate
        // for a processor, and the build script of the program for another.
        pub static PARTS: &[Part] = &[
            $(#[cfg(feature = $feature)] Part { name: $feature, run: |$digests| { $run } },)*
        ];
    };
}

parts! {
    "plain-f32" |digests| plain::<f32>(digests),
    "plain-f64" |digests| plain::<f64>(digests),
    "sizes-f32" |digests| {
        sizes::<f32>(digests);
        size::<f32, 1, 1, 63, 1>(digests);
        size::<f32, 1, 1, 1, 63>(digests);
    },
    "sizes-f64" |digests| sizes::<f64>(digests),
    "options-f32" |digests| options::<f32>(digests),
    "options-f64" |digests| options::<f64>(digests),
    "combined-f32" |digests| combined::<f32>(digests),
    "combined-f64" |digests| combined::<f64>(digests),
    "uses-f32" |digests| uses_combined::<f32>(digests),
    "uses-f64" |digests| uses::<f64>(digests),
    "rows" |digests| rows::run(digests),
    "exp" |digests| exp::run(digests),
    "integers" |digests| integers::run(digests),
}

/// Runs lists of calls, each with arguments of its own. A list is taken out of its constant before the
/// program exists, so that the other lists of the constant are not compiled.
macro_rules! run {
    ($digests:ident: $($calls:expr;)*) => {
        $(run($digests, const { &$calls });)*
    };
}

/// The calls at the shape that all parts have.
type Usual<F> = Calls<F, 2, 3, 9, 7>;

/// Without an option.
fn plain<F: Number>(digests: &mut Digests) {
    run! { digests:
        [Usual::<F>::ROOT];
        [Usual::<F>::WITHOUT_OPTIONS];
        [Usual::<F>::PLAIN.dot_product];
    }
}

/// At sizes of nothing and of one.
fn sizes<F: Number>(digests: &mut Digests) {
    size::<F, 0, 1, 7, 9>(digests);
    size::<F, 2, 1, 0, 7>(digests);
    size::<F, 1, 0, 63, 0>(digests);
    size::<F, 1, 1, 1, 1>(digests);
}

fn size<F: Number, const N: usize, const U: usize, const T: usize, const H: usize>(
    digests: &mut Digests,
) {
    run! { digests:
        [Calls::<F, N, U, T, H>::ROOT];
        [Calls::<F, N, U, T, H>::WITHOUT_OPTIONS];
    }
}

/// Each option by itself.
fn options<F: Number>(digests: &mut Digests) {
    run! { digests:
        [Usual::<F>::LENGTHS.dot_product];
        [Usual::<F>::CAUSAL.dot_product];
        [Usual::<F>::CAUSAL_ROWS.dot_product];
        [Usual::<F>::WINDOW.dot_product];
        [Usual::<F>::MASK.dot_product];
        [Usual::<F>::BIAS.dot_product];
        [Usual::<F>::EACH_QUERY.dot_product];
        [Usual::<F>::SCALE.dot_product];
        [Usual::<F>::SCALE_BY_WIDTH.dot_product];
    }
}

/// Every function with all options at once.
fn combined<F: Number>(digests: &mut Digests) {
    run! { digests:
        [Usual::<F>::COMBINED.origin];
        [Usual::<F>::COMBINED.dot_product];
        [Usual::<F>::COMBINED.normalizer];
    }
}

/// Every use of the gradients, after the forward passes that save what they read.
fn uses<F: Number>(digests: &mut Digests) {
    run! { digests:
        [
            Usual::<F>::PLAIN.dot_product,
            Usual::<F>::PLAIN.normalizer,
            Usual::<F>::PLAIN.other_uses,
        ];
    }
}

/// The same with all options at once.
fn uses_combined<F: Number>(digests: &mut Digests) {
    run! { digests:
        [
            Usual::<F>::COMBINED.dot_product,
            Usual::<F>::COMBINED.normalizer,
            Usual::<F>::COMBINED.other_uses,
        ];
    }
}

/// Calls each function, in order, with arguments of each kind: what one returns is an input of the
/// next.
#[inline(never)]
fn run<F: Number, const N: usize, const U: usize, const T: usize, const H: usize>(
    digests: &mut Digests,
    calls: &[&[Call<Arguments<F, N, U, T, H>>]],
) {
    for (seed, kind) in (1..).zip(Kind::ALL) {
        let mut x = arguments(kind, seed);
        for call in calls.iter().copied().flatten() {
            (call.call)(&mut x);
            let digest = digests.of(call.name);
            digest.results(&x);
            if call.name.starts_with("Running::") {
                digest.contexts(&x.running);
                digest.contexts(&x.other);
            }
        }
    }
}

/// Arguments of one kind.
///
/// Scores may be `−∞` in every kind, or the special values of one function would hide those of the
/// next.
#[inline(never)]
fn arguments<F: Number, const N: usize, const U: usize, const T: usize, const H: usize>(
    kind: Kind,
    seed: u32,
) -> Arguments<F, N, U, T, H> {
    let mut random = Random(seed);
    let mut x = Arguments::new(|| random.number(kind));
    random.attended(x.attended());
    x.scale = random.number(Kind::Ordinary);
    random.labels(T, &mut x.labels);
    let minus_infinity = -F::from_parts(0, F::LAST_EXPONENT, 0);
    for score in [&mut x.a, &mut x.s].into_iter().flatten().flatten() {
        *score = random.number(kind);
    }
    let rows = [&mut x.a, &mut x.s, &mut x.bias].into_iter().flatten();
    let rows = rows.chain(x.bias_dec.as_flattened_mut());
    for score in rows.flatten().chain(&mut x.score) {
        if random.below(8) == 0 {
            *score = minus_infinity;
        }
    }
    x
}
