//! The inputs of all functions at one shape, and what they write.

use std::ops::{Deref, DerefMut};
use std::slice::{from_mut, from_ref};

use bytemuck::{Pod, Zeroable};

use crate::contender::{Contender, Reference};

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
    pub loss: Aligned<[f32; 1]>,
}

impl<const N: usize, const U: usize, const T: usize, const H: usize> Problem<N, U, T, H> {
    pub fn random() -> Self {
        let mut state = 1;
        let number = &mut || random(&mut state);
        let mut problem = Self {
            h: filled(number),
            hs: filled(number),
            v: filled(number),
            scores: filled(number),
            dc: filled(number),
            da: filled(number),
            hs_dec: filled(number),
            dc_dec: filled(number),
            a: filled(&mut || 0.0),
            a_dec: filled(&mut || 0.0),
            log_a: filled(&mut || 0.0),
            labels: std::array::from_fn(|n| (T > 0).then(|| (7 * n + 3) % T)),
        };
        let p = &mut problem;
        for n in 0..N {
            Reference::attention_weights(&p.h[n], &p.hs[n], &mut p.a[n]);
            for u in 0..U {
                Reference::attention_weights(&p.hs_dec[n][u], &p.hs[n], &mut p.a_dec[n][u]);
            }
            p.log_a[n] = p.scores[n];
            <Reference as Contender<T, H>>::log_softmax(&mut p.log_a[n]);
        }
        problem
    }
}

impl<const N: usize, const U: usize, const T: usize, const H: usize> Results<N, U, T, H> {
    /// Which the check finds where a function leaves out an element.
    pub fn nan() -> Self {
        let nan = &mut || f32::NAN;
        Self {
            t: filled(nan),
            a: filled(nan),
            c: filled(nan),
            dh: filled(nan),
            dhs: filled(nan),
            dv: filled(nan),
            a_dec: filled(nan),
            c_dec: filled(nan),
            dhs_dec: filled(nan),
            loss: filled(nan),
        }
    }
}

/// Marsaglia's xorshift of 32 bits: uniform in −1 to 1.
pub fn random(state: &mut u32) -> f32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    (*state >> 8) as f32 / 8_388_608.0 - 1.0
}

pub fn filled<A: Pod>(number: &mut impl FnMut() -> f32) -> Aligned<A> {
    let mut array: Aligned<A> = Aligned(bytemuck::zeroed_box());
    array.flat_mut().fill_with(number);
    array
}

/// An array on the heap from the start (the larger shapes do not fit on a stack), and at the start of a cache
/// line, so that none is read faster than another for where it lies.
#[derive(Clone)]
pub struct Aligned<A>(Box<CacheLines<A>>);

#[derive(Clone, Copy, Zeroable)]
#[repr(C, align(64))]
struct CacheLines<A>(A);

impl<A: Pod> Aligned<A> {
    /// All elements.
    pub fn flat(&self) -> &[f32] {
        bytemuck::cast_slice(from_ref(&self.0.0))
    }

    pub fn flat_mut(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(from_mut(&mut self.0.0))
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
