//! Every option, all pairs of options and some triples: what they mean, forward and backward.
//!
//! Three properties are stamped on every combination: the results agree with the naive reference
//! and with central differences, and they have the bits of the functions that the fused ones are
//! made of, called query by query with poison wherever the query attends no key.

use crate::ball::In;
use crate::element::{Element, assert_same_bits};
use crate::equations::{Exact, assert_close, scores};
use crate::options_calls::{Call, Calls, Data, Function, Wish, WishCall, bias_size};
use crate::options_reference::{On, Options, Shape, batch_row, query_rows};
use crate::values::{Case, Source};

/// Random options and inputs.
pub fn random<'a, F: Element>(
    calls: &Calls<F>,
    case: Case<'a>,
) -> (Options<F>, Data<F>, Source<'a>) {
    let mut source = case.source();
    let on = if calls.subsets {
        calls.on.subset(&mut source)
    } else {
        calls.on
    };
    let o = Options::random(on, calls.shape, &mut source);
    let x = Data::random(calls.shape, calls.on, &mut source);
    (o, x, source)
}

/// Whether keys are values too, and the functions of that form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    Cross,
    DotProduct,
}

impl Form {
    fn of<F>(calls: &Calls<F>) -> &'static [Self] {
        if calls.every_function {
            &[Self::Cross, Self::DotProduct]
        } else {
            &[Self::DotProduct]
        }
    }

    pub fn forward(self) -> Function {
        match self {
            Self::Cross => Function::CrossAttention,
            Self::DotProduct => Function::DotProductAttention,
        }
    }

    pub fn backward(self) -> Function {
        match self {
            Self::Cross => Function::CrossAttentionBackward,
            Self::DotProduct => Function::DotProductAttentionBackward,
        }
    }

    fn saved(self) -> (Function, Function) {
        match self {
            Self::Cross => (
                Function::CrossAttentionSaved,
                Function::CrossAttentionSavedBackward,
            ),
            Self::DotProduct => (
                Function::DotProductAttentionSaved,
                Function::DotProductAttentionSavedBackward,
            ),
        }
    }

    /// In the cross form values are the keys, so that everything of their width has that of keys.
    pub fn data<F: Element>(
        self,
        shape: Shape,
        on: On,
        x: &Data<F>,
        source: &mut Source,
    ) -> Data<F> {
        let mut x = Data {
            q: x.q.clone(),
            k: x.k.clone(),
            v: x.v.clone(),
            dc: x.dc.clone(),
            ..Data::unwritten(shape, on)
        };
        if self == Self::Cross {
            x.v = x.k.clone();
            x.dc = source.vector(x.q.len());
            x.c = vec![F::of(f64::NAN); x.q.len()];
            x.dv = vec![F::of(f64::NAN); x.k.len()];
        }
        x
    }

    pub fn shape(self, shape: Shape) -> Shape {
        match self {
            Self::Cross => Shape {
                e: shape.d,
                ..shape
            },
            Self::DotProduct => shape,
        }
    }

    /// The outputs of a forward and a backward pass.
    pub fn run<F: Element>(self, call: Call<F>, o: &Options<F>, x: &Data<F>) -> Data<F> {
        let mut x = x.clone();
        call(o, self.forward(), &mut x);
        call(o, self.backward(), &mut x);
        x
    }
}

/// All that a forward and a backward pass write.
#[track_caller]
pub fn assert_same<F: Element>(form: Form, actual: &Data<F>, expected: &Data<F>, what: &str) {
    assert_same_bits(&actual.a, &expected.a, &format!("a of {form:?}, {what}"));
    assert_same_bits(&actual.c, &expected.c, &format!("c of {form:?}, {what}"));
    assert_same_gradients(form, actual, expected, what);
}

#[track_caller]
pub fn assert_same_gradients<F: Element>(
    form: Form,
    actual: &Data<F>,
    expected: &Data<F>,
    what: &str,
) {
    assert_same_bits(&actual.dq, &expected.dq, &format!("dq of {form:?}, {what}"));
    assert_same_bits(&actual.dk, &expected.dk, &format!("dk of {form:?}, {what}"));
    if form == Form::DotProduct {
        assert_same_bits(&actual.dv, &expected.dv, &format!("dv of {form:?}, {what}"));
    }
    let what = &format!("dbias of {form:?}, {what}");
    assert_same_bits(&actual.dbias, &expected.dbias, what);
}

fn poison<F: Element>(i: usize) -> F {
    F::of([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -f64::NAN][i % 4])
}

#[track_caller]
fn assert_zero<F: Element>(x: F, what: &str) {
    assert_eq!(
        x.pattern(),
        F::of(0.0).pattern(),
        "{what}: {x:?} instead of +0.0"
    );
}

