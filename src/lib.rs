#![doc = include_str!("links.md")]
#![doc = include_str!("../README.md")]
#![no_std]

mod attend;
mod attention;
mod attention_weights;
mod cross_attention;
mod dot_product_attention;
mod dot_scores;
mod exp;
mod float;
mod gradient;
mod inverse_sqrt;
mod keys;
mod lanes;
mod ln;
mod losses;
mod products;
pub mod quantized;
mod queries;
pub mod rule;
mod running;
mod softmax;
mod weighted_sum;

pub use attend::Attend;
pub use attention::{attention, attention_backward};
pub use attention_weights::{attention_weights, attention_weights_backward};
pub use cross_attention::{cross_attention, cross_attention_backward};
pub use dot_scores::{dot_scores, dot_scores_backward};
pub use float::Float;
pub use gradient::{Accumulate, Gradient, Skip};
pub use losses::{log_softmax, log_softmax_backward, softmax_cross_entropy};
pub use queries::Saved;
pub use running::Running;
pub use softmax::{Normalizer, softmax, softmax_backward};
pub use weighted_sum::{weighted_sum, weighted_sum_backward};

/// The examples of these pages are tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/heads.md")]
#[doc = include_str!("../docs/migration.md")]
#[doc = include_str!("../docs/recipes.md")]
struct Pages;
