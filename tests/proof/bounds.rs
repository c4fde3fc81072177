//! The derived error bounds, a function for each kernel.
//!
//! Each returns the bound in units of roundoff, to first order, for one query and the keys that it
//! attends; `docs/error-bounds.md` has the derivations under the same names. A bound holds
//! where no operation overflows or underflows.

pub mod attention;
pub mod losses;
pub mod running;
pub mod softmax;

/// First-order bounds times this are bounds, as long as they are relative errors of at most 2⁻¹².
pub const SECOND_ORDER: f64 = 1.0 + 1.0 / 1024.0;

/// The relative error of the exponential.
pub const EXP: f64 = 1.8;

/// The relative error of the logarithm.
pub const LN: f64 = 2.0;

/// The roundings that a term of `Σ_i x[i]·y[i]` in eight lanes meets: its product, the additions of
/// its lane but the first, and those of the tree.
pub fn dot_roundings(len: usize) -> f64 {
    match len {
        0 => 0.0,
        _ => count(len.div_ceil(8)) + levels(len.min(8)),
    }
}

/// The additions that a term of the sum of a softmax meets: rows of eight in a pairwise tree (blocks of
/// 1024 rows in order), the elements left over, and the tree of the lanes.
pub fn sum_additions(len: usize) -> f64 {
    let rows = len / 8;
    let pairwise = match rows {
        0 => 0.0,
        _ => levels(rows.min(1024)) + count(rows.div_ceil(1024) - 1),
    };
    let left_over = if rows > 0 && !len.is_multiple_of(8) {
        1.0
    } else {
        0.0
    };
    pairwise + left_over + levels(len.clamp(1, 8))
}

/// `Σ_i x[i]·y[i]` in eight lanes.
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    dot_roundings(x.len()) * magnitude(x, y)
}

/// `Σ_t a[t]·x[t]` in the order of `t`: a product and all additions but the first.
pub fn row_sum(a: &[f64], x: &[f64]) -> f64 {
    count(a.len()) * magnitude(a, x)
}

/// Each product rounds once.
pub fn product(x: f64, y: f64) -> f64 {
    (x * y).abs()
}

/// `Σ_i |x[i]·y[i]|`
pub fn magnitude(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (x * y).abs()).sum()
}

/// One element of each row.
pub fn column(rows: &[Vec<f64>], i: usize) -> Vec<f64> {
    rows.iter().map(|row| row[i]).collect()
}

/// `⌈log2 n⌉`
fn levels(n: usize) -> f64 {
    f64::from(n.next_power_of_two().ilog2())
}

#[allow(clippy::cast_precision_loss, reason = "lengths of arrays")]
pub fn count(n: usize) -> f64 {
    n as f64
}