/// Poison in the rows of keys that the query of these options does not attend.
fn hide<F: Element>(o: &Options<F>, x: &mut [F], width: usize) {
    for (i, x) in x.iter_mut().enumerate() {
        let (n, t) = (i / width / o.shape.t, i / width % o.shape.t);
        if !o.attended(n, 0, t) {
            *x = poison(i);
        }
    }
}

/// What one query makes of the inputs, every function called in turn.
struct Query<F> {
    a: Vec<F>,
    c: Vec<F>,
    dq: Vec<F>,
    dk: Vec<F>,
    dv: Vec<F>,
    ds: Vec<F>,
}

impl<F: Element> Query<F> {
    fn new(form: Form, call: Call<F>, o: &Options<F>, x: &Data<F>, u: usize) -> Self {
        let shape = form.shape(o.shape);
        let Shape {
            n,
            u: queries,
            t,
            d,
            e,
        } = shape;
        let o = o.query(u);
        let one = o.shape;
        let masked = |i: usize| !o.attended(i / t, 0, i % t);
        let mut x = Data {
            q: query_rows(&x.q, n, queries, d, u),
            k: x.k.clone(),
            v: x.v.clone(),
            dc: query_rows(&x.dc, n, queries, e, u),
            c: vec![F::of(f64::NAN); n * e],
            dv: vec![F::of(f64::NAN); n * t * e],
            ..Data::unwritten(one, o.on)
        };
        let hide = |x: &mut [F], width: usize| hide(&o, x, width);
        let check = |x: &[F], width: usize, expected: f64, what: &str| {
            for (i, x) in x.iter().enumerate() {
                if masked(i / width) {
                    assert_eq!(x.pattern(), F::of(expected).pattern(), "{what}: {x:?}");
                }
            }
        };
        hide(&mut x.k, d);
        hide(&mut x.v, e);
        let inputs = x.clone();

        call(&o, Function::DotScores, &mut x);
        check(&x.a, 1, f64::NEG_INFINITY, "masked score");
        hide(&mut x.a, 1);
        call(&o, Function::Softmax, &mut x);
        check(&x.a, 1, 0.0, "masked weight");
        let a = x.a.clone();
        hide(&mut x.a, 1);
        let (sum, sum_backward) = match form {
            Form::Cross => (Function::WeightedSum, Function::WeightedSumBackward),
            Form::DotProduct => (
                Function::WeightedSumOfValues,
                Function::WeightedSumOfValuesBackward,
            ),
        };
        call(&o, sum, &mut x);
        call(&o, sum_backward, &mut x);
        check(&x.d, 1, 0.0, "da of a masked key");
        check(&x.dv, e, 0.0, "dv of a masked key");
        hide(&mut x.d, 1);
        let da = x.d.clone();
        call(&o, Function::SoftmaxBackward, &mut x);
        check(&x.d, 1, 0.0, "ds of a masked key");
        let ds = x.d.clone();
        hide(&mut x.d, 1);
        call(&o, Function::DotScoresBackward, &mut x);
        check(&x.dk, d, 0.0, "dk of a masked key");
        let query = Self {
            a,
            c: x.c,
            dq: x.dq,
            dk: x.dk,
            dv: x.dv,
            ds,
        };
        if form == Form::Cross {
            query.check_fused(call, &o, &inputs, &da);
        }
        query
    }

    /// The fused functions of a single query are the functions in turn.
    fn check_fused(&self, call: Call<F>, o: &Options<F>, inputs: &Data<F>, da: &[F]) {
        let dbias: Vec<F> = match bias_size(o.shape, o.on) {
            0 => Vec::new(),
            _ => self.ds.iter().map(|&ds| F::of(0.0) + ds).collect(),
        };
        let mut x = inputs.clone();
        call(o, Function::AttentionWeights, &mut x);
        assert_same_bits(&x.a, &self.a, "attention_weights");
        hide(o, &mut x.a, 1);
        x.d = da.to_vec();
        call(o, Function::AttentionWeightsBackward, &mut x);
        assert_same_bits(&x.dq, &self.dq, "dh of attention_weights");
        assert_same_bits(&x.dk, &self.dk, "dhs of attention_weights");

        let dhs: Vec<F> = self.dv.iter().zip(&self.dk).map(|(&v, &k)| v + k).collect();
        let mut x = inputs.clone();
        call(o, Function::Attention, &mut x);
        assert_same_bits(&x.a, &self.a, "a of attention");
        assert_same_bits(&x.c, &self.c, "c of attention");
        hide(o, &mut x.a, 1);
        call(o, Function::AttentionBackward, &mut x);
        assert_same_bits(&x.dq, &self.dq, "dh of attention");
        assert_same_bits(&x.dk, &dhs, "dhs of attention");
        assert_same_bits(&x.dbias, &dbias, "dbias of attention");

        let mut x = inputs.clone();
        call(o, Function::AttentionSaved, &mut x);
        assert_same_bits(&x.c, &self.c, "c of attention, two numbers saved");
        call(o, Function::AttentionSavedBackward, &mut x);
        assert_same_bits(&x.dq, &self.dq, "dh of attention, two numbers saved");
        assert_same_bits(&x.dk, &dhs, "dhs of attention, two numbers saved");
        assert_same_bits(&x.dbias, &dbias, "dbias of attention, two numbers saved");
    }
}

