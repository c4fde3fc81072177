//! `plots growth` prints how cost grows with the shape; `plots draw` makes pictures and a table of figures.
//! `make` runs both.

mod growth;
mod panels;

use std::error::Error;
use std::fs;
use std::process::exit;

use plotters::prelude::*;

const USAGE: &str = "\
usage: plots growth > FILE          lines of: what, its size, its number of keys, nanoseconds
       plots draw DOCS FILE FILE... that file, and files of `cargo bench -- --save FILE`, one for each build:
                                    writes growth.svg and speed.svg, prints the table of speed";

type Done<T = ()> = Result<T, Box<dyn Error>>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["growth"] => growth::print(),
        ["draw", docs, growth, speed @ ..] if !speed.is_empty() => draw(docs, growth, speed),
        _ => {
            eprintln!("{USAGE}");
            exit(2);
        }
    };
    if let Err(error) = done {
        eprintln!("error: {error}");
        exit(1);
    }
}

/// A line of a file: what the figure is of, and the figure.
struct Line {
    of: Vec<String>,
    figure: f64,
}

fn read(file: &str) -> Done<Vec<Line>> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let line = |line: &str| {
        let (of, figure) = line.rsplit_once('\t').ok_or("a line of one field")?;
        Ok(Line {
            of: of.split('\t').map(str::to_owned).collect(),
            figure: figure.parse()?,
        })
    };
    text.lines().map(line).collect()
}

/// What stands in a field, in the order of the lines.
fn distinct<'l>(lines: impl Iterator<Item = &'l Line>, field: usize) -> Vec<&'l str> {
    let mut found: Vec<&str> = Vec::new();
    for line in lines {
        if !found.contains(&&*line.of[field]) {
            found.push(&line.of[field]);
        }
    }
    found
}

const PEERS: [&str; 6] = [
    "naive",
    "ordered",
    "NumPy port",
    "ndarray",
    "nalgebra",
    "matrixmultiply",
];

/// The ratio to a peer in a training step.
fn ratio(lines: &[Line], build: &str, shape: &str, who: &str) -> Done<f64> {
    let of = [build, shape, "attention+backward", who];
    let found = lines.iter().find(|line| line.of == of);
    Ok(found.ok_or_else(|| format!("no figure of {of:?}"))?.figure)
}

fn draw(docs: &str, growth: &str, speed: &[&str]) -> Done {
    let growth = read(growth)?;
    save(&format!("{docs}/growth.svg"), (1200, 430), |root| {
        let areas = root.split_evenly((1, 3));
        panels::growth(&areas[0], &growth, "forward", "attention")?;
        panels::growth(&areas[1], &growth, "backward", "attention_backward")?;
        panels::streaming(&areas[2], &growth)
    })?;
    let mut lines = Vec::new();
    for file in speed {
        lines.extend(read(file)?);
    }
    let builds = distinct(lines.iter(), 0);
    let height = 330 * u32::try_from(builds.len())?;
    save(&format!("{docs}/speed.svg"), (1000, height), |root| {
        let areas = root.split_evenly((builds.len(), 1));
        let mut panels = areas.iter().zip(&builds);
        panels.try_for_each(|(area, build)| panels::peers(area, &lines, build))
    })?;

    println!("| (N,T,H) | build | {} |", PEERS.join(" | "));
    println!("| --- | --- |{}", " --- |".repeat(PEERS.len()));
    for shape in distinct(lines.iter(), 1) {
        for build in &builds {
            print!("| {shape} | {build} |");
            for who in PEERS {
                print!(" {:.1} |", ratio(&lines, build, shape, who)?);
            }
            println!();
        }
    }
    Ok(())
}

type Area<'s> = DrawingArea<SVGBackend<'s>, plotters::coord::Shift>;

fn save(file: &str, size: (u32, u32), draw: impl FnOnce(&Area) -> Done) -> Done {
    let root = SVGBackend::new(file, size).into_drawing_area();
    root.fill(&WHITE)?;
    draw(&root)?;
    root.present()?;
    Ok(())
}
