//! Each backward pass is the transpose of the derivative of its forward pass: ⟨J v, w⟩ = ⟨v, Jᵀ w⟩.
//!
//! `J v` comes from dual numbers, `Jᵀ w` from the crate, `v` and `w` are random. One identity tests
//! all elements of all gradients at once, each option with the functions that take it.

use microattention::{log_softmax, log_softmax_backward, softmax_cross_entropy};

use crate::dual::{Dual, Layer, duals, log_softmax as dual_log_softmax, softmax};
use crate::element::Element;
use crate::options_calls::{Calls, Data, Function, bias_size};
use crate::options_reference::{Options, Shape};
use crate::random::{every_function, on_every_option, on_random, values};
use crate::values::{Case, Kind, Source};

on_every_option! { several_queries }

mod one_query {
    use super::single_query as property;

    super::every_function! { property }
}

/// How far the two sides may be apart, in units of roundoff times the sum of the magnitudes that were
/// added up to them.
const LIMIT: f64 = 10.0;

/// An inner product, and the sum of the magnitudes of its terms.
#[derive(Clone, Copy, Default)]
struct Inner {
    value: f64,
    magnitude: f64,
}

impl Inner {
    fn of(mut self, x: impl Iterator<Item = (f64, f64)>) -> Self {
        for (x, y) in x {
            self.value += x * y;
            self.magnitude += (x * y).abs();
        }
        self
    }

    /// With gradients.
    fn and<F: Element>(self, rates: &[F], gradient: &[F]) -> Self {
        assert_eq!(rates.len(), gradient.len());
        self.of(rates
            .iter()
            .zip(gradient)
            .map(|(v, g)| (v.wide(), g.wide())))
    }

    fn with_outputs<F: Element>(self, upstream: &[F], outputs: &[Dual]) -> Self {
        assert_eq!(upstream.len(), outputs.len());
        self.of(upstream
            .iter()
            .zip(outputs)
            .map(|(w, y)| (w.wide(), y.rate)))
    }

    #[track_caller]
    fn assert_equals<F: Element>(self, other: Self, what: &str) {
        let difference = (self.value - other.value).abs();
        let unit = F::ROUNDOFF * (1.0 + self.magnitude + other.magnitude);
        assert!(
            difference <= LIMIT * unit,
            "{what}: {} and {}, {} units apart",
            self.value,
            other.value,
            difference / unit
        );
    }
}

/// Random rates for all that has a gradient.
struct Rates<F> {
    q: Vec<F>,
    k: Vec<F>,
    v: Vec<F>,
    bias: Vec<F>,
}

impl<F: Element> Rates<F> {
    fn random(o: &Options<F>, source: &mut Source) -> Self {
        let Shape { n, u, t, d, e } = o.shape;
        Self {
            q: values(n * u * d, source),
            k: values(n * t * d, source),
            v: values(n * t * e, source),
            bias: values(bias_size(o.shape, o.on), source),
        }
    }

    fn layer(&self, o: &Options<F>, x: &Data<F>) -> Layer {
        let bias = if o.on.bias { &o.bias } else { &o.biases };
        Layer {
            q: duals(&x.q, &self.q),
            k: duals(&x.k, &self.k),
            v: duals(&x.v, &self.v),
            bias: if self.bias.is_empty() {
                Vec::new()
            } else {
                duals(bias, &self.bias)
            },
        }
    }

    /// With the gradients of the queries, the keys and the bias.
    fn with(&self, x: &Data<F>) -> Inner {
        let inner = Inner::default().and(&self.q, &x.dq).and(&self.k, &x.dk);
        inner.and(&self.bias, &x.dbias)
    }
}

/// Where keys are the values.
fn with_keys_as_values<F: Element>(
    o: &Options<F>,
    x: &Data<F>,
    rates: &mut Rates<F>,
    source: &mut Source,
) -> (Options<F>, Data<F>) {
    let shape = Shape {
        e: o.shape.d,
        ..o.shape
    };
    let o = Options { shape, ..o.clone() };
    rates.v.clone_from(&rates.k);
    let x = Data {
        q: x.q.clone(),
        k: x.k.clone(),
        v: x.k.clone(),
        dc: values(shape.n * shape.u * shape.d, source),
        ..Data::unwritten(shape, o.on)
    };
    (o, x)
}

