//! Every public function of `microattention` at one shape, as function pointers: the one list that
//! the programs of this workspace measure, compare and prove things about.
//!
//! [`EveryFunction`] has the functions of the origin, with their signatures. [`Calls`] has the options
//! of `Attend`, with every function, and what is new beside them.
//! [`IntegerCall`] has the functions in integers.
#![no_std]

mod arguments;
mod call;
mod integers;

pub use arguments::Arguments;
pub use call::{Call, Calls};
pub use integers::{IntegerCall, Integers};

use microattention::{Accumulate, Float, Skip};
use microattention::{attention, attention_backward};
use microattention::{attention_weights, attention_weights_backward};
use microattention::{cross_attention, cross_attention_backward};
use microattention::{dot_scores, dot_scores_backward};
use microattention::{softmax, softmax_backward};
use microattention::{weighted_sum, weighted_sum_backward};

/// A backward pass with each use of its first gradient and, within it, each use of its second one:
/// [`WRITE`], [`ADD`] or [`SKIP`]. All take both buffers, so that all have one type.
pub type EachUse<P> = [[P; 3]; 3];

/// The gradient is overwritten: `&mut`.
pub const WRITE: usize = 0;
/// The gradient is added to: `Accumulate`.
pub const ADD: usize = 1;
/// The gradient is not wanted: `Skip`.
pub const SKIP: usize = 2;

/// Sequences of `L` vectors in a batch.
pub type Sequences<F, const N: usize, const L: usize, const H: usize> = [[[F; H]; L]; N];

/// The functions, in the order of the crate's documentation.
#[derive(Clone, Copy)]
#[allow(clippy::type_complexity, reason = "these are the signatures")]
pub struct EveryFunction<F, const N: usize, const U: usize, const T: usize, const H: usize> {
    pub weighted_sum: fn(&[[F; T]; N], &Sequences<F, N, T, H>, &mut [[F; H]; N]),
    pub weighted_sum_backward: EachUse<
        fn(
            &[[F; T]; N],
            &Sequences<F, N, T, H>,
            &[[F; H]; N],
            &mut [[F; T]; N],
            &mut Sequences<F, N, T, H>,
        ),
    >,
    pub dot_scores: fn(&[[F; H]; N], &Sequences<F, N, T, H>, &mut [[F; T]; N]),
    pub dot_scores_backward: EachUse<
        fn(
            &[[F; H]; N],
            &Sequences<F, N, T, H>,
            &[[F; T]; N],
            &mut [[F; H]; N],
            &mut Sequences<F, N, T, H>,
        ),
    >,
    pub softmax: fn(&mut [[F; T]; N]),
    pub softmax_backward: fn(&[[F; T]; N], &mut [[F; T]; N]),
    pub attention_weights: fn(&[[F; H]; N], &Sequences<F, N, T, H>, &mut [[F; T]; N]),
    pub attention_weights_backward: EachUse<
        fn(
            &[[F; H]; N],
            &Sequences<F, N, T, H>,
            &[[F; T]; N],
            &[[F; T]; N],
            &mut [[F; H]; N],
            &mut Sequences<F, N, T, H>,
        ),
    >,
    pub attention: fn(&[[F; H]; N], &Sequences<F, N, T, H>, &mut [[F; T]; N], &mut [[F; H]; N]),
    pub attention_backward: EachUse<
        fn(
            &[[F; H]; N],
            &Sequences<F, N, T, H>,
            &[[F; T]; N],
            &[[F; H]; N],
            &mut [[F; H]; N],
            &mut Sequences<F, N, T, H>,
        ),
    >,
    pub cross_attention: fn(
        &Sequences<F, N, U, H>,
        &Sequences<F, N, T, H>,
        &mut Sequences<F, N, U, T>,
        &mut Sequences<F, N, U, H>,
    ),
    pub cross_attention_backward: EachUse<
        fn(
            &Sequences<F, N, U, H>,
            &Sequences<F, N, T, H>,
            &Sequences<F, N, U, T>,
            &Sequences<F, N, U, H>,
            &mut Sequences<F, N, U, H>,
            &mut Sequences<F, N, T, H>,
        ),
    >,
}

macro_rules! each_use {
    ($function:ident($($input:ident),*)) => {
        [
            [
                |$($input,)* d0, d1| $function($($input,)* d0, d1),
                |$($input,)* d0, d1| $function($($input,)* d0, Accumulate(d1)),
                |$($input,)* d0, _| $function($($input,)* d0, Skip),
            ],
            [
                |$($input,)* d0, d1| $function($($input,)* Accumulate(d0), d1),
                |$($input,)* d0, d1| $function($($input,)* Accumulate(d0), Accumulate(d1)),
                |$($input,)* d0, _| $function($($input,)* Accumulate(d0), Skip),
            ],
            [
                |$($input,)* _, d1| $function($($input,)* Skip, d1),
                |$($input,)* _, d1| $function($($input,)* Skip, Accumulate(d1)),
                |$($input,)* _, _| $function($($input,)* Skip, Skip),
            ],
        ]
    };
}

impl<F: Float, const N: usize, const U: usize, const T: usize, const H: usize>
    EveryFunction<F, N, U, T, H>
{
    /// The functions of the crate.
    pub const CRATE: Self = Self {
        weighted_sum,
        weighted_sum_backward: each_use!(weighted_sum_backward(a, hs, dc)),
        dot_scores,
        dot_scores_backward: each_use!(dot_scores_backward(h, hs, ds)),
        softmax,
        softmax_backward,
        attention_weights,
        attention_weights_backward: each_use!(attention_weights_backward(h, hs, a, da)),
        attention,
        attention_backward: each_use!(attention_backward(h, hs, a, dc)),
        cross_attention,
        cross_attention_backward: each_use!(cross_attention_backward(hs_dec, hs_enc, a, dc)),
    };

    /// Functions that do nothing: what they take is the cost of a call.
    pub const EMPTY: Self = Self {
        weighted_sum: |_, _, _| (),
        weighted_sum_backward: [[|_, _, _, _, _| (); 3]; 3],
        dot_scores: |_, _, _| (),
        dot_scores_backward: [[|_, _, _, _, _| (); 3]; 3],
        softmax: |_| (),
        softmax_backward: |_, _| (),
        attention_weights: |_, _, _| (),
        attention_weights_backward: [[|_, _, _, _, _, _| (); 3]; 3],
        attention: |_, _, _, _| (),
        attention_backward: [[|_, _, _, _, _, _| (); 3]; 3],
        cross_attention: |_, _, _, _| (),
        cross_attention_backward: [[|_, _, _, _, _, _| (); 3]; 3],
    };
}
