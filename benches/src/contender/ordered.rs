//! Loops in the order of summation of this crate, written plainly: eight lanes for a sum over H, the
//! order of `t` for a sum of rows. Without an exponential the results are the same bits.

use crate::layers::Rows;

pub struct Ordered;

impl<const T: usize, const H: usize> Rows<T, H> for Ordered {
    const NAME: &str = "ordered";

    fn weighted_sum(a: &[f32; T], hs: &[[f32; H]; T], c: &mut [f32; H]) {
        c.fill(0.0);
        for t in 0..T {
            for h in 0..H {
                c[h] += a[t] * hs[t][h];
            }
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
            da[t] = dot(dc, &hs[t]);
            for h in 0..H {
                dhs[t][h] = a[t] * dc[h];
            }
        }
    }

    fn dot_scores(h: &[f32; H], hs: &[[f32; H]; T], s: &mut [f32; T]) {
        for t in 0..T {
            s[t] = dot(&hs[t], h);
        }
    }

    fn dot_scores_backward(
        h: &[f32; H],
        hs: &[[f32; H]; T],
        ds: &[f32; T],
        dh: &mut [f32; H],
        dhs: &mut [[f32; H]; T],
    ) {
        dh.fill(0.0);
        for t in 0..T {
            for i in 0..H {
                dh[i] += ds[t] * hs[t][i];
                dhs[t][i] = ds[t] * h[i];
            }
        }
    }

    fn softmax(x: &mut [f32; T]) {
        let mut max = f32::NEG_INFINITY;
        for t in 0..T {
            if x[t] > max {
                max = x[t];
            }
        }
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

    fn attention_backward(
        h: &[f32; H],
        hs: &[[f32; H]; T],
        a: &[f32; T],
        dc: &[f32; H],
        dh: &mut [f32; H],
        dhs: &mut [[f32; H]; T],
    ) {
        let mut ds = [0.0; T];
        <Self as Rows<T, H>>::dot_scores(dc, hs, &mut ds);
        <Self as Rows<T, H>>::softmax_backward(a, &mut ds);
        dh.fill(0.0);
        for t in 0..T {
            for i in 0..H {
                dh[i] += ds[t] * hs[t][i];
                dhs[t][i] = a[t] * dc[i] + ds[t] * h[i];
            }
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
        mut dv: Option<&mut [[f32; H]; T]>,
    ) {
        for u in 0..U {
            let mut ds = [0.0; T];
            <Self as Rows<T, H>>::dot_scores(&dc[u], v, &mut ds);
            <Self as Rows<T, H>>::softmax_backward(&a[u], &mut ds);
            dq[u].fill(0.0);
            for t in 0..T {
                for i in 0..H {
                    dq[u][i] += ds[t] * k[t][i];
                    let (of_key, of_value) = (ds[t] * q[u][i], a[u][t] * dc[u][i]);
                    match &mut dv {
                        Some(dv) => {
                            put(&mut dk[t][i], u, of_key);
                            put(&mut dv[t][i], u, of_value);
                        }
                        None => put(&mut dk[t][i], u, of_value + of_key),
                    }
                }
            }
        }
    }
}

/// The first query writes, the others add.
fn put(sum: &mut f32, u: usize, x: f32) {
    if u == 0 {
        *sum = x;
    } else {
        *sum += x;
    }
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
