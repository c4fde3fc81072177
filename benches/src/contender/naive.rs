//! Index loops in `f32` with one sum for each output, and `libm`'s exponential.

use super::{Contender, Rows};

pub struct Naive;

impl<const T: usize, const H: usize> Contender<T, H> for Naive {
    const NAME: &str = "naive";

    fn scores<const U: usize>(q: &Rows<U, H>, k: &Rows<T, H>, s: &mut Rows<U, T>) {
        for u in 0..U {
            for t in 0..T {
                let mut sum = 0.0;
                for i in 0..H {
                    sum += k[t][i] * q[u][i];
                }
                s[u][t] = sum;
            }
        }
    }

    fn contexts<const U: usize>(a: &Rows<U, T>, v: &Rows<T, H>, c: &mut Rows<U, H>) {
        for u in 0..U {
            for i in 0..H {
                let mut sum = 0.0;
                for t in 0..T {
                    sum += a[u][t] * v[t][i];
                }
                c[u][i] = sum;
            }
        }
    }

    fn outer<const U: usize, const ADD: bool>(a: &Rows<U, T>, q: &Rows<U, H>, d: &mut Rows<T, H>) {
        for t in 0..T {
            for i in 0..H {
                let mut sum = 0.0;
                for u in 0..U {
                    sum += a[u][t] * q[u][i];
                }
                d[t][i] = if ADD { d[t][i] + sum } else { sum };
            }
        }
    }

    fn softmax(x: &mut [f32; T]) {
        softmax(x, libm::expf);
    }

    fn softmax_backward(a: &[f32; T], d: &mut [f32; T]) {
        let mut sum = 0.0;
        for t in 0..T {
            sum += a[t] * d[t];
        }
        for t in 0..T {
            d[t] = a[t] * (d[t] - sum);
        }
    }

    fn weighted_sum_backward(
        a: &[f32; T],
        hs: &Rows<T, H>,
        dc: &[f32; H],
        da: &mut [f32; T],
        dhs: &mut Rows<T, H>,
    ) {
        for t in 0..T {
            let mut sum = 0.0;
            for i in 0..H {
                sum += dc[i] * hs[t][i];
                dhs[t][i] = a[t] * dc[i];
            }
            da[t] = sum;
        }
    }

    fn attention_backward(
        h: &[f32; H],
        hs: &Rows<T, H>,
        a: &[f32; T],
        dc: &[f32; H],
        dh: &mut [f32; H],
        dhs: &mut Rows<T, H>,
    ) {
        let mut ds = [0.0; T];
        <Self as Contender<T, H>>::dot_scores(dc, hs, &mut ds);
        <Self as Contender<T, H>>::softmax_backward(a, &mut ds);
        for i in 0..H {
            let mut sum = 0.0;
            for t in 0..T {
                sum += ds[t] * hs[t][i];
                dhs[t][i] = a[t] * dc[i] + ds[t] * h[i];
            }
            dh[i] = sum;
        }
    }

    fn score_gradients<const U: usize>(
        k: &Rows<T, H>,
        v: &Rows<T, H>,
        a: &Rows<U, T>,
        dc: &Rows<U, H>,
        dq: &mut Rows<U, H>,
    ) -> Rows<U, T> {
        let mut ds = [[0.0; T]; U];
        for u in 0..U {
            <Self as Contender<T, H>>::dot_scores(&dc[u], v, &mut ds[u]);
            <Self as Contender<T, H>>::softmax_backward(&a[u], &mut ds[u]);
            <Self as Contender<T, H>>::weighted_sum(&ds[u], k, &mut dq[u]);
        }
        ds
    }

    fn log_softmax(x: &mut [f32; T]) {
        let max = max(x);
        let mut sum = 0.0;
        for t in 0..T {
            sum += libm::expf(x[t] - max);
        }
        let log_sum = libm::logf(sum);
        for t in 0..T {
            x[t] = x[t] - max - log_sum;
        }
    }

    fn log_softmax_backward(y: &[f32; T], d: &mut [f32; T]) {
        let mut sum = 0.0;
        for t in 0..T {
            sum += d[t];
        }
        for t in 0..T {
            d[t] -= libm::expf(y[t]) * sum;
        }
    }

    fn softmax_cross_entropy(x: &mut [f32; T], label: usize) -> f32 {
        let (max, score) = (max(x), x[label]);
        let sum = softmax(x, libm::expf);
        x[label] -= 1.0;
        max - score + libm::logf(sum)
    }

    /// The usual online softmax: plain sums, rescaled when a larger score comes.
    fn running(s: &[f32; T], hs: &Rows<T, H>, c: &mut [f32; H]) {
        let (mut max, mut sum) = (f32::NEG_INFINITY, 0.0);
        c.fill(0.0);
        for t in 0..T {
            if s[t] > max {
                let factor = libm::expf(max - s[t]);
                max = s[t];
                sum *= factor;
                for i in 0..H {
                    c[i] *= factor;
                }
            }
            let weight = libm::expf(s[t] - max);
            sum += weight;
            for i in 0..H {
                c[i] += weight * hs[t][i];
            }
        }
        for i in 0..H {
            c[i] /= sum;
        }
    }
}

/// The softmax with std's exponential instead of `libm`'s.
pub struct StdExp;

impl<const T: usize, const H: usize> Contender<T, H> for StdExp {
    const NAME: &str = "std exp";

    fn softmax(x: &mut [f32; T]) {
        softmax(x, f32::exp);
    }
}

/// Softmax as index loops, with the exponential `exp`; returns the sum of the exponentials.
pub fn softmax<const T: usize>(x: &mut [f32; T], exp: impl Fn(f32) -> f32) -> f32 {
    let max = max(x);
    let mut sum = 0.0;
    for t in 0..T {
        x[t] = exp(x[t] - max);
        sum += x[t];
    }
    for t in 0..T {
        x[t] /= sum;
    }
    sum
}

pub fn max(x: &[f32]) -> f32 {
    let mut max = f32::NEG_INFINITY;
    for t in 0..x.len() {
        if x[t] > max {
            max = x[t];
        }
    }
    max
}
