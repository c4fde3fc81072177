//! The program on the host: the same lines as on the board, the stored weights, and what chose the
//! recipe of the enrolment.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use speaker::{Dataset, FRAMES, HIDDEN, RECIPE, Trainer};

use crate::enrolment::KNOWN;
use crate::{Learner, ORDER, TRAIN, all, run, validate};

/// The trainer of the speakers that the board knows.
pub type Known = Trainer<HIDDEN, KNOWN, FRAMES>;

const USAGE: &str = "\
speaker-firmware                  print what the board prints, without its costs
speaker-firmware store FILE       train the eight speakers, and write their weights
speaker-firmware cross-validate   compare recipes of the enrolment on the training utterances
speaker-firmware each-new         test the recipe with each speaker as the new one";

pub fn main() -> ExitCode {
    match command() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => run(
            &mut Learner::new(),
            &mut [0; ORDER],
            &mut Out(io::stdout().lock()),
        )?,
        ["store", file] => {
            let train = Dataset::parse(TRAIN)?;
            let known = learn_known(&train, all(&train), 0);
            std::fs::write(file, known.stored().flatten().collect::<Vec<u8>>())?;
        }
        ["cross-validate"] => validate::recipes(),
        ["each-new"] => validate::each_new(),
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

/// Learns the known speakers, from their utterances `among` those given.
pub fn learn_known(train: &Dataset, among: impl Iterator<Item = u16>, seed: u64) -> Known {
    let known = |&number: &u16| {
        train
            .get(number.into())
            .is_some_and(|utterance| utterance.speaker() < KNOWN)
    };
    let mut order: Vec<u16> = among.filter(known).collect();
    let mut trainer = Known::new();
    trainer.start(train, &order, seed);
    for _ in 0..RECIPE.epochs {
        trainer.epoch(train, &mut order, &RECIPE);
    }
    trainer
}

/// Formatted text to standard output.
struct Out<W>(W);

impl<W: Write> fmt::Write for Out<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write_all(text.as_bytes()).map_err(|_| fmt::Error)
    }
}
