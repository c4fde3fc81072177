//! What is played in place of a sensor: the first three speakers of `examples/speaker/data`, who say two vowels.
//!
//! The compiler makes the tables from the files. What is recognised was recorded on other occasions than what is learned from.

use crate::{CLASSES, FEATURES, Frame, Sensor, UNIT};

/// Utterances to learn from.
pub const KNOWN: usize = 8 * CLASSES;
/// Those, the speakers in turn.
pub static LEARN: [Recording; KNOWN] = first(TRAIN);
/// Utterances to recognise, the speakers in turn.
pub static RECOGNISE: [Recording; 20 * CLASSES] = first(TEST);

const TRAIN: &[u8] = include_bytes!("../../speaker/data/train.bin");
const TEST: &[u8] = include_bytes!("../../speaker/data/test.bin");
/// The most frames that an utterance has.
const MOST: usize = 29;

/// One utterance.
#[derive(Clone, Copy, Debug)]
pub struct Recording {
    /// Who speaks.
    pub class: usize,
    length: usize,
    frames: [Frame; MOST],
}

impl Recording {
    /// A sensor that gives the frames once.
    #[must_use]
    pub fn player(&self) -> Player<'_> {
        Player(&self.frames[..self.length])
    }
}

/// A sensor that plays a recording: the frames that are left of it.
#[derive(Clone, Debug)]
pub struct Player<'a>(&'a [Frame]);

impl Sensor for Player<'_> {
    fn frame(&mut self) -> Option<Frame> {
        let (&frame, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(frame)
    }
}

/// The first utterances of each speaker in a file. Beside the files is a page about their format.
const fn first<const N: usize>(file: &[u8]) -> [Recording; N] {
    const EMPTY: Recording = Recording {
        class: 0,
        length: 0,
        frames: [[0; FEATURES]; MOST],
    };
    let mut recordings = [EMPTY; N];
    let mut i = 0;
    while i < N {
        let entry = entry(file, i);
        let length = file[entry + 3] as usize;
        let (mut frames, mut t) = ([[0; FEATURES]; MOST], 0);
        while t < length {
            let mut feature = 0;
            while feature < FEATURES {
                let (mean, deviation) = STATISTICS[feature];
                let x = (value(file, entry, t, feature) - mean) * UNIT as i64 / deviation;
                frames[t][feature] = if x < -127 {
                    -127
                } else if x > 127 {
                    127
                } else {
                    x as i8
                };
                feature += 1;
            }
            t += 1;
        }
        recordings[i] = Recording {
            class: i % CLASSES,
            length,
            frames,
        };
        i += 1;
    }
    recordings
}

/// Mean and deviation of each feature in what is learned from.
const STATISTICS: [(i64, i64); FEATURES] = {
    let mut statistics = [(0, 0); FEATURES];
    let mut feature = 0;
    while feature < FEATURES {
        let (mut sum, mut squares, mut count) = (0, 0, 0);
        let mut i = 0;
        while i < KNOWN {
            let entry = entry(TRAIN, i);
            let mut t = 0;
            while t < TRAIN[entry + 3] as usize {
                let x = value(TRAIN, entry, t, feature);
                sum += x;
                squares += x * x;
                count += 1;
                t += 1;
            }
            i += 1;
        }
        let mean = sum / count;
        statistics[feature] = (mean, (squares / count - mean * mean).isqrt());
        feature += 1;
    }
    statistics
};

/// Where the index of a file has utterance `i`, of speaker `i % CLASSES`.
const fn entry(file: &[u8], i: usize) -> usize {
    let (speaker, mut before) = ((i % CLASSES) as u8 + 1, i / CLASSES);
    let mut entry = 16;
    while file[entry + 2] != speaker || before > 0 {
        before -= (file[entry + 2] == speaker) as usize;
        entry += 4;
    }
    entry
}

/// A feature of frame `t` of an utterance, in 2⁻¹⁶.
const fn value(file: &[u8], entry: usize, t: usize, feature: usize) -> i64 {
    let utterances = u16::from_le_bytes([file[8], file[9]]) as usize;
    let first = u16::from_le_bytes([file[entry], file[entry + 1]]) as usize;
    let at = 16 + 4 * utterances + 4 * ((first + t) * FEATURES + feature);
    let value = f32::from_le_bytes([file[at], file[at + 1], file[at + 2], file[at + 3]]);
    (value * 65536.0) as i64
}
