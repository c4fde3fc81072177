//! The functions on floats: lists of calls.

use microattention::{
    Attend, Float, attention, attention_backward, attention_weights, attention_weights_backward,
    cross_attention, cross_attention_backward, dot_scores, dot_scores_backward, log_softmax,
    log_softmax_backward, softmax, softmax_backward, softmax_cross_entropy, weighted_sum,
    weighted_sum_backward,
};

use crate::list::call;
use crate::{Arguments, Call, list};

type List<F, const N: usize, const U: usize, const T: usize, const H: usize> =
    &'static [Call<Arguments<F, N, U, T, H>>];

/// The calls with one set of options.
pub struct Calls<F: 'static, const N: usize, const U: usize, const T: usize, const H: usize> {
    /// The functions of the origin, all gradients wanted.
    pub origin: List<F, N, U, T, H>,
    /// Queries, keys and values apart.
    pub dot_product: List<F, N, U, T, H>,
    /// Saving normalizers instead of weights.
    pub normalizer: List<F, N, U, T, H>,
    /// The backward passes with each other use of their gradients.
    pub other_uses: List<F, N, U, T, H>,
}

/// Calls with the options `$one` for a single query and `$many` for several. With a bias, its
/// gradient is the field `$dbias`.
macro_rules! calls {
    ($option:literal, |$x:ident| $options:expr) => {
        calls!($option, |$x| $options, $options;)
    };
    ($option:literal, |$x:ident| $one:expr, $many:expr; $($dbias:ident)?) => {
        Calls {
            origin: list! { "", $option, |$x| $one, $many;
                one.dot_scores(h hs) -> s => N * T * H;
                one.softmax() -> a => N * T;
                one.weighted_sum(a hs) -> c => N * T * H;
                one.attention_weights(h hs) -> a => N * T * H;
                one.attention(h hs) -> a c => 2 * N * T * H;
                many.cross_attention(hs_dec hs) -> a_dec c_dec => 2 * U * N * T * H;
                one.softmax_backward(a) -> ds => N * T;
                one.weighted_sum_backward(a hs dc) -> ds dhs => 2 * N * T * H;
                one.dot_scores_backward(h hs da) -> dh dhs => 2 * N * T * H;
                one.attention_weights_backward(h hs a da) -> dh dhs => 2 * N * T * H;
                one.attention_backward(h hs a dc) -> dh dhs => 4 * N * T * H;
                many.cross_attention_backward(hs_dec hs a_dec dc_dec) -> dhs_dec dhs => 4 * U * N * T * H;
            },
            dot_product: list! { "", $option, |$x| $one, $many;
                many.dot_product_attention(hs_dec hs v) -> a_dec c_dec => 2 * U * N * T * H;
                many.dot_product_attention_backward(hs_dec hs v a_dec dc_dec) -> dhs_dec dhs dv => 4 * U * N * T * H;
            },
            normalizer: list! { "", $option, |$x| $one, $many;
                one.attention:"normalizer"(h hs) -> normalizer c => 2 * N * T * H;
                many.cross_attention:"normalizer"(hs_dec hs) -> normalizer_dec c_dec => 2 * U * N * T * H;
                many.dot_product_attention:"normalizer"(hs_dec hs v) -> normalizer_dec c_dec => 2 * U * N * T * H;
                one.attention_backward:"normalizer"(h hs normalizer dc) -> dh dhs => 4 * N * T * H;
                many.cross_attention_backward:"normalizer"(hs_dec hs normalizer_dec dc_dec)
                    -> dhs_dec dhs => 4 * U * N * T * H;
                many.dot_product_attention_backward:"normalizer"(hs_dec hs v normalizer_dec dc_dec)
                    -> dhs_dec dhs dv => 4 * U * N * T * H;
            },
            other_uses: list! { "", $option, |$x| $one, $many;
                one.weighted_sum_backward:"accumulate"(a hs dc) -> add(ds) add(dhs) => 2 * N * T * H;
                one.weighted_sum_backward:"da"(a hs dc) -> ds skip => N * T * H;
                one.weighted_sum_backward:"dhs"(a hs dc) -> skip dhs => N * T * H;
                one.dot_scores_backward:"accumulate"(h hs da) -> add(dh) add(dhs) => 2 * N * T * H;
                one.dot_scores_backward:"dh"(h hs da) -> dh skip => N * T * H;
                one.dot_scores_backward:"dhs"(h hs da) -> skip dhs => N * T * H;
                one.attention_weights_backward:"accumulate"(h hs a da) -> add(dh) add(dhs) => 2 * N * T * H;
                one.attention_weights_backward:"dh"(h hs a da) -> dh skip => N * T * H;
                one.attention_weights_backward:"dhs"(h hs a da) -> skip dhs => N * T * H;
                one.attention_backward:"accumulate"(h hs a dc) -> add(dh) add(dhs) => 4 * N * T * H;
                one.attention_backward:"dh"(h hs a dc) -> dh skip => 2 * N * T * H;
                one.attention_backward:"dhs"(h hs normalizer dc) -> skip dhs => 3 * N * T * H;
                many.cross_attention_backward:"accumulate"(hs_dec hs normalizer_dec dc_dec)
                    -> add(dhs_dec) add(dhs) => 4 * U * N * T * H;
                many.cross_attention_backward:"dhs_dec"(hs_dec hs a_dec dc_dec) -> dhs_dec skip => 2 * U * N * T * H;
                many.cross_attention_backward:"dhs_enc"(hs_dec hs a_dec dc_dec) -> skip dhs => 3 * U * N * T * H;
                many.dot_product_attention_backward:"accumulate"(hs_dec hs v a_dec dc_dec)
                    -> add(dhs_dec) add(dhs) add(dv) => 4 * U * N * T * H;
                many.dot_product_attention_backward:"dq"(hs_dec hs v a_dec dc_dec)
                    -> dhs_dec skip skip => 2 * U * N * T * H;
                many.dot_product_attention_backward:"dk"(hs_dec hs v a_dec dc_dec) -> skip dhs skip => 2 * U * N * T * H;
                many.dot_product_attention_backward:"dv"(hs_dec hs v normalizer_dec dc_dec)
                    -> skip skip dv => U * N * T * H;
                $(
                many.bias_gradient(hs_dec hs v a_dec dc_dec) -> $dbias => 2 * U * N * T * H;
                many.bias_gradient:"normalizer"(hs_dec hs v normalizer_dec dc_dec) -> add($dbias) => 2 * U * N * T * H;
                )?
            },
        }
    };
}

