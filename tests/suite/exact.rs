//! The equations to about 100 bits, for one query and the keys that it attends.

use crate::double_double::{self, DoubleDouble};

pub fn number(x: f64) -> DoubleDouble {
    DoubleDouble::new(x)
}

pub fn numbers(x: &[f64]) -> Vec<DoubleDouble> {
    x.iter().copied().map(number).collect()
}

pub fn rows(x: &[Vec<f64>]) -> Vec<Vec<DoubleDouble>> {
    x.iter().map(|row| numbers(row)).collect()
}

/// The nearest `f64`.
pub fn rounded(x: &[DoubleDouble]) -> Vec<f64> {
    x.iter().map(|x| x.hi).collect()
}

pub fn minus(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble {
    x.plus(DoubleDouble {
        hi: -y.hi,
        lo: -y.lo,
    })
}

pub fn sum(x: impl IntoIterator<Item = DoubleDouble>) -> DoubleDouble {
    x.into_iter().fold(number(0.0), DoubleDouble::plus)
}

/// `Σ_i x[i]·y[i]`
pub fn dot(x: &[DoubleDouble], y: &[DoubleDouble]) -> DoubleDouble {
    sum(x.iter().zip(y).map(|(x, y)| x.times(*y)))
}

/// `Σ_t a[t]·x[t][i]` for each `i`
pub fn row_sum(a: &[DoubleDouble], x: &[Vec<DoubleDouble>]) -> Vec<DoubleDouble> {
    let of_column = |i| sum(a.iter().zip(x).map(|(a, x)| a.times(x[i])));
    (0..x[0].len()).map(of_column).collect()
}

/// `eˣ` for `x ≤ 0`, to the subnormal range: `e^(hi + lo) = e^hi·(1 + lo)`.
pub fn exp(x: DoubleDouble) -> DoubleDouble {
    if x.hi < -745.0 {
        return number(0.0);
    }
    let (m, k) = double_double::exp(x.hi);
    scaled(m.times(number(1.0).plus(number(x.lo))), k)
}

/// `x·2ᵏ`
fn scaled(x: DoubleDouble, k: i32) -> DoubleDouble {
    DoubleDouble {
        hi: libm::ldexp(x.hi, k),
        lo: libm::ldexp(x.lo, k),
    }
}

/// `ln x` for `x ≥ 1`: with `y` the nearest `f64` to it, `ln x = y + ln(x·e⁻ʸ)`, and the product is
/// 1 but for a few roundings.
pub fn ln(x: DoubleDouble) -> DoubleDouble {
    let y = libm::log(x.hi);
    let (e, k) = double_double::exp(-y);
    let rest = minus(scaled(x, k).times(e), number(1.0));
    number(y).plus(rest).plus(number(-0.5 * rest.hi * rest.hi))
}

/// What a softmax of numbers that are not all `−∞` is made of.
pub struct Softmax {
    pub weights: Vec<DoubleDouble>,
    /// `x[t] − m`
    pub differences: Vec<DoubleDouble>,
    /// `ln Σ_t exp(x[t] − m)`
    pub log_sum: DoubleDouble,
}

impl Softmax {
    pub fn new(x: &[DoubleDouble]) -> Self {
        let higher = |m: DoubleDouble, x: DoubleDouble| {
            if (x.hi, x.lo) > (m.hi, m.lo) { x } else { m }
        };
        let m = x.iter().copied().reduce(higher).expect("a row has scores");
        let below = |x: &DoubleDouble| match x.hi {
            f64::NEG_INFINITY => *x,
            _ => minus(*x, m),
        };
        let differences: Vec<_> = x.iter().map(below).collect();
        let e: Vec<_> = differences.iter().map(|d| exp(*d)).collect();
        let sum = sum(e.iter().copied());
        Self {
            weights: e.into_iter().map(|e| e.quotient(sum)).collect(),
            differences,
            log_sum: ln(sum),
        }
    }

    /// `m − x[t]`
    pub fn below(&self) -> Vec<f64> {
        self.differences.iter().map(|d| -d.hi).collect()
    }
}

/// `ds[t] = a[t]·(da[t] − Σ_j a[j]·da[j])`
pub fn softmax_backward(a: &[DoubleDouble], da: &[DoubleDouble]) -> Vec<DoubleDouble> {
    let mean = dot(a, da);
    a.iter()
        .zip(da)
        .map(|(a, da)| a.times(minus(*da, mean)))
        .collect()
}

/// A sum, to 100 bits, of what `naive` would make of it: one cannot be wrong the way the other is.
#[test]
fn logarithm_undoes_the_exponential() {
    for i in 0..200 {
        let y = f64::from(i) / 7.0;
        let x = number(1.0).quotient(exp(number(-y)));
        let error = minus(ln(x), number(y));
        assert!(
            error.hi.abs() < 1e-29 * (1.0 + y),
            "ln e^{y}: {:e}",
            error.hi
        );
    }
}
