//! What the fuzz targets check: one module for each. Most of it are the properties of `tests/suite` and `tests/quantized`, on
//! the fuzzer's bytes instead of random numbers.

pub mod attend;
pub mod attention;
pub mod cross_entropy;
pub mod integers;
pub mod running;
pub mod softmax;

mod shapes;

#[allow(
    clippy::pedantic,
    dead_code,
    unused_imports,
    unused_macros,
    reason = "the tests use more of it"
)]
#[path = "../../tests/suite"]
mod suite {
    pub mod ball;
    pub mod bits;
    pub mod budgets;
    pub mod cross_entropy;
    pub mod double_double;
    pub mod element;
    pub mod equations;
    pub mod exact;
    pub mod naive;
    pub mod options;
    pub mod options_calls;
    pub mod options_equalities;
    pub mod options_reference;
    pub mod order;
    pub mod softmax;
    pub mod values;
}

#[allow(
    clippy::pedantic,
    dead_code,
    unused_imports,
    reason = "the tests use more of it"
)]
#[path = "../../tests/quantized"]
mod quantized {
    pub mod conversions;
    pub mod formulas;
    pub mod laws;
    pub mod reference;
    pub mod values;
}

use suite::{ball, bits, budgets, double_double, element, equations, exact, naive, options};
use suite::{options_calls, options_equalities, options_reference, order, values};

/// One of `count` shapes by the first byte, and the case that the others stand for.
fn choose(bytes: &[u8], count: usize) -> (usize, values::Case<'_>) {
    match bytes {
        [first, rest @ ..] => (usize::from(*first) % count, values::Case::of_bytes(rest)),
        [] => (0, values::Case::of_bytes(bytes)),
    }
}
