//! The largest errors: no input exceeds the bounds of the documentation, and a search finds inputs that come near.
//!
//! A bound is the last rounding of a result, which any input reaches, and what comes before it. The share is that of the
//! latter.

use microattention::quantized::{
    ScoreScale, attention, attention_backward, softmax, softmax_backward, softmax_cross_entropy,
};

use super::real::{self, Query};
use super::values::Random;

/// Integers to search among: how many, from which to which.
type Inputs<'a> = &'a [(usize, i32, i32)];

const ROWS: (i32, i32) = (-128, 127);

/// σ between 2⁻²⁰ and 2⁻⁴, as an input.
const SIGMA: (usize, i32, i32) = (1, 0, 0xFFFF);

fn sigma(input: i32) -> f32 {
    f32::from_bits((107 << 23) + (input.cast_unsigned() << 11))
}

/// Hill climbing: the largest share that small changes lead to, from several starts.
fn climb(inputs: Inputs, tries: usize, share: impl Fn(&[i32]) -> f64) -> f64 {
    let (mut random, mut worst) = (Random::new(11), 0.0_f64);
    for _ in 0..8 {
        let mut x = vec![];
        for &(len, low, high) in inputs {
            let one = random.below(2) == 0;
            let first = within(&mut random, low, high);
            x.extend((0..len).map(|_| {
                if one {
                    first
                } else {
                    within(&mut random, low, high)
                }
            }));
        }
        let mut best = share(&x);
        for _ in 0..tries {
            let mut y = x.clone();
            for _ in 0..=random.below(2) {
                change(&mut random, inputs, &mut y);
            }
            let share = share(&y);
            if share >= best {
                (x, best) = (y, share);
            }
        }
        worst = worst.max(best);
    }
    worst
}

fn within(random: &mut Random, low: i32, high: i32) -> i32 {
    let number = low + random.below(high.abs_diff(low) as usize + 1) as i32;
    match random.below(4) {
        0 => low,
        1 => high,
        2 => (number >> random.below(16)).clamp(low, high),
        _ => number,
    }
}

/// Another number, a neighbour of it, or one number in the place of all from there on.
fn change(random: &mut Random, inputs: Inputs, x: &mut [i32]) {
    let (mut x, mut index) = (x, random.below(inputs.len()));
    for &(len, low, high) in inputs {
        let (array, rest) = x.split_at_mut(len);
        if index == 0 {
            let i = random.below(len);
            let near = array[i] + random.below(9) as i32 - 4;
            let new = match random.below(2) {
                0 => within(random, low, high),
                _ => near.clamp(low, high),
            };
            match random.below(8) {
                0 => array[i..].fill(new),
                _ => array[i] = new,
            }
            return;
        }
        (x, index) = (rest, index - 1);
    }
}

/// The inputs as arrays, one after the other.
struct Flat<'a>(&'a [i32]);

impl Flat<'_> {
    fn one(&mut self) -> i32 {
        let (first, rest) = self.0.split_first().expect("there are enough inputs");
        self.0 = rest;
        *first
    }

    fn row<X: TryFrom<i32> + Default + Copy, const H: usize>(&mut self) -> [X; H] {
        std::array::from_fn(|_| X::try_from(self.one()).unwrap_or_default())
    }

    fn rows<const T: usize, const H: usize>(&mut self) -> [[i8; H]; T] {
        std::array::from_fn(|_| self.row())
    }
}

/// The largest share of a row: of errors beyond the last rounding in their bounds without it.
fn largest(x: &[f64], exact: &[f64], bound: &[f64], last: f64) -> f64 {
    let errors = x.iter().zip(exact).map(|(x, exact)| (x - exact).abs());
    let shares = errors
        .zip(bound)
        .map(|(error, bound)| (error - last) / bound);
    shares.fold(0.0, f64::max)
}

/// The bound of weights before they are rounded, in 1/65,536, by `softmax`.
fn of_weights(sigma: f32, s: &[f64], a: &[f64]) -> Vec<f64> {
    let max = s.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let min = s.iter().copied().fold(f64::INFINITY, f64::min);
    let distance = 12_f64.min(f64::from(sigma) * (max - min));
    let of_sigma = distance / 8192.0 + 1.3e-4;
    let largest = a.iter().copied().fold(0.0, f64::max);
    let others = s.len() as f64 - 1.0;
    let bound = |a: &f64| (1.0 + others * a) * largest / 2.0 + (9.4e-5 + of_sigma) * 65_536.0 * a;
    a.iter().map(bound).collect()
}

