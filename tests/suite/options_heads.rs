//! Several heads and grouped queries without a head axis, against a written-out reference.
//!
//! A model has arrays `[T][HEADS·D]`; heads are batch rows `[HEADS][T][D]`. Query heads that share
//! a head of keys and values are further queries, or, where a query is a time, a call each, with
//! the gradients of keys and values accumulated.

use core::array;

use microattention::{Accumulate, Attend};

use crate::element::{Element, Tensor};
use crate::equations::{Exact, Terms, assert_close};
use crate::options_calls::Data;
use crate::options_reference::{On, Options, Shape};
use crate::shapes;
use crate::values::{Kind, Source};

const T: usize = 7;
const D: usize = 3;
const HEADS: usize = 6;
/// Heads of keys and values where queries are grouped, and how many query heads share one.
const SHARED: usize = 2;
const GROUP: usize = 3;

/// Features `j·D..(j + 1)·D` are head `j`.
fn split<F: Element, const WIDTH: usize, const HEADS: usize>(
    x: &[[F; WIDTH]; T],
) -> [[[F; D]; T]; HEADS] {
    array::from_fn(|j| x.map(|x| array::from_fn(|i| x[j * D + i])))
}

/// Heads side by side again.
fn joined<F: Element, const WIDTH: usize, const HEADS: usize>(
    x: &[[[F; D]; T]; HEADS],
) -> [[F; WIDTH]; T] {
    array::from_fn(|t| array::from_fn(|i| x[i / D][t][i % D]))
}

/// A layer in the layout of its model, with `WIDTH / D` heads of keys and values.
struct Layer<F, const WIDTH: usize> {
    q: [[F; HEADS * D]; T],
    k: [[F; WIDTH]; T],
    v: [[F; WIDTH]; T],
    dc: [[F; HEADS * D]; T],
    a: [[[F; T]; T]; HEADS],
    c: [[F; HEADS * D]; T],
    dq: [[F; HEADS * D]; T],
    dk: [[F; WIDTH]; T],
    dv: [[F; WIDTH]; T],
}

impl<F: Element, const WIDTH: usize> Layer<F, WIDTH> {
    const SCALE: f64 = 0.625;

    fn random(source: &mut Source) -> Self {
        let nan = F::of(f64::NAN);
        Self {
            q: *source.array(),
            k: *source.array(),
            v: *source.array(),
            dc: *source.array(),
            a: [[[nan; T]; T]; HEADS],
            c: [[nan; HEADS * D]; T],
            dq: [[nan; HEADS * D]; T],
            dk: [[nan; WIDTH]; T],
            dv: [[nan; WIDTH]; T],
        }
    }

    /// Head by head: a query head reads the keys and values of head `kv` if it is in the group of
    /// `kv`, and the gradients of those are sums over the group.
    fn check(&self, causal: bool) {
        let on = On {
            scale: true,
            causal,
            ..On::default()
        };
        let shape = Shape {
            n: 1,
            u: T,
            t: T,
            d: D,
            e: D,
        };
        let mut o = Options::<F>::random(on, shape, &mut Source::new(0, Kind::Even));
        (o.scale, o.offset) = (F::of(Self::SCALE), 0);

        let group = HEADS * D / WIDTH;
        for kv in 0..WIDTH / D {
            let (k, v) = (part(&self.k, kv), part(&self.v, kv));
            let (mut dk, mut dv): (Terms, Terms) = (vec![vec![]; T * D], vec![vec![]; T * D]);
            for head in kv * group..(kv + 1) * group {
                let x = Data {
                    q: part(&self.q, head),
                    k: k.clone(),
                    v: v.clone(),
                    dc: part(&self.dc, head),
                    a: self.a[head].as_flattened().to_vec(),
                    ..Data::unwritten(shape, on)
                };
                let exact = Exact::new(&o, &x);
                assert_close(&x.a, &exact.a, "a");
                assert_close(&part(&self.c, head), &exact.c, "c");
                assert_close(&part(&self.dq, head), &exact.dq, "dq");
                for i in 0..T * D {
                    dk[i].extend(&exact.dk[i]);
                    dv[i].extend(&exact.dv[i]);
                }
            }
            assert_close(&part(&self.dk, kv), &dk, "dk");
            assert_close(&part(&self.dv, kv), &dv, "dv");
        }
    }
}

/// The features of one head, time by time.
fn part<F: Element, const WIDTH: usize>(x: &[[F; WIDTH]; T], head: usize) -> Vec<F> {
    x.iter()
        .flat_map(|x| x[head * D..(head + 1) * D].to_vec())
        .collect()
}

/// Every query head has keys and values of its own: heads are batch rows.
fn multi_head<F: Element>(source: &mut Source) {
    for causal in [false, true] {
        let mut layer = Layer::<F, { HEADS * D }>::random(source);
        let (q, k, v): ([_; HEADS], [_; HEADS], [_; HEADS]) =
            (split(&layer.q), split(&layer.k), split(&layer.v));
        let dc = split(&layer.dc);
        // What is not causal sees all keys from the first query on.
        let offset = if causal { 0 } else { 7 };
        let att = Attend::new().scale(F::of(0.625)).causal(offset);
        let (mut c, mut dq, mut dk, mut dv) = (dc, dc, dc, dc);
        att.dot_product_attention(&q, &k, &v, &mut layer.a, &mut c);
        att.dot_product_attention_backward(&q, &k, &v, &layer.a, &dc, &mut dq, &mut dk, &mut dv);
        (layer.c, layer.dq) = (joined(&c), joined(&dq));
        (layer.dk, layer.dv) = (joined(&dk), joined(&dv));
        layer.check(causal);
    }
}

