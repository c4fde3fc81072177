//! The NumPy layers, line by line, with the arrays that they repeat. As in NumPy, each expression makes a
//! new array, and a layer keeps what its backward pass needs.

use std::array::from_fn;
use std::hint::black_box;

use super::naive;
use crate::problem::{Problem, Results};

/// All elements, the last axis running fastest.
type Array = Vec<f32>;

/// `WeightSum`, `Softmax`, `AttentionWeight` and `Attention`.
struct Attention<const T: usize, const H: usize> {
    /// `a.reshape(N, T, 1).repeat(H, axis=2)`
    ar: Array,
    /// `h.reshape(N, 1, H).repeat(T, axis=1)`
    hr: Array,
}

impl<const T: usize, const H: usize> Attention<T, H> {
    /// After a forward pass.
    fn after(a: &[f32], h: &[f32]) -> Self {
        Self {
            ar: repeat_elements::<H>(a),
            hr: repeat_rows::<T, H>(h),
        }
    }

    /// `ar = repeat(a); t = hs * ar; c = np.sum(t, axis=1)`
    fn weighted_sum(&mut self, a: &[f32], hs: &[f32], c: &mut [f32]) {
        self.ar = repeat_elements::<H>(a);
        let t = multiply(hs, &self.ar);
        sum_of_rows::<T, H>(&t, c);
    }

    /// `dt = repeat(dc); dar = dt * hs; dhs = dt * ar; da = np.sum(dar, axis=2)`
    fn weighted_sum_backward(&self, hs: &[f32], dc: &[f32], da: &mut [f32]) -> Array {
        let dt = repeat_rows::<T, H>(dc);
        let dar = multiply(&dt, hs);
        let dhs = multiply(&dt, &self.ar);
        sum_of_elements::<H>(&dar, da);
        dhs
    }

    /// `hr = repeat(h); t = hs * hr; s = np.sum(t, axis=2)`
    fn scores(&mut self, h: &[f32], hs: &[f32], s: &mut [f32]) {
        self.hr = repeat_rows::<T, H>(h);
        let t = multiply(hs, &self.hr);
        sum_of_elements::<H>(&t, s);
    }

    /// `dt = repeat(ds); dhs = dt * hr; dhr = dt * hs; dh = np.sum(dhr, axis=1)`
    fn scores_backward(&self, hs: &[f32], ds: &[f32], dh: &mut [f32]) -> Array {
        let dt = repeat_elements::<H>(ds);
        let dhs = multiply(&dt, &self.hr);
        let dhr = multiply(&dt, hs);
        sum_of_rows::<T, H>(&dhr, dh);
        dhs
    }

    fn attention(&mut self, h: &[f32], hs: &[f32], a: &mut [f32], c: &mut [f32]) {
        self.scores(h, hs, a);
        softmax::<T>(a);
        self.weighted_sum(a, hs, c);
    }

    fn attention_backward(&self, hs: &[f32], a: &[f32], dc: &[f32], dh: &mut [f32]) -> Array {
        let mut d = vec![0.0; a.len()];
        let dhs0 = self.weighted_sum_backward(hs, dc, &mut d);
        softmax_backward::<T>(a, &mut d);
        let dhs1 = self.scores_backward(hs, &d, dh);
        dhs0.iter().zip(&dhs1).map(|(x, y)| x + y).collect()
    }
}

/// One layer, and of `TimeAttention` one for each query.
pub struct Numpy<const N: usize, const U: usize, const T: usize, const H: usize> {
    one: Attention<T, H>,
    steps: [Attention<T, H>; U],
}

#[expect(clippy::unused_self, reason = "all are called in the same way")]
impl<const N: usize, const U: usize, const T: usize, const H: usize> Numpy<N, U, T, H> {
    /// With what the forward passes of the problem keep.
    pub fn new(p: &Problem<N, U, T, H>) -> Self {
        // The allocator then keeps memory for arrays of this size, instead of giving it back to the system
        // each time, which would cost more than what is computed.
        drop(black_box(vec![0_u8; 24 << 20]));
        Self {
            one: Attention::after(p.a.flat(), p.h.flat()),
            steps: from_fn(|u| {
                let (a, h) = (at(&p.a_dec, u), at(&p.hs_dec, u));
                Attention::after(a.as_flattened(), h.as_flattened())
            }),
        }
    }

    pub fn weighted_sum(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        self.one
            .weighted_sum(p.a.flat(), p.hs.flat(), r.c.flat_mut());
    }

