//! Choosing the recipe of the enrolment by the training utterances alone.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use speaker::{Dataset, Recipe, SPEAKERS};

use crate::enrolment::{ENROLMENT, Enrolment, KNOWN};
use crate::host::learn_known;
use crate::model::Speakers;
use crate::report::{test, total};
use crate::{TEST, TRAIN, all};

/// Each fold is a run of consecutive utterances of every speaker, as in examples/speaker.
const FOLDS: usize = 5;
/// Not those of the program.
const SEED: u64 = 1000;

/// A model that knows all speakers but one, and what that one can be learned and tested with.
struct Case {
    /// `TRAIN`, with the new speaker as the last one.
    file: Vec<u8>,
    stored: Vec<u8>,
    learn: Vec<u16>,
    held_out: Vec<u16>,
}

/// What held-out utterances gave.
#[derive(Clone, Copy, Default)]
struct Score {
    loss: f64,
    correct: [usize; 2],
    count: [usize; 2],
}

/// Prints the recipes with their loss and accuracy, the best one last.
pub fn recipes() {
    let work: Vec<(usize, usize)> = (0..SPEAKERS)
        .flat_map(|new| (0..FOLDS).map(move |fold| (new, fold)))
        .collect();
    let cases = parallel(&work, |&(new, fold)| Case::new(new, fold));
    let before = Enrolment {
        recipe: Recipe {
            epochs: 0,
            ..ENROLMENT.recipe
        },
        ..ENROLMENT
    };
    let before = evaluate(&cases, &before).percent()[0];
    let grid = grid();
    let mut scores: Vec<(Enrolment, Score)> = grid
        .iter()
        .copied()
        .zip(parallel(&grid, |enrolment| evaluate(&cases, enrolment)))
        .collect();
    scores.sort_by(|(_, a), (_, b)| b.mean_loss().total_cmp(&a.mean_loss()));

    println!(
        "each speaker as the new one, {FOLDS} folds of the training utterances, best recipe last"
    );
    println!("before the enrolment {before:.1} % of the known speakers' utterances are recognised");
    println!("others  epochs   rate  noise  held-out loss  accuracy: known    new");
    for (enrolment, score) in scores {
        let Enrolment { others, recipe, .. } = enrolment;
        let [known, new] = score.percent();
        let mark = if enrolment == ENROLMENT {
            "  (used)"
        } else {
            ""
        };
        println!(
            "{others:6} {:7} {:6} {:6} {:14.4} {known:15.1} {new:6.1}{mark}",
            recipe.epochs,
            recipe.rate,
            recipe.noise,
            score.mean_loss()
        );
    }
}

/// Prints the accuracies on the test utterances with each speaker as the new one.
pub fn each_new() {
    println!("new  the eight, before    after                the new one");
    let rows = parallel(&(0..SPEAKERS).collect::<Vec<_>>(), |&new| {
        let (train, tests) = (exchanged(TRAIN, new), exchanged(TEST, new));
        let (train, tests) = (parse(&train), parse(&tests));
        let known = learn_known(&train, all(&train), 0);
        let stored: Vec<u8> = known.stored().flatten().collect();
        let mut trainer = Speakers::new();
        assert!(trainer.resume::<KNOWN>(&stored, 0));
        let before = test(&mut trainer, &tests);
        let mut order: Vec<u16> = ENROLMENT.utterances(&train, all(&train)).collect();
        for _ in 0..ENROLMENT.recipe.epochs {
            trainer.epoch(&train, &mut order, &ENROLMENT.recipe);
        }
        (before, test(&mut trainer, &tests))
    });
    let [mut before, mut after, mut new] = [const { Vec::new() }; 3];
    for (number, row) in (1..).zip(&rows) {
        let [b, a, n] = [total(&row.0[..KNOWN]), total(&row.1[..KNOWN]), row.1[KNOWN]];
        println!("{number:3}  {b}    {a}    {n}");
        before.push(b);
        after.push(a);
        new.push(n);
    }
    let [b, a, n] = [before, after, new].map(|shares| total(&shares));
    println!("all  {b}  {a}  {n}");
}

