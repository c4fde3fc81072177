//! Training by mini-batches.

mod stored;

use crate::{Activations, Adam, Dataset, FEATURES, Parameters, Random, Standardise, Utterance};

/// How to train.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// How often every utterance is seen.
    pub epochs: u32,
    /// Utterances for one step.
    pub batch: u16,
    /// The step size of the first epoch; it falls linearly and would be 0 in the epoch after the
    /// last.
    pub rate: f32,
    /// The weight decay of [`Adam`].
    pub decay: f32,
    /// Every standardised value is moved by a new random number between −`noise` and `noise` each
    /// time it is seen, so that a few recordings cannot be learned by heart.
    pub noise: f32,
}

/// What the program and the board learn with: chosen among the recipes that `--cross-validate` compares, without
/// a look at the test set.
pub const RECIPE: Recipe = Recipe {
    epochs: 200,
    batch: 10,
    rate: 0.02,
    decay: 0.05,
    noise: 1.0,
};

/// What one epoch saw on its way: each utterance before the parameters learn from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// The mean loss.
    pub loss: f32,
    /// How many utterances were recognised.
    pub correct: usize,
}

/// A model and all that its training needs, in one place of fixed size: put it into a `static` or a
/// `Box`.
#[derive(Clone, Debug)]
pub struct Trainer<const H: usize, const C: usize, const T: usize> {
    parameters: Parameters<FEATURES, H, C>,
    d: Parameters<FEATURES, H, C>,
    adam: Adam<FEATURES, H, C>,
    standardise: Standardise<FEATURES>,
    random: Random,
    epoch: u32,
    x: [[f32; FEATURES]; T],
    act: Activations<H, C, T>,
    dhs: [[[f32; H]; T]; 1],
}

impl<const H: usize, const C: usize, const T: usize> Trainer<H, C, T> {
    /// Room for a model that knows nothing; [`start`](Self::start) or [`resume`](Self::resume) comes
    /// next. All of it is zeros, so a `static` takes no flash.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            parameters: Parameters::zeros(),
            d: Parameters::zeros(),
            adam: Adam::zeros(),
            standardise: Standardise::zeros(),
            random: Random::new(0),
            epoch: 0,
            x: [[0.0; FEATURES]; T],
            act: Activations::zeros(),
            dhs: [[[0.0; H]; T]],
        }
    }

    /// Draws new parameters from the seed and learns mean and deviation from the frames of the
    /// utterances in `order`.
    pub fn start(&mut self, dataset: &Dataset, order: &[u16], seed: u64) {
        let utterances = order
            .iter()
            .filter_map(|&utterance| dataset.get(utterance.into()));
        self.standardise = Standardise::learn(utterances.flat_map(|utterance| utterance.frames()));
        self.restart(seed);
        self.parameters.initialise(&mut self.random);
    }

    /// Before the first epoch, but for what is learned. Nothing large is made on the stack.
    fn restart(&mut self, seed: u64) {
        self.random = Random::new(seed);
        for d in self.d.slices_mut() {
            d.fill(0.0);
        }
        self.adam.restart();
        self.epoch = 0;
    }

    /// Learns once from every utterance whose number is in `order`, and leaves `order` shuffled.
    #[expect(
        clippy::cast_precision_loss,
        reason = "epochs and utterances are far below 2²⁴"
    )]
    pub fn epoch(&mut self, dataset: &Dataset, order: &mut [u16], recipe: &Recipe) -> Epoch {
        let rate = recipe.rate * (1.0 - self.epoch as f32 / recipe.epochs as f32).max(0.0);
        let mut seen = Epoch {
            loss: 0.0,
            correct: 0,
        };
        self.random.shuffle(order);
        for batch in order.chunks(recipe.batch.max(1).into()) {
            for utterance in batch
                .iter()
                .filter_map(|&utterance| dataset.get(utterance.into()))
            {
                let length = self.standardise.apply(utterance.frames(), &mut self.x);
                for x in self.x.iter_mut().take(length).flatten() {
                    *x += recipe.noise * self.random.symmetric();
                }
                self.parameters.forward(&self.x, length, &mut self.act);
                seen.correct += usize::from(self.act.class() == utterance.speaker());
                seen.loss += self.parameters.backward(
                    &self.x,
                    length,
                    &self.act,
                    utterance.speaker(),
                    &mut self.dhs,
                    &mut self.d,
                );
            }
            self.adam.step(
                &mut self.parameters,
                &mut self.d,
                1.0 / batch.len() as f32,
                rate,
                recipe.decay,
            );
        }
        seen.loss /= order.len() as f32;
        self.epoch += 1;
        seen
    }

    /// Recognises an utterance; `class()` of the result is the speaker, `a` the attention over the
    /// frames.
    pub fn recognise(&mut self, utterance: &Utterance) -> &Activations<H, C, T> {
        let length = self.standardise.apply(utterance.frames(), &mut self.x);
        self.parameters.forward(&self.x, length, &mut self.act);
        &self.act
    }

    /// The parameters, as they are now.
    #[must_use]
    pub fn parameters(&self) -> &Parameters<FEATURES, H, C> {
        &self.parameters
    }
}

impl<const H: usize, const C: usize, const T: usize> Default for Trainer<H, C, T> {
    fn default() -> Self {
        Self::new()
    }
}
