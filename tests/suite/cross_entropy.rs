//! Softmax with cross-entropy: the loss and its gradient.

use microattention::{softmax, softmax_cross_entropy};

use crate::ball::{Ball, In, ONE};
use crate::element::{Element, assert_same_bits, unwritten};
use crate::shapes::on_every_shape;
use crate::values::Case;

mod any {
    use super::*;

    on_every_shape! { ALL(f32, f64) => rows }
}

/// Rows with and without a label, and with one that is no class.
pub fn rows<F: Element, const N: usize, const C: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    let x = source.array::<[F; C], N>();
    let labels: [Option<usize>; N] = core::array::from_fn(|_| match source.below(16) {
        0 | 1 => None,
        2 => Some(source.size()),
        _ => Some(source.below(C.max(1))),
    });
    let mut dx = x.clone();
    let loss = softmax_cross_entropy(&mut dx, &labels);

    let mut losses = vec![];
    let mut total = F::of(0.0);
    for n in 0..N {
        losses.push(row(&x[n], labels[n], &dx[n]));

        let mut alone = [x[n]];
        total += softmax_cross_entropy(&mut alone, &[labels[n]]);
        assert_same_bits(&alone[0], &dx[n], "a row alone");
    }
    In::check(loss, In::<F>::sum(losses), "loss");
    assert_same_bits(&[loss], &[total], "the sum of the rows alone");
}

/// Checks the gradient, and says what the loss may be.
fn row<F: Element, const C: usize>(x: &[F; C], label: Option<usize>, dx: &[F; C]) -> Ball {
    let Some(label) = label else {
        assert_same_bits(dx, &[F::of(0.0); C], "no label");
        let mut unread = unwritten::<[F; C], 1>();
        let loss = softmax_cross_entropy(&mut unread, &[None]);
        assert_same_bits(&[loss], &[F::of(0.0)], "no label");
        assert_same_bits(&unread[0], dx, "no label");
        return In::exact(loss);
    };
    let Some(score) = x.get(label) else {
        In::check_all(dx, &[Ball::Nan; C], "a label that is no class");
        return Ball::Nan;
    };

    let scores: Vec<Option<Ball>> = x.iter().map(|x| Some(In::exact(*x))).collect();
    let mut expected = In::<F>::softmax(&scores);
    expected[label] = In::<F>::difference(expected[label], ONE);
    In::check_all(dx, &expected, "gradient");

    let mut composed = [*x];
    softmax(&mut composed);
    composed[0][label] = composed[0][label] - F::of(1.0);
    assert_same_bits(dx, &composed[0], "softmax, then the label");

    match In::<F>::log_sum(&scores) {
        Err(all) => all,
        // No score above −∞, so the label has none either.
        Ok((Ball::Infinite(_), _)) => Ball::Infinite(1.0),
        Ok((max, log)) => {
            let below = In::<F>::difference(max, In::exact(*score));
            In::<F>::sum([below, log])
        }
    }
}

/// The loss of a row alone.
fn loss_of<F: Element, const C: usize>(x: [F; C], label: Option<usize>) -> F {
    softmax_cross_entropy(&mut [x], &[label])
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