/// The outputs of all queries together: the gradients of keys, values and the bias are those of
/// the first query, to which those of the others are added in order, but only where a query
/// attends the key. With `before`, those of the first query are added too, to what is there.
pub fn composed<F: Element>(
    form: Form,
    call: Call<F>,
    o: &Options<F>,
    x: &Data<F>,
    before: Option<&Data<F>>,
) -> Data<F> {
    let shape = form.shape(o.shape);
    let Shape {
        n,
        u: queries,
        t: keys,
        d,
        e,
    } = shape;
    let mut y = x.clone();
    for x in [&mut y.dq, &mut y.dk, &mut y.dv, &mut y.dbias] {
        x.fill(F::of(0.0));
    }
    if let Some(before) = before {
        y.dq.clone_from(&before.dq);
        y.dk.clone_from(&before.dk);
        y.dv.clone_from(&before.dv);
        y.dbias.clone_from(&before.dbias);
    }
    for u in 0..queries {
        let query = Query::new(form, call, o, x, u);
        let put = |y: &mut F, value: F, overwritten: bool| {
            *y = if overwritten { value } else { *y + value };
        };
        for n in 0..n {
            let own = n * queries + u;
            y.a[own * keys..][..keys].copy_from_slice(&query.a[n * keys..][..keys]);
            y.c[own * e..][..e].copy_from_slice(&query.c[n * e..][..e]);
            for i in 0..d {
                put(
                    &mut y.dq[own * d + i],
                    query.dq[n * d + i],
                    before.is_none(),
                );
            }
            for t in (0..keys).filter(|&t| o.attended(n, u, t)) {
                let row = n * keys + t;
                let first = u == 0 && before.is_none();
                for i in 0..d {
                    let (dk, i) = (query.dk[row * d + i], row * d + i);
                    match form {
                        Form::Cross => put(&mut y.dk[i], query.dv[i] + dk, first),
                        Form::DotProduct => put(&mut y.dk[i], dk, first),
                    }
                }
                if form == Form::DotProduct {
                    for i in row * e..(row + 1) * e {
                        put(&mut y.dv[i], query.dv[i], first);
                    }
                }
                if o.on.bias {
                    put(&mut y.dbias[row], query.ds[row], false);
                }
                if o.on.biases {
                    put(&mut y.dbias[own * keys + t], query.ds[row], false);
                }
            }
        }
    }
    y
}

/// Every function has the bits of its parts, whatever the numbers are and whatever stands where
/// nothing is attended; two saved numbers are as good as the weights.
pub fn bits<F: Element>(calls: &Calls<F>, case: Case) {
    let (o, x, mut source) = random(calls, case);
    for &form in Form::of(calls) {
        let x = form.data(calls.shape, calls.on, &x, &mut source);
        let y = form.run(calls.many, &o, &x);
        check_zeros(form, &o, &y);
        check_poison(form, calls, &o, &x, &y);
        check_nan_query(form, calls, &o, &x, &y, &mut source);
        if calls.every_function {
            let expected = composed(form, calls.one, &o, &x, None);
            assert_same(form, &y, &expected, "composed of its parts");
            check_saved(form, calls, &o, &x, &y);
            check_special_scores(calls, &o, &mut source);
        }
    }
}

/// Everything that belongs to a key or a query that attends nothing is `+0.0`.
fn check_zeros<F: Element>(form: Form, o: &Options<F>, y: &Data<F>) {
    let Shape {
        n,
        u: queries,
        t: keys,
        d,
        e,
    } = form.shape(o.shape);
    for n in 0..n {
        for u in 0..queries {
            let own = n * queries + u;
            for t in (0..keys).filter(|&t| !o.attended(n, u, t)) {
                assert_zero(y.a[own * keys + t], "a");
                if o.on.biases {
                    assert_zero(y.dbias[own * keys + t], "dbias");
                }
            }
            if !o.attends(n, u) {
                y.c[own * e..][..e]
                    .iter()
                    .for_each(|&c| assert_zero(c, "c"));
                y.dq[own * d..][..d]
                    .iter()
                    .for_each(|&dq| assert_zero(dq, "dq"));
            }
        }
        for t in (0..keys).filter(|&t| !o.wanted(n, t)) {
            let row = n * keys + t;
            y.dk[row * d..][..d]
                .iter()
                .for_each(|&dk| assert_zero(dk, "dk"));
            if form == Form::DotProduct {
                y.dv[row * e..][..e]
                    .iter()
                    .for_each(|&dv| assert_zero(dv, "dv"));
            }
            if o.on.bias {
                assert_zero(y.dbias[row], "dbias");
            }
        }
    }
}

