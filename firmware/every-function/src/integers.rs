//! The functions of [`microattention::quantized`], their arguments in one value.

use core::array;

use microattention::quantized::{
    Attend, Multiplier, ScoreScale, attention, attention_backward, attention_weights,
    attention_weights_backward, cross_attention, cross_attention_backward, dequantize, dot_scores,
    dot_scores_backward, normalize, quantize, requantize, scale_of, softmax, softmax_backward,
    softmax_cross_entropy, update, weighted_sum, weighted_sum_backward,
};
use microattention::{Accumulate, Skip};

use crate::arguments::rows;

/// The arguments of every call in integers: options, inputs, results and gradients.
pub struct Integers<const N: usize, const U: usize, const T: usize, const H: usize> {
    pub sigma: ScoreScale,
    pub factor: Multiplier,
    pub fraction: u32,
    pub shift: u32,
    pub scale: f32,
    pub lengths: [usize; N],
    pub offset: isize,
    pub offsets: [isize; N],
    pub back: usize,
    pub ahead: usize,
    pub mask: [[bool; T]; N],
    pub mask_dec: [[[bool; T]; U]; N],
    pub labels: [Option<usize>; N],

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
    /// Options that leave about a quarter to a half of the keys, and numbers of the upper bits of `number`.
    pub fn new(mut number: impl FnMut() -> i32) -> Self {
        Self {
            sigma: ScoreScale::new(0.003),
            factor: Multiplier::new(0.01),
            fraction: 12,
            shift: 6,
            scale: 0.5,
            lengths: [T / 4; N],
            offset: (T / 4).cast_signed(),
            offsets: [(T / 4).cast_signed(); N],
            back: T / 4,
            ahead: 0,
            mask: [array::from_fn(|t| t % 2 == 0); N],
            mask_dec: [array::from_fn(|u| array::from_fn(|t| (t + u) % 2 == 0)); N],
            labels: array::from_fn(|n| Some(n % T.max(1))),
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

/// A call of one function, with its arguments from [`Integers`].
pub struct IntegerCall<const N: usize, const U: usize, const T: usize, const H: usize> {
    /// `quantized::` and the function; after a plus sign the option, after a colon what is wanted.
    pub name: &'static str,
    /// The multiply-adds; for a softmax and what is done to each number, the elements.
    pub units: usize,
    pub call: fn(&mut Integers<N, U, T, H>),
}

macro_rules! calls {
    ($option:literal: $($name:ident $(:$use:literal)? $units:expr, |$x:ident| $call:expr;)*) => {
        &[$(IntegerCall {
            name: concat!("quantized::", stringify!($name), $(":", $use,)? $option),
            units: $units,
            call: |$x| $call,
        },)*]
    };
}

impl<const N: usize, const U: usize, const T: usize, const H: usize> IntegerCall<N, U, T, H> {
    const ROWS: usize = N * T * H;
    const MANY: usize = Self::ROWS * U;

    /// The functions without options.
    pub const PLAIN: &[Self] = calls! { "":
        dot_scores Self::ROWS, |x| dot_scores(&x.h, &x.hs, &mut x.s);
        softmax N * T, |x| softmax(x.sigma, &x.s, &mut x.a);
        weighted_sum Self::ROWS, |x| weighted_sum(&x.a, &x.hs, &mut x.c);
        attention_weights Self::ROWS, |x| attention_weights(x.sigma, &x.h, &x.hs, &mut x.a);
        attention 2 * Self::ROWS, |x| attention(x.sigma, &x.h, &x.hs, &mut x.a, &mut x.c);
        cross_attention 2 * Self::MANY, |x| {
            cross_attention(x.sigma, &x.hs_dec, &x.hs, &mut x.a_dec, &mut x.c_dec)
        };
        dot_product_attention 2 * Self::MANY, |x| {
            Attend::new(x.sigma)
                .dot_product_attention(&x.hs_dec, &x.hs, &x.v, &mut x.a_dec, &mut x.c_dec)
        };
        softmax_backward N * T, |x| {
            softmax_backward(x.sigma, &x.a, &x.da, &mut x.ds, &mut x.exponents)
        };
        weighted_sum_backward 2 * Self::ROWS, |x| {
            weighted_sum_backward(&x.a, &x.hs, &x.dc, &mut x.da, &mut x.dhs)
        };
        dot_scores_backward 2 * Self::ROWS, |x| {
            dot_scores_backward(&x.h, &x.hs, &x.ds, &mut x.dh, &mut x.dhs)
        };
        attention_weights_backward 2 * Self::ROWS, |x| {
            attention_weights_backward(
                x.sigma, &x.h, &x.hs, &x.a, &x.da, &mut x.dh, &mut x.dhs,
            )
        };
        attention_backward 4 * Self::ROWS, |x| {
            attention_backward(x.sigma, &x.h, &x.hs, &x.a, &x.dc, &mut x.dh, &mut x.dhs)
        };
        cross_attention_backward 4 * Self::MANY, |x| {
            cross_attention_backward(
                x.sigma, &x.hs_dec, &x.hs, &x.a_dec, &x.dc_dec, &mut x.dhs_dec, &mut x.dhs,
            )
        };
        dot_product_attention_backward 4 * Self::MANY, |x| {
            Attend::new(x.sigma).dot_product_attention_backward(
                &x.hs_dec, &x.hs, &x.v, &x.a_dec, &x.dc_dec, &mut x.dhs_dec, &mut x.dhs,
                &mut x.dv,
            )
        };
        softmax_cross_entropy N * T, |x| {
            x.loss = softmax_cross_entropy(x.sigma, &x.s, &x.labels, &mut x.ds)
        };
        requantize N * H, |x| requantize(&x.c, x.factor, &mut x.h);
        normalize N * H, |x| x.exponents.fill(normalize(&x.dh, &mut x.dc));
        update N * H, |x| update(&mut x.w, &x.dh, x.shift, || 0x5EED);
    };

    /// The gradients of attention alone and added.
    pub const USES: &[Self] = calls! { "":
        attention_backward: "dh" 3 * Self::ROWS, |x| {
            attention_backward(x.sigma, &x.h, &x.hs, &x.a, &x.dc, &mut x.dh, Skip)
        };
        attention_backward: "dhs" 3 * Self::ROWS, |x| {
            attention_backward(x.sigma, &x.h, &x.hs, &x.a, &x.dc, Skip, &mut x.dhs)
        };
        attention_backward: "accumulate" 4 * Self::ROWS, |x| {
            let (dh, dhs) = (Accumulate(&mut x.dh), Accumulate(&mut x.dhs));
            attention_backward(x.sigma, &x.h, &x.hs, &x.a, &x.dc, dh, dhs)
        };
        dot_scores_backward: "accumulate" 2 * Self::ROWS, |x| {
            let (dh, dhs) = (Accumulate(&mut x.dh), Accumulate(&mut x.dhs));
            dot_scores_backward(&x.h, &x.hs, &x.ds, dh, dhs)
        };
    };

    /// What floats and integers are made of each other with.
    pub const FLOATS: &[Self] = calls! { "":
        scale_of N * H, |x| x.scale = scale_of(&x.x);
        quantize N * H, |x| quantize(&x.x, x.scale, &mut x.h);
        dequantize N * H, |x| dequantize(&x.c, x.scale, &mut x.x);
    };
}

/// Calls of all functions that have options: `$one` for a single query and `$many` for several.
macro_rules! with_options {
    ($option:literal, |$x:ident| $one:expr, $many:expr) => {
        calls! { $option:
            dot_scores Self::ROWS, |$x| $one.dot_scores(&$x.h, &$x.hs, &mut $x.s);
            softmax N * T, |$x| $one.softmax(&$x.s, &mut $x.a);
            weighted_sum Self::ROWS, |$x| $one.weighted_sum(&$x.a, &$x.hs, &mut $x.c);
            attention_weights Self::ROWS, |$x| $one.attention_weights(&$x.h, &$x.hs, &mut $x.a);
            attention 2 * Self::ROWS, |$x| $one.attention(&$x.h, &$x.hs, &mut $x.a, &mut $x.c);
            cross_attention 2 * Self::MANY, |$x| {
                $many.cross_attention(&$x.hs_dec, &$x.hs, &mut $x.a_dec, &mut $x.c_dec)
            };
            dot_product_attention 2 * Self::MANY, |$x| {
                $many.dot_product_attention(
                    &$x.hs_dec, &$x.hs, &$x.v, &mut $x.a_dec, &mut $x.c_dec,
                )
            };
            softmax_backward N * T, |$x| {
                $one.softmax_backward(&$x.a, &$x.da, &mut $x.ds, &mut $x.exponents)
            };
            weighted_sum_backward 2 * Self::ROWS, |$x| {
                $one.weighted_sum_backward(
                    &$x.a, &$x.hs, &$x.dc, Accumulate(&mut $x.da), Accumulate(&mut $x.dhs),
                )
            };
            dot_scores_backward 2 * Self::ROWS, |$x| {
                $one.dot_scores_backward(
                    &$x.h, &$x.hs, &$x.ds, Accumulate(&mut $x.dh), Accumulate(&mut $x.dhs),
                )
            };
            attention_weights_backward 2 * Self::ROWS, |$x| {
                $one.attention_weights_backward(
                    &$x.h, &$x.hs, &$x.a, &$x.da, Accumulate(&mut $x.dh), &mut $x.dhs,
                )
            };
            attention_backward 4 * Self::ROWS, |$x| {
                $one.attention_backward(
                    &$x.h, &$x.hs, &$x.a, &$x.dc, &mut $x.dh, &mut $x.dhs,
                )
            };
            attention_backward: "dhs" 3 * Self::ROWS, |$x| {
                $one.attention_backward(
                    &$x.h, &$x.hs, &$x.a, &$x.dc, Skip, Accumulate(&mut $x.dhs),
                )
            };
            cross_attention_backward 4 * Self::MANY, |$x| {
                $many.cross_attention_backward(
                    &$x.hs_dec, &$x.hs, &$x.a_dec, &$x.dc_dec, &mut $x.dhs_dec, &mut $x.dhs,
                )
            };
            cross_attention_backward: "dhs_dec" 3 * Self::MANY, |$x| {
                $many.cross_attention_backward(
                    &$x.hs_dec, &$x.hs, &$x.a_dec, &$x.dc_dec, Accumulate(&mut $x.dhs_dec), Skip,
                )
            };
            dot_product_attention_backward 4 * Self::MANY, |$x| {
                $many.dot_product_attention_backward(
                    &$x.hs_dec, &$x.hs, &$x.v, &$x.a_dec, &$x.dc_dec, &mut $x.dhs_dec,
                    &mut $x.dhs, &mut $x.dv,
                )
            };
            dot_product_attention_backward: "dv" Self::MANY, |$x| {
                $many.dot_product_attention_backward(
                    &$x.hs_dec, &$x.hs, &$x.v, &$x.a_dec, &$x.dc_dec, Skip, Skip,
                    Accumulate(&mut $x.dv),
                )
            };
        }
    };
}

impl<const N: usize, const U: usize, const T: usize, const H: usize> IntegerCall<N, U, T, H> {
    /// With all options at once.
    pub const COMBINED: &[Self] = with_options!(
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
    pub const LENGTHS: &[Self] = with_options!(
        "+lengths",
        |x| Attend::with(x.sigma, microattention::Attend::new().lengths(&x.lengths)),
        Attend::with(x.sigma, microattention::Attend::new().lengths(&x.lengths))
    );

    /// All lists.
    pub const ALL: [&[Self]; 5] = [
        Self::PLAIN,
        Self::USES,
        Self::FLOATS,
        Self::COMBINED,
        Self::LENGTHS,
    ];
}
