//! The functions with options, and those that the origin does not have: calls of one type, so that a
//! list can hold them all.

use microattention::{Accumulate, Attend, Float, Skip};
use microattention::{log_softmax, log_softmax_backward, softmax_cross_entropy};

use crate::Arguments;

/// A call of one function, with its arguments from [`Arguments`].
pub struct Call<F: 'static, const N: usize, const U: usize, const T: usize, const H: usize> {
    /// The function; after a plus sign the option, after a colon what a variant saves or wants.
    pub name: &'static str,
    /// The multiply-adds without an option; for a softmax, the elements.
    pub units: usize,
    pub call: fn(&mut Arguments<F, N, U, T, H>),
}

/// The calls with one set of options.
pub struct Calls<F: 'static, const N: usize, const U: usize, const T: usize, const H: usize> {
    /// The functions of the origin, all gradients wanted.
    pub origin: &'static [Call<F, N, U, T, H>],
    /// Queries, keys and values apart.
    pub dot_product: &'static [Call<F, N, U, T, H>],
    /// Saving normalizers instead of weights.
    pub normalizer: &'static [Call<F, N, U, T, H>],
    /// The backward passes with each other use of their gradients.
    pub other_uses: &'static [Call<F, N, U, T, H>],
}

/// Calls with the options `$one` for a single query and `$many` for several. With a bias, its
/// gradient is the field `$dbias`.
macro_rules! calls {
    ($option:literal, |$x:ident| $options:expr) => {
        calls!($option, |$x| $options, $options;)
    };
    ($option:literal, |$x:ident| $one:expr, $many:expr; $($dbias:ident)?) => {
        Calls {
            origin: &[
                call!($option, "dot_scores", 1, |$x| {
                    $one.dot_scores(&$x.h, &$x.hs, &mut $x.s)
                }),
                call!($option, "softmax", -1, |$x| $one.softmax(&mut $x.a)),
                call!($option, "weighted_sum", 1, |$x| {
                    $one.weighted_sum(&$x.a, &$x.hs, &mut $x.c)
                }),
                call!($option, "attention_weights", 1, |$x| {
                    $one.attention_weights(&$x.h, &$x.hs, &mut $x.a)
                }),
                call!($option, "attention", 2, |$x| {
                    $one.attention(&$x.h, &$x.hs, &mut $x.a, &mut $x.c)
                }),
                call!($option, "cross_attention", 2 * U, |$x| {
                    $many.cross_attention(&$x.hs_dec, &$x.hs, &mut $x.a_dec, &mut $x.c_dec)
                }),
                call!($option, "softmax_backward", -1, |$x| {
                    $one.softmax_backward(&$x.a, &mut $x.ds)
                }),
                call!($option, "weighted_sum_backward", 2, |$x| {
                    $one.weighted_sum_backward(&$x.a, &$x.hs, &$x.dc, &mut $x.ds, &mut $x.dhs)
                }),
                call!($option, "dot_scores_backward", 2, |$x| {
                    $one.dot_scores_backward(
                        &$x.h, &$x.hs, &$x.da, &mut $x.dh, &mut $x.dhs,
                    )
                }),
                call!($option, "attention_weights_backward", 2, |$x| {
                    $one.attention_weights_backward(
                        &$x.h, &$x.hs, &$x.a, &$x.da, &mut $x.dh, &mut $x.dhs,
                    )
                }),
                call!($option, "attention_backward", 4, |$x| {
                    $one.attention_backward(
                        &$x.h, &$x.hs, &$x.a, &$x.dc, &mut $x.dh, &mut $x.dhs,
                    )
                }),
                call!($option, "cross_attention_backward", 4 * U, |$x| {
                    $many.cross_attention_backward(
                        &$x.hs_dec, &$x.hs, &$x.a_dec, &$x.dc_dec, &mut $x.dhs_dec, &mut $x.dhs,
                    )
                }),
            ],
            dot_product: &[
                call!($option, "dot_product_attention", 2 * U, |$x| {
                    $many.dot_product_attention(
                        &$x.hs_dec, &$x.hs, &$x.v, &mut $x.a_dec, &mut $x.c_dec,
                    )
                }),
                call!($option, "dot_product_attention_backward", 4 * U, |$x| {
                    $many.dot_product_attention_backward(
                        &$x.hs_dec, &$x.hs, &$x.v, &$x.a_dec, &$x.dc_dec, &mut $x.dhs_dec,
                        &mut $x.dhs, &mut $x.dv,
                    )
                }),
            ],
            normalizer: &[
                call!($option, "attention:normalizer", 2, |$x| {
                    $one.attention(&$x.h, &$x.hs, &mut $x.normalizer, &mut $x.c)
                }),
                call!($option, "cross_attention:normalizer", 2 * U, |$x| {
                    $many.cross_attention(&$x.hs_dec, &$x.hs, &mut $x.normalizer_dec, &mut $x.c_dec)
                }),
                call!($option, "dot_product_attention:normalizer", 2 * U, |$x| {
                    $many.dot_product_attention(
                        &$x.hs_dec, &$x.hs, &$x.v, &mut $x.normalizer_dec, &mut $x.c_dec,
                    )
                }),
                call!($option, "attention_backward:normalizer", 4, |$x| {
                    $one.attention_backward(
                        &$x.h, &$x.hs, &$x.normalizer, &$x.dc, &mut $x.dh, &mut $x.dhs,
                    )
                }),
                call!($option, "cross_attention_backward:normalizer", 4 * U, |$x| {
                    $many.cross_attention_backward(
                        &$x.hs_dec, &$x.hs, &$x.normalizer_dec, &$x.dc_dec, &mut $x.dhs_dec,
                        &mut $x.dhs,
                    )
                }),
                call!($option, "dot_product_attention_backward:normalizer", 4 * U, |$x| {
                    $many.dot_product_attention_backward(
                        &$x.hs_dec, &$x.hs, &$x.v, &$x.normalizer_dec, &$x.dc_dec,
                        &mut $x.dhs_dec, &mut $x.dhs, &mut $x.dv,
                    )
                }),
            ],
            other_uses: &[
                call!($option, "weighted_sum_backward:accumulate", 2, |$x| {
                    $one.weighted_sum_backward(
                        &$x.a, &$x.hs, &$x.dc, Accumulate(&mut $x.ds), Accumulate(&mut $x.dhs),
                    )
                }),
                call!($option, "weighted_sum_backward:da", 1, |$x| {
                    $one.weighted_sum_backward(&$x.a, &$x.hs, &$x.dc, &mut $x.ds, Skip)
                }),
                call!($option, "weighted_sum_backward:dhs", 1, |$x| {
                    $one.weighted_sum_backward(&$x.a, &$x.hs, &$x.dc, Skip, &mut $x.dhs)
                }),
                call!($option, "dot_scores_backward:accumulate", 2, |$x| {
                    $one.dot_scores_backward(
                        &$x.h, &$x.hs, &$x.da, Accumulate(&mut $x.dh), Accumulate(&mut $x.dhs),
                    )
                }),
                call!($option, "dot_scores_backward:dh", 1, |$x| {
                    $one.dot_scores_backward(
                        &$x.h, &$x.hs, &$x.da, &mut $x.dh, Skip,
                    )
                }),
                call!($option, "dot_scores_backward:dhs", 1, |$x| {
                    $one.dot_scores_backward(
                        &$x.h, &$x.hs, &$x.da, Skip, &mut $x.dhs,
                    )
                }),
                call!($option, "attention_weights_backward:accumulate", 2, |$x| {
                    $one.attention_weights_backward(
                        &$x.h, &$x.hs, &$x.a, &$x.da, Accumulate(&mut $x.dh),
                        Accumulate(&mut $x.dhs),
                    )
                }),
                call!($option, "attention_weights_backward:dh", 1, |$x| {
                    $one.attention_weights_backward(
                        &$x.h, &$x.hs, &$x.a, &$x.da, &mut $x.dh, Skip,
                    )
                }),
                call!($option, "attention_weights_backward:dhs", 1, |$x| {
                    $one.attention_weights_backward(
                        &$x.h, &$x.hs, &$x.a, &$x.da, Skip, &mut $x.dhs,
                    )
                }),
                call!($option, "attention_backward:accumulate", 4, |$x| {
                    $one.attention_backward(
                        &$x.h, &$x.hs, &$x.a, &$x.dc, Accumulate(&mut $x.dh),
                        Accumulate(&mut $x.dhs),
                    )
                }),
                call!($option, "attention_backward:dh", 2, |$x| {
                    $one.attention_backward(
                        &$x.h, &$x.hs, &$x.a, &$x.dc, &mut $x.dh, Skip,
                    )
                }),
                call!($option, "attention_backward:dhs", 3, |$x| {
                    $one.attention_backward(
                        &$x.h, &$x.hs, &$x.normalizer, &$x.dc, Skip, &mut $x.dhs,
                    )
                }),
                call!($option, "cross_attention_backward:accumulate", 4 * U, |$x| {
                    $many.cross_attention_backward(
                        &$x.hs_dec, &$x.hs, &$x.normalizer_dec, &$x.dc_dec,
                        Accumulate(&mut $x.dhs_dec), Accumulate(&mut $x.dhs),
                    )
                }),
                call!($option, "cross_attention_backward:dhs_dec", 2 * U, |$x| {
                    $many.cross_attention_backward(
                        &$x.hs_dec, &$x.hs, &$x.a_dec, &$x.dc_dec, &mut $x.dhs_dec, Skip,
                    )
                }),
                call!($option, "cross_attention_backward:dhs_enc", 3 * U, |$x| {
                    $many.cross_attention_backward(
                        &$x.hs_dec, &$x.hs, &$x.a_dec, &$x.dc_dec, Skip, &mut $x.dhs,
                    )
                }),
                call!($option, "dot_product_attention_backward:accumulate", 4 * U, |$x| {
                    $many.dot_product_attention_backward(
                        &$x.hs_dec, &$x.hs, &$x.v, &$x.a_dec, &$x.dc_dec,
                        Accumulate(&mut $x.dhs_dec), Accumulate(&mut $x.dhs),
                        Accumulate(&mut $x.dv),
                    )
                }),
                call!($option, "dot_product_attention_backward:dq", 2 * U, |$x| {
                    $many.dot_product_attention_backward(
                        &$x.hs_dec, &$x.hs, &$x.v, &$x.a_dec, &$x.dc_dec, &mut $x.dhs_dec, Skip,
                        Skip,
                    )
                }),
                call!($option, "dot_product_attention_backward:dk", 2 * U, |$x| {
                    $many.dot_product_attention_backward(
                        &$x.hs_dec, &$x.hs, &$x.v, &$x.a_dec, &$x.dc_dec, Skip, &mut $x.dhs, Skip,
                    )
                }),
                call!($option, "dot_product_attention_backward:dv", U, |$x| {
                    $many.dot_product_attention_backward(
                        &$x.hs_dec, &$x.hs, &$x.v, &$x.normalizer_dec, &$x.dc_dec, Skip, Skip,
                        &mut $x.dv,
                    )
                }),
                $(call!($option, "bias_gradient", 2 * U, |$x| {
                    $many.bias_gradient(
                        &$x.hs_dec, &$x.hs, &$x.v, &$x.a_dec, &$x.dc_dec, &mut $x.$dbias,
                    )
                }),
                call!($option, "bias_gradient:normalizer", 2 * U, |$x| {
                    $many.bias_gradient(
                        &$x.hs_dec, &$x.hs, &$x.v, &$x.normalizer_dec, &$x.dc_dec,
                        Accumulate(&mut $x.$dbias),
                    )
                }),)?
            ],
        }
    };
}

