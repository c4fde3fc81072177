//! What the functions read and write, in one value.

use core::array;

use microattention::{Float, Normalizer, Running};

/// Which keys are attended, and which is right.
pub struct Options<const N: usize, const U: usize, const T: usize> {
    pub lengths: [usize; N],
    pub offset: isize,
    pub offsets: [isize; N],
    pub back: usize,
    pub ahead: usize,
    pub mask: [[bool; T]; N],
    pub mask_dec: [[[bool; T]; U]; N],
    pub labels: [Option<usize>; N],
}

impl<const N: usize, const U: usize, const T: usize> Options<N, U, T> {
    /// Those that leave about a quarter to a half of the keys.
    pub(crate) fn new() -> Self {
        Self {
            lengths: [T / 4; N],
            offset: (T / 4).cast_signed(),
            offsets: [(T / 4).cast_signed(); N],
            back: T / 4,
            ahead: 0,
            mask: [array::from_fn(|t| t % 2 == 0); N],
            mask_dec: [array::from_fn(|u| array::from_fn(|t| (t + u) % 2 == 0)); N],
            labels: array::from_fn(|n| Some(n % T.max(1))),
        }
    }
}

/// The arguments of every call: options, inputs, what a forward pass saves, results and gradients.
pub struct Arguments<F, const N: usize, const U: usize, const T: usize, const H: usize> {
    pub options: Options<N, U, T>,
    pub bias: [[F; T]; N],
    pub bias_dec: [[[F; T]; U]; N],
    pub scale: F,

    pub h: [[F; H]; N],
    pub hs: [[[F; H]; T]; N],
    pub hs_dec: [[[F; H]; U]; N],
    /// The values, where they are not the keys.
    pub v: [[[F; H]; T]; N],
    pub score: [F; N],

    pub a: [[F; T]; N],
    pub a_dec: [[[F; T]; U]; N],
    pub normalizer: [Normalizer<F>; N],
    pub normalizer_dec: [[Normalizer<F>; U]; N],
    pub running: [Running<F, H>; N],
    pub other: [Running<F, H>; N],

    pub s: [[F; T]; N],
    pub c: [[F; H]; N],
    pub c_dec: [[[F; H]; U]; N],
    pub loss: F,

    pub dc: [[F; H]; N],
    pub dc_dec: [[[F; H]; U]; N],
    pub da: [[F; T]; N],
    pub ds: [[F; T]; N],
    pub dh: [[F; H]; N],
    pub dhs: [[[F; H]; T]; N],
    pub dhs_dec: [[[F; H]; U]; N],
    pub dv: [[[F; H]; T]; N],
    pub dbias: [[F; T]; N],
    pub dbias_dec: [[[F; T]; U]; N],
}

impl<F: Float, const N: usize, const U: usize, const T: usize, const H: usize>
    Arguments<F, N, U, T, H>
{
    /// `number`s in all that is read before it is written. Weights and what is saved come from the
    /// forward passes.
    pub fn new(mut number: impl FnMut() -> F) -> Self {
        let zero = F::default();
        Self {
            options: Options::new(),
            bias: rows(&mut number),
            bias_dec: array::from_fn(|_| rows(&mut number)),
            scale: number(),
            h: rows(&mut number),
            hs: array::from_fn(|_| rows(&mut number)),
            hs_dec: array::from_fn(|_| rows(&mut number)),
            v: array::from_fn(|_| rows(&mut number)),
            score: array::from_fn(|_| number()),
            a: [[zero; T]; N],
            a_dec: [[[zero; T]; U]; N],
            normalizer: [Normalizer::default(); N],
            normalizer_dec: [[Normalizer::default(); U]; N],
            running: array::from_fn(|_| Running::new()),
            other: array::from_fn(|_| Running::new()),
            s: [[zero; T]; N],
            c: [[zero; H]; N],
            c_dec: [[[zero; H]; U]; N],
            loss: zero,
            dc: rows(&mut number),
            dc_dec: array::from_fn(|_| rows(&mut number)),
            da: rows(&mut number),
            ds: rows(&mut number),
            dh: [[zero; H]; N],
            dhs: [[[zero; H]; T]; N],
            dhs_dec: [[[zero; H]; U]; N],
            dv: [[[zero; H]; T]; N],
            dbias: [[zero; T]; N],
            dbias_dec: [[[zero; T]; U]; N],
        }
    }
}

pub(crate) fn rows<X, const R: usize, const L: usize>(
    mut number: impl FnMut() -> X,
) -> [[X; L]; R] {
    array::from_fn(|_| array::from_fn(|_| number()))
}
