//! Softmax, forward and backward.

use super::{EXP, dot_roundings, magnitude, sum_additions};

/// The relative error of `exp(x[t] − m)` for a score `below` the largest: the difference and the
/// exponential. That of the largest itself is exactly 1.
pub fn exponential(below: f64) -> f64 {
    if below == 0.0 { 0.0 } else { below + EXP }
}

/// The relative error of `Σ_t exp(x[t] − m)`.
pub fn sum(a: &[f64], below: &[f64]) -> f64 {
    let of_terms: f64 = a
        .iter()
        .zip(below)
        .map(|(a, &below)| a * exponential(below))
        .sum();
    of_terms + sum_additions(a.len())
}

/// The weights `a` of scores with the absolute errors `of_scores`: the exponential, the sum, its
/// reciprocal and the product with that.
pub fn softmax(a: &[f64], below: &[f64], of_scores: &[f64]) -> Vec<f64> {
    let common = sum(a, below) + magnitude(a, of_scores) + 2.0;
    a.iter()
        .zip(below)
        .zip(of_scores)
        .map(|((a, &below), of_score)| a * (of_score + exponential(below) + common))
        .collect()
}

/// `ds[t] = a[t]·(da[t] − Σ_j a[j]·da[j])`, with `da` of the absolute errors `of_da`.
pub fn softmax_backward(a: &[f64], da: &[f64], of_da: &[f64]) -> Vec<f64> {
    let mean: f64 = a.iter().zip(da).map(|(a, da)| a * da).sum();
    let of_mean = magnitude(a, of_da) + dot_roundings(a.len()) * magnitude(a, da);
    a.iter()
        .zip(da)
        .zip(of_da)
        .map(|((a, da), of_da)| a.abs() * (of_da + of_mean + 2.0 * (da - mean).abs()))
        .collect()
}
