//! The exponential and the logarithm on every `f32`, and streams of many million keys.
//!
//! A test binary of its own, which compiles in seconds with optimisations. Without them it has samples of both; all:
//! `cargo test --release --test exhaustive -- --include-ignored --nocapture`.

#![allow(
    clippy::float_cmp,
    reason = "some of these tests are about exact equality"
)]
#![allow(
    clippy::unnecessary_box_returns,
    reason = "large arrays are not moved through the small stack of a test"
)]

mod exp;
mod logarithm;
mod scan;
mod streams;

#[allow(dead_code, reason = "the other test binaries use the rest")]
#[path = "../suite"]
mod suite {
    pub mod budgets;
    pub mod double_double;
    pub mod element;
    pub mod exact;
    pub mod order;
    pub mod values;
}
use suite::{budgets, double_double, element, exact, order, values};
