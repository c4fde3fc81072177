//! The scores of key rows against a query, forward and backward.

use crate::Float;
use crate::gradient::{Gradient, put, put_row};
use crate::lanes::{VECTOR, dot};
use crate::weighted_sum::weighted_sum_row;

/// The inner products of the keys `hs` with the query `h`: the scores.
///
/// ```text
/// s[n,t] = Σ_h hs[n,t,h]·h[n,h]
/// ```
///
/// The sum runs in eight lanes, in an order that is the same on every target.
///
/// # Special values
///
/// NaN and ∞ follow the arithmetic of the equation. For `H = 0` a score is `+0.0`.
///
/// # Accuracy
///
/// `|error| ≤ (⌈H/8⌉ + 3)·u·Σ_h |hs[n,t,h]·h[n,h]|` to first order, `u` the unit roundoff.
///
/// # Example
///
/// ```
/// use microattention::dot_scores;
///
/// let h = [[1.0_f32, 10.0]];
/// let hs = [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]];
/// let mut s = [[0.0; 3]];
/// dot_scores(&h, &hs, &mut s);
/// assert_eq!(s, [[21.0, 43.0, 65.0]]);
/// ```
#[doc(alias = "matmul")]
#[doc(alias = "inner product")]
pub fn dot_scores<F: Float, const N: usize, const T: usize, const H: usize>(
    h: &[[F; H]; N],
    hs: &[[[F; H]; T]; N],
    s: &mut [[F; T]; N],
) {
    for ((h, hs), s) in h.iter().zip(hs).zip(s) {
        dot_scores_row(h, hs, s);
    }
}

/// The gradients of [`dot_scores`].
///
/// ```text
/// dh[n,h]    = Σ_t ds[n,t]·hs[n,t,h]
/// dhs[n,t,h] = ds[n,t]·h[n,h]
/// ```
///
/// Each gradient goes where its [`Gradient`] argument says: `&mut`, [`Accumulate`](crate::Accumulate)
/// or [`Skip`](crate::Skip). The sum runs in the order of `t`.
///
/// # Special values
///
/// NaN and ∞ follow the arithmetic of the equations. For `T = 0`, `dh` is `+0.0`.
///
/// # Accuracy
///
/// `dh`: `|error| ≤ T·u·Σ_t |ds[n,t]·hs[n,t,h]|` to first order. `dhs` is rounded once.
///
/// # Example
///
/// ```
/// use microattention::dot_scores_backward;
///
/// let h = [[1.0_f32, 10.0]];
/// let hs = [[[1.0, 2.0], [3.0, 4.0]]];
/// let ds = [[0.5, -0.5]];
/// let (mut dh, mut dhs) = ([[0.0; 2]], [[[0.0; 2]; 2]]);
/// dot_scores_backward(&h, &hs, &ds, &mut dh, &mut dhs);
/// assert_eq!(dh, [[-1.0, -1.0]]);
/// assert_eq!(dhs, [[[0.5, 5.0], [-0.5, -5.0]]]);
/// ```
pub fn dot_scores_backward<F: Float, const N: usize, const T: usize, const H: usize>(
    h: &[[F; H]; N],
    hs: &[[[F; H]; T]; N],
    ds: &[[F; T]; N],
    mut dh: impl Gradient<[[F; H]; N]>,
    mut dhs: impl Gradient<[[[F; H]; T]; N]>,
) {
    let batch = h.iter().zip(hs).zip(ds);
    let gradients = dh.rows(|dh| dh).zip(dhs.rows(|dhs| dhs));
    for (((h, hs), ds), (dh, mut dhs)) in batch.zip(gradients) {
        dot_scores_backward_row(h, hs, ds, dh, dhs.of(|dhs| &mut dhs[..]));
    }
}

/// `s[t] = Σ_h hs[t,h]·h[h]`.
#[inline(always)]
pub(crate) fn dot_scores_row<F: Float, const H: usize>(h: &[F; H], hs: &[[F; H]], s: &mut [F]) {
    for (s, x) in s.iter_mut().zip(hs) {
        *s = dot(x, h);
    }
}

/// `dh[h] = Σ_t ds[t]·hs[t,h]`, in the order of `t`, and `dhs[t,h] = ds[t]·h[h]`.
#[inline(always)]
pub(crate) fn dot_scores_backward_row<F: Float, const H: usize>(
    h: &[F; H],
    hs: &[[F; H]],
    ds: &[F],
    dh: impl Gradient<[F; H]>,
    dhs: impl Gradient<[[F; H]]>,
) {
    query_and_key_gradients(hs, ds, ds, dh, dhs, |i, _, g| g * h[i]);
}

