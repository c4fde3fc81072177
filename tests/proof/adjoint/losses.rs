//! The adjoint identity of the logarithmic softmax and of cross-entropy.

use microattention::{log_softmax, log_softmax_backward, softmax_cross_entropy};

use super::Inner;
use crate::dual::{duals, log_softmax as dual_log_softmax};
use crate::element::Element;
use crate::random::values;
use crate::values::{Case, Kind};

fn losses<F: Element, const T: usize>() {
    crate::shapes::run(&Kind::EVEN, 1, |case: Case| {
        let mut source = case.source();
        let (x, of_x): (Vec<F>, Vec<F>) = (values(T, &mut source), values(T, &mut source));
        let outputs = dual_log_softmax(&duals(&x, &of_x));
        let upstream: Vec<F> = values(T, &mut source);

        let mut y = [[F::of(0.0); T]];
        y[0].copy_from_slice(&x);
        log_softmax(&mut y);
        let mut d = [[F::of(0.0); T]];
        d[0].copy_from_slice(&upstream);
        log_softmax_backward(&y, &mut d);
        let left = Inner::default().with_outputs(&upstream, &outputs);
        left.assert_equals::<F>(Inner::default().and(&of_x, &d[0]), "log_softmax");

        let label = source.below(T);
        let mut dx = [[F::of(0.0); T]];
        dx[0].copy_from_slice(&x);
        softmax_cross_entropy(&mut dx, &[Some(label)]);
        let left = Inner::default().of([(-1.0, outputs[label].rate)].into_iter());
        left.assert_equals::<F>(Inner::default().and(&of_x, &dx[0]), "cross-entropy");
    });
}

#[test]
fn of_losses() {
    losses::<f32, 1>();
    losses::<f32, 9>();
    losses::<f32, 130>();
    losses::<f64, 2>();
    losses::<f64, 17>();
}
