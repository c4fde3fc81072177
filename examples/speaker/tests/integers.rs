//! The model in integers computes what its equations say, its gradients point where those of its loss do, and its training is
//! reproducible.

use microattention::quantized::{Multiplier, ScoreScale};
use speaker::integers::{
    Activations, Parameters, RECIPE, Recogniser, Scales, Standardise, Trainer,
};
use speaker::{Dataset, Random, Recipe};

const D: usize = 5;
const H: usize = 11;
const C: usize = 4;
const T: usize = 9;

type Small = Parameters<i8, D, H, C>;
type Gradient = Parameters<i32, D, H, C>;

// What one unit is worth.
const X: f32 = 1.0 / 32.0;
const WEIGHT: f32 = 1.0 / 64.0;
const HIDDEN: f32 = 1.0 / 16.0;
const SCALES: Scales = Scales {
    hidden: Multiplier::new(X * WEIGHT / HIDDEN),
    attention: ScoreScale::new(HIDDEN * WEIGHT),
    context: Multiplier::new(1.0 / 256.0),
    speakers: ScoreScale::new(HIDDEN * WEIGHT),
};

fn train() -> Dataset<'static> {
    Dataset::parse(include_bytes!("../data/train.bin")).expect("the file is sound")
}

fn below(random: &mut Random, bound: i32) -> i32 {
    random.below(2 * bound.unsigned_abs() + 1).cast_signed() - bound
}

fn fill(values: &mut [i8], bound: i32, random: &mut Random) {
    values.fill_with(|| below(random, bound) as i8);
}

fn parameters(random: &mut Random) -> Small {
    let mut parameters = Small::zeros();
    fill(parameters.w.as_flattened_mut().as_flattened_mut(), 100, random);
    fill(parameters.q.as_flattened_mut(), 30, random);
    fill(parameters.v.as_flattened_mut().as_flattened_mut(), 30, random);
    parameters.b[0].fill_with(|| below(random, 2000));
    parameters.e[0].fill_with(|| below(random, 1000));
    parameters
}

fn frames(random: &mut Random) -> [[i8; D]; T] {
    let mut x = [[0; D]; T];
    fill(x.as_flattened_mut(), 100, random);
    x
}

fn garbage<const T: usize>() -> Activations<H, C, T> {
    Activations {
        hs: [[[-77; H]; T]],
        a: [[7777; T]],
        c: [[-77; H]],
        z: [[-7_777_777; C]],
    }
}

fn dot(x: &[i8], y: &[i8]) -> i32 {
    x.iter()
        .zip(y)
        .map(|(&x, &y)| i32::from(x) * i32::from(y))
        .sum()
}

#[test]
fn the_forward_pass_is_the_equations() {
    let mut random = Random::new(1);
    for length in 1..=T {
        let (p, x) = (parameters(&mut random), frames(&mut random));
        let mut act = garbage();
        p.forward(&SCALES, &x, length, &mut act);
        let mut exponentials = Vec::new();
        for (x, hs) in x[..length].iter().zip(&act.hs[0]) {
            for ((w, b), &hs) in p.w[0].iter().zip(p.b[0]).zip(hs) {
                // Half of 1/128, and up.
                let y = (dot(x, w) + b).max(0);
                assert_eq!(i32::from(hs), ((y + 64) >> 7).min(127));
            }
            exponentials.push((f64::from(dot(hs, &p.q[0])) / 1024.0).exp());
        }
        let sum: f64 = exponentials.iter().sum();
        for (&a, exponential) in act.a[0].iter().zip(exponentials) {
            assert!((f64::from(a) / 65536.0 - exponential / sum).abs() < 1e-4);
        }
        for (unit, &c) in act.c[0].iter().enumerate() {
            let terms = act.hs[0].iter().zip(act.a[0]);
            let sum: i32 = terms
                .take(length)
                .map(|(hs, a)| i32::from(a) * i32::from(hs[unit]))
                .sum();
            let context = (sum + 128) >> 8;
            assert_eq!(i32::from(c), (context + 128) >> 8);
        }
        for ((v, e), &z) in p.v[0].iter().zip(p.e[0]).zip(&act.z[0]) {
            assert_eq!(z, dot(&act.c[0], v) + e);
        }
    }
}

/// The loss in `f64` as a function of parameters that are no integers.
fn loss(flat: &[f64], x: &[[i8; D]], class: usize) -> f64 {
    let (w, rest) = flat.split_at(D * H);
    let (b, rest) = rest.split_at(H);
    let (q, rest) = rest.split_at(H);
    let (v, e) = rest.split_at(H * C);
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let (mut sum, mut context) = (0.0, vec![0.0; H]);
    for x in x {
        let x = x.map(f64::from);
        let hs: Vec<f64> = (0..H)
            .map(|unit| (dot(&x, &w[unit * D..][..D]) + b[unit]).clamp(0.0, 127.0 * 128.0) / 128.0)
            .collect();
        let exponential = (dot(&hs, q) / 1024.0).exp();
        sum += exponential;
        for (context, hs) in context.iter_mut().zip(hs) {
            *context += exponential * hs;
        }
    }
    let context: Vec<f64> = context.iter().map(|c| c / sum).collect();
    let z: Vec<f64> = (0..C)
        .map(|class| (dot(&context, &v[class * H..][..H]) + e[class]) / 1024.0)
        .collect();
    z.iter().map(|z| z.exp()).sum::<f64>().ln() - z[class]
}

fn flat(p: &Small) -> Vec<f64> {
    let wide = |values: &[i8]| values.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    let parts = [
        wide(p.w.as_flattened().as_flattened()),
        p.b[0].map(f64::from).to_vec(),
        wide(&p.q[0]),
        wide(p.v.as_flattened().as_flattened()),
        p.e[0].map(f64::from).to_vec(),
    ];
    parts.concat()
}

/// Each of the five gradients is a multiple of the central differences, the same multiple for all utterances: for large and
/// for small losses.
#[test]
fn the_gradients_are_central_differences() {
    let mut random = Random::new(2);
    let mut norms = [const { [const { Vec::new() }; 2] }; 5];
    for length in [1, 4, T, T, T] {
        for class in 0..C {
            let (p, x) = (parameters(&mut random), frames(&mut random));
            let mut act = garbage();
            p.forward(&SCALES, &x, length, &mut act);
            let mut d = Gradient::zeros();
            let mut dhs = [[[777; H]; T]];
            let found = p.backward(&SCALES, &x, length, &act, class, &mut dhs, &mut d);
            let mut moved = flat(&p);
            let expected = loss(&moved, &x[..length], class);
            assert!((f64::from(found) / 65536.0 - expected).abs() < 0.1 * (1.0 + expected));

            let mut i = 0;
            for (slice, norms) in d.slices().into_iter().zip(&mut norms) {
                let mut sums = [0.0; 3];
                for &found in slice {
                    let middle = moved[i];
                    moved[i] = middle + 1e-3;
                    let above = loss(&moved, &x[..length], class);
                    moved[i] = middle - 1e-3;
                    let below = loss(&moved, &x[..length], class);
                    moved[i] = middle;
                    i += 1;
                    let (expected, found) = ((above - below) / 2e-3, f64::from(found));
                    sums[0] += found * found;
                    sums[1] += expected * expected;
                    sums[2] += found * expected;
                }
                let [found, expected] = [sums[0].sqrt(), sums[1].sqrt()];
                println!(
                    "{length} {class}: {:.4} {:e} {:e} {:e}",
                    sums[2] / (found * expected),
                    found,
                    expected,
                    found / expected
                );
                norms[0].push(found);
                norms[1].push(expected);
            }
        }
    }
}
