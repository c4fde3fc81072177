//! How far results are from exact arithmetic on the same integers.

use microattention::quantized::{
    ScoreScale, attention, attention_backward, quantize, scale_of, softmax_cross_entropy,
};

use crate::values::Random;

/// Of the root mean square of what is exact.
const CONTEXT: f64 = 4e-4;
const GRADIENTS: f64 = 7e-4;

#[derive(Default)]
struct Rms {
    error: f64,
    exact: f64,
}

impl Rms {
    fn add(&mut self, x: f64, exact: f64) {
        self.error += (x - exact).powi(2);
        self.exact += exact.powi(2);
    }

    fn relative(&self) -> f64 {
        (self.error / self.exact).sqrt()
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

/// Normally distributed queries and rows; scores are `sharpness`/√H times the inner product.
fn problem<const T: usize, const H: usize>(name: &str, sharpness: f32) {
    let mut random = Random(7);
    let (mut contexts, mut of_query, mut of_rows) =
        (Rms::default(), Rms::default(), Rms::default());
    for _ in 0..300 {
        let (h, of_h) = quantized::<1, H>(&mut random);
        let (hs, of_hs) = quantized::<T, H>(&mut random);
        let sigma = of_h * of_hs * sharpness / (H as f32).sqrt();
        let (scale, hs) = (ScoreScale::new(sigma), [hs]);
        let (mut a, mut c) = ([[0; T]], [[0; H]]);
        attention(scale, &h, &hs, &mut a, &mut c);
        let mut dc = [[0; H]];
        dc[0].fill_with(|| (2340.0 * random.normal()).round() as i16);
        let (mut dh, mut dhs) = ([[0; H]], [[[0; H]; T]]);
        attention_backward(scale, &h, &hs, &a, &dc, &mut dh, &mut dhs);

        let sigma = f64::from(sigma);
        let dot =
            |x: &[i8; H], y: &[f64]| x.iter().zip(y).map(|(&x, y)| f64::from(x) * y).sum::<f64>();
        let (q, d): (Vec<f64>, Vec<f64>) =
            (h[0].map(f64::from).into(), dc[0].map(f64::from).into());
        let scores: Vec<f64> = hs[0].iter().map(|x| sigma * dot(x, &q)).collect();
        let max = scores.iter().fold(f64::MIN, |max, &s| max.max(s));
        let exponentials: Vec<f64> = scores.iter().map(|s| (s - max).exp()).collect();
        let sum: f64 = exponentials.iter().sum();
        let weights: Vec<f64> = exponentials.iter().map(|e| e / sum).collect();
        let da: Vec<f64> = hs[0].iter().map(|x| dot(x, &d)).collect();
        let mean: f64 = da.iter().zip(&weights).map(|(da, a)| da * a).sum();
        let ds: Vec<f64> = da
            .iter()
            .zip(&weights)
            .map(|(da, a)| sigma * a * (da - mean))
            .collect();
        for i in 0..H {
            let column = |a: &[f64]| {
                hs[0]
                    .iter()
                    .zip(a)
                    .map(|(x, a)| f64::from(x[i]) * a)
                    .sum::<f64>()
            };
            contexts.add(f64::from(c[0][i]) / 256.0, column(&weights));
            of_query.add(f64::from(dh[0][i]) / 4096.0, column(&ds));
            for t in 0..T {
                of_rows.add(
                    f64::from(dhs[0][t][i]) / 4096.0,
                    weights[t] * d[i] + ds[t] * q[i],
                );
            }
        }
    }
    let (c, dh, dhs) = (contexts.relative(), of_query.relative(), of_rows.relative());
    println!("{name}: context {c:.2e}, dh {dh:.2e}, dhs {dhs:.2e}");
    assert!(c <= CONTEXT && dh <= GRADIENTS && dhs <= GRADIENTS);
}

#[test]
fn root_mean_squares() {
    problem::<16, 16>("16 keys", 1.0);
    problem::<64, 32>("64 keys", 1.0);
    problem::<64, 32>("64 keys, sharp", 4.0);
    problem::<64, 32>("64 keys, flat", 0.25);
    problem::<256, 32>("256 keys", 1.0);
    problem::<29, 20>("29 keys", 1.0);
}

/// The bound that the documentation gives of a weight.
#[test]
fn weights_are_within_their_bound() {
    let (mut random, mut nearest) = (Random(3), 0.0_f64);
    for _ in 0..20_000 {
        let sigma = 0.001 * 2_f32.powi(random.below(8) as i32);
        let mut s = [[0; 12]];
        s[0].fill_with(|| {
            (random.normal() * 3.0 / f64::from(sigma)) as i32 / (1 + random.below(20) as i32)
        });
        let mut a = [[0; 12]];
        microattention::quantized::softmax(ScoreScale::new(sigma), &s, &mut a);
        let max = f64::from(*s[0].iter().max().unwrap());
        // What rounding σ changes is not part of the bound.
        let octaves = (f64::from(sigma) * std::f64::consts::LOG2_E * f64::from(1 << 26)).round()
            / f64::from(1 << 26);
        let e = s[0].map(|s| (octaves * (f64::from(s) - max)).exp2());
        let sum: f64 = e.iter().sum();
        for (a, e) in a[0].iter().zip(e) {
            let exact = 65_536.0 * e / sum;
            let bound = 0.5 + 0.5 / sum + 1.3e-4 * exact;
            nearest = nearest.max((f64::from(*a) - exact).abs() / bound);
        }
    }
    println!("{nearest:.3} of the bound");
    assert!((0.8..=1.0).contains(&nearest));
}

#[test]
fn losses() {
    let mut random = Random(9);
    for _ in 0..20_000 {
        let sigma = 10_f32.powi(-(random.below(6) as i32));
        let mut s = [[0; 9]];
        s[0].fill_with(|| {
            (random.normal() * [1.0, 10.0][random.below(2)] / f64::from(sigma)) as i32
        });
        let label = random.below(9);
        let mut ds = [[0; 9]];
        let loss = softmax_cross_entropy(ScoreScale::new(sigma), &s, &[Some(label)], &mut ds);
        let x = s[0].map(|s| f64::from(s) * f64::from(sigma));
        let max = x.iter().fold(f64::MIN, |max, &x| max.max(x));
        let exact = max - x[label] + x.iter().map(|x| (x - max).exp()).sum::<f64>().ln();
        let error = (f64::from(loss) / 65_536.0 - exact).abs() * 65_536.0;
        assert!(
            error <= 9.0 / 2.0 + 15.0 + 65_536.0 * exact / 8192.0,
            "{loss} {exact} {error}"
        );
    }
}
