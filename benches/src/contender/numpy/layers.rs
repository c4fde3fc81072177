//! `WeightSum`, `Softmax`, `AttentionWeight`, `Attention` and `TimeAttention`.

use super::{Numpy, Step, multiply, repeat_over_h, repeat_over_t, softmax_backward};
use super::{sum_over_h, sum_over_t};
use crate::contender::naive;
use crate::function::Function;
use crate::layers::Layers;
use crate::problem::{Problem, Results};

type Block<const N: usize, const T: usize, const H: usize> = [[[f32; H]; T]; N];

/// `ar = repeat(a); t = hs * ar; c = np.sum(t, axis=1)`
fn weight_sum<const N: usize, const T: usize, const H: usize>(
    step: &mut Step<N, T, H>,
    t: &mut Block<N, T, H>,
    a: [&[f32; T]; N],
    hs: &Block<N, T, H>,
    c: [&mut [f32; H]; N],
) {
    repeat_over_h(a, &mut step.ar);
    multiply(hs, &step.ar, t);
    for (t, c) in t.iter().zip(c) {
        sum_over_t(t, c);
    }
}

/// `dt = repeat(dc); dar = dt * hs; dhs = dt * ar; da = np.sum(dar, axis=2)`
fn weight_sum_backward<const N: usize, const T: usize, const H: usize>(
    step: &Step<N, T, H>,
    (dt, dar): (&mut Block<N, T, H>, &mut Block<N, T, H>),
    hs: &Block<N, T, H>,
    dc: [&[f32; H]; N],
    da: &mut [[f32; T]; N],
    dhs: &mut Block<N, T, H>,
) {
    repeat_over_t(dc, dt);
    multiply(dt, hs, dar);
    multiply(dt, &step.ar, dhs);
    for (dar, da) in dar.iter().zip(da) {
        sum_over_h(dar, da);
    }
}

/// `hr = repeat(h); t = hs * hr; s = np.sum(t, axis=2)`
fn scores<const N: usize, const T: usize, const H: usize>(
    step: &mut Step<N, T, H>,
    t: &mut Block<N, T, H>,
    h: [&[f32; H]; N],
    hs: &Block<N, T, H>,
    s: [&mut [f32; T]; N],
) {
    repeat_over_t(h, &mut step.hr);
    multiply(hs, &step.hr, t);
    for (t, s) in t.iter().zip(s) {
        sum_over_h(t, s);
    }
}

/// `dt = repeat(ds); dhs = dt * hr; dhr = dt * hs; dh = np.sum(dhr, axis=1)`
fn scores_backward<const N: usize, const T: usize, const H: usize>(
    step: &Step<N, T, H>,
    (dt, dhr): (&mut Block<N, T, H>, &mut Block<N, T, H>),
    hs: &Block<N, T, H>,
    ds: &[[f32; T]; N],
    dh: [&mut [f32; H]; N],
    dhs: &mut Block<N, T, H>,
) {
    repeat_over_h(ds.each_ref(), dt);
    multiply(dt, &step.hr, dhs);
    multiply(dt, hs, dhr);
    for (dhr, dh) in dhr.iter().zip(dh) {
        sum_over_t(dhr, dh);
    }
}

/// What `Attention` does at each step `u` of `TimeAttention`.
macro_rules! at {
    ($batch:expr, $u:expr) => {
        $batch.each_ref().map(|x| &x[$u])
    };
    (mut $batch:expr, $u:expr) => {
        $batch.each_mut().map(|x| &mut x[$u])
    };
}

