//! The NumPy layers, line by line, with the arrays that they repeat. The arrays are made once, so that
//! the price of their allocation is not counted, but they are filled at each call.

mod layers;

use crate::problem::{Problem, boxed_blocks};

type Array<const N: usize, const T: usize, const H: usize> = Box<[[[f32; H]; T]; N]>;

/// What one `Attention` keeps between its passes.
struct Step<const N: usize, const T: usize, const H: usize> {
    /// `a.reshape(N, T, 1).repeat(H, axis=2)`
    ar: Array<N, T, H>,
    /// `h.reshape(N, 1, H).repeat(T, axis=1)`
    hr: Array<N, T, H>,
}

pub struct Numpy<const N: usize, const U: usize, const T: usize, const H: usize> {
    one: Step<N, T, H>,
    /// Of `TimeAttention`, one for each query.
    steps: [Step<N, T, H>; U],
    t: Array<N, T, H>,
    dt: Array<N, T, H>,
    dhs0: Array<N, T, H>,
    dhs1: Array<N, T, H>,
    da: [[f32; T]; N],
}

impl<const N: usize, const U: usize, const T: usize, const H: usize> Numpy<N, U, T, H> {
    /// With what the forward passes of the problem keep.
    pub fn new(p: &Problem<N, U, T, H>) -> Self {
        let zeros = || boxed_blocks(|_, _, _| 0.0);
        let step = |u: usize| Step {
            ar: boxed_blocks(|n, t, _| p.a_dec[n][u][t]),
            hr: boxed_blocks(|n, _, i| p.hs_dec[n][u][i]),
        };
        Self {
            one: Step {
                ar: boxed_blocks(|n, t, _| p.a[n][t]),
                hr: boxed_blocks(|n, _, i| p.h[n][i]),
            },
            steps: std::array::from_fn(step),
            t: zeros(),
            dt: zeros(),
            dhs0: zeros(),
            dhs1: zeros(),
            da: [[0.0; T]; N],
        }
    }
}

fn repeat_over_h<const N: usize, const T: usize, const H: usize>(
    a: [&[f32; T]; N],
    out: &mut [[[f32; H]; T]; N],
) {
    for n in 0..N {
        for t in 0..T {
            out[n][t] = [a[n][t]; H];
        }
    }
}

fn repeat_over_t<const N: usize, const T: usize, const H: usize>(
    h: [&[f32; H]; N],
    out: &mut [[[f32; H]; T]; N],
) {
    for n in 0..N {
        for t in 0..T {
            out[n][t] = *h[n];
        }
    }
}

fn multiply<const N: usize, const T: usize, const H: usize>(
    x: &[[[f32; H]; T]; N],
    y: &[[[f32; H]; T]; N],
    out: &mut [[[f32; H]; T]; N],
) {
    let (x, y) = (
        x.as_flattened().as_flattened(),
        y.as_flattened().as_flattened(),
    );
    for ((out, x), y) in out
        .as_flattened_mut()
        .as_flattened_mut()
        .iter_mut()
        .zip(x)
        .zip(y)
    {
        *out = x * y;
    }
}

/// `np.sum(x, axis=1)` of one batch row.
fn sum_over_t<const T: usize, const H: usize>(x: &[[f32; H]; T], out: &mut [f32; H]) {
    out.fill(0.0);
    for x in x {
        for (out, x) in out.iter_mut().zip(x) {
            *out += x;
        }
    }
}

/// `np.sum(x, axis=2)` of one batch row.
fn sum_over_h<const T: usize, const H: usize>(x: &[[f32; H]; T], out: &mut [f32; T]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = x.iter().sum();
    }
}

/// `dx = out * dout; dx -= out * np.sum(dx)`
fn softmax_backward<const T: usize>(out: &[f32; T], d: &mut [f32; T]) {
    for t in 0..T {
        d[t] *= out[t];
    }
    let sum: f32 = d.iter().sum();
    for t in 0..T {
        d[t] -= out[t] * sum;
    }
}
