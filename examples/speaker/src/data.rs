//! The data files: a header, an index, the frames; read in place, so that a file may lie in flash.
//!
//! All numbers are little-endian. `U` is the number of utterances and `R` that of all their frames.
//!
//! ```text
//! offset       size     content
//! 0            8        the text JVOWELS1
//! 8            2        U
//! 10           2        R
//! 12           4        CRC-32 (as in zip and PNG) of everything after the header
//! 16           4·U      for each utterance: number of its first frame (2),
//!                       speaker 1 to 9 (1), number of frames 1 to 29 (1)
//! 16 + 4·U     48·R     the frames: 12 values, f32
//! ```

use crate::DataError;

/// Values in a frame: linear prediction cepstrum coefficients.
pub const FEATURES: usize = 12;
/// The most frames that an utterance has.
pub const FRAMES: usize = 29;
/// The number of speakers.
pub const SPEAKERS: usize = 9;

const MAGIC: [u8; 8] = *b"JVOWELS1";
/// Bytes of the header.
pub(crate) const HEADER: usize = 16;
const ENTRY: usize = 4;
const VALUE: usize = 4;
const FRAME: usize = FEATURES * VALUE;

/// The utterances of one file, checked once by [`Dataset::parse`] and then read without any chance
/// of failure.
#[derive(Clone, Copy, Debug)]
pub struct Dataset<'a> {
    index: &'a [[u8; ENTRY]],
    frames: &'a [[u8; FRAME]],
}

/// One utterance: who spoke, and its frames.
#[derive(Clone, Copy, Debug)]
pub struct Utterance<'a> {
    speaker: usize,
    frames: &'a [[u8; FRAME]],
}

impl<'a> Dataset<'a> {
    /// Checks a whole file, so that reading the utterances cannot fail.
    ///
    /// # Errors
    /// The first thing that is not as the format demands.
    pub fn parse(file: &'a [u8]) -> Result<Self, DataError> {
        let length = file.len();
        let Some((header, body)) = file.split_first_chunk::<HEADER>() else {
            return Err(DataError::Header { length });
        };
        let [
            m0,
            m1,
            m2,
            m3,
            m4,
            m5,
            m6,
            m7,
            u0,
            u1,
            r0,
            r1,
            checksum @ ..,
        ] = *header;
        if [m0, m1, m2, m3, m4, m5, m6, m7] != MAGIC {
            return Err(DataError::Magic);
        }
        let utterances = usize::from(u16::from_le_bytes([u0, u1]));
        let total = usize::from(u16::from_le_bytes([r0, r1]));
        if utterances == 0 {
            return Err(DataError::Empty);
        }
        let expected = HEADER + ENTRY * utterances + FRAME * total;
        if length > expected {
            return Err(DataError::Trailing { length, expected });
        }
        let Some((index, frames)) = body
            .split_at_checked(ENTRY * utterances)
            .filter(|_| length == expected)
        else {
            return Err(DataError::Truncated { length, expected });
        };
        let dataset = Self {
            index: index.as_chunks().0,
            frames: frames.as_chunks().0,
        };
        dataset.check_index()?;
        dataset.check_values()?;
        let (computed, header) = (crc32(body), u32::from_le_bytes(checksum));
        if computed != header {
            return Err(DataError::Checksum { computed, header });
        }
        Ok(dataset)
    }

    fn check_index(&self) -> Result<(), DataError> {
        let mut expected = 0;
        for (utterance, &[s0, s1, speaker, frames]) in self.index.iter().enumerate() {
            let offset = HEADER + ENTRY * utterance;
            let found = usize::from(u16::from_le_bytes([s0, s1]));
            if found != expected {
                return Err(DataError::Start {
                    utterance,
                    offset,
                    found,
                    expected,
                });
            }
            if !(1..=SPEAKERS).contains(&usize::from(speaker)) {
                return Err(DataError::Speaker {
                    utterance,
                    offset: offset + 2,
                    found: speaker,
                });
            }
            if !(1..=FRAMES).contains(&usize::from(frames)) {
                return Err(DataError::Frames {
                    utterance,
                    offset: offset + 3,
                    found: frames,
                });
            }
            expected += usize::from(frames);
        }
        let (sum, header) = (expected, self.frames.len());
        if sum != header {
            return Err(DataError::Total { sum, header });
        }
        Ok(())
    }

    fn check_values(&self) -> Result<(), DataError> {
        let start = HEADER + ENTRY * self.index.len();
        for (number, &value) in self.frames.as_flattened().as_chunks().0.iter().enumerate() {
            let found = f32::from_le_bytes(value);
            if !found.is_finite() {
                return Err(DataError::Value {
                    frame: number / FEATURES,
                    offset: start + VALUE * number,
                    found,
                });
            }
        }
        Ok(())
    }

    /// The number of utterances, at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a data set is never empty")]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Utterance number `utterance`, in constant time, or `None` behind the last one.
    #[must_use]
    pub fn get(&self, utterance: usize) -> Option<Utterance<'a>> {
        let &[s0, s1, speaker, frames] = self.index.get(utterance)?;
        let start = usize::from(u16::from_le_bytes([s0, s1]));
        let frames = self.frames.get(start..start + usize::from(frames))?;
        Some(Utterance {
            speaker: usize::from(speaker).checked_sub(1)?,
            frames,
        })
    }

    /// All utterances in the order of the file, which is by speaker.
    pub fn iter(&self) -> impl Iterator<Item = Utterance<'a>> + Clone + use<'a> {
        let dataset = *self;
        (0..dataset.len()).filter_map(move |utterance| dataset.get(utterance))
    }

    /// Which of `folds` folds an utterance is in, for cross-validation: each is a run of consecutive utterances of
    /// every speaker. Neighbours resemble each other, and the utterances of the test set have no neighbour in the
    /// training set: interleaved folds would promise too much.
    #[must_use]
    pub fn fold(&self, utterance: u16, folds: usize) -> Option<usize> {
        let speaker = self.get(utterance.into())?.speaker();
        let same = |utterance: &Utterance| utterance.speaker() == speaker;
        let (before, count) = (
            self.iter().take(utterance.into()).filter(same).count(),
            self.iter().filter(same).count(),
        );
        Some(before * folds / count)
    }
}

impl<'a> Utterance<'a> {
    /// Who spoke, from 0 to 8. The file and the program's tables count from 1.
    #[must_use]
    pub fn speaker(&self) -> usize {
        self.speaker
    }

    /// The frames in the order of time, 1 to 29 of them.
    #[must_use]
    pub fn frames(&self) -> impl ExactSizeIterator<Item = [f32; FEATURES]> + Clone + use<'a> {
        self.frames.iter().map(|bytes| {
            let mut frame = [0.0; FEATURES];
            for (value, &bytes) in frame.iter_mut().zip(bytes.as_chunks().0) {
                *value = f32::from_le_bytes(bytes);
            }
            frame
        })
    }
}

/// CRC-32 with the reflected polynomial of zip and PNG, bit by bit: a table would cost more flash
/// than it is worth here.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    })
}
