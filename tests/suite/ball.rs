//! What a computed number may be: the reference of the options, and of every fuzz target.
//!
//! Arithmetic in balls is a naive reference in `f64` that knows its own error. A ball holds every
//! result that the element type can give for the same equation, with any order of summation: each
//! operation adds the rounding of `F` and that of the `f64` reference to the radius, by the standard
//! model `fl(x ∘ y) = (x ∘ y)(1 + δ) + η`, `|δ| ≤ u`, `η` at most the smallest subnormal and only
//! in products. So a result outside of its ball is a fault, however long a fuzzer runs.
//!
//! NaN and infinities are known just as well, and only what rests on an intermediate result that
//! may or may not overflow is [`Ball::Unknown`].

use core::marker::PhantomData;

use crate::element::Element;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ball {
    /// Finite, and within `radius` of `middle`.
    Within {
        middle: f64,
        radius: f64,
    },
    /// Infinite, with the sign of this number.
    Infinite(f64),
    Nan,
    /// Anything: it cannot be judged.
    Unknown,
}

use Ball::{Infinite, Nan, Unknown, Within};

pub const ZERO: Ball = Within {
    middle: 0.0,
    radius: 0.0,
};

pub const ONE: Ball = Within {
    middle: 1.0,
    radius: 0.0,
};

/// More than all roundings of a short `f64` expression of positive terms.
const SLACK: f64 = 1.0 + 1e-14;

/// More than what such an expression loses to underflow.
const TINY: f64 = 8.0 * f64::from_bits(1);

impl Ball {
    pub fn is_zero(self) -> bool {
        self == ZERO
    }

    pub fn is_nan(self) -> bool {
        self == Nan
    }

    pub fn is_finite(self) -> bool {
        matches!(self, Within { .. })
    }

    pub fn negated(self) -> Self {
        match self {
            Within { middle, radius } => Within {
                middle: -middle,
                radius,
            },
            Infinite(sign) => Infinite(-sign),
            other => other,
        }
    }

    /// Both ends of a finite ball.
    fn ends(self) -> (f64, f64) {
        match self {
            Within { middle, radius } => {
                let (low, high) = (middle - radius, middle + radius);
                if radius == 0.0 {
                    (low, high)
                } else {
                    (low.next_down(), high.next_up())
                }
            }
            _ => unreachable!("only finite balls have ends"),
        }
    }

    fn between(low: f64, high: f64) -> Self {
        let middle = low + 0.5 * (high - low);
        let radius = (high - middle).max(middle - low);
        Within {
            middle,
            radius: radius * SLACK + TINY,
        }
    }
}

/// The operations, as done in the element type.
pub struct In<F>(PhantomData<F>);

impl<F: Element> In<F> {
    /// One rounding in `F` and a few in `f64`.
    const ROUNDOFF: f64 = F::ROUNDOFF + 4.0 * f64::EPSILON;
    const SMALLEST: f64 = 2.0 * F::ROUNDOFF * F::SMALLEST_NORMAL;

    pub fn exact(x: F) -> Ball {
        let middle = x.wide();
        if middle.is_nan() {
            Nan
        } else if middle.is_infinite() {
            Infinite(middle.signum())
        } else {
            Within {
                middle,
                radius: 0.0,
            }
        }
    }

    /// A number that was computed with at most `ulps` errors of half a unit in the last place.
    pub fn near(middle: f64, roundings: f64) -> Ball {
        Within {
            middle,
            radius: roundings * Self::ROUNDOFF * middle.abs() + Self::SMALLEST,
        }
    }

    /// Every number that may have been meant is below the overflow, or else nothing is known.
    fn finite(middle: f64, radius: f64) -> Ball {
        let radius = radius * SLACK;
        if middle.abs() + radius < F::LARGEST * (1.0 - 1e-9) {
            Within { middle, radius }
        } else if middle.abs() - radius > F::LARGEST * (1.0 + 1e-6) && middle.is_finite() {
            Infinite(middle.signum())
        } else {
            Unknown
        }
    }

