//! What can be wrong with a data file.

use crate::data::{FRAMES, HEADER, SPEAKERS};
use core::fmt;

/// What is wrong with the bytes of a data file. Utterances count from 0 and offsets are in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DataError {
    /// Shorter than the header.
    Header {
        /// Length of the file.
        length: usize,
    },
    /// The file does not begin with the eight letters of the format.
    Magic,
    /// The header promises no utterance.
    Empty,
    /// The file ends before its last frame.
    Truncated {
        /// Length of the file.
        length: usize,
        /// Length that the header promises.
        expected: usize,
    },
    /// Bytes after the last frame.
    Trailing {
        /// Length of the file.
        length: usize,
        /// Length that the header promises.
        expected: usize,
    },
    /// A speaker outside of 1 to 9.
    Speaker {
        /// Number of the utterance.
        utterance: usize,
        /// Where the speaker is written.
        offset: usize,
        /// The speaker found.
        found: u8,
    },
    /// A number of frames outside of 1 to 29.
    Frames {
        /// Number of the utterance.
        utterance: usize,
        /// Where the number of frames is written.
        offset: usize,
        /// The number found.
        found: u8,
    },
    /// An utterance that does not begin where the one before it ends.
    Start {
        /// Number of the utterance.
        utterance: usize,
        /// Where the number of its first frame is written.
        offset: usize,
        /// The first frame found.
        found: usize,
        /// The first frame that follows from the utterances before.
        expected: usize,
    },
    /// The utterances have not as many frames as the header promises.
    Total {
        /// The frames of the utterances.
        sum: usize,
        /// The frames that the header promises.
        header: usize,
    },
    /// A value that is infinite or not a number.
    Value {
        /// Number of the frame in the file.
        frame: usize,
        /// Where the value is written.
        offset: usize,
        /// The value found.
        found: f32,
    },
    /// All fields are plausible, but some byte is not the one that was written.
    Checksum {
        /// CRC-32 of what follows the header.
        computed: u32,
        /// CRC-32 in the header.
        header: u32,
    },
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Header { length } => {
                write!(
                    f,
                    "truncated: expected a header of {HEADER} bytes, found {length} bytes"
                )
            }
            Self::Magic => write!(f, "offset 0: expected the text JVOWELS1"),
            Self::Empty => write!(f, "offset 8: expected at least 1 utterance, found 0"),
            Self::Truncated { length, expected } => {
                write!(f, "truncated: expected {expected} bytes, found {length}")
            }
            Self::Trailing { length, expected } => {
                write!(
                    f,
                    "trailing bytes: expected {expected} bytes, found {length}"
                )
            }
            Self::Speaker {
                utterance,
                offset,
                found,
            } => {
                write!(f, "utterance {utterance}, offset {offset}: ")?;
                write!(f, "expected a speaker from 1 to {SPEAKERS}, found {found}")
            }
            Self::Frames {
                utterance,
                offset,
                found,
            } => {
                write!(f, "utterance {utterance}, offset {offset}: ")?;
                write!(f, "expected 1 to {FRAMES} frames, found {found}")
            }
            Self::Start {
                utterance,
                offset,
                found,
                expected,
            } => {
                write!(f, "utterance {utterance}, offset {offset}: ")?;
                write!(f, "expected first frame {expected}, found {found}")
            }
            Self::Total { sum, header } => {
                write!(
                    f,
                    "offset 10: expected {sum} frames, the sum over the utterances, "
                )?;
                write!(f, "found {header}")
            }
            Self::Value {
                frame,
                offset,
                found,
            } => {
                write!(
                    f,
                    "frame {frame}, offset {offset}: expected a finite value, found {found}"
                )
            }
            Self::Checksum { computed, header } => {
                write!(
                    f,
                    "offset 12: expected the CRC-32 {computed:08x} of what follows "
                )?;
                write!(f, "the header, found {header:08x}")
            }
        }
    }
}

impl core::error::Error for DataError {}