/// The functions of several queries, with weights saved and with what they are made of.
pub fn several_queries<F: Element>(calls: &Calls<F>) {
    use Function::{
        CrossAttention, CrossAttentionBackward, CrossAttentionSaved, CrossAttentionSavedBackward,
        DotProductAttention, DotProductAttentionBackward, DotProductAttentionSaved,
        DotProductAttentionSavedBackward,
    };
    on_random(calls, |o, x, source| {
        let mut rates = Rates::random(o, source);
        let context = rates.layer(o, x).context(o);
        let left = Inner::default().with_outputs(&x.dc, &context);
        let mut pairs = vec![(DotProductAttention, DotProductAttentionBackward)];
        if calls.every_function {
            pairs.push((DotProductAttentionSaved, DotProductAttentionSavedBackward));
        }
        for (forward, backward) in pairs {
            let mut x = x.clone();
            (calls.many)(o, forward, &mut x);
            (calls.many)(o, backward, &mut x);
            let right = rates.with(&x).and(&rates.v, &x.dv);
            left.assert_equals::<F>(right, &format!("{backward:?}"));
        }
        if !calls.every_function {
            return;
        }
        let (o, x) = with_keys_as_values(o, x, &mut rates, source);
        let context = rates.layer(&o, &x).context(&o);
        let left = Inner::default().with_outputs(&x.dc, &context);
        for (forward, backward) in [
            (CrossAttention, CrossAttentionBackward),
            (CrossAttentionSaved, CrossAttentionSavedBackward),
        ] {
            let mut x = x.clone();
            (calls.many)(&o, forward, &mut x);
            (calls.many)(&o, backward, &mut x);
            left.assert_equals::<F>(rates.with(&x), &format!("{backward:?}"));
        }
    });
}

/// Numbers that are attended, with zero elsewhere.
fn attended_or_zero(x: Vec<Option<Dual>>) -> impl Iterator<Item = Dual> {
    let zero = Dual { x: 0.0, rate: 0.0 };
    x.into_iter().map(move |x| x.unwrap_or(zero))
}

/// The functions of a single query.
pub fn single_query<F: Element>(calls: &Calls<F>) {
    on_random(calls, |o, x, source| {
        let o = o.query(0);
        let mut rates = Rates::random(&o, source);
        let x = Data {
            q: values(o.shape.n * o.shape.d, source),
            ..x.clone()
        };
        let (o, x) = with_keys_as_values(&o, &x, &mut rates, source);
        let Shape { n, t, .. } = o.shape;
        let layer = rates.layer(&o, &x);
        let upstream: Vec<F> = values(n * t, source);
        let call = |forward: Function, backward: Function, x: &Data<F>| {
            let mut x = x.clone();
            (calls.one)(&o, forward, &mut x);
            x.d.clone_from(&upstream);
            (calls.one)(&o, backward, &mut x);
            x
        };

        let scores: Vec<_> = (0..n)
            .flat_map(|n| attended_or_zero(layer.scores(&o, n, 0)))
            .collect();
        let y = call(Function::DotScores, Function::DotScoresBackward, &x);
        let left = Inner::default().with_outputs(&upstream, &scores);
        left.assert_equals::<F>(rates.with(&y), "dot_scores");

        let weights: Vec<_> = (0..n)
            .flat_map(|n| attended_or_zero(layer.weights(&o, n, 0)))
            .collect();
        let y = call(
            Function::AttentionWeights,
            Function::AttentionWeightsBackward,
            &x,
        );
        let left = Inner::default().with_outputs(&upstream, &weights);
        left.assert_equals::<F>(rates.with(&y), "attention_weights");

        let context = layer.context(&o);
        let left = Inner::default().with_outputs(&x.dc, &context);
        let y = call(Function::Attention, Function::AttentionBackward, &x);
        left.assert_equals::<F>(rates.with(&y), "attention");
        let y = call(
            Function::AttentionSaved,
            Function::AttentionSavedBackward,
            &x,
        );
        left.assert_equals::<F>(rates.with(&y), "attention from normalizers");

        // Softmax and weighted sum of random scores and weights.
        let (s, of_s): (Vec<F>, Vec<F>) = (values(n * t, source), values(n * t, source));
        let dual = duals(&s, &of_s);
        let rows = |n: usize| -> Vec<_> {
            (0..t)
                .map(|key| o.attended(n, 0, key).then(|| dual[n * t + key]))
                .collect()
        };
        let x = Data { a: s, ..x };
        let weights: Vec<_> = (0..n)
            .flat_map(|n| attended_or_zero(softmax(&rows(n))))
            .collect();
        let y = call(Function::Softmax, Function::SoftmaxBackward, &x);
        let left = Inner::default().with_outputs(&upstream, &weights);
        left.assert_equals::<F>(Inner::default().and(&of_s, &y.d), "softmax");

        let context: Vec<_> = (0..n)
            .flat_map(|n| layer.weighted_sum(&o, n, &rows(n)))
            .collect();
        let y = call(Function::WeightedSum, Function::WeightedSumBackward, &x);
        let left = Inner::default().with_outputs(&x.dc, &context);
        let right = Inner::default().and(&of_s, &y.d).and(&rates.k, &y.dv);
        left.assert_equals::<F>(right, "weighted_sum");
    });
}

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
