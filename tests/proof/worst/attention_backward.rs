//! The backward passes of attention beside the exact results.

use microattention::{
    Attend, attention_backward as kernel_attention_backward,
    attention_weights_backward as kernel_attention_weights_backward,
    cross_attention_backward as kernel_cross_attention_backward,
};

use super::{Flat, wide, wide_rows};
use crate::bounds::attention::{Query, over_queries};
use crate::bounds::{product, softmax};
use crate::climb::{Output, outputs};
use crate::double_double::DoubleDouble;
use crate::element::Element;
use crate::exact::{self, number, numbers, rounded};

fn nan<F: Element>() -> F {
    F::of(f64::NAN)
}

struct ScoreGradients {
    exact: Vec<DoubleDouble>,
    rounded: Vec<f64>,
    units: Vec<f64>,
}

impl Query {
    /// The gradients of the scores, and their errors, from those of the context.
    fn backward(&self, a: &[f64], dc: &[f64]) -> ScoreGradients {
        let dc_exact = numbers(dc);
        let da = self.v.iter().map(|v| exact::dot(&numbers(v), &dc_exact));
        let exact = exact::softmax_backward(&numbers(a), &da.collect::<Vec<_>>());
        ScoreGradients {
            units: self.score_gradients(a, dc),
            rounded: rounded(&exact),
            exact,
        }
    }

    fn exact_query_gradient(&self, ds: &[DoubleDouble]) -> Vec<DoubleDouble> {
        let g: Vec<_> = ds.iter().map(|ds| self.scaled_exactly(*ds)).collect();
        exact::row_sum(&g, &exact::rows(&self.k))
    }

    /// `dk`, and where keys are values also `a·dc`, row by row.
    fn exact_key_gradient(
        &self,
        ds: &[DoubleDouble],
        values: Option<(&[f64], &[f64])>,
    ) -> Vec<DoubleDouble> {
        let mut all = Vec::new();
        for (t, ds) in ds.iter().enumerate() {
            let g = self.scaled_exactly(*ds);
            for (i, q) in self.q.iter().enumerate() {
                let of_keys = g.times(number(*q));
                all.push(values.map_or(of_keys, |(a, dc)| {
                    of_keys.plus(number(a[t]).times(number(dc[i])))
                }));
            }
        }
        all
    }
}

pub fn attention_weights_backward<F: Element, const T: usize, const H: usize>(
    x: &[F],
) -> Vec<Output> {
    let mut x = Flat(x);
    let (h, hs) = (x.row::<H>(), x.rows::<T, H>());
    let (a, da) = (x.row::<T>(), x.row::<T>());
    let (mut dh, mut dhs) = ([[nan(); H]], [[[nan(); H]; T]]);
    kernel_attention_weights_backward(&[h], &[hs], &[a], &[da], &mut dh, &mut dhs);

    let query = Query::plain(&h, &hs);
    let (a, da) = (wide(&a), wide(&da));
    let ds = exact::softmax_backward(&numbers(&a), &numbers(&da));
    let of_ds = softmax::softmax_backward(&a, &da, &[0.0; T]);
    let exact = query.exact_query_gradient(&ds);
    let units = query.query_gradient(&rounded(&ds), &of_ds);
    let mut all: Vec<_> = outputs("dh", &dh[0], &exact, &units).collect();
    let exact = query.exact_key_gradient(&ds, None);
    let units = query.key_gradient(&rounded(&ds), &of_ds);
    all.extend(outputs("dhs", dhs[0].as_flattened(), &exact, &units));
    all
}

pub fn attention_backward<F: Element, const T: usize, const H: usize>(x: &[F]) -> Vec<Output> {
    let mut x = Flat(x);
    let (h, hs) = (x.row::<H>(), x.rows::<T, H>());
    let (a, dc) = (x.row::<T>(), x.row::<H>());
    let (mut dh, mut dhs) = ([[nan(); H]], [[[nan(); H]; T]]);
    kernel_attention_backward(&[h], &[hs], &[a], &[dc], &mut dh, &mut dhs);

    let query = Query::plain(&h, &hs);
    let (a, dc) = (wide(&a), wide(&dc));
    let ds = query.backward(&a, &dc);
    let exact = query.exact_query_gradient(&ds.exact);
    let units = query.query_gradient(&ds.rounded, &ds.units);
    let mut all: Vec<_> = outputs("dh", &dh[0], &exact, &units).collect();
    let exact = query.exact_key_gradient(&ds.exact, Some((&a, &dc)));
    let units = query.both_gradients(&a, &dc, &ds.rounded, &ds.units);
    all.extend(outputs("dhs", dhs[0].as_flattened(), &exact, &units));
    all
}

