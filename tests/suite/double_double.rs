//! `eˣ` to about 100 bits, as an unevaluated sum of two `f64`: the judge of the last bit.
//!
//! Error-free sums and products are Knuth's and Dekker's. The Taylor series is summed as it is
//! written in every textbook, with far more terms than needed.

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DoubleDouble {
    pub hi: f64,
    pub lo: f64,
}

/// `x + y` without an error.
fn two_sum(x: f64, y: f64) -> DoubleDouble {
    let hi = x + y;
    let z = hi - x;
    DoubleDouble {
        hi,
        lo: (x - (hi - z)) + (y - z),
    }
}

/// `x·y` without an error.
fn two_product(x: f64, y: f64) -> DoubleDouble {
    let split = |x: f64| {
        let scaled = 134_217_729.0 * x;
        let head = scaled - (scaled - x);
        (head, x - head)
    };
    let hi = x * y;
    let ((x_head, x_tail), (y_head, y_tail)) = (split(x), split(y));
    let lo = ((x_head * y_head - hi) + x_head * y_tail + x_tail * y_head) + x_tail * y_tail;
    DoubleDouble { hi, lo }
}

impl DoubleDouble {
    pub fn new(x: f64) -> Self {
        Self { hi: x, lo: 0.0 }
    }

    pub fn plus(self, other: Self) -> Self {
        let sum = two_sum(self.hi, other.hi);
        let tail = two_sum(self.lo, other.lo);
        let sum = two_sum(sum.hi, sum.lo + tail.hi);
        two_sum(sum.hi, sum.lo + tail.lo)
    }

    pub fn times(self, other: Self) -> Self {
        let product = two_product(self.hi, other.hi);
        let cross = self.hi * other.lo + self.lo * other.hi;
        two_sum(product.hi, product.lo + cross)
    }

    pub fn quotient(self, divisor: Self) -> Self {
        let first = self.hi / divisor.hi;
        let rest = self.plus(divisor.times(Self::new(-first)));
        two_sum(first, rest.hi / divisor.hi)
    }

    pub fn over(self, divisor: f64) -> Self {
        let quotient = self.hi / divisor;
        let back = two_product(quotient, divisor);
        let rest = ((self.hi - back.hi) - back.lo) + self.lo;
        two_sum(quotient, rest / divisor)
    }
}

/// `eˣ = m·2ᵏ` for `x` in −746..=0, with `m` between 0.7 and 1.5.
pub fn exp(x: f64) -> (DoubleDouble, i32) {
    // The first part of ln 2 has 32 bits, so that its product with k is exact.
    let ln2 = [0x3fe6_2e42_fef0_0000, 0x3dd4_73de_6af2_78ed].map(f64::from_bits);
    let ln2_rest = -f64::from_bits(0x3a59_ff03_4254_2fc3);
    let k = (x * core::f64::consts::LOG2_E).round_ties_even();
    let r = two_sum(x, -(k * ln2[0]))
        .plus(two_product(-k, ln2[1]))
        .plus(DoubleDouble::new(-k * ln2_rest));

    // 1 + r/1·(1 + r/2·(1 + r/3·(…))): the first term left out is below 0.35²⁹/29! < 2⁻¹⁴⁶.
    let one = DoubleDouble::new(1.0);
    let mut m = one;
    for n in (1..=28).rev() {
        m = one.plus(r.times(m).over(f64::from(n)));
    }
    #[allow(
        clippy::cast_possible_truncation,
        reason = "k is an integer of four digits"
    )]
    let k = k as i32;
    (m, k)
}

/// The distance from `eˣ` to `y` in units in the last place of `eˣ`, in a format of `digits`
/// binary digits whose smallest subnormal is `2^lowest`.
pub fn exp_error(y: f64, x: f64, digits: i32, lowest: i32) -> f64 {
    let (m, k) = exp(x);
    let below_one = m.hi < 1.0 || (m.hi == 1.0 && m.lo < 0.0);
    let exponent = k - i32::from(below_one);
    let ulp = two_to((exponent - (digits - 1)).max(lowest) - k);
    // In two steps, because the power of two alone may be too large.
    let y = y * two_to(-k / 2) * two_to(-k - (-k / 2));
    ((y - m.hi) - m.lo) / ulp
}

fn two_to(exponent: i32) -> f64 {
    libm::ldexp(1.0, exponent)
}

#[test]
fn exp_has_a_hundred_bits() {
    // The first 106 bits of exact values, as hi + lo, computed to 400 bits by mpmath 1.3.
    let known: [(f64, u64, u64); 3] = [
        (-1.0, 0x3fd7_8b56_362c_ef38, 0xbc6c_a8a4_270f_adf5),
        (-0.5, 0x3fe3_68b2_fc6f_960a, 0xbc28_5314_b955_9e64),
        (-20.75, 0x3e10_ba06_b3d9_c887, 0x3aa8_9bc1_5fe6_f259),
    ];
    for (x, hi, lo) in known {
        let (m, k) = exp(x);
        let scale = two_to(-k);
        let error = (m.hi - f64::from_bits(hi) * scale) + (m.lo - f64::from_bits(lo) * scale);
        assert!(error.abs() < two_to(-100), "e^{x} is off by {error:e}");
    }
}

#[test]
fn exp_of_a_sum_is_the_product() {
    for i in 0..2000 {
        // Multiples of 2⁻¹² below 1000, so that the sum is exact.
        let x = -f64::from(i * 331) / 4096.0;
        let y = -f64::from((i * i) % 99_991) / 4096.0;
        let ((mx, kx), (my, ky), (m, k)) = (exp(x), exp(y), exp(x + y));
        let product = mx.times(my);
        let scale = two_to(kx + ky - k);
        let error = (product.hi * scale - m.hi) + (product.lo * scale - m.lo);
        assert!(
            error.abs() < two_to(-99),
            "e^({x} + {y}) is off by {error:e}"
        );
    }
}
