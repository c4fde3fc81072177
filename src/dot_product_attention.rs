//! Scaled dot-product attention: queries, keys and values apart, forward and backward.

use crate::Float;
use crate::attend::Attend;
use crate::attention::{attention_rows, saved_weights, score_gradients};
use crate::gradient::{Gradient, Skip};
use crate::lanes::VECTOR;
use crate::query_and_key_gradients::query_and_key_gradients;
use crate::rule::{Bias, BiasGradient, Keys, NoBias, PerKey, Range, Rule, bias_gradient};
use crate::saved::Saved;
use crate::several_queries::{Layer, key_gradients};
use crate::weighted_sum::weighted_sum_backward_row;

impl<R, B> Attend<R, B> {
    /// Attention of `U` queries `q` over `T` keys `k` with values `v`.
    ///
    /// ```text
    /// a[n,u,:] = softmax_t( scale · Σ_d k[n,t,d]·q[n,u,d] + bias[n,u,t] )
    /// c[n,u,e] = Σ_t a[n,u,t]·v[n,t,e]
    /// ```
    ///
    /// The width of queries and keys is `D`, that of values `E`. The scale is 1 unless an option says
    /// otherwise: [`scale_by_width`](Self::scale_by_width) is the usual one.
    ///
    /// Heads are batch rows. Query heads that share a key head may be further queries where neither
    /// causal nor window is asked for; where `u` is a time, give each query head of a group a call of
    /// its own, and hand [`Accumulate`](crate::Accumulate) of the gradients of keys and values to all
    /// backward passes but the first.
    ///
    /// What is saved in `a` may be a [`Normalizer`](crate::Normalizer) instead of the weights: see
    /// [`Saved`].
    ///
    /// # Special values
    ///
    /// A query that attends to nothing gets weights and a context of zeros. NaN or `+∞` in an attended
    /// score makes the weights of that query NaN (those of keys it does not attend stay `+0.0`) and its
    /// context too. What is not attended is not read.
    ///
    /// # Accuracy
    ///
    /// That of [`attention`](crate::attention); the scale and the bias round once each.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// // Two heads of width 4, causal self-attention over three time steps.
    /// let (q, k, v) = ([[[1.0_f32; 4]; 3]; 2], [[[0.5; 4]; 3]; 2], [[[2.0; 4]; 3]; 2]);
    /// let (mut a, mut c) = ([[[0.0; 3]; 3]; 2], [[[0.0; 4]; 3]; 2]);
    /// Attend::new()
    ///     .scale_by_width::<4>()
    ///     .causal(0)
    ///     .dot_product_attention(&q, &k, &v, &mut a, &mut c);
    /// assert_eq!(a[1][1], [0.5, 0.5, 0.0]);
    /// assert_eq!(c[1][1], [2.0; 4]);
    /// ```
    #[doc(alias = "scaled_dot_product_attention")]
    #[doc(alias = "sdpa")]
    #[doc(alias = "multi-head attention")]
    #[doc(alias = "self-attention")]
    #[doc(alias = "multi_head")]
    #[doc(alias = "MultiheadAttention")]
    #[doc(alias = "grouped-query attention")]
    pub fn dot_product_attention<
        F: Float,
        const N: usize,
        const U: usize,
        const T: usize,
        const D: usize,
        const E: usize,
    >(
        &self,
        q: &[[[F; D]; U]; N],
        k: &[[[F; D]; T]; N],
        v: &[[[F; E]; T]; N],
        a: &mut [[impl Saved<F, T>; U]; N],
        c: &mut [[[F; E]; U]; N],
    ) where
        R: Rule<F, N, U, T>,
        B: Rule<F, N, U, T>,
    {
        let batch = q.iter().zip(k).zip(v).zip(a).zip(c);
        for (n, ((((q, k), v), a), c)) in batch.enumerate() {
            let rows = q.iter().map(|q| (q, k, v));
            attention_rows(|u| self.keys::<F, N, U, T>(n, u), rows, a, c);
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the inputs and gradients of one layer"
    )]
    fn dot_product_attention_backward_with<
        F: Float,
        const N: usize,
        const U: usize,
        const T: usize,
        const D: usize,
        const E: usize,
    >(
        &self,
        q: &[[[F; D]; U]; N],
        k: &[[[F; D]; T]; N],
        v: &[[[F; E]; T]; N],
        a: &[[impl Saved<F, T>; U]; N],
        dc: &[[[F; E]; U]; N],
        mut dq: impl Gradient<[[[F; D]; U]; N]>,
        mut dk: impl Gradient<[[[F; D]; T]; N]>,
        mut dv: impl Gradient<[[[F; E]; T]; N]>,
        mut dbias: impl BiasGradient<F>,
    ) where
        R: Rule<F, N, U, T>,
        B: Rule<F, N, U, T>,
    {
        let batch = q.iter().zip(k).zip(v).zip(a).zip(dc);
        let gradients = dq.rows(|d| d).zip(dk.rows(|d| d)).zip(dv.rows(|d| d));
        for (n, (((((q, k), v), a), dc), ((dq, dk), dv))) in batch.zip(gradients).enumerate() {
            let keys = |u| self.keys::<F, N, U, T>(n, u);
            DotProduct::backward(keys, q, k, v, a, dc, dq, dk, dv, n, &mut dbias);
        }
    }
}

