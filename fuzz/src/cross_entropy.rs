//! `softmax_cross_entropy`.

use microattention::{softmax, softmax_cross_entropy};

use crate::ball::{Ball, In, ONE};
use crate::choose;
use crate::element::{Element, assert_same_bits, unwritten};
use crate::values::Source;

pub fn check(bytes: &[u8]) {
    let (shape, case) = choose(bytes, 14);
    let source = &mut case.source();
    match shape {
        0 => rows::<f32, 0, 3>(source),
        1 => rows::<f32, 2, 0>(source),
        2 => rows::<f32, 3, 1>(source),
        3 => rows::<f32, 3, 2>(source),
        4 | 5 => rows::<f32, 3, 5>(source),
        6 => rows::<f32, 2, 8>(source),
        7 | 8 => rows::<f32, 2, 11>(source),
        9 => rows::<f32, 1, 70>(source),
        10 => rows::<f64, 3, 1>(source),
        11 => rows::<f64, 3, 5>(source),
        12 => rows::<f64, 2, 11>(source),
        _ => rows::<f64, 1, 70>(source),
    }
}

fn rows<F: Element, const N: usize, const C: usize>(source: &mut Source) {
    let x = *source.array::<[F; C], N>();
    let labels: [Option<usize>; N] = core::array::from_fn(|_| match source.below(16) {
        0 | 1 => None,
        2 => Some(source.size()),
        _ => Some(source.below(C.max(1))),
    });
    let mut dx = x;
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
