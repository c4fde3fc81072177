//! `softmax`, `log_softmax` and their backward passes.

use microattention::{log_softmax, log_softmax_backward, softmax, softmax_backward};

use crate::ball::{Ball, In, ONE, ZERO};
use crate::choose;
use crate::element::{Element, assert_same_bits};
use crate::order;
use crate::values::Source;

pub fn check(bytes: &[u8]) {
    let (shape, case) = choose(bytes, 20);
    let source = &mut case.source();
    match shape {
        0 => rows::<f32, 2, 0>(source),
        1 => rows::<f32, 3, 1>(source),
        2 => rows::<f32, 3, 2>(source),
        3 | 4 => rows::<f32, 2, 3>(source),
        5 => rows::<f32, 1, 7>(source),
        6 => rows::<f32, 2, 8>(source),
        7 | 8 => rows::<f32, 2, 9>(source),
        9 => rows::<f32, 2, 16>(source),
        10 => rows::<f32, 1, 29>(source),
        11 => rows::<f32, 1, 67>(source),
        12 => rows::<f32, 1, 150>(source),
        13 => rows::<f64, 3, 1>(source),
        14 => rows::<f64, 3, 2>(source),
        15 => rows::<f64, 2, 5>(source),
        16 => rows::<f64, 2, 9>(source),
        17 => rows::<f64, 1, 17>(source),
        18 => rows::<f64, 1, 75>(source),
        _ => rows::<f32, 0, 3>(source),
    }
}

fn balls<F: Element>(x: &[F]) -> Vec<Option<Ball>> {
    x.iter().map(|x| Some(In::exact(*x))).collect()
}

fn rows<F: Element, const N: usize, const T: usize>(source: &mut Source) {
    let x = *source.array::<[F; T], N>();
    let d = *source.array::<[F; T], N>();
    let a = forward(x);
    backward(&a, d);
    if source.flag() {
        backward(&source.array(), d);
    }
    let y = log_forward(x);
    log_backward(&y, d);
}

fn forward<F: Element, const N: usize, const T: usize>(x: [[F; T]; N]) -> [[F; T]; N] {
    let mut a = x;
    softmax(&mut a);
    for (x, a) in x.iter().zip(&a) {
        In::check_all(a, &In::<F>::softmax(&balls(x)), "softmax");

        let mut by_order = *x;
        order::softmax(&mut by_order);
        assert_same_bits(a, &by_order, "softmax against the order");

        let mut alone = [*x];
        softmax(&mut alone);
        assert_same_bits(&alone[0], a, "a row alone");

        if a.iter().any(|a| a.wide().is_nan()) {
            continue;
        }
        let mut by_score: Vec<usize> = (0..T).collect();
        by_score.sort_by(|s, t| x[*s].wide().total_cmp(&x[*t].wide()));
        for pair in by_score.windows(2) {
            let (s, t) = (pair[0], pair[1]);
            assert!(a[s] <= a[t], "a higher score with a lower weight");
            assert!(x[s] != x[t] || a[s] == a[t], "equal scores");
        }
    }
    a
}

fn backward<F: Element, const N: usize, const T: usize>(a: &[[F; T]; N], d: [[F; T]; N]) {
    let mut ds = d;
    softmax_backward(a, &mut ds);
    for ((a, d), ds) in a.iter().zip(&d).zip(&ds) {
        let upstream: Vec<Ball> = d.iter().map(|d| In::exact(*d)).collect();
        let expected = In::<F>::softmax_backward(&balls(a), &upstream);
        In::check_all(ds, &expected, "softmax_backward");

        let mut by_order = *d;
        order::softmax_backward(a, &mut by_order);
        assert_same_bits(ds, &by_order, "softmax_backward against the order");

        let mut alone = [*d];
        softmax_backward(&[*a], &mut alone);
        assert_same_bits(&alone[0], ds, "a row alone");
    }
}

fn log_forward<F: Element, const N: usize, const T: usize>(x: [[F; T]; N]) -> [[F; T]; N] {
    let mut y = x;
    log_softmax(&mut y);
    for (x, y) in x.iter().zip(&y) {
        let expected: Vec<Ball> = match In::<F>::log_sum(&balls(x)) {
            Err(all) => vec![all; T],
            // Nothing but −∞ stays as it is.
            Ok((Ball::Infinite(_), _)) => vec![Ball::Infinite(-1.0); T],
            Ok((max, log)) => x
                .iter()
                .map(|x| In::<F>::difference(In::<F>::difference(In::exact(*x), max), log))
                .collect(),
        };
        In::check_all(y, &expected, "log_softmax");

        let mut alone = [*x];
        log_softmax(&mut alone);
        assert_same_bits(&alone[0], y, "a row alone");
    }
    y
}

fn log_backward<F: Element, const N: usize, const T: usize>(y: &[[F; T]; N], d: [[F; T]; N]) {
    let mut ds = d;
    log_softmax_backward(y, &mut ds);
    for ((y, d), ds) in y.iter().zip(&d).zip(&ds) {
        let reads = |y: &F| y.wide() != f64::NEG_INFINITY;
        let read = y.iter().zip(d).filter(|(y, _)| reads(y));
        let sum = In::<F>::sum(read.map(|(_, d)| In::exact(*d)));
        for ((y, d), ds) in y.iter().zip(d).zip(ds) {
            let weight = match y.wide() {
                0.0 => ONE,
                y if y.is_nan() => Ball::Nan,
                y => In::<F>::exp_nonpositive(y, y),
            };
            let expected = if reads(y) {
                In::<F>::difference(In::exact(*d), In::<F>::product(weight, sum))
            } else {
                ZERO
            };
            In::check(*ds, expected, "log_softmax_backward");
        }
        let mut alone = [*d];
        log_softmax_backward(&[*y], &mut alone);
        assert_same_bits(&alone[0], ds, "a row alone");
    }
}
