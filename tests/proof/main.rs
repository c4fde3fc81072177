//! What a sceptical reviewer asks of gradients, in a test binary of its own.
//!
//! | module | what it shows |
//! | --- | --- |
//! | [`worst`] | inputs found by hill climbing stay inside the derived bounds, and come near them |
//! | [`bounds`], [`exact`], [`climb`] | the bounds in code, the exact results, and the search |
//! | [`documented`], [`claims`], [`polynomials`] | what the documentation states is what is derived, measured or counted |
//! | [`golden`] | vectors made with JAX, for every function and option |
//! | [`adjoint`], [`dual`] | each backward pass is the transpose of the forward derivative, which dual numbers give |
//! | [`invariances`] | what a permutation or a shift must not change |
//! | [`edges`], [`inverse_sqrt`] | sizes of zero, long rows, `−∞`; the scale 1/√D |
//! | [`training`] | a model trained in both types has the same losses |
//!
//! The modules of `tests/suite` that are reused are the same files.

#![allow(
    clippy::float_cmp,
    reason = "some of these tests are about exact equality"
)]
#![allow(
    clippy::similar_names,
    reason = "the letters of the equations, and a `d` before them"
)]
#![allow(
    clippy::unnecessary_box_returns,
    reason = "large arrays are not moved through the small stack of a test"
)]

mod bounds;
mod claims;
mod climb;
mod documented;
mod edges;
mod golden;
mod inverse_sqrt;
mod polynomials;
mod training;
mod worst;

// Many instances of every function: optimised, they take minutes to compile.
#[cfg(debug_assertions)]
mod adjoint;
#[cfg(debug_assertions)]
mod dual;
#[cfg(debug_assertions)]
mod invariances;
#[cfg(debug_assertions)]
mod random;

#[allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "the other test binaries use the rest"
)]
#[path = "../suite"]
mod suite {
    pub mod budgets;
    pub mod double_double;
    pub mod element;
    pub mod exact;
    #[cfg(debug_assertions)]
    pub mod options_calls;
    #[cfg(debug_assertions)]
    pub mod options_reference;
    pub mod order;
    #[cfg(debug_assertions)]
    pub mod shapes;
    pub mod values;
}
use suite::{budgets, double_double, element, exact, order, values};
#[cfg(debug_assertions)]
use suite::{options_calls, options_reference, shapes};
