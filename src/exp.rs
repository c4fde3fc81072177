//! `eˣ` for `x ≤ 0`, the inner loop of the softmax.
//!
//! **Why our own.** A softmax spends most of its time here, and the platform's `expf` neither
//! vectorises nor returns the same bits everywhere. This one is straight-line code in the
//! arithmetic of its own type, without a table, a branch or a fused multiply-add, so that a loop
//! over it fills vector registers, and it takes the same time for every argument.
//!
//! **Reduction.** `x = k·ln 2 + r` with `k` the integer nearest to `x / ln 2`, so `|r| ≤ ln 2 / 2`
//! up to rounding. Adding `MAGIC`, 1.5 times the power of two at which the last bit of a float is
//! worth one, rounds `x / ln 2` to an integer and leaves that integer in the low bits of the sum.
//! `ln 2` is split in two (Cody and Waite, 1980): `LN2_HI` ends in so many zero bits that
//! `k·LN2_HI`, and then `r_hi = x − k·LN2_HI`, are exact; `LN2_LO` is the rest.
//!
//! **Polynomial.** `eʳ ≈ 1 + r + r²·q(r)`, the first two coefficients fixed at 1. `q` has degree 4
//! for `f32` and 9 for `f64`; the relative error of the whole is 3.29·10⁻⁹ and 3.80·10⁻¹⁸, a
//! twentieth of half a unit in the last place. Sollya 8.0 made the coefficients:
//!
//! ```text
//! d = log(2)/2*(1+2^-13);
//! fpminimax(exp(x), [|2,...,6|],  [|SG...|], [-d;d], relative, 1+x);
//! fpminimax(exp(x), [|2,...,11|], [|D...|],  [-d;d], relative, 1+x);
//! ```
//!
//! **Reconstruction.** `1 + (r_hi + (r²·q + r_lo))`: the exact part of `r` is added last but one, so
//! that its rounding error stays small. The result is scaled by `2ᵏ` in two steps. `MAGIC` carries
//! the exponent bias plus 64 (512 for `f64`), so a shift of the sum by the width of the fraction is
//! the float `2^(k+64)`, which is never subnormal; the product with it is exact, and the product
//! with `UNSCALE` rounds once, to a subnormal where the result is one. A NaN goes through both
//! products, whatever its bits made of the scale.
//!
//! **Without an FPU** an addition is a call, and moving an exponent in integers is cheaper than a
//! product: there [`soft_float`] gives the same bits in fewer instructions than `libm::expf` takes.
//!
//! **Special cases.** `x` is clamped at −104 (−746), where the result is zero already, so −∞ gives
//! `+0.0`. The clamp lets a NaN pass. `exp(−0.0)` and `exp(0.0)` are exactly 1.
//!
//! **Accuracy.** `f32`: at most 0.886 ulp (0.748 among subnormal results) from the exact value for
//! every one of the 2³¹ non-positive bit patterns, 3.44 % of the arguments between −104 and −2⁻²⁶
//! not correctly rounded (9,418,262) and none by more than one place, monotone; all of it asserted by the
//! exhaustive test. `f64`: at most 0.9 ulp on the 200,000 points that the tests sample.

pub(crate) mod soft_float;

const LOG2_E: f32 = f32::from_bits(0x3fb8_aa3b); // 0x1.715476p0
const LN2_HI: f32 = f32::from_bits(0x3f31_7200); // 0x1.62e4p-1: 15 bits, exact for |k| ≤ 511
const LN2_LO: f32 = f32::from_bits(0x35bf_be8e); // 0x1.7f7d1cp-20
const MAGIC: f32 = 12_583_103.0; // 1.5·2²³ + 64 + 127
const C2: f32 = f32::from_bits(0x3eff_fffd); // 0x1.fffffap-2
const C3: f32 = f32::from_bits(0x3e2a_aa49); // 0x1.555492p-3
const C4: f32 = f32::from_bits(0x3d2a_ad13); // 0x1.555a26p-5
const C5: f32 = f32::from_bits(0x3c09_1cc0); // 0x1.12398p-7
const C6: f32 = f32::from_bits(0x3ab4_a650); // 0x1.694cap-10
const UNSCALE: f32 = f32::from_bits(0x1f80_0000); // 2⁻⁶⁴

