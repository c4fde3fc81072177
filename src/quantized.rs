//! Attention in integers, forward and backward, for cores without a floating-point unit.
//!
//! The functions have the names, the order of arguments and the meaning of those of the crate. Numbers are integers that
//! are worth a scale each:
//!
//! | what | type | one unit is worth |
//! | --- | --- | --- |
//! | queries, keys, values, parameters | `i8` | a scale each, yours |
//! | scores | `i32`, exact | σ = scale of the query × scale of the keys × scale of the scores (such as 1/√D) |
//! | weights | `u16` | 1/65,536; 65,535 is the largest |
//! | context | `i16` | 1/256 of the scale of the values |
//! | upstream gradient `dc` | `i16` | a scale, yours |
//! | gradients | `i32` | 2^−[fraction](Attend::fraction) of the scale of `dc`, for a change of the *integer* by one unit |
//!
//! # Scales
//!
//! A number `x` is kept as the integer `q = x / scale`, rounded, between −128 and 127: `x ≈ q·scale`. One scale holds for a whole
//! array. The best one is the smallest that saturates nothing, [`scale_of`] an example of the data; what is larger later
//! saturates ([`quantize`]). An integer of 8 bits costs an accuracy of about 1 % of the result. What the functions add to that
//! is twenty times less.
//!
//! Only the softmax needs to know what a unit is worth, since `exp` is not linear: that is σ, a [`ScoreScale`]. Everything else is
//! linear: the result is an integer again, and its scale the product of the scales. What comes out wider than it went in
//! (`i32` scores of a dense layer, `i16` context) goes into the next layer as `i8` by way of [`requantize`], with the factor `scale /
//! scale of the next`.
//!
//! Gradients need no scale but that of `dc`. They say by how many units of `dc` the loss changes if an integer changes
//! by one, so they follow from the integers and σ alone; with respect to the number itself they are that divided by its scale.
//! An upstream gradient uses its 16 bits best if its largest element nearly fills them: see [`normalize`].
//!
//! Parameters that learn are kept with more bits than the functions read, since one step is much smaller than an
//! eighth bit: as `i32`, from which [`requantize`] makes the `i8`, and to which [`update`] adds a step.
//!
//! # What is guaranteed
//!
//! Every result is a formula in integers, given with each function: it is the same on every machine, nothing overflows, and the
//! time of attention and its gradients depends on the shapes and options alone. Where a sum could overflow for a shape, the
//! call does not compile.

#![expect(
    clippy::cast_possible_truncation,
    reason = "what is cast fits, or is cut on purpose"
)]

mod attend;
mod attention;
mod attention_weights;
mod bits;
mod convert;
mod cross_attention;
mod cross_entropy;
mod dot_product_attention;
mod dot_scores;
mod products;
mod query;
mod row;
mod scale;
mod softmax;
mod weighted_sum;

pub use attend::{Attend, Restriction};
pub use attention::{attention, attention_backward};
pub use attention_weights::{attention_weights, attention_weights_backward};
pub use convert::{dequantize, normalize, quantize, requantize, scale_of, update};
pub use cross_attention::{cross_attention, cross_attention_backward};
pub use cross_entropy::softmax_cross_entropy;
pub use dot_scores::{dot_scores, dot_scores_backward};
pub use scale::{Multiplier, ScoreScale};
pub use softmax::{softmax, softmax_backward};
pub use weighted_sum::{weighted_sum, weighted_sum_backward};
