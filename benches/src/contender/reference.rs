//! What all must compute: the naive reference of the tests, in `f64`.

#[expect(dead_code, reason = "what is made of the others")]
#[path = "../../../tests/suite/naive.rs"]
mod naive;

use std::array::from_fn;

use super::{Contender, Rows};

/// Is not timed. Each step is in `f64`, and is rounded when it is done.
pub struct Reference;

impl<const T: usize, const H: usize> Contender<T, H> for Reference {
    const NAME: &str = "reference";

    fn scores<const U: usize>(q: &Rows<U, H>, k: &Rows<T, H>, s: &mut Rows<U, T>) {
        let (k, mut out) = (wide(k), [0.0; T]);
        for (q, s) in q.iter().zip(s) {
            naive::dot_scores(&q.map(f64::from), &k, &mut out);
            *s = narrow(&out);
        }
    }

    fn contexts<const U: usize>(a: &Rows<U, T>, v: &Rows<T, H>, c: &mut Rows<U, H>) {
        let (v, mut out) = (wide(v), [0.0; H]);
        for (a, c) in a.iter().zip(c) {
            naive::weighted_sum(&a.map(f64::from), &v, &mut out);
            *c = narrow(&out);
        }
    }

    fn outer<const U: usize, const ADD: bool>(a: &Rows<U, T>, q: &Rows<U, H>, d: &mut Rows<T, H>) {
        for (t, d) in d.iter_mut().enumerate() {
            let by_query = from_fn::<_, U, _>(|u| f64::from(a[u][t]));
            let mut sum = [0.0; H];
            naive::weighted_sum(&by_query, &wide(q), &mut sum);
            *d = from_fn(|i| rounded(sum[i]) + if ADD { d[i] } else { 0.0 });
        }
    }

    fn softmax(x: &mut [f32; T]) {
        let mut out = x.map(f64::from);
        naive::softmax(&mut out);
        *x = narrow(&out);
    }

    fn softmax_backward(a: &[f32; T], d: &mut [f32; T]) {
        let mut out = d.map(f64::from);
        naive::softmax_backward(&a.map(f64::from), &mut out);
        *d = narrow(&out);
    }

    fn log_softmax(x: &mut [f32; T]) {
        let scores = x.map(f64::from);
        let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let log_sum = libm::log(scores.iter().map(|x| libm::exp(x - max)).sum());
        *x = narrow(&scores.map(|x| x - max - log_sum));
    }

    fn log_softmax_backward(y: &[f32; T], d: &mut [f32; T]) {
        let sum: f64 = d.iter().map(|&d| f64::from(d)).sum();
        *d = from_fn(|t| rounded(f64::from(d[t]) - libm::exp(y[t].into()) * sum));
    }

    fn softmax_cross_entropy(x: &mut [f32; T], label: usize) -> f32 {
        let mut log = *x;
        <Self as Contender<T, H>>::log_softmax(&mut log);
        <Self as Contender<T, H>>::softmax(x);
        x[label] -= 1.0;
        -log[label]
    }

    fn running(s: &[f32; T], hs: &Rows<T, H>, c: &mut [f32; H]) {
        let mut a = *s;
        <Self as Contender<T, H>>::softmax(&mut a);
        <Self as Contender<T, H>>::weighted_sum(&a, hs, c);
    }
}

fn wide<const R: usize, const L: usize>(x: &Rows<R, L>) -> Vec<[f64; L]> {
    x.iter().map(|x| x.map(f64::from)).collect()
}

fn narrow<const L: usize>(x: &[f64; L]) -> [f32; L] {
    x.map(rounded)
}

#[expect(clippy::cast_possible_truncation, reason = "rounding is meant")]
fn rounded(x: f64) -> f32 {
    x as f32
}
