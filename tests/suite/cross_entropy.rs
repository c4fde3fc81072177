//! Softmax with cross-entropy: the loss and its gradient.

#![allow(
    clippy::extra_unused_type_parameters,
    reason = "stamped on the shapes as every property is, but differences of `f32` would say little"
)]

use microattention::{softmax, softmax_cross_entropy};

use crate::double_double::{self, DoubleDouble};
use crate::element::{Element, assert_same_bits, unwritten};
use crate::log_softmax::{FIRST_ORDER, SLOPE_OF_A_ROUNDING, error, levels, log, normalizer, slope};
use crate::shapes::on_every_shape;
use crate::values::{Case, Kind, Source};

mod single {
    use super::*;

    on_every_shape! { FINITE(f32, f64) =>
        losses_are_within_the_bound, gradients_are_within_the_bound,
        the_gradient_is_the_softmax_minus_the_label, the_loss_is_the_sum_of_its_rows_in_order,
        rows_without_a_label_are_not_read, a_label_that_is_no_class_takes_its_row,
    }
}

mod of_slope {
    use super::*;

    on_every_shape! { EVEN(f64) => the_gradient_is_the_slope }
}

/// Scores of a random spread, and a label for each row.
fn batch<F: Element, const N: usize, const C: usize>(
    source: &mut Source,
) -> (Box<[[F; C]; N]>, [Option<usize>; N]) {
    let spread = [0.01, 1.0, 10.0, 200.0][source.below(4)];
    let mut x = source.array::<[F; C], N>();
    for x in x.as_flattened_mut() {
        *x = F::of(x.wide() * spread);
    }
    let labels = core::array::from_fn(|_| (C > 0).then(|| source.below(C)));
    (x, labels)
}

/// The loss of a row to about 100 bits, and its documented bound.
fn exact_loss<F: Element>(x: &[f64], label: usize) -> (DoubleDouble, f64) {
    let (m, log_sum) = normalizer(x);
    let distance = DoubleDouble::new(m).plus(DoubleDouble::new(-x[label]));
    let loss = distance.plus(log_sum);
    let units = distance.hi + levels(x.len()) + 8.0 + 2.0 * loss.hi;
    (loss, F::ROUNDOFF * units)
}

fn losses_are_within_the_bound<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
) {
    let (mut x, labels) = batch::<F, N, T>(&mut case.source());
    let (mut exact, mut bound) = (DoubleDouble::new(0.0), 0.0);
    for (x, label) in x.iter().zip(labels) {
        if let Some(label) = label {
            let (row, row_bound) = exact_loss::<F>(&x.map(F::wide), label);
            exact = exact.plus(row);
            // The batch is summed in order: each addition rounds the sum so far.
            bound += row_bound + F::ROUNDOFF * exact.hi;
        }
    }
    let error = error(softmax_cross_entropy(&mut x, &labels), exact);
    assert!(error <= FIRST_ORDER * bound, "off by {error} of {bound}");
}

/// A weight is off by the roundings of its own score difference and exponential, by those of the
/// sum, in which the differences of all scores count as their weights do, which is no more than
/// the logarithm of their number, and by two more for the reciprocal and the product.
fn gradients_are_within_the_bound<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
) {
    let (x, labels) = batch::<F, N, T>(&mut case.source());
    let mut d = x.clone();
    softmax_cross_entropy(&mut d, &labels);
    for n in 0..N {
        let Some(label) = labels[n] else { continue };
        let x = x[n].map(F::wide);
        let m = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for (t, a) in double_double::softmax(&x).into_iter().enumerate() {
            let is_label = f64::from(u8::from(t == label));
            let units = a.hi * ((m - x[t]) + log(T) + levels(T) + 8.0) + is_label * (1.0 - a.hi);
            let underflow = 4.0 * F::SMALLEST_NORMAL * F::ROUNDOFF;
            let bound = FIRST_ORDER * F::ROUNDOFF * units + underflow;
            let error = error(d[n][t], a.plus(DoubleDouble::new(-is_label)));
            assert!(error <= bound, "class {t} is off by {error} of {bound}");
        }
    }
}

fn the_gradient_is_the_softmax_minus_the_label<
    F: Element,
    const N: usize,
    const T: usize,
    const H: usize,
>(
    case: Case,
) {
    let (mut x, labels) = batch::<F, N, T>(&mut case.source());
    let mut expected = x.clone();
    softmax(&mut expected);
    for (row, label) in expected.iter_mut().zip(labels) {
        if let Some(label) = label {
            row[label] = row[label] - F::of(1.0);
        }
    }
    softmax_cross_entropy(&mut x, &labels);
    assert_same_bits(&*x, &*expected, "gradient");
}

/// The loss of a row alone.
fn loss_of<F: Element, const C: usize>(x: [F; C], label: Option<usize>) -> F {
    softmax_cross_entropy(&mut [x], &[label])
}

fn the_loss_is_the_sum_of_its_rows_in_order<
    F: Element,
    const N: usize,
    const T: usize,
    const H: usize,
