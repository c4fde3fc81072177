//! The confusion matrix.

use speaker::SPEAKERS;
use std::fmt;

/// How often each speaker (row) was recognised as each speaker (column).
#[derive(Clone, Debug, Default)]
pub struct Confusion([[usize; SPEAKERS]; SPEAKERS]);

impl Confusion {
    /// Counts one utterance; speakers count from 0.
    pub fn count(&mut self, speaker: usize, recognised: usize) {
        if let Some(count) = self
            .0
            .get_mut(speaker)
            .and_then(|row| row.get_mut(recognised))
        {
            *count += 1;
        }
    }

    /// Adds the counts of another one.
    pub fn add(&mut self, other: &Self) {
        for (count, other) in self
            .0
            .as_flattened_mut()
            .iter_mut()
            .zip(other.0.as_flattened())
        {
            *count += other;
        }
    }

    /// The number of utterances whose speaker was recognised.
    pub fn correct(&self) -> usize {
        self.0
            .iter()
            .enumerate()
            .filter_map(|(speaker, row)| row.get(speaker))
            .sum()
    }
}

impl fmt::Display for Confusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "who spoke (rows), who was recognised (columns)")?;
        write!(f, "         ")?;
        for column in 1..=SPEAKERS {
            write!(f, "{column:>5}")?;
        }
        writeln!(f)?;
        for (speaker, row) in self.0.iter().enumerate() {
            write!(f, "speaker {}", speaker + 1)?;
            for count in row {
                match count {
                    0 => write!(f, "    ·")?,
                    count => write!(f, "{count:>5}")?,
                }
            }
            let (correct, all) = (row.get(speaker).copied().unwrap_or(0), row.iter().sum());
            match all {
                0 => writeln!(f)?,
                all => writeln!(f, "  {:5.1} %", crate::percent(correct, all))?,
            }
        }
        Ok(())
    }
}
