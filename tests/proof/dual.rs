//! Forward derivatives by dual numbers: the equations once more, each number with its rate of change.
//!
//! Nothing of a backward pass is in here, so that it says independently what a backward pass is the
//! transpose of. A key that is not attended is left out.

use core::ops::{Add, Div, Mul, Sub};

use crate::element::Element;
use crate::options_reference::{On, Options, Shape};

#[derive(Clone, Copy, Debug)]
pub struct Dual {
    pub x: f64,
    pub rate: f64,
}

impl Dual {
    pub fn new<F: Element>(x: F, rate: F) -> Self {
        Self {
            x: x.wide(),
            rate: rate.wide(),
        }
    }

    fn constant(x: f64) -> Self {
        Self { x, rate: 0.0 }
    }

    fn exp(self) -> Self {
        let x = libm::exp(self.x);
        Self {
            x,
            rate: x * self.rate,
        }
    }

    fn ln(self) -> Self {
        Self {
            x: libm::log(self.x),
            rate: self.rate / self.x,
        }
    }
}

impl Add for Dual {
    type Output = Self;

    fn add(self, y: Self) -> Self {
        Self {
            x: self.x + y.x,
            rate: self.rate + y.rate,
        }
    }
}

impl Sub for Dual {
    type Output = Self;

    fn sub(self, y: Self) -> Self {
        Self {
            x: self.x - y.x,
            rate: self.rate - y.rate,
        }
    }
}

impl Mul for Dual {
    type Output = Self;

    fn mul(self, y: Self) -> Self {
        Self {
            x: self.x * y.x,
            rate: self.rate * y.x + self.x * y.rate,
        }
    }
}

impl Div for Dual {
    type Output = Self;

    fn div(self, y: Self) -> Self {
        let x = self.x / y.x;
        Self {
            x,
            rate: (self.rate - x * y.rate) / y.x,
        }
    }
}

/// Numbers with their rates of change.
pub fn duals<F: Element>(x: &[F], rates: &[F]) -> Vec<Dual> {
    assert_eq!(x.len(), rates.len());
    x.iter()
        .zip(rates)
        .map(|(x, r)| Dual::new(*x, *r))
        .collect()
}

fn sum(x: impl Iterator<Item = Dual>) -> Dual {
    x.fold(Dual::constant(0.0), Dual::add)
}

/// The rates of the weights of attended scores: subtracting the largest, as a constant, changes
/// nothing but the range.
pub fn softmax(s: &[Option<Dual>]) -> Vec<Option<Dual>> {
    let largest = |m: f64, s: &Dual| m.max(s.x);
    let m = s.iter().flatten().fold(f64::NEG_INFINITY, largest);
    let exp = |s: &Option<Dual>| s.map(|s| (s - Dual::constant(m)).exp());
    let e: Vec<_> = s.iter().map(exp).collect();
    let total = sum(e.iter().flatten().copied());
    e.into_iter().map(|e| e.map(|e| e / total)).collect()
}

/// `x[t] − ln Σ_j exp(x[j])`
pub fn log_softmax(x: &[Dual]) -> Vec<Dual> {
    let m = x.iter().fold(f64::NEG_INFINITY, |m, x| m.max(x.x));
    let total = sum(x.iter().map(|x| (*x - Dual::constant(m)).exp()));
    x.iter()
        .map(|x| *x - Dual::constant(m) - total.ln())
        .collect()
}

/// A layer's inputs with their rates, flat.
pub struct Layer {
    pub q: Vec<Dual>,
    pub k: Vec<Dual>,
    pub v: Vec<Dual>,
    /// Empty without a bias.
    pub bias: Vec<Dual>,
}

impl Layer {
    /// `scale · (k·q) + bias` where a key is attended.
    pub fn scores<F: Element>(&self, o: &Options<F>, n: usize, u: usize) -> Vec<Option<Dual>> {
        let Shape {
            u: queries, t, d, ..
        } = o.shape;
        let scale = match o.on {
            On { scale: true, .. } => o.scale.wide(),
            _ => 1.0,
        } * match o.on {
            On {
                scale_by_width: true,
                ..
            } => 1.0 / libm::sqrt(7.0),
            _ => 1.0,
        };
        let query = n * queries + u;
        let q = &self.q[query * d..(query + 1) * d];
        let score = |key: usize| {
            let k = &self.k[(n * t + key) * d..(n * t + key + 1) * d];
            let s = Dual::constant(scale) * sum(q.iter().zip(k).map(|(q, k)| *q * *k));
            match o.on {
                On { bias: true, .. } => s + self.bias[n * t + key],
                On { biases: true, .. } => s + self.bias[query * t + key],
                _ => s,
            }
        };
        (0..t)
            .map(|key| o.attended(n, u, key).then(|| score(key)))
            .collect()
    }

    pub fn weights<F: Element>(&self, o: &Options<F>, n: usize, u: usize) -> Vec<Option<Dual>> {
        softmax(&self.scores(o, n, u))
    }

    /// The sum of the values of width `e` under these weights.
    pub fn weighted_sum<F: Element>(
        &self,
        o: &Options<F>,
        n: usize,
        a: &[Option<Dual>],
    ) -> Vec<Dual> {
        let Shape { t, e, .. } = o.shape;
        let of_column = |i: usize| {
            let terms = a
                .iter()
                .enumerate()
                .filter_map(|(key, a)| a.map(|a| a * self.v[(n * t + key) * e + i]));
            sum(terms)
        };
        (0..e).map(of_column).collect()
    }

    pub fn context<F: Element>(&self, o: &Options<F>) -> Vec<Dual> {
        let Shape { n, u, .. } = o.shape;
        let queries = (0..n).flat_map(|n| (0..u).map(move |u| (n, u)));
        queries
            .flat_map(|(n, u)| self.weighted_sum(o, n, &self.weights(o, n, u)))
            .collect()
    }
}
