//! The recipes of the models in `f32` and in integers, and those that they were chosen among.

use crate::learner::{Floats, Integers};
use speaker::{Dataset, RECIPE, Recipe, Utterance, integers};

/// A model whose recipes are compared.
pub trait Recipes: Default {
    /// How to train.
    type Recipe: Copy + PartialEq + Send + Sync;
    /// The recipe that the program uses.
    const USED: Self::Recipe;
    /// The names of what [`columns`](Self::columns) has.
    const HEADER: &str;
    fn columns(recipe: &Self::Recipe) -> String;
    /// Those that are compared.
    fn grid() -> Vec<Self::Recipe>;
    /// All epochs.
    fn learn(&mut self, train: &Dataset, order: &mut [u16], seed: u64, recipe: &Self::Recipe);
    /// Who spoke, and the loss.
    fn recognise(&mut self, utterance: &Utterance) -> (usize, f64);
}

impl Recipes for Floats {
    type Recipe = Recipe;
    const USED: Recipe = RECIPE;
    const HEADER: &str = "epochs  batch   rate  decay  noise";

    fn columns(recipe: &Recipe) -> String {
        let Recipe {
            epochs,
            batch,
            rate,
            decay,
            noise,
        } = recipe;
        format!("{epochs:6} {batch:6} {rate:6} {decay:6} {noise:6}")
    }

    fn grid() -> Vec<Recipe> {
        let mut recipes = Vec::new();
        for epochs in [50, 100, 200] {
            for rate in [0.01, 0.02] {
                for decay in [0.0, 0.05] {
                    for noise in [0.0, 0.5, 1.0, 1.5] {
                        recipes.push(Recipe {
                            epochs,
                            rate,
                            decay,
                            noise,
                            ..RECIPE
                        });
                    }
                }
            }
        }
        recipes
    }

    fn learn(&mut self, train: &Dataset, order: &mut [u16], seed: u64, recipe: &Recipe) {
        self.start(train, order, seed);
        for _ in 0..recipe.epochs {
            self.epoch(train, order, recipe);
        }
    }

    fn recognise(&mut self, utterance: &Utterance) -> (usize, f64) {
        let act = self.recognise(utterance);
        (act.class(), act.loss(utterance.speaker()).into())
    }
}

impl Recipes for Integers {
    type Recipe = integers::Recipe;
    const USED: integers::Recipe = integers::RECIPE;
    const HEADER: &str = "epochs  batch   rate  noise";

    fn columns(recipe: &integers::Recipe) -> String {
        let integers::Recipe {
            epochs,
            batch,
            rate,
            noise,
        } = recipe;
        format!("{epochs:6} {batch:6} {rate:6} {noise:6}")
    }

    fn grid() -> Vec<integers::Recipe> {
        let mut recipes = Vec::new();
        for epochs in [25, 50, 100] {
            for batch in [5, 10] {
                for rate in [20, 40] {
                    for noise in [0, 16, 32, 48] {
                        recipes.push(integers::Recipe {
                            epochs,
                            batch,
                            rate,
                            noise,
                        });
                    }
                }
            }
        }
        recipes
    }

    fn learn(&mut self, train: &Dataset, order: &mut [u16], seed: u64, recipe: &integers::Recipe) {
        self.start(train, order, seed);
        for _ in 0..recipe.epochs {
            self.epoch(train, order, recipe);
        }
    }

    fn recognise(&mut self, utterance: &Utterance) -> (usize, f64) {
        let speaker = self.recognise(utterance).class();
        (speaker, f64::from(self.loss(utterance.speaker())) / 65536.0)
    }
}
