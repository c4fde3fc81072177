//! Attention beside the exact results.

use microattention::{
    Attend, attention as kernel_attention, attention_weights as kernel_attention_weights,
    cross_attention as kernel_cross_attention,
};

use super::{Flat, wide, wide_rows};
use crate::bounds::attention::Query;
use crate::climb::{Output, outputs};
use crate::double_double::DoubleDouble;
use crate::element::Element;
use crate::exact::{self, Softmax, number, numbers, rounded};

fn nan<F: Element>() -> F {
    F::of(f64::NAN)
}

impl Query {
    /// Keys that are the values too.
    pub fn plain<F: Element, const H: usize>(h: &[F; H], hs: &[[F; H]]) -> Self {
        Self {
            q: wide(h),
            k: wide_rows(hs),
            v: wide_rows(hs),
            scale: None,
            bias: None,
        }
    }

    pub fn scaled_exactly(&self, x: DoubleDouble) -> DoubleDouble {
        self.scale.map_or(x, |scale| x.times(number(scale)))
    }

    pub fn exact_scores(&self) -> Vec<DoubleDouble> {
        let q = numbers(&self.q);
        let score = |(t, k): (usize, &Vec<f64>)| {
            let s = self.scaled_exactly(exact::dot(&q, &numbers(k)));
            let bias = self.bias.as_ref().map_or(0.0, |bias| bias[t]);
            s.plus(number(bias))
        };
        self.k.iter().enumerate().map(score).collect()
    }

    fn forward<F: Element>(&self, a: &[F], c: &[F]) -> Vec<Output> {
        let exact = Softmax::new(&self.exact_scores());
        let (weights, below) = (rounded(&exact.weights), exact.below());
        let context = exact::row_sum(&exact.weights, &exact::rows(&self.v));
        let units = self.attention_weights(&weights, &below);
        let mut all: Vec<_> = outputs("a", a, &exact.weights, &units).collect();
        let units = self.attention(&weights, &below);
        all.extend(outputs("c", c, &context, &units));
        all
    }
}

pub fn attention_weights<F: Element, const T: usize, const H: usize>(x: &[F]) -> Vec<Output> {
    let mut x = Flat(x);
    let (h, hs) = (x.row::<H>(), x.rows::<T, H>());
    let mut a = [[nan(); T]];
    kernel_attention_weights(&[h], &[hs], &mut a);
    let query = Query::plain(&h, &hs);
    let exact = Softmax::new(&query.exact_scores());
    let units = query.attention_weights(&rounded(&exact.weights), &exact.below());
    outputs("a", &a[0], &exact.weights, &units).collect()
}

pub fn attention<F: Element, const T: usize, const H: usize>(x: &[F]) -> Vec<Output> {
    let mut x = Flat(x);
    let (h, hs) = (x.row::<H>(), x.rows::<T, H>());
    let (mut a, mut c) = ([[nan(); T]], [[nan(); H]]);
    kernel_attention(&[h], &[hs], &mut a, &mut c);
    Query::plain(&h, &hs).forward(&a[0], &c[0])
}

pub fn cross_attention<F: Element, const U: usize, const T: usize, const H: usize>(
    x: &[F],
) -> Vec<Output> {
    let mut x = Flat(x);
    let (h, hs) = (x.rows::<U, H>(), x.rows::<T, H>());
    let (mut a, mut c) = ([[[nan(); T]; U]], [[[nan(); H]; U]]);
    kernel_cross_attention(&[h], &[hs], &mut a, &mut c);
    let of_query = |u: usize| Query::plain(&h[u], &hs).forward(&a[0][u], &c[0][u]);
    (0..U).flat_map(of_query).collect()
}

pub fn dot_product_attention<F: Element, const T: usize, const D: usize, const E: usize>(
    x: &[F],
) -> Vec<Output> {
    let mut x = Flat(x);
    let (q, k, v) = (x.row::<D>(), x.rows::<T, D>(), x.rows::<T, E>());
    let ([scale], bias) = (x.row::<1>(), x.row::<T>());
    let (mut a, mut c) = ([[[nan(); T]]], [[[nan(); E]]]);
    let att = Attend::new().scale(scale);
    att.bias(&[bias])
        .dot_product_attention(&[[q]], &[k], &[v], &mut a, &mut c);
    let query = Query {
        q: wide(&q),
        k: wide_rows(&k),
        v: wide_rows(&v),
        scale: Some(scale.wide()),
        bias: Some(wide(&bias)),
    };
    query.forward(&a[0][0], &c[0][0])
}
