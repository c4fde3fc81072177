//! The formulas of the documentation in `i128`, one loop each.

/// `⌊x·2^exponent + 1/2⌋`
pub fn scale(x: i128, exponent: i32) -> i128 {
    if exponent >= 0 {
        // Beyond, everything has saturated long ago.
        x << exponent.min(64)
    } else {
        // Beyond, nothing is left.
        (x + (1 << (-exponent).min(100) >> 1)) >> (-exponent).min(100)
    }
}

fn saturate(x: i128, bits: u32) -> i128 {
    x.clamp(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
}

/// The bits of a magnitude, that of `−1 − x` for a negative number.
fn bits(x: impl Iterator<Item = i128>) -> i32 {
    let largest = x.map(|x| if x < 0 { -1 - x } else { x }).max().unwrap_or(0);
    128 - largest.leading_zeros().cast_signed()
}

/// `x = significand·2^exponent`, 24 bits.
fn parts(x: f32) -> (i128, i32) {
    if x < f32::MIN_POSITIVE || x.is_nan() {
        return (0, -150);
    }
    let mut exponent = 0;
    let mut x = f64::from(x).min(2_f64.powi(128));
    while x < 2_f64.powi(23) {
        x *= 2.0;
        exponent -= 1;
    }
    while x >= 2_f64.powi(24) {
        x /= 2.0;
        exponent += 1;
    }
    (x as i128, exponent)
}

/// `mantissa·2^−shift`
pub fn multiplier(factor: f32) -> (i128, i32) {
    let (significand, exponent) = parts(factor);
    let mantissa = scale(significand, -9);
    if mantissa == 1 << 15 {
        (1 << 14, -10 - exponent)
    } else {
        (mantissa, -9 - exponent)
    }
}

/// `k` and `octaves`.
fn octaves(sigma: f32) -> (i32, i128) {
    const LOG2_E: i128 = 1_549_082_005; // 30 bits after the point
    let (significand, exponent) = parts(sigma);
    let k = (-exponent - 37).clamp(0, 31);
    match scale(significand * LOG2_E, (exponent - 4).max(-41)).max(1) {
        octaves if octaves > 1 << 30 => (k, (1 << 31) - 1),
        octaves => (k, octaves),
    }
}

/// `131,070·2^(−f/2¹⁵)`
pub fn power(f: i128) -> i128 {
    let p3 = 111_393 - 56_877 * f / (1 << 17);
    let p2 = 125_523 - p3 * f / (1 << 17);
    let p1 = 90_843 - p2 * f / (1 << 17);
    131_070 - p1 * f / (1 << 15)
}

/// Of the attended scores.
pub fn exponentials(sigma: f32, s: &[i128]) -> Vec<i128> {
    let max = s.iter().max().copied().unwrap_or(0);
    let (k, octaves) = octaves(sigma);
    let exponential = |s: &i128| {
        let z = octaves * ((max - s) >> k).min(((1 << 31) - 1) / octaves);
        scale(power(z / (1 << 11) % (1 << 15)), -((z >> 26) as i32 + 1))
    };
    s.iter().map(exponential).collect()
}

pub fn softmax(sigma: f32, s: &[i128]) -> Vec<i128> {
    let e = exponentials(sigma, s);
    let sum: i128 = e.iter().sum();
    let w = bits([sum].into_iter());
    let weight = |e: &i128| scale(e * ((1 << 31) / (sum >> (w - 16))), 1 - w);
    e.iter().map(weight).collect()
}

/// `bits` is ⌈log2⌉ of the length of the rows, which may be more than are attended. Mantissas and an exponent.
pub fn softmax_backward(sigma: f32, b: i32, a: &[i128], da: &[i128]) -> (Vec<i128>, i32) {
    let (mantissa, shift) = multiplier(sigma);
    let w = bits(da.iter().copied());
    let y: Vec<_> = da.iter().map(|&da| scale(da, 28 - b - w)).collect();
    let y: Vec<_> = y.iter().map(|t| t - y[0]).collect();
    let d: i128 = a.iter().zip(&y).map(|(a, y)| scale(a * y, -16)).sum();
    let g: Vec<_> = a
        .iter()
        .zip(&y)
        .map(|(a, y)| scale(a * (y - d), -16))
        .collect();
    let v = bits(g.iter().copied());
    let k = if b > 8 { b - 7 } else { 0 };
    let m = g
        .iter()
        .map(|&g| scale(scale(g, 15 - v) * mantissa, -15 - k));
    (m.collect(), b + k + v + w - 28 - shift)
}

/// In 1/256.
pub fn context(sum: i128) -> i128 {
    saturate(scale(sum, -8), 16)
}

pub fn of_query(sum: i128, exponent: i32) -> i128 {
    saturate(scale(sum, exponent.min(8)), 32)
}

pub fn of_key(product: i128, exponent: i32) -> i128 {
    scale(product, exponent.min(8))
}

pub fn accumulate(x: i128, y: i128) -> i128 {
    saturate(x + y, 32)
}
