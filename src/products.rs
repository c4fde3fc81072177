//! The three products that attention is made of: of rows with a vector, of weights with the rows, and of
//! weights with a vector.
//!
//! Each stands for vector registers and for a scalar FPU, in an order of additions that is the same.
//!
//! What is `inline(always)` but for `debug_assertions` is so in the stack's favour: without optimisation every
//! variable of an inlined function has a place of its own in the frame.

use crate::Float;
use crate::gradient::Place;
use crate::keys::Keys;
use crate::lanes::{IN_REGISTERS, ONE_ROW, VECTOR, dot};
use Place::{Add, Set, Skipped};

/// `out[t] = f(t, Σ_i x[t,i]·y[i])` for the attended keys, `other` elsewhere; `f` counts from the start of
/// their range.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn dots<F: Float, const T: usize, const H: usize>(
    keys: Keys<'_, F>,
    x: &[[F; H]; T],
    y: &[F; H],
    out: &mut [F; T],
    other: F,
    f: impl Fn(usize, F) -> F,
) {
    keys.fill_outside(out, other);
    for (i, (x, out)) in keys.of(x).iter().zip(keys.of_mut(out)).enumerate() {
        *out = if keys.attends(i) {
            f(i, dot(x, y))
        } else {
            other
        };
    }
}

/// `out[i] = Σ_t a[t]·x[t,i]` over the attended keys, in their order.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn weighted_sum<F: Float, const T: usize, const H: usize>(
    keys: Keys<'_, F>,
    a: &[F; T],
    x: &[[F; H]; T],
    out: Place<'_, [F; H]>,
) {
    let (a, x) = (keys.of(a), keys.of(x));
    match out {
        Skipped => {}
        mut out if !keys.any() => put_sums(&mut out, 0, &[F::ZERO; H]),
        Set(out) if VECTOR && H > IN_REGISTERS && !keys.is_masked() => {
            out.fill(F::NEG_ZERO);
            sum_by_fours(keys, a, x, out);
        }
        mut out => column_sums(keys, a, x, |i, sums| put_sums(&mut out, i, sums)),
    }
}

/// The sums of all columns, in parts: `put(h, sums)` takes those from column `h` on. `a` and `x` are those of
/// the range of keys.
#[inline(always)]
pub(crate) fn column_sums<F: Float, const H: usize>(
    keys: Keys<'_, F>,
    a: &[F],
    x: &[[F; H]],
    mut put: impl FnMut(usize, &[F]),
) {
    if VECTOR {
        let mut sums = [F::NEG_ZERO; H];
        sum_rows(keys, a, x, &mut sums);
        put(0, &sums);
    } else {
        sum_by_columns(keys, a, x, F::NEG_ZERO, |z, a, x| *z += a * x, put);
    }
}

/// One row at a time, into sums that stay in vector registers.
#[inline(always)]
fn sum_rows<F: Float, const H: usize>(keys: Keys<'_, F>, a: &[F], x: &[[F; H]], sum: &mut [F; H]) {
    for (i, (&a, x)) in a.iter().zip(x).enumerate() {
        if keys.attends(i) {
            for (sum, &x) in sum.iter_mut().zip(x) {
                *sum += a * x;
            }
        }
    }
}

/// Four rows at a time: the sums go through memory once for all of them.
#[inline(always)]
fn sum_by_fours<F: Float, const H: usize>(
    keys: Keys<'_, F>,
    a: &[F],
    x: &[[F; H]],
    sum: &mut [F; H],
) {
    let (a4, a_rest) = a.as_chunks::<4>();
    let (x4, x_rest) = x.as_chunks::<4>();
    for (a, [x0, x1, x2, x3]) in a4.iter().zip(x4) {
        for i in 0..H {
            add_four(&mut sum[i], a, [x0[i], x1[i], x2[i], x3[i]]);
        }
    }
    sum_rows(keys, a_rest, x_rest, sum);
}

