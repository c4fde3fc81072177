//! The model computes what its equations say, its gradients are those of its loss, and its training
//! is reproducible.

use speaker::{Activations, Adam, Dataset, Parameters, Random, Recipe, Standardise, Trainer};

const D: usize = 5;
const H: usize = 11;
const C: usize = 4;
const T: usize = 9;

type Small = Parameters<D, H, C>;

fn parameters(random: &mut Random) -> Small {
    let mut parameters = Small::zeros();
    parameters.initialise(random);
    for value in parameters.slices_mut().into_iter().flatten() {
        *value += 0.5 * random.symmetric();
    }
    parameters
}

fn frames(random: &mut Random) -> [[f32; D]; T] {
    let mut x = [[0.0; D]; T];
    x.as_flattened_mut().fill_with(|| 2.0 * random.symmetric());
    x
}

fn garbage() -> Activations<H, C, T> {
    Activations {
        hs: [[[f32::NAN; H]; T]],
        a: [[f32::NAN; T]],
        c: [[f32::NAN; H]],
        z: [[f32::NAN; C]],
    }
}

/// The equations of the model in `f64`, one loop after the other: attention, scores, loss.
#[expect(
    clippy::many_single_char_names,
    reason = "the letters of the equations"
)]
fn reference(flat: &[f64], x: &[[f32; D]], class: usize) -> (Vec<f64>, Vec<f64>, f64) {
    let (w, rest) = flat.split_at(D * H);
    let (b, rest) = rest.split_at(H);
    let (q, rest) = rest.split_at(H);
    let (v, e) = rest.split_at(H * C);
    let mut hs = Vec::new();
    for x in x {
        for k in 0..H {
            let mut y = b[k];
            for d in 0..D {
                y += w[d * H + k] * f64::from(x[d]);
            }
            hs.push(y.max(0.0));
        }
    }
    let mut s = vec![0.0; x.len()];
    for t in 0..x.len() {
        for k in 0..H {
            s[t] += q[k] * hs[t * H + k];
        }
    }
    let a = softmax(&s);
    let mut z = e.to_vec();
    for k in 0..H {
        for t in 0..x.len() {
            for class in 0..C {
                z[class] += a[t] * hs[t * H + k] * v[k * C + class];
            }
        }
    }
    let loss = -softmax(&z)[class].ln();
    (a, z, loss)
}

fn softmax(x: &[f64]) -> Vec<f64> {
    let sum: f64 = x.iter().map(|x| x.exp()).sum();
    x.iter().map(|x| x.exp() / sum).collect()
}

fn flat(parameters: &Small) -> Vec<f64> {
    parameters
        .slices()
        .into_iter()
        .flatten()
        .map(|&value| value.into())
        .collect()
}

fn close(found: f32, expected: f64, tolerance: f64) -> bool {
    (f64::from(found) - expected).abs() <= tolerance
}

#[test]
fn the_forward_pass_is_the_equations() {
    let mut random = Random::new(1);
    for length in 1..=T {
        let (parameters, x) = (parameters(&mut random), frames(&mut random));
        let mut act = garbage();
        parameters.forward(&x, length, &mut act);
        for class in 0..C {
            let (a, z, loss) = reference(&flat(&parameters), &x[..length], class);
            for (found, expected) in act.a[0].iter().zip(a) {
                assert!(close(*found, expected, 1e-6), "a: {found} {expected}");
            }
            for (found, expected) in act.z[0].iter().zip(z) {
                assert!(close(*found, expected, 1e-5), "z: {found} {expected}");
            }
            assert!(
                close(act.loss(class), loss, 1e-5),
                "loss: {} {loss}",
                act.loss(class)
            );
        }
    }
}

/// Central differences of the reference in `f64`, step 1e-6: their own error is about 1e-9.
#[test]
fn the_gradients_are_central_differences() {
    let mut random = Random::new(2);
    for length in [1, 4, T] {
        for class in 0..C {
            let (parameters, x) = (parameters(&mut random), frames(&mut random));
            let mut act = garbage();
            parameters.forward(&x, length, &mut act);
            let mut d = Small::zeros();
            let mut dhs = [[[f32::NAN; H]; T]];
            let loss = parameters.backward(&x, length, &act, class, &mut dhs, &mut d);
            assert_eq!(loss.to_bits(), act.loss(class).to_bits());

            let mut moved = flat(&parameters);
            for (i, &found) in d.slices().into_iter().flatten().enumerate() {
                let (middle, step) = (moved[i], 1e-6);
                moved[i] = middle + step;
                let above = reference(&moved, &x[..length], class).2;
                moved[i] = middle - step;
                let below = reference(&moved, &x[..length], class).2;
                moved[i] = middle;
                let expected = (above - below) / (2.0 * step);
                let tolerance = 1e-5 * (1.0 + expected.abs());
                assert!(close(found, expected, tolerance), "{i}: {found} {expected}");
            }
        }
    }
}

