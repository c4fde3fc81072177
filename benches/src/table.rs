//! Tables of figures.

use std::fmt::Write;

use crate::measure::{Figures, NANOSECONDS, ROOF, SPEED};

/// The columns of ratios.
const CONTENDERS: [&str; 8] = [
    "naive",
    "ordered",
    "NumPy port",
    "std exp",
    "ndarray",
    "nalgebra",
    "matrixmultiply",
    "embedded-nn",
];

/// `x86-64-v3`, or the default of the architecture.
pub const BUILD: &str = if cfg!(target_feature = "avx2") {
    "x86-64-v3"
} else if cfg!(target_arch = "x86_64") {
    "x86-64"
} else {
    "another architecture"
};

/// Prints the table of one shape: the functions beside the contenders, then the options.
pub fn print(figures: &[Figures]) {
    let (options, functions): (Vec<_>, Vec<_>) = figures.iter().partition(|f| f.is_of_options());
    if let Some(Figures {
        shape,
        machine: [peak, read, copy],
        ..
    }) = figures.first()
    {
        println!(
            "{shape}: peak {peak:.0} GFLOP/s, rows read at {read:.0} GB/s, copied at {copy:.0} GB/s"
        );
    }
    if !functions.is_empty() {
        print!("{:30} {:>11} {:>8} {:>6}", "", "ours", SPEED, "roof %");
        println!(" {}", CONTENDERS.map(|name| format!("{name:>8}")).join(" "));
    }
    for f in functions {
        let cell = |what: &str, width: usize, digits: usize| {
            f.get(what).map_or(format!(" {:>width$}", "–"), |x| {
                format!(" {x:>width$.digits$}")
            })
        };
        print!("{:30}{} ns", f.function, cell(NANOSECONDS, 8, 0));
        print!("{}{}", cell(SPEED, 8, 1), cell(ROOF, 6, 0));
        for name in CONTENDERS {
            print!("{}", cell(name, name.len().max(8), 2));
        }
        println!();
    }
    for f in options {
        print!("{:26} plain {:.0} ns;", f.function, f.values[0].1);
        for (name, ratio) in &f.values[1..] {
            print!("  {name} {ratio:.2}");
        }
        println!();
    }
    println!();
}

/// The figures as lines of build, shape, function, who, and how many times as long that takes.
pub fn lines(figures: &[Figures]) -> String {
    let mut out = String::new();
    for Figures {
        shape,
        function,
        values,
        ..
    } in figures
    {
        for (what, value) in values {
            writeln!(out, "{BUILD}\t{shape}\t{function}\t{what}\t{value:.3}")
                .expect("a String takes all");
        }
    }
    out
}
