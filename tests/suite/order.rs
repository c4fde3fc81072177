//! Every rounding step of the crate in plain scalar code, one query of one batch row at a time.
//!
//! This is the contract about bits. A sum over features runs in 8 lanes, a sum over time steps of
//! whole rows in the order of time, the softmax's sum in 8 lanes over rows that are paired like a
//! tree. A sum starts at `-0.0`, which changes no number that is added to it, and an empty sum is
//! `+0.0`. Nothing is fused: a product is rounded before it is added.

#![allow(
    clippy::needless_range_loop,
    reason = "the indices are those of the equations"
)]

use crate::element::Element;

fn zero<F: Element>() -> F {
    F::of(0.0)
}

/// What a sum starts at.
fn start<F: Element>() -> F {
    F::of(-0.0)
}

fn lane_total<F: Element>(l: [F; 8]) -> F {
    ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
}

/// `Σ_i x[i]·y[i]`: lane `i mod 8` takes element `i`.
pub fn lane_dot<F: Element>(x: &[F], y: &[F]) -> F {
    if x.is_empty() {
        return zero();
    }
    let mut lanes = [start::<F>(); 8];
    for i in 0..x.len() {
        lanes[i % 8] += x[i] * y[i];
    }
    lane_total(lanes)
}

/// `Σ_t a[t]·x[t][i]` for every `i`, in the order of `t`.
fn row_sum<F: Element, const H: usize>(a: &[F], x: &[[F; H]], sum: &mut [F; H]) {
    for i in 0..H {
        sum[i] = if x.is_empty() { zero() } else { start() };
        for t in 0..x.len() {
            sum[i] += a[t] * x[t][i];
        }
    }
}

fn outer_product<F: Element, const H: usize>(x: &[F], y: &[F; H], product: &mut [[F; H]]) {
    for t in 0..x.len() {
        for i in 0..H {
            product[t][i] = x[t] * y[i];
        }
    }
}

pub fn weighted_sum<F: Element, const H: usize>(a: &[F], hs: &[[F; H]], c: &mut [F; H]) {
    row_sum(a, hs, c);
}

pub fn weighted_sum_backward<F: Element, const H: usize>(
    a: &[F],
    hs: &[[F; H]],
    dc: &[F; H],
    da: &mut [F],
    dhs: &mut [[F; H]],
) {
    dot_scores(dc, hs, da);
    outer_product(a, dc, dhs);
}

pub fn dot_scores<F: Element, const H: usize>(h: &[F; H], hs: &[[F; H]], s: &mut [F]) {
    for t in 0..hs.len() {
        s[t] = lane_dot(&hs[t], h);
    }
}

pub fn dot_scores_backward<F: Element, const H: usize>(
    h: &[F; H],
    hs: &[[F; H]],
    ds: &[F],
    dh: &mut [F; H],
    dhs: &mut [[F; H]],
) {
    row_sum(ds, hs, dh);
    outer_product(ds, h, dhs);
}

/// The lanes of complete rows of 8: the largest power of two of rows that leaves some, and those.
fn paired_rows<F: Element>(rows: &[[F; 8]]) -> [F; 8] {
    if rows.len() == 1 {
        return rows[0];
    }
    let mut half = 1;
    while half * 2 < rows.len() {
        half *= 2;
    }
    let (x, y) = (paired_rows(&rows[..half]), paired_rows(&rows[half..]));
    core::array::from_fn(|l| x[l] + y[l])
}

fn softmax_total<F: Element>(e: &[F]) -> F {
    let (rows, rest) = e.as_chunks::<8>();
    let mut lanes = if rows.is_empty() {
        [start(); 8]
    } else {
        paired_rows(rows)
    };
    for l in 0..rest.len() {
        lanes[l] += rest[l];
    }
    lane_total(lanes)
}

pub fn softmax<F: Element>(x: &mut [F]) {
    let mut m = F::of(f64::NEG_INFINITY);
    for t in 0..x.len() {
        if x[t] > m {
            m = x[t];
        }
    }
    if m == F::of(f64::NEG_INFINITY) {
        m = zero();
    }
    for t in 0..x.len() {
        x[t] = (x[t] - m).exp_in_order();
    }
    let total = softmax_total(x);
    let inverse = if total == zero() {
        zero()
    } else {
        F::of(1.0) / total
    };
    for t in 0..x.len() {
        x[t] = x[t] * inverse;
    }
}

pub fn softmax_backward<F: Element>(a: &[F], d: &mut [F]) {
    let sum = lane_dot(a, d);
    for t in 0..a.len() {
        d[t] = a[t] * (d[t] - sum);
    }
}

pub fn attention_weights<F: Element, const H: usize>(h: &[F; H], hs: &[[F; H]], a: &mut [F]) {
    dot_scores(h, hs, a);
    softmax(a);
}

pub fn attention_weights_backward<F: Element, const H: usize>(
    h: &[F; H],
    hs: &[[F; H]],
    a: &[F],
    da: &[F],
    dh: &mut [F; H],
    dhs: &mut [[F; H]],
) {
    let mut ds = da.to_vec();
    softmax_backward(a, &mut ds);
    dot_scores_backward(h, hs, &ds, dh, dhs);
}

pub fn attention<F: Element, const H: usize>(
    h: &[F; H],
    hs: &[[F; H]],
    a: &mut [F],
    c: &mut [F; H],
) {
    attention_weights(h, hs, a);
    weighted_sum(a, hs, c);
}

