//! The NumPy layers, line by line, with the arrays that they repeat. As in NumPy, each expression makes a
//! new array, and a layer keeps what its backward pass needs.

mod layers;

use crate::problem::Problem;

/// All elements, the last axis running fastest.
type Array = Vec<f32>;

/// What one `Attention` keeps between its passes.
struct Step {
    /// `a.reshape(N, T, 1).repeat(H, axis=2)`
    ar: Array,
    /// `h.reshape(N, 1, H).repeat(T, axis=1)`
    hr: Array,
}

pub struct Numpy {
    one: Step,
    /// Of `TimeAttention`, one for each query.
    steps: Vec<Step>,
}

impl Numpy {
    /// With what the forward passes of the problem keep.
    pub fn new<const N: usize, const U: usize, const T: usize, const H: usize>(
        p: &Problem<N, U, T, H>,
    ) -> Self {
        // The allocator then keeps memory for arrays of this size, instead of giving it back to the system
        // each time, which would cost more than what is computed.
        drop(std::hint::black_box(vec![0_u8; 24 << 20]));
        let step = |a: [&[f32; T]; N], h: [&[f32; H]; N]| Step {
            ar: repeat_elements::<H>(a.into_iter().flatten()),
            hr: repeat_rows::<T, H>(h.into_iter()),
        };
        Self {
            one: step(p.a.each_ref(), p.h.each_ref()),
            steps: (0..U)
                .map(|u| {
                    let (a, h) = (p.a_dec.each_ref(), p.hs_dec.each_ref());
                    step(a.map(|a| &a[u]), h.map(|h| &h[u]))
                })
                .collect(),
        }
    }
}

/// `x.reshape(N, T, 1).repeat(H, axis=2)`
fn repeat_elements<'x, const H: usize>(x: impl Iterator<Item = &'x f32>) -> Array {
    let mut out = Array::with_capacity(H * x.size_hint().0);
    for x in x {
        out.extend_from_slice(&[*x; H]);
    }
    out
}

/// `x.reshape(N, 1, H).repeat(T, axis=1)`
fn repeat_rows<'x, const T: usize, const H: usize>(x: impl Iterator<Item = &'x [f32; H]>) -> Array {
    let mut out = Array::with_capacity(T * H * x.size_hint().0);
    for x in x {
        for _ in 0..T {
            out.extend_from_slice(x);
        }
    }
    out
}

/// `x * y`
fn multiply(x: &[f32], y: &[f32]) -> Array {
    x.iter().zip(y).map(|(x, y)| x * y).collect()
}

/// `x + y`
fn add(x: &[f32], y: &[f32]) -> Array {
    x.iter().zip(y).map(|(x, y)| x + y).collect()
}

/// `np.sum(x, axis=1)` of an array of blocks of T rows.
fn sum_of_rows<'c, const T: usize, const H: usize>(
    x: &[f32],
    out: impl Iterator<Item = &'c mut [f32; H]>,
) {
    let rows = x.as_chunks::<H>().0;
    for (rows, out) in rows.chunks(T).zip(out) {
        out.fill(0.0);
        for x in rows {
            for (out, x) in out.iter_mut().zip(x) {
                *out += x;
            }
        }
    }
}

/// `np.sum(x, axis=2)`
fn sum_of_elements<'s, const H: usize>(x: &[f32], out: impl Iterator<Item = &'s mut f32>) {
    for (x, out) in x.as_chunks::<H>().0.iter().zip(out) {
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
