//! Whole batches by a loop over batch rows.

use std::marker::PhantomData;

use crate::function::Function;
use crate::layers::{Layers, Rows};
use crate::problem::{Problem, Results};

pub struct Batched<R>(PhantomData<R>);

impl<R> Batched<R> {
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<R> Default for Batched<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Rows<T, H>, const N: usize, const U: usize, const T: usize, const H: usize>
    Layers<N, U, T, H> for Batched<R>
{
    const NAME: &str = R::NAME;

    fn has(function: Function) -> bool {
        R::has(function)
    }

    fn weighted_sum(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for n in 0..N {
            R::weighted_sum(&p.a[n], &p.hs[n], &mut r.c[n]);
        }
    }

    fn weighted_sum_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for n in 0..N {
            R::weighted_sum_backward(&p.a[n], &p.hs[n], &p.dc[n], &mut r.t[n], &mut r.dhs[n]);
        }
    }

    fn dot_scores(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for n in 0..N {
            R::dot_scores(&p.h[n], &p.hs[n], &mut r.t[n]);
        }
    }

    fn dot_scores_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for n in 0..N {
            R::dot_scores_backward(&p.h[n], &p.hs[n], &p.da[n], &mut r.dh[n], &mut r.dhs[n]);
        }
    }

    fn softmax(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        *r.t = *p.scores;
        for n in 0..N {
            R::softmax(&mut r.t[n]);
        }
    }

    fn softmax_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        *r.t = *p.da;
        for n in 0..N {
            R::softmax_backward(&p.a[n], &mut r.t[n]);
        }
    }

    fn attention_weights(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for n in 0..N {
            R::attention_weights(&p.h[n], &p.hs[n], &mut r.a[n]);
        }
    }

    fn attention_weights_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for n in 0..N {
            let (dh, dhs) = (&mut r.dh[n], &mut r.dhs[n]);
            R::attention_weights_backward(&p.h[n], &p.hs[n], &p.a[n], &p.da[n], dh, dhs);
        }
    }

    fn attention(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for n in 0..N {
            R::attention_weights(&p.h[n], &p.hs[n], &mut r.a[n]);
            R::weighted_sum(&r.a[n], &p.hs[n], &mut r.c[n]);
        }
    }

    fn attention_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for n in 0..N {
            let (dh, dhs) = (&mut r.dh[n], &mut r.dhs[n]);
            R::attention_backward(&p.h[n], &p.hs[n], &p.a[n], &p.dc[n], dh, dhs);
        }
    }

    fn cross_attention(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for n in 0..N {
            let (a, c) = (&mut r.a_dec[n], &mut r.c_dec[n]);
            R::queries(&p.hs_dec[n], &p.hs[n], &p.hs[n], a, c);
        }
    }

    fn cross_attention_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for n in 0..N {
            let (q, k, a, dc) = (&p.hs_dec[n], &p.hs[n], &p.a_dec[n], &p.dc_dec[n]);
            R::queries_backward(q, k, k, a, dc, &mut r.dhs_dec[n], &mut r.dhs[n], None);
        }
    }

    fn dot_product_attention(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for n in 0..N {
            let (a, c) = (&mut r.a_dec[n], &mut r.c_dec[n]);
            R::queries(&p.hs_dec[n], &p.hs[n], &p.v[n], a, c);
        }
    }

    fn dot_product_attention_backward(
        &mut self,
        p: &Problem<N, U, T, H>,
        r: &mut Results<N, U, T, H>,
    ) {
        for n in 0..N {
            let (q, k, v, a, dc) = (&p.hs_dec[n], &p.hs[n], &p.v[n], &p.a_dec[n], &p.dc_dec[n]);
            let (dq, dk, dv) = (&mut r.dhs_dec[n], &mut r.dhs[n], &mut r.dv[n]);
            R::queries_backward(q, k, v, a, dc, dq, dk, Some(dv));
        }
    }

    fn log_softmax(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        *r.t = *p.scores;
        for n in 0..N {
            R::log_softmax(&mut r.t[n]);
        }
    }

    fn log_softmax_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        *r.t = *p.da;
        for n in 0..N {
            R::log_softmax_backward(&p.log_a[n], &mut r.t[n]);
        }
    }

    fn softmax_cross_entropy(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        *r.t = *p.scores;
        r.loss[0] = 0.0;
        for n in 0..N {
            match p.labels[n] {
                Some(label) => r.loss[0] += R::softmax_cross_entropy(&mut r.t[n], label),
                None => r.t[n].fill(0.0),
            }
        }
    }

    fn running(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for n in 0..N {
            R::running(&p.scores[n], &p.hs[n], &mut r.c[n]);
        }
    }
}
