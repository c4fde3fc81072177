//! The gradients of a query and of its keys in one pass over the keys: the inner loops of each backward
//! pass through the scores.

use core::slice;

use crate::Float;
use crate::gradient::{Gradient, put, put_row};
use crate::lanes::VECTOR;
use crate::rule::{Attends, Keys, row_part, tested};
use crate::weighted_sum::weighted_sum_slice;

/// `dh[i] = Σ_t g[t]·hs[t,i]` and `dhs[t,i] = dx(i, a[t], g[t])`, in one pass over `hs`, for the
/// attended keys; zeros elsewhere. `dx` is a sum of `terms` products.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the rows of one pass")]
pub(crate) fn query_and_key_gradients<F: Float, const T: usize, const H: usize, Dh, Dhs>(
    keys: impl Keys<F>,
    hs: &[[F; H]; T],
    a: &[F; T],
    g: &[F; T],
    mut dh: Dh,
    mut dhs: Dhs,
    terms: usize,
    dx: impl Fn(usize, F, F) -> F,
) where
    Dh: Gradient<[F; H]>,
    Dhs: Gradient<[[F; H]; T]>,
{
    let (range, attends) = row_part::<_, _, T>(keys);
    dhs.put_zeros(|dhs| range.before(dhs));
    dhs.put_zeros(|dhs| range.after(dhs));
    let mut dhs = dhs.of(|dhs| range.of_mut(dhs));
    let (hs, a, g) = (range.of(hs), range.of(a), range.of(g));
    if !Dh::WANTED {
        for (t, ((&a, &g), mut row)) in a.iter().zip(g).zip(dhs.rows(|dhs| dhs)).enumerate() {
            if attends.key(t) {
                put_row(&mut row, |i| dx(i, a, g));
            } else {
                row.put_zeros(|row| slice::from_mut(row));
            }
        }
    } else if !Dhs::WANTED || !attends.any(g.len()) {
        if let Some(dh) = dh.overwritten() {
            weighted_sum_slice(attends, g, hs, dh);
        } else {
            let mut z = [F::ZERO; H];
            weighted_sum_slice(attends, g, hs, &mut z);
            dh.put(|dh| Some(dh), z);
        }
        dhs.put_zeros(|dhs| dhs);
    } else if VECTOR {
        gradients_by_rows(attends, hs, a, g, dh, dhs, terms, dx);
    } else {
        gradients_by_columns(attends, hs, a, g, dh, dhs, dx);
    }
}

/// Four rows at a time, or one where rows are short and `dx` has one factor: the loop over `i` fills vector
/// registers.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the rows of one pass")]
fn gradients_by_rows<F: Float, const H: usize>(
    attends: impl Attends,
    hs: &[[F; H]],
    a: &[F],
    g: &[F],
    mut dh: impl Gradient<[F; H]>,
    mut dhs: impl Gradient<[[F; H]]>,
    terms: usize,
    dx: impl Fn(usize, F, F) -> F,
) {
    let (a4, a_rest) = a.as_chunks::<4>();
    let (g4, g_rest) = g.as_chunks::<4>();
    let (hs4, hs_rest) = hs.as_chunks::<4>();
    let mut z = [F::NEG_ZERO; H];
    if terms == 1 && one_row_at_a_time::<H>() {
        let rows = dhs.of(|dhs| &mut dhs[..]);
        gradients_row_by_row(attends, 0, hs, a, g, &mut z, rows, &dx);
        dh.put(|dh| Some(dh), z);
        return;
    }
    let quads = a4.iter().zip(g4).zip(hs4);
    let rows = dhs.rows(|dhs| dhs.as_chunks_mut::<4>().0);
    for (q, (((a, g), x), mut rows)) in quads.zip(rows).enumerate() {
        if attends.all_of(4 * q..4 * q + 4) {
            let [x0, x1, x2, x3] = x;
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
        } else {
            let rows = rows.of(|rows| &mut rows[..]);
            gradients_row_by_row(attends, 4 * q, x, a, g, &mut z, rows, &dx);
        }
    }
    let rows = dhs.of(|dhs| dhs.as_chunks_mut::<4>().1);
    let start = 4 * a4.len();
    gradients_row_by_row(attends, start, hs_rest, a_rest, g_rest, &mut z, rows, &dx);
    dh.put(|dh| Some(dh), z);
}

/// Whether one row at a time is faster, as measured: with SSE2 and 8 columns LLVM makes scalar code of it.
const fn one_row_at_a_time<const H: usize>() -> bool {
    H <= 64 && (cfg!(target_feature = "avx") || H != 8)
}

/// One row at a time, from key `start` on.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "a loop that two callers share")]
fn gradients_row_by_row<F: Float, const H: usize>(
    attends: impl Attends,
    start: usize,
    hs: &[[F; H]],
    a: &[F],
    g: &[F],
    z: &mut [F; H],
    mut dhs: impl Gradient<[[F; H]]>,
    dx: impl Fn(usize, F, F) -> F,
) {
    let rows = a.iter().zip(g).zip(hs).zip(dhs.rows(|dhs| dhs));
    for (t, (((&a, &g), x), mut row)) in rows.enumerate() {
        if attends.key(start + t) {
            for i in 0..H {
                z[i] += g * x[i];
                put(&mut row, i, dx(i, a, g));
            }
        } else {
            row.put_zeros(|row| slice::from_mut(row));
        }
    }
}

/// Four columns at a time over all rows: the sums stay in the registers of a scalar FPU.
#[inline(always)]
fn gradients_by_columns<F: Float, const H: usize>(
    attends: impl Attends,
    hs: &[[F; H]],
    a: &[F],
    g: &[F],
    mut dh: impl Gradient<[F; H]>,
    mut dhs: impl Gradient<[[F; H]]>,
    dx: impl Fn(usize, F, F) -> F,
) {
    if tested(attends) {
        for ((t, _), mut row) in g.iter().enumerate().zip(dhs.rows(|dhs| dhs)) {
            if !attends.key(t) {
                row.put_zeros(|row| slice::from_mut(row));
            }
        }
    }
    for j in 0..H / 4 {
        let i = 4 * j;
        let z = F::NEG_ZERO;
        let (mut z0, mut z1, mut z2, mut z3) = (z, z, z, z);
        let rows = a.iter().zip(g).zip(hs).zip(dhs.rows(|dhs| dhs));
        for (t, (((&a, &g), x), mut row)) in rows.enumerate() {
            let Some(x) = x.as_chunks::<4>().0.get(j) else {
                break;
            };
            if !attends.key(t) {
                continue;
            }
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
        let rows = a.iter().zip(g).zip(hs).zip(dhs.rows(|dhs| dhs));
        for (t, (((&a, &g), x), mut row)) in rows.enumerate() {
            if attends.key(t) {
                z += g * x[i];
                put(&mut row, i, dx(i, a, g));
            }
        }
        put(&mut dh, i, z);
    }
}
