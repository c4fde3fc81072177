//! Comparing recipes by cross-validation on the training utterances alone.

use crate::recipes::Recipes;
use crate::{Stop, wide};
use indicatif::ProgressBar;
use speaker::Dataset;
use std::io::Write;
use std::num::NonZero;
use std::sync::Mutex;
use std::thread;

const FOLDS: usize = 5;
/// Not among the seeds that `--seeds` begins with.
const SEEDS: [u64; 3] = [1000, 1001, 1002];

/// What a recipe reached on the utterances that it did not learn from.
#[derive(Clone, Copy, Default)]
struct Score {
    loss: f64,
    correct: usize,
    count: usize,
}

/// Prints the recipes of a model with their loss and accuracy, the best one last.
pub fn print<M: Recipes>(train: &Dataset, out: &mut impl Write) -> Result<(), Stop> {
    let recipes = M::grid();
    let bar = crate::progress_bar(recipes.len() as u64);
    let mut scores = evaluate::<M>(train, &recipes, &bar);
    bar.finish_and_clear();
    scores.sort_by(|(_, a), (_, b)| b.mean_loss().total_cmp(&a.mean_loss()));
    writeln!(
        out,
        "{FOLDS} folds of the training utterances, seeds {SEEDS:?}, best recipe last"
    )?;
    writeln!(out, "{}  held-out loss  accuracy", M::HEADER)?;
    for (recipe, score) in scores {
        let columns = M::columns(&recipe);
        let accuracy = crate::percent(score.correct, score.count);
        let mark = if recipe == M::USED { "  (used)" } else { "" };
        let loss = score.mean_loss();
        writeln!(out, "{columns} {loss:14.4} {accuracy:7.1} %{mark}")?;
    }
    Ok(())
}

/// Shares the recipes among the cores. Which core takes which changes no result.
fn evaluate<M: Recipes>(
    train: &Dataset,
    recipes: &[M::Recipe],
    bar: &ProgressBar,
) -> Vec<(M::Recipe, Score)> {
    let waiting = Mutex::new(recipes.iter());
    let scores = Mutex::new(Vec::new());
    let work = || {
        let mut model = Box::new(M::default());
        loop {
            let Some(&recipe) = waiting.lock().ok().and_then(|mut waiting| waiting.next()) else {
                return;
            };
            let score = cross_validate(train, &recipe, &mut *model);
            if let Ok(mut scores) = scores.lock() {
                scores.push((recipe, score));
            }
            bar.inc(1);
        }
    };
    thread::scope(|scope| {
        for _ in 1..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(work);
        }
        work();
    });
    scores.into_inner().unwrap_or_default()
}

fn cross_validate<M: Recipes>(train: &Dataset, recipe: &M::Recipe, model: &mut M) -> Score {
    let mut score = Score::default();
    for seed in SEEDS {
        for fold in 0..FOLDS {
            let (held_out, mut order): (Vec<u16>, Vec<u16>) = crate::all(train)
                .into_iter()
                .partition(|&number| train.fold(number, FOLDS) == Some(fold));
            model.learn(train, &mut order, seed, recipe);
            for utterance in held_out
                .into_iter()
                .filter_map(|number| train.get(number.into()))
            {
                let (speaker, loss) = model.recognise(&utterance);
                score.loss += loss;
                score.correct += usize::from(speaker == utterance.speaker());
                score.count += 1;
            }
        }
    }
    score
}

impl Score {
    fn mean_loss(&self) -> f64 {
        self.loss / wide(self.count)
    }
}