/// Without causal, a group is one batch row of `GROUP·T` queries.
fn grouped_as_queries<F: Element>(source: &mut Source) {
    let mut layer = Layer::<F, { SHARED * D }>::random(source);
    let queries = |x: &[[F; HEADS * D]; T]| -> [[[F; D]; GROUP * T]; SHARED] {
        let heads: [[[F; D]; T]; HEADS] = split(x);
        array::from_fn(|kv| array::from_fn(|u| heads[kv * GROUP + u / T][u % T]))
    };
    let back = |x: &[[[F; D]; GROUP * T]; SHARED]| -> [[F; HEADS * D]; T] {
        let heads: [[[F; D]; T]; HEADS] =
            array::from_fn(|j| array::from_fn(|t| x[j / GROUP][j % GROUP * T + t]));
        joined(&heads)
    };
    let (q, dc) = (queries(&layer.q), queries(&layer.dc));
    let (k, v): ([_; SHARED], [_; SHARED]) = (split(&layer.k), split(&layer.v));
    let att = Attend::new().scale(F::of(0.625));
    let mut a = [[[F::of(f64::NAN); T]; GROUP * T]; SHARED];
    let (mut c, mut dq, mut dk, mut dv) = (q, q, k, v);
    att.dot_product_attention(&q, &k, &v, &mut a, &mut c);
    att.dot_product_attention_backward(&q, &k, &v, &a, &dc, &mut dq, &mut dk, &mut dv);
    layer.a = array::from_fn(|j| array::from_fn(|t| a[j / GROUP][j % GROUP * T + t]));
    (layer.c, layer.dq) = (back(&c), back(&dq));
    (layer.dk, layer.dv) = (joined(&dk), joined(&dv));
    layer.check(false);
}

/// With causal a query is a time, so each query head of the groups has a call of its own.
fn grouped_and_causal<F: Element>(source: &mut Source) {
    let mut layer = Layer::<F, { SHARED * D }>::random(source);
    let (q, dc): ([_; HEADS], [_; HEADS]) = (split(&layer.q), split(&layer.dc));
    let (k, v): ([_; SHARED], [_; SHARED]) = (split(&layer.k), split(&layer.v));
    let att = Attend::new().scale(F::of(0.625)).causal(0);
    let (mut c, mut dq, mut dk, mut dv) = (dc, dc, k, v);
    for g in 0..GROUP {
        // Head `g` of each group.
        let of_group = |x: &[[[F; D]; T]; HEADS]| [x[g], x[GROUP + g]];
        let (q, dc) = (of_group(&q), of_group(&dc));
        let (mut a, mut c_g, mut dq_g) = ([[[F::of(f64::NAN); T]; T]; SHARED], q, q);
        att.dot_product_attention(&q, &k, &v, &mut a, &mut c_g);
        if g == 0 {
            att.dot_product_attention_backward(&q, &k, &v, &a, &dc, &mut dq_g, &mut dk, &mut dv);
        } else {
            let (dk, dv) = (Accumulate(&mut dk), Accumulate(&mut dv));
            att.dot_product_attention_backward(&q, &k, &v, &a, &dc, &mut dq_g, dk, dv);
        }
        for kv in 0..SHARED {
            let head = kv * GROUP + g;
            (layer.a[head], c[head], dq[head]) = (a[kv], c_g[kv], dq_g[kv]);
        }
    }
    (layer.c, layer.dq) = (joined(&c), joined(&dq));
    (layer.dk, layer.dv) = (joined(&dk), joined(&dv));
    layer.check(true);
}

/// A batch of sequences is a loop over arrays `[[[_; T]; HEADS]; B]`, the same as each alone.
#[test]
fn a_batch_of_heads() {
    let mut source = Source::new(5, Kind::Even);
    let q = *source.array::<[[[f32; D]; T]; HEADS], 2>();
    let k = *source.array::<[[[f32; D]; T]; HEADS], 2>();
    let att = Attend::new().causal(0);
    let (mut a, mut c) = ([[[[f32::NAN; T]; T]; HEADS]; 2], q);
    for (((q, k), a), c) in q.iter().zip(&k).zip(&mut a).zip(&mut c) {
        att.dot_product_attention(q, k, k, a, c);
    }
    for b in 0..2 {
        for head in 0..HEADS {
            let (q, k) = ([q[b][head]], [k[b][head]]);
            let (mut alone, mut context) = ([[[f32::NAN; T]; T]], q);
            att.cross_attention(&q, &k, &mut alone, &mut context);
            assert_eq!(
                Tensor::flat(&alone),
                <[[f32; T]; T] as Tensor>::flat(&a[b][head..=head])
            );
            assert_eq!(context[0], c[b][head]);
        }
    }
}

macro_rules! on_random_layers {
    ($($name:ident)*) => { $(
        mod $name {
            use super::*;

            #[test]
            fn f32() {
                shapes::run(&Kind::EVEN, 1, |case| super::$name::<f32>(&mut case.source()));
            }

            #[test]
            fn f64() {
                shapes::run(&Kind::EVEN, 1, |case| super::$name::<f64>(&mut case.source()));
            }
        }
    )* };
}

on_random_layers! { multi_head grouped_as_queries grouped_and_causal }
