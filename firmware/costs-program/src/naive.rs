//! The functions as one writes them first: index loops, one sum for each output, `libm::expf`.
#![allow(clippy::needless_range_loop, reason = "that is what is compared")]

type Sequences<const N: usize, const L: usize, const H: usize> = [[[f32; H]; L]; N];

pub fn weighted_sum<const N: usize, const T: usize, const H: usize>(
    a: &[[f32; T]; N],
    hs: &Sequences<N, T, H>,
    c: &mut [[f32; H]; N],
) {
    for n in 0..N {
        for h in 0..H {
            let mut sum = 0.0;
            for t in 0..T {
                sum += a[n][t] * hs[n][t][h];
            }
            c[n][h] = sum;
        }
    }
}

pub fn weighted_sum_backward<const N: usize, const T: usize, const H: usize>(
    a: &[[f32; T]; N],
    hs: &Sequences<N, T, H>,
    dc: &[[f32; H]; N],
    da: &mut [[f32; T]; N],
    dhs: &mut Sequences<N, T, H>,
) {
    for n in 0..N {
        for t in 0..T {
            let mut sum = 0.0;
            for h in 0..H {
                sum += dc[n][h] * hs[n][t][h];
                dhs[n][t][h] = a[n][t] * dc[n][h];
            }
            da[n][t] = sum;
        }
    }
}

pub fn dot_scores<const N: usize, const T: usize, const H: usize>(
    h: &[[f32; H]; N],
    hs: &Sequences<N, T, H>,
    s: &mut [[f32; T]; N],
) {
    for n in 0..N {
        for t in 0..T {
            let mut sum = 0.0;
            for i in 0..H {
                sum += hs[n][t][i] * h[n][i];
            }
            s[n][t] = sum;
        }
    }
}

pub fn dot_scores_backward<const N: usize, const T: usize, const H: usize>(
    h: &[[f32; H]; N],
    hs: &Sequences<N, T, H>,
    ds: &[[f32; T]; N],
    dh: &mut [[f32; H]; N],
    dhs: &mut Sequences<N, T, H>,
) {
    for n in 0..N {
        for i in 0..H {
            let mut sum = 0.0;
            for t in 0..T {
                sum += ds[n][t] * hs[n][t][i];
                dhs[n][t][i] = ds[n][t] * h[n][i];
            }
            dh[n][i] = sum;
        }
    }
}

pub fn softmax<const N: usize, const T: usize>(x: &mut [[f32; T]; N]) {
    for n in 0..N {
        let mut max = f32::NEG_INFINITY;
        for t in 0..T {
            if x[n][t] > max {
                max = x[n][t];
            }
        }
        let mut sum = 0.0;
        for t in 0..T {
            x[n][t] = libm::expf(x[n][t] - max);
            sum += x[n][t];
        }
        for t in 0..T {
            x[n][t] /= sum;
        }
    }
}

pub fn softmax_backward<const N: usize, const T: usize>(a: &[[f32; T]; N], d: &mut [[f32; T]; N]) {
    for n in 0..N {
        let mut sum = 0.0;
        for t in 0..T {
            sum += a[n][t] * d[n][t];
        }
        for t in 0..T {
            d[n][t] = a[n][t] * (d[n][t] - sum);
        }
    }
}

pub fn attention_weights<const N: usize, const T: usize, const H: usize>(
    h: &[[f32; H]; N],
    hs: &Sequences<N, T, H>,
    a: &mut [[f32; T]; N],
) {
    dot_scores(h, hs, a);
    softmax(a);
}

pub fn attention_weights_backward<const N: usize, const T: usize, const H: usize>(
    h: &[[f32; H]; N],
    hs: &Sequences<N, T, H>,
    a: &[[f32; T]; N],
    da: &[[f32; T]; N],
    dh: &mut [[f32; H]; N],
    dhs: &mut Sequences<N, T, H>,
) {
    let mut ds = *da;
    softmax_backward(a, &mut ds);
    dot_scores_backward(h, hs, &ds, dh, dhs);
}

pub fn attention<const N: usize, const T: usize, const H: usize>(
    h: &[[f32; H]; N],
    hs: &Sequences<N, T, H>,
    a: &mut [[f32; T]; N],
    c: &mut [[f32; H]; N],
) {
    attention_weights(h, hs, a);
    weighted_sum(a, hs, c);
}

pub fn attention_backward<const N: usize, const T: usize, const H: usize>(
    h: &[[f32; H]; N],
    hs: &Sequences<N, T, H>,
    a: &[[f32; T]; N],
    dc: &[[f32; H]; N],
    dh: &mut [[f32; H]; N],
    dhs: &mut Sequences<N, T, H>,
) {
    let mut ds = [[0.0; T]; N];
    weighted_sum_backward(a, hs, dc, &mut ds, dhs);
    softmax_backward(a, &mut ds);
    for n in 0..N {
        for i in 0..H {
            let mut sum = 0.0;
            for t in 0..T {
                sum += ds[n][t] * hs[n][t][i];
                dhs[n][t][i] += ds[n][t] * h[n][i];
            }
            dh[n][i] = sum;
        }
    }
}

pub fn cross_attention<const N: usize, const U: usize, const T: usize, const H: usize>(
    hs_dec: &Sequences<N, U, H>,
    hs_enc: &Sequences<N, T, H>,
    a: &mut Sequences<N, U, T>,
    c: &mut Sequences<N, U, H>,
) {
    for n in 0..N {
        for u in 0..U {
            for t in 0..T {
                let mut sum = 0.0;
                for h in 0..H {
                    sum += hs_enc[n][t][h] * hs_dec[n][u][h];
                }
                a[n][u][t] = sum;
            }
        }
        softmax(&mut a[n]);
        for u in 0..U {
            for h in 0..H {
                let mut sum = 0.0;
                for t in 0..T {
                    sum += a[n][u][t] * hs_enc[n][t][h];
                }
                c[n][u][h] = sum;
            }
        }
    }
}

pub fn cross_attention_backward<const N: usize, const U: usize, const T: usize, const H: usize>(
    hs_dec: &Sequences<N, U, H>,
    hs_enc: &Sequences<N, T, H>,
    a: &Sequences<N, U, T>,
    dc: &Sequences<N, U, H>,
    dhs_dec: &mut Sequences<N, U, H>,
    dhs_enc: &mut Sequences<N, T, H>,
) {
    *dhs_enc = [[[0.0; H]; T]; N];
    for n in 0..N {
        for u in 0..U {
            let mut ds = [[0.0; T]];
            for t in 0..T {
                for h in 0..H {
                    ds[0][t] += dc[n][u][h] * hs_enc[n][t][h];
                    dhs_enc[n][t][h] += a[n][u][t] * dc[n][u][h];
                }
            }
            softmax_backward(&[a[n][u]], &mut ds);
            for h in 0..H {
                let mut sum = 0.0;
                for t in 0..T {
                    sum += ds[0][t] * hs_enc[n][t][h];
                    dhs_enc[n][t][h] += ds[0][t] * hs_dec[n][u][h];
                }
                dhs_dec[n][u][h] = sum;
            }
        }
    }
}
