//! The softmax of one row, forward and backward, which all shapes share.

use super::bits::{magnitude, max, sign, weigh, width};
use super::scale::ScoreScale;
use crate::keys::Keys;

/// The largest score of a row and the sum of its exponentials, in 1/65,535.
#[derive(Clone, Copy)]
pub(super) struct Total {
    pub(super) max: i32,
    pub(super) sum: u32,
}

/// The weights of the attended keys, zero elsewhere.
#[inline(always)]
pub(super) fn softmax_row(
    keys: Keys<'_, f32>,
    scale: &ScoreScale,
    s: &[i32],
    a: &mut [u16],
) -> Total {
    keys.fill_outside(a, 0);
    let (s, a) = (keys.of(s), keys.of_mut(a));
    match keys.mask {
        Some(mask) => softmax(scale, s, a, |i| kept(mask, i)),
        None => softmax(scale, s, a, |_| true),
    }
}

#[inline(always)]
fn kept(mask: &[bool], i: usize) -> bool {
    mask.get(i).is_some_and(|&kept| kept)
}

// Not inlined, and with a closure that no shape has of its own: one copy in a program.
#[inline(never)]
fn softmax(scale: &ScoreScale, s: &[i32], a: &mut [u16], attends: impl Fn(usize) -> bool) -> Total {
    let sign = sign();
    // In the order of unsigned numbers, whose difference is simpler.
    let mut largest = 0;
    for (i, &s) in s.iter().enumerate() {
        if attends(i) {
            largest = max(largest, s.cast_unsigned() ^ 1 << 31);
        }
    }
    let largest = (largest ^ 1 << 31).cast_signed();
    let mut sum = 0_u32;
    for (i, (&s, a)) in s.iter().zip(&mut *a).enumerate() {
        let e = if attends(i) {
            exponential(sign, scale, largest, s)
        } else {
            0
        };
        // At most 2¹⁵ of less than 2¹⁶.
        sum = sum.wrapping_add(e);
        *a = e as u16;
    }
    // Nothing attended: the weights are zero whatever they are multiplied by.
    let bits = width(sum | 0x8000);
    let reciprocal = reciprocal(sign, sum.wrapping_shr(bits.wrapping_sub(16)));
    for a in a {
        let product = u32::from(*a).wrapping_mul(reciprocal);
        *a = (product.wrapping_shr(bits.wrapping_sub(2)).wrapping_add(1) >> 1) as u16;
    }
    Total { max: largest, sum }
}

/// `65,535·2^−z`, rounded, with `z` the distance from the largest score in octaves.
#[inline(always)]
fn exponential(sign: u32, scale: &ScoreScale, max: i32, s: i32) -> u32 {
    // The distance, at most the limit: where it is larger, it or what the limit exceeds it by has its top bit set.
    let distance = max.wrapping_sub(s).cast_unsigned();
    let distance = distance.wrapping_shr(scale.drop).cast_signed();
    let under = scale.limit.cast_signed().wrapping_sub(distance);
    let beyond = (distance | under).wrapping_shr(sign);
    let distance = distance.wrapping_add(under & beyond).cast_unsigned();
    let z = distance.wrapping_mul(scale.octaves);
    let p = exp2(z << 6 >> 17);
    (p.wrapping_shr(z >> 26).wrapping_add(1)) >> 1
}

/// `131,070·2^−(f/2¹⁵)` for `f` below 2¹⁵.
#[inline(always)]
fn exp2(f: u32) -> u32 {
    let p = 56_877;
    let p = 111_393_u32.wrapping_sub(f.wrapping_mul(p) >> 17);
    let p = 125_523_u32.wrapping_sub(f.wrapping_mul(p) >> 17);
    let p = 90_843_u32.wrapping_sub(f.wrapping_mul(p) >> 17);
    131_070_u32.wrapping_sub(f.wrapping_mul(p) >> 15)
}

