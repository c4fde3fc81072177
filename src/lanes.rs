//! Sums in eight fixed lanes: the order of summation that every target shares.
//!
//! Lane `l` takes the elements `l`, `l + 8`, `l + 16`, … in order, and the lanes are added as
//! `((0+4)+(2+6)) + ((1+5)+(3+7))`. Eight independent chains hide the latency of an addition,
//! fill a vector register of any common width, and keep the rounding error an eighth of that of
//! one chain. A lane starts at `-0.0`, which changes no value that is added to it and which the
//! compiler therefore folds away.
//!
//! The lanes are eight named scalars: as an array they stay in memory at `opt-level = "s"`.

use core::hint::black_box;

use crate::Float;
use crate::rule::Attends;

/// Whether loops are laid out for vector registers rather than for a scalar FPU.
///
/// Both layouts compute the same bits. `--cfg microattention_loops="vector"` (or `"scalar"`, or
/// `"soft-float"`) forces one, so that tests can run all of them on one machine.
pub(crate) const VECTOR: bool = cfg!(microattention_loops = "vector")
    || (!cfg!(microattention_loops = "scalar")
        && !cfg!(microattention_loops = "soft-float")
        && cfg!(any(
            target_arch = "x86_64",
            target_arch = "aarch64",
            target_feature = "sse2",
            target_feature = "simd128"
        )));

/// The longest row of which the sums of all columns stay in vector registers.
pub(crate) const IN_REGISTERS: usize = if cfg!(target_feature = "avx") { 64 } else { 36 };

/// Whether the target has no floating-point unit, as far as it says so.
pub(crate) const SOFT_FLOAT: bool = cfg!(microattention_loops = "soft-float")
    || (!cfg!(microattention_loops = "vector")
        && !cfg!(microattention_loops = "scalar")
        && cfg!(any(
            all(target_arch = "arm", target_abi = "eabi"),
            all(
                any(target_arch = "riscv32", target_arch = "riscv64"),
                not(target_feature = "f")
            )
        )));

/// `Σ_i x[i]·y[i]`, over the shorter of the two; `+0.0` for no elements.
#[inline(always)]
pub(crate) fn dot<F: Float>(x: &[F], y: &[F]) -> F {
    if x.is_empty() {
        return F::ZERO;
    }
    let (xs, x_tail) = x.as_chunks::<8>();
    let (ys, y_tail) = y.as_chunks::<8>();
    let z = F::NEG_ZERO;
    let (mut l0, mut l1, mut l2, mut l3) = (z, z, z, z);
    let (mut l4, mut l5, mut l6, mut l7) = (z, z, z, z);
    for (x, y) in xs.iter().zip(ys) {
        l0 += x[0] * y[0];
        l1 += x[1] * y[1];
        l2 += x[2] * y[2];
        l3 += x[3] * y[3];
        l4 += x[4] * y[4];
        l5 += x[5] * y[5];
        l6 += x[6] * y[6];
        l7 += x[7] * y[7];
    }
    let tail = |lane: F, i: usize| match (x_tail.get(i), y_tail.get(i)) {
        (Some(&x), Some(&y)) => lane + x * y,
        _ => lane,
    };
    let lanes = [
        tail(l0, 0),
        tail(l1, 1),
        tail(l2, 2),
        tail(l3, 3),
        tail(l4, 4),
        tail(l5, 5),
        tail(l6, 6),
        l7,
    ];
    if x.len() >= 16 && cfg!(target_feature = "sse2") && !cfg!(target_feature = "avx") {
        // In registers of four, a pin after the first additions halves what goes through memory.
        let [l0, l1, l2, l3, l4, l5, l6, l7] = lanes;
        let [l0, l1, l2, l3] = pin([l0 + l4, l1 + l5, l2 + l6, l3 + l7]);
        return (l0 + l2) + (l1 + l3);
    }
    tree(if x.len() >= 16 { pin(lanes) } else { lanes }, |x, y| x + y)
}

/// [`dot`] over the attended elements, which keep their lanes.
#[inline(always)]
pub(crate) fn dot_of<F: Float>(attends: impl Attends, x: &[F], y: &[F]) -> F {
    let mut lanes = [F::NEG_ZERO; 8];
    for (r, (x, y)) in x.chunks(8).zip(y.chunks(8)).enumerate() {
        for (l, ((&x, &y), lane)) in x.iter().zip(y).zip(&mut lanes).enumerate() {
            if attends.key(8 * r + l) {
                *lane += x * y;
            }
        }
    }
    tree(lanes, |x, y| x + y)
}

