//! What must not change when keys, queries or batch rows change places, or when all scores, keys or
//! values are shifted together.

use crate::element::{Element, assert_same_bits};
use crate::options_calls::{Calls, Data, Function};
use crate::options_reference::{Options, Shape};
use crate::random::{assert_near, on_random, values};
use crate::values::Source;

/// A random order of `count` things.
fn order(count: usize, source: &mut Source) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for i in (1..count).rev() {
        order.swap(i, source.below(i + 1));
    }
    order
}

/// The groups of `width` numbers of each of the `rows` parts of `x`, in another order.
fn reorder<X: Copy>(x: &[X], rows: usize, order: &[usize], width: usize) -> Vec<X> {
    assert!(x.is_empty() || x.len() == rows * order.len() * width);
    let parts = x.chunks((order.len() * width).max(1));
    let part = |x: &[X]| -> Vec<X> {
        let groups = order.iter().map(|i| &x[i * width..(i + 1) * width]);
        groups.flatten().copied().collect()
    };
    parts.flat_map(part).collect()
}

fn run<F: Element>(calls: &Calls<F>, o: &Options<F>, x: &Data<F>) -> Data<F> {
    let mut x = Data {
        q: x.q.clone(),
        k: x.k.clone(),
        v: x.v.clone(),
        dc: x.dc.clone(),
        ..Data::unwritten(o.shape, o.on)
    };
    (calls.many)(o, Function::DotProductAttention, &mut x);
    (calls.many)(o, Function::DotProductAttentionBackward, &mut x);
    x
}

/// How far rounding may take two results apart that are equal in exact arithmetic, in units of the
/// largest magnitude.
const LIMIT: f64 = 8.0;

/// Keys in another order, with their values, masks and biases: weights and gradients of the keys
/// follow, contexts and gradients of the queries stay.
fn order_of_keys<F: Element>(calls: &Calls<F>) {
    on_random(calls, |o, x, source| {
        let Shape { n, u, t, d, e } = o.shape;
        let order = order(t, source);
        let moved = Options {
            mask: reorder(&o.mask, n, &order, 1),
            masks: reorder(&o.masks, n * u, &order, 1),
            bias: reorder(&o.bias, n, &order, 1),
            biases: reorder(&o.biases, n * u, &order, 1),
            ..o.clone()
        };
        let y = run(calls, o, x);
        let z = run(
            calls,
            &moved,
            &Data {
                k: reorder(&x.k, n, &order, d),
                v: reorder(&x.v, n, &order, e),
                ..x.clone()
            },
        );
        assert_near(&z.c, &y.c, LIMIT, "c");
        assert_near(&z.dq, &y.dq, LIMIT, "dq");
        assert_near(&z.a, &reorder(&y.a, n * u, &order, 1), LIMIT, "a");
        assert_near(&z.dk, &reorder(&y.dk, n, &order, d), LIMIT, "dk");
        assert_near(&z.dv, &reorder(&y.dv, n, &order, e), LIMIT, "dv");
        let rows = y.dbias.len() / t;
        assert_near(
            &z.dbias,
            &reorder(&y.dbias, rows, &order, 1),
            LIMIT,
            "dbias",
        );
    });
}

/// Queries in another order: what belongs to a query follows to the bit, what they share stays but for
/// the order of its sum.
fn order_of_queries<F: Element>(calls: &Calls<F>) {
    on_random(calls, |o, x, source| {
        let Shape { n, u, t, d, e } = o.shape;
        let order = order(u, source);
        let moved = Options {
            masks: reorder(&o.masks, n, &order, t),
            biases: reorder(&o.biases, n, &order, t),
            ..o.clone()
        };
        let y = run(calls, o, x);
        let z = run(
            calls,
            &moved,
            &Data {
                q: reorder(&x.q, n, &order, d),
                dc: reorder(&x.dc, n, &order, e),
                ..x.clone()
            },
        );
        assert_same_bits(&z.a, &reorder(&y.a, n, &order, t), "a");
        assert_same_bits(&z.c, &reorder(&y.c, n, &order, e), "c");
        assert_same_bits(&z.dq, &reorder(&y.dq, n, &order, d), "dq");
        assert_near(&z.dk, &y.dk, LIMIT, "dk");
        assert_near(&z.dv, &y.dv, LIMIT, "dv");
        if o.on.biases {
            assert_same_bits(&z.dbias, &reorder(&y.dbias, n, &order, t), "dbias");
        } else {
            assert_near(&z.dbias, &y.dbias, LIMIT, "dbias");
        }
    });
}