/// The bound of gradients of scores, in the unit of those of weights, by `softmax_backward`.
fn of_scores(sigma: f32, a: &[f64], da: &[f64], ds: &[f64]) -> Vec<f64> {
    let largest = |x: &[f64]| x.iter().fold(0.0_f64, |max, x| max.max(x.abs()));
    let keys = a.len();
    let bits = keys.next_power_of_two().trailing_zeros() as i32;
    let of_mantissas = 2_f64.powi(if bits > 8 { bits - 20 } else { -13 }) * largest(ds);
    let step = f64::from(sigma) * largest(da) * 2_f64.powi(bits - 27);
    let bound = |a: &f64| of_mantissas + step * (a * (keys as f64 / 2.0 + 2.0) + 0.5);
    // To first order.
    a.iter().map(|a| 1.001 * bound(a)).collect()
}

fn check(name: &str, share: f64, reached: f64) {
    println!("{name}: {share:.2} of the bound");
    assert!(
        share <= 1.0 && share >= reached,
        "{name}: {share} of the bound"
    );
}

fn weights<const T: usize>(x: &[i32]) -> f64 {
    let mut x = Flat(x);
    let (sigma, s) = (sigma(x.one()), [x.row::<i32, T>()]);
    let mut a = [[0; T]];
    softmax(ScoreScale::new(sigma), &s, &mut a);
    let s = s[0].map(f64::from);
    let exact = real::softmax(sigma, &s);
    let in_units: Vec<_> = exact.iter().map(|a| a * 65_536.0).collect();
    largest(
        &a[0].map(f64::from),
        &in_units,
        &of_weights(sigma, &s, &exact),
        0.5,
    )
}

#[test]
fn of_softmax() {
    let inputs = |t| [SIGMA, (t, -1 << 20, 1 << 20)];
    check("a, T = 2", climb(&inputs(2), 3000, weights::<2>), 0.5);
    check("a, T = 9", climb(&inputs(9), 3000, weights::<9>), 0.5);
    check("a, T = 256", climb(&inputs(256), 1000, weights::<256>), 0.5);
    check(
        "a, T = 1000",
        climb(&inputs(1000), 500, weights::<1000>),
        0.125,
    );
}

fn score_gradients<const T: usize>(x: &[i32]) -> f64 {
    let mut x = Flat(x);
    let (sigma, s, da) = (sigma(x.one()), [x.row::<i32, T>()], [x.row::<i32, T>()]);
    let scale = ScoreScale::new(sigma);
    let (mut a, mut ds, mut exponents) = ([[0; T]], [[0; T]], [0]);
    softmax(scale, &s, &mut a);
    softmax_backward(scale, &a, &da, &mut ds, &mut exponents);
    let (a, da) = (real::weights(&a[0]), da[0].map(f64::from));
    let exact = real::softmax_backward(sigma, &a, &da);
    let unit = 2_f64.powi(exponents[0]);
    let results = ds[0].map(|ds| f64::from(ds) * unit);
    largest(&results, &exact, &of_scores(sigma, &a, &da, &results), 0.0)
}

#[test]
fn of_softmax_backward() {
    let inputs = |t| [SIGMA, (t, -1 << 20, 1 << 20), (t, -1 << 30, 1 << 30)];
    check(
        "ds, T = 2",
        climb(&inputs(2), 2000, score_gradients::<2>),
        0.5,
    );
    check(
        "ds, T = 9",
        climb(&inputs(9), 2000, score_gradients::<9>),
        0.5,
    );
    check(
        "ds, T = 256",
        climb(&inputs(256), 500, score_gradients::<256>),
        0.25,
    );
    check(
        "ds, T = 1000",
        climb(&inputs(1000), 200, score_gradients::<1000>),
        0.25,
    );
}

fn losses<const C: usize>(x: &[i32]) -> f64 {
    let mut x = Flat(x);
    let (sigma, label, s) = (sigma(x.one()), x.one() as usize, [x.row::<i32, C>()]);
    let loss = softmax_cross_entropy(ScoreScale::new(sigma), &s, &[Some(label)], &mut [[0; C]]);
    if loss == u32::MAX {
        return 0.0;
    }
    let x = s[0].map(|s| f64::from(s) * f64::from(sigma));
    let max = x.iter().copied().fold(f64::MIN, f64::max);
    let exact = max - x[label] + x.iter().map(|x| (x - max).exp()).sum::<f64>().ln();
    let bound = (C as f64 / 2.0 + 15.0) / 65_536.0 + exact / 8192.0;
    largest(&[f64::from(loss) / 65_536.0], &[exact], &[bound], 0.0)
}