/// The largest element, NaN left out; `−∞` if there is none. No order of comparison changes it, but
/// for the sign of a zero, which no difference from it shows.
#[inline(always)]
pub(crate) fn max<F: Float>(x: &[F]) -> F {
    let max = |m: F, x: F| if x.exceeds(m) { x } else { m };
    if !VECTOR {
        return x.iter().fold(F::NEG_INFINITY, |m, &x| max(m, x));
    }
    let (xs, x_tail) = x.as_chunks::<8>();
    let z = F::NEG_INFINITY;
    let (mut l0, mut l1, mut l2, mut l3) = (z, z, z, z);
    let (mut l4, mut l5, mut l6, mut l7) = (z, z, z, z);
    for x in xs {
        l0 = max(l0, x[0]);
        l1 = max(l1, x[1]);
        l2 = max(l2, x[2]);
        l3 = max(l3, x[3]);
        l4 = max(l4, x[4]);
        l5 = max(l5, x[5]);
        l6 = max(l6, x[6]);
        l7 = max(l7, x[7]);
    }
    let tail = |lane: F, i: usize| x_tail.get(i).map_or(lane, |&x| max(lane, x));
    let lanes = [
        tail(l0, 0),
        tail(l1, 1),
        tail(l2, 2),
        tail(l3, 3),
        tail(l4, 4),
        tail(l5, 5),
        tail(l6, 6),
        l7,
    ];
    tree(if x.len() > 8 { pin(lanes) } else { lanes }, max)
}

/// `Σ_i x[i]`, its rounding error growing with the logarithm of the length.
///
/// Complete rows of eight elements are added lane by lane in a pairwise tree: the sum of `k` rows
/// is the sum of the first `p` plus that of the others, where `p` is the largest power of two
/// below `k`. The elements left over go to the first lanes.
#[inline(always)]
pub(crate) fn sum<F: Float>(x: &[F]) -> F {
    let (rows, x_tail) = x.as_chunks::<8>();
    let mut lanes = if rows.len() <= 8 {
        sum_leaf(rows)
    } else {
        sum_leaves(rows)
    };
    for (lane, &x) in lanes.iter_mut().zip(x_tail) {
        *lane += x;
    }
    tree(if x.len() > 8 { pin(lanes) } else { lanes }, |x, y| x + y)
}

/// [`sum`] without its loops, which take more flash than this.
#[inline(always)]
pub(crate) fn sum_of_16<F: Float>(x: &[F; 16]) -> F {
    let lanes = [
        x[0] + x[8],
        x[1] + x[9],
        x[2] + x[10],
        x[3] + x[11],
        x[4] + x[12],
        x[5] + x[13],
        x[6] + x[14],
        x[7] + x[15],
    ];
    tree(lanes, |x, y| x + y)
}

/// The pairwise sum of at most eight rows.
#[inline(always)]
fn sum_leaf<F: Float>(rows: &[[F; 8]]) -> [F; 8] {
    let (fours, rows) = rows.as_chunks::<4>();
    let (twos, ones) = rows.as_chunks::<2>();
    let mut rest = [F::NEG_ZERO; 8];
    for [x0, x1] in twos {
        for l in 0..8 {
            rest[l] = x0[l] + x1[l];
        }
    }
    for x in ones {
        for l in 0..8 {
            rest[l] += x[l];
        }
    }
    let mut sum = [F::NEG_ZERO; 8];
    for [x0, x1, x2, x3] in fours {
        for l in 0..8 {
            sum[l] += (x0[l] + x1[l]) + (x2[l] + x3[l]);
        }
    }
    add(sum, rest)
}

/// The pairwise sum of more than eight rows.
///
/// `levels[i]` holds the sum of `2^i` leaves where bit `i` of the number of leaves so far is set,
/// as in a binary counter. Sums of 128 leaves (8192 elements) are added in order.
#[inline(never)]
fn sum_leaves<F: Float>(rows: &[[F; 8]]) -> [F; 8] {
    let mut total = [F::NEG_ZERO; 8];
    let mut levels = [[F::NEG_ZERO; 8]; 7];
    let mut leaves = 0_usize;
    'leaf: for leaf in rows.chunks(8) {
        let mut sum = sum_leaf(leaf);
        let before = leaves;
        leaves = leaves.wrapping_add(1);
        for (i, level) in levels.iter_mut().enumerate() {
            if before >> i & 1 == 0 {
                *level = sum;
                continue 'leaf;
            }
            sum = add(*level, sum);
        }
        total = add(total, sum);
    }
    let mut rest = [F::NEG_ZERO; 8];
    for (i, level) in levels.iter().enumerate() {
        if leaves >> i & 1 == 1 {
            rest = add(*level, rest);
        }
    }
    add(total, rest)
}

#[inline(always)]
fn add<F: Float>(x: [F; 8], y: [F; 8]) -> [F; 8] {
    let mut sum = x;
    for l in 0..8 {
        sum[l] += y[l];
    }
    sum
}

#[inline(always)]
fn tree<F: Float>([l0, l1, l2, l3, l4, l5, l6, l7]: [F; 8], op: impl Fn(F, F) -> F) -> F {
    op(op(op(l0, l4), op(l2, l6)), op(op(l1, l5), op(l3, l7)))
}

/// Gives LLVM one place where the lanes are an array, from which it vectorises the loop that
/// made them. It affects speed alone: without it the loop becomes scalar code, four to six times
/// slower.
#[inline(always)]
fn pin<F: Float, const L: usize>(lanes: [F; L]) -> [F; L] {
    if VECTOR { black_box(lanes) } else { lanes }
}
