//! Attention with several queries over the same keys, forward and backward.

use crate::Float;
use crate::attend::Attend;
use crate::gradient::Gradient;
use crate::products::gradients;
use crate::queries::{Saved, backward, forward};
use crate::rule::Rule;

/// Attention with `U` queries over the same keys, as a decoder attends to an encoder.
///
/// ```text
/// a[n,u,:] = softmax_t( Σ_h hs_enc[n,t,h]·hs_dec[n,u,h] )
/// c[n,u,h] = Σ_t a[n,u,t]·hs_enc[n,t,h]
/// ```
///
/// The result is that of one call of [`attention`](crate::attention) for each query `u`, bit for
/// bit.
///
/// # Special values
///
/// Those of [`attention`](crate::attention), for each query on its own: NaN in a query reaches the
/// weights and the context of that query alone.
///
/// # Accuracy
///
/// That of [`attention`](crate::attention).
///
/// # Example
///
/// ```
/// use microattention::cross_attention;
///
/// let hs_dec = [[[1.0_f32, 2.0], [0.0, 200.0]]];
/// let hs_enc = [[[2.0, 0.0], [0.0, 1.0]]];
/// let (mut a, mut c) = ([[[0.0; 2]; 2]], [[[0.0; 2]; 2]]);
/// cross_attention(&hs_dec, &hs_enc, &mut a, &mut c);
/// assert_eq!(a, [[[0.5, 0.5], [0.0, 1.0]]]);
/// assert_eq!(c, [[[1.0, 0.5], [0.0, 1.0]]]);
/// ```
#[doc(alias = "TimeAttention")]
#[doc(alias = "encoder-decoder attention")]
pub fn cross_attention<F: Float, const N: usize, const U: usize, const T: usize, const H: usize>(
    hs_dec: &[[[F; H]; U]; N],
    hs_enc: &[[[F; H]; T]; N],
    a: &mut [[[F; T]; U]; N],
    c: &mut [[[F; H]; U]; N],
) {
    Attend::new().cross_attention(hs_dec, hs_enc, a, c);
}

/// The gradients of [`cross_attention`].
///
/// ```text
/// da[n,u,t]     = Σ_h dc[n,u,h]·hs_enc[n,t,h]
/// ds[n,u,t]     = a[n,u,t]·(da[n,u,t] − Σ_t a[n,u,t]·da[n,u,t])
/// dhs_dec[n,u,h] = Σ_t ds[n,u,t]·hs_enc[n,t,h]
/// dhs_enc[n,t,h] = Σ_u ( a[n,u,t]·dc[n,u,h] + ds[n,u,t]·hs_dec[n,u,h] )
/// ```
///
/// `a` is what the forward pass wrote. The result is that of `U` calls of
/// [`attention_backward`](crate::attention_backward), queries in order, the first overwriting
/// `dhs_enc` (if it is handed over as `&mut`) and the others accumulating into it, bit for bit. One row
/// `[F; T]` on the stack holds `ds`. Each gradient goes where its [`Gradient`] argument says: `&mut`,
/// [`Accumulate`](crate::Accumulate) or [`Skip`](crate::Skip).
///
/// # Special values
///
/// A query whose weights are NaN gets a gradient of NaN, and so do all keys of its batch row; the
/// gradients of other queries and other batch rows are not affected. For `U = 0`, `dhs_enc` is zeros.
///
/// # Accuracy
///
/// That of [`attention_backward`](crate::attention_backward), and `U − 1` additions in `dhs_enc`.
///
/// # Example
///
/// ```
/// use microattention::{Skip, cross_attention_backward};
///
/// let hs_dec = [[[1.0_f32, 2.0], [1.0, 2.0]]];
/// let hs_enc = [[[2.0, 0.0], [0.0, 1.0]]];
/// let a = [[[0.5, 0.5], [0.5, 0.5]]];
/// let dc = [[[1.0, 0.0], [1.0, 0.0]]];
/// let mut dhs_enc = [[[0.0; 2]; 2]];
/// cross_attention_backward(&hs_dec, &hs_enc, &a, &dc, Skip, &mut dhs_enc);
/// assert_eq!(dhs_enc, [[[2.0, 2.0], [0.0, -2.0]]]);
/// ```
pub fn cross_attention_backward<
    F: Float,
    const N: usize,
    const U: usize,
    const T: usize,
    const H: usize,
