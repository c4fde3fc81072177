//! The softmax of integer scores, forward and backward.

use super::attend::Attend;
use super::row::{softmax_backward_row, softmax_row};
use super::scale::ScoreScale;
use crate::rule::Rule;

/// The softmax of each row of scores, as weights in 1/65,536.
///
/// ```text
/// a[n,t] = exp(σ·(s[n,t] − m)) / Σ_t exp(σ·(s[n,t] − m)),   m = max_t s[n,t]
/// ```
///
/// In integers, with `k`, `octaves` and `limit` of the [`ScoreScale`]:
///
/// ```text
/// z    = octaves·min(⌊(m − s[n,t]) / 2^k⌋, limit)
/// f    = ⌊z / 2¹¹⌋ mod 2¹⁵
/// p₃   = 111,393 − ⌊56,877·f / 2¹⁷⌋
/// p₂   = 125,523 − ⌊p₃·f / 2¹⁷⌋
/// p₁   =  90,843 − ⌊p₂·f / 2¹⁷⌋
/// p₀   = 131,070 − ⌊p₁·f / 2¹⁵⌋                      2·65,535·2^(−f/2¹⁵)
/// e[t] = ⌊p₀ / 2^(⌊z / 2²⁶⌋ + 1) + 1/2⌋
/// sum  = Σ_t e[t],   2^(w−1) ≤ sum < 2^w
/// a[t] = ⌊e[t]·⌊2³¹ / ⌊sum / 2^(w−16)⌋⌋ / 2^(w−1) + 1/2⌋
/// ```
///
/// Nothing is divided and nothing branches on a score, so the time is the same for all scores. At most 32,768 keys.
///
/// Equal scores give equal weights, and a higher score never gives a lower weight. One key weighs 65,535, the largest.
///
/// # Accuracy
///
/// `e` is within 3.1·10⁻⁵ of itself and 1/2 of exact, and the factor of a row within 2⁻¹⁵. With `A` the exact weight,
/// a fraction of 1, and `M` the largest of its row:
///
/// ```text
/// |a[t] − 65,536·A[t]| ≤ 1/2 + M·(1 + (T − 1)·A[t])/2 + 65,536·A[t]·(9.4·10⁻⁵ + d/2¹³ + 1.3·10⁻⁴)
/// ```
///
/// The last terms are what rounding σ changes (see [`ScoreScale`]), with `d` the largest distance σ·(m − s) of the row, 12
/// if it is more. The one before is the last place of the exponentials: it matters if many of a row weigh next to nothing.
///
/// # Example
///
/// ```
/// use microattention::quantized::{ScoreScale, softmax};
///
/// let mut a = [[0; 3]];
/// softmax(ScoreScale::new(0.01), &[[700, 700, -5000]], &mut a);
/// assert_eq!(a, [[0x8000, 0x8000, 0]]);
/// ```
pub fn softmax<const N: usize, const T: usize>(
    sigma: ScoreScale,
    s: &[[i32; T]; N],
    a: &mut [[u16; T]; N],
) {
    Attend::new(sigma).softmax(s, a);
}

