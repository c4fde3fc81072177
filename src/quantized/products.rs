//! The three products that attention is made of: of rows with a vector, of coefficients with the rows, and of
//! coefficients with vectors.

use super::bits::{Power, add, narrow, sign};
use crate::gradient::Place;
use crate::keys::Keys;
use crate::products::{put_row, sum_by_columns};

/// What of a [`Place`] is wanted, and how a number is put there. What is overwritten is cleared first.
#[inline(always)]
fn open<A: ?Sized>(
    place: Place<'_, A>,
    clear: impl FnOnce(&mut A),
) -> Option<(&mut A, impl Fn(&mut i32, i32) + Copy)> {
    let (out, sign) = match place {
        Place::Skipped => return None,
        Place::Set(out) => {
            clear(out);
            (out, None)
        }
        Place::Add(out) => (out, Some(sign())),
    };
    let put = move |out: &mut i32, x| *out = sign.map_or(x, |sign| add(sign, *out, x));
    Some((out, put))
}

/// `out[t] = Σ_i x[t,i]·y[i]` for the attended keys, `other` elsewhere.
#[inline(always)]
pub(super) fn dots<Y: Copy + Into<i32>, const T: usize, const H: usize>(
    keys: Keys<'_, f32>,
    x: &[[i8; H]; T],
    y: &[Y; H],
    out: Place<'_, [i32; T]>,
    other: i32,
) {
    let Some((out, put)) = open(out, |out| keys.fill_others(out, other)) else {
        return;
    };
    for (i, (x, out)) in keys.of(x).iter().zip(keys.of_mut(out)).enumerate() {
        if keys.attends(i) {
            put(out, dot(x, y));
        }
    }
}

#[inline(always)]
fn dot<Y: Copy + Into<i32>, const H: usize>(x: &[i8; H], y: &[Y; H]) -> i32 {
    let mut sum = 0;
    let ((x4, x), (y4, y)) = (x.as_chunks::<4>(), y.as_chunks::<4>());
    for (x, y) in x4.iter().zip(y4) {
        multiply_add(&mut sum, x[0], y[0]);
        multiply_add(&mut sum, x[1], y[1]);
        multiply_add(&mut sum, x[2], y[2]);
        multiply_add(&mut sum, x[3], y[3]);
    }
    for (&x, &y) in x.iter().zip(y) {
        multiply_add(&mut sum, x, y);
    }
    sum
}

#[inline(always)]
fn multiply_add<X: Into<i32>, Y: Into<i32>>(sum: &mut i32, x: X, y: Y) {
    *sum = sum.wrapping_add(x.into().wrapping_mul(y.into()));
}

/// `put(out[i], zero + Σ_t a[t]·x[t,i])` over the attended keys.
#[inline(always)]
fn sum_rows<A: Copy, Z: Copy, O, const T: usize, const H: usize>(
    keys: Keys<'_, f32>,
    (a, x): (&[A; T], &[[i8; H]; T]),
    zero: Z,
    add: impl Fn(&mut Z, A, i8),
    out: &mut [O; H],
    put: impl Fn(&mut O, Z),
) {
    sum_by_columns(keys, keys.of(a), keys.of(x), zero, add, |i, sums| {
        let out = out.get_mut(i..).unwrap_or_default();
        for (out, &sum) in out.iter_mut().zip(sums) {
            put(out, sum);
        }
    });
}

/// `c[i] = Σ_t a[t]·v[t,i]` in 1/256, saturating. Weights of a softmax sum to less than 2¹⁷, whatever their number;
/// of `any` weights, 256 products are less than 2³¹ − 128, and more need 64 bits.
#[inline(always)]
pub(super) fn weighted_sum<const T: usize, const E: usize>(
    keys: Keys<'_, f32>,
    a: &[u16; T],
    v: &[[i8; E]; T],
    c: &mut [i16; E],
    any: bool,
) {
    let sign = sign();
    if any && T > 256 {
        let put = |c: &mut i16, sum: i64| *c = narrow(sign, (sum >> 8) as i32);
        let add = |sum: &mut i64, a: u16, v: i8| {
            *sum = sum.wrapping_add(i32::from(a).wrapping_mul(v.into()).into());
        };
        sum_rows(keys, (a, v), 128, add, c, put);
    } else {
        let put = |c: &mut i16, sum: i32| *c = narrow(sign, sum >> 8);
        sum_rows(keys, (a, v), 128, multiply_add, c, put);
    }
}

/// `dq[i] = Σ_t ds[t]·k[t,i]` and `dk[t,i] = ds[t]·q[i]`, times the power.
#[inline(always)]
pub(super) fn scores_backward<A: Copy + Into<i32>, const T: usize, const D: usize>(
    keys: Keys<'_, f32>,
    (ds, power): (&[A; T], Power),
    (q, k): (&[i8; D], &[[i8; D]; T]),
    dq: Place<'_, [i32; D]>,
    dk: Place<'_, [[i32; D]; T]>,
) {
    if let Some((dq, put)) = open(dq, |_| ()) {
        let put = |dq: &mut i32, sum| put(dq, power.of(sum));
        sum_rows(keys, (ds, k), 0, multiply_add, dq, put);
    }
    let ds = keys.of(ds).iter().map(|&ds| power.to_left(ds.into()));
    let term = |ds: i32, q: i8| power.round(ds.wrapping_mul(q.into()));
    outer(keys, ds, q, term, dk);
}

/// `out[t,i] = term(a[t], y[i])` for the attended keys, zero elsewhere: a gradient of keys or values.
#[inline(always)]
pub(super) fn outer<A: Copy, Y: Copy, const T: usize, const H: usize>(
    keys: Keys<'_, f32>,
    a: impl Iterator<Item = A>,
    y: &[Y; H],
    term: impl Fn(A, Y) -> i32,
    out: Place<'_, [[i32; H]; T]>,
) {
    let Some((out, put)) = open(out, |out| keys.fill_others(out, [0; H])) else {
        return;
    };
    for (t, (a, row)) in a.zip(keys.of_mut(out)).enumerate() {
        if keys.attends(t) {
            put_row(row, y, |out, y| put(out, term(a, y)));
        }
    }
}
