//! Trains the model of this package on real recordings and shows what it learned.

mod files;
mod learner;
mod options;
mod picture;
mod recipes;
mod table;
mod validate;

use files::{Bytes, Folder};
use indicatif::{ProgressBar, ProgressStyle};
use learner::{Floats, Integers, Learner, Quantized};
use options::{Command, Numbers, Options};
use picture::Panel;
use speaker::{Dataset, RECIPE, integers};
use std::io::{self, Write};
use std::process::ExitCode;
use table::Confusion;

/// The name of the picture.
const PICTURE: &str = "attention.svg";

/// Why the program stops early.
enum Stop {
    /// A wrong command line.
    Usage(String),
    /// Anything else that went wrong.
    Failure(String),
    /// Nobody reads the output any more, which is no reason to complain.
    Closed,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::Failure(format!("standard output: {error}"))
        }
    }
}

fn main() -> ExitCode {
    let (message, code) = match run() {
        Ok(()) | Err(Stop::Closed) => return ExitCode::SUCCESS,
        Err(Stop::Usage(message)) => (format!("{message} (--help lists the options)"), 2),
        Err(Stop::Failure(message)) => (message, 1),
    };
    // When not even this can be written, the exit code still says it.
    let _ = writeln!(io::stderr(), "speaker: {message}");
    ExitCode::from(code)
}

fn run() -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    match options::parse(std::env::args_os())? {
        Command::Help(text) => write!(out, "{text}")?,
        Command::Train(options) => train(&options, &mut out)?,
        Command::CrossValidate { data, integers } => {
            let train = Bytes::read(&data, "train.bin")?;
            let print = if integers {
                validate::print::<Integers>
            } else {
                validate::print::<Floats>
            };
            print(&train.dataset()?, &mut out)?;
        }
    }
    Ok(out.flush()?)
}

fn train(options: &Options, out: &mut impl Write) -> Result<(), Stop> {
    let (train, test) = (
        Bytes::read(&options.data, "train.bin")?,
        Bytes::read(&options.data, "test.bin")?,
    );
    let (train, test) = (train.dataset()?, test.dataset()?);
    // Before the training, so that its result cannot be lost.
    let folder = Folder::open(&options.out, PICTURE)?;
    let (mut learner, usual): (Box<dyn Learner>, u32) = match options.numbers {
        Numbers::Floats => (Box::new(Floats::new()), RECIPE.epochs),
        Numbers::Quantized => (Box::new(Quantized::new()), RECIPE.epochs),
        Numbers::Integers => (Box::new(Integers::new()), integers::RECIPE.epochs),
    };
    let epochs = options.epochs.unwrap_or(usual);
    writeln!(
        out,
        "{} utterances to learn from, {} to test with",
        train.len(),
        test.len()
    )?;

    let seeds = options.seeds.clone();
    let bar = progress_bar(u64::from(epochs) * (seeds.end() - seeds.start() + 1));
    let (mut confusion, mut results, mut panels) = (Confusion::default(), Vec::new(), Vec::new());
    for seed in seeds {
        let mut order = all(&train);
        learner.start(&train, &order, seed);
        for number in 1..=epochs {
            let epoch = learner.epoch(&train, &mut order, epochs);
            bar.inc(1);
            if !options.median {
                bar.suspend(|| {
                    epoch_line(
                        out,
                        number,
                        epochs,
                        epoch.loss,
                        percent(epoch.correct, train.len()),
                    )
                })?;
            }
        }
        learner.finish(&train);
        let this = test_with(&test, &mut *learner);
        if options.median {
            bar.suspend(|| writeln!(out, "seed {seed}: {}", accuracy(this.correct(), test.len())))?;
        }
        if panels.is_empty() {
            panels = Panel::first_of_each_speaker(&test, &mut *learner);
        }
        results.push(this.correct());
        confusion.add(&this);
    }
    bar.finish_and_clear();

    write!(out, "\n{confusion}\n")?;
    let picture = folder.write(PICTURE, &picture::draw(&panels)?)?;
    writeln!(out, "attention over the frames: {}", picture.display())?;
    if options.median {
        let (count, median) = (
            results.len(),
            100.0 * median(&mut results) / wide(test.len()),
        );
        writeln!(
            out,
            "median test accuracy over {count} seeds: {median:.1} %"
        )?;
    } else {
        writeln!(out, "{}", accuracy(confusion.correct(), test.len()))?;
    }
    Ok(())
}

fn epoch_line(
    out: &mut impl Write,
    number: u32,
    epochs: u32,
    loss: f64,
    accuracy: f64,
) -> io::Result<()> {
    let width = epochs.to_string().len();
    writeln!(
        out,
        "epoch {number:width$}/{epochs}  loss {loss:.4}  training accuracy {accuracy:5.1} %"
    )
}

fn test_with(test: &Dataset, learner: &mut dyn Learner) -> Confusion {
    let mut confusion = Confusion::default();
    for utterance in test.iter() {
        confusion.count(utterance.speaker(), learner.recognise(&utterance).speaker);
    }
    confusion
}

/// The numbers of all utterances.
fn all(dataset: &Dataset) -> Vec<u16> {
    (0..).take(dataset.len()).collect()
}

/// Drawn on standard error, and only where that is a terminal.
fn progress_bar(steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %, {eta} left");
    ProgressBar::new(steps).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn accuracy(correct: usize, total: usize) -> String {
    format!(
        "test accuracy: {:.1} % ({correct}/{total})",
        percent(correct, total)
    )
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * wide(part) / wide(whole)
}

/// The middle one, or the mean of the two in the middle.
fn median(counts: &mut [usize]) -> f64 {
    counts.sort_unstable();
    let (lower, upper) = (counts.len().saturating_sub(1) / 2, counts.len() / 2);
    let at = |index: usize| wide(counts.get(index).copied().unwrap_or(0));
    f64::midpoint(at(lower), at(upper))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of utterances are far below 2⁵³"
)]
fn wide(count: usize) -> f64 {
    count as f64
}
