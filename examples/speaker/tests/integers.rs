//! The model in integers computes what its equations say, its gradients point where those of its loss do, and its training is
//! reproducible.

#![expect(
    clippy::many_single_char_names,
    reason = "the letters of the equations"
)]

use microattention::quantized::{Multiplier, ScoreScale};
use speaker::integers::{
    Activations, Parameters, RECIPE, Recipe, Recogniser, Scales, Standardise, Trainer,
};
use speaker::{Dataset, Random};
use std::fmt::Debug;

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

/// From −`bound` to `bound`.
fn around<X: TryFrom<i32, Error: Debug>>(random: &mut Random, bound: u32) -> X {
    let number = random.below(2 * bound + 1).cast_signed() - bound.cast_signed();
    number.try_into().expect("the bound fits")
}

fn fill(values: &mut [i8], bound: u32, random: &mut Random) {
    values.fill_with(|| around(random, bound));
}

fn parameters(random: &mut Random) -> Small {
    let mut parameters = Small::zeros();
    fill(
        parameters.w.as_flattened_mut().as_flattened_mut(),
        100,
        random,
    );
    fill(parameters.q.as_flattened_mut(), 10, random);
    fill(
        parameters.v.as_flattened_mut().as_flattened_mut(),
        10,
        random,
    );
    parameters.b[0].fill_with(|| around(random, 2000));
    parameters.e[0].fill_with(|| around(random, 1000));
    parameters
}

fn frames(random: &mut Random) -> [[i8; D]; T] {
    let mut x = [[0; D]; T];
    fill(x.as_flattened_mut(), 100, random);
    x
}

fn garbage<const T: usize>() -> Activations<H, C, T> {
    Activations {
        hs: [[[77; H]; T]],
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

/// Where nothing saturates, each of the five gradients is a multiple of the central differences, the same for all utterances,
/// those that are recognised well, with a small gradient, included.
#[test]
fn the_gradients_are_central_differences() {
    let mut random = Random::new(2);
    for (length, certain) in [(1, 0), (4, 0), (T, 0), (T, 0), (T, 4096), (T, 5120)] {
        for class in 0..C {
            let (mut p, x) = (parameters(&mut random), frames(&mut random));
            p.e[0][class] += certain;
            let mut act = garbage();
            p.forward(&SCALES, &x, length, &mut act);
            let mut d = Gradient::zeros();
            let mut dhs = [[[777; H]; T]];
            let found = p.backward(&SCALES, &x, length, &act, class, &mut dhs, &mut d);
            let mut moved = flat(&p);
            let expected = loss(&moved, &x[..length], class);
            assert!((f64::from(found) / 65536.0 - expected).abs() < 0.01 * (1.0 + expected));

            let mut i = 0;
            // 2¹⁵ for the softmax, 1/σ = 2¹⁰ for the scores; 2⁷ for `hs` less the 16 units. Of a frame whose `hs` is rounded
            // to 0 or to 127, the gradient before the `ReLU` is lost; and a small gradient has few bits.
            let [before, after] = [(28, 0.15), (25, 0.06)];
            let units = [before, before, after, after, after];
            for (slice, (unit, tolerance)) in d.slices().into_iter().zip(units) {
                let (mut error, mut norm) = (0.0, 0.0);
                for &found in slice {
                    let middle = moved[i];
                    moved[i] = middle + 1e-3;
                    let above = loss(&moved, &x[..length], class);
                    moved[i] = middle - 1e-3;
                    let below = loss(&moved, &x[..length], class);
                    moved[i] = middle;
                    i += 1;
                    let expected = (above - below) / 2e-3 * f64::from(1 << unit);
                    error += (f64::from(found) - expected).powi(2);
                    norm += expected.powi(2);
                }
                let error = error.sqrt();
                assert!(error <= 1.0 + tolerance * norm.sqrt(), "{error} of {norm}");
            }
        }
    }
}

#[test]
fn gradients_add_up_over_utterances() {
    let mut random = Random::new(3);
    let p = parameters(&mut random);
    let mut sum = Gradient::zeros();
    let mut parts: Vec<i32> = vec![0; sum.slices().concat().len()];
    for class in 0..C {
        let (x, mut act, mut alone) = (frames(&mut random), garbage(), Gradient::zeros());
        p.forward(&SCALES, &x, T, &mut act);
        for d in [&mut alone, &mut sum] {
            p.backward(&SCALES, &x, T, &act, class, &mut [[[777; H]; T]], d);
        }
        for (part, alone) in parts.iter_mut().zip(alone.slices().concat()) {
            *part += alone;
        }
    }
    assert_eq!(sum.slices().concat(), parts);
}

/// Whatever lies behind the last frame, a larger `T` included: nothing changes.
#[test]
fn frames_that_do_not_exist_change_nothing() {
    let mut random = Random::new(4);
    let (p, x) = (parameters(&mut random), frames(&mut random));
    for length in 1..T {
        let mut results = Vec::new();
        for behind in [0, -128, 127] {
            let mut x = x;
            x[length..].as_flattened_mut().fill(behind);
            let (mut act, mut d) = (garbage(), Gradient::zeros());
            p.forward(&SCALES, &x, length, &mut act);
            p.backward(&SCALES, &x, length, &act, 1, &mut [[[777; H]; T]], &mut d);
            assert_eq!(act.a[0][length..], [0; T][length..]);
            results.push((d, act.z, act.a));
        }
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]));

        let mut wide = [[-99; D]; T + 8];
        wide[..length].copy_from_slice(&x[..length]);
        let (mut act, mut d) = (garbage(), Gradient::zeros());
        p.forward(&SCALES, &wide, length, &mut act);
        p.backward(
            &SCALES,
            &wide,
            length,
            &act,
            1,
            &mut [[[777; H]; T + 8]],
            &mut d,
        );
        let (narrow, z, a) = &results[0];
        assert_eq!((&d, &act.z), (narrow, z));
        assert_eq!(act.a[0][..length], a[0][..length]);
    }
}

