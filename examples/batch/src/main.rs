//! Spreads a batch over the cores: the caller splits N, and each part is a call of its own.
//!
//! A batch row does not know of the others, so the result is that of one call, bit for bit, on any
//! number of cores.

use microattention::{attention, attention_backward};
use rayon::prelude::*;
use std::time::Instant;

/// Batch rows, and those of one part: enough work that handing it out does not count.
const N: usize = 512;
const PART: usize = 8;
const T: usize = 64;
const H: usize = 64;

struct Inputs {
    h: Vec<[f32; H]>,
    hs: Vec<[[f32; H]; T]>,
    dc: Vec<[f32; H]>,
}

#[derive(Clone, Debug, PartialEq)]
struct Results {
    a: Vec<[f32; T]>,
    c: Vec<[f32; H]>,
    dh: Vec<[f32; H]>,
    dhs: Vec<[[f32; H]; T]>,
}

impl Results {
    fn new() -> Self {
        Self {
            a: vec![[0.0; T]; N],
            c: vec![[0.0; H]; N],
            dh: vec![[0.0; H]; N],
            dhs: vec![[[0.0; H]; T]; N],
        }
    }
}

/// A pass forward and one backward, all parts on one core.
fn serial(x: &Inputs, y: &mut Results) {
    attention(
        rows(&x.h),
        rows(&x.hs),
        rows_mut(&mut y.a),
        rows_mut(&mut y.c),
    );
    attention_backward::<f32, N, T, H>(
        rows(&x.h),
        rows(&x.hs),
        rows(&y.a),
        rows(&x.dc),
        rows_mut(&mut y.dh),
        rows_mut(&mut y.dhs),
    );
}

/// The same, the parts on all cores.
fn parallel(x: &Inputs, y: &mut Results) {
    let inputs = (parts(&x.h), parts(&x.hs), parts(&x.dc));
    let results = (
        parts_mut(&mut y.a),
        parts_mut(&mut y.c),
        parts_mut(&mut y.dh),
        parts_mut(&mut y.dhs),
    );
    (inputs, results)
        .into_par_iter()
        .for_each(|((h, hs, dc), (a, c, dh, dhs))| {
            attention(h, hs, a, c);
            attention_backward(h, hs, a, dc, dh, dhs);
        });
}

fn parts<X>(x: &[X]) -> &[[X; PART]] {
    let (parts, rest) = x.as_chunks();
    assert!(rest.is_empty(), "PART divides N");
    parts
}

fn parts_mut<X>(x: &mut [X]) -> &mut [[X; PART]] {
    let (parts, rest) = x.as_chunks_mut();
    assert!(rest.is_empty(), "PART divides N");
    parts
}

fn rows<X>(x: &[X]) -> &[X; N] {
    x.try_into().expect("N rows")
}

fn rows_mut<X>(x: &mut [X]) -> &mut [X; N] {
    x.try_into().expect("N rows")
}

fn inputs() -> Inputs {
    let mut state = 1_u32;
    let mut number = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from((state >> 16) as u16) / 32_768.0 - 1.0
    };
    let mut row = || std::array::from_fn(|_| number());
    let h = (0..N).map(|_| row()).collect();
    let dc = (0..N).map(|_| row()).collect();
    let hs = (0..N).map(|_| std::array::from_fn(|_| row())).collect();
    Inputs { h, hs, dc }
}

/// Seconds of the fastest of several runs.
fn fastest(mut run: impl FnMut()) -> f64 {
    let seconds = |_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    };
    (0..20).map(seconds).fold(f64::INFINITY, f64::min)
}

fn main() {
    let x = inputs();
    let (mut one, mut all) = (Results::new(), Results::new());
    let alone = fastest(|| serial(&x, &mut one));
    let spread = fastest(|| parallel(&x, &mut all));
    assert_eq!(one, all, "a batch row depends on no other");
    println!(
        "{N} batch rows, {T} keys of {H} features, forward and backward: on {} threads {:.2} times as fast \
         as on one, and the same bits",
        rayon::current_num_threads(),
        alone / spread
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the number of threads.
    #[test]
    fn the_bits_are_those_of_one_call() {
        let x = inputs();
        let mut one = Results::new();
        serial(&x, &mut one);
        for threads in [1, 2, 3, 7] {
            let mut spread = Results::new();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads can be made")
                .install(|| parallel(&x, &mut spread));
            let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(one.a.as_flattened()), bits(spread.a.as_flattened()));
            assert_eq!(bits(one.c.as_flattened()), bits(spread.c.as_flattened()));
            assert_eq!(bits(one.dh.as_flattened()), bits(spread.dh.as_flattened()));
            let of_keys = |y: &Results| bits(y.dhs.as_flattened().as_flattened());
            assert_eq!(of_keys(&one), of_keys(&spread));
        }
    }
}