pub fn attention_backward<F: Element, const H: usize>(
    h: &[F; H],
    hs: &[[F; H]],
    a: &[F],
    dc: &[F; H],
    dh: &mut [F; H],
    dhs: &mut [[F; H]],
) {
    let mut ds = vec![zero(); a.len()];
    dot_scores(dc, hs, &mut ds);
    softmax_backward(a, &mut ds);
    row_sum(&ds, hs, dh);
    for t in 0..hs.len() {
        for i in 0..H {
            dhs[t][i] = a[t] * dc[i] + ds[t] * h[i];
        }
    }
}

/// Where a gradient goes: over what is there, or onto it with one addition.
pub fn put<F: Element>(result: &[F], gradient: &mut [F], accumulate: bool) {
    for i in 0..result.len() {
        gradient[i] = if accumulate {
            gradient[i] + result[i]
        } else {
            result[i]
        };
    }
}

pub fn cross_attention<F: Element, const T: usize, const H: usize>(
    hs_dec: &[[F; H]],
    hs_enc: &[[F; H]],
    a: &mut [[F; T]],
    c: &mut [[F; H]],
) {
    for u in 0..hs_dec.len() {
        attention(&hs_dec[u], hs_enc, &mut a[u], &mut c[u]);
    }
}

/// One query after the other: the first is put where the caller wants it, the rest onto that.
pub fn cross_attention_backward<F: Element, const T: usize, const H: usize>(
    hs_dec: &[[F; H]],
    hs_enc: &[[F; H]],
    a: &[[F; T]],
    dc: &[[F; H]],
    (dhs_dec, accumulate_dec): (&mut [[F; H]], bool),
    (dhs_enc, accumulate_enc): (&mut [[F; H]], bool),
) {
    if hs_dec.is_empty() && !accumulate_enc {
        dhs_enc.fill([zero(); H]);
    }
    let mut dh = [zero(); H];
    let mut dhs = vec![[zero(); H]; hs_enc.len()];
    for u in 0..hs_dec.len() {
        attention_backward(&hs_dec[u], hs_enc, &a[u], &dc[u], &mut dh, &mut dhs);
        put(&dh, &mut dhs_dec[u], accumulate_dec);
        put(
            dhs.as_flattened(),
            dhs_enc.as_flattened_mut(),
            accumulate_enc || u > 0,
        );
    }
}

/// `eˣ` for `x ≤ 0`: with `k` the integer next to `x / ln 2` and `r = x − k·ln 2`,
/// `eˣ = 2ᵏ·(1 + r + r²·q(r))`.
pub fn exp_f32(x: f32) -> f32 {
    // q(r), lowest power first.
    let coefficients: [u32; 5] = [
        0x3eff_fffd,
        0x3e2a_aa49,
        0x3d2a_ad13,
        0x3c09_1cc0,
        0x3ab4_a650,
    ];
    let ln2_high = f32::from_bits(0x3f31_7200);
    let ln2_low = f32::from_bits(0x35bf_be8e);
    let log2_e = f32::from_bits(0x3fb8_aa3b);
    // A number this large has no bits below 1, so adding it rounds to an integer; its low bits
    // then hold k + 64 and the exponent bias, ready to be shifted into place.
    let magic = 12_582_912.0 + 64.0 + 127.0;

    let x = if x < -104.0 { -104.0 } else { x };
    let rounded = x * log2_e + magic;
    let k = rounded - magic;
    let high = x - k * ln2_high;
    let low = -(k * ln2_low);
    let r = high + low;
    let mut q = f32::from_bits(coefficients[4]);
    for i in (0..4).rev() {
        q = q * r + f32::from_bits(coefficients[i]);
    }
    let y = 1.0 + (high + (r * r * q + low));
    let scale = f32::from_bits(rounded.to_bits() << 23);
    let two_to_minus_64 = f32::from_bits((127 - 64) << 23);
    y * scale * two_to_minus_64
}

/// As [`exp_f32`], with longer constants.
pub fn exp_f64(x: f64) -> f64 {
    let coefficients: [u64; 10] = [
        0x3fe0_0000_0000_000a,
        0x3fc5_5555_5555_54fe,
        0x3fa5_5555_5555_06b9,
        0x3f81_1111_1112_6b31,
        0x3f56_c16c_1847_80b4,
        0x3f2a_01a0_12ff_28c2,
        0x3efa_0199_95b9_979d,
        0x3ec7_1df1_8e0d_c853,
        0x3e92_8ae0_05a2_6fc3,
        0x3e5a_d930_99c2_8bd4,
    ];
    let ln2_high = f64::from_bits(0x3fe6_2e42_fefa_3800);
    let ln2_low = f64::from_bits(0x3d2e_f357_93c7_6730);
    let log2_e = core::f64::consts::LOG2_E;
    let magic = 6_755_399_441_055_744.0 + 512.0 + 1023.0;

    let x = if x < -746.0 { -746.0 } else { x };
    let rounded = x * log2_e + magic;
    let k = rounded - magic;
    let high = x - k * ln2_high;
    let low = -(k * ln2_low);
    let r = high + low;
    let mut q = f64::from_bits(coefficients[9]);
    for i in (0..9).rev() {
        q = q * r + f64::from_bits(coefficients[i]);
    }
    let y = 1.0 + (high + (r * r * q + low));
    let scale = f64::from_bits(rounded.to_bits() << 52);
    let two_to_minus_512 = f64::from_bits((1023 - 512) << 52);
    y * scale * two_to_minus_512
}
