//! The functions of [`microattention::quantized`], their arguments in one value.

use core::array;

use microattention::quantized::{
    Attend, Multiplier, ScoreScale, attention, attention_backward, attention_weights,
    attention_weights_backward, cross_attention, cross_attention_backward, dequantize, dot_scores,
    dot_scores_backward, normalize, quantize, requantize, scale_of, softmax, softmax_backward,
    softmax_cross_entropy, update, weighted_sum, weighted_sum_backward,
};

use crate::arguments::{Options, rows};
use crate::list::call;
use crate::{Call, list};

/// The arguments of every call in integers: options, inputs, results and gradients.
pub struct Integers<const N: usize, const U: usize, const T: usize, const H: usize> {
    pub sigma: ScoreScale,
    pub factor: Multiplier,
    pub fraction: u32,
    pub shift: u32,
    pub scale: f32,
    pub options: Options<N, U, T>,

    pub x: [[f32; H]; N],
    pub h: [[i8; H]; N],
    pub hs: [[[i8; H]; T]; N],
    pub hs_dec: [[[i8; H]; U]; N],
    /// The values, where they are not the keys.
    pub v: [[[i8; H]; T]; N],

    pub s: [[i32; T]; N],
    pub a: [[u16; T]; N],
    pub a_dec: [[[u16; T]; U]; N],
    pub c: [[i16; H]; N],
    pub c_dec: [[[i16; H]; U]; N],
    pub loss: u32,

    pub dc: [[i16; H]; N],
    pub dc_dec: [[[i16; H]; U]; N],
    pub da: [[i32; T]; N],
    pub ds: [[i16; T]; N],
    pub exponents: [i32; N],
    pub dh: [[i32; H]; N],
    pub dhs: [[[i32; H]; T]; N],
    pub dhs_dec: [[[i32; H]; U]; N],
    pub dv: [[[i32; H]; T]; N],
    pub w: [[i32; H]; N],
}

impl<const N: usize, const U: usize, const T: usize, const H: usize> Integers<N, U, T, H> {
    /// Numbers of the upper bits of `number`.
    pub fn new(mut number: impl FnMut() -> i32) -> Self {
        Self {
            sigma: ScoreScale::new(0.003),
            factor: Multiplier::new(0.01),
            fraction: 12,
            shift: 6,
            scale: 0.5,
            options: Options::new(),
            x: rows(|| (number() >> 20) as f32),
            h: rows(|| (number() >> 24) as i8),
            hs: array::from_fn(|_| rows(|| (number() >> 24) as i8)),
            hs_dec: array::from_fn(|_| rows(|| (number() >> 24) as i8)),
            v: array::from_fn(|_| rows(|| (number() >> 24) as i8)),
            s: rows(|| number() >> 16),
            a: rows(|| (number() >> 16) as u16),
            a_dec: array::from_fn(|_| rows(|| (number() >> 16) as u16)),
            c: rows(|| (number() >> 16) as i16),
            c_dec: [[[0; H]; U]; N],
            loss: 0,
            dc: rows(|| (number() >> 16) as i16),
            dc_dec: array::from_fn(|_| rows(|| (number() >> 16) as i16)),
            da: rows(&mut number),
            ds: rows(|| (number() >> 16) as i16),
            exponents: [0; N],
            dh: rows(&mut number),
            dhs: array::from_fn(|_| rows(&mut number)),
            dhs_dec: array::from_fn(|_| rows(&mut number)),
            dv: array::from_fn(|_| rows(&mut number)),
            w: rows(&mut number),
        }
    }
}

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
            x.loss = softmax_cross_entropy(x.sigma, &x.s, &x.options.labels, &mut x.ds)
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
                .lengths(&x.options.lengths)
                .window(x.options.back, x.options.ahead)
                .mask(&x.options.mask)
                .causal_rows(&x.options.offsets);
            Attend::with(x.sigma, options).fraction(x.fraction)
        },
        {
            let options = microattention::Attend::new()
                .causal(x.options.offset)
                .mask(&x.options.mask_dec)
                .window(x.options.back, x.options.ahead)
                .lengths(&x.options.lengths);
            Attend::with(x.sigma, options).fraction(x.fraction)
        }
    );

    /// With lengths, which leave a range of the keys.
    pub const LENGTHS: &[Call<Self>] = with_options!(
        "+lengths",
        |x| Attend::with(
            x.sigma,
            microattention::Attend::new().lengths(&x.options.lengths)
        ),
        Attend::with(
            x.sigma,
            microattention::Attend::new().lengths(&x.options.lengths)
        )
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
