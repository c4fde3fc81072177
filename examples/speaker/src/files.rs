//! Reading the data and writing the picture.

use crate::Stop;
use speaker::Dataset;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// More than any data file can have: whatever is longer need not be read to its end.
const LIMIT: u64 = 1 << 22;

/// A data file's bytes, and its path for messages.
pub struct Bytes {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Bytes {
    /// Reads a data file.
    pub fn read(folder: &Path, name: &str) -> Result<Self, Stop> {
        let path = folder.join(name);
        let mut bytes = Vec::new();
        match File::open(&path).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes)) {
            Ok(_) => Ok(Self { path, bytes }),
            Err(error) => Err(failure(
                &path,
                &error,
                "expected a data file; --data names its folder",
            )),
        }
    }

    /// The utterances.
    pub fn dataset(&self) -> Result<Dataset<'_>, Stop> {
        Dataset::parse(&self.bytes)
            .map_err(|error| Stop::Failure(format!("{}: {error}", self.path.display())))
    }
}

/// A folder that can be written to.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder where it is missing, and tries it out.
    pub fn open(path: &Path, name: &str) -> Result<Self, Stop> {
        let expected = "expected a folder to write to; --out names it";
        fs::create_dir_all(path).map_err(|error| failure(path, &error, expected))?;
        let folder = Self(path.to_owned());
        let part = folder.part(name);
        File::create(&part)
            .and_then(|_| fs::remove_file(&part))
            .map_err(|error| failure(path, &error, expected))?;
        let target = path.join(name);
        if target.is_dir() {
            return Err(Stop::Failure(format!(
                "{}: expected a file or nothing, found a folder",
                target.display()
            )));
        }
        Ok(folder)
    }

    /// Writes a file whole or not at all: beside its place first, then moved there.
    pub fn write(&self, name: &str, content: &str) -> Result<PathBuf, Stop> {
        let (part, target) = (self.part(name), self.0.join(name));
        let written = File::create(&part)
            .and_then(|mut file| file.write_all(content.as_bytes()))
            .and_then(|()| fs::rename(&part, &target));
        written.map_err(|error| {
            // Whatever there is of it is of no use.
            let _ = fs::remove_file(&part);
            failure(&target, &error, "expected to write the picture")
        })?;
        Ok(target)
    }

    /// No other run has this name.
    fn part(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.{}.part", std::process::id()))
    }
}

fn failure(path: &Path, error: &io::Error, expected: &str) -> Stop {
    Stop::Failure(format!("{}: {error}: {expected}", path.display()))
}