/// The gradients of [`softmax`], with respect to the scores as integers: mantissas and an exponent for each row.
///
/// ```text
/// ds[n,t]·2^exponents[n] = σ·a[n,t]·(da[n,t] − Σ_t a[n,t]·da[n,t])
/// ```
///
/// In integers, with `2^(b−1) < T ≤ 2^b`, σ = `mantissa`·2^−`shift`, `|x|'` = `x` or, if negative, `−1 − x`, and `da[r]`
/// the first that is attended:
///
/// ```text
/// y[t]     = ⌊da[t]·2^(28−b−w) + 1/2⌋           w the bits of the largest |da[t]|'
/// y[t]     = y[t] − y[r]
/// D        = Σ_t ⌊a[t]·y[t] / 2¹⁶ + 1/2⌋
/// g[t]     = ⌊a[t]·(y[t] − D) / 2¹⁶ + 1/2⌋
/// m[t]     = ⌊g[t]·2^(15−v) + 1/2⌋               v the bits of the largest |g[t]|'
/// ds[t]    = ⌊m[t]·mantissa / 2^(15+k) + 1/2⌋     k = 0 up to 256 keys, else b − 7
/// exponent = b + k + v + w − 28 − shift
/// ```
///
/// A mantissa has 15 bits up to 256 keys, fewer above. Equal gradients of the weights give exact zeros.
///
/// # Accuracy
///
/// Up to 256 keys, with `A` = `a`/65,536 that sum to 1:
///
/// ```text
/// |error of ds[t]| ≤ max_t |ds[t]| / 2¹³ + σ·max_t |da[t]|·2^(b−27)·(A[t]·(T/2 + 2) + 1/2)
/// ```
///
/// Above, a mantissa has fewer bits, and 2^(13−k) is in the place of 2¹³. Where the weights sum to less than 1, it is the error
/// of the equation with `da[t] − da[r]` for `da[t]`.
///
/// # Example
///
/// ```
/// use microattention::quantized::{ScoreScale, softmax_backward};
///
/// let (mut ds, mut exponents) = ([[0; 2]], [0]);
/// let sigma = ScoreScale::new(0.5);
/// softmax_backward(sigma, &[[0x8000, 0x8000]], &[[300, 100]], &mut ds, &mut exponents);
/// assert_eq!(ds.map(|ds| ds.map(|ds| f32::from(ds) * 2_f32.powi(exponents[0]))), [[25.0, -25.0]]);
/// ```
pub fn softmax_backward<const N: usize, const T: usize>(
    sigma: ScoreScale,
    a: &[[u16; T]; N],
    da: &[[i32; T]; N],
    ds: &mut [[i16; T]; N],
    exponents: &mut [i32; N],
) {
    Attend::new(sigma).softmax_backward(a, da, ds, exponents);
}

impl<R> Attend<R> {
    /// [`softmax`] over the keys that are attended; the weight 0 for others.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let lengths = microattention::Attend::new().lengths(&[1]);
    /// let mut a = [[9; 2]];
    /// Attend::with(ScoreScale::new(1.0), lengths).softmax(&[[0, i32::MAX]], &mut a);
    /// assert_eq!(a, [[0xFFFF, 0]]);
    /// ```
    pub fn softmax<const N: usize, const T: usize>(&self, s: &[[i32; T]; N], a: &mut [[u16; T]; N])
    where
        R: Rule<f32, N, 1, T>,
    {
        for (n, (s, a)) in s.iter().zip(a).enumerate() {
            softmax_row(self.keys::<N, 1, T>(n, 0), &self.scale, s, a);
        }
    }

    /// The gradients of [`softmax`](Self::softmax): zero for keys that are not attended.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let lengths = microattention::Attend::new().lengths(&[1]);
    /// let (mut ds, mut exponents) = ([[9; 2]], [0]);
    /// let att = Attend::with(ScoreScale::new(1.0), lengths);
    /// att.softmax_backward(&[[0xFFFF, 0]], &[[5, 6]], &mut ds, &mut exponents);
    /// assert_eq!(ds, [[0, 0]]);
    /// ```
    pub fn softmax_backward<const N: usize, const T: usize>(
        &self,
        a: &[[u16; T]; N],
        da: &[[i32; T]; N],
        ds: &mut [[i16; T]; N],
        exponents: &mut [i32; N],
    ) where
        R: Rule<f32, N, 1, T>,
    {
        for (n, (((a, da), ds), exponent)) in a.iter().zip(da).zip(ds).zip(exponents).enumerate() {
            let mut row = *da;
            let keys = self.keys::<N, 1, T>(n, 0);
            *exponent = softmax_backward_row(keys, &self.scale, a, &mut row);
            for (ds, mantissa) in ds.iter_mut().zip(row) {
                *ds = mantissa as i16;
            }
        }
    }
}
