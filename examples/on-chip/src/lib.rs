//! Attention over the last frames of a sensor learns a few classes from a few examples, where it runs: on a
//! microcontroller, in integers or in `f32`.
//!
//! ```text
//! a = softmax_t( query·frame[t] )              over the frames in the ring buffer
//! c = Σ_t a[t]·frame[t]
//! z = weights·c                                a score for each class
//! ```
//!
//! `query` and `weights` are learned. A board is a [`Board`], and calls [`run`]. Your sensor becomes a [`Sensor`]; here
//! [`recordings`] are played in its place.

#![no_std]

mod costs;
pub mod float;
mod floats;
pub mod integers;
pub mod recordings;
mod ring;

pub use costs::costs;
pub use floats::floats;
pub use ring::Ring;

use core::fmt;

use recordings::{KNOWN, LEARN, RECOGNISE};

/// Numbers in a frame.
pub const FEATURES: usize = 12;
/// The last frames, which are kept in the ring buffer.
pub const FRAMES: usize = 16;
/// What is told apart: here, who speaks.
pub const CLASSES: usize = 3;

/// How often every example is learned from.
const EPOCHS: u32 = 10;

/// One frame: every feature with its mean at 0 and its deviation at about [`UNIT`].
pub type Frame = [i8; FEATURES];
/// What is worth 1.
pub const UNIT: i8 = 32;

/// Where frames come from: a microphone, an accelerometer, a radar.
pub trait Sensor {
    /// Waits for the next frame; `None` where the word or the gesture has ended.
    fn frame(&mut self) -> Option<Frame>;
}

/// What the program asks of the board: lines, and the time.
pub trait Board: fmt::Write {
    /// Microseconds, of 32 bits.
    fn micros(&self) -> u32;
    /// Cycles of the processor, of 24 bits.
    fn cycles(&self) -> u32;

    /// What the work takes, if it is less than 2²⁴ cycles.
    fn cycles_of(&self, work: impl FnOnce()) -> u32 {
        let start = self.cycles();
        work();
        self.cycles().wrapping_sub(start) & 0xFF_FFFF
    }
}

/// What learns: [`float::Model`] or [`integers::Model`].
pub trait Model {
    /// What it is named in the output.
    const NAME: &str;
    /// It knows nothing.
    const NEW: Self;
    /// A feature as the layers take it.
    type Number: Copy;
    /// The number of a feature that is 0.
    const ZERO: Self::Number;

    /// The number of a feature.
    fn number(feature: i8) -> Self::Number;
    /// The class of the frames.
    fn recognise(&self, frames: &Ring<Self::Number>) -> usize;
    /// Takes a step of gradient descent towards the class, and returns the loss before it, in 2⁻¹⁶.
    fn learn(&mut self, frames: &Ring<Self::Number>, class: usize) -> u32;
}

/// The model and what it learns from, in one `static`.
#[derive(Debug)]
pub struct Memory<M: Model> {
    model: M,
    examples: [(Ring<M::Number>, usize); KNOWN],
}

impl<M: Model> Memory<M> {
    /// Without an example, and a model that knows nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            model: M::NEW,
            examples: [(Ring::new(M::ZERO), 0); KNOWN],
        }
    }
}

/// Fills a ring buffer with frames until the sensor pauses.
pub fn listen<M: Model>(sensor: &mut impl Sensor) -> Ring<M::Number> {
    let mut ring = Ring::new(M::ZERO);
    while let Some(frame) = sensor.frame() {
        ring.push(frame.map(M::number));
    }
    ring
}

/// Keeps some examples, learns from them, recognises others, and prints all that.
///
/// # Errors
///
/// Those of printing.
pub fn run<M: Model>(memory: &mut Memory<M>, board: &mut impl Board) -> fmt::Result {
    let Memory { model, examples } = memory;
    for (example, recording) in examples.iter_mut().zip(&LEARN) {
        *example = (listen::<M>(&mut recording.player()), recording.class);
    }
    writeln!(board, "{KNOWN} examples of {CLASSES} classes, {}", M::NAME)?;

    let start = board.micros();
    for epoch in 1..=EPOCHS {
        let mut loss = 0;
        for (frames, class) in &*examples {
            loss += model.learn(frames, *class);
        }
        let mean = loss / KNOWN as u32;
        writeln!(board, "epoch {epoch:2}  loss {}", Thousandths(mean))?;
    }
    let time = board.micros().wrapping_sub(start);
    writeln!(board, "learned in {} ms", time / 1000)?;

    let mut right = 0;
    for class in 0..CLASSES {
        write!(board, "class {class} recognised as ")?;
        for recording in RECOGNISE
            .iter()
            .filter(|recording| recording.class == class)
        {
            let found = model.recognise(&listen::<M>(&mut recording.player()));
            right += u32::from(found == class);
            write!(board, "{found}")?;
        }
        writeln!(board)?;
    }
    writeln!(board, "right: {right} of {}", RECOGNISE.len())?;

    let (frames, class) = &examples[0];
    let mut found = 0;
    let recognise = board.cycles_of(|| found = model.recognise(frames));
    let learn = board.cycles_of(|| _ = model.learn(frames, *class));
    let [length] = frames.length();
    writeln!(
        board,
        "{length} frames of class {class}, recognised as {found}: {recognise} cycles to recognise, {learn} to learn"
    )
}

/// The class of the largest score, the first of several.
fn largest(z: &[impl PartialOrd; CLASSES]) -> usize {
    (1..CLASSES).fold(
        0,
        |best, class| if z[class] > z[best] { class } else { best },
    )
}

/// A number in 2⁻¹⁶, as it is printed.
struct Thousandths(u32);

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thousandths = (u64::from(self.0) * 1000 + 0x8000) >> 16;
        write!(f, "{}.{:03}", thousandths / 1000, thousandths % 1000)
    }
}