impl<R> Attend<R> {
    /// The gradients of [`dot_product_attention`](Self::dot_product_attention).
    ///
    /// ```text
    /// da[n,u,t] = Σ_e dc[n,u,e]·v[n,t,e]
    /// ds[n,u,t] = a[n,u,t]·(da[n,u,t] − Σ_t a[n,u,t]·da[n,u,t])
    /// dq[n,u,d] = Σ_t (scale·ds[n,u,t])·k[n,t,d]
    /// dk[n,t,d] = Σ_u (scale·ds[n,u,t])·q[n,u,d]
    /// dv[n,t,e] = Σ_u a[n,u,t]·dc[n,u,e]
    /// ```
    ///
    /// Sums over the queries run in their order. One row `[F; T]` on the stack holds `ds`, on a
    /// vector target one for each of four queries. Each gradient goes where its [`Gradient`]
    /// argument says: `&mut`, [`Accumulate`](crate::Accumulate) or [`Skip`].
    ///
    /// # Special values
    ///
    /// Keys that no query attends, and queries that attend to nothing, get zeros. A query whose
    /// weights are NaN makes its own gradient and those of the keys and values it attends NaN.
    ///
    /// # Accuracy
    ///
    /// That of [`attention_backward`](crate::attention_backward), and `U − 1` additions in `dk` and `dv`.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::{Attend, Skip};
    ///
    /// let (q, k, v) = ([[[1.0_f32]]], [[[0.0], [0.0]]], [[[1.0], [3.0]]]);
    /// let (a, dc) = ([[[0.5, 0.5]]], [[[1.0]]]);
    /// let (mut dk, mut dv) = ([[[0.0]; 2]], [[[0.0]; 2]]);
    /// Attend::new().dot_product_attention_backward(&q, &k, &v, &a, &dc, Skip, &mut dk, &mut dv);
    /// assert_eq!(dk, [[[-0.5], [0.5]]]);
    /// assert_eq!(dv, [[[0.5], [0.5]]]);
    /// ```
    #[expect(
        clippy::too_many_arguments,
        reason = "the inputs and gradients of one layer"
    )]
    pub fn dot_product_attention_backward<
        F: Float,
        const N: usize,
        const U: usize,
        const T: usize,
        const D: usize,
        const E: usize,
    >(
        &self,
        q: &[[[F; D]; U]; N],
        k: &[[[F; D]; T]; N],
        v: &[[[F; E]; T]; N],
        a: &[[impl Saved<F, T>; U]; N],
        dc: &[[[F; E]; U]; N],
        dq: impl Gradient<[[[F; D]; U]; N]>,
        dk: impl Gradient<[[[F; D]; T]; N]>,
        dv: impl Gradient<[[[F; E]; T]; N]>,
    ) where
        R: Rule<F, N, U, T>,
    {
        self.dot_product_attention_backward_with(q, k, v, a, dc, dq, dk, dv, NoBias);
    }
}

