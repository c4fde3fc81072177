//! Attention, forward and backward: the bounds of its parts, put together.

use super::softmax::{softmax, softmax_backward};
use super::{column, count, dot, magnitude, product, row_sum};

/// One query: its score is `scale · (k·q) + bias`.
#[derive(Clone, Debug)]
pub struct Query {
    pub q: Vec<f64>,
    pub k: Vec<Vec<f64>>,
    pub v: Vec<Vec<f64>>,
    pub scale: Option<f64>,
    pub bias: Option<Vec<f64>>,
}

impl Query {
    fn scaled(&self, x: f64) -> f64 {
        self.scale.map_or(x, |scale| scale * x)
    }

    /// `x` of an absolute error, scaled.
    fn of_scaled(&self, x: f64, error: f64) -> f64 {
        match self.scale {
            Some(scale) => scale.abs() * error + product(scale, x),
            None => error,
        }
    }

    /// The scores: a sum over features, a product and an addition.
    pub fn dot_scores(&self) -> Vec<f64> {
        let of_score = |(t, k): (usize, &Vec<f64>)| {
            let x: f64 = k.iter().zip(&self.q).map(|(k, q)| k * q).sum();
            let scaled = self.of_scaled(x, dot(k, &self.q));
            match &self.bias {
                Some(bias) => scaled + (self.scaled(x) + bias[t]).abs(),
                None => scaled,
            }
        };
        self.k.iter().enumerate().map(of_score).collect()
    }

    /// The weights, which are `a` in exact arithmetic.
    pub fn attention_weights(&self, a: &[f64], below: &[f64]) -> Vec<f64> {
        softmax(a, below, &self.dot_scores())
    }

    /// The context: each error of a weight times the value, and the sum over time steps.
    pub fn attention(&self, a: &[f64], below: &[f64]) -> Vec<f64> {
        let of_a = self.attention_weights(a, below);
        let of_c = |e| {
            let v = column(&self.v, e);
            magnitude(&of_a, &v) + row_sum(a, &v)
        };
        (0..self.v[0].len()).map(of_c).collect()
    }

    /// The gradients of the scores, for given weights.
    pub fn score_gradients(&self, a: &[f64], dc: &[f64]) -> Vec<f64> {
        let da = |v: &Vec<f64>| v.iter().zip(dc).map(|(v, dc)| v * dc).sum();
        let da: Vec<f64> = self.v.iter().map(da).collect();
        let of_da: Vec<f64> = self.v.iter().map(|v| dot(dc, v)).collect();
        softmax_backward(a, &da, &of_da)
    }

    /// The gradients of the inner products, `scale·ds`.
    fn product_gradients(&self, ds: &[f64], of_ds: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let g = ds.iter().map(|&ds| self.scaled(ds)).collect();
        let of_g = |(&ds, &of_ds)| self.of_scaled(ds, of_ds);
        (g, ds.iter().zip(of_ds).map(of_g).collect())
    }

    /// `dq[i] = Σ_t (scale·ds[t])·k[t][i]`, from `ds` and its errors.
    pub fn query_gradient(&self, ds: &[f64], of_ds: &[f64]) -> Vec<f64> {
        let (g, of_g) = self.product_gradients(ds, of_ds);
        let of_dq = |i| {
            let k = column(&self.k, i);
            magnitude(&of_g, &k) + row_sum(&g, &k)
        };
        (0..self.q.len()).map(of_dq).collect()
    }

    /// `dk[t][i] = (scale·ds[t])·q[i]`, row by row.
    pub fn key_gradient(&self, ds: &[f64], of_ds: &[f64]) -> Vec<f64> {
        let (g, of_g) = self.product_gradients(ds, of_ds);
        let of_row = |(g, of_g): (f64, f64)| {
            let of_dk = move |q: &f64| of_g * q.abs() + product(g, *q);
            self.q.iter().map(of_dk).collect::<Vec<_>>()
        };
        g.into_iter().zip(of_g).flat_map(of_row).collect()
    }

    /// `dhs[t][i] = a[t]·dc[i] + ds[t]·q[i]`, where the keys are the values: a product and an addition
    /// more.
    pub fn both_gradients(&self, a: &[f64], dc: &[f64], ds: &[f64], of_ds: &[f64]) -> Vec<f64> {
        let mut units = self.key_gradient(ds, of_ds);
        for (t, row) in units.chunks_exact_mut(dc.len()).enumerate() {
            for (i, units) in row.iter_mut().enumerate() {
                let g = self.scaled(ds[t]);
                *units += product(a[t], dc[i]) + (a[t] * dc[i] + g * self.q[i]).abs();
            }
        }
        units
    }
}

/// A sum of one term for each query, in their order: the error of each, and the additions.
pub fn over_queries(terms: &[f64], of_terms: &[f64]) -> f64 {
    let magnitude: f64 = terms.iter().map(|x| x.abs()).sum();
    of_terms.iter().sum::<f64>() + count(terms.len().saturating_sub(1)) * magnitude
}
