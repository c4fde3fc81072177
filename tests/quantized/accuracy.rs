//! How far results are from exact arithmetic on the same integers.

use microattention::quantized::{
    Attend, ScoreScale, attention, attention_backward, cross_attention, cross_attention_backward,
    quantize, scale_of,
};

use super::real::Query;
use super::values::Random;

/// Of the root mean square of what is exact.
const CONTEXT: f64 = 4e-4;
const GRADIENTS: f64 = 7e-4;

/// With more than 64 keys.
const MANY: f64 = 1.3e-3;

/// Errors, and those that remain if exact weights are rounded to 1/65,536 and the exact context of these to 1/256. Of many weights that
/// are nearly equal, these are more than the budget.
#[derive(Default)]
struct Rms {
    error: f64,
    of_formats: f64,
    exact: f64,
}

impl Rms {
    fn add(&mut self, x: &[impl Copy + Into<f64>], unit: f64, exact: &[f64], of_formats: &[f64]) {
        for (x, (exact, of_formats)) in x.iter().zip(exact.iter().zip(of_formats)) {
            self.error += ((*x).into() * unit - exact).powi(2);
            self.of_formats += (of_formats - exact).powi(2);
            self.exact += exact.powi(2);
        }
    }

    fn check(&self, name: &str, budget: f64, many: bool) {
        let error = (self.error / self.exact).sqrt();
        let of_formats = (self.of_formats / self.exact).sqrt();
        println!("{name}: {error:.2e}, of the formats alone {of_formats:.2e}");
        assert!(
            error <= budget || many && error <= 1.15 * of_formats && error <= MANY,
            "{name}"
        );
    }
}

fn quantized<const N: usize, const H: usize>(random: &mut Random) -> ([[i8; H]; N], f32) {
    let mut x = [[0.0; H]; N];
    x.as_flattened_mut().fill_with(|| random.normal() as f32);
    let scale = scale_of(&x);
    let mut q = [[0; H]; N];
    quantize(&x, scale, &mut q);
    (q, scale)
}

/// Normally distributed upstream gradients.
fn upstream<const N: usize, const H: usize>(random: &mut Random) -> [[i16; H]; N] {
    let mut dc = [[0; H]; N];
    dc.as_flattened_mut()
        .fill_with(|| (2340.0 * random.normal()).round() as i16);
    dc
}

/// One context unit, and one of gradients.
const OF_CONTEXT: f64 = 1.0 / 256.0;
const OF_GRADIENT: f64 = 1.0 / 4096.0;

/// The results of a query, and those of its weights rounded to 1/65,536, with the context rounded to 1/256.
fn exact<const T: usize, const D: usize, const E: usize>(
    sigma: f32,
    (q, dc): (&[i8; D], &[i16; E]),
    (k, v): (&[[i8; D]; T], &[[i8; E]; T]),
) -> [Query<D, E>; 2] {
    let exact = Query::new(sigma, q, k, v, dc);
    let rounded = exact.a.iter().map(|a| (a * 65_536.0).round() / 65_536.0);
    let mut rounded = Query::of_weights(sigma, rounded.collect(), q, k, v, dc);
    rounded.c = rounded.c.map(|c| (c / OF_CONTEXT).round() * OF_CONTEXT);
    [exact, rounded]
}

/// Σ over the queries.
fn total<const H: usize>(rows: impl Iterator<Item = [f64; H]>) -> [f64; H] {
    rows.fold([0.0; H], |sum, row| {
        std::array::from_fn(|i| sum[i] + row[i])
    })
}

/// How sharp a softmax is: a score is that times the inner product divided by the root of its length.
const SHARPNESS: [f32; 5] = [0.1, 0.5, 1.0, 2.0, 4.0];

