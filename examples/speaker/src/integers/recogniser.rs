//! A model that was learned in `f32`, in integers.

use super::standardise::{Standardise, X};
use super::{Activations, Parameters, Scales};
use crate::{Dataset, FEATURES, Utterance};
use core::array::from_fn;
use microattention::quantized::{Multiplier, ScoreScale, quantize, scale_of};

/// Recognises in integers throughout.
#[derive(Clone, Debug)]
pub struct Recogniser<const H: usize, const C: usize, const T: usize> {
    standardise: Standardise<FEATURES>,
    parameters: Parameters<i8, FEATURES, H, C>,
    scales: Scales,
    x: [[i8; FEATURES]; T],
    act: Activations<H, C, T>,
}

impl<const H: usize, const C: usize, const T: usize> Recogniser<H, C, T> {
    /// The model of `trainer`, with scales such that nothing saturates in the utterances of `dataset`.
    pub fn new(trainer: &mut crate::Trainer<H, C, T>, dataset: &Dataset) -> Self {
        let (mut hidden, mut context) = ([[0.0; H]], [[0.0; H]]);
        for utterance in dataset.iter() {
            let act = trainer.recognise(&utterance);
            for hs in act.hs.iter().flatten().take(utterance.frames().len()) {
                keep_largest(&mut hidden, hs);
            }
            for c in &act.c {
                keep_largest(&mut context, c);
            }
        }
        let (hidden, context) = (scale_of(&hidden), scale_of(&context));

        let crate::Parameters { w, b, q, v, e } = trainer.parameters();
        let mut parameters = Parameters::<i8, FEATURES, H, C>::zeros();
        let w = quantized_columns(w, &mut parameters.w);
        let v = quantized_columns(v, &mut parameters.v);
        let scale = scale_of(q);
        quantize(q, scale, &mut parameters.q);
        round(b.as_flattened(), X * w, parameters.b.as_flattened_mut());
        round(
            e.as_flattened(),
            context * v,
            parameters.e.as_flattened_mut(),
        );
        Self {
            standardise: Standardise::learn(
                dataset.iter().flat_map(|utterance| utterance.frames()),
            ),
            parameters,
            scales: Scales {
                hidden: Multiplier::new(X * w / hidden),
                attention: ScoreScale::new(scale * hidden),
                context: Multiplier::new(hidden / 256.0 / context),
                speakers: ScoreScale::new(context * v),
            },
            x: [[0; FEATURES]; T],
            act: Activations::zeros(),
        }
    }

    /// Recognises an utterance; `class()` of the result is the speaker, `a` the attention over the frames.
    pub fn recognise(&mut self, utterance: &Utterance) -> &Activations<H, C, T> {
        let length = self.standardise.apply(utterance.frames(), &mut self.x);
        self.parameters
            .forward(&self.scales, &self.x, length, &mut self.act);
        &self.act
    }
}

fn keep_largest<const H: usize>(largest: &mut [[f32; H]; 1], x: &[f32; H]) {
    for (largest, x) in largest.as_flattened_mut().iter_mut().zip(x) {
        *largest = largest.max(x.abs());
    }
}

/// The columns of a matrix in 8 bits, and what one unit is worth.
fn quantized_columns<const I: usize, const O: usize>(
    from: &[[[f32; O]; I]; 1],
    to: &mut [[[i8; I]; O]; 1],
) -> f32 {
    let [from] = from;
    let scale = scale_of(from);
    for (column, to) in to.as_flattened_mut().iter_mut().enumerate() {
        let input = |row: usize| from.get(row).and_then(|row| row.get(column));
        let inputs = from_fn(|row| input(row).copied().unwrap_or_default());
        quantize(&[inputs], scale, core::array::from_mut(to));
    }
    scale
}

fn round(from: &[f32], scale: f32, to: &mut [i32]) {
    for (from, to) in from.iter().zip(to) {
        *to = libm::rintf(from / scale) as i32;
    }
}
