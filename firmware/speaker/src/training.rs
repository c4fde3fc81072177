//! Nine speakers, learned from nothing.

use core::fmt;

use speaker::Dataset;

use crate::model::Model;
use crate::report::{Share, digest, test, total};
use crate::{ORDER, all, fill};

pub const SEED: u64 = 0;

pub fn run<M: Model>(
    trainer: &mut M,
    order: &mut [u16; ORDER],
    train: &Dataset,
    test_set: &Dataset,
    out: &mut impl fmt::Write,
) -> fmt::Result {
    let order = fill(order, all(train));
    let (epochs, first) = if cfg!(feature = "one-epoch") {
        (1, "the first of ")
    } else {
        (M::EPOCHS, "")
    };
    writeln!(
        out,
        "{}, {} utterances, {first}{} epochs, seed {SEED}",
        M::NAME,
        order.len(),
        M::EPOCHS
    )?;
    trainer.start(train, order);
    for number in 1..=epochs {
        let part = trainer.epoch(train, order);
        if number == 1 || number % 50 == 0 {
            let share = Share {
                part,
                whole: order.len(),
            };
            writeln!(out, "epoch {number:3}: training accuracy {share}")?;
        }
    }
    writeln!(out, "test accuracy {}", total(&test(trainer, test_set)))?;
    writeln!(out, "weights {:016x}", digest(trainer))
}