>(
    case: Case,
) {
    let mut source = case.source();
    let (mut x, mut labels) = batch::<F, N, T>(&mut source);
    for label in &mut labels {
        if source.below(4) == 0 {
            *label = None;
        }
    }
    let mut expected = F::of(0.0);
    for (x, label) in x.iter().zip(labels) {
        expected += loss_of(*x, label);
    }
    let loss = softmax_cross_entropy(&mut x, &labels);
    assert_same_bits(&[loss], &[expected], "loss");
}

fn rows_without_a_label_are_not_read<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
) {
    let mut source = case.source();
    let (x, mut labels) = batch::<F, N, T>(&mut source);
    let mut unlabelled = x.clone();
    for (x, label) in unlabelled.iter_mut().zip(&mut labels) {
        if source.below(2) == 0 {
            *label = None;
            x.fill(F::of(
                [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0][source.below(4)],
            ));
        }
    }
    let mut d = unlabelled.clone();
    let loss = softmax_cross_entropy(&mut d, &labels);
    let mut expected = F::of(0.0);
    for n in 0..N {
        let mut alone = [x[n]];
        if labels[n].is_some() {
            expected += softmax_cross_entropy(&mut alone, &[labels[n]]);
        } else {
            alone = [[F::of(0.0); T]];
        }
        assert_same_bits(&d[n..=n], &alone, "gradient");
    }
    assert_same_bits(&[loss], &[expected], "loss");
}

fn a_label_that_is_no_class_takes_its_row<
    F: Element,
    const N: usize,
    const T: usize,
    const H: usize,
>(
    case: Case,
) {
    let mut source = case.source();
    let (mut x, mut labels) = batch::<F, N, T>(&mut source);
    let mut expected = x.clone();
    softmax_cross_entropy(&mut expected, &labels);
    let wrong = if N == 0 { 0 } else { source.below(N) };
    for n in (0..N).filter(|n| *n == wrong) {
        labels[n] = Some([T, T + 1, usize::MAX][source.below(3)]);
        expected[n] = unwritten::<F, T>()[..].try_into().expect("a row of T");
    }
    let loss = softmax_cross_entropy(&mut x, &labels);
    assert!(N == 0 || loss.wide().is_nan(), "loss {loss}");
    assert_same_bits(&*x, &*expected, "gradient");
}

fn the_gradient_is_the_slope<F, const N: usize, const T: usize, const H: usize>(case: Case) {
    let (x, labels) = batch::<f64, N, T>(&mut case.even().source());
    let x = x.map(|row| row.map(|x| x.clamp(-4.0, 4.0)));
    let mut d = x;
    softmax_cross_entropy(&mut d, &labels);
    for n in 0..N {
        let Some(label) = labels[n] else { continue };
        // The bound of a loss whose scores are within 8 of each other.
        let loss = 8.1 + log(T);
        let bound = f64::ROUNDOFF * (8.1 + levels(T) + 8.0 + 2.0 * loss);
        let tolerance = SLOPE_OF_A_ROUNDING * bound + 1e-12;
        for t in (0..T)
            .take(3)
            .chain(Some(label))
            .chain((3..T).skip(8).step_by(31))
        {
            let of = |x_t: f64| {
                let mut x = x[n];
                x[t] = x_t;
                loss_of(x, Some(label))
            };
            let expected = slope(x[n][t], |after, before| of(after) - of(before));
            let error = (d[n][t] - expected).abs();
            assert!(error <= tolerance, "{} is not {expected}", d[n][t]);
        }
    }
}

/// The bound of the loss says something: inputs chosen to be bad come near it.
fn the_bound_is_reached_by<F: Element>() {
    let mut source = Source::new(7, Kind::Even);
    let (mut far, mut near) = (0.0, 0.0);
    let share = |x: &[F], loss: F, label: usize| {
        let x: Vec<f64> = x.iter().map(|x| x.wide()).collect();
        let (exact, bound) = exact_loss::<F>(&x, label);
        error(loss, exact) / bound
    };
    for _ in 0..200 {
        let x = [0.3 * source.unit(), -(64.0 + source.unit()), 0.0].map(F::of);
        far = f64::max(far, share(&x, loss_of(x, Some(1)), 1));
        let x: [F; 56] = core::array::from_fn(|_| F::of(0.01 * source.unit()));
        near = f64::max(near, share(&x, loss_of(x, Some(0)), 0));
    }
    println!("loss: {far:.3} of the bound for an unlikely label, {near:.3} for a likely one");
    for share in [far, near] {
        assert!((0.125..=FIRST_ORDER).contains(&share), "{share}");
    }
}