/// With −1, the units are elements; else that many multiply-adds for each element of `hs`.
macro_rules! call {
    ($option:literal, $name:literal, -1, |$x:ident| $call:expr) => {
        Call {
            name: concat!($name, $option),
            units: N * T,
            call: |$x| $call,
        }
    };
    ($option:literal, $name:literal, $macs:expr, |$x:ident| $call:expr) => {
        Call {
            name: concat!($name, $option),
            units: $macs * N * T * H,
            call: |$x| $call,
        }
    };
}

impl<F: Float, const N: usize, const U: usize, const T: usize, const H: usize>
    Calls<F, N, U, T, H>
{
    /// Without an option: [`EveryFunction`](crate::EveryFunction) has the functions of the origin.
    pub const PLAIN: Self = Self {
        origin: &[],
        ..calls!("", |x| Attend::new())
    };
    pub const LENGTHS: Self = calls!("+lengths", |x| Attend::new().lengths(&x.lengths));
    pub const CAUSAL: Self = calls!("+causal", |x| Attend::new().causal(x.offset));
    pub const CAUSAL_ROWS: Self = calls!("+causal_rows", |x| Attend::new().causal_rows(&x.offsets));
    pub const WINDOW: Self = calls!("+window", |x| {
        Attend::new().window_at(x.offset, x.back, x.ahead)
    });
    pub const MASK: Self = calls!("+mask", |x| Attend::new().mask(&x.mask));
    pub const BIAS: Self = calls!(
        "+bias",
        |x| Attend::new().bias(&x.bias),
        Attend::new().bias(&x.bias); dbias
    );
    pub const SCALE: Self = calls!("+scale", |x| Attend::new().scale(x.scale));
    pub const SCALE_BY_WIDTH: Self = calls!("+scale_by_width", |x| {
        Attend::new().scale_by_width::<32>()
    });
    /// A mask and a bias, of their own for each query.
    pub const EACH_QUERY: Self = calls!(
        "+mask+bias",
        |x| Attend::new().mask(&x.mask).bias(&x.bias),
        Attend::new().mask(&x.mask_dec).bias(&x.bias_dec); dbias_dec
    );
    pub const COMBINED: Self = calls!(
        "+combined",
        |x| Attend::new()
            .lengths(&x.lengths)
            .window(x.back, x.ahead)
            .mask(&x.mask)
            .scale(x.scale)
            .causal(x.offset)
            .causal_rows(&x.offsets)
            .bias(&x.bias),
        Attend::new()
            .scale(x.scale)
            .causal_rows(&x.offsets)
            .causal(x.offset)
            .mask(&x.mask_dec)
            .window(x.back, x.ahead)
            .lengths(&x.lengths)
            .bias(&x.bias_dec);
        dbias_dec
    );

    /// The functions that take no options.
    pub const WITHOUT_OPTIONS: &[Call<F, N, U, T, H>] = &[
        call!("", "log_softmax", -1, |x| log_softmax(&mut x.s)),
        call!("", "log_softmax_backward", -1, |x| {
            log_softmax_backward(&x.s, &mut x.ds)
        }),
        call!("", "softmax_cross_entropy", -1, |x| {
            x.loss = softmax_cross_entropy(&mut x.s, &x.labels)
        }),
        Call {
            name: "Running::push",
            units: N * H,
            call: |x| {
                for ((running, &score), value) in x.running.iter_mut().zip(&x.score).zip(&x.h) {
                    running.push(score, value);
                }
            },
        },
        call!("", "Running::push_rows", 1, |x| {
            for ((running, scores), values) in x.other.iter_mut().zip(&x.s).zip(&x.hs) {
                running.push_rows(scores, values);
            }
        }),
        Call {
            name: "Running::merge",
            units: N * H,
            call: |x| {
                for (running, other) in x.running.iter_mut().zip(&x.other) {
                    running.merge(other);
                }
            },
        },
        Call {
            name: "Running::context",
            units: N * H,
            call: |x| {
                for (running, c) in x.running.iter().zip(&mut x.c) {
                    running.context(c);
                }
            },
        },
    ];

    /// All options together, with each use of the gradients, and the functions without options.
    pub const TOGETHER: [&[Call<F, N, U, T, H>]; 7] = [
        Self::WITHOUT_OPTIONS,
        Self::PLAIN.dot_product,
        Self::PLAIN.normalizer,
        Self::COMBINED.origin,
        Self::COMBINED.dot_product,
        Self::COMBINED.normalizer,
        Self::COMBINED.other_uses,
    ];

    /// Each option by itself, and mask and bias for each query, with all gradients wanted.
    pub const ONE_BY_ONE: [[&[Call<F, N, U, T, H>]; 3]; 9] = [
        Self::LENGTHS.all_wanted(),
        Self::CAUSAL.all_wanted(),
        Self::CAUSAL_ROWS.all_wanted(),
        Self::WINDOW.all_wanted(),
        Self::MASK.all_wanted(),
        Self::BIAS.all_wanted(),
        Self::SCALE.all_wanted(),
        Self::SCALE_BY_WIDTH.all_wanted(),
        Self::EACH_QUERY.all_wanted(),
    ];

    const fn all_wanted(&self) -> [&'static [Call<F, N, U, T, H>]; 3] {
        [self.origin, self.dot_product, self.normalizer]
    }
}
