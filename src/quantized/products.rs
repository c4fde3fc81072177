//! The three products that attention is made of: of rows with a vector, of coefficients with the rows, and of
//! coefficients with vectors.

use super::bits::{Power, add, narrow, sign};
use crate::gradient::Place;
use crate::keys::Keys;

/// Whether two rows at a time are too many for the registers: of a Cortex-M0, which has no atomics either.
const FEW_REGISTERS: bool = !cfg!(target_has_atomic = "32");

/// What of a [`Place`] is wanted, and how a number is put there.
#[derive(Clone, Copy)]
struct Put {
    sign: u32,
    adds: bool,
}

impl Put {
    #[inline(always)]
    fn open<A: ?Sized>(place: Place<'_, A>) -> Option<(&mut A, Self)> {
        let (out, adds) = match place {
            Place::Skipped => return None,
            Place::Set(out) => (out, false),
            Place::Add(out) => (out, true),
        };
        let sign = if adds { sign() } else { 0 };
        Some((out, Self { sign, adds }))
    }

    #[inline(always)]
    fn put(self, out: &mut i32, x: i32) {
        *out = if self.adds {
            add(self.sign, *out, x)
        } else {
            x
        };
    }
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
    let Some((out, put)) = Put::open(out) else {
        return;
    };
    if !put.adds {
        keys.fill_others(out, other);
    }
    let (x, out) = (keys.of(x), keys.of_mut(out));
    if keys.is_masked() || FEW_REGISTERS {
        for (i, (x, out)) in x.iter().zip(out).enumerate() {
            if keys.attends(i) {
                put.put(out, dot(x, y));
            }
        }
        return;
    }
    // Two rows at a time share what is read of the vector.
    let ((x2, x), (out2, out)) = (x.as_chunks::<2>(), out.as_chunks_mut::<2>());
    for ([x0, x1], [o0, o1]) in x2.iter().zip(out2) {
        let (mut z0, mut z1) = (0_i32, 0_i32);
        let mut add = |x0: i8, x1: i8, y: Y| {
            let y = y.into();
            z0 = z0.wrapping_add(i32::from(x0).wrapping_mul(y));
            z1 = z1.wrapping_add(i32::from(x1).wrapping_mul(y));
        };
        let ((x04, x0), (x14, x1), (y4, y)) =
            (x0.as_chunks::<4>(), x1.as_chunks::<4>(), y.as_chunks::<4>());
        for ((x0, x1), y) in x04.iter().zip(x14).zip(y4) {
            add(x0[0], x1[0], y[0]);
            add(x0[1], x1[1], y[1]);
            add(x0[2], x1[2], y[2]);
            add(x0[3], x1[3], y[3]);
        }
        for ((&x0, &x1), &y) in x0.iter().zip(x1).zip(y) {
            add(x0, x1, y);
        }
        put.put(o0, z0);
        put.put(o1, z1);
    }
    for (x, out) in x.iter().zip(out) {
        put.put(out, dot(x, y));
    }
}

#[inline(always)]
fn dot<Y: Copy + Into<i32>, const H: usize>(x: &[i8; H], y: &[Y; H]) -> i32 {
    let mut sum = 0_i32;
    for (&x, &y) in x.iter().zip(y) {
        sum = sum.wrapping_add(i32::from(x).wrapping_mul(y.into()));
    }
    sum
}

/// `put(out[i], Σ_t a[t]·x[t,i])` over the keys that are attended, four columns at a time: the sums stay in
/// registers.
#[inline(always)]
pub(super) fn sum_rows<A: Copy + Into<i32>, O, const H: usize>(
    attends: impl Fn(usize) -> bool,
    a: &[A],
    x: &[[i8; H]],
    out: &mut [O; H],
    put: impl Fn(&mut O, i32),
) {
    let (out4, rest) = out.as_chunks_mut::<4>();
    for (j, [o0, o1, o2, o3]) in out4.iter_mut().enumerate() {
        let (mut z0, mut z1, mut z2, mut z3) = (0_i32, 0_i32, 0_i32, 0_i32);
        for (i, (&a, x)) in a.iter().zip(x).enumerate() {
            let Some(x) = x.as_chunks::<4>().0.get(j) else {
                break;
            };
            if attends(i) {
                let a = a.into();
                z0 = z0.wrapping_add(a.wrapping_mul(x[0].into()));
                z1 = z1.wrapping_add(a.wrapping_mul(x[1].into()));
                z2 = z2.wrapping_add(a.wrapping_mul(x[2].into()));
                z3 = z3.wrapping_add(a.wrapping_mul(x[3].into()));
            }
        }
        put(o0, z0);
        put(o1, z1);
        put(o2, z2);
        put(o3, z3);
    }
    for (j, out) in rest.iter_mut().enumerate() {
        let mut z = 0_i32;
        for (i, (&a, x)) in a.iter().zip(x).enumerate() {
            let Some(&x) = x.as_chunks::<4>().1.get(j) else {
                break;
            };
            if attends(i) {
                z = z.wrapping_add(a.into().wrapping_mul(x.into()));
            }
        }
        put(out, z);
    }
}