    pub fn product(x: Ball, y: Ball) -> Ball {
        match (x, y) {
            (Nan, _) | (_, Nan) => Nan,
            (Infinite(sign), other) | (other, Infinite(sign)) => match other {
                Infinite(other) => Infinite(sign * other),
                Within { middle, radius } if middle.abs() > radius => {
                    Infinite(sign * middle.signum())
                }
                other if other.is_zero() => Nan,
                _ => Unknown,
            },
            (Unknown, _) | (_, Unknown) => Unknown,
            _ if x.is_zero() || y.is_zero() => ZERO,
            (ONE, other) | (other, ONE) => other,
            (
                Within { middle, radius },
                Within {
                    middle: other,
                    radius: other_radius,
                },
            ) => {
                let product = middle * other;
                let spread =
                    middle.abs() * other_radius + other.abs() * radius + radius * other_radius;
                let rounded = Self::ROUNDOFF * (product.abs() + spread);
                Self::finite(product, spread + rounded + Self::SMALLEST + TINY)
            }
        }
    }

    /// A sum in any order. Zeros that are certain cost nothing.
    pub fn sum(terms: impl IntoIterator<Item = Ball>) -> Ball {
        let (mut middle, mut radius, mut magnitude, mut count) = (0.0, 0.0, 0.0, 0.0);
        let (mut nan, mut unknown, mut up, mut down) = (false, false, false, false);
        for term in terms {
            match term {
                Nan => nan = true,
                Unknown => unknown = true,
                Infinite(sign) if sign > 0.0 => up = true,
                Infinite(_) => down = true,
                term if term.is_zero() => {}
                Within {
                    middle: m,
                    radius: r,
                } => {
                    middle += m;
                    radius += r;
                    magnitude += f64::abs(m) + r;
                    count += 1.0;
                }
            }
        }
        // Additions of which one operand is zero are exact, and so is the first.
        if count > 1.0 {
            radius += 1.01 * (count - 1.0) * Self::ROUNDOFF * magnitude;
        }
        let overflows = magnitude + radius >= F::LARGEST * (1.0 - 1e-9);
        if nan || (up && down) {
            Nan
        } else if unknown || (overflows && count > 1.0) {
            Unknown
        } else if up || down {
            Infinite(if up { 1.0 } else { -1.0 })
        } else if count > 1.0 {
            Self::finite(middle, radius)
        } else {
            Within { middle, radius }
        }
    }

    pub fn difference(x: Ball, y: Ball) -> Ball {
        Self::sum([x, y.negated()])
    }

    pub fn dot(x: &[F], y: &[F]) -> Ball {
        Self::sum_of_products(
            x.iter()
                .zip(y)
                .map(|(x, y)| (Self::exact(*x), Self::exact(*y))),
        )
    }

    pub fn sum_of_products(factors: impl IntoIterator<Item = (Ball, Ball)>) -> Ball {
        Self::sum(factors.into_iter().map(|(x, y)| Self::product(x, y)))
    }

    /// `eˣ` of a difference that is not positive, whatever its ball says.
    ///
    /// The exponential of the crate is within one unit in the last place; below −105 (−747) it is
    /// `+0.0`, and so it is where the difference overflows.
    pub fn exp_nonpositive(low: f64, high: f64) -> Ball {
        let vanishing = if F::IS_SINGLE { -105.0 } else { -747.0 };
        if high < vanishing {
            return ZERO;
        }
        let error = 4.0 * Self::ROUNDOFF;
        let low = (low.exp() * (1.0 - error) - 2.0 * Self::SMALLEST).max(0.0);
        let high = if high < 0.0 {
            (high.exp() * (1.0 + error) + 2.0 * Self::SMALLEST).min(1.0)
        } else {
            1.0
        };
        Ball::between(low, high)
    }

    /// The exponentials of attended scores relative to the largest, and that one.
    ///
    /// None where the row is not a row of numbers; then every weight is what is said instead.
    fn exponentials(scores: &[Option<Ball>]) -> Result<(Vec<Ball>, Ball), Ball> {
        let attended = || scores.iter().flatten().copied();
        if attended().any(|s| s.is_nan() || matches!(s, Infinite(sign) if sign > 0.0)) {
            return Err(Nan);
        }
        if attended().any(|s| s == Unknown) {
            return Err(Unknown);
        }
        let (mut max_low, mut max_high) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        let mut max = Infinite(-1.0);
        let mut numbers = 0;
        for s in attended().filter(|s| s.is_finite()) {
            let (low, high) = s.ends();
            if max_low < low || numbers == 0 {
                max = s;
            }
            max_low = max_low.max(low);
            max_high = max_high.max(high);
            numbers += 1;
        }
        let exact = max_low == max_high;
        let exponentials = scores
            .iter()
            .map(|s| match s {
                Some(s) if s.is_finite() => {
                    let (low, high) = s.ends();
                    if numbers == 1 || (exact && low == high && high == max_high) {
                        return ONE;
                    }
                    let (low, high) = (low - max_high, (high - max_low).min(0.0));
                    let error = |d: f64| 1.01 * Self::ROUNDOFF * d.abs();
                    Self::exp_nonpositive(low - error(low), high + error(high))
                }
                _ => ZERO,
            })
            .collect();
        let max = if numbers > 0 && !exact {
            Ball::between(max_low, max_high)
        } else {
            max
        };
        Ok((exponentials, max))
    }

