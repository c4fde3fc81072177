//! Softmax, its logarithm, cross-entropy and streaming beside the exact results.

use microattention::{
    Running, log_softmax as kernel_log_softmax,
    log_softmax_backward as kernel_log_softmax_backward, softmax as kernel_softmax,
    softmax_backward as kernel_softmax_backward, softmax_cross_entropy,
};

use super::{Flat, wide};
use crate::bounds::{self, losses};
use crate::climb::{Output, outputs};
use crate::element::Element;
use crate::exact::{self, Softmax, minus, number, numbers, rounded};

pub fn softmax<F: Element, const T: usize>(x: &[F]) -> Vec<Output> {
    let mut a = [Flat(x).row::<T>()];
    kernel_softmax(&mut a);

    let exact = Softmax::new(&numbers(&wide(x)));
    let weights = rounded(&exact.weights);
    let units = bounds::softmax::softmax(&weights, &exact.below(), &[0.0; T]);
    outputs("a", &a[0], &exact.weights, &units).collect()
}

pub fn softmax_backward<F: Element, const T: usize>(x: &[F]) -> Vec<Output> {
    let mut x = Flat(x);
    let (a, da) = (x.row::<T>(), x.row::<T>());
    let mut ds = [da];
    kernel_softmax_backward(&[a], &mut ds);

    let (a, da) = (wide(&a), wide(&da));
    let exact = exact::softmax_backward(&numbers(&a), &numbers(&da));
    let units = bounds::softmax::softmax_backward(&a, &da, &[0.0; T]);
    outputs("ds", &ds[0], &exact, &units).collect()
}

pub fn log_softmax<F: Element, const T: usize>(x: &[F]) -> Vec<Output> {
    let mut y = [Flat(x).row::<T>()];
    kernel_log_softmax(&mut y);

    let exact = Softmax::new(&numbers(&wide(x)));
    let log = |d: &_| minus(*d, exact.log_sum);
    let logs: Vec<_> = exact.differences.iter().map(log).collect();
    let weights = rounded(&exact.weights);
    let units = losses::log_softmax(&weights, &exact.below(), exact.log_sum.hi);
    outputs("y", &y[0], &logs, &units).collect()
}

pub fn log_softmax_backward<F: Element, const T: usize>(x: &[F]) -> Vec<Output> {
    let mut x = Flat(x);
    let (y, d) = (x.row::<T>(), x.row::<T>());
    let mut ds = [d];
    kernel_log_softmax_backward(&[y], &mut ds);

    let (y, d) = (wide(&y), wide(&d));
    let sum = exact::sum(numbers(&d));
    let of_row = |(y, d): (&f64, &f64)| minus(number(*d), exact::exp(number(*y)).times(sum));
    let exact: Vec<_> = y.iter().zip(&d).map(of_row).collect();
    let units = losses::log_softmax_backward(&y, &d);
    outputs("ds", &ds[0], &exact, &units).collect()
}

/// Of one row, whose label is the second class.
pub fn cross_entropy<F: Element, const C: usize>(x: &[F]) -> Vec<Output> {
    const LABEL: usize = 1;
    let mut dx = [Flat(x).row::<C>()];
    let loss = softmax_cross_entropy(&mut dx, &[Some(LABEL)]);

    let exact = Softmax::new(&numbers(&wide(x)));
    let exact_loss = minus(exact.log_sum, exact.differences[LABEL]);
    let (weights, below) = (rounded(&exact.weights), exact.below());
    let units = losses::cross_entropy(&weights, &below, exact.log_sum.hi, LABEL);
    let mut all: Vec<_> = outputs("loss", &[loss], &[exact_loss], &[units]).collect();
    let mut gradient = exact.weights;
    gradient[LABEL] = minus(gradient[LABEL], number(1.0));
    let units = losses::cross_entropy_gradient(&weights, &below, LABEL);
    all.extend(outputs("dx", &dx[0], &gradient, &units));
    all
}

/// The first two keys in one push, the others one by one.
pub fn running<F: Element, const T: usize>(x: &[F]) -> Vec<Output> {
    let mut x = Flat(x);
    let (scores, values) = (x.row::<T>(), x.row::<T>());
    let mut running = Running::new();
    running.push_rows(&[scores[0], scores[1]], &[[values[0]], [values[1]]]);
    for t in 2..T {
        running.push(scores[t], &[values[t]]);
    }
    let mut c = [F::of(f64::NAN)];
    running.context(&mut c);

    let (scores, values) = (wide(&scores), wide(&values));
    let exact = Softmax::new(&numbers(&scores));
    let context = exact::dot(&exact.weights, &numbers(&values));
    let mut blocks = vec![&scores[..2]];
    blocks.extend(scores[2..].chunks(1));
    let weights = rounded(&exact.weights);
    let units = bounds::running::running(&blocks, &weights, &values, context.hi);
    outputs("context", &c, &[context], &[units]).collect()
}
