//! From floats and back, and from one integer type to another.

use super::bits::{add, magnitude, narrow, sign, weigh, width};
use super::scale::Multiplier;

/// The scale with which the largest finite magnitude becomes 127; 1 if all are zero.
///
/// # Special values
///
/// NaN and ∞ are left out.
///
/// # Example
///
/// ```
/// use microattention::quantized::scale_of;
///
/// assert_eq!(scale_of(&[[12.7, -25.4, f32::INFINITY]]), 0.2);
/// ```
#[must_use]
pub fn scale_of<const N: usize, const H: usize>(x: &[[f32; H]; N]) -> f32 {
    let mut largest = 0.0;
    for &x in x.as_flattened() {
        if x.abs() > largest && x.abs() <= f32::MAX {
            largest = x.abs();
        }
    }
    if largest > 0.0 { largest / 127.0 } else { 1.0 }
}

/// Each number divided by `scale`, rounded to the nearest integer, of two the even one; saturating.
///
/// # Special values
///
/// NaN becomes 0, and ±∞ 127 and −128.
///
/// # Accuracy
///
/// Of what does not saturate: half of `scale`, and one rounding of the quotient.
///
/// # Example
///
/// ```
/// use microattention::quantized::quantize;
///
/// let mut q = [[0; 5]];
/// quantize(&[[0.5, 1.5, -64.6, 1e9, f32::NAN]], 0.5, &mut q);
/// assert_eq!(q, [[1, 3, -128, 127, 0]]);
/// ```
#[doc(alias = "quantize_per_tensor")]
pub fn quantize<const N: usize, const H: usize>(
    x: &[[f32; H]; N],
    scale: f32,
    q: &mut [[i8; H]; N],
) {
    // Beyond, a number has no place for a half.
    const WHOLE: f32 = 12_582_912.0; // 1.5·2²³
    for (x, q) in x.as_flattened().iter().zip(q.as_flattened_mut()) {
        let rounded = (x / scale + WHOLE) - WHOLE;
        *q = rounded as i8;
    }
}

/// Each integer times `scale`.
///
/// # Accuracy
///
/// One rounding.
///
/// # Example
///
/// ```
/// use microattention::quantized::dequantize;
///
/// let mut c = [[0.0; 2]];
/// // A context, of values in steps of 0.5.
/// dequantize(&[[256_i16, -384]], 0.5 / 256.0, &mut c);
/// assert_eq!(c, [[0.5, -0.75]]);
/// ```
pub fn dequantize<Q: Copy + Into<f32>, const N: usize, const H: usize>(
    q: &[[Q; H]; N],
    scale: f32,
    x: &mut [[f32; H]; N],
) {
    for (q, x) in q.as_flattened().iter().zip(x.as_flattened_mut()) {
        *x = (*q).into() * scale;
    }
}

/// Each integer times a factor, for the next layer; saturating.
///
/// ```text
/// q = ⌊x·factor + 1/2⌋
/// ```
///
/// The factor is what one unit of `x` is worth divided by what one of `q` shall be worth.
///
/// # Example
///
/// ```
/// use microattention::quantized::{Multiplier, requantize};
///
/// // A context, 1/256 of the values' unit, in the values' unit again.
/// let mut q = [[0; 3]];
/// requantize(&[[384_i16, -384, 32767]], Multiplier::new(1.0 / 256.0), &mut q);
/// assert_eq!(q, [[2, -1, 127]]);
/// ```
#[doc(alias = "requantization")]
pub fn requantize<X: Copy + Into<i32>, const N: usize, const H: usize>(
    x: &[[X; H]; N],
    factor: Multiplier,
    q: &mut [[i8; H]; N],
) {
    // Of a product of 46 bits, nothing is left beyond 47. Below 17 the factor is at least 1/4: 13 bits saturate, and are
    // not lost to the left.
    let shift = factor.shift.clamp(0, 47).cast_unsigned();
    let left = 17_u32.saturating_sub(shift);
    let right = shift.wrapping_add(left).wrapping_sub(17);
    let limit = if left > 0 { 0xFFF } else { i32::MAX };
    for (x, q) in x.as_flattened().iter().zip(q.as_flattened_mut()) {
        let x = (*x).into().clamp(!limit, limit).wrapping_shl(left);
        let product = weigh(factor.mantissa, x, 0);
        let rounded = product.wrapping_shr(right).wrapping_add(1) >> 1;
        *q = rounded.clamp(-128, 127) as i8;
    }
}

/// Block floating point: the integers as mantissas of 16 bits with one exponent, which is returned.
///
/// ```text
/// y = ⌊x·2^−exponent + 1/2⌋, saturating,   exponent = w − 15
/// ```
///
/// with `w` the bits of the largest magnitude (of a negative number, that of `−1 − x`). It makes an upstream gradient of a
/// gradient, as exact as 16 bits allow: see [`Attend::fraction`](crate::quantized::Attend::fraction).
///
/// # Accuracy
///
/// 2⁻¹⁵ of the largest.
///
/// # Example
///
/// ```
/// use microattention::quantized::normalize;
///
/// let mut y = [[0; 2]];
/// let exponent = normalize(&[[100_000, -300]], &mut y);
/// assert_eq!((y, exponent), ([[25_000, -75]], 2));
/// ```
pub fn normalize<const N: usize, const H: usize>(x: &[[i32; H]; N], y: &mut [[i16; H]; N]) -> i32 {
    let sign = sign();
    let mut largest = 0;
    for &x in x.as_flattened() {
        largest |= magnitude(x);
    }
    let bits = width(largest);
    let left = 31_u32.wrapping_sub(bits);
    for (x, y) in x.as_flattened().iter().zip(y.as_flattened_mut()) {
        *y = narrow(sign, (x.wrapping_shl(left) >> 15).wrapping_add(1) >> 1);
    }
    bits.cast_signed() - 15
}

/// One step of gradient descent: subtracts `2^−shift` of each gradient from its parameter, saturating.
///
/// ```text
/// w ← w − ⌊(d + random mod 2^shift) / 2^shift⌋
/// ```
///
/// With random bits, a step is rounded up as often as what is lost deserves, so that many steps smaller than one unit are not
/// lost (stochastic rounding). With `2^(shift − 1)` instead, it is rounded to the nearest. `shift` is at most 31, more is 31.
///
/// # Example
///
/// ```
/// use microattention::quantized::update;
///
/// let mut w = [[1000, 1000]];
/// update(&mut w, &[[32, 33]], 6, || 31);
/// assert_eq!(w, [[1000, 999]]);
/// ```
#[doc(alias = "SGD")]
#[doc(alias = "stochastic rounding")]
pub fn update<const N: usize, const H: usize>(
    w: &mut [[i32; H]; N],
    d: &[[i32; H]; N],
    shift: u32,
    mut random: impl FnMut() -> u32,
) {
    let sign = sign();
    let shift = shift.min(31);
    let mask = (1_u32 << shift) - 1;
    for (w, &d) in w.as_flattened_mut().iter_mut().zip(d.as_flattened()) {
        let carry = ((d.cast_unsigned() & mask) + (random() & mask)) >> shift;
        let step = (d >> shift).wrapping_add(carry.cast_signed());
        // −1 − ((−1 − w) + step) is w − step, and saturates where that does.
        *w = !add(sign, !*w, step);
    }
}
