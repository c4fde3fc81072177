//! The ratios to the peers: what the picture and the table show.

use std::error::Error;

use crate::figures::{Ratio, ratios};

/// A training step.
pub const FUNCTION: &str = "attention+backward";
pub const PEERS: [&str; 6] = [
    "naive",
    "ordered",
    "NumPy port",
    "ndarray",
    "nalgebra",
    "matrixmultiply",
];

/// The builds, and the shapes, in the order of the files.
pub fn distinct<'r>(all: &'r [Ratio], of: impl Fn(&'r Ratio) -> &'r str) -> Vec<&'r str> {
    let mut found = Vec::new();
    for ratio in all {
        if !found.contains(&of(ratio)) {
            found.push(of(ratio));
        }
    }
    found
}

pub fn find(all: &[Ratio], build: &str, shape: &str, who: &str) -> Result<f64, Box<dyn Error>> {
    all.iter()
        .find(|r| r.build == build && r.shape == shape && r.function == FUNCTION && r.who == who)
        .map(|r| r.times)
        .ok_or_else(|| format!("no ratio of {FUNCTION} to {who} at {shape} for {build}").into())
}

/// Prints a row for each shape and build.
pub fn table(files: &[&str]) -> Result<(), Box<dyn Error>> {
    let all = ratios(files)?;
    println!("| (N,T,H) | build | {} |", PEERS.join(" | "));
    println!("| --- | --- |{}", " --- |".repeat(PEERS.len()));
    for shape in distinct(&all, |r| &r.shape) {
        for build in distinct(&all, |r| &r.build) {
            print!("| {shape} | {build} |");
            for who in PEERS {
                print!(" {:.1} |", find(&all, build, shape, who)?);
            }
            println!();
        }
    }
    Ok(())
}