/// The pairs of uses of two gradients, but for both written.
macro_rules! other_uses {
    ($($name:ident $inputs:tt -> $d:ident $e:ident;)*) => {
        list! { "", "", |x| (), (); $(
            free.$name:"other use" $inputs -> $d add($e) => 1;
            free.$name:"other use" $inputs -> $d skip => 1;
            free.$name:"other use" $inputs -> add($d) $e => 1;
            free.$name:"other use" $inputs -> add($d) add($e) => 1;
            free.$name:"other use" $inputs -> add($d) skip => 1;
            free.$name:"other use" $inputs -> skip $e => 1;
            free.$name:"other use" $inputs -> skip add($e) => 1;
            free.$name:"other use" $inputs -> skip skip => 1;
        )* }
    };
}

impl<F: Float, const N: usize, const U: usize, const T: usize, const H: usize>
    Calls<F, N, U, T, H>
{
    /// The functions of the crate's root.
    pub const ROOT: List<F, N, U, T, H> = list! { "", "", |x| (), ();
        free.softmax() -> a => N * T;
        free.dot_scores(h hs) -> s => N * T * H;
        free.weighted_sum(s hs) -> c => N * T * H;
        free.attention_weights(h hs) -> s => N * T * H;
        free.attention(h hs) -> a c => 2 * N * T * H;
        free.cross_attention(hs_dec hs) -> a_dec c_dec => 2 * U * N * T * H;
        free.softmax_backward(a) -> ds => N * T;
        free.weighted_sum_backward(a hs dc) -> ds dhs => 2 * N * T * H;
        free.dot_scores_backward(h hs da) -> dh dhs => 2 * N * T * H;
        free.attention_weights_backward(h hs a da) -> dh dhs => 2 * N * T * H;
        free.attention_backward(h hs a dc) -> dh dhs => 4 * N * T * H;
        free.cross_attention_backward(hs_dec hs a_dec dc_dec) -> dhs_dec dhs => 4 * U * N * T * H;
    };
    /// Of their backward passes, all other pairs of uses.
    pub const ROOT_USES: List<F, N, U, T, H> = other_uses! {
        weighted_sum_backward(a hs dc) -> ds dhs;
        dot_scores_backward(h hs da) -> dh dhs;
        attention_weights_backward(h hs a da) -> dh dhs;
        attention_backward(h hs a dc) -> dh dhs;
        cross_attention_backward(hs_dec hs a_dec dc_dec) -> dhs_dec dhs;
    };
    /// Without an option: [`ROOT`](Self::ROOT) has the functions of the origin.
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
    pub const WITHOUT_OPTIONS: List<F, N, U, T, H> = &[
        call("log_softmax", N * T, |x| log_softmax(&mut x.s)),
        call("log_softmax_backward", N * T, |x| {
            log_softmax_backward(&x.s, &mut x.ds)
        }),
        call("softmax_cross_entropy", N * T, |x| {
            x.loss = softmax_cross_entropy(&mut x.s, &x.labels)
        }),
        call("Running::push", N * H, |x| {
            for ((running, &score), value) in x.running.iter_mut().zip(&x.score).zip(&x.h) {
                running.push(score, value);
            }
        }),
        call("Running::push_rows", N * T * H, |x| {
            for ((running, scores), values) in x.other.iter_mut().zip(&x.s).zip(&x.hs) {
                running.push_rows(scores, values);
            }
        }),
        call("Running::merge", N * H, |x| {
            for (running, other) in x.running.iter_mut().zip(&x.other) {
                running.merge(other);
            }
        }),
        call("Running::context", N * H, |x| {
            for (running, c) in x.running.iter().zip(&mut x.c) {
                running.context(c);
            }
        }),
    ];

    /// Each option by itself, and mask and bias for each query, with all gradients wanted.
    pub const ONE_BY_ONE: [[List<F, N, U, T, H>; 3]; 9] = [
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

    const fn all_wanted(&self) -> [List<F, N, U, T, H>; 3] {
        [self.origin, self.dot_product, self.normalizer]
    }
}