>(
    hs_dec: &[[[F; H]; U]; N],
    hs_enc: &[[[F; H]; T]; N],
    a: &[[[F; T]; U]; N],
    dc: &[[[F; H]; U]; N],
    dhs_dec: impl Gradient<[[[F; H]; U]; N]>,
    dhs_enc: impl Gradient<[[[F; H]; T]; N]>,
) {
    Attend::new().cross_attention_backward(hs_dec, hs_enc, a, dc, dhs_dec, dhs_enc);
}

impl<R, B> Attend<R, B> {
    /// [`cross_attention`] with the options.
    ///
    /// ```text
    /// a[n,u,:] = softmax_t( scale · Σ_h hs_enc[n,t,h]·hs_dec[n,u,h] + bias[n,u,t] )
    /// c[n,u,h] = Σ_t a[n,u,t]·hs_enc[n,t,h]
    /// ```
    ///
    /// What is saved in `a` may be a [`Normalizer`](crate::Normalizer) instead of the weights: see
    /// [`Saved`].
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let (hs_dec, hs_enc) = ([[[0.0_f32]; 2]], [[[1.0], [3.0], [8.0]]]);
    /// let (mut a, mut c) = ([[[0.0; 3]; 2]], [[[0.0]; 2]]);
    /// Attend::new().window(0, 1).cross_attention(&hs_dec, &hs_enc, &mut a, &mut c);
    /// assert_eq!(c, [[[2.0], [5.5]]]);
    /// ```
    pub fn cross_attention<
        F: Float,
        const N: usize,
        const U: usize,
        const T: usize,
        const H: usize,
    >(
        &self,
        hs_dec: &[[[F; H]; U]; N],
        hs_enc: &[[[F; H]; T]; N],
        a: &mut [[impl Saved<F, T>; U]; N],
        c: &mut [[[F; H]; U]; N],
    ) where
        R: Rule<F, N, U, T>,
        B: Rule<F, N, U, T>,
    {
        let batch = hs_dec.iter().zip(hs_enc).zip(a).zip(c);
        for (n, (((q, hs), a), c)) in batch.enumerate() {
            forward(|u| self.keys::<F, N, U, T>(n, u), q, hs, hs, a, c);
        }
    }

    /// The gradients of [`cross_attention`](Self::cross_attention), in the order of the queries: zero
    /// for keys that no query attends.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::{Attend, Skip};
    ///
    /// let (hs_dec, hs_enc) = ([[[0.0_f32]; 2]], [[[1.0], [3.0], [8.0]]]);
    /// let a = [[[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]];
    /// let (dc, mut dhs_enc) = ([[[1.0], [2.0]]], [[[0.0]; 3]]);
    /// let att = Attend::new().window(0, 1);
    /// att.cross_attention_backward(&hs_dec, &hs_enc, &a, &dc, Skip, &mut dhs_enc);
    /// assert_eq!(dhs_enc, [[[0.5], [1.5], [1.0]]]);
    /// ```
    pub fn cross_attention_backward<
        F: Float,
        const N: usize,
        const U: usize,
        const T: usize,
        const H: usize,
    >(
        &self,
        hs_dec: &[[[F; H]; U]; N],
        hs_enc: &[[[F; H]; T]; N],
        a: &[[impl Saved<F, T>; U]; N],
        dc: &[[[F; H]; U]; N],
        mut dhs_dec: impl Gradient<[[[F; H]; U]; N]>,
        mut dhs_enc: impl Gradient<[[[F; H]; T]; N]>,
    ) where
        R: Rule<F, N, U, T>,
        B: Rule<F, N, U, T>,
    {
        let (mut dq, mut dhs) = (dhs_dec.place(), dhs_enc.place());
        for (n, (((q, hs), a), dc)) in hs_dec.iter().zip(hs_enc).zip(a).zip(dc).enumerate() {
            let keys = |u| self.keys::<F, N, U, T>(n, u);
            let (mut dq, mut dhs) = (dq.row(n), dhs.row(n));
            if U == 0 {
                dhs.put_zeros();
            }
            let of_scores = dq.is_wanted() || dhs.is_wanted();
            backward(
                keys,
                (q, hs),
                hs,
                (a, dc),
                of_scores,
                |u, keys, (a, dc), (ds, q)| {
                    let (dq, dhs) = (dq.row(u), dhs.in_turn(u == 0));
                    gradients(keys, (a, ds), hs, dq, dhs, |i| {
                        let (dc, q) = (dc[i], q[i]);
                        move |a, ds| a * dc + ds * q
                    });
                },
            );
        }
    }
}
