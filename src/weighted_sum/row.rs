//! The weighted sum of one batch row.

use core::hint::black_box;
use core::{array, slice};

use crate::Float;
use crate::gradient::{Gradient, put_row};
use crate::lanes::{IN_REGISTERS, VECTOR, dot};
use crate::rule::{Attends, Keys, row_part};

/// `c[h] = Σ_t a[t]·hs[t,h]` over the attended keys, in the order of `t`.
#[inline(always)]
pub(crate) fn weighted_sum_row<F: Float, const T: usize, const H: usize>(
    keys: impl Keys<F>,
    a: &[F; T],
    hs: &[[F; H]; T],
    c: &mut [F; H],
) {
    let (range, attends) = row_part::<_, _, T>(keys);
    weighted_sum_slice(attends, range.of(a), range.of(hs), c);
}

#[inline(always)]
pub(crate) fn weighted_sum_slice<F: Float, const H: usize>(
    attends: impl Attends,
    a: &[F],
    hs: &[[F; H]],
    c: &mut [F; H],
) {
    if !attends.any(a.len()) {
        c.fill(F::ZERO);
    } else if VECTOR {
        weighted_sum_by_rows(attends, a, hs, c);
    } else {
        weighted_sum_by_columns(attends, a, hs, c);
    }
}

/// One row at a time into sums that stay in vector registers, or over so few rows that LLVM unrolls the loop
/// over them; otherwise four rows at a time into the whole of `c`.
#[inline(always)]
fn weighted_sum_by_rows<F: Float, const H: usize>(
    attends: impl Attends,
    a: &[F],
    hs: &[[F; H]],
    c: &mut [F; H],
) {
    if H <= IN_REGISTERS || (hs.len() < 12 && H <= 128) {
        // At these widths and a known length, LLVM would unroll both loops into scalar code.
        let hs = if H > 8 && H < 32 && !H.is_multiple_of(4) {
            black_box(hs)
        } else {
            hs
        };
        let mut z = [F::NEG_ZERO; H];
        add_rows(attends, 0, a, hs, &mut z);
        *c = z;
        return;
    }
    let (a4, a_rest) = a.as_chunks::<4>();
    let (hs4, hs_rest) = hs.as_chunks::<4>();
    c.fill(F::NEG_ZERO);
    for (i, (a, rows)) in a4.iter().zip(hs4).enumerate() {
        if attends.all_of(4 * i..4 * i + 4) {
            let [x0, x1, x2, x3] = rows;
            for h in 0..H {
                let mut z = c[h];
                z += a[0] * x0[h];
                z += a[1] * x1[h];
                z += a[2] * x2[h];
                z += a[3] * x3[h];
                c[h] = z;
            }
        } else {
            add_rows(attends, 4 * i, a, rows, c);
        }
    }
    add_rows(attends, 4 * a4.len(), a_rest, hs_rest, c);
}

/// One row at a time, from key `start` on.
#[inline(always)]
fn add_rows<F: Float, const H: usize>(
    attends: impl Attends,
    start: usize,
    a: &[F],
    hs: &[[F; H]],
    c: &mut [F; H],
) {
    for (i, (&a, x)) in a.iter().zip(hs).enumerate() {
        if attends.key(start + i) {
            for (c, &x) in c.iter_mut().zip(x) {
                *c += a * x;
            }
        }
    }
}

/// Eight columns at a time over all rows: the sums stay in the registers of a scalar FPU.
#[inline(always)]
fn weighted_sum_by_columns<F: Float, const H: usize>(
    attends: impl Attends,
    a: &[F],
    hs: &[[F; H]],
    c: &mut [F; H],
) {
    let (c8, c_left) = c.as_chunks_mut::<8>();
    for (j, c) in c8.iter_mut().enumerate() {
        *c = eight_columns(attends, a, hs, j);
    }
    for (j, c) in c_left.iter_mut().enumerate() {
        *c = column_left(attends, a, hs, j);
    }
}

/// The weighted sums of columns `8·j` to `8·j + 7`.
#[inline(always)]
pub(crate) fn eight_columns<F: Float, const H: usize>(
    attends: impl Attends,
    a: &[F],
    hs: &[[F; H]],
    j: usize,
) -> [F; 8] {
    let z = F::NEG_ZERO;
    let (mut z0, mut z1, mut z2, mut z3) = (z, z, z, z);
    let (mut z4, mut z5, mut z6, mut z7) = (z, z, z, z);
    for (t, (&a, x)) in a.iter().zip(hs).enumerate() {
        let Some(x) = x.as_chunks::<8>().0.get(j) else {
            break;
        };
        if !attends.key(t) {
            continue;
        }
        z0 += a * x[0];
        z1 += a * x[1];
        z2 += a * x[2];
        z3 += a * x[3];
        z4 += a * x[4];
        z5 += a * x[5];
        z6 += a * x[6];
        z7 += a * x[7];
    }
    [z0, z1, z2, z3, z4, z5, z6, z7]
}

/// The weighted sum of column `j` of those after the last eight.
#[inline(always)]
pub(crate) fn column_left<F: Float, const H: usize>(
    attends: impl Attends,
    a: &[F],
    hs: &[[F; H]],
    j: usize,
) -> F {
    let mut z = F::NEG_ZERO;
    for (t, (&a, x)) in a.iter().zip(hs).enumerate() {
        let Some(&x) = x.as_chunks::<8>().1.get(j) else {
            break;
        };
        if attends.key(t) {
            z += a * x;
        }
    }
    z
}

/// `da[t] = Σ_h dc[h]·hs[t,h]` and `dhs[t,h] = a[t]·dc[h]` for the attended keys, zeros elsewhere.
#[inline(always)]
pub(crate) fn weighted_sum_backward_row<F: Float, const T: usize, const H: usize>(
    keys: impl Keys<F>,
    a: &[F; T],
    hs: &[[F; H]; T],
    dc: &[F; H],
    mut da: impl Gradient<[F; T]>,
    mut dhs: impl Gradient<[[F; H]; T]>,
) {
    let (range, attends) = row_part::<_, _, T>(keys);
    da.put_zeros(|da| range.before(da).as_chunks_mut::<1>().0);
    da.put_zeros(|da| range.after(da).as_chunks_mut::<1>().0);
    dhs.put_zeros(|dhs| range.before(dhs));
    dhs.put_zeros(|dhs| range.after(dhs));
    let gradients = da
        .rows(|da| range.of_mut(da))
        .zip(dhs.rows(|dhs| range.of_mut(dhs)));
    let rows = range.of(a).iter().zip(range.of(hs)).zip(gradients);
    for (i, ((&a, x), (mut da, mut dx))) in rows.enumerate() {
        if attends.key(i) {
            put_row(&mut dx, |h| a * dc[h]);
            da.put(|da| Some(array::from_mut(da)), [dot(dc, x)]);
        } else {
            da.put_zeros(|da| slice::from_mut(array::from_mut(da)));
            dx.put_zeros(|dx| slice::from_mut(dx));
        }
    }
}