impl<R, A> Attend<R, Bias<'_, A>> {
    /// The gradients of [`dot_product_attention`](Self::dot_product_attention), that of the bias
    /// included: `ds[n,u,t]`, summed over the queries that share it.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::{Attend, Skip};
    ///
    /// let (q, k, v) = ([[[1.0_f32]]], [[[0.0], [0.0]]], [[[1.0], [3.0]]]);
    /// let (a, dc, mut db) = ([[[0.5, 0.5]]], [[[1.0]]], [[[0.0; 2]]]);
    /// let att = Attend::new().bias(&[[[0.0; 2]]]);
    /// att.dot_product_attention_backward(&q, &k, &v, &a, &dc, Skip, Skip, Skip, &mut db);
    /// assert_eq!(db, [[[-0.5, 0.5]]]);
    /// ```
    #[expect(
        clippy::too_many_arguments,
        reason = "the inputs and gradients of one layer"
    )]
    pub fn dot_product_attention_backward<
        F: Float,
        const N: usize,
        const U: usize,
        const T: usize,
        const D: usize,
        const E: usize,
    >(
        &self,
        q: &[[[F; D]; U]; N],
        k: &[[[F; D]; T]; N],
        v: &[[[F; E]; T]; N],
        a: &[[impl Saved<F, T>; U]; N],
        dc: &[[[F; E]; U]; N],
        dq: impl Gradient<[[[F; D]; U]; N]>,
        dk: impl Gradient<[[[F; D]; T]; N]>,
        dv: impl Gradient<[[[F; E]; T]; N]>,
        dbias: impl Gradient<A>,
    ) where
        R: Rule<F, N, U, T>,
        A: PerKey<F, N, U, T>,
    {
        let dbias = bias_gradient::<F, A, N, U, T>(dbias);
        self.dot_product_attention_backward_with(q, k, v, a, dc, dq, dk, dv, dbias);
    }
}

struct DotProduct;

impl<F: Float, const T: usize, const D: usize, const E: usize> Layer<F, T, D, E> for DotProduct {
    // Rows between 12 and 48 are as fast one by one.
    const BLOCKS: bool = VECTOR && (D <= 12 || D >= 48);

    #[inline(always)]
    fn query_gradients<B, Dq, Dk>(
        keys: impl Keys<F>,
        q: &[F; D],
        k: &[[F; D]; T],
        v: &[[F; E]; T],
        a: &impl Saved<F, T>,
        dc: &[F; E],
        dq: Dq,
        dk: Dk,
        dv: impl Gradient<[[F; E]; T]>,
        (n, u, dbias): (usize, usize, &mut B),
    ) where
        B: BiasGradient<F>,
        Dq: Gradient<[F; D]>,
        Dk: Gradient<[[F; D]; T]>,
    {
        let mut row = [F::ZERO; T];
        let a = saved_weights(keys, q, k, a, &mut row);
        if B::WANTED || Dq::WANTED || Dk::WANTED {
            let mut ds = [F::ZERO; T];
            weighted_sum_backward_row(keys, a, v, dc, &mut ds, dv);
            score_gradients(keys, a, &mut ds, n, u, dbias);
            query_and_key_gradients(keys, k, a, &ds, dq, dk, 1, |i, _, g| g * q[i]);
        } else {
            weighted_sum_backward_row(keys, a, v, dc, Skip, dv);
        }
    }

    #[inline(always)]
    fn shared_gradients<const Q: usize>(
        range: Range,
        q: &[[F; D]; Q],
        a: [&[F; T]; Q],
        ds: &[[F; T]; Q],
        dc: &[[F; E]; Q],
        dk: impl Gradient<[[F; D]; T]>,
        dv: impl Gradient<[[F; E]; T]>,
    ) {
        key_gradients(range, a, ds, dk, |i, d, _, g| g * q[i][d]);
        key_gradients(range, a, ds, dv, |i, e, a, _| a * dc[i][e]);
    }
}
