//! The speaker model learns on the board, and on the host with the same bits: in `f32` where there is
//! an FPU, in integers elsewhere.
//!
//! What both print is made by the same code, [`training`] and [`enrolment`]. The board, `board.rs`,
//! adds what it cost; the host, `host.rs`, makes the stored weights and compares recipes.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod board;
mod enrolment;
#[cfg(not(target_os = "none"))]
mod host;
mod model;
mod report;
mod training;
#[cfg(not(target_os = "none"))]
mod validate;

use core::fmt;

use speaker::{Dataset, FRAMES, HIDDEN, SPEAKERS, Trainer, integers};

/// The trainer of all speakers.
type Speakers = Trainer<HIDDEN, SPEAKERS, FRAMES>;
/// The same in integers.
type Integers = integers::Trainer<HIDDEN, SPEAKERS, FRAMES>;

static TRAIN: &[u8] = include_bytes!("../../../examples/speaker/data/train.bin");
static TEST: &[u8] = include_bytes!("../../../examples/speaker/data/test.bin");
/// What the host learned of the first eight speakers: `speaker-firmware store eight.bin`.
static EIGHT: &[u8] = include_bytes!("../eight.bin");

/// More than the utterances of `TRAIN`, 270.
const ORDER: usize = 300;

/// Prints what a board with an FPU and the host have in common.
fn floats(
    trainer: &mut Speakers,
    order: &mut [u16; ORDER],
    out: &mut impl fmt::Write,
) -> fmt::Result {
    let (train, test) = data(out)?;
    training::run(trainer, order, &train, &test, out)?;
    writeln!(out)?;
    enrolment::run(trainer, order, &train, &test, out)
}

/// Prints what a board without one and the host have in common.
fn in_integers(
    trainer: &mut Integers,
    order: &mut [u16; ORDER],
    out: &mut impl fmt::Write,
) -> fmt::Result {
    let (train, test) = data(out)?;
    training::run(trainer, order, &train, &test, out)
}

fn data(out: &mut impl fmt::Write) -> Result<(Dataset<'static>, Dataset<'static>), fmt::Error> {
    if let (Ok(train), Ok(test)) = (Dataset::parse(TRAIN), Dataset::parse(TEST)) {
        return Ok((train, test));
    }
    writeln!(out, "the data are damaged")?;
    Err(fmt::Error)
}

#[cfg(not(target_os = "none"))]
fn main() -> std::process::ExitCode {
    host::main()
}

/// Writes numbers into the front of `order` and returns that part.
fn fill(order: &mut [u16; ORDER], numbers: impl Iterator<Item = u16>) -> &mut [u16] {
    let mut count = 0;
    for (to, number) in order.iter_mut().zip(numbers) {
        *to = number;
        count += 1;
    }
    &mut order[..count]
}

/// The numbers of all utterances.
fn all(dataset: &Dataset) -> impl Iterator<Item = u16> + Clone + use<> {
    (0..).take(dataset.len())
}
