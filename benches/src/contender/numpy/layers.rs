//! `WeightSum`, `Softmax`, `AttentionWeight`, `Attention` and `TimeAttention`.

use super::{Array, Numpy, Step, add, multiply, repeat_elements, repeat_rows};
use super::{softmax_backward, sum_of_elements, sum_of_rows};
use crate::contender::naive;
use crate::function::Function;
use crate::layers::Layers;
use crate::problem::{Problem, Results};

/// `ar = repeat(a); t = hs * ar; c = np.sum(t, axis=1)`
fn weight_sum<const N: usize, const T: usize, const H: usize>(
    step: &mut Step,
    a: [&[f32; T]; N],
    hs: &[[[f32; H]; T]; N],
    c: [&mut [f32; H]; N],
) {
    step.ar = repeat_elements::<H>(a.into_iter().flatten());
    let t = multiply(hs.as_flattened().as_flattened(), &step.ar);
    sum_of_rows::<T, H>(&t, c.into_iter());
}

/// `dt = repeat(dc); dar = dt * hs; dhs = dt * ar; da = np.sum(dar, axis=2)`
fn weight_sum_backward<const N: usize, const T: usize, const H: usize>(
    step: &Step,
    hs: &[[[f32; H]; T]; N],
    dc: [&[f32; H]; N],
    da: &mut [[f32; T]; N],
) -> Array {
    let dt = repeat_rows::<T, H>(dc.into_iter());
    let dar = multiply(&dt, hs.as_flattened().as_flattened());
    let dhs = multiply(&dt, &step.ar);
    sum_of_elements::<H>(&dar, da.as_flattened_mut().iter_mut());
    dhs
}

/// `hr = repeat(h); t = hs * hr; s = np.sum(t, axis=2)`
fn scores<const N: usize, const T: usize, const H: usize>(
    step: &mut Step,
    h: [&[f32; H]; N],
    hs: &[[[f32; H]; T]; N],
    s: [&mut [f32; T]; N],
) {
    step.hr = repeat_rows::<T, H>(h.into_iter());
    let t = multiply(hs.as_flattened().as_flattened(), &step.hr);
    sum_of_elements::<H>(&t, s.into_iter().flatten());
}

/// `dt = repeat(ds); dhs = dt * hr; dhr = dt * hs; dh = np.sum(dhr, axis=1)`
fn scores_backward<const N: usize, const T: usize, const H: usize>(
    step: &Step,
    hs: &[[[f32; H]; T]; N],
    ds: &[[f32; T]; N],
    dh: [&mut [f32; H]; N],
) -> Array {
    let dt = repeat_elements::<H>(ds.as_flattened().iter());
    let dhs = multiply(&dt, &step.hr);
    let dhr = multiply(&dt, hs.as_flattened().as_flattened());
    sum_of_rows::<T, H>(&dhr, dh.into_iter());
    dhs
}

/// `Attention.backward`
fn attention_backward<const N: usize, const T: usize, const H: usize>(
    step: &Step,
    hs: &[[[f32; H]; T]; N],
    a: [&[f32; T]; N],
    dc: [&[f32; H]; N],
    dh: [&mut [f32; H]; N],
) -> Array {
    let mut d = [[0.0; T]; N];
    let dhs0 = weight_sum_backward(step, hs, dc, &mut d);
    for (a, d) in a.iter().zip(&mut d) {
        softmax_backward(a, d);
    }
    let dhs1 = scores_backward(step, hs, &d, dh);
    add(&dhs0, &dhs1)
}

/// A gradient into the array that all contenders write.
fn store<const N: usize, const T: usize, const H: usize>(x: &[f32], out: &mut [[[f32; H]; T]; N]) {
    out.as_flattened_mut().as_flattened_mut().copy_from_slice(x);
}

/// What `Attention` sees at each step `u` of `TimeAttention`.
macro_rules! at {
    ($batch:expr, $u:expr) => {
        $batch.each_ref().map(|x| &x[$u])
    };
    (mut $batch:expr, $u:expr) => {
        $batch.each_mut().map(|x| &mut x[$u])
    };
}

impl<const N: usize, const U: usize, const T: usize, const H: usize> Layers<N, U, T, H> for Numpy {
    const NAME: &str = "NumPy port";

    fn has(function: Function) -> bool {
        !matches!(
            function,
            Function::DotProductAttention
                | Function::DotProductAttentionBackward
                | Function::LogSoftmax
                | Function::LogSoftmaxBackward
                | Function::SoftmaxCrossEntropy
                | Function::Running
        )
    }

    fn weighted_sum(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        weight_sum(&mut self.one, p.a.each_ref(), &p.hs, r.c.each_mut());
    }

    fn weighted_sum_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let dhs = weight_sum_backward(&self.one, &p.hs, p.dc.each_ref(), &mut r.t);
        store(&dhs, &mut r.dhs);
    }

    fn dot_scores(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        scores(&mut self.one, p.h.each_ref(), &p.hs, r.t.each_mut());
    }

    fn dot_scores_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let dhs = scores_backward(&self.one, &p.hs, &p.da, r.dh.each_mut());
        store(&dhs, &mut r.dhs);
    }

    fn softmax(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        *r.t = *p.scores;
        r.t.iter_mut().for_each(|x| naive::softmax(x, f32::exp));
    }

    fn softmax_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        *r.t = *p.da;
        for n in 0..N {
            softmax_backward(&p.a[n], &mut r.t[n]);
        }
    }

    fn attention_weights(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        scores(&mut self.one, p.h.each_ref(), &p.hs, r.a.each_mut());
        r.a.iter_mut().for_each(|x| naive::softmax(x, f32::exp));
    }

    fn attention_weights_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let mut ds = *p.da;
        for n in 0..N {
            softmax_backward(&p.a[n], &mut ds[n]);
        }
        let dhs = scores_backward(&self.one, &p.hs, &ds, r.dh.each_mut());
        store(&dhs, &mut r.dhs);
    }

    fn attention(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        self.attention_weights(p, r);
        weight_sum(&mut self.one, r.a.each_ref(), &p.hs, r.c.each_mut());
    }

    fn attention_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let (a, dc) = (p.a.each_ref(), p.dc.each_ref());
        let dhs = attention_backward(&self.one, &p.hs, a, dc, r.dh.each_mut());
        store(&dhs, &mut r.dhs);
    }

    fn cross_attention(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for (u, step) in self.steps.iter_mut().enumerate() {
            scores(step, at!(p.hs_dec, u), &p.hs, at!(mut r.a_dec, u));
            r.a_dec
                .iter_mut()
                .for_each(|a| naive::softmax(&mut a[u], f32::exp));
            weight_sum(step, at!(r.a_dec, u), &p.hs, at!(mut r.c_dec, u));
        }
    }

    fn cross_attention_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let mut dhs_enc = vec![0.0; N * T * H];
        for (u, step) in self.steps.iter().enumerate() {
            let (a, dc) = (at!(p.a_dec, u), at!(p.dc_dec, u));
            let dhs = attention_backward(step, &p.hs, a, dc, at!(mut r.dhs_dec, u));
            for (sum, x) in dhs_enc.iter_mut().zip(&dhs) {
                *sum += x;
            }
        }
        store(&dhs_enc, &mut r.dhs);
    }
}
