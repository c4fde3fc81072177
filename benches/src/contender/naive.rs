//! Index loops in `f32` with one sum for each output, and `libm`'s exponential.

use crate::function::Function;
use crate::layers::Rows;

pub struct Naive;

impl<const T: usize, const H: usize> Rows<T, H> for Naive {
    const NAME: &str = "naive";

    fn has(_: Function) -> bool {
        true
    }

    fn weighted_sum(a: &[f32; T], hs: &[[f32; H]; T], c: &mut [f32; H]) {
        for h in 0..H {
            let mut sum = 0.0;
            for t in 0..T {
                sum += a[t] * hs[t][h];
            }
            c[h] = sum;
        }
    }

    fn weighted_sum_backward(
        a: &[f32; T],
        hs: &[[f32; H]; T],
        dc: &[f32; H],
        da: &mut [f32; T],
        dhs: &mut [[f32; H]; T],
    ) {
        for t in 0..T {
            let mut sum = 0.0;
            for h in 0..H {
                sum += dc[h] * hs[t][h];
                dhs[t][h] = a[t] * dc[h];
            }
            da[t] = sum;
        }
    }

    fn dot_scores(h: &[f32; H], hs: &[[f32; H]; T], s: &mut [f32; T]) {
        for t in 0..T {
            let mut sum = 0.0;
            for i in 0..H {
                sum += hs[t][i] * h[i];
            }
            s[t] = sum;
        }
    }

    fn dot_scores_backward(
        h: &[f32; H],
        hs: &[[f32; H]; T],
        ds: &[f32; T],
        dh: &mut [f32; H],
        dhs: &mut [[f32; H]; T],
    ) {
        for i in 0..H {
            let mut sum = 0.0;
            for t in 0..T {
                sum += ds[t] * hs[t][i];
                dhs[t][i] = ds[t] * h[i];
            }
            dh[i] = sum;
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

    fn attention_backward(
        h: &[f32; H],
        hs: &[[f32; H]; T],
        a: &[f32; T],
        dc: &[f32; H],
        dh: &mut [f32; H],
        dhs: &mut [[f32; H]; T],
    ) {
        let mut ds = [0.0; T];
        for t in 0..T {
            let mut sum = 0.0;
            for i in 0..H {
                sum += dc[i] * hs[t][i];
            }
            ds[t] = sum;
        }
        <Self as Rows<T, H>>::softmax_backward(a, &mut ds);
        for i in 0..H {
            let mut sum = 0.0;
            for t in 0..T {
                sum += ds[t] * hs[t][i];
                dhs[t][i] = a[t] * dc[i] + ds[t] * h[i];
            }
            dh[i] = sum;
        }
    }

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
        let mut ds = [[0.0; T]; U];
        for u in 0..U {
            <Self as Rows<T, H>>::dot_scores(&dc[u], v, &mut ds[u]);
            <Self as Rows<T, H>>::softmax_backward(&a[u], &mut ds[u]);
            <Self as Rows<T, H>>::weighted_sum(&ds[u], k, &mut dq[u]);
        }
        for t in 0..T {
            for i in 0..H {
                let mut sum = 0.0;
                for u in 0..U {
                    sum += ds[u][t] * q[u][i];
                }
                dk[t][i] = sum;
            }
        }
        let mut dv = dv;
        for t in 0..T {
            for i in 0..H {
                let mut sum = 0.0;
                for u in 0..U {
                    sum += a[u][t] * dc[u][i];
                }
                match &mut dv {
                    Some(dv) => dv[t][i] = sum,
                    None => dk[t][i] += sum,
                }
            }
        }
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
        let max = max(x);
        let mut sum = 0.0;
        let score = x[label];
        for t in 0..T {
            x[t] = libm::expf(x[t] - max);
            sum += x[t];
        }
        for t in 0..T {
            x[t] /= sum;
        }
        x[label] -= 1.0;
        max - score + libm::logf(sum)
    }

    /// The usual online softmax: plain sums, rescaled when a larger score comes.
    fn running(s: &[f32; T], hs: &[[f32; H]; T], c: &mut [f32; H]) {
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

fn max(x: &[f32]) -> f32 {
    let mut max = f32::NEG_INFINITY;
    for t in 0..x.len() {
        if x[t] > max {
            max = x[t];
        }
    }
    max
}

/// Softmax as index loops, with the exponential `exp`.
pub fn softmax<const T: usize>(x: &mut [f32; T], exp: impl Fn(f32) -> f32) {
    let max = max(x);
    let mut sum = 0.0;
    for t in 0..T {
        x[t] = exp(x[t] - max);
        sum += x[t];
    }
    for t in 0..T {
        x[t] /= sum;
    }
}
