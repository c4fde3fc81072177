//! The same model in integers, for a core without a floating-point unit: recognition and learning.
//!
//! A number is an integer times what one unit is worth, one worth for each array, as `microattention::quantized` explains.
//! What the layers read, `x`, `w`, `hs`, `q`, `c` and `v`, has 8 bits. A dense layer is `dot_scores` of its input with the rows
//! of its matrix, so matrices have one row for each *output* here.

#![expect(
    clippy::cast_possible_truncation,
    reason = "what is cast fits, or is cut off before"
)]

mod recogniser;
mod standardise;
mod trainer;

pub use recogniser::Recogniser;
pub use standardise::Standardise;
pub use trainer::{Epoch, RECIPE, Recipe, Trainer};

use core::array::from_mut;
use microattention::quantized::{
    Attend, Multiplier, ScoreScale, dot_scores, dot_scores_backward, normalize, requantize,
    softmax_cross_entropy,
};
use microattention::rule::{All, And, Lengths};
use microattention::{Accumulate, Skip};

/// All that is learned, with matrices and query of type `X`: `i8` as the layers read them, `i32` as they are learned. A gradient
/// has the shape of the latter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters<X, const D: usize, const H: usize, const C: usize> {
    /// Weights of the hidden layer.
    pub w: [[[X; D]; H]; 1],
    /// Bias of the hidden layer; in units of `x·w`, where it is read.
    pub b: [[i32; H]; 1],
    /// The query of the attention.
    pub q: [[X; H]; 1],
    /// Weights of the output layer.
    pub v: [[[X; H]; C]; 1],
    /// Bias of the output layer; in units of `c·v`, where it is read.
    pub e: [[i32; C]; 1],
}

/// How many units of a layer's output one unit of its sums is.
#[derive(Clone, Copy, Debug)]
pub struct Scales {
    /// From `x·w` to `hs`.
    pub hidden: Multiplier,
    /// What `q·hs` is worth.
    pub attention: ScoreScale,
    /// From 1/256 of `hs` to `c`.
    pub context: Multiplier,
    /// What `c·v` is worth.
    pub speakers: ScoreScale,
}

/// What the forward pass of an utterance of at most `T` frames leaves: the results, and all that the backward pass needs.
#[derive(Clone, Debug)]
pub struct Activations<const H: usize, const C: usize, const T: usize> {
    /// Features of the frames; those that do not exist are neither written nor read.
    pub hs: [[[i8; H]; T]; 1],
    /// Attention over the frames in 1/65,536; zeros for those that do not exist.
    pub a: [[u16; T]; 1],
    /// The context: the utterance as one vector.
    pub c: [[i8; H]; 1],
    /// Scores of the classes.
    pub z: [[i32; C]; 1],
}

impl<const D: usize, const H: usize, const C: usize> Parameters<i8, D, H, C> {
    /// All zeros.
    #[must_use]
    pub const fn zeros() -> Self {
        Self::filled(0)
    }

    /// Fills `act` from the first `length` frames of `x`; what lies behind them is not read.
    pub fn forward<const T: usize>(
        &self,
        scales: &Scales,
        x: &[[i8; D]; T],
        length: usize,
        act: &mut Activations<H, C, T>,
    ) {
        let Activations { hs, a, c, z } = act;
        for (x, hs) in x.iter().zip(hs.as_flattened_mut()).take(length) {
            let mut y = [[0; H]];
            dot_scores(&[*x], &self.w, &mut y);
            add(y.as_flattened_mut(), self.b.as_flattened());
            for y in y.as_flattened_mut() {
                *y = (*y).max(0);
            }
            requantize(&y, scales.hidden, from_mut(hs));
        }
        let mut context = [[0; H]];
        attend(scales, &[length]).attention(&self.q, hs, a, &mut context);
        requantize(&context, scales.context, c);
        dot_scores(c, &self.v, z);
        add(z.as_flattened_mut(), self.e.as_flattened());
    }