#[test]
fn of_losses() {
    let inputs = |c: usize| [SIGMA, (1, 0, c as i32 - 1), (c, -1 << 20, 1 << 20)];
    check("loss, C = 2", climb(&inputs(2), 2000, losses::<2>), 0.125);
    check("loss, C = 9", climb(&inputs(9), 2000, losses::<9>), 0.125);
    check(
        "loss, C = 300",
        climb(&inputs(300), 500, losses::<300>),
        0.125,
    );
}

fn contexts<const T: usize, const H: usize>(x: &[i32]) -> f64 {
    let mut x = Flat(x);
    let (sigma, h, hs) = (sigma(x.one()), [x.row()], [x.rows::<T, H>()]);
    let (mut a, mut c) = ([[0; T]], [[0; H]]);
    attention(ScoreScale::new(sigma), &h, &hs, &mut a, &mut c);
    let exact = Query::new(sigma, &h[0], &hs[0], &hs[0], &[0; H]);
    let s: Vec<_> = hs[0].iter().map(|x| real::dot(x, &h[0])).collect();
    let bound: Vec<_> = of_weights(sigma, &s, &exact.a)
        .iter()
        .map(|bound| bound + 0.5)
        .collect();
    let magnitudes = hs[0].map(|x| x.map(|x| f64::from(x).abs()));
    let bound = real::weighted_sum(&bound, &magnitudes).map(|sum| sum / 65_536.0);
    largest(
        &c[0].map(|c| f64::from(c) / 256.0),
        &exact.c,
        &bound,
        0.5 / 256.0,
    )
}

#[test]
fn of_attention() {
    let (low, high) = ROWS;
    let inputs = |t, h| [SIGMA, (h, low, high), (t * h, low, high)];
    check(
        "c, T = 2, H = 2",
        climb(&inputs(2, 2), 3000, contexts::<2, 2>),
        0.25,
    );
    check(
        "c, T = 16, H = 4",
        climb(&inputs(16, 4), 2000, contexts::<16, 4>),
        0.25,
    );
    check(
        "c, T = 256, H = 2",
        climb(&inputs(256, 2), 1000, contexts::<256, 2>),
        0.25,
    );
}

/// `dh` and `dhs` at the fraction 12.
fn gradients<const T: usize, const H: usize>(x: &[i32]) -> [f64; 2] {
    const UNIT: f64 = 1.0 / 4096.0;
    let mut x = Flat(x);
    let (sigma, h, hs, dc) = (sigma(x.one()), [x.row()], [x.rows::<T, H>()], [x.row()]);
    let scale = ScoreScale::new(sigma);
    let (mut a, mut c) = ([[0; T]], [[0; H]]);
    attention(scale, &h, &hs, &mut a, &mut c);
    let (mut dh, mut dhs) = ([[0; H]], [[[0; H]; T]]);
    attention_backward(scale, &h, &hs, &a, &dc, &mut dh, &mut dhs);
    let (a, hs) = (real::weights(&a[0]), hs[0]);
    let exact = Query::of_weights(sigma, a.clone(), &h[0], &hs, &hs, &dc[0]);
    let bound = of_scores(sigma, &a, &exact.da, &exact.ds);
    let magnitudes = hs.map(|x| x.map(|x| f64::from(x).abs()));
    let of_query = real::weighted_sum(&bound, &magnitudes);
    let in_units = |d: [i32; H]| d.map(|d| f64::from(d) * UNIT);
    let mut of_rows = 0.0_f64;
    for t in 0..T {
        let of_row = h[0].map(|h| bound[t] * f64::from(h).abs());
        let both: [f64; H] = std::array::from_fn(|i| exact.dk[t][i] + exact.dv[t][i]);
        of_rows = of_rows.max(largest(&in_units(dhs[0][t]), &both, &of_row, UNIT));
    }
    [
        largest(&in_units(dh[0]), &exact.dq, &of_query, UNIT / 2.0),
        of_rows,
    ]
}

#[test]
fn of_attention_backward() {
    let (low, high) = ROWS;
    let inputs = |t, h| [SIGMA, (h, low, high), (t * h, low, high), (h, -32, 32)];
    for (i, name) in ["dh", "dhs"].into_iter().enumerate() {
        let share = climb(&inputs(3, 2), 2000, |x| gradients::<3, 2>(x)[i]);
        check(&format!("{name}, T = 3, H = 2"), share, 0.5);
        let share = climb(&inputs(17, 4), 1000, |x| gradients::<17, 4>(x)[i]);
        check(&format!("{name}, T = 17, H = 4"), share, 0.25);
        let share = climb(&inputs(256, 2), 200, |x| gradients::<256, 2>(x)[i]);
        check(&format!("{name}, T = 256, H = 2"), share, 0.125);
    }
}
