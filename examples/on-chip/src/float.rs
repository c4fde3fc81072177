//! The model in `f32`.

use microattention::{Attend, Skip, dot_scores, dot_scores_backward, softmax_cross_entropy};

use crate::{CLASSES, FEATURES, FRAMES, Ring, UNIT, largest};

const QUERY_RATE: f32 = 1.0 / 4.0;
const WEIGHTS_RATE: f32 = 1.0 / 8.0;

/// The parameters.
#[derive(Clone, Debug)]
pub struct Model {
    query: [[f32; FEATURES]; 1],
    weights: [[[f32; FEATURES]; CLASSES]; 1],
}

/// What the forward pass leaves.
struct Activations {
    a: [[f32; FRAMES]; 1],
    c: [[f32; FEATURES]; 1],
    z: [[f32; CLASSES]; 1],
}

impl Model {
    fn forward(&self, frames: &Ring<f32>) -> Activations {
        let (mut a, mut c, mut z) = ([[0.0; FRAMES]], [[0.0; FEATURES]], [[0.0; CLASSES]]);
        let lengths = frames.length();
        let attend = Attend::new().lengths(&lengths);
        attend.attention(&self.query, frames.frames(), &mut a, &mut c);
        dot_scores(&c, &self.weights, &mut z);
        Activations { a, c, z }
    }
}

impl crate::Model for Model {
    const NAME: &str = "f32";
    const NEW: Self = Self {
        query: [[0.0; FEATURES]],
        weights: [[[0.0; FEATURES]; CLASSES]],
    };
    type Number = f32;
    const ZERO: f32 = 0.0;

    fn number(feature: i8) -> f32 {
        f32::from(feature) / f32::from(UNIT)
    }

    fn recognise(&self, frames: &Ring<f32>) -> usize {
        let [z] = self.forward(frames).z;
        largest(&z)
    }

    fn learn(&mut self, frames: &Ring<f32>, class: usize) -> u32 {
        let Activations { a, c, z } = self.forward(frames);

        let mut dz = z;
        let loss = softmax_cross_entropy(&mut dz, &[Some(class)]);
        let (mut dc, mut dweights) = ([[0.0; FEATURES]], [[[0.0; FEATURES]; CLASSES]]);
        dot_scores_backward(&c, &self.weights, &dz, &mut dc, &mut dweights);
        let mut dquery = [[0.0; FEATURES]];
        let lengths = frames.length();
        let attend = Attend::new().lengths(&lengths);
        attend.attention_backward(&self.query, frames.frames(), &a, &dc, &mut dquery, Skip);

        let ([weights], [dweights]) = (&mut self.weights, &dweights);
        descend(&mut self.query, &dquery, QUERY_RATE);
        descend(weights, dweights, WEIGHTS_RATE);
        (loss * 65536.0) as u32
    }
}

fn descend<const N: usize, const H: usize>(w: &mut [[f32; H]; N], d: &[[f32; H]; N], rate: f32) {
    for (w, d) in w.as_flattened_mut().iter_mut().zip(d.as_flattened()) {
        *w -= rate * d;
    }
}
