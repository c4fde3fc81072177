//! Attention in integers: every result equals its formula in `i128`, for numbers of every kind and all at their limits.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "tests go from one kind of number to another"
)]
#![allow(clippy::float_cmp, reason = "what is rounded is compared exactly")]
#![allow(
    clippy::large_stack_arrays,
    reason = "the most keys that there can be, on the heap in the end"
)]
#![allow(
    clippy::similar_names,
    reason = "the letters of the equations, and a `d` before them"
)]

mod accuracy;
mod conversions;
mod formulas;
mod laws;
mod real;
mod reference;
mod values;
mod worst;