/// Batch rows in another order: everything follows, to the bit.
fn order_of_batch_rows<F: Element>(calls: &Calls<F>) {
    on_random(calls, |o, x, source| {
        let Shape { n, u, t, d, e } = o.shape;
        let order = order(n, source);
        let moved = Options {
            lengths: reorder(&o.lengths, 1, &order, 1),
            offsets: reorder(&o.offsets, 1, &order, 1),
            mask: reorder(&o.mask, 1, &order, t),
            masks: reorder(&o.masks, 1, &order, u * t),
            bias: reorder(&o.bias, 1, &order, t),
            biases: reorder(&o.biases, 1, &order, u * t),
            ..o.clone()
        };
        let y = run(calls, o, x);
        let z = run(
            calls,
            &moved,
            &Data {
                q: reorder(&x.q, 1, &order, u * d),
                k: reorder(&x.k, 1, &order, t * d),
                v: reorder(&x.v, 1, &order, t * e),
                dc: reorder(&x.dc, 1, &order, u * e),
                ..x.clone()
            },
        );
        assert_same_bits(&z.a, &reorder(&y.a, 1, &order, u * t), "a");
        assert_same_bits(&z.c, &reorder(&y.c, 1, &order, u * e), "c");
        assert_same_bits(&z.dq, &reorder(&y.dq, 1, &order, u * d), "dq");
        assert_same_bits(&z.dk, &reorder(&y.dk, 1, &order, t * d), "dk");
        assert_same_bits(&z.dv, &reorder(&y.dv, 1, &order, t * e), "dv");
        let width = y.dbias.len() / n;
        assert_same_bits(&z.dbias, &reorder(&y.dbias, 1, &order, width), "dbias");
    });
}

/// The same vector added to every key adds one number to all scores of a query: weights, contexts
/// and gradients of keys stay, and those gradients sum to zero. One number added to a
/// row of the bias does the same. The same vector added to every value is added to each context and
/// leaves the gradients of queries and keys as they are.
fn shifts<F: Element>(calls: &Calls<F>) {
    on_random(calls, |o, x, source| {
        let Shape { n, u, t, d, e } = o.shape;
        let y = run(calls, o, x);
        let plus = |x: &[F], shift: &[F]| -> Vec<F> {
            let shifts = shift.iter().cycle();
            x.iter().zip(shifts).map(|(x, shift)| *x + *shift).collect()
        };
        let k = plus(&x.k, &values(d, source));
        let z = run(calls, o, &Data { k, ..x.clone() });
        assert_near(&z.a, &y.a, 4.0 * LIMIT, "a of shifted keys");
        assert_near(&z.c, &y.c, 4.0 * LIMIT, "c of shifted keys");
        assert_near(&z.dk, &y.dk, 4.0 * LIMIT, "dk of shifted keys");
        let zeros = vec![F::of(0.0); n * d];
        let mut sums = zeros.clone();
        for (i, dk) in y.dk.iter().enumerate() {
            sums[i / (t * d) * d + i % d] += *dk;
        }
        assert_near(
            &plus(&sums, &[F::of(8.0)]),
            &plus(&zeros, &[F::of(8.0)]),
            LIMIT,
            "Σ dk",
        );

        let shift = F::of(source.unit());
        let biased = Options {
            bias: plus(&o.bias, &[shift]),
            biases: plus(&o.biases, &[shift]),
            ..o.clone()
        };
        let z = run(calls, &biased, x);
        assert_near(&z.a, &y.a, 4.0 * LIMIT, "a of a shifted bias");
        assert_near(&z.dbias, &y.dbias, 4.0 * LIMIT, "dbias of a shifted bias");

        let shift = values(e, source);
        let v = plus(&x.v, &shift);
        let z = run(calls, o, &Data { v, ..x.clone() });
        let mut c = y.c.clone();
        for (i, c) in c.iter_mut().enumerate() {
            // Where nothing is attended, the context stays zero.
            if o.attends(i / e / u, i / e % u) {
                *c += shift[i % e];
            }
        }
        assert_near(&z.c, &c, LIMIT, "c of shifted values");
        assert_near(&z.dq, &y.dq, 4.0 * LIMIT, "dq of shifted values");
        assert_near(&z.dk, &y.dk, 4.0 * LIMIT, "dk of shifted values");
    });
}

macro_rules! properties {
    ($($property:ident: $($name:ident $element:ident ($($option:ident)*))+;)+) => { $(
        mod $property { $(
            #[test]
            fn $name() {
                super::$property(
                    &crate::options_calls::calls!(dot_product $element (3 4 9 5 3) $($option)*),
                );
            }
        )+ }
    )+ };
}

properties! {
    order_of_keys: plain f32 () masked f64 (scale mask biases) masked_each f32 (masks bias);
    order_of_queries: plain f32 () masked f64 (scale masks bias) ranges f32 (lengths mask biases);
    order_of_batch_rows: plain f32 () all f64 (lengths causal_rows window masks bias);
    shifts: plain f64 () ranges f32 (scale lengths causal window) masked f64 (masks biases);
}