/// In a build that checks for overflow.
#[test]
fn nothing_overflows() {
    for extreme in [i8::MIN, i8::MAX] {
        for bias in [i32::MIN, 0, i32::MAX] {
            for x in [i8::MIN, i8::MAX] {
                let p = Small {
                    w: [[[extreme; D]; H]],
                    b: [[bias; H]],
                    q: [[extreme; H]],
                    v: [[[x; H]; C]],
                    e: [[bias; C]],
                };
                let (mut act, mut d) = (garbage(), Gradient::zeros());
                for values in d.slices_mut() {
                    values.fill(bias);
                }
                p.forward(&SCALES, &[[x; D]; T], T, &mut act);
                for class in 0..C {
                    let mut dhs = [[[777; H]; T]];
                    p.backward(&SCALES, &[[x; D]; T], T, &act, class, &mut dhs, &mut d);
                }
            }
        }
    }
}

#[test]
fn standardised_features_have_mean_0_and_deviation_32() {
    let dataset = train();
    let frames = || dataset.iter().flat_map(|utterance| utterance.frames());
    let standardise = Standardise::learn(frames());
    let mut moments = [[0.0_f64; 2]; 12];
    for utterance in dataset.iter() {
        let mut x = [[99_i8; 12]; 29];
        let length = standardise.apply(utterance.frames(), &mut x);
        assert_eq!(length, utterance.frames().len());
        assert!(x[length..].as_flattened().iter().all(|&x| x == 99));
        for x in &x[..length] {
            for (moments, &x) in moments.iter_mut().zip(x) {
                moments[0] += f64::from(x) / 4274.0;
                moments[1] += f64::from(x) * f64::from(x) / 4274.0;
            }
        }
    }
    for [mean, square] in moments {
        // A few frames are more than four deviations away, and saturate.
        assert!(
            mean.abs() < 0.2 && (square.sqrt() - 32.0).abs() < 0.2,
            "{mean} {square}"
        );
    }
}

#[test]
fn any_feature_becomes_an_integer() {
    let standardise = Standardise::learn([[3.0, 1.0], [3.0, 2.0]].into_iter());
    let values = [
        0.0,
        -0.0,
        f32::MIN_POSITIVE,
        1e-30,
        1e9,
        f32::MAX,
        f32::INFINITY,
        f32::NAN,
    ];
    let frames = values.into_iter().flat_map(|x| [[1.0, x], [1.0, -x]]);
    let mut x = [[99; 2]; 17];
    assert_eq!(standardise.apply(frames, &mut x), 16);
    // The first feature never changed.
    assert!(x[..16].iter().all(|x| x[0] == 0));
    // The second has mean 1.5 and deviation 0.5.
    assert!(x[..8].iter().all(|x| x[1] == -96));
    for x in x[8..16].chunks(2) {
        assert_eq!([x[0][1], x[1][1]], [127, -128]);
    }
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let dataset = train();
    let recipe = Recipe {
        epochs: 2,
        ..RECIPE
    };
    let mut trainer = Box::new(Trainer::<8, 9, 29>::new());
    let mut run = |seed| {
        let mut order: Vec<u16> = (0..270).collect();
        trainer.start(&dataset, &order, seed);
        let epochs = [0; 2].map(|_| trainer.epoch(&dataset, &mut order, &recipe));
        (trainer.stored().collect::<Vec<_>>(), epochs, order)
    };
    let first = run(0);
    let other = run(1);
    assert!(first.0 != other.0 && first.2 != other.2);
    assert_eq!(first, run(0));
}

/// Steps of the largest size, with the largest noise, in a build that checks for overflow.
#[test]
fn a_bad_recipe_learns_nothing_and_does_no_harm() {
    let mut trainer = Box::new(Trainer::<8, 9, 29>::new());
    let mut order: Vec<u16> = (0..40).collect();
    trainer.start(&train(), &order, 0);
    for extreme in [i16::MIN, i16::MAX] {
        let recipe = Recipe {
            epochs: 3,
            batch: 0,
            rate: extreme,
            noise: extreme,
        };
        trainer.epoch(&train(), &mut order, &recipe);
    }
}

#[test]
fn what_was_learned_in_f32_is_recognised_in_integers() {
    let dataset = train();
    let recipe = speaker::Recipe {
        epochs: 5,
        batch: 10,
        rate: 0.02,
        decay: 0.05,
        noise: 1.0,
    };
    let mut trainer = Box::new(speaker::Trainer::<32, 9, 29>::new());
    let mut order: Vec<u16> = (0..270).collect();
    trainer.start(&dataset, &order, 0);
    for _ in 0..recipe.epochs {
        trainer.epoch(&dataset, &mut order, &recipe);
    }
    let mut recogniser = Recogniser::new(&mut trainer, &dataset);
    let mut same = 0;
    for utterance in dataset.iter() {
        let (floats, integers) = (
            trainer.recognise(&utterance),
            recogniser.recognise(&utterance),
        );
        same += usize::from(floats.class() == integers.class());
        for (x, &y) in floats.a[0].iter().zip(&integers.a[0]) {
            assert!((x - f32::from(y) / 65536.0).abs() < 0.05, "{x} {y}");
        }
    }
    assert!(same >= 268, "{same} of 270");
}

/// The sizes that the README names, in bytes.
#[test]
fn the_memory_is_what_the_readme_says() {
    assert_eq!(size_of::<Parameters<i8, 12, 32, 9>>(), 868);
    assert_eq!(size_of::<Trainer<32, 9, 29>>(), 15_032);
}