impl<const N: usize, const U: usize, const T: usize, const H: usize> Layers<N, U, T, H>
    for Numpy<N, U, T, H>
{
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
        let (step, t) = (&mut self.one, &mut self.t);
        weight_sum(step, t, p.a.each_ref(), &p.hs, r.c.each_mut());
    }

    fn weighted_sum_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let arrays = (&mut *self.dt, &mut *self.t);
        weight_sum_backward(
            &self.one,
            arrays,
            &p.hs,
            p.dc.each_ref(),
            &mut r.t,
            &mut r.dhs,
        );
    }

    fn dot_scores(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let (step, t) = (&mut self.one, &mut self.t);
        scores(step, t, p.h.each_ref(), &p.hs, r.t.each_mut());
    }

    fn dot_scores_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let arrays = (&mut *self.dt, &mut *self.t);
        scores_backward(&self.one, arrays, &p.hs, &p.da, r.dh.each_mut(), &mut r.dhs);
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
        let (step, t) = (&mut self.one, &mut self.t);
        scores(step, t, p.h.each_ref(), &p.hs, r.a.each_mut());
        r.a.iter_mut().for_each(|x| naive::softmax(x, f32::exp));
    }

    fn attention_weights_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let mut ds = *p.da;
        for n in 0..N {
            softmax_backward(&p.a[n], &mut ds[n]);
        }
        let arrays = (&mut *self.dt, &mut *self.t);
        scores_backward(&self.one, arrays, &p.hs, &ds, r.dh.each_mut(), &mut r.dhs);
    }

    fn attention(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        self.attention_weights(p, r);
        let (step, t) = (&mut self.one, &mut self.t);
        weight_sum(step, t, r.a.each_ref(), &p.hs, r.c.each_mut());
    }

    fn attention_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let (a, dc, dh) = (p.a.each_ref(), p.dc.each_ref(), r.dh.each_mut());
        self.step_backward(None, &p.hs, a, dc, dh);
        add(&self.dhs0, &self.dhs1, &mut r.dhs);
    }

    fn cross_attention(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for u in 0..U {
            let (step, t) = (&mut self.steps[u], &mut self.t);
            scores(step, t, at!(p.hs_dec, u), &p.hs, at!(mut r.a_dec, u));
            r.a_dec
                .iter_mut()
                .for_each(|a| naive::softmax(&mut a[u], f32::exp));
            weight_sum(step, t, at!(r.a_dec, u), &p.hs, at!(mut r.c_dec, u));
        }
    }

    fn cross_attention_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for dhs in r.dhs.iter_mut() {
            *dhs = [[0.0; H]; T];
        }
        for u in 0..U {
            let (a, dc) = (at!(p.a_dec, u), at!(p.dc_dec, u));
            self.step_backward(Some(u), &p.hs, a, dc, at!(mut r.dhs_dec, u));
            add(&self.dhs0, &self.dhs1, &mut self.t);
            accumulate(&self.t, &mut r.dhs);
        }
    }
}

impl<const N: usize, const U: usize, const T: usize, const H: usize> Numpy<N, U, T, H> {
    /// `Attention.backward`, up to the sum of the two gradients of `hs`.
    fn step_backward(
        &mut self,
        u: Option<usize>,
        hs: &Block<N, T, H>,
        a: [&[f32; T]; N],
        dc: [&[f32; H]; N],
        dh: [&mut [f32; H]; N],
    ) {
        let step = u.map_or(&self.one, |u| &self.steps[u]);
        let arrays = (&mut *self.dt, &mut *self.t);
        weight_sum_backward(step, arrays, hs, dc, &mut self.da, &mut self.dhs0);
        for (a, d) in a.iter().zip(&mut self.da) {
            softmax_backward(a, d);
        }
        let arrays = (&mut *self.dt, &mut *self.t);
        scores_backward(step, arrays, hs, &self.da, dh, &mut self.dhs1);
    }
}

fn add<const N: usize, const T: usize, const H: usize>(
    x: &Block<N, T, H>,
    y: &Block<N, T, H>,
    out: &mut Block<N, T, H>,
) {
    for n in 0..N {
        for t in 0..T {
            for i in 0..H {
                out[n][t][i] = x[n][t][i] + y[n][t][i];
            }
        }
    }
}

fn accumulate<const N: usize, const T: usize, const H: usize>(
    x: &Block<N, T, H>,
    sum: &mut Block<N, T, H>,
) {
    for n in 0..N {
        for t in 0..T {
            for i in 0..H {
                sum[n][t][i] += x[n][t][i];
            }
        }
    }
}