    /// Adds the gradient of the loss of class `class` to `d`, after [`forward`](Self::forward) with the same `x` and `length`,
    /// and returns the loss in 2⁻¹⁶. `dhs` is scratch.
    #[expect(
        clippy::too_many_arguments,
        reason = "those of the model in f32, and the scales"
    )]
    pub fn backward<const T: usize>(
        &self,
        scales: &Scales,
        x: &[[i8; D]; T],
        length: usize,
        act: &Activations<H, C, T>,
        class: usize,
        dhs: &mut [[[i32; H]; T]; 1],
        d: &mut Parameters<i32, D, H, C>,
    ) -> u32 {
        let Activations { hs, a, c, z } = act;
        let mut dz = [[0; C]];
        let loss = softmax_cross_entropy(scales.speakers, z, &[Some(class)], &mut dz);
        add(d.e.as_flattened_mut(), dz.as_flattened());
        let (mut sums, mut dc) = ([[0; H]], [[0; H]]);
        dot_scores_backward(c, &self.v, &dz, &mut sums, Accumulate(&mut d.v));
        // With the exponent in the fraction, gradients of all utterances have the unit of `sums`. One below zero, which a fraction
        // cannot have, is undone.
        let exponent = normalize(&sums, &mut dc);
        for dc in dc.as_flattened_mut() {
            *dc >>= (-exponent).max(0);
        }
        attend(scales, &[length])
            .fraction(exponent.max(0).cast_unsigned())
            .attention_backward(&self.q, hs, a, &dc, Accumulate(&mut d.q), &mut *dhs);

        // In 16 units each, so that only the gravest mistakes saturate; and one unit of the layer after the other, with the frames
        // as rows, so that sums stay in registers.
        let (h, x) = ([[0; D]], core::array::from_ref(x));
        for (unit, (dw, db)) in
            d.w.as_flattened_mut()
                .iter_mut()
                .zip(d.b.as_flattened_mut())
                .enumerate()
        {
            let mut dy = [[0; T]];
            let rows = hs.as_flattened().iter().zip(dhs.as_flattened());
            for (dy, (hs, dhs)) in dy.as_flattened_mut().iter_mut().zip(rows).take(length) {
                // Neither where the `ReLU` is zero nor where its 8 bits end.
                if let (Some(1..=126), Some(&dhs)) = (hs.get(unit), dhs.get(unit)) {
                    *dy = ((dhs + 8) >> 4).clamp(i16::MIN.into(), i16::MAX.into()) as i16;
                    *db = db.saturating_add((*dy).into());
                }
            }
            attend(scales, &[length]).dot_scores_backward(
                &h,
                x,
                &dy,
                Accumulate(from_mut(dw)),
                Skip,
            );
        }
        loss
    }
}

impl<const D: usize, const H: usize, const C: usize> Parameters<i32, D, H, C> {
    /// All zeros: a gradient or a momentum before the first utterance.
    #[must_use]
    pub const fn zeros() -> Self {
        Self::filled(0)
    }

    /// The parameters as five flat slices, always in the same order.
    #[must_use]
    pub fn slices(&self) -> [&[i32]; 5] {
        let Self { w, b, q, v, e } = self;
        [
            w.as_flattened().as_flattened(),
            b.as_flattened(),
            q.as_flattened(),
            v.as_flattened().as_flattened(),
            e.as_flattened(),
        ]
    }

    /// The same five slices, to be changed.
    pub fn slices_mut(&mut self) -> [&mut [i32]; 5] {
        let Self { w, b, q, v, e } = self;
        [
            w.as_flattened_mut().as_flattened_mut(),
            b.as_flattened_mut(),
            q.as_flattened_mut(),
            v.as_flattened_mut().as_flattened_mut(),
            e.as_flattened_mut(),
        ]
    }
}

impl<X: Copy, const D: usize, const H: usize, const C: usize> Parameters<X, D, H, C> {
    const fn filled(zero: X) -> Self {
        Self {
            w: [[[zero; D]; H]],
            b: [[0; H]],
            q: [[zero; H]],
            v: [[[zero; H]; C]],
            e: [[0; C]],
        }
    }
}

impl<const H: usize, const C: usize, const T: usize> Activations<H, C, T> {
    /// Room for the forward pass.
    #[must_use]
    pub const fn zeros() -> Self {
        Self {
            hs: [[[0; H]; T]],
            a: [[0; T]],
            c: [[0; H]],
            z: [[0; C]],
        }
    }

    /// The class of the largest score, the first one of equals.
    #[must_use]
    pub fn class(&self) -> usize {
        let mut best = (0, i32::MIN);
        for (class, &z) in self.z.as_flattened().iter().enumerate() {
            if z > best.1 {
                best = (class, z);
            }
        }
        best.0
    }
}

/// Attention over the frames that exist.
fn attend<'a>(scales: &Scales, length: &'a [usize; 1]) -> Attend<And<All, Lengths<'a, 1>>> {
    Attend::with(
        scales.attention,
        microattention::Attend::new().lengths(length),
    )
}

fn add<X: Copy + Into<i32>>(to: &mut [i32], from: &[X]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = to.saturating_add(from.into());
    }
}
