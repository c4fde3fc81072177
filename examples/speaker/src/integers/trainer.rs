//! Training by mini-batches, in integers.

use super::standardise::{DEVIATION, Standardise, X};
use super::{Activations, Parameters, Scales};
use crate::{Dataset, FEATURES, Random, Utterance};
use microattention::quantized::{Multiplier, ScoreScale, requantize, softmax_cross_entropy};

/// How to train.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// How often every utterance is seen.
    pub epochs: u32,
    /// Utterances for one step.
    pub batch: u16,
    /// The step size of the first epoch, in 1/256 of a unit of the 8-bit weights; it falls linearly and would be 0 in the epoch
    /// after the last.
    pub rate: i16,
    /// Every standardised value is moved by a new random number from −`noise` to below `noise` each time it is seen, in 1/32 of
    /// a deviation, so that a few recordings cannot be learned by heart.
    pub noise: i16,
}

/// What `--integers` and the board learn with.
pub const RECIPE: Recipe = Recipe {
    epochs: 100,
    batch: 10,
    rate: 40,
    noise: DEVIATION as i16,
};

/// What one epoch saw on its way: each utterance before the parameters learn from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// The mean loss, in 2⁻¹⁶.
    pub loss: u32,
    /// How many utterances were recognised.
    pub correct: usize,
}

// What one unit of `w`, `q` and `v` is worth, and of `hs` and `c`: weights reach from −4 to 4, features of a frame to 16.
const WEIGHT: f32 = 1.0 / 32.0;
const HIDDEN: f32 = 1.0 / 8.0;
const SCALES: Scales = Scales {
    hidden: Multiplier::new(X * WEIGHT / HIDDEN),
    attention: ScoreScale::new(HIDDEN * WEIGHT),
    context: Multiplier::new(1.0 / 256.0),
    speakers: ScoreScale::new(HIDDEN * WEIGHT),
};

/// A parameter that learns has 24 bits more than what is read of it.
const READ: Multiplier = Multiplier::new(1.0 / 16_777_216.0);

/// A model and all that its training needs, in one place of fixed size, with parameters that learn in 32 bits and are read in 8.
///
/// A step goes by the sign of the momentum (J. Bernstein et al., "signSGD", 2018), so what gradients are worth does not matter:
///
/// ```text
/// m ← m − m/32 + d
/// θ ← θ − falling·(rate·sign(m) + θ/1024)      falling from 1 to 0
/// ```
#[derive(Clone, Debug)]
pub struct Trainer<const H: usize, const C: usize, const T: usize> {
    learned: Parameters<i32, FEATURES, H, C>,
    d: Parameters<i32, FEATURES, H, C>,
    m: Parameters<i32, FEATURES, H, C>,
    read: Parameters<i8, FEATURES, H, C>,
    standardise: Standardise<FEATURES>,
    random: Random,
    epoch: u32,
    x: [[i8; FEATURES]; T],
    act: Activations<H, C, T>,
    dhs: [[[i32; H]; T]; 1],
}