    pub fn weighted_sum_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let one = &self.one;
        let dhs = one.weighted_sum_backward(p.hs.flat(), p.dc.flat(), r.t.flat_mut());
        r.dhs.flat_mut().copy_from_slice(&dhs);
    }

    pub fn dot_scores(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        self.one.scores(p.h.flat(), p.hs.flat(), r.t.flat_mut());
    }

    pub fn dot_scores_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let one = &self.one;
        let dhs = one.scores_backward(p.hs.flat(), p.da.flat(), r.dh.flat_mut());
        r.dhs.flat_mut().copy_from_slice(&dhs);
    }

    pub fn softmax(&mut self, _: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        softmax::<T>(r.t.flat_mut());
    }

    pub fn softmax_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        softmax_backward::<T>(p.a.flat(), r.t.flat_mut());
    }

    pub fn attention_weights(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        self.one.scores(p.h.flat(), p.hs.flat(), r.a.flat_mut());
        softmax::<T>(r.a.flat_mut());
    }

    pub fn attention_weights_backward(
        &mut self,
        p: &Problem<N, U, T, H>,
        r: &mut Results<N, U, T, H>,
    ) {
        let mut ds = p.da.flat().to_vec();
        softmax_backward::<T>(p.a.flat(), &mut ds);
        let dhs = self.one.scores_backward(p.hs.flat(), &ds, r.dh.flat_mut());
        r.dhs.flat_mut().copy_from_slice(&dhs);
    }

    pub fn attention(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let (h, hs, a, c) = (p.h.flat(), p.hs.flat(), r.a.flat_mut(), r.c.flat_mut());
        self.one.attention(h, hs, a, c);
    }

    pub fn attention_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let (hs, a, dc, dh) = (p.hs.flat(), p.a.flat(), p.dc.flat(), r.dh.flat_mut());
        let dhs = self.one.attention_backward(hs, a, dc, dh);
        r.dhs.flat_mut().copy_from_slice(&dhs);
    }

    pub fn cross_attention(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for (u, step) in self.steps.iter_mut().enumerate() {
            let (h, mut a, mut c) = (at(&p.hs_dec, u), [[0.0; T]; N], [[0.0; H]; N]);
            let (hs, flat_a) = (p.hs.flat(), a.as_flattened_mut());
            step.attention(h.as_flattened(), hs, flat_a, c.as_flattened_mut());
            for n in 0..N {
                (r.a_dec[n][u], r.c_dec[n][u]) = (a[n], c[n]);
            }
        }
    }

    pub fn cross_attention_backward(
        &mut self,
        p: &Problem<N, U, T, H>,
        r: &mut Results<N, U, T, H>,
    ) {
        let mut dhs_enc = vec![0.0; N * T * H];
        for (u, step) in self.steps.iter().enumerate() {
            let (a, dc, mut dh) = (at(&p.a_dec, u), at(&p.dc_dec, u), [[0.0; H]; N]);
            let (a, dc, hs) = (a.as_flattened(), dc.as_flattened(), p.hs.flat());
            let dhs = step.attention_backward(hs, a, dc, dh.as_flattened_mut());
            for (sum, x) in dhs_enc.iter_mut().zip(&dhs) {
                *sum += x;
            }
            for n in 0..N {
                r.dhs_dec[n][u] = dh[n];
            }
        }
        r.dhs.flat_mut().copy_from_slice(&dhs_enc);
    }
}

/// `x[:, u]`
fn at<const N: usize, const U: usize, const L: usize>(
    x: &[[[f32; L]; U]; N],
    u: usize,
) -> [[f32; L]; N] {
    from_fn(|n| x[n][u])
}

/// `x.reshape(N, T, 1).repeat(H, axis=2)`
fn repeat_elements<const H: usize>(x: &[f32]) -> Array {
    let mut out = Array::with_capacity(H * x.len());
    for x in x {
        out.extend_from_slice(&[*x; H]);
    }
    out
}

/// `x.reshape(N, 1, H).repeat(T, axis=1)`
fn repeat_rows<const T: usize, const H: usize>(x: &[f32]) -> Array {
    let mut out = Array::with_capacity(T * x.len());
    for x in x.as_chunks::<H>().0 {
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

/// `np.sum(x, axis=1)` of an array of blocks of T rows.
fn sum_of_rows<const T: usize, const H: usize>(x: &[f32], out: &mut [f32]) {
    let (rows, out) = (x.as_chunks::<H>().0, out.as_chunks_mut::<H>().0);
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
fn sum_of_elements<const H: usize>(x: &[f32], out: &mut [f32]) {
    for (x, out) in x.as_chunks::<H>().0.iter().zip(out) {
        *out = x.iter().sum();
    }
}

fn softmax<const T: usize>(x: &mut [f32]) {
    for x in x.as_chunks_mut::<T>().0 {
        naive::softmax(x, f32::exp);
    }
}

/// `dx = out * dout; dx -= out * np.sum(dx)`
fn softmax_backward<const T: usize>(out: &[f32], d: &mut [f32]) {
    let rows = out.as_chunks::<T>().0.iter().zip(d.as_chunks_mut::<T>().0);
    for (out, d) in rows {
        for t in 0..T {
            d[t] *= out[t];
        }
        let sum: f32 = d.iter().sum();
        for t in 0..T {
            d[t] -= out[t] * sum;
        }
    }
}
