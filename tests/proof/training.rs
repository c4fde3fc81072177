//! A small model trained in `f32` and in `f64` side by side: the same losses to a stated tolerance.
//!
//! Sequences of three lengths, in which one marked time step says the class. A layer of attention with
//! a learnt query, a learnt projection of the keys and a learnt bias for each time step, then a
//! linear classifier and cross-entropy, by plain gradient descent: gradients of queries, keys, values and bias all
//! count, and an error that grows would show.

use microattention::{Attend, softmax_cross_entropy};

use crate::element::Element;
use crate::values::{Kind, Source};

const N: usize = 24;
const T: usize = 7;
/// Features: a mark, and three more.
const D: usize = 4;
const CLASSES: usize = 3;
const STEPS: usize = 400;

/// How far the losses of the two types may be apart, relative to the loss of `f64`.
const TOLERANCE: f64 = 5e-6;

struct Batch<F> {
    x: [[[F; D]; T]; N],
    lengths: [usize; N],
    labels: [Option<usize>; N],
}

impl<F: Element> Batch<F> {
    fn new() -> Self {
        let mut source = Source::new(11, Kind::Even);
        let mut batch = Self {
            x: [[[F::of(0.0); D]; T]; N],
            lengths: [0; N],
            labels: [None; N],
        };
        for n in 0..N {
            // In few digits, so that both types get the same.
            let mut value = || F::of((source.unit() * 64.0).trunc() / 64.0 - 0.5);
            batch.x[n] = core::array::from_fn(|_| core::array::from_fn(|_| value()));
            batch.lengths[n] = T - source.below(3);
            let (marked, label) = (source.below(batch.lengths[n]), source.below(CLASSES));
            batch.x[n][marked][0] += F::of(2.0);
            batch.x[n][marked][1 + label] += F::of(1.0);
            batch.labels[n] = Some(label);
        }
        batch
    }
}

struct Model<F> {
    query: [F; D],
    key: [[F; D]; D],
    bias: [F; T],
    classifier: [[F; D]; CLASSES],
}

impl<F: Element> Model<F> {
    fn new() -> Self {
        let mut source = Source::new(12, Kind::Even);
        let mut value = || F::of((source.unit() * 64.0).trunc() / 128.0 - 0.25);
        Self {
            query: core::array::from_fn(|_| value()),
            key: core::array::from_fn(|_| core::array::from_fn(|_| value())),
            bias: [F::of(0.0); T],
            classifier: core::array::from_fn(|_| core::array::from_fn(|_| value())),
        }
    }

    /// One step of gradient descent; the loss before it.
    fn step(&mut self, batch: &Batch<F>) -> F {
        let Batch { x, lengths, labels } = batch;
        let zero = F::of(0.0);
        let q = [[self.query]; N];
        let mut k = [[[zero; D]; T]; N];
        for (k, x) in k.as_flattened_mut().iter_mut().zip(x.as_flattened()) {
            for (k, row) in k.iter_mut().zip(&self.key) {
                for (w, x) in row.iter().zip(x) {
                    *k += *w * *x;
                }
            }
        }
        let bias = [self.bias; N];
        let att = Attend::new().scale_by_width::<D>().lengths(lengths);
        let att = att.bias(&bias);
        let (mut a, mut c) = ([[[zero; T]]; N], [[[zero; D]]; N]);
        att.dot_product_attention(&q, &k, x, &mut a, &mut c);

        let mut logits = [[zero; CLASSES]; N];
        for (logits, [c]) in logits.iter_mut().zip(&c) {
            for (logit, row) in logits.iter_mut().zip(&self.classifier) {
                for (w, c) in row.iter().zip(c) {
                    *logit += *w * *c;
                }
            }
        }
        let loss = softmax_cross_entropy(&mut logits, labels);
        let dlogits = logits;

        let mut dc = [[[zero; D]]; N];
        let mut dclassifier = [[zero; D]; CLASSES];
        for n in 0..N {
            for class in 0..CLASSES {
                for i in 0..D {
                    dc[n][0][i] += dlogits[n][class] * self.classifier[class][i];
                    dclassifier[class][i] += dlogits[n][class] * c[n][0][i];
                }
            }
        }
        let (mut dq, mut dk) = ([[[zero; D]]; N], [[[zero; D]; T]; N]);
        let (mut dx, mut dbias) = ([[[zero; D]; T]; N], [[zero; T]; N]);
        att.dot_product_attention_backward(&q, &k, x, &a, &dc, &mut dq, &mut dk, &mut dx);
        att.bias_gradient(&q, &k, x, &a, &dc, &mut dbias);
        self.descend(x, &dq, &dk, &dbias, &dclassifier);
        loss
    }

    fn descend(
        &mut self,
        x: &[[[F; D]; T]; N],
        dq: &[[[F; D]; 1]; N],
        dk: &[[[F; D]; T]; N],
        dbias: &[[F; T]; N],
        dclassifier: &[[F; D]; CLASSES],
    ) {
        let rate = F::of(-1.0 / 16.0);
        for n in 0..N {
            for (query, dq) in self.query.iter_mut().zip(&dq[n][0]) {
                *query += rate * *dq;
            }
            for (bias, dbias) in self.bias.iter_mut().zip(&dbias[n]) {
                *bias += rate * *dbias;
            }
            for (dk, x) in dk[n].iter().zip(&x[n]) {
                for (row, dk) in self.key.iter_mut().zip(dk) {
                    for (w, x) in row.iter_mut().zip(x) {
                        *w += rate * (*dk * *x);
                    }
                }
            }
        }
        for (row, drow) in self.classifier.iter_mut().zip(dclassifier) {
            for (w, dw) in row.iter_mut().zip(drow) {
                *w += rate * *dw;
            }
        }
    }
}

#[test]
fn f32_and_f64_have_the_same_losses() {
    let (single, double) = (Batch::<f32>::new(), Batch::<f64>::new());
    let (mut of_single, mut of_double) = (Model::<f32>::new(), Model::<f64>::new());
    let (mut first, mut last, mut apart) = (f64::NAN, f64::NAN, 0.0);
    for step in 0..STEPS {
        let (x, y) = (f64::from(of_single.step(&single)), of_double.step(&double));
        apart = f64::max(apart, (x - y).abs() / y);
        assert!(apart <= TOLERANCE, "step {step}: losses of {x} and {y}");
        if step == 0 {
            first = y;
        }
        last = y;
    }
    println!("losses from {first:.3} to {last:.3}, at most {apart:.1e} apart");
    assert!(last < 0.05 * first, "from {first} to {last} only");
}