/// `eˣ` for `x ≤ 0`, `−∞` and NaN.
#[inline(always)]
pub(crate) fn exp_f32(x: f32) -> f32 {
    let x = if x < -104.0 { -104.0 } else { x };
    let t = x * LOG2_E + MAGIC;
    let k = t - MAGIC;
    let scale = f32::from_bits(t.to_bits() << 23);
    let r_hi = x - k * LN2_HI;
    let r_lo = k * -LN2_LO;
    let r = r_hi + r_lo;
    let q = (((C6 * r + C5) * r + C4) * r + C3) * r + C2;
    (1.0 + (r_hi + ((r * r) * q + r_lo))) * scale * UNSCALE
}

/// `eˣ` for `x ≤ 0`, `−∞` and NaN: the same steps as for `f32`.
#[inline(always)]
pub(crate) fn exp_f64(x: f64) -> f64 {
    const LOG2_E: f64 = f64::from_bits(0x3ff7_1547_652b_82fe); // 0x1.71547652b82fep0
    const LN2_HI: f64 = f64::from_bits(0x3fe6_2e42_fefa_3800); // 0x1.62e42fefa38p-1: 42 bits
    const LN2_LO: f64 = f64::from_bits(0x3d2e_f357_93c7_6730); // 0x1.ef35793c7673p-45
    const MAGIC: f64 = 6_755_399_441_057_279.0; // 1.5·2⁵² + 512 + 1023
    const C2: f64 = f64::from_bits(0x3fe0_0000_0000_000a); // 0x1.000000000000ap-1
    const C3: f64 = f64::from_bits(0x3fc5_5555_5555_54fe); // 0x1.55555555554fep-3
    const C4: f64 = f64::from_bits(0x3fa5_5555_5555_06b9); // 0x1.55555555506b9p-5
    const C5: f64 = f64::from_bits(0x3f81_1111_1112_6b31); // 0x1.1111111126b31p-7
    const C6: f64 = f64::from_bits(0x3f56_c16c_1847_80b4); // 0x1.6c16c184780b4p-10
    const C7: f64 = f64::from_bits(0x3f2a_01a0_12ff_28c2); // 0x1.a01a012ff28c2p-13
    const C8: f64 = f64::from_bits(0x3efa_0199_95b9_979d); // 0x1.a019995b9979dp-16
    const C9: f64 = f64::from_bits(0x3ec7_1df1_8e0d_c853); // 0x1.71df18e0dc853p-19
    const C10: f64 = f64::from_bits(0x3e92_8ae0_05a2_6fc3); // 0x1.28ae005a26fc3p-22
    const C11: f64 = f64::from_bits(0x3e5a_d930_99c2_8bd4); // 0x1.ad93099c28bd4p-26
    const UNSCALE: f64 = f64::from_bits(0x1ff0_0000_0000_0000); // 2⁻⁵¹²

    let x = if x < -746.0 { -746.0 } else { x };
    let t = x * LOG2_E + MAGIC;
    let k = t - MAGIC;
    let scale = f64::from_bits(t.to_bits() << 52);
    let r_hi = x - k * LN2_HI;
    let r_lo = k * -LN2_LO;
    let r = r_hi + r_lo;
    let q = ((C11 * r + C10) * r + C9) * r + C8;
    let q = ((q * r + C7) * r + C6) * r + C5;
    let q = ((q * r + C4) * r + C3) * r + C2;
    (1.0 + (r_hi + ((r * r) * q + r_lo))) * scale * UNSCALE
}