#[test]
fn gradients_add_up_over_utterances() {
    let mut random = Random::new(3);
    let parameters = parameters(&mut random);
    let mut sum = Small::zeros();
    let mut parts = vec![0.0; flat(&sum).len()];
    for class in 0..C {
        let x = frames(&mut random);
        let mut act = garbage();
        parameters.forward(&x, T, &mut act);
        let mut alone = Small::zeros();
        let mut dhs = [[[f32::NAN; H]; T]];
        parameters.backward(&x, T, &act, class, &mut dhs, &mut alone);
        parameters.backward(&x, T, &act, class, &mut dhs, &mut sum);
        for (part, alone) in parts.iter_mut().zip(flat(&alone)) {
            *part += alone;
        }
    }
    for (sum, parts) in flat(&sum).iter().zip(parts) {
        assert!((sum - parts).abs() <= 1e-5);
    }
}

/// Whatever lies behind the last frame, a larger `T` included: not one bit changes.
#[test]
fn frames_that_do_not_exist_change_nothing() {
    let mut random = Random::new(4);
    let parameters = parameters(&mut random);
    let x = frames(&mut random);
    for length in 1..T {
        let mut results = Vec::new();
        for behind in [0.0, -7.5, f32::INFINITY, f32::NAN] {
            let mut x = x;
            x[length..].as_flattened_mut().fill(behind);
            let mut act = garbage();
            let mut d = Small::zeros();
            parameters.forward(&x, length, &mut act);
            parameters.backward(&x, length, &act, 1, &mut [[[f32::NAN; H]; T]], &mut d);
            assert!(act.a[0][length..].iter().all(|a| a.to_bits() == 0));
            results.push((
                bits(&d),
                act.z[0].map(f32::to_bits),
                act.a[0].map(f32::to_bits),
            ));
        }
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]));

        let mut wide = [[f32::NAN; D]; T + 8];
        wide[..length].copy_from_slice(&x[..length]);
        let mut act = Activations {
            hs: [[[f32::NAN; H]; T + 8]],
            a: [[f32::NAN; T + 8]],
            c: [[f32::NAN; H]],
            z: [[f32::NAN; C]],
        };
        let mut d = Small::zeros();
        parameters.forward(&wide, length, &mut act);
        let mut dhs = [[[f32::NAN; H]; T + 8]];
        parameters.backward(&wide, length, &act, 1, &mut dhs, &mut d);
        let (narrow, z, a) = &results[0];
        assert_eq!(&bits(&d), narrow);
        assert_eq!(&act.z[0].map(f32::to_bits), z);
        assert_eq!(act.a[0].map(f32::to_bits)[..length], a[..length]);
    }
}

fn bits(parameters: &Small) -> Vec<u32> {
    parameters
        .slices()
        .into_iter()
        .flatten()
        .map(|value| value.to_bits())
        .collect()
}

#[test]
fn a_hopeless_class_gives_an_exact_loss_and_gradient() {
    let mut parameters = Small::zeros();
    parameters.e = [[0.0, 200.0, 0.0, 0.0]];
    let x = [[1.0; D]; T];
    let mut act = garbage();
    parameters.forward(&x, T, &mut act);
    assert_eq!(act.class(), 1);
    let mut d = Small::zeros();
    let loss = parameters.backward(&x, T, &act, 0, &mut [[[0.0; H]; T]], &mut d);
    assert_eq!(
        [loss, act.loss(0)].map(f32::to_bits),
        [200_f32.to_bits(); 2]
    );
    assert!(d.e[0][2] < 1e-38 && d.e[0][3] < 1e-38);
    assert_eq!(
        [d.e[0][0], d.e[0][1]].map(f32::to_bits),
        [-1_f32, 1.0].map(f32::to_bits)
    );
    assert!(d.slices().into_iter().flatten().all(|d| d.is_finite()));
}

/// The first outputs of the published generator.
#[test]
fn random_numbers_are_splitmix64() {
    let mut random = Random::new(0);
    let first = [random.bits(), random.bits(), random.bits()];
    assert_eq!(
        first,
        [
            0xe220_a839_7b1d_cdaf,
            0x6e78_9e6a_a1b9_65f4,
            0x06c4_5d18_8009_454f
        ]
    );
    let mut random = Random::new(1_234_567);
    assert_eq!(random.bits(), 6_457_827_717_110_365_317);
    assert_eq!(random.bits(), 3_203_168_211_198_807_973);
}

