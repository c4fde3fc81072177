//! The functions at the crate's root that the options have too.

use every_function::Call;
use microattention::{
    Float, attention, attention_backward, attention_weights, attention_weights_backward,
    cross_attention, cross_attention_backward, dot_scores, dot_scores_backward, softmax,
    softmax_backward, weighted_sum, weighted_sum_backward,
};

/// The functions at one shape.
pub struct Root<F, const N: usize, const U: usize, const T: usize, const H: usize>(F);

macro_rules! calls {
    ($($name:ident($x:ident) $arguments:tt,)*) => {
        &[$(Call { name: stringify!($name), units: 1, call: |$x| $name $arguments },)*]
    };
}

impl<F: Float, const N: usize, const U: usize, const T: usize, const H: usize> Root<F, N, U, T, H> {
    /// Calls of all of them.
    pub const CALLS: &'static [Call<F, N, U, T, H>] = calls! {
        softmax(x) (&mut x.a),
        dot_scores(x) (&x.h, &x.hs, &mut x.s),
        weighted_sum(x) (&x.s, &x.hs, &mut x.c),
        attention_weights(x) (&x.h, &x.hs, &mut x.s),
        attention(x) (&x.h, &x.hs, &mut x.a, &mut x.c),
        cross_attention(x) (&x.hs_dec, &x.hs, &mut x.a_dec, &mut x.c_dec),
        softmax_backward(x) (&x.a, &mut x.ds),
        weighted_sum_backward(x) (&x.a, &x.hs, &x.dc, &mut x.ds, &mut x.dhs),
        dot_scores_backward(x) (&x.h, &x.hs, &x.da, &mut x.dh, &mut x.dhs),
        attention_weights_backward(x) (&x.h, &x.hs, &x.a, &x.da, &mut x.dh, &mut x.dhs),
        attention_backward(x) (&x.h, &x.hs, &x.a, &x.dc, &mut x.dh, &mut x.dhs),
        cross_attention_backward(x)
            (&x.hs_dec, &x.hs, &x.a_dec, &x.dc_dec, &mut x.dhs_dec, &mut x.dhs),
    };
}
