//! Each backward pass is the transpose of the derivative of its forward pass: ⟨J v, w⟩ = ⟨v, Jᵀ w⟩.
//!
//! `J v` comes from dual numbers, `Jᵀ w` from the crate, `v` and `w` are random. One identity tests
//! all elements of all gradients at once, each option with the functions that take it.

mod losses;
mod one_query;

use crate::dual::{Dual, Layer, duals};
use crate::element::Element;
use crate::options_calls::{Calls, Data, Function, bias_size};
use crate::options_reference::{Options, Shape};
use crate::random::{on_every_option, on_random, values};
use crate::values::Source;

on_every_option! { several_queries }

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
fn several_queries<F: Element>(calls: &Calls<F>) {
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