    /// `Σ exp`, at least 1 where there is a score, since the largest contributes exactly that.
    fn sum_of_exponentials(exponentials: &[Ball]) -> Ball {
        match Self::sum(exponentials.iter().copied()) {
            sum if sum == ZERO || sum == ONE => sum,
            sum => {
                let (low, high) = sum.ends();
                Ball::between(low.max(1.0), high.max(1.0))
            }
        }
    }

    /// The softmax of the attended scores; 0 for the others.
    pub fn softmax(scores: &[Option<Ball>]) -> Vec<Ball> {
        let exponentials = match Self::exponentials(scores) {
            Ok((exponentials, _)) => exponentials,
            Err(all) => return scores.iter().map(|s| s.map_or(ZERO, |_| all)).collect(),
        };
        let sum = Self::sum_of_exponentials(&exponentials);
        if sum == ZERO || sum == ONE {
            return exponentials;
        }
        let (low, high) = sum.ends();
        let factor = Ball::between(
            (1.0 - Self::ROUNDOFF) / high,
            ((1.0 + Self::ROUNDOFF) / low).min(1.0),
        );
        exponentials
            .into_iter()
            .map(|e| match Self::product(e, factor) {
                weight if weight == ZERO => weight,
                // No weight exceeds 1.
                weight => {
                    let (low, high) = weight.ends();
                    Ball::between(low.max(0.0), high.min(1.0))
                }
            })
            .collect()
    }

    /// The largest score and the logarithm of the sum of exponentials.
    pub fn log_sum(scores: &[Option<Ball>]) -> Result<(Ball, Ball), Ball> {
        let (exponentials, max) = Self::exponentials(scores)?;
        let sum = Self::sum_of_exponentials(&exponentials);
        if sum == ZERO || sum == ONE {
            return Ok((max, ZERO));
        }
        let (low, high) = sum.ends();
        // The logarithm of the crate is within one unit in the last place.
        let error = 4.0 * Self::ROUNDOFF;
        let log = Ball::between(low.ln() * (1.0 - error), high.ln() * (1.0 + error));
        Ok((max, log))
    }

    /// `a[t]·(da[t] − Σ_j a[j]·da[j])` over the attended keys; 0 for the others.
    pub fn softmax_backward(a: &[Option<Ball>], da: &[Ball]) -> Vec<Ball> {
        let attended = || a.iter().zip(da).filter_map(|(a, da)| Some(((*a)?, *da)));
        let mean = Self::sum_of_products(attended());
        // Where one weight is 1 and all others are 0, the mean is its gradient, to the bit.
        let alone = attended().all(|(a, _)| a == ONE || a == ZERO)
            && attended().filter(|(a, _)| *a == ONE).count() == 1;
        a.iter()
            .zip(da)
            .map(|(a, da)| match a {
                Some(a) if alone && *a == ONE && mean.is_finite() => ZERO,
                Some(a) => Self::product(*a, Self::difference(*da, mean)),
                None => ZERO,
            })
            .collect()
    }

    #[track_caller]
    pub fn check(actual: F, expected: Ball, what: &str) {
        let x = actual.wide();
        let right = match expected {
            Within { middle, radius } => x.is_finite() && (x - middle).abs() <= radius,
            Infinite(sign) => x.is_infinite() && x.signum() == sign,
            Nan => x.is_nan(),
            Unknown => true,
        };
        assert!(right, "{what}: {actual:?} is not {expected:?}");
    }

    #[track_caller]
    pub fn check_all(actual: &[F], expected: &[Ball], what: &str) {
        assert_eq!(actual.len(), expected.len());
        for (i, (actual, expected)) in actual.iter().zip(expected).enumerate() {
            Self::check(*actual, *expected, &format!("{what}[{i}]"));
        }
    }
}