#[test]
fn the_bound_is_reached() {
    the_bound_is_reached_by::<f32>();
    the_bound_is_reached_by::<f64>();
}

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// The loss and the gradient of a row, and that the rows around it are left alone.
fn of_row<F: Element, const C: usize>(x: [f64; C], label: usize) -> (f64, [f64; C]) {
    let mut rows = [[F::of(0.25); C], x.map(F::of), [F::of(-0.5); C]];
    let mut expected = rows;
    softmax_cross_entropy(&mut expected, &[Some(0), None, Some(0)]);
    softmax_cross_entropy(&mut rows, &[Some(0), Some(label), Some(0)]);
    assert_same_bits(&rows[..1], &expected[..1], "the row before");
    assert_same_bits(&rows[2..], &expected[2..], "the row after");
    (
        loss_of(x.map(F::of), Some(label)).wide(),
        rows[1].map(F::wide),
    )
}

fn special_values<F: Element>() {
    // One class is no choice.
    for x in [0.0, -0.0, 1e4, -3e38, F::LARGEST, -F::LARGEST] {
        assert_eq!(of_row::<F, 1>([x], 0), (0.0, [0.0]), "for {x}");
    }
    // Any finite score is an ordinary one.
    assert_eq!(of_row::<F, 2>([1e4, -1e4], 0), (0.0, [0.0, 0.0]));
    assert_eq!(of_row::<F, 2>([1e4, -1e4], 1), (2e4, [1.0, -1.0]));
    let huge = F::of(3e38).wide();
    assert_eq!(of_row::<F, 2>([huge, 0.0], 0), (0.0, [0.0, 0.0]));
    assert_eq!(of_row::<F, 2>([huge, 0.0], 1), (huge, [1.0, -1.0]));
    assert_eq!(of_row::<F, 2>([-huge, 0.0], 0), (huge, [-1.0, 1.0]));
    for x in [F::LARGEST, -F::LARGEST, huge, -huge] {
        let (loss, d) = of_row::<F, 2>([x, x], 1);
        assert!(
            (loss - core::f64::consts::LN_2).abs() <= F::ulp(0.6),
            "{loss}"
        );
        assert_eq!(d, [0.5, -0.5]);
    }
    // A score of −∞ is a class of probability 0.
    assert_eq!(of_row::<F, 3>([0.5, -INF, 0.5], 2).1, [0.5, 0.0, -0.5]);
    assert_eq!(
        of_row::<F, 3>([0.5, -INF, 0.5], 2).0,
        of_row::<F, 2>([0.5, 0.5], 1).0
    );
    assert_eq!(of_row::<F, 2>([-INF, 7.0], 1), (0.0, [0.0, 0.0]));
    assert_eq!(of_row::<F, 3>([0.5, -INF, 0.5], 1), (INF, [0.5, -1.0, 0.5]));
    assert_eq!(of_row::<F, 2>([-INF, -INF], 0), (INF, [-1.0, 0.0]));
    assert_eq!(of_row::<F, 1>([-INF], 0), (INF, [-1.0]));
    // NaN and +∞ take the loss and the row, wherever they stand.
    for poison in [NAN, -NAN, INF] {
        for t in 0..9 {
            for others in [1.0, -INF, F::LARGEST, -F::LARGEST] {
                for label in [0, 8] {
                    let mut x = [others; 9];
                    x[t] = poison;
                    let (loss, d) = of_row::<F, 9>(x, label);
                    assert!(loss.is_nan(), "{loss} for {x:?}");
                    assert!(d.iter().all(|d| d.is_nan()), "{d:?} for {x:?}");
                }
            }
        }
    }
}

fn sizes_of_zero<F: Element>() {
    let zero = F::of(0.0);
    assert_same_bits(
        &[softmax_cross_entropy::<F, 0, 3>(&mut [], &[])],
        &[zero],
        "no rows",
    );
    let mut x: [[F; 0]; 2] = [[]; 2];
    let loss = softmax_cross_entropy(&mut x, &[None, None]);
    assert_same_bits(&[loss], &[zero], "no classes, no labels");
    let loss = softmax_cross_entropy(&mut x, &[None, Some(0)]);
    assert!(loss.wide().is_nan(), "no class has a label");
    let mut x = [[F::of(NAN); 3]; 2];
    assert_same_bits(
        &[softmax_cross_entropy(&mut x, &[None; 2])],
        &[zero],
        "no labels",
    );
    assert_same_bits(&x, &[[zero; 3]; 2], "no labels");
}

#[test]
fn specials() {
    special_values::<f32>();
    special_values::<f64>();
    sizes_of_zero::<f32>();
    sizes_of_zero::<f64>();
}

/// An infinite loss of one row and a finite one of another add up; NaN stays.
#[test]
fn losses_that_are_not_finite_add_up() {
    let rows = [[0.0_f32, f32::NEG_INFINITY], [0.0, 0.0], [0.0, 0.0]];
    let loss = |labels| softmax_cross_entropy(&mut { rows }, &labels);
    assert_eq!(loss([Some(1), Some(0), None]), f32::INFINITY);
    assert!(loss([Some(1), Some(2), None]).is_nan());
    assert!(loss([Some(0), Some(2), Some(0)]).is_nan());
}
