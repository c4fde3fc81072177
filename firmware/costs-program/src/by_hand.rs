//! Backward passes for one gradient alone, written by hand with the loops of the crate: a dot product
//! in eight named lanes, columns in blocks of eight named sums, rows four elements at a time. With
//! [`Skip`](microattention::Skip) for the other gradient, the crate should cost no more.
//!
//! `T` and `H` are multiples of eight here, so that no loop over a rest is needed.

type Sequences<const N: usize, const L: usize, const H: usize> = [[[f32; H]; L]; N];

/// `da[n,t] = Σ_h dc[n,h]·hs[n,t,h]`
pub fn weights_gradient<const N: usize, const T: usize, const H: usize>(
    hs: &Sequences<N, T, H>,
    dc: &[[f32; H]; N],
    da: &mut [[f32; T]; N],
) {
    for ((hs, dc), da) in hs.iter().zip(dc).zip(da) {
        dots(hs, dc, da);
    }
}

/// `dx[n,t,h] = g[n,t]·y[n,h]`
pub fn outer_product<const N: usize, const T: usize, const H: usize>(
    g: &[[f32; T]; N],
    y: &[[f32; H]; N],
    dx: &mut Sequences<N, T, H>,
) {
    for ((g, y), dx) in g.iter().zip(y).zip(dx) {
        for (g, dx) in g.iter().zip(dx) {
            for (y, dx) in fours(y).iter().zip(dx.as_chunks_mut::<4>().0) {
                *dx = [g * y[0], g * y[1], g * y[2], g * y[3]];
            }
        }
    }
}

/// `dh[n,h] = Σ_t ds[n,t]·hs[n,t,h]`
pub fn query_gradient<const N: usize, const T: usize, const H: usize>(
    hs: &Sequences<N, T, H>,
    ds: &[[f32; T]; N],
    dh: &mut [[f32; H]; N],
) {
    for ((hs, ds), dh) in hs.iter().zip(ds).zip(dh) {
        weighted_rows(ds, hs, dh);
    }
}

/// `dh` of attention: `da`, then `ds`, then `Σ_t ds[t]·hs[t,h]`.
pub fn attention_query<const N: usize, const T: usize, const H: usize>(
    hs: &Sequences<N, T, H>,
    a: &[[f32; T]; N],
    dc: &[[f32; H]; N],
    dh: &mut [[f32; H]; N],
) {
    for (((hs, a), dc), dh) in hs.iter().zip(a).zip(dc).zip(dh) {
        let mut ds = [0.0; T];
        dots(hs, dc, &mut ds);
        score_gradients(a, &mut ds);
        weighted_rows(&ds, hs, dh);
    }
}

/// `dhs` of attention: `da`, then `ds`, then `a[t]·dc[h] + ds[t]·h[h]`.
pub fn attention_keys<const N: usize, const T: usize, const H: usize>(
    h: &[[f32; H]; N],
    hs: &Sequences<N, T, H>,
    a: &[[f32; T]; N],
    dc: &[[f32; H]; N],
    dhs: &mut Sequences<N, T, H>,
) {
    for ((((h, hs), a), dc), dhs) in h.iter().zip(hs).zip(a).zip(dc).zip(dhs) {
        let mut ds = [0.0; T];
        dots(hs, dc, &mut ds);
        score_gradients(a, &mut ds);
        for ((a, g), dx) in a.iter().zip(&ds).zip(dhs) {
            let rows = fours(dc)
                .iter()
                .zip(fours(h))
                .zip(dx.as_chunks_mut::<4>().0);
            for ((dc, h), dx) in rows {
                *dx = [
                    a * dc[0] + g * h[0],
                    a * dc[1] + g * h[1],
                    a * dc[2] + g * h[2],
                    a * dc[3] + g * h[3],
                ];
            }
        }
    }
}

#[inline(always)]
fn dots<const T: usize, const H: usize>(hs: &[[f32; H]; T], y: &[f32; H], s: &mut [f32; T]) {
    for (x, s) in hs.iter().zip(s) {
        *s = dot(y, x);
    }
}

/// `ds[t] ← a[t]·(ds[t] − Σ_t a[t]·ds[t])`
#[inline(always)]
fn score_gradients<const T: usize>(a: &[f32; T], ds: &mut [f32; T]) {
    let mean = dot(a, ds);
    for (a, ds) in a.iter().zip(ds) {
        *ds = a * (*ds - mean);
    }
}

#[inline(always)]
fn dot<const L: usize>(x: &[f32; L], y: &[f32; L]) -> f32 {
    const { assert!(L.is_multiple_of(8)) };
    let z = -0.0;
    let (mut l0, mut l1, mut l2, mut l3) = (z, z, z, z);
    let (mut l4, mut l5, mut l6, mut l7) = (z, z, z, z);
    for (x, y) in x.as_chunks::<8>().0.iter().zip(y.as_chunks::<8>().0) {
        l0 += x[0] * y[0];
        l1 += x[1] * y[1];
        l2 += x[2] * y[2];
        l3 += x[3] * y[3];
        l4 += x[4] * y[4];
        l5 += x[5] * y[5];
        l6 += x[6] * y[6];
        l7 += x[7] * y[7];
    }
    ((l0 + l4) + (l2 + l6)) + ((l1 + l5) + (l3 + l7))
}

/// `z[h] = Σ_t g[t]·hs[t,h]`
#[inline(always)]
fn weighted_rows<const T: usize, const H: usize>(
    g: &[f32; T],
    hs: &[[f32; H]; T],
    z: &mut [f32; H],
) {
    const { assert!(H.is_multiple_of(8)) };
    for (j, z) in z.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let start = -0.0;
        let (mut z0, mut z1, mut z2, mut z3) = (start, start, start, start);
        let (mut z4, mut z5, mut z6, mut z7) = (start, start, start, start);
        for (g, x) in g.iter().zip(hs) {
            let x = &x.as_chunks::<8>().0[j];
            z0 += g * x[0];
            z1 += g * x[1];
            z2 += g * x[2];
            z3 += g * x[3];
            z4 += g * x[4];
            z5 += g * x[5];
            z6 += g * x[6];
            z7 += g * x[7];
        }
        *z = [z0, z1, z2, z3, z4, z5, z6, z7];
    }
}

#[inline(always)]
fn fours<const H: usize>(x: &[f32; H]) -> &[[f32; 4]] {
    const { assert!(H.is_multiple_of(4)) };
    x.as_chunks::<4>().0
}