/// `c[i] = Σ_t a[t]·v[t,i]` in 1/256, saturating.
#[inline(always)]
pub(super) fn weighted_sum<const T: usize, const E: usize>(
    keys: Keys<'_, f32>,
    a: &[u16; T],
    v: &[[i8; E]; T],
    c: &mut [i16; E],
) {
    let (a, v) = (keys.of(a), keys.of(v));
    let sign = sign();
    // 256 products of 16 and 8 bits are less than 2³¹ − 128.
    if T <= 256 {
        sum_rows(
            |i| keys.attends(i),
            a,
            v,
            c,
            |c, sum| *c = narrow(sign, sum.wrapping_add(128) >> 8),
        );
        return;
    }
    let mut sums = [[0_i32; 2]; E];
    for (j, (a, v)) in a.chunks(256).zip(v.chunks(256)).enumerate() {
        sum_rows(
            |i| keys.attends(256 * j + i),
            a,
            v,
            &mut sums,
            |[high, low], sum| {
                *high = high.wrapping_add(sum >> 8);
                *low = low.wrapping_add(sum & 0xFF);
            },
        );
    }
    for (c, [high, low]) in c.iter_mut().zip(sums) {
        *c = narrow(sign, high.wrapping_add(low.wrapping_add(128) >> 8));
    }
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
    let Some((dq, put)) = Put::open(dq) else {
        return;
    };
    let (ds, k) = (keys.of(ds), keys.of(k));
    sum_rows(
        |i| keys.attends(i),
        ds,
        k,
        dq,
        |dq, sum| {
            put.put(dq, power.of(sum));
        },
    );
}

/// `dk[t,i] = ds[t]·q[i]`, times what the power has to the right.
#[inline(always)]
pub(super) fn keys_backward<A: Copy + Into<i32>, const T: usize, const D: usize>(
    keys: Keys<'_, f32>,
    ds: &[A; T],
    power: Power,
    q: &[i8; D],
    dk: Place<'_, [[i32; D]; T]>,
) {
    let ds = keys.of(ds).iter().map(|&ds| ds.into());
    let term = |ds: i32, q: i32| power.round(ds.wrapping_mul(q));
    outer(keys, &ds, |i| column(q, i), term, dk);
}

/// `out[t,i] = term(a[t], y[i])` for the attended keys, zero elsewhere: a gradient of keys or values. Four columns
/// at a time, so that theirs stay in registers.
#[inline(always)]
pub(super) fn outer<A: Copy, Y: Copy, const T: usize, const H: usize>(
    keys: Keys<'_, f32>,
    a: &(impl Iterator<Item = A> + Clone),
    y: impl Fn(usize) -> Y,
    term: impl Fn(A, Y) -> i32,
    out: Place<'_, [[i32; H]; T]>,
) {
    let Some((out, put)) = Put::open(out) else {
        return;
    };
    if !put.adds {
        keys.fill_others(out, [0; H]);
    }
    for j in 0..H / 4 {
        let (y0, y1, y2, y3) = (y(4 * j), y(4 * j + 1), y(4 * j + 2), y(4 * j + 3));
        for (i, (a, out)) in a.clone().zip(keys.of_mut(out)).enumerate() {
            let Some([o0, o1, o2, o3]) = out.as_chunks_mut::<4>().0.get_mut(j) else {
                break;
            };
            if keys.attends(i) {
                put.put(o0, term(a, y0));
                put.put(o1, term(a, y1));
                put.put(o2, term(a, y2));
                put.put(o3, term(a, y3));
            }
        }
    }
    for j in H - H % 4..H {
        let y = y(j);
        for (i, (a, out)) in a.clone().zip(keys.of_mut(out)).enumerate() {
            if keys.attends(i) {
                put.put(&mut out[j], term(a, y));
            }
        }
    }
}

/// One of the columns.
#[inline(always)]
pub(super) fn column<X: Copy + Default + Into<i32>, const H: usize>(x: &[X; H], i: usize) -> i32 {
    x.get(i).copied().unwrap_or_default().into()
}