/// Replaces all inputs that no query reads, the bias and the weights among them.
fn poisoned<F: Element>(form: Form, o: &Options<F>, x: &Data<F>) -> (Options<F>, Data<F>) {
    let Shape {
        n,
        u: queries,
        t: keys,
        d,
        e,
    } = form.shape(o.shape);
    let (mut bad, mut x) = (o.clone(), x.clone());
    let minus_infinity = F::of(f64::NEG_INFINITY);
    for n in 0..n {
        for u in 0..queries {
            let own = n * queries + u;
            for t in (0..keys).filter(|&t| !o.attended(n, u, t)) {
                let i = own * keys + t;
                x.a[i] = poison(i);
                x.d[i] = poison(i);
                if bad.biases[i] != minus_infinity {
                    bad.biases[i] = F::of([f64::NAN, f64::INFINITY][i % 2]);
                }
            }
            if !o.attends(n, u) {
                for i in 0..d {
                    x.q[own * d + i] = poison(i);
                }
                for i in 0..e {
                    x.dc[own * e + i] = poison(i);
                }
                x.saved[own].max = poison(own);
                x.saved[own].sum = poison(own + 1);
            }
        }
        for t in (0..keys).filter(|&t| !o.wanted(n, t)) {
            let row = n * keys + t;
            for i in 0..d {
                x.k[row * d + i] = poison(t + i);
            }
            for i in 0..e {
                x.v[row * e + i] = poison(t + i);
            }
            if bad.bias[row] != minus_infinity {
                bad.bias[row] = F::of([f64::NAN, f64::INFINITY][t % 2]);
            }
        }
    }
    if form == Form::Cross {
        x.v.clone_from(&x.k);
    }
    (bad, x)
}

fn check_poison<F: Element>(
    form: Form,
    calls: &Calls<F>,
    o: &Options<F>,
    x: &Data<F>,
    y: &Data<F>,
) {
    let (bad, clean) = poisoned(form, o, x);
    let mut actual = clean.clone();
    (calls.many)(&bad, form.forward(), &mut actual);
    assert_same_bits(&actual.a, &y.a, "a with poison");
    assert_same_bits(&actual.c, &y.c, "c with poison");
    (_, actual) = poisoned(form, o, &actual);
    (calls.many)(&bad, form.backward(), &mut actual);
    assert_same_gradients(form, &actual, y, "with poison");
}

fn check_saved<F: Element>(form: Form, calls: &Calls<F>, o: &Options<F>, x: &Data<F>, y: &Data<F>) {
    let (forward, backward) = form.saved();
    let mut actual = x.clone();
    (calls.many)(o, forward, &mut actual);
    assert_same_bits(&actual.c, &y.c, "c, two numbers saved");
    (calls.many)(o, backward, &mut actual);
    assert_same_gradients(form, &actual, y, "two numbers saved");

    let (bad, mut actual) = poisoned(form, o, x);
    (calls.many)(&bad, forward, &mut actual);
    assert_same_bits(&actual.c, &y.c, "c, two numbers saved, with poison");
    (_, actual) = poisoned(form, o, &actual);
    (calls.many)(&bad, backward, &mut actual);
    assert_same_gradients(form, &actual, y, "two numbers saved, with poison");
}

/// NaN in one query: its own outputs are NaN, and so are the gradients of what it attends; nothing
/// else changes a bit.
fn check_nan_query<F: Element>(
    form: Form,
    calls: &Calls<F>,
    o: &Options<F>,
    x: &Data<F>,
    y: &Data<F>,
    source: &mut Source,
) {
    let Shape {
        n: batch,
        u: queries,
        t: keys,
        d,
        e,
    } = form.shape(o.shape);
    if batch * queries * d == 0 {
        return;
    }
    let (n, u) = (source.below(batch), source.below(queries));
    let own = n * queries + u;
    let mut x = x.clone();
    x.q[own * d + source.below(d)] = F::of(f64::NAN);
    let actual = form.run(calls.many, o, &x);

    let mut expected = y.clone();
    let nan = F::of(f64::NAN);
    if o.attends(n, u) {
        expected.c[own * e..][..e].fill(nan);
        expected.dq[own * d..][..d].fill(nan);
    }
    for t in (0..keys).filter(|&t| o.attended(n, u, t)) {
        let row = n * keys + t;
        expected.a[own * keys + t] = nan;
        expected.dk[row * d..][..d].fill(nan);
        if form == Form::DotProduct {
            expected.dv[row * e..][..e].fill(nan);
        }
        if o.on.bias {
            expected.dbias[row] = nan;
        }
        if o.on.biases {
            expected.dbias[own * keys + t] = nan;
        }
    }
    assert_same(form, &actual, &expected, "NaN in a query");
}