#[test]
fn random_numbers_stay_in_their_range() {
    let mut random = Random::new(5);
    let mut counts = [0; 7];
    for _ in 0..7000 {
        counts[random.below(7) as usize] += 1;
        assert!((-1.0..1.0).contains(&random.symmetric()));
    }
    assert!(
        counts.iter().all(|count| (800..1200).contains(count)),
        "{counts:?}"
    );
    assert_eq!(random.below(0), 0);
    for length in 0..20 {
        let mut order: Vec<usize> = (0..length).collect();
        random.shuffle(&mut order);
        order.sort_unstable();
        assert!(order.into_iter().eq(0..length));
    }
}

#[test]
fn standardised_features_have_mean_0_and_deviation_1() {
    let file = include_bytes!("../data/train.bin");
    let dataset = Dataset::parse(file).expect("the file is sound");
    let frames = || dataset.iter().flat_map(|utterance| utterance.frames());
    let standardise = Standardise::learn(frames());
    let mut x = vec![[[0.0_f32; 12]; 29]; dataset.len()];
    let mut moments = [[0.0_f64; 2]; 12];
    for (utterance, x) in dataset.iter().zip(&mut x) {
        let length = standardise.apply(utterance.frames(), x);
        assert_eq!(length, utterance.frames().len());
        assert!(x[length..].as_flattened().iter().all(|x| x.to_bits() == 0));
        for x in &x[..length] {
            for (moments, &x) in moments.iter_mut().zip(x) {
                moments[0] += f64::from(x) / 4274.0;
                moments[1] += f64::from(x) * f64::from(x) / 4274.0;
            }
        }
    }
    for [mean, square] in moments {
        assert!(
            mean.abs() < 1e-5 && (square - 1.0).abs() < 1e-4,
            "{mean} {square}"
        );
    }
}

#[test]
fn a_feature_that_never_changes_is_only_centred() {
    let standardise = Standardise::learn([[3.0, 1.0], [3.0, 2.0]].into_iter());
    let mut x = [[f32::NAN; 2]; 2];
    // A third frame finds no room.
    let length = standardise.apply([[4.0, 1.0], [3.0, 2.0], [0.0, 0.0]].into_iter(), &mut x);
    assert_eq!((length, x), (2, [[1.0, -1.0], [0.0, 1.0]]));
}

/// Adam's first step goes by the rate against the sign of the gradient, whatever its size.
#[test]
fn adam_steps_by_its_rate_and_clears_the_gradient() {
    let mut theta = Small::zeros();
    let mut d = Small::zeros();
    d.b[0][0] = 1e-3;
    d.b[0][1] = -40.0;
    theta.e[0][0] = 2.0;
    Adam::new().step(&mut theta, &mut d, 0.5, 0.1, 0.25);
    assert!(close(theta.b[0][0], -0.1, 1e-5) && close(theta.b[0][1], 0.1, 1e-5));
    assert!(close(theta.e[0][0], 2.0 - 0.1 * 0.25 * 2.0, 1e-6));
    assert_eq!(d, Small::zeros());
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let file = include_bytes!("../data/train.bin");
    let dataset = Dataset::parse(file).expect("the file is sound");
    let recipe = Recipe {
        epochs: 2,
        batch: 10,
        rate: 0.02,
        decay: 0.05,
        noise: 1.0,
    };
    let mut trainer = Box::new(Trainer::<8, 9, 29>::new());
    let mut run = |seed| {
        let mut order: Vec<u16> = (0..270).collect();
        trainer.start(&dataset, &order, seed);
        let epochs = [0; 2].map(|_| {
            let epoch = trainer.epoch(&dataset, &mut order, &recipe);
            (epoch.loss.to_bits(), epoch.correct)
        });
        let bits = |value: &f32| value.to_bits();
        let bits: Vec<u32> = trainer
            .parameters()
            .slices()
            .into_iter()
            .flatten()
            .map(bits)
            .collect();
        (bits, epochs, order)
    };
    let first = run(0);
    let other = run(1);
    assert!(first.0 != other.0 && first.2 != other.2);
    assert_eq!(first, run(0));
}

/// The sizes that the README names, in bytes.
#[test]
fn the_memory_is_what_the_readme_says() {
    assert_eq!(size_of::<Parameters<12, 32, 9>>(), 2980);
    assert_eq!(size_of::<Trainer<32, 9, 29>>(), 21_136);
}