/// Sums over the queries: of `terms[u][i]` for each `i`, the exact ones and the bounds.
fn summed<F: Element>(
    name: &'static str,
    actual: &[F],
    terms: &[(Vec<DoubleDouble>, Vec<f64>)],
) -> Vec<Output> {
    let exact: Vec<_> = (0..actual.len())
        .map(|i| exact::sum(terms.iter().map(|term| term.0[i])))
        .collect();
    let of_sum = |i: usize| {
        let x: Vec<f64> = terms.iter().map(|term| term.0[i].hi).collect();
        let of_x: Vec<f64> = terms.iter().map(|term| term.1[i]).collect();
        over_queries(&x, &of_x)
    };
    let units: Vec<f64> = (0..actual.len()).map(of_sum).collect();
    outputs(name, actual, &exact, &units).collect()
}

pub fn cross_attention_backward<F: Element, const U: usize, const T: usize, const H: usize>(
    x: &[F],
) -> Vec<Output> {
    let mut x = Flat(x);
    let (h, hs) = (x.rows::<U, H>(), x.rows::<T, H>());
    let (a, dc) = (x.rows::<U, T>(), x.rows::<U, H>());
    let (mut dec, mut enc) = ([[[nan(); H]; U]], [[[nan(); H]; T]]);
    kernel_cross_attention_backward(&[h], &[hs], &[a], &[dc], &mut dec, &mut enc);

    let (mut all, mut terms) = (Vec::new(), Vec::new());
    for u in 0..U {
        let query = Query::plain(&h[u], &hs);
        let (a, dc) = (wide(&a[u]), wide(&dc[u]));
        let ds = query.backward(&a, &dc);
        let exact = query.exact_query_gradient(&ds.exact);
        let units = query.query_gradient(&ds.rounded, &ds.units);
        all.extend(outputs("dhs_dec", &dec[0][u], &exact, &units));
        terms.push((
            query.exact_key_gradient(&ds.exact, Some((&a, &dc))),
            query.both_gradients(&a, &dc, &ds.rounded, &ds.units),
        ));
    }
    all.extend(summed("dhs_enc", enc[0].as_flattened(), &terms));
    all
}

/// With a scale, and a bias of zeros that all queries share.
pub fn dot_product_attention_backward<
    F: Element,
    const U: usize,
    const T: usize,
    const D: usize,
    const E: usize,
>(
    x: &[F],
) -> Vec<Output> {
    let mut x = Flat(x);
    let (q, k, v) = (x.rows::<U, D>(), x.rows::<T, D>(), x.rows::<T, E>());
    let (a, dc, [scale]) = (x.rows::<U, T>(), x.rows::<U, E>(), x.row::<1>());
    let (mut dq, mut dk) = ([[[nan(); D]; U]], [[[nan(); D]; T]]);
    let (mut dv, mut dbias) = ([[[nan(); E]; T]], [[nan(); T]]);
    let zeros = [[F::of(0.0); T]];
    let att = Attend::new().scale(scale).bias(&zeros);
    let (q_, k_, v_, a_, dc_) = (&[q], &[k], &[v], &[a], &[dc]);
    att.dot_product_attention_backward(q_, k_, v_, a_, dc_, &mut dq, &mut dk, &mut dv);
    att.bias_gradient(q_, k_, v_, a_, dc_, &mut dbias);

    let (mut all, mut of_k, mut of_v, mut of_bias) = (vec![], vec![], vec![], vec![]);
    for u in 0..U {
        let query = Query {
            q: wide(&q[u]),
            k: wide_rows(&k),
            v: wide_rows(&v),
            scale: Some(scale.wide()),
            bias: None,
        };
        let (a, dc) = (wide(&a[u]), wide(&dc[u]));
        let ds = query.backward(&a, &dc);
        let exact = query.exact_query_gradient(&ds.exact);
        let units = query.query_gradient(&ds.rounded, &ds.units);
        all.extend(outputs("dq", &dq[0][u], &exact, &units));
        of_k.push((
            query.exact_key_gradient(&ds.exact, None),
            query.key_gradient(&ds.rounded, &ds.units),
        ));
        let products = a.iter().flat_map(|a| dc.iter().map(move |dc| (*a, *dc)));
        let exact = products.clone().map(|(a, dc)| number(a).times(number(dc)));
        let units = products.map(|(a, dc)| product(a, dc));
        of_v.push((exact.collect(), units.collect()));
        of_bias.push((ds.exact, ds.units));
    }
    all.extend(summed("dk", dk[0].as_flattened(), &of_k));
    all.extend(summed("dv", dv[0].as_flattened(), &of_v));
    all.extend(summed("dbias", &dbias[0], &of_bias));
    all
}