/// NaN or `+∞` in an attended score makes the attended weights of that row NaN, and its gradients;
/// the bits of other rows do not change.
fn check_special_scores<F: Element>(calls: &Calls<F>, o: &Options<F>, source: &mut Source) {
    let Shape {
        n: batch, t: keys, ..
    } = o.shape;
    if o.shape.u == 0 || batch * keys == 0 {
        return;
    }
    let o = o.query(source.below(o.shape.u));
    let (n, t) = (source.below(batch), source.below(keys));
    if !o.attended(n, 0, t) {
        return;
    }
    let mut x = Data::unwritten(o.shape, o.on);
    x.a = (0..batch * keys).map(|_| source.value()).collect();
    x.d = (0..batch * keys).map(|_| source.value()).collect();
    let mut expected = x.clone();
    (calls.one)(&o, Function::Softmax, &mut expected);
    (calls.one)(&o, Function::SoftmaxBackward, &mut expected);
    for t in (0..keys).filter(|&t| o.attended(n, 0, t)) {
        expected.a[n * keys + t] = F::of(f64::NAN);
        expected.d[n * keys + t] = F::of(f64::NAN);
    }
    x.a[n * keys + t] = F::of([f64::NAN, f64::INFINITY][source.below(2)]);
    (calls.one)(&o, Function::Softmax, &mut x);
    assert_same_bits(&x.a, &expected.a, "weights of a special score");
    (calls.one)(&o, Function::SoftmaxBackward, &mut x);
    assert_same_bits(&x.d, &expected.d, "gradients of a special score");
}

/// Values and gradients in the balls of the reference.
pub fn exact<F: Element>(calls: &Calls<F>, case: Case) {
    let (o, x, mut source) = random(calls, case);
    for &form in Form::of(calls) {
        let x = form.data(calls.shape, calls.on, &x, &mut source);
        let y = form.run(calls.many, &o, &x);
        let shape = form.shape(o.shape);
        let exact = Exact::new(&Options { shape, ..o.clone() }, &y);
        assert_close(&y.a, &exact.a, "a");
        assert_close(&y.c, &exact.c, "c");
        assert_close(&y.dq, &exact.dq, "dq");
        assert_close(&y.dbias, &exact.dbias, "dbias");
        if form == Form::Cross {
            assert_close(&y.dk, &exact.of_keys_and_values(), "dhs_enc");
        } else {
            assert_close(&y.dk, &exact.dk, "dk");
            assert_close(&y.dv, &exact.dv, "dv");
        }
    }
    let queries = if calls.every_function { o.shape.u } else { 0 };
    for u in 0..queries {
        let mut one = Data {
            q: query_rows(&x.q, o.shape.n, o.shape.u, o.shape.d, u),
            k: x.k.clone(),
            ..Data::unwritten(o.query(u).shape, o.on)
        };
        (calls.one)(&o.query(u), Function::DotScores, &mut one);
        let exact = (0..o.shape.n).flat_map(|n| scores(&o, &x.q, &x.k, n, u));
        for (s, exact) in one.a.iter().zip(exact) {
            match exact {
                Some(exact) => In::check(*s, exact, "score"),
                None => assert_eq!(s.wide(), f64::NEG_INFINITY),
            }
        }
    }
}

