//! Tables of figures.

use std::fmt::Write;

use crate::case::CONTENDERS;
use crate::measure::{Figures, Machine};

/// `x86-64-v3`, or the default of the architecture.
pub const BUILD: &str = if cfg!(target_feature = "avx2") {
    "x86-64-v3"
} else if cfg!(target_arch = "x86_64") {
    "x86-64"
} else {
    "another architecture"
};

/// The table of one shape: the functions beside the contenders, then the options.
pub fn print(shape: &str, machine: Option<Machine>, figures: &[Figures]) {
    println!("{}", table(shape, machine, figures));
}

fn table(shape: &str, machine: Option<Machine>, figures: &[Figures]) -> String {
    let mut out = String::new();
    let functions: Vec<_> = figures
        .iter()
        .filter(|f| !f.function.ends_with("options"))
        .collect();
    let options: Vec<_> = figures
        .iter()
        .filter(|f| f.function.ends_with("options"))
        .collect();
    let mut line = |text: String| writeln!(out, "{text}").expect("a String takes all");
    if let Some(machine) = machine {
        let Machine { peak, read, copy } = machine;
        line(format!(
            "{shape}: peak {peak:.0} GFLOP/s, rows read at {read:.0} GB/s, copied at {copy:.0} GB/s"
        ));
    } else {
        line(format!("{shape}:"));
    }
    if !functions.is_empty() {
        let mut head = format!("{:30} {:>11} {:>8} {:>6}", "", "ours", "GFLOP/s", "roof");
        for name in &CONTENDERS[1..] {
            write!(head, " {name:>8}").expect("a String takes all");
        }
        line(head);
    }
    for f in functions {
        let mut row = format!("{:30} {:>8.0} ns", f.function, f.nanoseconds);
        row += &f
            .speed
            .map_or(format!(" {:>8}", "–"), |x| format!(" {x:>8.1}"));
        row += &f
            .roof
            .map_or(format!(" {:>6}", "–"), |x| format!(" {x:>4.0} %"));
        for name in &CONTENDERS[1..] {
            let width = name.len().max(8);
            let ratio = f.ratios.iter().find(|(contender, _)| contender == name);
            row += &ratio.map_or(format!(" {:>width$}", "–"), |(_, x)| {
                format!(" {x:>width$.2}")
            });
        }
        line(row);
    }
    for f in options {
        let mut row = format!("{:26} plain {:.0} ns;", f.function, f.nanoseconds);
        for (name, ratio) in &f.ratios {
            write!(row, "  {name} {ratio:.2}").expect("a String takes all");
        }
        line(row);
    }
    out
}

/// The figures as lines of build, shape, function, who, and how many times as long that takes.
pub fn lines(figures: &[Figures]) -> String {
    let mut out = String::new();
    for f in figures {
        let mut line = |what: &str, value: f64| {
            writeln!(
                out,
                "{BUILD}\t{}\t{}\t{what}\t{value:.3}",
                f.shape, f.function
            )
            .expect("a String takes all");
        };
        line("nanoseconds", f.nanoseconds);
        if let (Some(speed), Some(roof)) = (f.speed, f.roof) {
            line("GFLOP/s", speed);
            line("% of roof", roof);
        }
        for (who, ratio) in &f.ratios {
            line(who, *ratio);
        }
    }
    out
}