/// `⌊2³¹ / x⌋` for `x` from 2¹⁵ to 2¹⁶ − 1, by Newton's method: a division takes a time that depends on the numbers.
#[inline(always)]
fn reciprocal(sign: u32, x: u32) -> u32 {
    // 1/d is about 48/17 − 32/17·d between 1/2 and 1, within 1/17 of it.
    let y = (92_521_u32.wrapping_sub(x.wrapping_mul(61_681) >> 16)).cast_signed();
    let x = x.cast_signed();
    // What is left fits, though the product does not.
    let rest = |y: i32| i32::MIN.wrapping_sub(x.wrapping_mul(y));
    let y = y.wrapping_add(y.wrapping_mul(rest(y) >> 15) >> 16);
    let y = y.wrapping_add(y.wrapping_mul(rest(y) >> 10) >> 21);
    // At most 1 too small.
    let more = rest(y).wrapping_sub(x).wrapping_shr(sign);
    y.wrapping_add(1).wrapping_add(more).cast_unsigned()
}

/// The gradients of the attended scores in place of those of their weights, zero elsewhere: mantissas of 15
/// bits (fewer above 256 keys), and what their exponent is.
#[inline(always)]
pub(super) fn softmax_backward_row(
    keys: Keys<'_, f32>,
    scale: &ScoreScale,
    a: &[u16],
    d: &mut [i32],
) -> i32 {
    keys.fill_outside(d, 0);
    let bits = usize::BITS - d.len().saturating_sub(1).leading_zeros();
    let (a, d) = (keys.of(a), keys.of_mut(d));
    match keys.mask {
        Some(mask) => softmax_backward(scale, bits, a, d, |i| kept(mask, i)),
        None => softmax_backward(scale, bits, a, d, |_| true),
    }
}

#[inline(never)]
fn softmax_backward(
    scale: &ScoreScale,
    bits: u32,
    a: &[u16],
    d: &mut [i32],
    attends: impl Fn(usize) -> bool,
) -> i32 {
    let mut largest = 0;
    for (i, d) in d.iter_mut().enumerate() {
        *d = if attends(i) { *d } else { 0 };
        largest |= magnitude(*d);
    }
    // |d| < 2^(28 − bits): no sum of 2^bits of them exceeds 2²⁸.
    let first = width(largest);
    let (left, right) = (31_u32.wrapping_sub(first), bits.wrapping_add(2));
    let fit = |d: i32| (d.wrapping_shl(left).wrapping_shr(right).wrapping_add(1)) >> 1;
    // Only differences count. With those from the first, equal gradients give exact zeros.
    let attended = d.iter().enumerate().find(|&(i, _)| attends(i));
    let reference = attended.map_or(0, |(_, &d)| fit(d));
    let weighed = |i, a, d| if attends(i) { weigh(a, d, 0x8000) } else { 0 };
    let mut mean = 0_i32;
    for (i, (d, &a)) in d.iter_mut().zip(a).enumerate() {
        *d = fit(*d).wrapping_sub(reference);
        mean = mean.wrapping_add(weighed(i, a, *d));
    }
    let mut largest = 0;
    for (i, (d, &a)) in d.iter_mut().zip(a).enumerate() {
        *d = weighed(i, a, d.wrapping_sub(mean));
        largest |= magnitude(*d);
    }
    let second = width(largest);
    // At most 2³⁰, then at most 2¹⁵, times less than 2¹⁵.
    let left = 30_u32.wrapping_sub(second);
    let fewer = if bits > 8 { bits.wrapping_sub(7) } else { 0 };
    let (half, right) = (0x4000_i32.wrapping_shl(fewer), fewer.wrapping_add(15));
    for d in d {
        let mantissa = (d.wrapping_shl(left).wrapping_add(0x4000)) >> 15;
        *d = mantissa
            .wrapping_mul(scale.sigma.mantissa.into())
            .wrapping_add(half)
            .wrapping_shr(right);
    }
    (bits + fewer + first + second)
        .cast_signed()
        .wrapping_sub(28)
        .wrapping_sub(scale.sigma.shift)
}
