//! Softmax and cross-entropy in one, in integers: the last layer of a classifier that trains.

use super::bits::{narrow, sign};
use super::row::{Total, softmax_row};
use super::scale::ScoreScale;
use crate::keys::Keys;

/// The cross-entropy of the softmax of each row of scores with its label, summed over the batch; and its gradient.
///
/// ```text
/// loss    = Σ_n ( σ·(max_c s[n,c] − s[n,label]) + ln Σ_c e[n,c] )·2¹⁶
/// ds[n,c] = (softmax(s[n,:])[c] − (1 if c = label, else 0))·2¹⁵
/// ```
///
/// The loss is in 2⁻¹⁶ and saturates; `ds` is the weight of [`softmax`](crate::quantized::softmax), less 65,536 at the
/// label, halved: `⌊(a + 1) / 2⌋`, at most 32,767. It is an upstream gradient for
/// [`dot_scores_backward`](crate::quantized::dot_scores_backward), of the unit σ·2⁻¹⁵ for a unit of the score.
///
/// Labels count as part of the mask: a call takes the same time for all scores, not for all labels.
///
/// # Special values
///
/// - A label of `None` adds nothing to the loss and gives a gradient of zeros; its scores are not read.
/// - A label that is no class, `Some(c)` with `c ≥ C`, makes the loss `u32::MAX`, and the gradient of its row zeros.
///
/// # Accuracy
///
/// The loss of a row is within (`C`/2 + 15)·2⁻¹⁶ and 2⁻¹³ of it.
///
/// # Example
///
/// ```
/// use microattention::quantized::{ScoreScale, softmax_cross_entropy};
///
/// let mut ds = [[9; 2]; 2];
/// let labels = [Some(1), None];
/// let loss = softmax_cross_entropy(ScoreScale::new(0.1), &[[5, 5], [0, 1]], &labels, &mut ds);
/// assert_eq!(ds, [[0x4000, -0x4000], [0, 0]]);
/// assert!((loss as f32 / 65536.0 - 2_f32.ln()).abs() < 1e-4);
/// ```
#[doc(alias = "cross_entropy")]
pub fn softmax_cross_entropy<const N: usize, const C: usize>(
    sigma: ScoreScale,
    s: &[[i32; C]; N],
    labels: &[Option<usize>; N],
    ds: &mut [[i16; C]; N],
) -> u32 {
    let sign = sign();
    let mut loss = 0_u32;
    for ((s, &label), ds) in s.iter().zip(labels).zip(ds) {
        ds.fill(0);
        let Some(label) = label else { continue };
        let Some(&score) = s.get(label) else {
            loss = u32::MAX;
            continue;
        };
        let mut a = [0; C];
        let total = softmax_row(Keys::ALL.among(C), &sigma, s, &mut a);
        loss = loss.saturating_add(negative_logarithm(&sigma, total, score));
        for (c, (&a, ds)) in a.iter().zip(ds).enumerate() {
            let one = if c == label { 0x1_0000 } else { 0 };
            *ds = narrow(sign, (i32::from(a) - one + 1) >> 1);
        }
    }
    loss
}

/// `−ln` of the probability of a score, in 2⁻¹⁶, saturating.
fn negative_logarithm(sigma: &ScoreScale, total: Total, score: i32) -> u32 {
    const LN_2: u64 = 45_426; // ln(2)·2¹⁶
    // log2(65,536 / 65,535)·2²⁰: what the sum of exponentials counts in.
    const UNIT: u64 = 23;
    // The logarithm to base 2 in 2⁻²⁰, bit by bit: the square of a number has twice its logarithm.
    let bits = super::bits::width(total.sum);
    let mut x = total.sum.wrapping_shl(32_u32.wrapping_sub(bits));
    let mut logarithm = u64::from(bits);
    for _ in 0..20 {
        let square = u64::from(x).wrapping_mul(x.into()) >> 31;
        let bit = square >> 32;
        logarithm = logarithm << 1 | bit;
        x = (square >> bit) as u32;
    }
    let logarithm = logarithm
        .saturating_add(UNIT)
        .saturating_sub(17 << 20)
        .wrapping_mul(LN_2)
        >> 20;
    let distance = u64::from(total.max.wrapping_sub(score).cast_unsigned());
    let distance = distance.wrapping_mul(sigma.sigma.mantissa.into()) << 16;
    let distance = match u32::try_from(sigma.sigma.shift) {
        Ok(shift) => distance >> shift.min(63),
        Err(_) => distance.saturating_mul(u64::MAX),
    };
    distance.saturating_add(logarithm).min(u32::MAX.into()) as u32
}
