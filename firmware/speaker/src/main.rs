//! The speaker model learns on the board, and on the host with the same bits: in `f32` or in integers.
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

use model::Model;
use speaker::Dataset;

/// What learns here.
#[cfg(not(feature = "integers"))]
type Learner = model::Speakers;
#[cfg(feature = "integers")]
type Learner = model::Integers;

static TRAIN: &[u8] = include_bytes!("../../../examples/speaker/data/train.bin");
static TEST: &[u8] = include_bytes!("../../../examples/speaker/data/test.bin");
/// What the host learned of the first eight speakers: `speaker-firmware store eight.bin`.
static EIGHT: &[u8] = include_bytes!("../eight.bin");

/// More than the utterances of `TRAIN`, 270.
const ORDER: usize = 300;

/// Prints what board and host have in common.
fn run(
    learner: &mut impl Model,
    order: &mut [u16; ORDER],
    out: &mut impl fmt::Write,
) -> fmt::Result {
    let (Ok(train), Ok(test)) = (Dataset::parse(TRAIN), Dataset::parse(TEST)) else {
        writeln!(out, "the data are damaged")?;
        return Err(fmt::Error);
    };
    training::run(learner, order, &train, &test, out)?;
    learner.go_on(order, &train, &test, out)
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
