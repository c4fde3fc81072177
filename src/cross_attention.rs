//! Attention with several queries over the same keys, forward and backward.

use core::array;

use crate::Float;
use crate::attend::Attend;
use crate::attention::{attention_backward_row, attention_backward_rows, attention_rows};
use crate::gradient::Gradient;
use crate::key_gradients::{QUERIES, shared_range};
use crate::lanes::VECTOR;
use crate::rule::{Bias, BiasGradient, Keys, NoBias, PerKey, Rule, bias_gradient};
use crate::saved::Saved;

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
/// `[F; T]` on the stack holds `ds`, on a vector target one for each of four queries. Each gradient goes
/// where its [`Gradient`] argument says: `&mut`, [`Accumulate`](crate::Accumulate) or
/// [`Skip`](crate::Skip).
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
        for (n, (((hs_dec, hs_enc), a), c)) in batch.enumerate() {
            let rows = hs_dec.iter().map(|h| (h, hs_enc, hs_enc));
            attention_rows(|u| self.keys::<F, N, U, T>(n, u), rows, a, c);
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the inputs and gradients of one layer"
    )]
    fn cross_attention_backward_with<
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
        mut dbias: impl BiasGradient<F>,
    ) where
        R: Rule<F, N, U, T>,
        B: Rule<F, N, U, T>,
    {
        let batch = hs_dec.iter().zip(hs_enc).zip(a).zip(dc);
        let gradients = dhs_dec.rows(|d| d).zip(dhs_enc.rows(|d| d));
        let batch = batch.zip(gradients).enumerate();
        for (n, ((((hs_dec, hs_enc), a), dc), (mut dhs_dec, dhs_enc))) in batch {
            let keys = |u| self.keys::<F, N, U, T>(n, u);
            let dh = dhs_dec.of(|d| &mut d[..]);
            let bias = (n, 0, &mut dbias);
            if U >= QUERIES && blocks_are_faster::<H>() {
                in_blocks(keys, hs_dec, hs_enc, a, dc, dh, dhs_enc, bias);
            } else {
                one_by_one(keys, hs_dec, hs_enc, a, dc, dh, dhs_enc, bias);
            }
        }
    }
}

/// Whether four queries at a time are faster, as measured: with AVX, long rows are as fast one by one.
const fn blocks_are_faster<const H: usize>() -> bool {
    VECTOR && (H <= 12 || !cfg!(target_feature = "avx"))
}

/// One query after the other, the first of which is `u`.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "the inputs and gradients of one layer"
)]
fn one_by_one<F: Float, K: Keys<F>, const T: usize, const H: usize>(
    keys: impl Fn(usize) -> K,
    h: &[[F; H]],
    hs: &[[F; H]; T],
    a: &[impl Saved<F, T>],
    dc: &[[F; H]],
    mut dh: impl Gradient<[[F; H]]>,
    mut dhs: impl Gradient<[[F; H]; T]>,
    (n, u, dbias): (usize, usize, &mut impl BiasGradient<F>),
) {
    let mut queries = h.iter().zip(a).zip(dc).zip(dh.rows(|d| d));
    if let Some((((h, a), dc), dh)) = queries.next() {
        let bias = (n, u, &mut *dbias);
        attention_backward_row(keys(u), h, hs, a, dc, dh, dhs.of(|d| d), bias);
    } else {
        dhs.put_zeros(|d| &mut d[..]);
    }
    let mut dhs = dhs.then();
    for (i, (((h, a), dc), dh)) in queries.enumerate() {
        let u = u + 1 + i;
        let bias = (n, u, &mut *dbias);
        attention_backward_row(keys(u), h, hs, a, dc, dh, dhs.of(|d| d), bias);
    }
}

