//! A layer of one's own: frames are pooled by attention with a learned query, and a learned vector
//! reads one number from the result.
//!
//! ```text
//! a = softmax_t( query·frame[t] )              over the frames that exist
//! y = read · Σ_t a[t]·frame[t]
//! ```
//!
//! It is `no_std`, takes `f32` or `f64`, any width and any number of frames, and learns where it runs.
//!
//! ```
//! use pooling::Pooling;
//!
//! let mut pooling = Pooling::<f32, 2>::new();
//! let frames = [[1.0, 0.5], [0.0, -1.0], [0.0, 0.0]]; // two of them, and room for a third
//! for _ in 0..100 {
//!     pooling.learn(&frames, 2, 0.7, 0.1);
//! }
//! assert!((pooling.predict(&frames, 2) - 0.7).abs() < 0.01);
//! ```

#![no_std]

use core::array::{from_mut, from_ref};

use microattention::{Attend, Float, Skip, dot_scores, dot_scores_backward};

/// The layer and its parameters, `H` numbers a frame.
#[derive(Clone, Debug)]
pub struct Pooling<F, const H: usize> {
    query: [F; H],
    read: [F; H],
}

impl<F: Float, const H: usize> Pooling<F, H> {
    /// Parameters to start from: a query that likes all frames equally.
    #[must_use]
    pub fn new() -> Self {
        Self {
            query: [F::default(); H],
            read: [F::from(1) / F::from(4); H],
        }
    }

    /// The number that the layer reads from the first `length` frames.
    pub fn predict<const T: usize>(&self, frames: &[[F; H]; T], length: usize) -> F {
        self.forward(frames, length).2
    }

    /// The attention weights of the frames.
    pub fn weights<const T: usize>(&self, frames: &[[F; H]; T], length: usize) -> [F; T] {
        self.forward(frames, length).0
    }

    /// Takes a step of gradient descent towards `target`, and returns the prediction before it.
    pub fn learn<const T: usize>(
        &mut self,
        frames: &[[F; H]; T],
        length: usize,
        target: F,
        rate: F,
    ) -> F {
        let (a, c, y) = self.forward(frames, length);
        // The gradient of ½·(y − target)².
        let dy = [[y - target]];
        let (mut dc, mut dread) = ([[F::default(); H]], [[[F::default(); H]; 1]]);
        dot_scores_backward(&[c], &[[self.read]], &dy, &mut dc, &mut dread);
        let mut dquery = [F::default(); H];
        Attend::new().lengths(&[length]).attention_backward(
            from_ref(&self.query),
            from_ref(frames),
            &[a],
            &dc,
            from_mut(&mut dquery),
            Skip,
        );
        descend(&mut self.query, &dquery, rate);
        descend(&mut self.read, &dread[0][0], rate);
        y
    }

    fn forward<const T: usize>(&self, frames: &[[F; H]; T], length: usize) -> ([F; T], [F; H], F) {
        let (mut a, mut c, mut y) = ([F::default(); T], [F::default(); H], [[F::default()]]);
        let lengths = [length];
        let attend = Attend::new().lengths(&lengths);
        let (query, frames) = (from_ref(&self.query), from_ref(frames));
        attend.attention(query, frames, from_mut(&mut a), from_mut(&mut c));
        dot_scores(from_ref(&c), &[[self.read]], &mut y);
        (a, c, y[0][0])
    }
}

impl<F: Float, const H: usize> Default for Pooling<F, H> {
    fn default() -> Self {
        Self::new()
    }
}

fn descend<F: Float, const H: usize>(parameters: &mut [F; H], gradient: &[F; H], rate: F) {
    for (parameter, &gradient) in parameters.iter_mut().zip(gradient) {
        *parameter += -(rate * gradient);
    }
}
