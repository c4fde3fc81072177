//! The logarithm of the softmax, and cross-entropy.

use super::softmax::{softmax, sum};
use super::{EXP, LN, sum_additions};

/// `ln Σ_t exp(x[t] − m)`, which is `log_sum`: the relative error of the sum, and the logarithm's own.
fn log_sum(a: &[f64], below: &[f64], log_sum: f64) -> f64 {
    sum(a, below) + LN * log_sum
}

/// `y[t] = (x[t] − m) − ln Σ_j exp(x[j] − m)`: two differences.
pub fn log_softmax(a: &[f64], below: &[f64], ln_sum: f64) -> Vec<f64> {
    let of_log = log_sum(a, below, ln_sum);
    below
        .iter()
        .map(|below| below + of_log + (below + ln_sum))
        .collect()
}

/// `g[t] = d[t] − exp(y[t])·Σ_j d[j]`: the exponential, the sum, a product and a difference.
pub fn log_softmax_backward(y: &[f64], d: &[f64]) -> Vec<f64> {
    let sum: f64 = d.iter().sum();
    let magnitude: f64 = d.iter().map(|d| d.abs()).sum();
    let of_sum = (EXP + 1.0) * sum.abs() + sum_additions(d.len()) * magnitude;
    y.iter()
        .zip(d)
        .map(|(y, d)| {
            let e = libm::exp(*y);
            e * of_sum + (d - e * sum).abs()
        })
        .collect()
}

/// A row's loss `(m − x[label]) + ln Σ_t exp(x[t] − m)`.
pub fn cross_entropy(a: &[f64], below: &[f64], ln_sum: f64, label: usize) -> f64 {
    log_softmax(a, below, ln_sum)[label]
}

/// Its gradient: the weights, and a difference at the label.
pub fn cross_entropy_gradient(a: &[f64], below: &[f64], label: usize) -> Vec<f64> {
    let mut units = softmax(a, below, &vec![0.0; a.len()]);
    units[label] += (1.0 - a[label]).abs();
    units
}
