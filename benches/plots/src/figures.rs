//! The files that hold figures.

use std::error::Error;
use std::fs;

/// A line of `plots growth`.
pub struct Growth {
    pub what: String,
    /// The number of features; of a cache its level.
    pub of: String,
    /// The number of keys; of a cache its bytes.
    pub keys: f64,
    pub nanoseconds: f64,
}

pub fn growth(file: &str) -> Result<Vec<Growth>, Box<dyn Error>> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let line = |line: &str| {
        let fields: Vec<&str> = line.split(' ').collect();
        let [what, of, keys, nanoseconds] = fields[..] else {
            return Err(format!("{file}: not a line of four fields: {line}").into());
        };
        Ok(Growth {
            what: what.to_owned(),
            of: of.to_owned(),
            keys: keys.parse()?,
            nanoseconds: nanoseconds.parse()?,
        })
    };
    text.lines().map(line).collect()
}

/// A line of `cargo bench -- --save`.
pub struct Ratio {
    pub build: String,
    pub shape: String,
    pub function: String,
    pub who: String,
    pub times: f64,
}

pub fn ratios(files: &[&str]) -> Result<Vec<Ratio>, Box<dyn Error>> {
    let mut all = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
        for line in text.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let [build, shape, function, who, times] = fields[..] else {
                return Err(format!("{file}: not a line of five fields: {line}").into());
            };
            all.push(Ratio {
                build: build.to_owned(),
                shape: shape.to_owned(),
                function: function.to_owned(),
                who: who.to_owned(),
                times: times.parse()?,
            });
        }
    }
    Ok(all)
}