/// The gradients are the slopes of the library's own forward pass, in `f64`.
///
/// The loss is the sum of all contexts times `dc`, so `dc` is its upstream gradient. Along one
/// element of a query, a key or the bias, each score is `s + r·z` with `|r|` at most `rate`. As
/// long as `|r·z| ≤ π/4`, the terms of a softmax, for complex `z` too, lie within an angle of π/4
/// to either side of the real axis and differ in magnitude from those at 0 by a factor; so
/// `|c(z)| ≤ √2·max|v|`, and the loss is an analytic function that is at most
/// `B = √2·Σ|dc|·(max|v| + radius)` on the disk of `radius = π/4/rate`. By Cauchy's estimate its
/// `j`-th Taylor coefficient is at most `B/radiusʲ`. Three differences with steps `h`, `2h` and
/// `4h`, extrapolated, cancel the coefficients of order 3 and 5; the others and the rounding of
/// the losses are what the bound adds up.
pub fn differences(calls: &Calls<f64>, case: Case) {
    const STEP: f64 = 1.0 / 512.0;
    let (o, x, mut source) = random(calls, case.even());
    for &form in Form::of(calls) {
        let x = form.data(calls.shape, calls.on, &x, &mut source);
        let y = form.run(calls.many, &o, &x);
        let loss = |o: &Options<f64>, x: &Data<f64>| -> f64 {
            let mut x = x.clone();
            (calls.many)(o, form.forward(), &mut x);
            x.c.iter().zip(&x.dc).map(|(c, dc)| c * dc).sum()
        };
        let scale = o.scale().abs().max(1.0);
        // Inputs are below 1, and the bias has a rate of 1.
        let radius = core::f64::consts::FRAC_PI_4 / scale;
        let weight: f64 = x.dc.iter().map(|dc| dc.abs()).sum();
        let largest = core::f64::consts::SQRT_2 * weight * (1.0 + radius);
        let bound = difference_bound(STEP, largest, radius, loss_error(&o, scale) * largest);

        let gradients = [(0, &y.dq), (1, &y.dk), (2, &y.dv), (3, &y.dbias)];
        for (input, gradient) in gradients {
            let absent = form == Form::Cross && input == 2;
            if gradient.is_empty() || absent {
                continue;
            }
            for _ in 0..6 {
                let i = source.below(gradient.len());
                let at = |offset: f64| {
                    let (mut o, mut x) = (o.clone(), x.clone());
                    match input {
                        0 => x.q[i] += offset,
                        1 => x.k[i] += offset,
                        2 => x.v[i] += offset,
                        _ if o.on.bias => o.bias[i] += offset,
                        _ => o.biases[i] += offset,
                    }
                    loss(&o, &x)
                };
                let slope = |step: f64| (at(step) - at(-step)) / (2.0 * step);
                let (d1, d2, d4) = (slope(STEP), slope(2.0 * STEP), slope(4.0 * STEP));
                let expected = (64.0 * d1 - 20.0 * d2 + d4) / 45.0;
                let error = (gradient[i] - expected).abs();
                assert!(
                    error <= bound,
                    "{form:?} {input} {i}: {error:e} of {bound:e}"
                );
            }
        }
    }
}

/// The error of a loss in units of its bound: that of the weights, as in the reference, and of
/// the sums.
fn loss_error<F: Element>(o: &Options<F>, scale: f64) -> f64 {
    let Shape { n, u, t, d, e } = o.shape;
    let count = |x: usize| f64::from(u32::try_from(x).expect("it is small"));
    let roundings = count(d + e + 2 * t + u + 16);
    // A score is at most this, as inputs are below 1 and the bias below 3, and moved a little.
    let score = 2.0 * scale * count(d) + 4.0;
    let of_weights = 2.0 * (roundings * 3.0 * score + roundings);
    (of_weights + roundings + count(n * u * d.max(e))) * f64::ROUNDOFF
}

fn difference_bound(step: f64, largest: f64, radius: f64, rounding: f64) -> f64 {
    let mut truncation = 0.0;
    for j in 3..40 {
        let weight = 64.0 + 20.0 * libm::exp2(2.0 * f64::from(j)) + libm::exp2(4.0 * f64::from(j));
        let ratio = libm::pow(step / radius, 2.0 * f64::from(j));
        truncation += weight / 45.0 * ratio * largest / radius;
    }
    // Each slope is off by the error of a loss over its step, and by the rounding of its ends.
    truncation + (64.0 + 10.0 + 0.25) / 45.0 * rounding / step + 1e-12 * largest
}

/// `Skip` and `Accumulate` in every place.
pub fn wishes<F: Element>(calls: &Calls<F>, wish: WishCall<F>, case: Case) {
    let (o, x, mut source) = random(calls, case);
    let (o, source) = (&o, &mut source);
    for &form in Form::of(calls) {
        let x = form.data(calls.shape, calls.on, &x, source);
        let y = form.run(calls.many, o, &x);
        let mut before = y.clone();
        // Adding a gradient of +0.0 to a query's is one addition too; a key's is left alone.
        for x in &mut before.dq {
            *x = buffer(1.0, source);
        }
        let keys = before.dk.iter_mut().chain(&mut before.dv);
        for x in keys.chain(&mut before.dbias) {
            *x = buffer(-0.0, source);
        }
        let added = composed(form, calls.one, o, &x, Some(&before));
        check_untouched(form, o, &before, &added);
        let run = |wished: Wish| {
            let mut x = before.clone();
            wish(o, form.backward(), wished, &mut x);
            x
        };
        assert_same_gradients(form, &run(Wish::Accumulate), &added, "accumulated");
        for place in 0..4 {
            if form == Form::Cross && place == 2 {
                continue;
            }
            let actual = run(Wish::Only(place));
            let expected = mixed(&before, &y, place);
            assert_same_gradients(form, &actual, &expected, "one overwritten");
            let actual = run(Wish::AllBut(place));
            let expected = mixed(&added, &before, place);
            assert_same_gradients(form, &actual, &expected, "one skipped");
            let actual = run(Wish::Mixed(place));
            let expected = mixed(&y, &added, place);
            assert_same_gradients(form, &actual, &expected, "one accumulated");
        }
    }
}

