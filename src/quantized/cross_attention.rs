//! Attention of several queries over the same rows, in integers, forward and backward.

use super::attend::Attend;
use super::scale::ScoreScale;
use crate::gradient::Gradient;
use crate::rule::Rule;

/// Attention of each query `hs_dec[n,u,:]` over the rows `hs_enc[n,t,:]`.
///
/// ```text
/// a[n,u,:] = softmax_t( Σ_h hs_enc[n,t,h]·hs_dec[n,u,h] )
/// c[n,u,h] = ⌊Σ_t a[n,u,t]·hs_enc[n,t,h] / 256 + 1/2⌋, saturating
/// ```
///
/// The result is that of [`attention`](crate::quantized::attention) for each query, bit for bit, and as accurate.
///
/// # Example
///
/// ```
/// use microattention::quantized::{ScoreScale, cross_attention};
///
/// let (mut a, mut c) = ([[[0; 2]; 2]], [[[0]; 2]]);
/// cross_attention(ScoreScale::new(1.0), &[[[0], [50]]], &[[[20], [-20]]], &mut a, &mut c);
/// assert_eq!(a, [[[0x8000, 0x8000], [0xFFFF, 0]]]);
/// assert_eq!(c, [[[0], [20 * 256]]]);
/// ```
pub fn cross_attention<const N: usize, const U: usize, const T: usize, const H: usize>(
    sigma: ScoreScale,
    hs_dec: &[[[i8; H]; U]; N],
    hs_enc: &[[[i8; H]; T]; N],
    a: &mut [[[u16; T]; U]; N],
    c: &mut [[[i16; H]; U]; N],
) {
    Attend::new(sigma).cross_attention(hs_dec, hs_enc, a, c);
}

/// The gradients of [`cross_attention`].
///
/// They are those of [`attention_backward`](crate::quantized::attention_backward) for each query, `dhs_enc` summed
/// over the queries, bit for bit: the first overwrites and the others accumulate. So do their errors.
///
/// # Example
///
/// ```
/// use microattention::Skip;
/// use microattention::quantized::{ScoreScale, cross_attention_backward};
///
/// let (a, dc) = ([[[0x8000, 0x8000], [0xFFFF, 0]]], [[[0], [16]]]);
/// let (hs_dec, hs_enc, mut dhs_enc) = ([[[0], [50]]], [[[20], [-20]]], [[[0]; 2]]);
/// let sigma = ScoreScale::new(1.0);
/// cross_attention_backward(sigma, &hs_dec, &hs_enc, &a, &dc, Skip, &mut dhs_enc);
/// assert_eq!(dhs_enc, [[[0xFFFF], [0]]]);
/// ```
pub fn cross_attention_backward<const N: usize, const U: usize, const T: usize, const H: usize>(
    sigma: ScoreScale,
    hs_dec: &[[[i8; H]; U]; N],
    hs_enc: &[[[i8; H]; T]; N],
    a: &[[[u16; T]; U]; N],
    dc: &[[[i16; H]; U]; N],
    dhs_dec: impl Gradient<[[[i32; H]; U]; N]>,
    dhs_enc: impl Gradient<[[[i32; H]; T]; N]>,
) {
    Attend::new(sigma).cross_attention_backward(hs_dec, hs_enc, a, dc, dhs_dec, dhs_enc);
}

impl<R> Attend<R> {
    /// [`cross_attention`] over the keys that are attended.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let causal = microattention::Attend::new().causal(0);
    /// let (mut a, mut c) = ([[[0; 2]; 2]], [[[0]; 2]]);
    /// let att = Attend::with(ScoreScale::new(1.0), causal);
    /// att.cross_attention(&[[[0], [0]]], &[[[20], [-20]]], &mut a, &mut c);
    /// assert_eq!(a, [[[0xFFFF, 0], [0x8000, 0x8000]]]);
    /// ```
    pub fn cross_attention<const N: usize, const U: usize, const T: usize, const H: usize>(
        &self,
        hs_dec: &[[[i8; H]; U]; N],
        hs_enc: &[[[i8; H]; T]; N],
        a: &mut [[[u16; T]; U]; N],
        c: &mut [[[i16; H]; U]; N],
    ) where
        R: Rule<f32, N, U, T>,
    {
        self.dot_product_attention(hs_dec, hs_enc, hs_enc, a, c);
    }

    /// The gradients of [`cross_attention`](Self::cross_attention): zero for keys that are not attended.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Skip;
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let causal = microattention::Attend::new().causal(0);
    /// let (a, dc, mut dhs_enc) = ([[[0xFFFF, 0]]], [[[16]]], [[[9]; 2]]);
    /// let att = Attend::with(ScoreScale::new(1.0), causal);
    /// att.cross_attention_backward(&[[[0]]], &[[[20], [-20]]], &a, &dc, Skip, &mut dhs_enc);
    /// assert_eq!(dhs_enc, [[[0xFFFF], [0]]]);
    /// ```
    pub fn cross_attention_backward<
        const N: usize,
        const U: usize,
        const T: usize,
        const H: usize,
    >(
        &self,
        hs_dec: &[[[i8; H]; U]; N],
        hs_enc: &[[[i8; H]; T]; N],
        a: &[[[u16; T]; U]; N],
        dc: &[[[i16; H]; U]; N],
        mut dhs_dec: impl Gradient<[[[i32; H]; U]; N]>,
        mut dhs_enc: impl Gradient<[[[i32; H]; T]; N]>,
    ) where
        R: Rule<f32, N, U, T>,
    {
        let (mut dq, mut dhs) = (dhs_dec.place(), dhs_enc.place());
        for (n, (((q, hs), a), dc)) in hs_dec.iter().zip(hs_enc).zip(a).zip(dc).enumerate() {
            let (mut dq, mut dhs) = (dq.row(n), dhs.row(n));
            if U == 0 {
                dhs.put_zeros();
            }
            for (u, ((q, a), dc)) in q.iter().zip(a).zip(dc).enumerate() {
                let (dq, dhs) = (dq.row(u), dhs.in_turn(u == 0));
                self.rows_backward(self.keys::<N, U, T>(n, u), (q, hs), (a, dc), dq, dhs);
            }
        }
    }
}
