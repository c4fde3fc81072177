//! What learns: the model in `f32`, and in integers.

use speaker::{Dataset, Trainer, Utterance, integers};

use crate::training::{RECIPE, SEED};

pub trait Model {
    const NAME: &str;
    const EPOCHS: u32;
    fn start(&mut self, train: &Dataset, order: &[u16]);
    /// One epoch of the recipe; how many utterances it recognised.
    fn epoch(&mut self, train: &Dataset, order: &mut [u16]) -> usize;
    /// Who spoke.
    fn recognise(&mut self, utterance: &Utterance) -> usize;
    fn stored(&self) -> impl Iterator<Item = [u8; 4]>;
}

impl<const H: usize, const C: usize, const T: usize> Model for Trainer<H, C, T> {
    const NAME: &str = "nine speakers";
    const EPOCHS: u32 = RECIPE.epochs;

    fn start(&mut self, train: &Dataset, order: &[u16]) {
        self.start(train, order, SEED);
    }

    fn epoch(&mut self, train: &Dataset, order: &mut [u16]) -> usize {
        self.epoch(train, order, &RECIPE).correct
    }

    fn recognise(&mut self, utterance: &Utterance) -> usize {
        self.recognise(utterance).class()
    }

    fn stored(&self) -> impl Iterator<Item = [u8; 4]> {
        self.stored()
    }
}

impl<const H: usize, const C: usize, const T: usize> Model for integers::Trainer<H, C, T> {
    const NAME: &str = "nine speakers in integers";
    const EPOCHS: u32 = integers::RECIPE.epochs;

    fn start(&mut self, train: &Dataset, order: &[u16]) {
        self.start(train, order, SEED);
    }

    fn epoch(&mut self, train: &Dataset, order: &mut [u16]) -> usize {
        self.epoch(train, order, &integers::RECIPE).correct
    }

    fn recognise(&mut self, utterance: &Utterance) -> usize {
        self.recognise(utterance).class()
    }

    fn stored(&self) -> impl Iterator<Item = [u8; 4]> {
        self.stored()
    }
}