/// What a buffer may hold before: `zero` now and then instead of a zero.
fn buffer<F: Element>(zero: f64, source: &mut Source) -> F {
    let x = source.value::<F>();
    if x.wide() == 0.0 || source.below(8) == 0 {
        F::of(zero)
    } else {
        x
    }
}

/// The gradients of `x`, but for one that is that of `other`.
fn mixed<F: Element>(x: &Data<F>, other: &Data<F>, place: usize) -> Data<F> {
    let mut x = x.clone();
    match place {
        0 => x.dq.clone_from(&other.dq),
        1 => x.dk.clone_from(&other.dk),
        2 => x.dv.clone_from(&other.dv),
        _ => x.dbias.clone_from(&other.dbias),
    }
    x
}

/// Where nothing is attended, accumulating changes no bit.
fn check_untouched<F: Element>(form: Form, o: &Options<F>, before: &Data<F>, after: &Data<F>) {
    let Shape {
        n,
        u: queries,
        t: keys,
        d,
        e,
    } = form.shape(o.shape);
    for n in 0..n {
        for u in (0..queries).filter(|&u| !o.attends(n, u)) {
            let own = n * queries + u;
            let (actual, expected) = (&after.dq[own * d..][..d], &before.dq[own * d..][..d]);
            assert_same_bits(actual, expected, "dq where nothing is attended");
        }
        for t in (0..keys).filter(|&t| !o.wanted(n, t)) {
            let row = n * keys + t;
            let (actual, expected) = (&after.dk[row * d..][..d], &before.dk[row * d..][..d]);
            assert_same_bits(actual, expected, "dk of a key that is not attended");
            if form == Form::DotProduct {
                let (actual, expected) = (&after.dv[row * e..][..e], &before.dv[row * e..][..e]);
                assert_same_bits(actual, expected, "dv of a key that is not attended");
            }
        }
    }
}

/// A batch row alone has the bits that it has in the batch.
pub fn batch_rows<F: Element>(calls: &Calls<F>, alone: &Calls<F>, case: Case) {
    let (o, x, mut source) = random(calls, case);
    let (o, source) = (&o, &mut source);
    let Shape { n: batch, u, t, .. } = o.shape;
    for &form in Form::of(calls) {
        let Shape { d, e, .. } = form.shape(o.shape);
        let x = form.data(calls.shape, calls.on, &x, source);
        let y = form.run(calls.many, o, &x);
        for n in 0..batch {
            let row = |x: &Data<F>| Data {
                q: batch_row(&x.q, n, u * d),
                k: batch_row(&x.k, n, t * d),
                v: batch_row(&x.v, n, t * e),
                dc: batch_row(&x.dc, n, u * e),
                a: batch_row(&x.a, n, u * t),
                saved: batch_row(&x.saved, n, u),
                d: batch_row(&x.d, n, u * t),
                c: batch_row(&x.c, n, u * e),
                dq: batch_row(&x.dq, n, u * d),
                dk: batch_row(&x.dk, n, t * d),
                dv: batch_row(&x.dv, n, t * e),
                dbias: batch_row(&x.dbias, n, x.dbias.len() / batch),
            };
            let actual = form.run(alone.many, &o.row(n), &row(&x));
            assert_same(form, &actual, &row(&y), "a batch row alone");
        }
    }
}

/// The properties of a combination of options at shapes for each type.
macro_rules! combination {
    ($name:ident, $functions:ident f32 $shape:tt $($option:ident)*) => {
        mod $name {
            $crate::options::stamp! { bits ALL 1, $functions f32 $shape $($option)* }
            $crate::options::stamp! { exact ALL 1, $functions f32 $shape $($option)* }
        }
    };
    ($name:ident, $functions:ident f64 $shape:tt $($option:ident)*) => {
        mod $name {
            $crate::options::stamp! { bits ALL 1, $functions f64 $shape $($option)* }
            $crate::options::stamp! { exact ALL 1, $functions f64 $shape $($option)* }
            $crate::options::stamp! { differences EVEN 10_000, $functions f64 $shape $($option)* }
        }
    };
}

