//! What the crate promises, checked through its public functions alone.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`naive`] | the equations as `f64` index loops: says what is right |
//! | [`order`] | every rounding step in scalar code: says what the bits are |
//! | [`budgets`] | the one table of how far a result may be from the exact one, and why |
//! | [`bits`], [`errors`], [`gradients`], [`laws`] | properties, each stamped on every shape |
//! | [`specials`], [`origin`], [`exp`] | cases with a known answer |
//! | [`element`], [`values`], [`shapes`], [`double_double`] | what these are written with |

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
mod budgets;
mod double_double;
mod element;
mod errors;
mod exp;
mod gradients;
mod laws;
mod naive;
mod order;
mod origin;
mod shapes;
mod specials;
mod values;
