//! What the functions read and write, in one value: of floats, and of integers.

use core::array;

use microattention::quantized::{Multiplier, ScoreScale};
use microattention::{Float, Normalizer, Running};

/// Which keys are attended.
pub struct Attended<'x, const N: usize, const U: usize, const T: usize> {
    pub lengths: &'x mut [usize; N],
    pub offset: &'x mut isize,
    pub offsets: &'x mut [isize; N],
    pub back: &'x mut usize,
    pub ahead: &'x mut usize,
    pub mask: &'x mut [[bool; T]; N],
    pub mask_dec: &'x mut [[[bool; T]; U]; N],
}

/// A struct of arguments, each with its first value, which are made in order. `..` stands for those that say
/// which keys are attended.
macro_rules! arguments {
    (
        $(#[$about:meta])*
        $name:ident<$($float:ident: $bound:path,)?> |$number:ident: $of:ty|;
        $($first:ident: $first_type:ty = $first_value:expr,)*
        ..
        $($field:ident: $type:ty = $value:expr,)*
    ) => {
        $(#[$about])*
        pub struct $name<$($float,)? const N: usize, const U: usize, const T: usize, const H: usize> {
            $(pub $first: $first_type,)*
            pub lengths: [usize; N],
            pub offset: isize,
            pub offsets: [isize; N],
            pub back: usize,
            pub ahead: usize,
            pub mask: [[bool; T]; N],
            pub mask_dec: [[[bool; T]; U]; N],
            $(pub $field: $type,)*
        }

        impl<$($float: $bound,)? const N: usize, const U: usize, const T: usize, const H: usize>
            $name<$($float,)? N, U, T, H>
        {
            /// Options that leave about a quarter to a half of the keys, and `number`s, or their upper bits, in
            /// all else that is read before it is written.
            pub fn new(mut $number: impl FnMut() -> $of) -> Self {
                Self {
                    $($first: $first_value,)*
                    lengths: [T / 4; N],
                    offset: (T / 4).cast_signed(),
                    offsets: [(T / 4).cast_signed(); N],
                    back: T / 4,
                    ahead: 0,
                    mask: [array::from_fn(|t| t % 2 == 0); N],
                    mask_dec: [array::from_fn(|u| array::from_fn(|t| (t + u) % 2 == 0)); N],
                    $($field: $value,)*
                }
            }

            pub fn attended(&mut self) -> Attended<'_, N, U, T> {
                Attended {
                    lengths: &mut self.lengths,
                    offset: &mut self.offset,
                    offsets: &mut self.offsets,
                    back: &mut self.back,
                    ahead: &mut self.ahead,
                    mask: &mut self.mask,
                    mask_dec: &mut self.mask_dec,
                }
            }
        }
    };
}

arguments! {
    /// The arguments of every call: options, inputs, what a forward pass saves, results and gradients. Weights and
    /// what is saved come from the forward passes. `v` are the values, where they are not the keys.
    Arguments<F: Float,> |number: F|;
    ..
    bias: [[F; T]; N] = rows(&mut number),
    bias_dec: [[[F; T]; U]; N] = array::from_fn(|_| rows(&mut number)),
    scale: F = number(),
    h: [[F; H]; N] = rows(&mut number),
    hs: [[[F; H]; T]; N] = array::from_fn(|_| rows(&mut number)),
    hs_dec: [[[F; H]; U]; N] = array::from_fn(|_| rows(&mut number)),
    v: [[[F; H]; T]; N] = array::from_fn(|_| rows(&mut number)),
    score: [F; N] = array::from_fn(|_| number()),
    labels: [Option<usize>; N] = array::from_fn(|n| Some(n % T.max(1))),
    a: [[F; T]; N] = [[F::default(); T]; N],
    a_dec: [[[F; T]; U]; N] = [[[F::default(); T]; U]; N],
    normalizer: [Normalizer<F>; N] = [Normalizer::default(); N],
    normalizer_dec: [[Normalizer<F>; U]; N] = [[Normalizer::default(); U]; N],
    running: [Running<F, H>; N] = array::from_fn(|_| Running::new()),
    other: [Running<F, H>; N] = array::from_fn(|_| Running::new()),
    s: [[F; T]; N] = [[F::default(); T]; N],
    c: [[F; H]; N] = [[F::default(); H]; N],
    c_dec: [[[F; H]; U]; N] = [[[F::default(); H]; U]; N],
    loss: F = F::default(),
    dc: [[F; H]; N] = rows(&mut number),
    dc_dec: [[[F; H]; U]; N] = array::from_fn(|_| rows(&mut number)),
    da: [[F; T]; N] = rows(&mut number),
    ds: [[F; T]; N] = rows(&mut number),
    dh: [[F; H]; N] = [[F::default(); H]; N],
    dhs: [[[F; H]; T]; N] = [[[F::default(); H]; T]; N],
    dhs_dec: [[[F; H]; U]; N] = [[[F::default(); H]; U]; N],
    dv: [[[F; H]; T]; N] = [[[F::default(); H]; T]; N],
    dbias: [[F; T]; N] = [[F::default(); T]; N],
    dbias_dec: [[[F; T]; U]; N] = [[[F::default(); T]; U]; N],
}

arguments! {
    /// The arguments of every call in integers. `v` are the values, where they are not the keys.
    Integers<> |number: i32|;
    sigma: ScoreScale = ScoreScale::new(0.003),
    factor: Multiplier = Multiplier::new(0.01),
    fraction: u32 = 12,
    shift: u32 = 6,
    scale: f32 = 0.5,
    ..
    labels: [Option<usize>; N] = array::from_fn(|n| Some(n % T.max(1))),
    x: [[f32; H]; N] = rows(|| (number() >> 20) as f32),
    h: [[i8; H]; N] = rows(|| (number() >> 24) as i8),
    hs: [[[i8; H]; T]; N] = array::from_fn(|_| rows(|| (number() >> 24) as i8)),
    hs_dec: [[[i8; H]; U]; N] = array::from_fn(|_| rows(|| (number() >> 24) as i8)),
    v: [[[i8; H]; T]; N] = array::from_fn(|_| rows(|| (number() >> 24) as i8)),
    s: [[i32; T]; N] = rows(|| number() >> 16),
    a: [[u16; T]; N] = rows(|| (number() >> 16) as u16),
    a_dec: [[[u16; T]; U]; N] = array::from_fn(|_| rows(|| (number() >> 16) as u16)),
    c: [[i16; H]; N] = rows(|| (number() >> 16) as i16),
    c_dec: [[[i16; H]; U]; N] = [[[0; H]; U]; N],
    loss: u32 = 0,
    dc: [[i16; H]; N] = rows(|| (number() >> 16) as i16),
    dc_dec: [[[i16; H]; U]; N] = array::from_fn(|_| rows(|| (number() >> 16) as i16)),
    da: [[i32; T]; N] = rows(&mut number),
    ds: [[i16; T]; N] = rows(|| (number() >> 16) as i16),
    exponents: [i32; N] = [0; N],
    dh: [[i32; H]; N] = rows(&mut number),
    dhs: [[[i32; H]; T]; N] = array::from_fn(|_| rows(&mut number)),
    dhs_dec: [[[i32; H]; U]; N] = array::from_fn(|_| rows(&mut number)),
    dv: [[[i32; H]; T]; N] = array::from_fn(|_| rows(&mut number)),
    w: [[i32; H]; N] = rows(&mut number),
}

fn rows<X, const R: usize, const L: usize>(mut number: impl FnMut() -> X) -> [[X; L]; R] {
    array::from_fn(|_| array::from_fn(|_| number()))
}
