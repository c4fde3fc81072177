//! The ways to learn and to recognise: in `f32`, in `f32` and then in integers, in integers throughout.

use speaker::integers::{self, Recogniser};
use speaker::{Dataset, FRAMES, HIDDEN, RECIPE, Recipe, SPEAKERS, Trainer, Utterance};

/// The trainer in `f32` at the shapes of this data set.
pub type Floats = Trainer<HIDDEN, SPEAKERS, FRAMES>;
/// The trainer in integers.
pub type Integers = integers::Trainer<HIDDEN, SPEAKERS, FRAMES>;

/// What learned in `f32`, and then recognises in integers.
pub struct Quantized {
    trainer: Floats,
    recogniser: Option<Recogniser<HIDDEN, SPEAKERS, FRAMES>>,
}

impl Quantized {
    pub fn new() -> Self {
        Self {
            trainer: Floats::new(),
            recogniser: None,
        }
    }
}

/// What an epoch saw: the mean loss, and how many utterances were recognised.
pub struct Seen {
    pub loss: f64,
    pub correct: usize,
}

/// Who was recognised, and the attention over all frames.
pub struct Answer {
    pub speaker: usize,
    pub attention: [f32; FRAMES],
}

/// A model that is trained and then tested.
pub trait Learner {
    fn start(&mut self, train: &Dataset, order: &[u16], seed: u64);
    /// One of `epochs` epochs.
    fn epoch(&mut self, train: &Dataset, order: &mut [u16], epochs: u32) -> Seen;
    /// After the last epoch.
    fn finish(&mut self, _train: &Dataset) {}
    fn recognise(&mut self, utterance: &Utterance) -> Answer;
}

impl Learner for Floats {
    fn start(&mut self, train: &Dataset, order: &[u16], seed: u64) {
        self.start(train, order, seed);
    }

    fn epoch(&mut self, train: &Dataset, order: &mut [u16], epochs: u32) -> Seen {
        let epoch = self.epoch(train, order, &Recipe { epochs, ..RECIPE });
        Seen {
            loss: epoch.loss.into(),
            correct: epoch.correct,
        }
    }

    fn recognise(&mut self, utterance: &Utterance) -> Answer {
        let act = self.recognise(utterance);
        let [attention] = act.a;
        Answer {
            speaker: act.class(),
            attention,
        }
    }
}

impl Learner for Quantized {
    fn start(&mut self, train: &Dataset, order: &[u16], seed: u64) {
        self.trainer.start(train, order, seed);
    }

    fn epoch(&mut self, train: &Dataset, order: &mut [u16], epochs: u32) -> Seen {
        Learner::epoch(&mut self.trainer, train, order, epochs)
    }

    fn finish(&mut self, train: &Dataset) {
        self.recogniser = Some(Recogniser::new(&mut self.trainer, train));
    }

    fn recognise(&mut self, utterance: &Utterance) -> Answer {
        match &mut self.recogniser {
            Some(recogniser) => answer(recogniser.recognise(utterance)),
            None => Learner::recognise(&mut self.trainer, utterance),
        }
    }
}

impl Learner for Integers {
    fn start(&mut self, train: &Dataset, order: &[u16], seed: u64) {
        self.start(train, order, seed);
    }

    fn epoch(&mut self, train: &Dataset, order: &mut [u16], epochs: u32) -> Seen {
        let recipe = integers::Recipe {
            epochs,
            ..integers::RECIPE
        };
        let epoch = self.epoch(train, order, &recipe);
        Seen {
            loss: f64::from(epoch.loss) / 65536.0,
            correct: epoch.correct,
        }
    }

    fn recognise(&mut self, utterance: &Utterance) -> Answer {
        answer(self.recognise(utterance))
    }
}

fn answer(act: &integers::Activations<HIDDEN, SPEAKERS, FRAMES>) -> Answer {
    let [attention] = act.a;
    Answer {
        speaker: act.class(),
        attention: attention.map(|a| f32::from(a) / 65536.0),
    }
}
