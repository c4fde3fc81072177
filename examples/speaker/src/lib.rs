//! Who is speaking? An attention-pooling classifier of short utterances, small enough to train on a
//! microcontroller.
//!
//! ```text
//! x[t]   = (frame[t] − mean) / deviation    12 features of a frame
//! hs[t]  = ReLU(w·x[t] + b)                 dense 12 → 32
//! s[t]   = q·hs[t]                          scores by one learned query
//! a      = softmax(s)                       attention over the frames that exist
//! c      = Σ_t a[t]·hs[t]                   the utterance as one vector
//! z      = v·c + e                          dense 32 → 9, a score for each speaker
//! loss   = −ln softmax(z)[speaker]
//! ```
//!
//! Everything here is `no_std`, without allocation, without `unsafe`, and gives the same bits on
//! every target for the same seed: every product, sum, softmax, loss and gradient is one of
//! `microattention`, the square root is `libm`'s, and the random numbers are [`Random`]'s own. The
//! same model in integers is [`integers`]. The program around it is `main.rs`.

#![no_std]

mod adam;
mod data;
mod data_error;
pub mod integers;
mod model;
mod random;
mod standardise;
mod trainer;

pub use adam::Adam;
pub use data::{Dataset, FEATURES, FRAMES, SPEAKERS, Utterance};
pub use data_error::DataError;
pub use model::{Activations, Parameters};
pub use random::Random;
pub use standardise::Standardise;
pub use trainer::{Epoch, RECIPE, Recipe, Trainer};

/// The width of the hidden layer that the program uses.
pub const HIDDEN: usize = 32;
