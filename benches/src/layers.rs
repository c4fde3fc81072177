//! What a contender computes: whole layers, or the work on one batch row.
#![expect(
    unused_variables,
    reason = "parameters of functions that a contender may lack"
)]

use crate::function::Function;
use crate::problem::{Problem, Results};

/// The functions on whole batches.
pub trait Layers<const N: usize, const U: usize, const T: usize, const H: usize> {
    const NAME: &str;

    /// Whether the contender has this function; if not, its method is not called.
    fn has(function: Function) -> bool;

    fn weighted_sum(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn weighted_sum_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn dot_scores(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn dot_scores_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn softmax(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn softmax_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn attention_weights(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn attention_weights_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn attention(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn attention_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn cross_attention(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn cross_attention_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn dot_product_attention(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn dot_product_attention_backward(
        &mut self,
        p: &Problem<N, U, T, H>,
        r: &mut Results<N, U, T, H>,
    ) {
        missing()
    }
    fn log_softmax(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn log_softmax_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn softmax_cross_entropy(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
    fn running(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        missing()
    }
}

/// The functions on one batch row. What is not its own is made of the others.
pub trait Rows<const T: usize, const H: usize> {
    const NAME: &str;

    fn has(function: Function) -> bool {
        !matches!(
            function,
            Function::LogSoftmax
                | Function::LogSoftmaxBackward
                | Function::SoftmaxCrossEntropy
                | Function::Running
        )
    }

    fn weighted_sum(a: &[f32; T], hs: &[[f32; H]; T], c: &mut [f32; H]) {
        missing()
    }
    fn weighted_sum_backward(
        a: &[f32; T],
        hs: &[[f32; H]; T],
        dc: &[f32; H],
        da: &mut [f32; T],
        dhs: &mut [[f32; H]; T],
    ) {
        missing()
    }
    fn dot_scores(h: &[f32; H], hs: &[[f32; H]; T], s: &mut [f32; T]) {
        missing()
    }
    fn dot_scores_backward(
        h: &[f32; H],
        hs: &[[f32; H]; T],
        ds: &[f32; T],
        dh: &mut [f32; H],
        dhs: &mut [[f32; H]; T],
    ) {
        missing()
    }
    fn softmax(x: &mut [f32; T]) {
        missing()
    }
    fn softmax_backward(a: &[f32; T], d: &mut [f32; T]) {
        missing()
    }
    fn attention_backward(
        h: &[f32; H],
        hs: &[[f32; H]; T],
        a: &[f32; T],
        dc: &[f32; H],
        dh: &mut [f32; H],
        dhs: &mut [[f32; H]; T],
    ) {
        missing()
    }

    fn attention_weights(h: &[f32; H], hs: &[[f32; H]; T], a: &mut [f32; T]) {
        Self::dot_scores(h, hs, a);
        Self::softmax(a);
    }

    fn attention_weights_backward(
        h: &[f32; H],
        hs: &[[f32; H]; T],
        a: &[f32; T],
        da: &[f32; T],
        dh: &mut [f32; H],
        dhs: &mut [[f32; H]; T],
    ) {
        let mut ds = *da;
        Self::softmax_backward(a, &mut ds);
        Self::dot_scores_backward(h, hs, &ds, dh, dhs);
    }

    /// U queries over the keys `k`, with the values `v`.
    fn queries<const U: usize>(
        q: &[[f32; H]; U],
        k: &[[f32; H]; T],
        v: &[[f32; H]; T],
        a: &mut [[f32; T]; U],
        c: &mut [[f32; H]; U],
    ) {
        for u in 0..U {
            Self::attention_weights(&q[u], k, &mut a[u]);
            Self::weighted_sum(&a[u], v, &mut c[u]);
        }
    }

    /// Without a `dv`, the values are the keys, and `dk` is the sum of both gradients.
    fn queries_backward<const U: usize>(
        q: &[[f32; H]; U],
        k: &[[f32; H]; T],
        v: &[[f32; H]; T],
        a: &[[f32; T]; U],
        dc: &[[f32; H]; U],
        dq: &mut [[f32; H]; U],
        dk: &mut [[f32; H]; T],
        dv: Option<&mut [[f32; H]; T]>,
    ) {
        missing()
    }

    fn log_softmax(_x: &mut [f32; T]) {
        missing()
    }
    fn log_softmax_backward(_y: &[f32; T], _d: &mut [f32; T]) {
        missing()
    }
    fn softmax_cross_entropy(_x: &mut [f32; T], _label: usize) -> f32 {
        missing()
    }
    fn running(_s: &[f32; T], _hs: &[[f32; H]; T], _c: &mut [f32; H]) {
        missing()
    }
}

/// A function that the contender does not have, as `has` says.
fn missing() -> ! {
    unreachable!("a function that is not there")
}
