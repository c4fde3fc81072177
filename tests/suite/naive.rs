//! The equations as index loops in `f64`, one query of one batch row at a time.
//!
//! Nothing here is clever: one sum for each output, in the order of the indices. The letters are
//! those of the crate: T keys `hs[t]` of H features, a query `h`, scores `s`, weights `a`, a
//! context `c`, and `d` before each for its gradient. Outputs come last and are overwritten.
//! The module needs only `libm`.

#![allow(
    clippy::needless_range_loop,
    reason = "the indices are those of the equations"
)]

/// `c[i] = Σ_t a[t]·hs[t][i]`
pub fn weighted_sum<const H: usize>(a: &[f64], hs: &[[f64; H]], c: &mut [f64; H]) {
    for i in 0..H {
        c[i] = 0.0;
        for t in 0..hs.len() {
            c[i] += a[t] * hs[t][i];
        }
    }
}

/// `da[t] = Σ_i dc[i]·hs[t][i]` and `dhs[t][i] = a[t]·dc[i]`
pub fn weighted_sum_backward<const H: usize>(
    a: &[f64],
    hs: &[[f64; H]],
    dc: &[f64; H],
    da: &mut [f64],
    dhs: &mut [[f64; H]],
) {
    for t in 0..hs.len() {
        da[t] = 0.0;
        for i in 0..H {
            da[t] += dc[i] * hs[t][i];
            dhs[t][i] = a[t] * dc[i];
        }
    }
}

/// `s[t] = Σ_i hs[t][i]·h[i]`
pub fn dot_scores<const H: usize>(h: &[f64; H], hs: &[[f64; H]], s: &mut [f64]) {
    for t in 0..hs.len() {
        s[t] = 0.0;
        for i in 0..H {
            s[t] += hs[t][i] * h[i];
        }
    }
}

/// `dh[i] = Σ_t ds[t]·hs[t][i]` and `dhs[t][i] = ds[t]·h[i]`
pub fn dot_scores_backward<const H: usize>(
    h: &[f64; H],
    hs: &[[f64; H]],
    ds: &[f64],
    dh: &mut [f64; H],
    dhs: &mut [[f64; H]],
) {
    for i in 0..H {
        dh[i] = 0.0;
        for t in 0..hs.len() {
            dh[i] += ds[t] * hs[t][i];
            dhs[t][i] = ds[t] * h[i];
        }
    }
}

/// `a[t] = exp(x[t] − max x) / Σ_j exp(x[j] − max x)`, and zeros where every score is `−∞`
pub fn softmax(x: &mut [f64]) {
    let mut m = f64::NEG_INFINITY;
    for t in 0..x.len() {
        if x[t] > m {
            m = x[t];
        }
    }
    if m == f64::NEG_INFINITY {
        m = 0.0;
    }
    let mut sum = 0.0;
    for t in 0..x.len() {
        x[t] = libm::exp(x[t] - m);
        sum += x[t];
    }
    for t in 0..x.len() {
        x[t] = if sum == 0.0 { 0.0 } else { x[t] / sum };
    }
}

/// `ds[t] = a[t]·(da[t] − Σ_j a[j]·da[j])`; `d` is `da` at first and `ds` at last
pub fn softmax_backward(a: &[f64], d: &mut [f64]) {
    let mut sum = 0.0;
    for t in 0..a.len() {
        sum += a[t] * d[t];
    }
    for t in 0..a.len() {
        d[t] = a[t] * (d[t] - sum);
    }
}

/// Scores, then softmax.
pub fn attention_weights<const H: usize>(h: &[f64; H], hs: &[[f64; H]], a: &mut [f64]) {
    dot_scores(h, hs, a);
    softmax(a);
}

/// The backward passes of [`attention_weights`] in turn.
pub fn attention_weights_backward<const H: usize>(
    h: &[f64; H],
    hs: &[[f64; H]],
    a: &[f64],
    da: &[f64],
    dh: &mut [f64; H],
    dhs: &mut [[f64; H]],
) {
    let mut ds = da.to_vec();
    softmax_backward(a, &mut ds);
    dot_scores_backward(h, hs, &ds, dh, dhs);
}

/// Weights, then the weighted sum.
pub fn attention<const H: usize>(h: &[f64; H], hs: &[[f64; H]], a: &mut [f64], c: &mut [f64; H]) {
    attention_weights(h, hs, a);
    weighted_sum(a, hs, c);
}

/// `hs` is used twice, so `dhs` is the sum of both paths.
pub fn attention_backward<const H: usize>(
    h: &[f64; H],
    hs: &[[f64; H]],
    a: &[f64],
    dc: &[f64; H],
    dh: &mut [f64; H],
    dhs: &mut [[f64; H]],
) {
    let mut da = vec![0.0; a.len()];
    let mut of_sum = vec![[0.0; H]; a.len()];
    weighted_sum_backward(a, hs, dc, &mut da, &mut of_sum);
    attention_weights_backward(h, hs, a, &da, dh, dhs);
    for t in 0..a.len() {
        for i in 0..H {
            dhs[t][i] += of_sum[t][i];
        }
    }
}

/// One attention for each of the U queries `hs_dec[u]` over the same keys.
pub fn cross_attention<const T: usize, const H: usize>(
    hs_dec: &[[f64; H]],
    hs_enc: &[[f64; H]],
    a: &mut [[f64; T]],
    c: &mut [[f64; H]],
) {
    for u in 0..hs_dec.len() {
        attention(&hs_dec[u], hs_enc, &mut a[u], &mut c[u]);
    }
}

/// `dhs_enc` is the sum over the queries.
pub fn cross_attention_backward<const T: usize, const H: usize>(
    hs_dec: &[[f64; H]],
    hs_enc: &[[f64; H]],
    a: &[[f64; T]],
    dc: &[[f64; H]],
    dhs_dec: &mut [[f64; H]],
    dhs_enc: &mut [[f64; H]],
) {
    dhs_enc.fill([0.0; H]);
    let mut dhs = vec![[0.0; H]; hs_enc.len()];
    for u in 0..hs_dec.len() {
        attention_backward(&hs_dec[u], hs_enc, &a[u], &dc[u], &mut dhs_dec[u], &mut dhs);
        for t in 0..hs_enc.len() {
            for i in 0..H {
                dhs_enc[t][i] += dhs[t][i];
            }
        }
    }
}