/// Four queries at a time, where they attend the same range of keys.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "the inputs and gradients of one layer"
)]
fn in_blocks<F: Float, K: Keys<F>, const T: usize, const H: usize>(
    keys: impl Fn(usize) -> K + Copy,
    h: &[[F; H]],
    hs: &[[F; H]; T],
    a: &[impl Saved<F, T>],
    dc: &[[F; H]],
    mut dh: impl Gradient<[[F; H]]>,
    mut dhs: impl Gradient<[[F; H]; T]>,
    (n, mut u, dbias): (usize, usize, &mut impl BiasGradient<F>),
) {
    let (h4, h_rest) = h.as_chunks::<QUERIES>();
    let (a4, a_rest) = a.as_chunks::<QUERIES>();
    let (dc4, dc_rest) = dc.as_chunks::<QUERIES>();
    let dh4 = dh.rows(|d| d.as_chunks_mut::<QUERIES>().0);
    let mut blocks = h4.iter().zip(a4).zip(dc4).zip(dh4);
    if let Some((((h, a), dc), dh)) = blocks.next() {
        block(keys, h, hs, a, dc, dh, dhs.of(|d| d), (n, u, &mut *dbias));
    }
    let mut dhs = dhs.then();
    u += QUERIES;
    for (((h, a), dc), dh) in blocks {
        block(keys, h, hs, a, dc, dh, dhs.of(|d| d), (n, u, &mut *dbias));
        u += QUERIES;
    }
    let dh = dh.of(|d| d.as_chunks_mut::<QUERIES>().1);
    one_by_one(keys, h_rest, hs, a_rest, dc_rest, dh, dhs, (n, u, dbias));
}

#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "the inputs and gradients of one layer"
)]
fn block<F: Float, K: Keys<F>, const T: usize, const H: usize>(
    keys: impl Fn(usize) -> K,
    h: &[[F; H]; QUERIES],
    hs: &[[F; H]; T],
    a: &[impl Saved<F, T>; QUERIES],
    dc: &[[F; H]; QUERIES],
    mut dh: impl Gradient<[[F; H]; QUERIES]>,
    dhs: impl Gradient<[[F; H]; T]>,
    (n, u, dbias): (usize, usize, &mut impl BiasGradient<F>),
) {
    let of_each = array::from_fn(|q| keys(u + q));
    if let Some(range) = shared_range(of_each, T) {
        attention_backward_rows(range, of_each, h, hs, a, dc, dh, dhs, (n, u, dbias));
    } else {
        let dh = dh.of(|d| &mut d[..]);
        one_by_one(keys, h, hs, a, dc, dh, dhs, (n, u, dbias));
    }
}

impl<R> Attend<R> {
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
        dhs_dec: impl Gradient<[[[F; H]; U]; N]>,
        dhs_enc: impl Gradient<[[[F; H]; T]; N]>,
    ) where
        R: Rule<F, N, U, T>,
    {
        self.cross_attention_backward_with(hs_dec, hs_enc, a, dc, dhs_dec, dhs_enc, NoBias);
    }
}

impl<R, A> Attend<R, Bias<'_, A>> {
    /// The gradients of [`cross_attention`](Self::cross_attention), that of the bias included:
    /// `ds[n,u,t]`, summed over the queries that share it.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::{Attend, Skip};
    ///
    /// // Two queries share a bias, whose gradient is the sum of both.
    /// let (hs_dec, hs_enc) = ([[[0.0_f32]; 2]], [[[1.0], [3.0]]]);
    /// let (a, dc, mut db) = ([[[0.5; 2]; 2]], [[[1.0], [2.0]]], [[0.0; 2]]);
    /// let att = Attend::new().bias(&[[0.0; 2]]);
    /// att.cross_attention_backward(&hs_dec, &hs_enc, &a, &dc, Skip, Skip, &mut db);
    /// assert_eq!(db, [[-1.5, 1.5]]);
    /// ```
    #[expect(
        clippy::too_many_arguments,
        reason = "the inputs and gradients of one layer"
    )]
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
        dhs_dec: impl Gradient<[[[F; H]; U]; N]>,
        dhs_enc: impl Gradient<[[[F; H]; T]; N]>,
        dbias: impl Gradient<A>,
    ) where
        R: Rule<F, N, U, T>,
        A: PerKey<F, N, U, T>,
    {
        let dbias = bias_gradient::<F, A, N, U, T>(dbias);
        self.cross_attention_backward_with(hs_dec, hs_enc, a, dc, dhs_dec, dhs_enc, dbias);
    }
}