impl<const H: usize, const C: usize, const T: usize> Trainer<H, C, T> {
    /// Room for a model that knows nothing; [`start`](Self::start) comes next. All of it is zeros, so a `static` takes no flash.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            learned: Parameters::<i32, FEATURES, H, C>::zeros(),
            d: Parameters::<i32, FEATURES, H, C>::zeros(),
            m: Parameters::<i32, FEATURES, H, C>::zeros(),
            read: Parameters::<i8, FEATURES, H, C>::zeros(),
            standardise: Standardise::zeros(),
            random: Random::new(0),
            epoch: 0,
            x: [[0; FEATURES]; T],
            act: Activations::zeros(),
            dhs: [[[0; H]; T]],
        }
    }

    /// Draws new parameters from the seed and learns mean and deviation from the frames of the utterances in `order`.
    ///
    /// The first weights have variance 2/12 before the `ReLU` and 1/`H` after it, as in `f32`; all other parameters are zero.
    pub fn start(&mut self, dataset: &Dataset, order: &[u16], seed: u64) {
        let utterances = order
            .iter()
            .filter_map(|&utterance| dataset.get(utterance.into()));
        self.standardise = Standardise::learn(utterances.flat_map(|utterance| utterance.frames()));
        self.random = Random::new(seed);
        self.epoch = 0;
        for slice in [&mut self.learned, &mut self.d, &mut self.m]
            .into_iter()
            .flat_map(Parameters::<i32, FEATURES, H, C>::slices_mut)
        {
            slice.fill(0);
        }
        let [w, _, _, v, _] = self.learned.slices_mut();
        for (values, variance, inputs) in [(w, 2_u64, FEATURES), (v, 1, H)] {
            // Uniform numbers up to √(3·variance/inputs), where 1 is 2²⁹.
            let bound = ((3 * variance) << 58) / inputs.max(1) as u64;
            let bound = bound.isqrt().cast_signed();
            for value in values {
                let random = self.random.bits().cast_signed() >> 32;
                *value = ((random * bound) >> 31) as i32;
            }
        }
        self.read();
    }

    /// Learns once from every utterance whose number is in `order`, and leaves `order` shuffled.
    pub fn epoch(&mut self, dataset: &Dataset, order: &mut [u16], recipe: &Recipe) -> Epoch {
        let left = recipe.epochs.saturating_sub(self.epoch);
        let falling = ((u64::from(left) << 16) / u64::from(recipe.epochs.max(1))) as i32;
        let (mut loss, mut correct) = (0_u64, 0);
        self.random.shuffle(order);
        for batch in order.chunks(recipe.batch.max(1).into()) {
            for utterance in batch
                .iter()
                .filter_map(|&utterance| dataset.get(utterance.into()))
            {
                let length = self.standardise.apply(utterance.frames(), &mut self.x);
                self.add_noise(length, recipe.noise.into());
                self.read.forward(&SCALES, &self.x, length, &mut self.act);
                correct += usize::from(self.act.class() == utterance.speaker());
                loss += u64::from(self.read.backward(
                    &SCALES,
                    &self.x,
                    length,
                    &self.act,
                    utterance.speaker(),
                    &mut self.dhs,
                    &mut self.d,
                ));
            }
            self.step(recipe.rate.into(), falling);
        }
        self.epoch += 1;
        Epoch {
            loss: (loss / order.len().max(1) as u64) as u32,
            correct,
        }
    }

    /// Eight values from each random number.
    fn add_noise(&mut self, length: usize, noise: i32) {
        let (x, _) = self.x.split_at_mut(length);
        for x in x.as_flattened_mut().chunks_mut(8) {
            for (x, byte) in x.iter_mut().zip(self.random.bits().to_le_bytes()) {
                let moved = ((i32::from(byte) * 2 * noise) >> 8) - noise + i32::from(*x);
                *x = moved.clamp(i8::MIN.into(), i8::MAX.into()) as i8;
            }
        }
    }

    /// One step of the optimiser, with `falling` in 2⁻¹⁶, after which the gradient is zeros.
    fn step(&mut self, rate: i32, falling: i32) {
        // 1/256 of a unit is 2¹⁶ of what learns.
        let (rate, decay) = (rate * falling, falling >> 10);
        let moments = self.d.slices_mut().into_iter().zip(self.m.slices_mut());
        for (learned, (d, m)) in self.learned.slices_mut().into_iter().zip(moments) {
            for ((learned, d), m) in learned.iter_mut().zip(d).zip(m) {
                *m = (*m - *m / 32).saturating_add(*d);
                *d = 0;
                let step = rate
                    .saturating_mul(m.signum())
                    .saturating_add((*learned >> 16) * decay);
                *learned = learned.saturating_sub(step);
            }
        }
        self.read();
    }

    /// What the layers read of the parameters.
    fn read(&mut self) {
        let Self { learned, read, .. } = self;
        for (learned, read) in learned.w.iter().zip(&mut read.w) {
            requantize(learned, READ, read);
        }
        requantize(&learned.q, READ, &mut read.q);
        for (learned, read) in learned.v.iter().zip(&mut read.v) {
            requantize(learned, READ, read);
        }
        // A bias is a weight whose input is 1: 32 units of `x`, or 8 of `c`.
        for (learned, read) in learned.b.iter().flatten().zip(read.b.as_flattened_mut()) {
            *read = learned >> 19;
        }
        for (learned, read) in learned.e.iter().flatten().zip(read.e.as_flattened_mut()) {
            *read = learned >> 21;
        }
    }

    /// Recognises an utterance; `class()` of the result is the speaker, `a` the attention over the frames.
    pub fn recognise(&mut self, utterance: &Utterance) -> &Activations<H, C, T> {
        let length = self.standardise.apply(utterance.frames(), &mut self.x);
        self.read.forward(&SCALES, &self.x, length, &mut self.act);
        &self.act
    }

    /// The loss of the utterance that was recognised last, in 2⁻¹⁶.
    #[must_use]
    pub fn loss(&self, speaker: usize) -> u32 {
        softmax_cross_entropy(
            SCALES.speakers,
            &self.act.z,
            &[Some(speaker)],
            &mut [[0; C]],
        )
    }

    /// The mean and the factor of every feature, then the parameters in the order of [`Parameters::slices`], each number
    /// little-endian.
    pub fn stored(&self) -> impl Iterator<Item = [u8; 4]> {
        let Standardise { mean, factor } = &self.standardise;
        let parameters = self.learned.slices().into_iter().flatten();
        mean.iter()
            .chain(factor)
            .chain(parameters)
            .map(|value| value.to_le_bytes())
    }
}

impl<const H: usize, const C: usize, const T: usize> Default for Trainer<H, C, T> {
    fn default() -> Self {
        Self::new()
    }
}
