//! What the crate promises, checked through its public functions alone.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`ball`], [`equations`] | the equations in balls, which hold every result that rounding allows: says what is right |
//! | [`naive`] | the equations as `f64` index loops, which the benches use too |
//! | [`order`], [`bits`] | every rounding step in scalar code: says what the bits are |
//! | [`softmax`], [`cross_entropy`], [`running`] | softmax and its logarithm, the losses, streaming |
//! | [`specials`], [`origin`] | cases with a known answer |
//! | [`options`], [`options_equalities`] | every option, alone and with others |
//! | [`budgets`] | how far a weight may be from the exact one, and what was counted |
//! | [`element`], [`values`], [`shapes`], [`double_double`], [`exact`] | what these are written with |

#![allow(
    clippy::float_cmp,
    reason = "most of these tests are about exact equality"
)]
#![allow(
    clippy::similar_names,
    reason = "the letters of the equations, and a `d` before them"
)]
#![allow(
    clippy::unnecessary_box_returns,
    reason = "large arrays are not moved through the small stack of a test"
)]

mod bits;
#[allow(dead_code, reason = "the other test binaries use the rest")]
mod budgets;
#[allow(dead_code, reason = "the other test binaries use the rest")]
mod double_double;
mod element;
#[allow(dead_code, reason = "the other test binaries use the rest")]
mod exact;
mod order;
mod origin;
mod running;
mod shapes;
mod specials;
#[allow(dead_code, reason = "the fuzz targets use the rest")]
mod values;

// Many instances of every function: optimised, they take minutes to compile.
#[cfg(debug_assertions)]
mod ball;
#[cfg(debug_assertions)]
mod cross_entropy;
#[cfg(debug_assertions)]
mod equations;
#[cfg(debug_assertions)]
mod naive;
#[cfg(debug_assertions)]
mod options;
#[cfg(debug_assertions)]
mod options_calls;
#[cfg(debug_assertions)]
mod options_equalities;
#[cfg(debug_assertions)]
mod options_reference;
#[cfg(debug_assertions)]
mod softmax;
