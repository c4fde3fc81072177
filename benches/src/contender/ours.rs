//! This crate.

use microattention::{Attend, Running};

use crate::function::Function;
use crate::layers::Layers;
use crate::problem::{Problem, Results};

pub struct Ours;

impl<const N: usize, const U: usize, const T: usize, const H: usize> Layers<N, U, T, H> for Ours {
    const NAME: &str = "ours";

    fn has(_: Function) -> bool {
        true
    }

    fn weighted_sum(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        microattention::weighted_sum(&p.a, &p.hs, &mut r.c);
    }

    fn weighted_sum_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        microattention::weighted_sum_backward(&p.a, &p.hs, &p.dc, &mut *r.t, &mut *r.dhs);
    }

    fn dot_scores(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        microattention::dot_scores(&p.h, &p.hs, &mut r.t);
    }

    fn dot_scores_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        microattention::dot_scores_backward(&p.h, &p.hs, &p.da, &mut *r.dh, &mut *r.dhs);
    }

    fn softmax(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        *r.t = *p.scores;
        microattention::softmax(&mut r.t);
    }

    fn softmax_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        *r.t = *p.da;
        microattention::softmax_backward(&p.a, &mut r.t);
    }

    fn attention_weights(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        microattention::attention_weights(&p.h, &p.hs, &mut r.a);
    }

    fn attention_weights_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let (dh, dhs) = (&mut *r.dh, &mut *r.dhs);
        microattention::attention_weights_backward(&p.h, &p.hs, &p.a, &p.da, dh, dhs);
    }

    fn attention(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        microattention::attention(&p.h, &p.hs, &mut r.a, &mut r.c);
    }

    fn attention_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let (dh, dhs) = (&mut *r.dh, &mut *r.dhs);
        microattention::attention_backward(&p.h, &p.hs, &p.a, &p.dc, dh, dhs);
    }

    fn cross_attention(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        microattention::cross_attention(&p.hs_dec, &p.hs, &mut r.a_dec, &mut r.c_dec);
    }

    fn cross_attention_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let (dhs_dec, dhs) = (&mut *r.dhs_dec, &mut *r.dhs);
        microattention::cross_attention_backward(
            &p.hs_dec, &p.hs, &p.a_dec, &p.dc_dec, dhs_dec, dhs,
        );
    }

    fn dot_product_attention(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        let (a, c) = (&mut *r.a_dec, &mut r.c_dec);
        Attend::new().dot_product_attention(&p.hs_dec, &p.hs, &p.v, a, c);
    }

    fn dot_product_attention_backward(
        &mut self,
        p: &Problem<N, U, T, H>,
        r: &mut Results<N, U, T, H>,
    ) {
        let (dq, dk, dv) = (&mut *r.dhs_dec, &mut *r.dhs, &mut *r.dv);
        let (a, dc) = (&*p.a_dec, &p.dc_dec);
        Attend::new().dot_product_attention_backward(&p.hs_dec, &p.hs, &p.v, a, dc, dq, dk, dv);
    }

    fn log_softmax(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        *r.t = *p.scores;
        microattention::log_softmax(&mut r.t);
    }

    fn log_softmax_backward(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        *r.t = *p.da;
        microattention::log_softmax_backward(&p.log_a, &mut r.t);
    }

    fn softmax_cross_entropy(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        *r.t = *p.scores;
        r.loss[0] = microattention::softmax_cross_entropy(&mut r.t, &p.labels);
    }

    fn running(&mut self, p: &Problem<N, U, T, H>, r: &mut Results<N, U, T, H>) {
        for n in 0..N {
            let mut running = Running::new();
            running.push_rows(&p.scores[n], &p.hs[n]);
            running.context(&mut r.c[n]);
        }
    }
}
