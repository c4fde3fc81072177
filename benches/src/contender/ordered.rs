//! Loops in the order of summation of this crate, written plainly: eight lanes for a sum over H, the
//! order of `t` for a sum of rows. Without an exponential the results are the same bits.

use super::naive::max;
use super::{Contender, Rows};

pub struct Ordered;

impl<const T: usize, const H: usize> Contender<T, H> for Ordered {
    const NAME: &str = "ordered";

    fn scores<const U: usize>(q: &Rows<U, H>, k: &Rows<T, H>, s: &mut Rows<U, T>) {
        for u in 0..U {
            for t in 0..T {
                s[u][t] = dot(&k[t], &q[u]);
            }
        }
    }

    fn contexts<const U: usize>(a: &Rows<U, T>, v: &Rows<T, H>, c: &mut Rows<U, H>) {
        for u in 0..U {
            c[u].fill(0.0);
            for t in 0..T {
                for i in 0..H {
                    c[u][i] += a[u][t] * v[t][i];
                }
            }
        }
    }

    fn outer<const U: usize, const ADD: bool>(a: &Rows<U, T>, q: &Rows<U, H>, d: &mut Rows<T, H>) {
        for u in 0..U {
            for t in 0..T {
                for i in 0..H {
                    put(&mut d[t][i], ADD || u > 0, a[u][t] * q[u][i]);
                }
            }
        }
    }

    fn softmax(x: &mut [f32; T]) {
        let max = max(x);
        for t in 0..T {
            x[t] = libm::expf(x[t] - max);
        }
        let factor = 1.0 / sum(x);
        for t in 0..T {
            x[t] *= factor;
        }
    }

    fn softmax_backward(a: &[f32; T], d: &mut [f32; T]) {
        let sum = dot(a, d);
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
            da[t] = dot(dc, &hs[t]);
            for i in 0..H {
                dhs[t][i] = a[t] * dc[i];
            }
        }
    }

    fn dot_scores_backward(
        h: &[f32; H],
        hs: &Rows<T, H>,
        ds: &[f32; T],
        dh: &mut [f32; H],
        dhs: &mut Rows<T, H>,
    ) {
        dh.fill(0.0);
        for t in 0..T {
            for i in 0..H {
                dh[i] += ds[t] * hs[t][i];
                dhs[t][i] = ds[t] * h[i];
            }
        }
    }

    /// Both gradients of `hs` are added up for each query, before the next one's.
    fn cross_attention_backward<const U: usize>(
        q: &Rows<U, H>,
        hs: &Rows<T, H>,
        a: &Rows<U, T>,
        dc: &Rows<U, H>,
        dq: &mut Rows<U, H>,
        dhs: &mut Rows<T, H>,
    ) {
        for u in 0..U {
            let mut ds = [0.0; T];
            <Self as Contender<T, H>>::dot_scores(&dc[u], hs, &mut ds);
            <Self as Contender<T, H>>::softmax_backward(&a[u], &mut ds);
            dq[u].fill(0.0);
            for t in 0..T {
                for i in 0..H {
                    dq[u][i] += ds[t] * hs[t][i];
                    put(&mut dhs[t][i], u > 0, a[u][t] * dc[u][i] + ds[t] * q[u][i]);
                }
            }
        }
    }
}

fn put(sum: &mut f32, add: bool, x: f32) {
    *sum = if add { *sum + x } else { x };
}

fn dot(x: &[f32], y: &[f32]) -> f32 {
    let mut lanes = [0.0; 8];
    for i in 0..x.len() {
        lanes[i % 8] += x[i] * y[i];
    }
    tree(lanes)
}

/// Rows of eight in a pairwise tree, the rest to the first lanes.
fn sum(x: &[f32]) -> f32 {
    let (rows, rest) = x.as_chunks::<8>();
    let mut lanes = pairwise(rows);
    for i in 0..rest.len() {
        lanes[i] += rest[i];
    }
    tree(lanes)
}

fn pairwise(rows: &[[f32; 8]]) -> [f32; 8] {
    match rows {
        [] => [0.0; 8],
        [row] => *row,
        _ => {
            let (first, second) = rows.split_at(rows.len().next_power_of_two() / 2);
            let (mut sum, second) = (pairwise(first), pairwise(second));
            for l in 0..8 {
                sum[l] += second[l];
            }
            sum
        }
    }
}

fn tree(l: [f32; 8]) -> f32 {
    ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
}
