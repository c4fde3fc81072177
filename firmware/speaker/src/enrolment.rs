//! Eight speakers are known, the ninth is learned on the board.

use core::fmt;

use speaker::{Dataset, Recipe, SPEAKERS};

use crate::model::Speakers;
use crate::report::{digest, test, total};
use crate::{EIGHT, ORDER, all, fill};

/// How a speaker is added to those who are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Enrolment {
    /// Utterances of the new speaker.
    pub own: usize,
    /// Utterances of each other speaker that are stored, so that they are not forgotten.
    pub others: usize,
    pub recipe: Recipe,
}

/// Chosen among those that `speaker-firmware cross-validate` compares.
pub const ENROLMENT: Enrolment = Enrolment {
    own: 15,
    others: 10,
    recipe: Recipe {
        epochs: 20,
        batch: 10,
        rate: 0.02,
        decay: 0.05,
        noise: 1.0,
    },
};
pub const SEED: u64 = 0;

/// The number of known speakers.
pub const KNOWN: usize = SPEAKERS - 1;
/// The last speaker is the new one.
const NEW: usize = KNOWN;

impl Enrolment {
    /// The utterances to learn from, `among` those given: the first ones of the new speaker, and of
    /// the others some at equal distances.
    pub fn utterances(
        &self,
        train: &Dataset,
        among: impl Iterator<Item = u16> + Clone,
    ) -> impl Iterator<Item = u16> {
        let speaker = |number: u16| train.get(number.into()).map(|found| found.speaker());
        let mut count = [0; SPEAKERS];
        for speaker in among.clone().filter_map(speaker) {
            count[speaker] += 1;
        }
        let mut before = [0; SPEAKERS];
        among.filter(move |&number| {
            let Some(speaker) = speaker(number) else {
                return false;
            };
            let (count, i) = (count[speaker], before[speaker]);
            before[speaker] += 1;
            if speaker == NEW {
                i < self.own
            } else {
                i * self.others / count != (i + 1) * self.others / count
            }
        })
    }
}

pub fn run(
    trainer: &mut Speakers,
    order: &mut [u16; ORDER],
    train: &Dataset,
    test_set: &Dataset,
    out: &mut impl fmt::Write,
) -> fmt::Result {
    let Enrolment {
        own,
        others,
        recipe,
    } = ENROLMENT;
    let order = fill(order, ENROLMENT.utterances(train, all(train)));
    writeln!(
        out,
        "eight speakers are known, the ninth is learned from {own} utterances"
    )?;
    let stored = order.iter().filter_map(|&number| train.get(number.into()));
    let (utterances, frames) = stored
        .filter(|utterance| utterance.speaker() != NEW)
        .fold((0, 0), |(utterances, frames), utterance| {
            (utterances + 1, frames + utterance.frames().len())
        });
    writeln!(
        out,
        "stored: weights of {} bytes, {others} utterances of each known speaker, {} bytes",
        EIGHT.len(),
        4 * utterances + 48 * frames
    )?;

    if !trainer.resume::<KNOWN>(EIGHT, SEED) {
        writeln!(out, "the stored weights are damaged")?;
        return Err(fmt::Error);
    }
    let before = test(trainer, test_set);
    for _ in 0..recipe.epochs {
        trainer.epoch(train, order, &recipe);
    }
    let after = test(trainer, test_set);
    writeln!(
        out,
        "the eight, before: test accuracy {}",
        total(&before[..KNOWN])
    )?;
    writeln!(
        out,
        "the eight, after:  test accuracy {}",
        total(&after[..KNOWN])
    )?;
    writeln!(out, "the ninth, after:  test accuracy {}", after[NEW])?;
    writeln!(out, "all nine, after:   test accuracy {}", total(&after))?;
    writeln!(out, "weights {:016x}", digest(trainer))
}
