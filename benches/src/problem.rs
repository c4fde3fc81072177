//! The inputs of all functions at one shape, and what they write.

use std::ops::{Deref, DerefMut};

use bytemuck::Zeroable;

use crate::reference;

/// Inputs, the same for every contender.
pub struct Problem<const N: usize, const U: usize, const T: usize, const H: usize> {
    pub h: Aligned<[[f32; H]; N]>,
    pub hs: Aligned<[[[f32; H]; T]; N]>,
    /// The values, where they are not the keys.
    pub v: Aligned<[[[f32; H]; T]; N]>,
    pub hs_dec: Aligned<[[[f32; H]; U]; N]>,
    pub scores: Aligned<[[f32; T]; N]>,
    pub labels: [Option<usize>; N],
    /// Weights: the softmax of the scores of `h` over `hs`, and of `hs_dec` over `hs`.
    pub a: Aligned<[[f32; T]; N]>,
    pub a_dec: Aligned<[[[f32; T]; U]; N]>,
    pub log_a: Aligned<[[f32; T]; N]>,
    pub dc: Aligned<[[f32; H]; N]>,
    pub dc_dec: Aligned<[[[f32; H]; U]; N]>,
    pub da: Aligned<[[f32; T]; N]>,
}

/// Results. A function writes some of them.
pub struct Results<const N: usize, const U: usize, const T: usize, const H: usize> {
    /// Scores, weights, or the gradient of either.
    pub t: Aligned<[[f32; T]; N]>,
    pub a: Aligned<[[f32; T]; N]>,
    pub c: Aligned<[[f32; H]; N]>,
    pub dh: Aligned<[[f32; H]; N]>,
    pub dhs: Aligned<[[[f32; H]; T]; N]>,
    pub dv: Aligned<[[[f32; H]; T]; N]>,
    pub a_dec: Aligned<[[[f32; T]; U]; N]>,
    pub c_dec: Aligned<[[[f32; H]; U]; N]>,
    pub dhs_dec: Aligned<[[[f32; H]; U]; N]>,
    pub loss: [f32; 1],
}

impl<const N: usize, const U: usize, const T: usize, const H: usize> Problem<N, U, T, H> {
    pub fn new() -> Self {
        let mut random = Random(1);
        let (h, hs, v) = (random.rows(), random.blocks(), random.blocks());
        let (scores, dc, da) = (random.rows(), random.rows(), random.rows());
        let (hs_dec, dc_dec) = (random.blocks(), random.blocks());
        let a = weights(&std::array::from_fn::<_, N, _>(|n| [h[n]]), &hs);
        let mut problem = Self {
            a: boxed_rows(|n, t| a[n][0][t]),
            a_dec: weights(&hs_dec, &hs),
            log_a: boxed_rows(|_, _| 0.0),
            labels: std::array::from_fn(|n| (T > 0).then(|| (7 * n + 3) % T)),
            h,
            hs,
            v,
            hs_dec,
            scores,
            dc,
            dc_dec,
            da,
        };
        for (log_a, scores) in problem.log_a.iter_mut().zip(&*problem.scores) {
            let y = reference::log_softmax(&scores.map(f64::from));
            *log_a = std::array::from_fn(|t| narrow(y[t]));
        }
        problem
    }
}

impl<const N: usize, const U: usize, const T: usize, const H: usize> Default
    for Problem<N, U, T, H>
{
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, const U: usize, const T: usize, const H: usize> Results<N, U, T, H> {
    /// NaN throughout, which the check finds where a function leaves out an element.
    pub fn new() -> Self {
        let nan = f32::NAN;
        Self {
            t: boxed_rows(|_, _| nan),
            a: boxed_rows(|_, _| nan),
            c: boxed_rows(|_, _| nan),
            dh: boxed_rows(|_, _| nan),
            dhs: boxed_blocks(|_, _, _| nan),
            dv: boxed_blocks(|_, _, _| nan),
            a_dec: boxed_blocks(|_, _, _| nan),
            c_dec: boxed_blocks(|_, _, _| nan),
            dhs_dec: boxed_blocks(|_, _, _| nan),
            loss: [nan],
        }
    }
}

impl<const N: usize, const U: usize, const T: usize, const H: usize> Default
    for Results<N, U, T, H>
{
    fn default() -> Self {
        Self::new()
    }
}

/// The weights of the queries `q` over the keys `k`.
fn weights<const N: usize, const U: usize, const T: usize, const H: usize>(
    q: &[[[f32; H]; U]; N],
    k: &[[[f32; H]; T]; N],
) -> Aligned<[[[f32; T]; U]; N]> {
    let mut all = boxed_blocks(|_, _, _| 0.0);
    for ((q, k), all) in q.iter().zip(k).zip(all.iter_mut()) {
        let k: Vec<[f64; H]> = k.iter().map(|x| x.map(f64::from)).collect();
        for (q, row) in q.iter().zip(all) {
            let mut a = vec![0.0; T];
            reference::naive::attention_weights(&q.map(f64::from), &k, &mut a);
            *row = std::array::from_fn(|t| narrow(a[t]));
        }
    }
    all
}

#[expect(clippy::cast_possible_truncation, reason = "rounding is meant")]
fn narrow(x: f64) -> f32 {
    x as f32
}

/// An array on the heap from the start (the larger shapes do not fit on a stack), and at the start of a cache
/// line, so that none is read faster than another for where it lies.
pub struct Aligned<A>(Box<CacheLines<A>>);

#[derive(Clone, Copy, Zeroable)]
#[repr(C, align(64))]
struct CacheLines<A>(A);

impl<A: Zeroable> Aligned<A> {
    fn zeroed() -> Self {
        Self(bytemuck::zeroed_box())
    }
}

impl<A> Deref for Aligned<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.0.0
    }
}

impl<A> DerefMut for Aligned<A> {
    fn deref_mut(&mut self) -> &mut A {
        &mut self.0.0
    }
}

fn boxed_rows<const R: usize, const L: usize>(
    mut element: impl FnMut(usize, usize) -> f32,
) -> Aligned<[[f32; L]; R]> {
    let mut rows = Aligned::<[[f32; L]; R]>::zeroed();
    for (r, row) in rows.iter_mut().enumerate() {
        *row = std::array::from_fn(|l| element(r, l));
    }
    rows
}

pub fn boxed_blocks<const B: usize, const R: usize, const L: usize>(
    mut element: impl FnMut(usize, usize, usize) -> f32,
) -> Aligned<[[[f32; L]; R]; B]> {
    let mut blocks = Aligned::<[[[f32; L]; R]; B]>::zeroed();
    for (b, rows) in blocks.iter_mut().enumerate() {
        for (r, row) in rows.iter_mut().enumerate() {
            *row = std::array::from_fn(|l| element(b, r, l));
        }
    }
    blocks
}

/// Marsaglia's xorshift of 32 bits.
struct Random(u32);

impl Random {
    /// Uniform in −1 to 1.
    fn number(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 8) as f32 / 8_388_608.0 - 1.0
    }

    fn rows<const R: usize, const L: usize>(&mut self) -> Aligned<[[f32; L]; R]> {
        boxed_rows(|_, _| self.number())
    }

    fn blocks<const B: usize, const R: usize, const L: usize>(
        &mut self,
    ) -> Aligned<[[[f32; L]; R]; B]> {
        boxed_blocks(|_, _, _| self.number())
    }
}
