//! What the crate promises, checked through its public functions alone.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`naive`] | the equations as `f64` index loops: says what is right |
//! | [`ball`], [`equations`] | the equations in balls, which hold every result that rounding allows |
//! | [`order`] | every rounding step in scalar code: says what the bits are |
//! | [`budgets`] | the one table of how far a result may be from the exact one, and why |
//! | [`bits`], [`errors`], [`gradients`], [`laws`] | properties, each stamped on every shape |
//! | [`specials`], [`origin`] | cases with a known answer |
//! | [`options`], [`options_equalities`], [`options_heads`], [`options_scale`] | every option, alone and with others |
//! | [`running`], [`log_softmax`], [`cross_entropy`] | streaming and the losses |
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
mod cross_entropy;
#[allow(dead_code, reason = "the other test binaries use the rest")]
mod double_double;
mod element;
mod errors;
#[allow(dead_code, reason = "the other test binaries use the rest")]
mod exact;
mod gradients;
mod laws;
mod log_softmax;
mod naive;
mod order;
mod origin;
mod running;
mod shapes;
mod specials;
#[allow(dead_code, reason = "the fuzz targets use the rest")]
mod values;

// Many instances of every function: optimised, they take minutes to compile.
#[cfg(debug_assertions)]
#[allow(dead_code, reason = "the fuzz targets use the rest")]
mod ball;
#[cfg(debug_assertions)]
mod equations;
#[cfg(debug_assertions)]
mod options;
#[cfg(debug_assertions)]
mod options_calls;
#[cfg(debug_assertions)]
mod options_equalities;
#[cfg(debug_assertions)]
mod options_heads;
#[cfg(debug_assertions)]
mod options_reference;
#[cfg(debug_assertions)]
mod options_scale;
