//! Attention of several queries over keys and values of their own, in integers, forward and backward.

use super::attend::Attend;
use super::products::{scores_backward, weighted_sum};
use crate::gradient::Gradient;
use crate::rule::Rule;

impl<R> Attend<R> {
    /// Attention of `U` queries over keys and values of their own.
    ///
    /// ```text
    /// a[n,u,:] = softmax_t( Σ_d k[n,t,d]·q[n,u,d] )
    /// c[n,u,e] = ⌊Σ_t a[n,u,t]·v[n,t,e] / 256 + 1/2⌋, saturating
    /// ```
    ///
    /// As accurate as [`attention`](crate::quantized::attention) with `v` for the rows that are summed.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let (mut a, mut c) = ([[[0; 2]]], [[[0]]]);
    /// let att = Attend::new(ScoreScale::new(0.1));
    /// att.dot_product_attention(&[[[1, 2]]], &[[[20, 0], [0, 10]]], &[[[7], [9]]], &mut a, &mut c);
    /// assert_eq!(c, [[[8 * 256]]]);
    /// ```
    pub fn dot_product_attention<
        const N: usize,
        const U: usize,
        const T: usize,
        const D: usize,
        const E: usize,
    >(
        &self,
        q: &[[[i8; D]; U]; N],
        k: &[[[i8; D]; T]; N],
        v: &[[[i8; E]; T]; N],
        a: &mut [[[u16; T]; U]; N],
        c: &mut [[[i16; E]; U]; N],
    ) where
        R: Rule<f32, N, U, T>,
    {
        for (n, ((((q, k), v), a), c)) in q.iter().zip(k).zip(v).zip(a).zip(c).enumerate() {
            for (u, ((q, a), c)) in q.iter().zip(a).zip(c).enumerate() {
                let keys = self.keys::<N, U, T>(n, u);
                self.weights_row(keys, q, k, a);
                weighted_sum(keys, a, v, c, false);
            }
        }
    }

    /// The gradients of [`dot_product_attention`](Self::dot_product_attention).
    ///
    /// ```text
    /// da[n,u,t]          = Σ_e dc[n,u,e]·v[n,t,e]
    /// m[n,u,:], e[n,u]   = softmax_backward(a[n,u,:], da[n,u,:])
    /// x                  = min(e[n,u] + fraction, 8)
    /// dq[n,u,d]          = ⌊2^x·Σ_t m[n,u,t]·k[n,t,d] + 1/2⌋, saturating
    /// dk[n,t,d]          = Σ_u ⌊2^x·m[n,u,t]·q[n,u,d] + 1/2⌋, saturating
    /// dv[n,t,e]          = Σ_u ⌊a[n,u,t]·dc[n,u,e] / 2^(16 − fraction) + 1/2⌋, saturating
    /// ```
    ///
    /// All in 2^−[fraction](Self::fraction) of the unit of `dc`. Sums over the queries run in their order and saturate at
    /// each step.
    ///
    /// # Accuracy
    ///
    /// For each query, `dq` and what it adds to `dk` are as accurate as `dh` and `dhs` of
    /// [`attention_weights_backward`](crate::quantized::attention_weights_backward), and what it adds to `dv` within 1/2.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Skip;
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let (q, k, v) = ([[[1]]], [[[1], [1]]], [[[100], [-100]]]);
    /// let mut dk = [[[0]; 2]];
    /// let att = Attend::new(ScoreScale::new(0.25));
    /// att.dot_product_attention_backward(&q, &k, &v, &[[[0x8000; 2]]], &[[[4]]], Skip, &mut dk, Skip);
    /// assert_eq!(dk, [[[50 * 4096], [-50 * 4096]]]);
    /// ```
    #[expect(
        clippy::too_many_arguments,
        reason = "the inputs and gradients of one layer"
    )]
    pub fn dot_product_attention_backward<
        const N: usize,
        const U: usize,
        const T: usize,
        const D: usize,
        const E: usize,
    >(
        &self,
        q: &[[[i8; D]; U]; N],
        k: &[[[i8; D]; T]; N],
        v: &[[[i8; E]; T]; N],
        a: &[[[u16; T]; U]; N],
        dc: &[[[i16; E]; U]; N],
        mut dq: impl Gradient<[[[i32; D]; U]; N]>,
        mut dk: impl Gradient<[[[i32; D]; T]; N]>,
        mut dv: impl Gradient<[[[i32; E]; T]; N]>,
    ) where
        R: Rule<f32, N, U, T>,
    {
        let (mut dq, mut dk, mut dv) = (dq.place(), dk.place(), dv.place());
        for (n, ((((q, k), v), a), dc)) in q.iter().zip(k).zip(v).zip(a).zip(dc).enumerate() {
            let (mut dq, mut dk, mut dv) = (dq.row(n), dk.row(n), dv.row(n));
            if U == 0 {
                dk.put_zeros();
                dv.put_zeros();
            }
            for (u, ((q, a), dc)) in q.iter().zip(a).zip(dc).enumerate() {
                let keys = self.keys::<N, U, T>(n, u);
                let (dq, dk) = (dq.row(u), dk.in_turn(u == 0));
                if dq.is_wanted() || dk.is_wanted() {
                    let mut ds = [0; T];
                    let power = self.weights_backward(keys, v, (a, dc), &mut ds);
                    scores_backward(keys, (&ds, power), (q, k), dq, dk);
                }
                self.values_backward(keys, (a, dc), dv.in_turn(u == 0));
            }
        }
    }
}
