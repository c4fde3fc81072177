#![doc = include_str!("../README.md")]
#![no_std]
mod attention;
mod attention_weights;
mod cross_attention;
mod dot_scores;
mod exp;
mod float;
mod gradient;
mod lanes;
mod softmax;
mod weighted_sum;

pub use attention::{attention, attention_backward};
pub use attention_weights::{attention_weights, attention_weights_backward};
pub use cross_attention::{cross_attention, cross_attention_backward};
pub use dot_scores::{dot_scores, dot_scores_backward};
pub use float::Float;
pub use gradient::{Accumulate, Gradient, Skip};
pub use softmax::{softmax, softmax_backward};
pub use weighted_sum::{weighted_sum, weighted_sum_backward};
