//! The functions of [`microattention::quantized`]: lists of calls.

use microattention::quantized::{
    Attend, attention, attention_backward, attention_weights, attention_weights_backward,
    cross_attention, cross_attention_backward, dequantize, dot_scores, dot_scores_backward,
    normalize, quantize, requantize, scale_of, softmax, softmax_backward, softmax_cross_entropy,
    update, weighted_sum, weighted_sum_backward,
};

use crate::list::call;
use crate::{Call, Integers, list};

/// Calls of all functions that have options: `$one` for a single query and `$many` for several.
macro_rules! with_options {
    ($option:literal, |$x:ident| $one:expr, $many:expr) => {
        list! { "quantized::", $option, |$x| $one, $many;
            one.dot_scores(h hs) -> s => N * T * H;
            one.softmax(s) -> a => N * T;
            one.weighted_sum(a hs) -> c => N * T * H;
            one.attention_weights(h hs) -> a => N * T * H;
            one.attention(h hs) -> a c => 2 * N * T * H;
            many.cross_attention(hs_dec hs) -> a_dec c_dec => 2 * U * N * T * H;
            many.dot_product_attention(hs_dec hs v) -> a_dec c_dec => 2 * U * N * T * H;
            one.softmax_backward(a da) -> ds exponents => N * T;
            one.weighted_sum_backward(a hs dc) -> add(da) add(dhs) => 2 * N * T * H;
            one.dot_scores_backward(h hs ds) -> add(dh) add(dhs) => 2 * N * T * H;
            one.attention_weights_backward(h hs a da) -> add(dh) dhs => 2 * N * T * H;
            one.attention_backward(h hs a dc) -> dh dhs => 4 * N * T * H;
            one.attention_backward:"dhs"(h hs a dc) -> skip add(dhs) => 3 * N * T * H;
            many.cross_attention_backward(hs_dec hs a_dec dc_dec) -> dhs_dec dhs => 4 * U * N * T * H;
            many.cross_attention_backward:"dhs_dec"(hs_dec hs a_dec dc_dec)
                -> add(dhs_dec) skip => 3 * U * N * T * H;
            many.dot_product_attention_backward(hs_dec hs v a_dec dc_dec)
                -> dhs_dec dhs dv => 4 * U * N * T * H;
            many.dot_product_attention_backward:"dv"(hs_dec hs v a_dec dc_dec)
                -> skip skip add(dv) => U * N * T * H;
        }
    };
}

impl<const N: usize, const U: usize, const T: usize, const H: usize> Integers<N, U, T, H> {
    /// The functions without options.
    pub const PLAIN: &[Call<Self>] = list! { "quantized::", "", |x| (), Attend::new(x.sigma);
        free.dot_scores(h hs) -> s => N * T * H;
        scaled.softmax(s) -> a => N * T;
        free.weighted_sum(a hs) -> c => N * T * H;
        scaled.attention_weights(h hs) -> a => N * T * H;
        scaled.attention(h hs) -> a c => 2 * N * T * H;
        scaled.cross_attention(hs_dec hs) -> a_dec c_dec => 2 * U * N * T * H;
        many.dot_product_attention(hs_dec hs v) -> a_dec c_dec => 2 * U * N * T * H;
        scaled.softmax_backward(a da) -> ds exponents => N * T;
        free.weighted_sum_backward(a hs dc) -> da dhs => 2 * N * T * H;
        free.dot_scores_backward(h hs ds) -> dh dhs => 2 * N * T * H;
        scaled.attention_weights_backward(h hs a da) -> dh dhs => 2 * N * T * H;
        scaled.attention_backward(h hs a dc) -> dh dhs => 4 * N * T * H;
        scaled.cross_attention_backward(hs_dec hs a_dec dc_dec) -> dhs_dec dhs => 4 * U * N * T * H;
        many.dot_product_attention_backward(hs_dec hs v a_dec dc_dec)
            -> dhs_dec dhs dv => 4 * U * N * T * H;
    };

    /// What is done to each number of a row.
    pub const NUMBERS: &[Call<Self>] = &[
        call("quantized::softmax_cross_entropy", N * T, |x| {
            x.loss = softmax_cross_entropy(x.sigma, &x.s, &x.labels, &mut x.ds)
        }),
        call("quantized::requantize", N * H, |x| {
            requantize(&x.c, x.factor, &mut x.h)
        }),
        call("quantized::normalize", N * H, |x| {
            x.exponents.fill(normalize(&x.dh, &mut x.dc))
        }),
        call("quantized::update", N * H, |x| {
            update(&mut x.w, &x.dh, x.shift, || 0x5EED)
        }),
    ];

    /// The gradients of attention alone and added.
    pub const USES: &[Call<Self>] = list! { "quantized::", "", |x| (), ();
        scaled.attention_backward:"dh"(h hs a dc) -> dh skip => 3 * N * T * H;
        scaled.attention_backward:"dhs"(h hs a dc) -> skip dhs => 3 * N * T * H;
        scaled.attention_backward:"accumulate"(h hs a dc) -> add(dh) add(dhs) => 4 * N * T * H;
        free.dot_scores_backward:"accumulate"(h hs ds) -> add(dh) add(dhs) => 2 * N * T * H;
    };

    /// What floats and integers are made of each other with.
    pub const FLOATS: &[Call<Self>] = &[
        call("quantized::scale_of", N * H, |x| x.scale = scale_of(&x.x)),
        call("quantized::quantize", N * H, |x| {
            quantize(&x.x, x.scale, &mut x.h)
        }),
        call("quantized::dequantize", N * H, |x| {
            dequantize(&x.c, x.scale, &mut x.x)
        }),
    ];

    /// With all options at once.
    pub const COMBINED: &[Call<Self>] = with_options!(
        "+combined",
        |x| {
            let options = microattention::Attend::new()
                .lengths(&x.lengths)
                .window(x.back, x.ahead)
                .mask(&x.mask)
                .causal_rows(&x.offsets);
            Attend::with(x.sigma, options).fraction(x.fraction)
        },
        {
            let options = microattention::Attend::new()
                .causal(x.offset)
                .mask(&x.mask_dec)
                .window(x.back, x.ahead)
                .lengths(&x.lengths);
            Attend::with(x.sigma, options).fraction(x.fraction)
        }
    );

    /// With lengths, which leave a range of the keys.
    pub const LENGTHS: &[Call<Self>] = with_options!(
        "+lengths",
        |x| Attend::with(x.sigma, microattention::Attend::new().lengths(&x.lengths)),
        Attend::with(x.sigma, microattention::Attend::new().lengths(&x.lengths))
    );

    /// All lists.
    pub const ALL: [&[Call<Self>]; 6] = [
        Self::PLAIN,
        Self::NUMBERS,
        Self::USES,
        Self::FLOATS,
        Self::COMBINED,
        Self::LENGTHS,
    ];
}
