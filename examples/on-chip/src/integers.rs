//! The model in integers: the lines of the model in `f32`, with what a unit is worth.
//!
//! | what | one unit is worth |
//! | --- | --- |
//! | frames, `c`, parameters as they are read | 2⁻⁵ |
//! | parameters as they learn: a step is less than a unit of those above | 2⁻²¹ |
//! | `dweights` | 2⁻²⁰ |
//! | `dquery` | 2⁻²⁰ and 2^−`FRACTION` |

use microattention::Skip;
use microattention::quantized::{
    Attend, Multiplier, ScoreScale, dot_scores, dot_scores_backward, normalize, requantize,
    softmax_cross_entropy, update,
};

use crate::{CLASSES, FEATURES, FRAMES, Ring, UNIT, largest};

/// A parameter times a feature.
const SCORE: ScoreScale = ScoreScale::new(1.0 / (UNIT as f32 * UNIT as f32));
/// From the unit of a context to that of a feature.
const CONTEXT: Multiplier = Multiplier::new(1.0 / 256.0);
/// From a parameter as it learns to what is read of it.
const READ: Multiplier = Multiplier::new(1.0 / 65536.0);
/// Bits after the point in the gradient of the query.
const FRACTION: i32 = 6;
/// A rate of 1/4.
const QUERY_SHIFT: u32 = 2 + 6 - 1;
/// A rate of 1/8.
const WEIGHTS_SHIFT: u32 = 3 - 1;

/// The parameters, as they learn and as they are read.
#[derive(Clone, Debug)]
pub struct Model {
    learned_query: [[i32; FEATURES]; 1],
    learned_weights: [[i32; FEATURES]; CLASSES],
    query: [[i8; FEATURES]; 1],
    weights: [[[i8; FEATURES]; CLASSES]; 1],
}

/// What the forward pass leaves.
struct Activations {
    a: [[u16; FRAMES]; 1],
    c: [[i8; FEATURES]; 1],
    z: [[i32; CLASSES]; 1],
}

impl Model {
    fn forward(&self, frames: &Ring<i8>) -> Activations {
        let (mut a, mut c, mut z) = ([[0; FRAMES]], [[0; FEATURES]], [[0; CLASSES]]);
        let mut context = [[0; FEATURES]];
        let lengths = frames.length();
        let attend = Attend::with(SCORE, microattention::Attend::new().lengths(&lengths));
        attend.attention(&self.query, frames.frames(), &mut a, &mut context);
        requantize(&context, CONTEXT, &mut c);
        dot_scores(&c, &self.weights, &mut z);
        Activations { a, c, z }
    }
}

impl crate::Model for Model {
    const NAME: &str = "integers";
    const NEW: Self = Self {
        learned_query: [[0; FEATURES]],
        learned_weights: [[0; FEATURES]; CLASSES],
        query: [[0; FEATURES]],
        weights: [[[0; FEATURES]; CLASSES]],
    };
    type Number = i8;
    const ZERO: i8 = 0;

    fn number(feature: i8) -> i8 {
        feature
    }

    fn recognise(&self, frames: &Ring<i8>) -> usize {
        let [z] = self.forward(frames).z;
        largest(&z)
    }

    fn learn(&mut self, frames: &Ring<i8>, class: usize) -> u32 {
        let Activations { a, c, z } = self.forward(frames);

        let mut dz = [[0; CLASSES]];
        let loss = softmax_cross_entropy(SCORE, &z, &[Some(class)], &mut dz);
        let (mut sums, mut dweights) = ([[0; FEATURES]], [[[0; FEATURES]; CLASSES]]);
        dot_scores_backward(&c, &self.weights, &dz, &mut sums, &mut dweights);
        // The exponent of `dc` goes into the fraction, and `dquery` has one unit whatever it is. A fraction cannot be below
        // zero; what is left of the exponent then is undone.
        let mut dc = [[0; FEATURES]];
        let fraction = FRACTION + normalize(&sums, &mut dc);
        for dc in dc.as_flattened_mut() {
            *dc >>= -fraction.min(0);
        }
        let mut dquery = [[0; FEATURES]];
        let lengths = frames.length();
        let attend = Attend::with(SCORE, microattention::Attend::new().lengths(&lengths))
            .fraction(fraction.max(0).cast_unsigned());
        attend.attention_backward(&self.query, frames.frames(), &a, &dc, &mut dquery, Skip);

        let ([weights], [dweights]) = (&mut self.weights, &dweights);
        update(&mut self.learned_query, &dquery, QUERY_SHIFT, || {
            1 << (QUERY_SHIFT - 1)
        });
        update(&mut self.learned_weights, dweights, WEIGHTS_SHIFT, || {
            1 << (WEIGHTS_SHIFT - 1)
        });
        requantize(&self.learned_query, READ, &mut self.query);
        requantize(&self.learned_weights, READ, weights);
        loss
    }
}