macro_rules! stamp {
    ($property:ident $kinds:ident $size:literal, $($calls:tt)+) => {
        #[test]
        fn $property() {
            let calls = $crate::options_calls::calls!($($calls)+);
            $crate::shapes::run(&$crate::values::Kind::$kinds, $size, |case| {
                $crate::options::$property(&calls, case);
            });
        }
    };
}

pub(crate) use stamp;

combination! { no_option, every f32 (2 3 11 5 3) }

macro_rules! single_options {
    ($($option:ident)*) => { $(
        mod $option {
            combination! { of_f32, every f32 (2 3 11 5 3) $option }
            combination! { of_f64, dot_product f64 (1 4 6 9 2) $option }
        }
    )* };
}

mod single {
    single_options! {
        scale scale_by_width lengths causal causal_rows window window_at mask masks bias biases
    }
}

macro_rules! pairs {
    ($option:ident) => {};
    // There is one bias at most.
    (bias biases) => {};
    // And one mask.
    (mask masks $($second:ident)+) => {
        mod mask {
            $( combination! { $second, dot_product f64 (2 3 7 3 2) mask $second } )+
        }
        pairs! { masks $($second)+ }
    };
    ($first:ident $($second:ident)+) => {
        mod $first {
            $( combination! { $second, dot_product f64 (2 3 7 3 2) $first $second } )+
        }
        pairs! { $($second)+ }
    };
}

mod pairs {
    pairs! {
        scale scale_by_width lengths causal causal_rows window window_at mask masks bias biases
    }
}

/// Any subset of the options of a chain.
macro_rules! chains {
    ($($name:ident: $element:ident $shape:tt;)*) => { $(
        mod $name {
            combination! { ranges, subsets $element $shape lengths causal window causal_rows }
            combination! { with_bias, subsets $element $shape
                scale lengths causal causal_rows window window_at masks bias
            }
            combination! { with_biases, subsets $element $shape
                biases masks window_at scale_by_width scale lengths
            }
        }
    )* };
}

mod chains {
    chains! {
        a_decoder: f32 (2 5 9 4 6);
        self_attention: f64 (2 6 6 3 5);
    }
}

macro_rules! shapes {
    ($($name:ident: $first:ident $second:ident $shape:tt;)*) => { $(
        mod $name {
            combination! { ranges, subsets $first $shape scale lengths causal_rows window_at }
            combination! { tests, subsets $second $shape lengths causal masks bias }
        }
    )* };
}

mod shapes_of {
    shapes! {
        no_batch: f32 f64 (0 2 3 2 2);
        no_queries: f64 f32 (2 0 3 2 2);
        no_keys: f32 f64 (2 2 0 3 2);
        no_width: f64 f32 (2 2 3 0 2);
        no_values: f32 f64 (2 2 3 2 0);
        ones: f64 f32 (1 1 1 1 1);
        one_query: f32 f64 (3 1 9 8 9);
        long: f64 f32 (1 2 77 2 13);
        broad: f32 f64 (1 2 14 3 70);
    }
}

macro_rules! wishes {
    ($($name:ident: $element:ident $shape:tt $($option:ident)*;)*) => { $(
        #[test]
        fn $name() {
            let calls = crate::options_calls::calls!(every $element $shape $($option)*);
            let wish = crate::options_calls::wish_call!($element $shape $($option)*);
            crate::shapes::run(&crate::values::Kind::ALL, 1, |case| {
                super::wishes(&calls, wish, case);
            });
        }
    )* };
}

mod gradient_arguments {
    wishes! {
        without_options: f64 (2 3 9 5 4);
        with_ranges: f32 (2 3 9 5 4) scale lengths causal;
        with_a_bias: f64 (1 3 5 4 3) causal bias;
        with_everything: f32 (2 2 6 3 5) scale_by_width causal_rows masks biases;
        without_queries: f32 (2 0 3 2 2) bias;
        of_long_rows: f64 (2 2 18 10 9) scale lengths window mask;
    }
}

macro_rules! rows {
    ($($name:ident: $($option:ident)*;)*) => { $(
        #[test]
        fn $name() {
            let calls = crate::options_calls::calls!(every f32 (3 2 9 5 4) $($option)*);
            let alone = crate::options_calls::calls!(every f32 (1 2 9 5 4) $($option)*);
            crate::shapes::run(&crate::values::Kind::ALL, 1, |case| {
                super::batch_rows(&calls, &alone, case);
            });
        }
    )* };
}

mod batch {
    rows! {
        without_options: ;
        with_a_bias: scale lengths causal mask bias;
        with_biases: causal_rows window masks biases;
    }
}
