//! The three products that attention is made of: of rows with a vector, of coefficients with the rows, and of
//! coefficients with vectors.

use core::hint::black_box;

use super::bits::{Power, add, narrow, sign};
use crate::gradient::Place;
use crate::keys::Keys;

/// A Cortex-M0 has eight, and no atomics.
const FEW_REGISTERS: bool = !cfg!(target_has_atomic = "32");
const MANY_REGISTERS: bool = !cfg!(target_arch = "arm");

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
    let mut sum = 0_i32;
    let mut add = |x: i8, y: Y| sum = sum.wrapping_add(y.into().wrapping_mul(x.into()));
    let ((x4, x), (y4, y)) = (x.as_chunks::<4>(), y.as_chunks::<4>());
    for (x, y) in x4.iter().zip(y4) {
        add(x[0], y[0]);
        add(x[1], y[1]);
        add(x[2], y[2]);
        add(x[3], y[3]);
    }
    for (&x, &y) in x.iter().zip(y) {
        add(x, y);
    }
    sum
}

/// `put(out[i], Σ_t a[t]·x[t,i])` over the keys that are attended, several columns at a time: the sums stay in
/// registers.
#[inline(always)]
fn sum_rows<A: Copy + Into<i32>, Z: Copy + Default, O, const T: usize, const H: usize>(
    keys: Keys<'_, f32>,
    a: &[A; T],
    x: &[[i8; H]; T],
    add: impl Fn(Z, i32) -> Z,
    out: &mut [O; H],
    put: impl Fn(&mut O, Z),
) {
    let keys = Keys {
        end: unseen(keys.end),
        ..keys
    };
    let (a, x) = (keys.of(a), keys.of(x));
    macro_rules! sums {
        ($from:expr, $to:expr, $width:literal, $($out:ident $z:ident $x:ident)*) => {
            let (from, to) = ($from, $to);
            let columns = out[from..to].as_chunks_mut::<$width>().0;
            for (j, [$($out),*]) in columns.iter_mut().enumerate() {
                $(let mut $z = Z::default();)*
                for (i, (&a, x)) in a.iter().zip(x).enumerate() {
                    let Some(&[$($x),*]) = x[from..to].as_chunks::<$width>().0.get(j) else {
                        break;
                    };
                    if keys.attends(i) {
                        let a = a.into();
                        $($z = add($z, a.wrapping_mul($x.into()));)*
                    }
                }
                $(put($out, $z);)*
            }
        };
    }
    let (eights, fours) = (if MANY_REGISTERS { H - H % 8 } else { 0 }, H - H % 4);
    sums!(0, eights, 8, o0 z0 x0 o1 z1 x1 o2 z2 x2 o3 z3 x3 o4 z4 x4 o5 z5 x5 o6 z6 x6 o7 z7 x7);
    sums!(eights, fours, 4, o0 z0 x0 o1 z1 x1 o2 z2 x2 o3 z3 x3);
    sums!(fours, H, 1, o z x);
}

/// Not seen by the compiler where there are registers for several columns: it unrolls a short loop of a length that
/// it knows, and loads all of it before.
#[inline(always)]
fn unseen(end: usize) -> usize {
    if FEW_REGISTERS { end } else { black_box(end) }
}

/// `c[i] = Σ_t a[t]·v[t,i]` in 1/256, saturating. Weights of a softmax sum to less than 2¹⁷, whatever their number.
#[inline(always)]
pub(super) fn weighted_sum<const T: usize, const E: usize>(
    keys: Keys<'_, f32>,
    a: &[u16; T],
    v: &[[i8; E]; T],
    c: &mut [i16; E],
) {
    let sign = sign();
    let put = |c: &mut i16, sum: i32| *c = narrow(sign, sum.wrapping_add(128) >> 8);
    sum_rows(keys, a, v, i32::wrapping_add, c, put);
}

/// The same of any weights.
#[inline(always)]
pub(super) fn weighted_sum_of_any<const T: usize, const E: usize>(
    keys: Keys<'_, f32>,
    a: &[u16; T],
    v: &[[i8; E]; T],
    c: &mut [i16; E],
) {
    // 256 products of 16 and 8 bits are less than 2³¹ − 128.
    if T <= 256 {
        return weighted_sum(keys, a, v, c);
    }
    let sign = sign();
    let put = |c: &mut i16, sum: i64| *c = narrow(sign, (sum.wrapping_add(128) >> 8) as i32);
    let add = |z: i64, x: i32| z.wrapping_add(x.into());
    sum_rows(keys, a, v, add, c, put);
}

/// `dq[i] = Σ_t ds[t]·k[t,i]`, times the power.
#[inline(always)]
pub(super) fn query_backward<A: Copy + Into<i32>, const T: usize, const D: usize>(
    keys: Keys<'_, f32>,
    ds: &[A; T],
    power: Power,
    k: &[[i8; D]; T],
    dq: Place<'_, [i32; D]>,
) {
    if let Some((dq, put)) = open(dq, |_| ()) {
        let put = |dq: &mut i32, sum| put(dq, power.of(sum));
        sum_rows(keys, ds, k, i32::wrapping_add, dq, put);
    }
}

/// `dk[t,i] = ds[t]·q[i]`, times what the power has to the right.
#[inline(always)]
pub(super) fn keys_backward<
    A: Copy + Into<i32>,
    Q: Copy + Into<i32>,
    const T: usize,
    const D: usize,
>(
    keys: Keys<'_, f32>,
    ds: &[A; T],
    power: Power,
    q: &[Q; D],
    dk: Place<'_, [[i32; D]; T]>,
) {
    let term = |&ds: &A, &q: &Q| power.round(ds.into().wrapping_mul(q.into()));
    outer(keys, keys.of(ds).iter(), q.iter(), term, dk);
}

/// `out[t,i] = term(a[t], y[i])` for the attended keys, zero elsewhere: a gradient of keys or values.
#[inline(always)]
pub(super) fn outer<A: Copy, Y, const T: usize, const H: usize>(
    keys: Keys<'_, f32>,
    a: impl Iterator<Item = A>,
    y: impl Iterator<Item = Y> + Clone,
    term: impl Fn(A, Y) -> i32,
    out: Place<'_, [[i32; H]; T]>,
) {
    let Some((out, put)) = open(out, |out| keys.fill_others(out, [0; H])) else {
        return;
    };
    for (i, (a, out)) in a.zip(keys.of_mut(out)).enumerate() {
        if keys.attends(i) {
            for (out, y) in out.iter_mut().zip(y.clone()) {
                put(out, term(a, y));
            }
        }
    }
}
