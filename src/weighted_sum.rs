//! The weighted sum of value rows, forward and backward.

use core::hint::black_box;
use core::{array, slice};

use crate::Float;
use crate::attend::Attend;
use crate::gradient::{Gradient, put_row};
use crate::lanes::{IN_REGISTERS, VECTOR, dot};
use crate::rule::{Attends, Keys, Rule, part};

/// The sum of the rows of `hs`, each times its weight: the context vectors.
///
/// ```text
/// c[n,h] = Σ_t a[n,t]·hs[n,t,h]
/// ```
///
/// The sum runs in the order of `t`. With weights of 1 and 0 it copies the row of the 1 exactly.
///
/// # Special values
///
/// A row is read even where its weight is 0, so 0·∞ and 0·NaN make the context NaN. For `T = 0` the
/// context is `+0.0`.
///
/// # Accuracy
///
/// `|error| ≤ T·u·Σ_t |a[n,t]·hs[n,t,h]|` to first order, `u` the unit roundoff: 2⁻²⁴ for `f32`,
/// 2⁻⁵³ for `f64`.
///
/// # Example
///
/// ```
/// use microattention::weighted_sum;
///
/// let a = [[0.25_f32, 0.75]];
/// let hs = [[[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]]];
/// let mut c = [[0.0; 3]];
/// weighted_sum(&a, &hs, &mut c);
/// assert_eq!(c, [[4.0, 5.0, 6.0]]);
/// ```
#[doc(alias = "WeightSum")]
#[doc(alias = "context")]
#[doc(alias = "bmm")]
#[doc(alias = "einsum")]
#[doc(alias = "matmul")]
pub fn weighted_sum<F: Float, const N: usize, const T: usize, const H: usize>(
    a: &[[F; T]; N],
    hs: &[[[F; H]; T]; N],
    c: &mut [[F; H]; N],
) {
    Attend::new().weighted_sum(a, hs, c);
}

/// The gradients of [`weighted_sum`].
///
/// ```text
/// da[n,t]    = Σ_h dc[n,h]·hs[n,t,h]
/// dhs[n,t,h] = a[n,t]·dc[n,h]
/// ```
///
/// Each gradient goes where its [`Gradient`] argument says: `&mut`, [`Accumulate`](crate::Accumulate)
/// or [`Skip`](crate::Skip).
///
/// # Special values
///
/// NaN and ∞ follow the arithmetic of the equations. For `H = 0`, `da` is `+0.0`.
///
/// # Accuracy
///
/// `da`: `|error| ≤ (⌈H/8⌉ + 3)·u·Σ_h |dc[n,h]·hs[n,t,h]|` to first order. `dhs` is rounded once.
///
/// # Example
///
/// ```
/// use microattention::weighted_sum_backward;
///
/// let a = [[0.25_f32, 0.75]];
/// let hs = [[[1.0, 2.0], [3.0, 4.0]]];
/// let dc = [[1.0, 10.0]];
/// let (mut da, mut dhs) = ([[0.0; 2]], [[[0.0; 2]; 2]]);
/// weighted_sum_backward(&a, &hs, &dc, &mut da, &mut dhs);
/// assert_eq!(da, [[21.0, 43.0]]);
/// assert_eq!(dhs, [[[0.25, 2.5], [0.75, 7.5]]]);
/// ```
pub fn weighted_sum_backward<F: Float, const N: usize, const T: usize, const H: usize>(
    a: &[[F; T]; N],
    hs: &[[[F; H]; T]; N],
    dc: &[[F; H]; N],
    da: impl Gradient<[[F; T]; N]>,
    dhs: impl Gradient<[[[F; H]; T]; N]>,
) {
    Attend::new().weighted_sum_backward(a, hs, dc, da, dhs);
}

impl<R, B> Attend<R, B> {
    /// [`weighted_sum`] over the keys that are attended; `+0.0` where there is none.
    ///
    /// Weights and rows of other keys are not read.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let mut c = [[0.0_f32]];
    /// let att = Attend::new().lengths(&[1]);
    /// att.weighted_sum(&[[0.5, 0.5]], &[[[4.0], [f32::NAN]]], &mut c);
    /// assert_eq!(c, [[2.0]]);
    /// ```
    pub fn weighted_sum<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        a: &[[F; T]; N],
        hs: &[[[F; H]; T]; N],
        c: &mut [[F; H]; N],
    ) where
        R: Rule<F, N, 1, T>,
        B: Rule<F, N, 1, T>,
    {
        for (n, ((a, hs), c)) in a.iter().zip(hs).zip(c).enumerate() {
            weighted_sum_row(self.keys::<F, N, 1, T>(n, 0), a, hs, c);
        }
    }

    /// The gradients of [`weighted_sum`](Self::weighted_sum): zero for keys that are not attended.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::{Attend, Skip};
    ///
    /// let (a, hs, mut da) = ([[0.5_f32, 0.5]], [[[4.0], [f32::NAN]]], [[0.0; 2]]);
    /// Attend::new().lengths(&[1]).weighted_sum_backward(&a, &hs, &[[3.0]], &mut da, Skip);
    /// assert_eq!(da, [[12.0, 0.0]]);
    /// ```
    pub fn weighted_sum_backward<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        a: &[[F; T]; N],
        hs: &[[[F; H]; T]; N],
        dc: &[[F; H]; N],
        mut da: impl Gradient<[[F; T]; N]>,
        mut dhs: impl Gradient<[[[F; H]; T]; N]>,
    ) where
        R: Rule<F, N, 1, T>,
        B: Rule<F, N, 1, T>,
    {
        let batch = a.iter().zip(hs).zip(dc);
        let gradients = da.rows(|da| da).zip(dhs.rows(|dhs| dhs));
        for (n, (((a, hs), dc), (da, dhs))) in batch.zip(gradients).enumerate() {
            weighted_sum_backward_row(self.keys::<F, N, 1, T>(n, 0), a, hs, dc, da, dhs);
        }
    }
}

/// `c[h] = Σ_t a[t]·hs[t,h]` over the attended keys, in the order of `t`.
#[inline(always)]
pub(crate) fn weighted_sum_row<F: Float, const T: usize, const H: usize>(
    keys: impl Keys<F>,
    a: &[F; T],
    hs: &[[F; H]; T],
    c: &mut [F; H],
) {
    let (range, attends) = part(keys, T);
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

/// One row at a time into sums that stay in vector registers; where these are too many, four rows at a
/// time into the whole of `c`.
#[inline(always)]
fn weighted_sum_by_rows<F: Float, const H: usize>(
    attends: impl Attends,
    a: &[F],
    hs: &[[F; H]],
    c: &mut [F; H],
) {
    if H <= IN_REGISTERS {
        // With an odd width and a known length, LLVM would unroll both loops into scalar code.
        let hs = if H > 8 && !H.is_multiple_of(4) {
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
    let (c8, c_tail) = c.as_chunks_mut::<8>();
    for (j, c) in c8.iter_mut().enumerate() {
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
        *c = [z0, z1, z2, z3, z4, z5, z6, z7];
    }
    for (j, c) in c_tail.iter_mut().enumerate() {
        let mut z = F::NEG_ZERO;
        for (t, (&a, x)) in a.iter().zip(hs).enumerate() {
            let Some(&x) = x.as_chunks::<8>().1.get(j) else {
                break;
            };
            if attends.key(t) {
                z += a * x;
            }
        }
        *c = z;
    }
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
    let (range, attends) = part(keys, T);
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
