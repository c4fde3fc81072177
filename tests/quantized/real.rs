//! Attention of one query in real numbers, in `f64`, on the same integers: what roundings are measured against.

/// `Σ_i x[i]·y[i]`
pub fn dot<X: Copy + Into<f64>, Y: Copy + Into<f64>>(x: &[X], y: &[Y]) -> f64 {
    let products = x.iter().zip(y).map(|(&x, &y)| x.into() * y.into());
    products.sum()
}

/// `Σ_t a[t]·x[t,:]`
pub fn weighted_sum<X: Copy + Into<f64>, const H: usize>(a: &[f64], x: &[[X; H]]) -> [f64; H] {
    std::array::from_fn(|i| a.iter().zip(x).map(|(a, x)| a * x[i].into()).sum())
}

/// `exp(σ·s[t]) / Σ_t exp(σ·s[t])`
pub fn softmax(sigma: f32, s: &[f64]) -> Vec<f64> {
    let max = s.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let e: Vec<_> = s
        .iter()
        .map(|s| (f64::from(sigma) * (s - max)).exp())
        .collect();
    let sum: f64 = e.iter().sum();
    e.iter().map(|e| e / sum).collect()
}

/// `σ·a[t]·(da[t] − Σ_t a[t]·da[t])`, of differences from the first: where the weights sum to 1, only these count.
pub fn softmax_backward(sigma: f32, a: &[f64], da: &[f64]) -> Vec<f64> {
    let da: Vec<_> = da.iter().map(|x| x - da[0]).collect();
    let mean = dot(a, &da);
    let gradient = |(a, da): (&f64, &f64)| f64::from(sigma) * a * (da - mean);
    a.iter().zip(&da).map(gradient).collect()
}

/// What the rounded weights are worth.
pub fn weights(a: &[u16]) -> Vec<f64> {
    a.iter().map(|&a| f64::from(a) / 65_536.0).collect()
}

/// The weights of a query, its context and the gradients.
pub struct Query<const D: usize, const E: usize> {
    pub a: Vec<f64>,
    pub c: [f64; E],
    pub da: Vec<f64>,
    pub ds: Vec<f64>,
    pub dq: [f64; D],
    pub dk: Vec<[f64; D]>,
    pub dv: Vec<[f64; E]>,
}

impl<const D: usize, const E: usize> Query<D, E> {
    pub fn new(sigma: f32, q: &[i8; D], k: &[[i8; D]], v: &[[i8; E]], dc: &[i16; E]) -> Self {
        let s: Vec<_> = k.iter().map(|k| dot(k, q)).collect();
        Self::of_weights(sigma, softmax(sigma, &s), q, k, v, dc)
    }

    /// Of given weights.
    pub fn of_weights(
        sigma: f32,
        a: Vec<f64>,
        q: &[i8; D],
        k: &[[i8; D]],
        v: &[[i8; E]],
        dc: &[i16; E],
    ) -> Self {
        let da: Vec<_> = v.iter().map(|v| dot(v, dc)).collect();
        let ds = softmax_backward(sigma, &a, &da);
        Self {
            c: weighted_sum(&a, v),
            dq: weighted_sum(&ds, k),
            dk: ds.iter().map(|ds| q.map(|q| ds * f64::from(q))).collect(),
            dv: a.iter().map(|a| dc.map(|dc| a * f64::from(dc))).collect(),
            a,
            da,
            ds,
        }
    }
}
