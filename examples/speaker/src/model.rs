//! The model of one utterance, forward and backward.

use crate::Random;
use microattention::{
    Accumulate, Attend, Skip, softmax_cross_entropy, weighted_sum, weighted_sum_backward,
};

/// All that is learned, for `D` features, `H` hidden units and `C` classes; a gradient has the same
/// shape.
///
/// Matrices are stored with one row for each *input*, so that a dense layer is the weighted sum of
/// its rows, with the input as the weights: `microattention::weighted_sum` computes it, and
/// `weighted_sum_backward` its gradients.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters<const D: usize, const H: usize, const C: usize> {
    /// Weights of the hidden layer.
    pub w: [[[f32; H]; D]; 1],
    /// Bias of the hidden layer.
    pub b: [[f32; H]; 1],
    /// The query of the attention.
    pub q: [[f32; H]; 1],
    /// Weights of the output layer.
    pub v: [[[f32; C]; H]; 1],
    /// Bias of the output layer.
    pub e: [[f32; C]; 1],
}

/// What the forward pass of an utterance of at most `T` frames leaves: the results, and all that
/// the backward pass needs.
#[derive(Clone, Debug)]
pub struct Activations<const H: usize, const C: usize, const T: usize> {
    /// Features of the frames; those that do not exist are neither written nor read.
    pub hs: [[[f32; H]; T]; 1],
    /// Attention over the frames; zeros for those that do not exist.
    pub a: [[f32; T]; 1],
    /// The context: the utterance as one vector.
    pub c: [[f32; H]; 1],
    /// Scores of the classes; their softmax is the probabilities.
    pub z: [[f32; C]; 1],
}

impl<const D: usize, const H: usize, const C: usize> Parameters<D, H, C> {
    /// All zeros: a gradient or a moment before the first utterance.
    #[must_use]
    pub const fn zeros() -> Self {
        Self {
            w: [[[0.0; H]; D]],
            b: [[0.0; H]],
            q: [[0.0; H]],
            v: [[[0.0; C]; H]],
            e: [[0.0; C]],
        }
    }

    /// Draws the first parameters: weights of variance 2/`D` before the `ReLU` and 1/`H` after it,
    /// zeros in the biases and in the query, so that every frame counts the same at first.
    #[expect(clippy::cast_precision_loss, reason = "widths are small")]
    pub fn initialise(&mut self, random: &mut Random) {
        *self = Self::zeros();
        fill(
            self.w.as_flattened_mut().as_flattened_mut(),
            libm::sqrtf(6.0 / D as f32),
            random,
        );
        fill(
            self.v.as_flattened_mut().as_flattened_mut(),
            libm::sqrtf(3.0 / H as f32),
            random,
        );
    }

    /// The parameters as five flat slices, always in the same order.
    #[must_use]
    pub fn slices(&self) -> [&[f32]; 5] {
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
    pub fn slices_mut(&mut self) -> [&mut [f32]; 5] {
        let Self { w, b, q, v, e } = self;
        [
            w.as_flattened_mut().as_flattened_mut(),
            b.as_flattened_mut(),
            q.as_flattened_mut(),
            v.as_flattened_mut().as_flattened_mut(),
            e.as_flattened_mut(),
        ]
    }

    /// Fills `act` from the first `length` frames of `x`; what lies behind them is not read.
    pub fn forward<const T: usize>(
        &self,
        x: &[[f32; D]; T],
        length: usize,
        act: &mut Activations<H, C, T>,
    ) {
        let Activations { hs, a, c, z } = act;
        for (x, hs) in x.iter().zip(hs.as_flattened_mut()).take(length) {
            let mut y = [[0.0; H]];
            weighted_sum(&[*x], &self.w, &mut y);
            for ((hs, y), b) in hs
                .iter_mut()
                .zip(y.as_flattened())
                .zip(self.b.as_flattened())
            {
                *hs = if y + b > 0.0 { y + b } else { 0.0 };
            }
        }
        Attend::new()
            .lengths(&[length])
            .attention(&self.q, hs, a, c);
        weighted_sum(c, &self.v, z);
        add(z.as_flattened_mut(), self.e.as_flattened());
    }

    /// Adds the gradient of the loss of class `class` to `d`, after [`forward`](Self::forward) with
    /// the same `x` and `length`, and returns the loss. `dhs` is scratch.
    pub fn backward<const T: usize>(
        &self,
        x: &[[f32; D]; T],
        length: usize,
        act: &Activations<H, C, T>,
        class: usize,
        dhs: &mut [[[f32; H]; T]; 1],
        d: &mut Self,
    ) -> f32 {
        let Activations { hs, a, c, z } = act;
        let mut dz = *z;
        let loss = softmax_cross_entropy(&mut dz, &[Some(class)]);
        add(d.e.as_flattened_mut(), dz.as_flattened());
        let mut dc = [[0.0; H]];
        weighted_sum_backward(c, &self.v, &dz, &mut dc, Accumulate(&mut d.v));
        Attend::new().lengths(&[length]).attention_backward(
            &self.q,
            hs,
            a,
            &dc,
            Accumulate(&mut d.q),
            &mut *dhs,
        );

        for ((x, hs), dhs) in x
            .iter()
            .zip(hs.as_flattened())
            .zip(dhs.as_flattened())
            .take(length)
        {
            let mut dy = [*dhs];
            for (dy, hs) in dy.as_flattened_mut().iter_mut().zip(hs) {
                if *hs <= 0.0 {
                    *dy = 0.0;
                }
            }
            add(d.b.as_flattened_mut(), dy.as_flattened());
            weighted_sum_backward(&[*x], &self.w, &dy, Skip, Accumulate(&mut d.w));
        }
        loss
    }
}

impl<const H: usize, const C: usize, const T: usize> Activations<H, C, T> {
    /// Room for the forward pass.
    #[must_use]
    pub const fn zeros() -> Self {
        Self {
            hs: [[[0.0; H]; T]],
            a: [[0.0; T]],
            c: [[0.0; H]],
            z: [[0.0; C]],
        }
    }

    /// `−ln softmax(z)[class]`; NaN for a class that does not exist.
    #[must_use]
    pub fn loss(&self, class: usize) -> f32 {
        softmax_cross_entropy(&mut { self.z }, &[Some(class)])
    }

    /// The class of the largest score, the first one of equals.
    #[must_use]
    pub fn class(&self) -> usize {
        let mut best = (0, f32::NEG_INFINITY);
        for (class, &z) in self.z.as_flattened().iter().enumerate() {
            if z > best.1 {
                best = (class, z);
            }
        }
        best.0
    }
}

fn add(to: &mut [f32], from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}

fn fill(values: &mut [f32], bound: f32, random: &mut Random) {
    for value in values {
        *value = bound * random.symmetric();
    }
}
