//! The command line.

use crate::Stop;
use lexopt::{Arg, Parser};
use speaker::RECIPE;
use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// What `--help` prints; `{epochs}` and `{integers}` stand for the defaults.
const HELP: &str = "\
Learns to tell nine speakers apart from recordings of two vowels, by attention
over the frames of each utterance, and tests what it learned.

Usage: speaker [OPTIONS]

  --quantize        learn in f32, then recognise in integers
  --integers        learn and recognise in integers
  --epochs N        how often every utterance is learned from
                    (default: {epochs}, with --integers {integers})
  --seed N          seed of all random numbers (default: 0)
  --seeds K         train with each of the seeds 0 to K-1, end with the median
  --data DIR        folder of train.bin and test.bin
                    (default: examples/speaker/data of the repository)
  --out DIR         folder for the picture attention.svg, made where it is missing
                    (default: target/speaker of the repository)
  --cross-validate  compare recipes on the training utterances alone, and end
  --help            print this text, and end
";

const EPOCHS: RangeInclusive<u64> = 1..=100_000;
const SEEDS: RangeInclusive<u64> = 1..=10_000;

/// What the user wants.
pub enum Command {
    /// To read this text.
    Help(String),
    /// To train and test.
    Train(Options),
    /// To compare recipes on the training data.
    CrossValidate {
        /// Folder of the data files.
        data: PathBuf,
        /// Those of the model in integers.
        integers: bool,
    },
}

/// What the model computes with.
pub enum Numbers {
    /// `f32`.
    Floats,
    /// `f32` to learn, integers to recognise.
    Quantized,
    /// Integers.
    Integers,
}

/// How to train, and where the files are.
pub struct Options {
    /// What the model computes with.
    pub numbers: Numbers,
    /// Epochs, where they were given.
    pub epochs: Option<u32>,
    /// The seeds to train with.
    pub seeds: RangeInclusive<u64>,
    /// Whether to end with the median over the seeds.
    pub median: bool,
    /// Folder of the data files.
    pub data: PathBuf,
    /// Folder of the picture.
    pub out: PathBuf,
}

/// Reads the arguments, the first of which is the name of the program.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Stop> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = package.ancestors().nth(2).unwrap_or(package);
    let (mut data, mut out) = (
        package.join("data"),
        repository.join("target").join("speaker"),
    );
    let (mut epochs, mut seed, mut seeds, mut validate) = (None, None, None, false);
    let (mut quantize, mut integers) = (false, false);
    // What cross-validation does not look at.
    let mut idle = None;

    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser
        .next()
        .map_err(|error| Stop::Usage(error.to_string()))?
    {
        let name = match &argument {
            Arg::Long(name) => format!("--{name}"),
            Arg::Short(letter) => format!("-{letter}"),
            Arg::Value(value) => value.display().to_string(),
        };
        match name.as_str() {
            "--help" | "-h" => {
                let [epochs, integers] = [RECIPE.epochs, speaker::integers::RECIPE.epochs]
                    .map(|count| count.to_string());
                return Ok(Command::Help(
                    HELP.replace("{epochs}", &epochs)
                        .replace("{integers}", &integers),
                ));
            }
            "--cross-validate" => validate = true,
            "--quantize" => quantize = true,
            "--integers" => integers = true,
            "--data" => data = folder(&mut parser, &name)?,
            "--out" => out = folder(&mut parser, &name)?,
            "--epochs" => epochs = u32::try_from(number(&mut parser, &name, &EPOCHS)?).ok(),
            "--seed" => seed = Some(number(&mut parser, &name, &(0..=u64::MAX))?),
            "--seeds" => seeds = Some(number(&mut parser, &name, &SEEDS)?),
            _ => {
                return Err(Stop::Usage(format!(
                    "{name}: expected an option of this program"
                )));
            }
        }
        if !matches!(name.as_str(), "--cross-validate" | "--data" | "--integers") {
            idle = Some(name);
        }
    }
    if seed.is_some() && seeds.is_some() {
        return Err(Stop::Usage(
            "--seeds: expected without --seed, since its seeds are 0 to K-1".to_owned(),
        ));
    }
    if quantize && integers {
        return Err(Stop::Usage(
            "--integers: expected without --quantize, which learns in f32".to_owned(),
        ));
    }
    if let (true, Some(name)) = (validate, idle) {
        return Err(Stop::Usage(format!(
            "{name}: expected without --cross-validate, which goes with --data and --integers alone"
        )));
    }
    if validate {
        return Ok(Command::CrossValidate { data, integers });
    }
    let median = seeds.is_some();
    let seeds = match (seed, seeds) {
        (_, Some(count)) => 0..=count - 1,
        (seed, None) => seed.unwrap_or(0)..=seed.unwrap_or(0),
    };
    let numbers = match (quantize, integers) {
        (true, _) => Numbers::Quantized,
        (_, true) => Numbers::Integers,
        _ => Numbers::Floats,
    };
    Ok(Command::Train(Options {
        numbers,
        epochs,
        seeds,
        median,
        data,
        out,
    }))
}

fn folder(parser: &mut Parser, name: &str) -> Result<PathBuf, Stop> {
    match parser.value() {
        Ok(folder) if !folder.is_empty() => Ok(folder.into()),
        _ => Err(Stop::Usage(format!("{name}: expected a folder"))),
    }
}

fn number(parser: &mut Parser, name: &str, range: &RangeInclusive<u64>) -> Result<u64, Stop> {
    let expected = format!(
        "{name}: expected a whole number from {} to {}",
        range.start(),
        range.end()
    );
    let Ok(value) = parser.value() else {
        return Err(Stop::Usage(expected));
    };
    let number = value
        .to_str()
        .and_then(|text| text.parse().ok())
        .filter(|number| range.contains(number));
    number.ok_or_else(|| {
        Stop::Usage(format!(
            "{expected}, found {:?}",
            value.display().to_string()
        ))
    })
}
