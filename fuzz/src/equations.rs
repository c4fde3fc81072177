//! Attention of one query in balls: the equations, and what a mask means.

use crate::ball::{Ball, In, ONE, ZERO};
use crate::source::Number;

/// The options of one query, written out for each key.
pub struct Row {
    pub attended: Vec<bool>,
    pub scale: Ball,
    pub bias: Vec<Ball>,
}

/// The gradients of one query, those of keys and values still to be summed over the queries.
pub struct Gradients {
    /// Before the scale: that of the bias.
    pub bias: Vec<Ball>,
    pub query: Vec<Ball>,
    pub keys: Vec<Vec<Ball>>,
    pub values: Vec<Vec<Ball>>,
}

impl Row {
    pub fn all(keys: usize) -> Self {
        Self {
            attended: vec![true; keys],
            scale: ONE,
            bias: vec![ZERO; keys],
        }
    }

    /// The attended ones of some numbers.
    fn of<F: Number>(&self, a: &[F]) -> Vec<Option<Ball>> {
        a.iter()
            .zip(&self.attended)
            .map(|(a, attended)| attended.then(|| In::<F>::exact(*a)))
            .collect()
    }

    /// `scale · Σ_d k[t,d]·q[d] + bias[t]` where the key is attended.
    pub fn scores<F: Number, const D: usize>(&self, q: &[F; D], k: &[[F; D]]) -> Vec<Option<Ball>> {
        let score = |t: usize, k: &[F; D]| {
            let scaled = In::<F>::product(In::<F>::dot(k, q), self.scale);
            In::<F>::sum([scaled, self.bias[t]])
        };
        k.iter()
            .enumerate()
            .map(|(t, k)| self.attended[t].then(|| score(t, k)))
            .collect()
    }

    /// Weights against the exact ones, and the context against that of these weights.
    #[track_caller]
    pub fn check_forward<F: Number, const D: usize, const E: usize>(
        &self,
        (q, k, v): (&[F; D], &[[F; D]], &[[F; E]]),
        (a, c): (&[F], &[F; E]),
        what: &str,
    ) {
        let weights = In::<F>::softmax(&self.scores(q, k));
        In::<F>::check_all(a, &weights, &format!("{what}: weights"));
        for (a, attended) in a.iter().zip(&self.attended) {
            let zero = F::of(0.0).pattern();
            assert!(*attended || a.pattern() == zero, "{what}: a masked weight");
        }
        let a = self.of(a);
        for (i, c) in c.iter().enumerate() {
            let terms = a.iter().zip(v);
            let terms = terms.filter_map(|(a, v)| Some(((*a)?, In::exact(v[i]))));
            let expected = In::<F>::sum_of_products(terms);
            In::<F>::check(*c, expected, &format!("{what}: context[{i}]"));
        }
    }

    /// `da[t] = Σ_e dc[e]·v[t,e]`, and from there back to everything.
    pub fn backward<F: Number, const D: usize, const E: usize>(
        &self,
        (q, k, v): (&[F; D], &[[F; D]], &[[F; E]]),
        (a, dc): (&[F], &[F; E]),
    ) -> Gradients {
        let da: Vec<Ball> = v
            .iter()
            .zip(&self.attended)
            .map(
                |(v, attended)| {
                    if *attended { In::<F>::dot(dc, v) } else { ZERO }
                },
            )
            .collect();
        let a = self.of(a);
        let bias = In::<F>::softmax_backward(&a, &da);
        let scaled: Vec<Option<Ball>> = bias
            .iter()
            .zip(&a)
            .map(|(ds, a)| a.map(|_| In::<F>::product(*ds, self.scale)))
            .collect();
        let query = (0..D)
            .map(|i| {
                let terms = scaled.iter().zip(k);
                let terms = terms.filter_map(|(g, k)| Some(((*g)?, In::exact(k[i]))));
                In::<F>::sum_of_products(terms)
            })
            .collect();
        let outer = |x: &[Option<Ball>], y: &[F]| {
            x.iter()
                .map(|x| {
                    y.iter()
                        .map(|y| x.map_or(ZERO, |x| In::<F>::product(x, In::exact(*y))))
                        .collect()
                })
                .collect()
        };
        Gradients {
            keys: outer(&scaled, q),
            values: outer(&a, dc),
            bias,
            query,
        }
    }
}

/// Sums over the queries, element by element.
pub struct Total(Vec<Vec<Ball>>);

impl Total {
    /// From what is in the gradient already, or from zeros.
    pub fn new<F: Number>(before: &[F]) -> Self {
        Self(before.iter().map(|x| vec![In::<F>::exact(*x)]).collect())
    }

    pub fn zeros(len: usize) -> Self {
        Self(vec![vec![]; len])
    }

    pub fn add(&mut self, terms: impl IntoIterator<Item = Ball>) {
        for (sum, term) in self.0.iter_mut().zip(terms) {
            sum.push(term);
        }
    }

    #[track_caller]
    pub fn check<F: Number>(self, actual: &[F], what: &str) {
        let expected: Vec<Ball> = self.0.into_iter().map(In::<F>::sum).collect();
        In::<F>::check_all(actual, &expected, what);
    }
}
