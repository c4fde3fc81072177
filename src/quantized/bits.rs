//! Integers without a branch on the data.

use core::hint::black_box;

/// The bits of `x`: 0 for 0, 32 from 2³¹ on. Not every core counts leading zeros.
#[inline(always)]
pub(super) fn width(mut x: u32) -> u32 {
    x |= x >> 1;
    x |= x >> 2;
    x |= x >> 4;
    x |= x >> 8;
    x |= x >> 16;
    x.count_ones()
}

/// The bits that the magnitude of `x` takes, at most one too few; of several, the bits of all ORed.
#[inline(always)]
pub(super) fn magnitude(x: i32) -> u32 {
    (x ^ (x >> 31)).cast_unsigned()
}

/// Whether the core has selects, as Arm has but for Cortex-M0, which has no atomics: there what the compiler makes of
/// a saturation does not branch, and is shorter.
const SELECTS: bool = cfg!(all(target_arch = "arm", target_has_atomic = "32"));

/// The shift that leaves the sign of an `i32`, hidden from the compiler: where it knows that a mask is a sign, it
/// makes a select of it, and a core without selects branches on the data.
#[inline(always)]
pub(super) fn sign() -> u32 {
    black_box(31)
}

/// The larger one.
#[inline(always)]
pub(super) fn max(x: u32, y: u32) -> u32 {
    let difference = u64::from(x).wrapping_sub(y.into());
    let less = (difference >> 32) as u32;
    x.wrapping_sub(difference as u32 & less)
}

/// `x + y`, saturating.
#[inline(always)]
pub(super) fn add(sign: u32, x: i32, y: i32) -> i32 {
    if SELECTS {
        return x.saturating_add(y);
    }
    let sum = x.wrapping_add(y);
    saturate(sign, sum, (x ^ sum) & (y ^ sum), x)
}

/// `x`, but where `lost` is negative the limit on the side of `of`.
#[inline(always)]
fn saturate(sign: u32, x: i32, lost: i32, of: i32) -> i32 {
    x ^ ((x ^ of.wrapping_shr(sign) ^ i32::MAX) & lost.wrapping_shr(sign))
}

/// `x`, saturating, for `|x| < 2³⁰`.
#[inline(always)]
pub(super) fn narrow(sign: u32, x: i32) -> i16 {
    if SELECTS {
        return x.clamp(-0x8000, 0x7FFF) as i16;
    }
    let positive = |x: i32| x & !x.wrapping_shr(sign);
    let above = positive(x.wrapping_add(0x8000));
    let inside = above.wrapping_sub(positive(above.wrapping_sub(0xFFFF)));
    inside.wrapping_sub(0x8000) as i16
}

/// `⌊(a·y + half) / 2¹⁶⌋` for `half` up to 2¹⁵
#[inline(always)]
pub(super) fn weigh(a: u16, y: i32, half: u32) -> i32 {
    let low = u32::from(a).wrapping_mul(y.cast_unsigned() & 0xFFFF);
    let low = low.wrapping_add(half) >> 16;
    i32::from(a)
        .wrapping_mul(y >> 16)
        .wrapping_add(low.cast_signed())
}

/// A multiplication by a power of two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Power {
    sign: u32,
    left: u32,
    right: u32,
    half: i32,
}

impl Power {
    /// By `2^exponent`, for exponents of magnitude below 2³⁰; above 8, as for 8.
    #[inline(always)]
    pub(super) fn new(exponent: i32) -> Self {
        let sign = sign();
        let positive = |x: i32| x & !x.wrapping_shr(sign);
        // 31 at most: by more, nothing is left.
        let (left, right) = (
            8 - positive(8_i32.wrapping_sub(exponent)),
            31 - positive(exponent.wrapping_add(31)),
        );
        Self {
            sign,
            left: positive(left).cast_unsigned(),
            ..Self::right(positive(right).cast_unsigned())
        }
    }

    /// By `2^−right`, for less than 32.
    #[inline(always)]
    pub(super) fn right(right: u32) -> Self {
        Self {
            sign: 31,
            left: 0,
            right,
            half: (1_u32.wrapping_shl(right) >> 1).cast_signed(),
        }
    }

    /// `⌊x·2^exponent + 1/2⌋`, saturating, for `|x| < 2³⁰`.
    #[inline(always)]
    pub(super) fn of(self, x: i32) -> i32 {
        let shifted = self.to_left(x);
        let lost = shifted.wrapping_shr(self.left) ^ x;
        self.round(saturate(self.sign, shifted, lost | lost.wrapping_neg(), x))
    }

    /// What of the multiplication goes to the left.
    #[inline(always)]
    pub(super) fn to_left(self, x: i32) -> i32 {
        x.wrapping_shl(self.left)
    }

    /// What goes to the right.
    #[inline(always)]
    pub(super) fn round(self, x: i32) -> i32 {
        x.wrapping_add(self.half).wrapping_shr(self.right)
    }
}
