//! Prints every function at every shape: the time of this crate, and how many times as long others take.

use std::fs;
use std::process::exit;

use benches::arguments::Arguments;
use benches::budget;
use benches::functions::functions;
use benches::measure::{self, Figures, QUERIES};
use benches::table;

type Shape = fn(&Arguments) -> Vec<Figures>;

const SHAPES: [(&str, Shape); 6] = [
    ("(10,5,4)", measure::shape::<10, 5, 4>),
    ("(1,64,16)", measure::shape::<1, 64, 16>),
    ("(8,64,64)", measure::shape::<8, 64, 64>),
    ("(4,128,128)", measure::shape::<4, 128, 128>),
    ("(1,512,64)", measure::shape::<1, 512, 64>),
    ("(1,1024,256)", measure::shape::<1, 1024, 256>),
];

fn main() {
    let names: Vec<_> = functions::<10, QUERIES, 5, 4>()
        .iter()
        .map(|function| function.name)
        .collect();
    let arguments = Arguments::parse(&names, &SHAPES.map(|(name, _)| name));
    println!(
        "Build: {}. Ratios: how many times as long as ours.\n",
        table::BUILD
    );
    let runs = if arguments.budgets { 3 } else { 1 };
    let runs: Vec<_> = (0..runs).map(|_| run(&arguments)).collect();
    let figures = budget::medians(&runs);
    if arguments.budgets {
        budget::print(&figures);
    }
    if let Some(file) = &arguments.save
        && let Err(error) = fs::write(file, table::lines(&figures))
    {
        eprintln!("{}: {error}", file.display());
        exit(1);
    }
}

fn run(arguments: &Arguments) -> Vec<Figures> {
    let mut all = Vec::new();
    for (name, shape) in SHAPES {
        if arguments.wants_shape(name) {
            let figures = shape(arguments);
            table::print(&figures);
            all.extend(figures);
        }
    }
    all
}