/// `attention`, and `cross_attention` of several queries, over normally distributed rows.
fn rows<const U: usize, const T: usize, const H: usize>(sharpness: f32) {
    let mut random = Random::new(7);
    let mut results: [Rms; 6] = Default::default();
    let [c1, dh1, dhs1, c2, dh2, dhs2] = &mut results;
    for _ in 0..8_000 / (U * T) {
        let (queries, of_queries) = quantized::<U, H>(&mut random);
        let (hs, of_hs) = quantized::<T, H>(&mut random);
        let sigma = of_queries * of_hs * sharpness / (H as f32).sqrt();
        let (scale, dc) = (ScoreScale::new(sigma), upstream::<U, H>(&mut random));
        let exact: [_; U] =
            std::array::from_fn(|u| exact(sigma, (&queries[u], &dc[u]), (&hs, &hs)));
        let row = |queries: &[[Query<H, H>; 2]], which: usize, t: usize| {
            let each = queries.iter().map(|query| &query[which]);
            total(each.flat_map(|query| [query.dk[t], query.dv[t]]))
        };

        let (h, dc1, hs) = ([queries[0]], [dc[0]], [hs]);
        let (mut a, mut c, mut dh, mut dhs) = ([[0; T]], [[0; H]], [[0; H]], [[[0; H]; T]]);
        attention(scale, &h, &hs, &mut a, &mut c);
        attention_backward(scale, &h, &hs, &a, &dc1, &mut dh, &mut dhs);
        let [one, rounded] = &exact[0];
        c1.add(&c[0], OF_CONTEXT, &one.c, &rounded.c);
        dh1.add(&dh[0], OF_GRADIENT, &one.dq, &rounded.dq);
        for (t, dhs) in dhs[0].iter().enumerate() {
            let [one, rounded] = [0, 1].map(|which| row(&exact[..1], which, t));
            dhs1.add(dhs, OF_GRADIENT, &one, &rounded);
        }

        let (queries, dc) = ([queries], [dc]);
        let (mut a, mut c) = ([[[0; T]; U]], [[[0; H]; U]]);
        let (mut dq, mut dhs) = ([[[0; H]; U]], [[[0; H]; T]]);
        cross_attention(scale, &queries, &hs, &mut a, &mut c);
        cross_attention_backward(scale, &queries, &hs, &a, &dc, &mut dq, &mut dhs);
        for (u, [one, rounded]) in exact.iter().enumerate() {
            c2.add(&c[0][u], OF_CONTEXT, &one.c, &rounded.c);
            dh2.add(&dq[0][u], OF_GRADIENT, &one.dq, &rounded.dq);
        }
        for (t, dhs) in dhs[0].iter().enumerate() {
            let [all, rounded] = [0, 1].map(|which| row(&exact, which, t));
            dhs2.add(dhs, OF_GRADIENT, &all, &rounded);
        }
    }
    let names = ["c", "dh", "dhs", "c, cross", "dhs_dec", "dhs_enc"];
    check_all::<T>(sharpness, &names, &results);
}

/// `dot_product_attention` over values of their own.
fn values<const U: usize, const T: usize, const D: usize, const E: usize>(sharpness: f32) {
    let mut random = Random::new(8);
    let mut results: [Rms; 4] = Default::default();
    let [of_c, of_dq, of_dk, of_dv] = &mut results;
    for _ in 0..8_000 / (U * T) {
        let (q, of_q) = quantized::<U, D>(&mut random);
        let (k, of_k) = quantized::<T, D>(&mut random);
        let (v, _) = quantized::<T, E>(&mut random);
        let sigma = of_q * of_k * sharpness / (D as f32).sqrt();
        let dc = upstream::<U, E>(&mut random);
        let exact: [_; U] = std::array::from_fn(|u| exact(sigma, (&q[u], &dc[u]), (&k, &v)));
        let (q, k, v, dc) = ([q], [k], [v], [dc]);
        let att = Attend::new(ScoreScale::new(sigma));
        let (mut a, mut c) = ([[[0; T]; U]], [[[0; E]; U]]);
        let (mut dq, mut dk, mut dv) = ([[[0; D]; U]], [[[0; D]; T]], [[[0; E]; T]]);
        att.dot_product_attention(&q, &k, &v, &mut a, &mut c);
        att.dot_product_attention_backward(&q, &k, &v, &a, &dc, &mut dq, &mut dk, &mut dv);
        for (u, [one, rounded]) in exact.iter().enumerate() {
            of_c.add(&c[0][u], OF_CONTEXT, &one.c, &rounded.c);
            of_dq.add(&dq[0][u], OF_GRADIENT, &one.dq, &rounded.dq);
        }
        for t in 0..T {
            let dks = [0, 1].map(|which| total(exact.iter().map(|query| query[which].dk[t])));
            let dvs = [0, 1].map(|which| total(exact.iter().map(|query| query[which].dv[t])));
            of_dk.add(&dk[0][t], OF_GRADIENT, &dks[0], &dks[1]);
            of_dv.add(&dv[0][t], OF_GRADIENT, &dvs[0], &dvs[1]);
        }
    }
    check_all::<T>(sharpness, &["c", "dq", "dk", "dv"], &results);
}

fn check_all<const T: usize>(sharpness: f32, names: &[&str], results: &[Rms]) {
    for (name, result) in names.iter().zip(results) {
        let budget = if name.starts_with('c') {
            CONTEXT
        } else {
            GRADIENTS
        };
        result.check(
            &format!("{name}, T = {T}, sharpness {sharpness}"),
            budget,
            T > 64,
        );
    }
}

#[test]
fn root_mean_squares() {
    for sharpness in SHARPNESS {
        rows::<2, 4, 8>(sharpness);
        rows::<3, 16, 16>(sharpness);
        rows::<2, 29, 20>(sharpness);
        rows::<4, 64, 32>(sharpness);
        rows::<2, 256, 32>(sharpness);
        values::<3, 5, 8, 4>(sharpness);
        values::<2, 64, 32, 16>(sharpness);
        values::<2, 256, 16, 32>(sharpness);
    }
}
