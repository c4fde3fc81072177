//! What integers are worth, as integers.

/// What one unit of an integer score is worth, for the softmax: the scale of the queries times that of the
/// keys times the scale of the scores, such as 1/√D.
///
/// Made once, in a `const` or a `static`. No floating-point instruction runs, wherever it is made.
///
/// # Special values
///
/// A worth that is not above zero, or NaN, counts as the smallest, 2⁻¹²⁶: all keys weigh the same. From
/// 11.1 on the next best score weighs nothing.
///
/// # Accuracy
///
/// For weights, σ·log2(e) is kept as `octaves`, of at least 13 bits, and the distance of scores loses `k` bits:
///
/// ```text
/// k       = ⌈−log2(σ)⌉ − 14, from 0 to 31
/// octaves = ⌊σ·log2(e)·2^(26 + k) + 1/2⌋, at least 1, above 2³⁰ as 2³¹ − 1
/// limit   = ⌊(2³¹ − 1) / octaves⌋
/// ```
///
/// The error of a distance is at most 2⁻¹³ of it and 2⁻¹² octaves. For gradients, σ is rounded to 15 bits, an error of at most
/// 2⁻¹⁵ of it.
///
/// # Example
///
/// ```
/// use microattention::quantized::ScoreScale;
///
/// // Queries in steps of 0.02 and keys in steps of 0.03, 64 features.
/// static SIGMA: ScoreScale = ScoreScale::new(0.02 * 0.03 / 8.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreScale {
    /// How many bits of a distance are dropped, so that its factor has at least 13.
    pub(super) drop: u32,
    /// σ·log2(e)·2^(26 + drop), from 1 to 2³¹ − 1.
    pub(super) octaves: u32,
    /// The largest distance of scores whose product with `octaves` is below 2³¹.
    pub(super) limit: u32,
    pub(super) sigma: Multiplier,
}

impl ScoreScale {
    /// That of a score which is worth `sigma`.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::quantized::ScoreScale;
    ///
    /// const SIGMA: ScoreScale = ScoreScale::new(0.001);
    /// ```
    #[must_use]
    pub const fn new(sigma: f32) -> Self {
        const LOG2_E: u64 = 0x5C55_1D95; // log2(e)·2³⁰
        let (significand, exponent) = parts(sigma);
        // Below 2⁵⁵, and from 2⁵³ on unless it is zero.
        let product = significand as u64 * LOG2_E;
        let (drop, right) = match 4 - exponent {
            right @ ..=41 => (0, right),
            right @ 42..=72 => (right - 41, 41),
            _ => (31, 41),
        };
        let octaves = if right < 22 {
            u32::MAX >> 1
        } else {
            match ((product >> (right - 1)) + 1) >> 1 {
                0 => 1,
                octaves if octaves > 1 << 30 => u32::MAX >> 1,
                octaves => octaves as u32,
            }
        };
        Self {
            drop: drop.cast_unsigned(),
            octaves,
            limit: match (u32::MAX >> 1).checked_div(octaves) {
                Some(limit) => limit,
                None => 0,
            },
            sigma: Multiplier::new(sigma),
        }
    }
}

/// A factor as an integer of 15 bits and a shift, for [`requantize`](crate::quantized::requantize).
///
/// ```text
/// factor = mantissa·2^−shift,   2¹⁴ ≤ mantissa < 2¹⁵
/// ```
///
/// # Special values
///
/// A factor that is not above 2⁻¹²⁶, or NaN, counts as zero, and infinity as 2¹²⁸.
///
/// # Accuracy
///
/// At most 2⁻¹⁵ of the factor.
///
/// # Example
///
/// ```
/// use microattention::quantized::Multiplier;
///
/// const HALF: Multiplier = Multiplier::new(0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Multiplier {
    pub(super) mantissa: u16,
    pub(super) shift: i32,
}

impl Multiplier {
    /// That nearest to `factor`.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::quantized::Multiplier;
    ///
    /// const THIRD: Multiplier = Multiplier::new(1.0 / 3.0);
    /// ```
    #[must_use]
    pub const fn new(factor: f32) -> Self {
        let (significand, exponent) = parts(factor);
        let mantissa = (significand + 0x100) >> 9;
        if mantissa == 1 << 15 {
            Self {
                mantissa: 1 << 14,
                shift: -10 - exponent,
            }
        } else {
            Self {
                mantissa: mantissa as u16,
                shift: -9 - exponent,
            }
        }
    }
}

/// `x = significand·2^exponent` with 24 bits of significand; no bits where `x` is not above zero.
const fn parts(x: f32) -> (u32, i32) {
    const INFINITY: u32 = f32::INFINITY.to_bits();
    let bits = x.to_bits();
    // What is negative and what is NaN comes after infinity.
    if f32::MIN_POSITIVE.to_bits() <= bits && bits <= INFINITY {
        (
            bits & 0x7F_FFFF | 0x80_0000,
            (bits >> 23).cast_signed() - 150,
        )
    } else {
        (0, -150)
    }
}