/// `z += a[0]*x[0]`, then the three others: the order of the rows.
#[inline(always)]
fn add_four<F: Float>(z: &mut F, a: &[F; 4], x: [F; 4]) {
    let mut sum = *z;
    sum += a[0] * x[0];
    sum += a[1] * x[1];
    sum += a[2] * x[2];
    sum += a[3] * x[3];
    *z = sum;
}

/// Eight columns at a time over all rows: the sums stay in the registers of a scalar FPU. A sum starts with `zero`,
/// and `add` adds one product.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn sum_by_columns<F: Float, A: Copy, X: Copy, Z: Copy, const H: usize>(
    keys: Keys<'_, F>,
    a: &[A],
    x: &[[X; H]],
    zero: Z,
    add: impl Fn(&mut Z, A, X),
    mut put: impl FnMut(usize, &[Z]),
) {
    for j in 0..H / 8 {
        let (mut z0, mut z1, mut z2, mut z3) = (zero, zero, zero, zero);
        let (mut z4, mut z5, mut z6, mut z7) = (zero, zero, zero, zero);
        for (i, (&a, x)) in a.iter().zip(x).enumerate() {
            let Some(x) = x.as_chunks::<8>().0.get(j) else {
                break;
            };
            if keys.attends(i) {
                add(&mut z0, a, x[0]);
                add(&mut z1, a, x[1]);
                add(&mut z2, a, x[2]);
                add(&mut z3, a, x[3]);
                add(&mut z4, a, x[4]);
                add(&mut z5, a, x[5]);
                add(&mut z6, a, x[6]);
                add(&mut z7, a, x[7]);
            }
        }
        put(8 * j, &[z0, z1, z2, z3, z4, z5, z6, z7]);
    }
    for h in H - H % 8..H {
        let mut z = zero;
        for (i, (&a, x)) in a.iter().zip(x).enumerate() {
            if keys.attends(i) {
                add(&mut z, a, x[h]);
            }
        }
        put(h, &[z]);
    }
}

/// `da[t] = Σ_i x[t,i]·dc[i]` and `dx[t,i] = a[t]·dc[i]` for the attended keys, zeros elsewhere, in one pass over
/// the rows.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn weighted_sum_gradients<F: Float, const T: usize, const H: usize>(
    keys: Keys<'_, F>,
    (a, x): (&[F; T], &[[F; H]; T]),
    dc: &[F; H],
    mut da: Place<'_, [F; T]>,
    mut dx: Place<'_, [[F; H]; T]>,
) {
    if let Set(da) = &mut da {
        keys.fill_others(*da, F::ZERO);
    }
    if let Set(dx) = &mut dx {
        keys.zero_other_rows(*dx);
    }
    let mut da = da.part(|da| Some(keys.of_mut(da)));
    let mut dx = dx.part(|dx| Some(keys.of_mut(dx)));
    for (i, (&a, x)) in keys.of(a).iter().zip(keys.of(x)).enumerate() {
        if keys.attends(i) {
            match dx.part(|dx| dx.get_mut(i)) {
                Skipped => {}
                Set(dx) => put_row(dx, dc, |dx, dc| *dx = a * dc),
                Add(dx) => put_row(dx, dc, |dx, dc| *dx += a * dc),
            }
            match da.part(|da| da.get_mut(i)) {
                Skipped => {}
                Set(da) => *da = dot(x, dc),
                Add(da) => *da += dot(x, dc),
            }
        }
    }
}

