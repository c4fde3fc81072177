//! What learns: the model in `f32`, and in integers.

use core::fmt;

use speaker::{Dataset, FRAMES, HIDDEN, RECIPE, SPEAKERS, Trainer, Utterance, integers};

use crate::training::SEED;
use crate::{ORDER, enrolment};

/// The trainer of all speakers.
pub type Speakers = Trainer<HIDDEN, SPEAKERS, FRAMES>;
/// The same in integers.
pub type Integers = integers::Trainer<HIDDEN, SPEAKERS, FRAMES>;

pub trait Model {
    const NAME: &str;
    const EPOCHS: u32;
    fn start(&mut self, train: &Dataset, order: &[u16]);
    /// One epoch of the recipe; how many utterances it recognised.
    fn epoch(&mut self, train: &Dataset, order: &mut [u16]) -> usize;
    /// Who spoke.
    fn recognise(&mut self, utterance: &Utterance) -> usize;
    fn stored(&self) -> impl Iterator<Item = [u8; 4]>;
    /// What comes after the training.
    fn go_on(
        &mut self,
        _order: &mut [u16; ORDER],
        _train: &Dataset,
        _test: &Dataset,
        _out: &mut impl fmt::Write,
    ) -> fmt::Result {
        Ok(())
    }
}

macro_rules! model {
    ($type:ident, $name:literal, $recipe:expr; $($more:tt)*) => {
        impl Model for $type {
            const NAME: &str = $name;
            const EPOCHS: u32 = $recipe.epochs;

            fn start(&mut self, train: &Dataset, order: &[u16]) {
                self.start(train, order, SEED);
            }

            fn epoch(&mut self, train: &Dataset, order: &mut [u16]) -> usize {
                self.epoch(train, order, &$recipe).correct
            }

            fn recognise(&mut self, utterance: &Utterance) -> usize {
                self.recognise(utterance).class()
            }

            fn stored(&self) -> impl Iterator<Item = [u8; 4]> {
                self.stored()
            }

            $($more)*
        }
    };
}

model! { Integers, "nine speakers in integers", integers::RECIPE; }
model! { Speakers, "nine speakers", RECIPE;
    fn go_on(
        &mut self,
        order: &mut [u16; ORDER],
        train: &Dataset,
        test: &Dataset,
        out: &mut impl fmt::Write,
    ) -> fmt::Result {
        if cfg!(feature = "one-epoch") {
            return Ok(());
        }
        writeln!(out)?;
        enrolment::run(self, order, train, test, out)
    }
}
