//! Who computes the functions besides this crate: the NumPy port on whole batches, the others on one
//! batch row.

mod embedded_nn;
mod matrixmultiply;
mod naive;
mod nalgebra;
mod ndarray;
mod numpy;
mod ordered;
mod reference;

use std::array::{from_mut, from_ref};

pub use embedded_nn::EmbeddedNn;
pub use matrixmultiply::Matrixmultiply;
pub use naive::{Naive, StdExp};
pub use nalgebra::Nalgebra;
pub use ndarray::Ndarray;
pub use numpy::Numpy;
pub use ordered::Ordered;
pub use reference::Reference;

/// `R` rows of `L` elements.
pub type Rows<const R: usize, const L: usize> = [[f32; L]; R];

/// The functions on one batch row. All are made of the first five, unless a contender has its own way.
#[expect(unused_variables, reason = "parameters of what a contender may lack")]
pub trait Contender<const T: usize, const H: usize> {
    const NAME: &str;

    /// `s = q·kᵀ`
    fn scores<const U: usize>(q: &Rows<U, H>, k: &Rows<T, H>, s: &mut Rows<U, T>) {
        missing()
    }

    /// `c = a·v`
    fn contexts<const U: usize>(a: &Rows<U, T>, v: &Rows<T, H>, c: &mut Rows<U, H>) {
        missing()
    }

    /// `d = aᵀ·q`, or with `ADD` that and what `d` was.
    fn outer<const U: usize, const ADD: bool>(a: &Rows<U, T>, q: &Rows<U, H>, d: &mut Rows<T, H>) {
        missing()
    }

    fn softmax(x: &mut [f32; T]);

    fn softmax_backward(a: &[f32; T], d: &mut [f32; T]) {
        missing()
    }

    fn weighted_sum(a: &[f32; T], hs: &Rows<T, H>, c: &mut [f32; H]) {
        Self::contexts(from_ref(a), hs, from_mut(c));
    }

    fn weighted_sum_backward(
        a: &[f32; T],
        hs: &Rows<T, H>,
        dc: &[f32; H],
        da: &mut [f32; T],
        dhs: &mut Rows<T, H>,
    ) {
        Self::dot_scores(dc, hs, da);
        Self::outer::<1, false>(from_ref(a), from_ref(dc), dhs);
    }

    fn dot_scores(h: &[f32; H], hs: &Rows<T, H>, s: &mut [f32; T]) {
        Self::scores(from_ref(h), hs, from_mut(s));
    }

    fn dot_scores_backward(
        h: &[f32; H],
        hs: &Rows<T, H>,
        ds: &[f32; T],
        dh: &mut [f32; H],
        dhs: &mut Rows<T, H>,
    ) {
        Self::weighted_sum(ds, hs, dh);
        Self::outer::<1, false>(from_ref(ds), from_ref(h), dhs);
    }

    fn attention_weights(h: &[f32; H], hs: &Rows<T, H>, a: &mut [f32; T]) {
        Self::dot_scores(h, hs, a);
        Self::softmax(a);
    }

    fn attention_weights_backward(
        h: &[f32; H],
        hs: &Rows<T, H>,
        a: &[f32; T],
        da: &[f32; T],
        dh: &mut [f32; H],
        dhs: &mut Rows<T, H>,
    ) {
        let mut ds = *da;
        Self::softmax_backward(a, &mut ds);
        Self::dot_scores_backward(h, hs, &ds, dh, dhs);
    }

    fn attention(h: &[f32; H], hs: &Rows<T, H>, a: &mut [f32; T], c: &mut [f32; H]) {
        Self::attention_weights(h, hs, a);
        Self::weighted_sum(a, hs, c);
    }

    fn attention_backward(
        h: &[f32; H],
        hs: &Rows<T, H>,
        a: &[f32; T],
        dc: &[f32; H],
        dh: &mut [f32; H],
        dhs: &mut Rows<T, H>,
    ) {
        let (h, a, dc, dh) = (from_ref(h), from_ref(a), from_ref(dc), from_mut(dh));
        Self::cross_attention_backward(h, hs, a, dc, dh, dhs);
    }

    fn cross_attention<const U: usize>(
        q: &Rows<U, H>,
        hs: &Rows<T, H>,
        a: &mut Rows<U, T>,
        c: &mut Rows<U, H>,
    ) {
        Self::dot_product_attention(q, hs, hs, a, c);
    }

    fn cross_attention_backward<const U: usize>(
        q: &Rows<U, H>,
        hs: &Rows<T, H>,
        a: &Rows<U, T>,
        dc: &Rows<U, H>,
        dq: &mut Rows<U, H>,
        dhs: &mut Rows<T, H>,
    ) {
        let ds = Self::score_gradients(hs, hs, a, dc, dq);
        Self::outer::<U, false>(&ds, q, dhs);
        Self::outer::<U, true>(a, dc, dhs);
    }

    fn dot_product_attention<const U: usize>(
        q: &Rows<U, H>,
        k: &Rows<T, H>,
        v: &Rows<T, H>,
        a: &mut Rows<U, T>,
        c: &mut Rows<U, H>,
    ) {
        Self::scores(q, k, a);
        a.iter_mut().for_each(Self::softmax);
        Self::contexts(a, v, c);
    }

    fn dot_product_attention_backward<const U: usize>(
        q: &Rows<U, H>,
        k: &Rows<T, H>,
        v: &Rows<T, H>,
        a: &Rows<U, T>,
        dc: &Rows<U, H>,
        dq: &mut Rows<U, H>,
        dk: &mut Rows<T, H>,
        dv: &mut Rows<T, H>,
    ) {
        let ds = Self::score_gradients(k, v, a, dc, dq);
        Self::outer::<U, false>(&ds, q, dk);
        Self::outer::<U, false>(a, dc, dv);
    }

    /// `ds`, which it returns, and `dq`.
    fn score_gradients<const U: usize>(
        k: &Rows<T, H>,
        v: &Rows<T, H>,
        a: &Rows<U, T>,
        dc: &Rows<U, H>,
        dq: &mut Rows<U, H>,
    ) -> Rows<U, T> {
        let mut ds = [[0.0; T]; U];
        Self::scores(dc, v, &mut ds);
        for (a, ds) in a.iter().zip(&mut ds) {
            Self::softmax_backward(a, ds);
        }
        Self::contexts(&ds, k, dq);
        ds
    }

    fn log_softmax(x: &mut [f32; T]) {
        missing()
    }

    fn log_softmax_backward(y: &[f32; T], d: &mut [f32; T]) {
        missing()
    }

    /// The loss; `x` becomes its gradient.
    fn softmax_cross_entropy(x: &mut [f32; T], label: usize) -> f32 {
        missing()
    }

    /// The context of a stream.
    fn running(s: &[f32; T], hs: &Rows<T, H>, c: &mut [f32; H]) {
        missing()
    }
}

/// A function that the contender does not have, and that no table lists.
fn missing() -> ! {
    unreachable!("a function that is not there")
}