fn grid() -> Vec<Enrolment> {
    let mut grid = Vec::new();
    for others in [0, 3, 5, 10] {
        for epochs in [10, 20, 40, 80] {
            for rate in [0.003, 0.01, 0.02, 0.04] {
                for noise in [0.5, 1.0, 1.5] {
                    grid.push(Enrolment {
                        others,
                        recipe: Recipe {
                            epochs,
                            rate,
                            noise,
                            ..ENROLMENT.recipe
                        },
                        ..ENROLMENT
                    });
                }
            }
        }
    }
    grid
}

impl Case {
    fn new(new: usize, fold: usize) -> Self {
        let file = exchanged(TRAIN, new);
        let train = parse(&file);
        let (held_out, learn): (Vec<u16>, Vec<u16>) =
            all(&train).partition(|&number| train.fold(number, FOLDS) == Some(fold));
        let known = learn_known(&train, learn.iter().copied(), SEED);
        let stored = known.stored().flatten().collect();
        Self {
            file,
            stored,
            learn,
            held_out,
        }
    }
}

fn evaluate(cases: &[Case], enrolment: &Enrolment) -> Score {
    let mut score = Score::default();
    let mut trainer = Speakers::new();
    for case in cases {
        let train = parse(&case.file);
        let among = case.learn.iter().copied();
        let mut order: Vec<u16> = enrolment.utterances(&train, among).collect();
        assert!(trainer.resume::<KNOWN>(&case.stored, SEED));
        for _ in 0..enrolment.recipe.epochs {
            trainer.epoch(&train, &mut order, &enrolment.recipe);
        }
        for utterance in case
            .held_out
            .iter()
            .filter_map(|&number| train.get(number.into()))
        {
            let act = trainer.recognise(&utterance);
            let new = usize::from(utterance.speaker() == KNOWN);
            score.loss += f64::from(act.loss(utterance.speaker()));
            score.correct[new] += usize::from(act.class() == utterance.speaker());
            score.count[new] += 1;
        }
    }
    score
}

impl Score {
    fn mean_loss(&self) -> f64 {
        self.loss / self.count.iter().sum::<usize>() as f64
    }

    fn percent(&self) -> [f64; 2] {
        [0, 1].map(|new| 100.0 * self.correct[new] as f64 / self.count[new] as f64)
    }
}

/// The file with the names of `speaker` and of the last speaker exchanged.
fn exchanged(file: &[u8], speaker: usize) -> Vec<u8> {
    let mut file = file.to_vec();
    let utterances = usize::from(u16::from_le_bytes([file[8], file[9]]));
    let (one, other) = (speaker as u8 + 1, SPEAKERS as u8);
    for entry in file[16..][..4 * utterances].chunks_mut(4) {
        entry[2] = match entry[2] {
            name if name == one => other,
            name if name == other => one,
            name => name,
        };
    }
    let checksum = !file[16..].iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    });
    file[12..16].copy_from_slice(&checksum.to_le_bytes());
    file
}

fn parse(file: &[u8]) -> Dataset<'_> {
    Dataset::parse(file).expect("the file is as it was, but for the names")
}

/// The results in order, by as many threads as there are cores.
fn parallel<A: Sync, B: Send>(work: &[A], result: impl Fn(&A) -> B + Sync) -> Vec<B> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let take = || {
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && let Some(item) = work.get(index)
        {
            let result = result(item);
            done.lock().expect("nobody panics").push((index, result));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(take);
        }
    });
    let mut done = done.into_inner().expect("nobody panics");
    done.sort_by_key(|&(index, _)| index);
    done.into_iter().map(|(_, result)| result).collect()
}