/// `dq[i] = Σ_t g[t]·k[t,i]` and `dk[t,i] = f_i(a[t], g[t])`, where `column(i)` is `f_i`, over the attended keys;
/// zeros elsewhere.
#[inline(always)]
pub(crate) fn gradients<F: Float, C: Fn(F, F) -> F, const T: usize, const H: usize>(
    keys: Keys<'_, F>,
    (a, g): (&[F; T], &[F; T]),
    k: &[[F; H]; T],
    dq: Place<'_, [F; H]>,
    dk: Place<'_, [[F; H]; T]>,
    column: impl Fn(usize) -> C,
) {
    match dk {
        Skipped => weighted_sum(keys, g, k, dq),
        Set(dk) => {
            keys.zero_other_rows(dk);
            gradients_by_layout(keys, (a, g), k, dq, dk, |dk, x| *dk = x, column);
        }
        Add(dk) => gradients_by_layout(keys, (a, g), k, dq, dk, |dk, x| *dk += x, column),
    }
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn gradients_by_layout<F: Float, C: Fn(F, F) -> F, const T: usize, const H: usize>(
    keys: Keys<'_, F>,
    (a, g): (&[F; T], &[F; T]),
    k: &[[F; H]; T],
    dq: Place<'_, [F; H]>,
    dk: &mut [[F; H]; T],
    put: impl Fn(&mut F, F),
    column: impl Fn(usize) -> C,
) {
    let (a, g, k, dk) = (keys.of(a), keys.of(g), keys.of(k), keys.of_mut(dk));
    if const { VECTOR && H > ONE_ROW } && !keys.is_masked() {
        gradients_by_fours(keys, (a, g), k, dq, dk, put, column);
    } else if VECTOR {
        gradients_row_by_row(keys, (a, g), k, dq, dk, put, column);
    } else {
        gradients_by_columns(keys, (a, g), k, dq, dk, put, column);
    }
}

/// Four rows at a time: what a column's rows share, and its sum, go through memory once for all of them.
#[cfg_attr(not(debug_assertions), inline(always))]
fn gradients_by_fours<F: Float, C: Fn(F, F) -> F, const H: usize>(
    keys: Keys<'_, F>,
    (a, g): (&[F], &[F]),
    k: &[[F; H]],
    mut dq: Place<'_, [F; H]>,
    dk: &mut [[F; H]],
    put: impl Fn(&mut F, F),
    column: impl Fn(usize) -> C,
) {
    let (wanted, mut sums) = (dq.is_wanted(), [empty_sum(keys); H]);
    let (a4, g4) = (a.as_chunks::<4>().0, g.as_chunks::<4>().0);
    let (k4, dk4) = (k.as_chunks::<4>().0, dk.as_chunks_mut::<4>().0);
    for (((a, g), [k0, k1, k2, k3]), [dk0, dk1, dk2, dk3]) in a4.iter().zip(g4).zip(k4).zip(dk4) {
        for i in 0..H {
            if wanted {
                add_four(&mut sums[i], g, [k0[i], k1[i], k2[i], k3[i]]);
            }
            let f = column(i);
            put(&mut dk0[i], f(a[0], g[0]));
            put(&mut dk1[i], f(a[1], g[1]));
            put(&mut dk2[i], f(a[2], g[2]));
            put(&mut dk3[i], f(a[3], g[3]));
        }
    }
    for (((&a, &g), k), dk) in a.iter().zip(g).zip(k).zip(dk).skip(4 * a4.len()) {
        for (i, dk) in dk.iter_mut().enumerate() {
            if wanted {
                sums[i] += g * k[i];
            }
            put(dk, column(i)(a, g));
        }
    }
    put_sums(&mut dq, 0, &sums);
}

/// One row at a time, with what it adds to the sums. Inlined by choice: in a function, LLVM knows that no two
/// arguments overlap, without which attention with lengths takes up to 2.6 times as long.
#[inline]
fn gradients_row_by_row<F: Float, C: Fn(F, F) -> F, const H: usize>(
    keys: Keys<'_, F>,
    (a, g): (&[F], &[F]),
    k: &[[F; H]],
    mut dq: Place<'_, [F; H]>,
    dk: &mut [[F; H]],
    put: impl Fn(&mut F, F),
    column: impl Fn(usize) -> C,
) {
    let (wanted, mut sums) = (dq.is_wanted(), [empty_sum(keys); H]);
    for (t, (((&a, &g), k), dk)) in a.iter().zip(g).zip(k).zip(dk).enumerate() {
        if keys.attends(t) {
            for (i, dk) in dk.iter_mut().enumerate() {
                if wanted {
                    sums[i] += g * k[i];
                }
                put(dk, column(i)(a, g));
            }
        }
    }
    put_sums(&mut dq, 0, &sums);
}

/// `put(out[i], x[i])` for each element of a row, on a scalar FPU four at a time: a quarter of the branches.
#[inline(always)]
pub(crate) fn put_row<X, Y: Copy, const H: usize>(
    out: &mut [X; H],
    x: &[Y; H],
    put: impl Fn(&mut X, Y),
) {
    let fours = if VECTOR { 0 } else { H / 4 };
    let (out4, x4) = (out.as_chunks_mut::<4>().0, x.as_chunks::<4>().0);
    for ([out0, out1, out2, out3], &[x0, x1, x2, x3]) in out4.iter_mut().zip(x4).take(fours) {
        put(out0, x0);
        put(out1, x1);
        put(out2, x2);
        put(out3, x3);
    }
    for (out, &x) in out.iter_mut().zip(x).skip(4 * fours) {
        put(out, x);
    }
}

/// Four columns at a time over all rows: the sums and what the rows share stay in the registers of a scalar
/// FPU.
#[cfg_attr(not(debug_assertions), inline(always))]
fn gradients_by_columns<F: Float, C: Fn(F, F) -> F, const H: usize>(
    keys: Keys<'_, F>,
    (a, g): (&[F], &[F]),
    k: &[[F; H]],
    mut dq: Place<'_, [F; H]>,
    dk: &mut [[F; H]],
    put: impl Fn(&mut F, F),
    column: impl Fn(usize) -> C,
) {
    let z = empty_sum(keys);
    for j in 0..H / 4 {
        let i = 4 * j;
        let (f0, f1, f2, f3) = (column(i), column(i + 1), column(i + 2), column(i + 3));
        let (mut z0, mut z1, mut z2, mut z3) = (z, z, z, z);
        for (t, (((&a, &g), k), dk)) in a.iter().zip(g).zip(k).zip(&mut *dk).enumerate() {
            let (Some(k), Some([dk0, dk1, dk2, dk3])) = (
                k.as_chunks::<4>().0.get(j),
                dk.as_chunks_mut::<4>().0.get_mut(j),
            ) else {
                break;
            };
            if keys.attends(t) {
                z0 += g * k[0];
                z1 += g * k[1];
                z2 += g * k[2];
                z3 += g * k[3];
                put(dk0, f0(a, g));
                put(dk1, f1(a, g));
                put(dk2, f2(a, g));
                put(dk3, f3(a, g));
            }
        }
        put_sums(&mut dq, i, &[z0, z1, z2, z3]);
    }
    for i in H - H % 4..H {
        let (f, mut z) = (column(i), z);
        for (t, (((&a, &g), k), dk)) in a.iter().zip(g).zip(k).zip(&mut *dk).enumerate() {
            if keys.attends(t) {
                z += g * k[i];
                put(&mut dk[i], f(a, g));
            }
        }
        put_sums(&mut dq, i, &[z]);
    }
}

/// What a sum over the keys starts with: −0, which changes no summand, or 0 where that is the result.
#[inline(always)]
fn empty_sum<F: Float>(keys: Keys<'_, F>) -> F {
    if keys.any() { F::NEG_ZERO } else { F::ZERO }
}

#[inline(always)]
fn put_sums<F: Float, const H: usize>(out: &mut Place<'_, [F; H]>, i: usize, sums: &[F]) {
    match out {
        Skipped => {}
        Set(out) => out
            .iter_mut()
            .skip(i)
            .zip(sums)
            .for_each(|(out, &x)| *out = x),
        Add(out) => out
            .iter_mut()
            .skip(i)
            .zip(sums)
            .for_each(|(out, &x)| *out += x),
    }
}
