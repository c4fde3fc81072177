//! Scaled dot-product attention: queries, keys and values apart, forward and backward.

use crate::Float;
use crate::attend::Attend;
use crate::gradient::{Gradient, Place};
use crate::products::{gradients, weighted_sum_gradients};
use crate::queries::{Saved, backward, forward, saved_weights, score_gradients};
use crate::rule::{Bias, PerKey, Rule};

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
            forward(|u| self.keys::<F, N, U, T>(n, u), q, k, v, a, c);
        }
    }

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
    /// Sums over the queries run in their order. One row `[F; T]` on the stack holds `ds`. Each
    /// gradient goes where its [`Gradient`] argument says: `&mut`, [`Accumulate`](crate::Accumulate)
    /// or [`Skip`](crate::Skip).
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
        mut dq: impl Gradient<[[[F; D]; U]; N]>,
        mut dk: impl Gradient<[[[F; D]; T]; N]>,
        mut dv: impl Gradient<[[[F; E]; T]; N]>,
    ) where
        R: Rule<F, N, U, T>,
        B: Rule<F, N, U, T>,
    {
        let (mut dq, mut dk, mut dv) = (dq.place(), dk.place(), dv.place());
        for (n, ((((q, k), v), a), dc)) in q.iter().zip(k).zip(v).zip(a).zip(dc).enumerate() {
            let keys = |u| self.keys::<F, N, U, T>(n, u);
            let (mut dq, mut dk, mut dv) = (dq.row(n), dk.row(n), dv.row(n));
            if U == 0 {
                dk.put_zeros();
                dv.put_zeros();
            }
            let of_scores = dq.is_wanted() || dk.is_wanted();
            backward(
                keys,
                (q, k),
                v,
                (a, dc),
                of_scores,
                |u, keys, (a, dc), (ds, q)| {
                    let (dq, dk, dv) = (dq.row(u), dk.in_turn(u == 0), dv.in_turn(u == 0));
                    gradients(keys, (ds, ds), k, dq, dk, |i| {
                        let q = q[i];
                        move |_, ds| ds * q
                    });
                    weighted_sum_gradients(keys, (a, v), dc, Place::Skipped, dv);
                },
            );
        }
    }
}

impl<R, A> Attend<R, Bias<'_, A>> {
    /// The gradient of the bias of [`dot_product_attention`](Self::dot_product_attention), which is that of
    /// the scores.
    ///
    /// ```text
    /// da[n,u,t]    = Σ_e dc[n,u,e]·v[n,t,e]
    /// dbias[n,u,t] = a[n,u,t]·(da[n,u,t] − Σ_t a[n,u,t]·da[n,u,t])
    /// ```
    ///
    /// Queries that share a bias add to its gradient in order, starting from zero (or from what
    /// [`Accumulate`](crate::Accumulate) finds). Of [`cross_attention`](Self::cross_attention) it is the
    /// same with `hs_enc` as keys and values. The functions of one query need no method of their own:
    /// [`weighted_sum_backward`](Self::weighted_sum_backward) gives `da`, and
    /// [`softmax_backward`](Self::softmax_backward) of that the gradient.
    ///
    /// # Special values
    ///
    /// Zero for keys that are not attended.
    ///
    /// # Accuracy
    ///
    /// That of [`softmax_backward`](crate::softmax_backward) after
    /// [`weighted_sum_backward`](crate::weighted_sum_backward), and one rounding for each query that shares
    /// the bias.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// // Two queries share a bias, whose gradient is the sum of both.
    /// let (q, k, v) = ([[[1.0_f32]; 2]], [[[0.0], [0.0]]], [[[1.0], [3.0]]]);
    /// let (a, dc, mut db) = ([[[0.5; 2]; 2]], [[[1.0], [2.0]]], [[0.0; 2]]);
    /// let att = Attend::new().bias(&[[0.0; 2]]);
    /// att.bias_gradient(&q, &k, &v, &a, &dc, &mut db);
    /// assert_eq!(db, [[-1.5, 1.5]]);
    /// ```
    #[doc(alias = "dbias")]
    pub fn bias_gradient<
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
        mut dbias: impl Gradient<A>,
    ) where
        R: Rule<F, N, U, T>,
        A: PerKey<F, N, U, T>,
    {
        let mut dbias = dbias.place();
        if let Place::Set(dbias) = &mut dbias {
            for (n, u) in (0..N).flat_map(|n| (0..U.max(1)).map(move |u| (n, u))) {
                if let Some(row) = dbias.row_mut(n, u) {
                    row.fill(F::ZERO);
                }
            }
        }
        let mut dbias = dbias.in_turn(false);
        for (n, ((((q, k), v), a), dc)) in q.iter().zip(k).zip(v).zip(a).zip(dc).enumerate() {
            for (u, ((q, a), dc)) in q.iter().zip(a).zip(dc).enumerate() {
                let keys = self.keys::<F, N, U, T>(n, u);
                let (mut row, mut ds) = ([F::ZERO; T], [F::ZERO; T]);
                let a = saved_weights(keys, q, k, a, &mut row);
                score_gradients(keys, v, a, dc, &mut ds);
                if let Place::Add(row) = dbias.part(|dbias| dbias.row_mut(n, u)) {
                    for (i, (row, ds)) in keys.of_mut(row).iter_mut().zip(keys.of(&ds)).enumerate()
                    {
                        if keys.attends(i) {
                            *row += *ds;
                        }
                    }
                }
            }
        }
    }
}