/// `dh[i] = Σ_t ds[t]·hs[t,i]` and `dhs[t,i] = dx(i, a[t], ds[t])`, in one pass over `hs`.
#[inline(always)]
pub(crate) fn query_and_key_gradients<F: Float, const H: usize, Dh, Dhs>(
    hs: &[[F; H]],
    a: &[F],
    ds: &[F],
    mut dh: Dh,
    mut dhs: Dhs,
    dx: impl Fn(usize, F, F) -> F,
) where
    Dh: Gradient<[F; H]>,
    Dhs: Gradient<[[F; H]]>,
{
    if !Dh::WANTED {
        for ((&a, &g), mut row) in a.iter().zip(ds).zip(dhs.rows(|dhs| dhs)) {
            put_row(&mut row, |i| dx(i, a, g));
        }
    } else if !Dhs::WANTED || ds.is_empty() {
        let mut z = [F::ZERO; H];
        weighted_sum_row(ds, hs, &mut z);
        dh.put(|dh| Some(dh), z);
    } else if VECTOR {
        gradients_by_rows(hs, a, ds, dh, dhs, dx);
    } else {
        gradients_by_columns(hs, a, ds, dh, dhs, dx);
    }
}

/// Four rows at a time: the loop over `i` fills vector registers.
#[inline(always)]
fn gradients_by_rows<F: Float, const H: usize>(
    hs: &[[F; H]],
    a: &[F],
    ds: &[F],
    mut dh: impl Gradient<[F; H]>,
    mut dhs: impl Gradient<[[F; H]]>,
    dx: impl Fn(usize, F, F) -> F,
) {
    let (a4, a) = a.as_chunks::<4>();
    let (ds4, ds) = ds.as_chunks::<4>();
    let (hs4, hs) = hs.as_chunks::<4>();
    let mut z = [F::NEG_ZERO; H];
    let rows = dhs.rows(|dhs| dhs.as_chunks_mut::<4>().0);
    for (((a, g), [x0, x1, x2, x3]), mut rows) in a4.iter().zip(ds4).zip(hs4).zip(rows) {
        for i in 0..H {
            let mut y = z[i];
            y += g[0] * x0[i];
            y += g[1] * x1[i];
            y += g[2] * x2[i];
            y += g[3] * x3[i];
            z[i] = y;
            put(&mut rows.of(|rows| &mut rows[0]), i, dx(i, a[0], g[0]));
            put(&mut rows.of(|rows| &mut rows[1]), i, dx(i, a[1], g[1]));
            put(&mut rows.of(|rows| &mut rows[2]), i, dx(i, a[2], g[2]));
            put(&mut rows.of(|rows| &mut rows[3]), i, dx(i, a[3], g[3]));
        }
    }
    let rows = dhs.rows(|dhs| dhs.as_chunks_mut::<4>().1);
    for (((&a, &g), x), mut row) in a.iter().zip(ds).zip(hs).zip(rows) {
        for i in 0..H {
            z[i] += g * x[i];
            put(&mut row, i, dx(i, a, g));
        }
    }
    dh.put(|dh| Some(dh), z);
}

/// Four columns at a time over all rows: the sums stay in the registers of a scalar FPU.
#[inline(always)]
fn gradients_by_columns<F: Float, const H: usize>(
    hs: &[[F; H]],
    a: &[F],
    ds: &[F],
    mut dh: impl Gradient<[F; H]>,
    mut dhs: impl Gradient<[[F; H]]>,
    dx: impl Fn(usize, F, F) -> F,
) {
    for j in 0..H / 4 {
        let i = 4 * j;
        let z = F::NEG_ZERO;
        let (mut z0, mut z1, mut z2, mut z3) = (z, z, z, z);
        for (((&a, &g), x), mut row) in a.iter().zip(ds).zip(hs).zip(dhs.rows(|dhs| dhs)) {
            let Some(x) = x.as_chunks::<4>().0.get(j) else {
                break;
            };
            z0 += g * x[0];
            z1 += g * x[1];
            z2 += g * x[2];
            z3 += g * x[3];
            row.put(
                |row| row.as_chunks_mut::<4>().0.get_mut(j),
                [
                    dx(i, a, g),
                    dx(i + 1, a, g),
                    dx(i + 2, a, g),
                    dx(i + 3, a, g),
                ],
            );
        }
        dh.put(|dh| dh.as_chunks_mut::<4>().0.get_mut(j), [z0, z1, z2, z3]);
    }
    for i in H - H % 4..H {
        let mut z = F::NEG_ZERO;
        for (((&a, &g), x), mut row) in a.iter().zip(ds).zip(hs).zip(dhs.rows(|dhs| dhs)) {
            z += g * x[i];
            put(&mut row, i, dx(i, a, g));
        }
        put(&mut dh, i, z);
    }
}
