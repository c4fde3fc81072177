//! What was promised of the speed on hosts, beside what was measured.

use crate::measure::{Figures, ROOF};
use crate::rounds::median;
use crate::table::BUILD;

const LARGE: &[&str] = &["(8,64,64)", "(4,128,128)", "(1,512,64)"];
const ROOFS: &[&str] = &["(8,64,64)", "(1,512,64)"];
const FROM_64: &[&str] = &[
    "(1,64,16)",
    "(8,64,64)",
    "(4,128,128)",
    "(1,512,64)",
    "(1,1024,256)",
];
const FROM_8_64_64: &[&str] = &["(8,64,64)", "(4,128,128)", "(1,512,64)", "(1,1024,256)"];

/// The least of a contender's ratio, or of the share of the roofline, in the default build and in that for
/// x86-64-v3.
const BUDGETS: [(&str, &str, &[&str], [f64; 2]); 16] = [
    ("naive", "attention", LARGE, [5.0, 8.0]),
    ("naive", "attention_backward", LARGE, [4.0, 6.5]),
    ("NumPy port", "attention+backward", LARGE, [9.0, 14.0]),
    (
        "NumPy port",
        "attention+backward",
        &["(10,5,4)"],
        [1.5, 1.5],
    ),
    ("naive", "softmax", FROM_64, [2.0, 3.5]),
    (ROOF, "weighted_sum", ROOFS, [95.0, 85.0]),
    (ROOF, "dot_scores", ROOFS, [77.0, 62.0]),
    (ROOF, "weighted_sum_backward", ROOFS, [70.0, 80.0]),
    (ROOF, "dot_scores_backward", ROOFS, [72.0, 90.0]),
    (ROOF, "attention", ROOFS, [75.0, 60.0]),
    (ROOF, "attention_backward", &["(8,64,64)"], [90.0, 76.0]),
    (ROOF, "attention_backward", &["(1,512,64)"], [80.0, 57.0]),
    ("nalgebra", "attention", FROM_8_64_64, [1.0, 2.5]),
    ("nalgebra", "attention_backward", FROM_8_64_64, [1.0, 2.5]),
    ("ndarray", "attention", FROM_8_64_64, [1.0, 6.0]),
    ("ndarray", "attention_backward", FROM_8_64_64, [1.0, 6.0]),
];

/// The least that every function must reach at every shape, by contender.
const EVERYWHERE: [(&str, f64); 6] = [
    ("naive", 0.95),
    ("ordered", 0.95),
    ("ndarray", 1.0),
    ("nalgebra", 1.0),
    ("matrixmultiply", 1.0),
    ("embedded-nn", 1.0),
];

/// The most that an option may cost, by the start of its name: ranges for each key attended.
const OPTIONS: [(&str, f64); 5] = [
    ("lengths", 1.1),
    ("causal", 1.1),
    ("window", 1.1),
    ("mask", 1.4),
    ("bias", 1.4),
];

/// The medians over several runs.
pub fn medians(runs: &[Vec<Figures>]) -> Vec<Figures> {
    let mut medians = runs[0].clone();
    for (i, figures) in medians.iter_mut().enumerate() {
        for (j, (_, value)) in figures.values.iter_mut().enumerate() {
            *value = median(runs.iter().map(|run| run[i].values[j].1).collect());
        }
    }
    medians
}

/// A promise and what was measured at the shapes it is for.
struct Row {
    what: &'static str,
    function: &'static str,
    least: f64,
    most: f64,
    measured: Vec<(String, f64)>,
}

impl Row {
    fn met(&self, value: f64) -> bool {
        (self.least..=self.most).contains(&value)
    }

    fn lowest(&self) -> f64 {
        let values = self.measured.iter().map(|(_, value)| *value);
        values.fold(f64::INFINITY, f64::min)
    }
}

/// A row for each function and each value of it that is wanted.
fn rows(
    figures: &[Figures],
    (least, most): (f64, f64),
    wanted: impl Fn(&Figures, &str) -> bool,
) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for f in figures {
        for &(what, value) in f.values.iter().filter(|(what, _)| wanted(f, what)) {
            let same = |row: &Row| row.what == what && row.function == f.function;
            let i = rows.iter().position(same).unwrap_or_else(|| {
                let (function, measured) = (f.function, Vec::new());
                rows.push(Row {
                    what,
                    function,
                    least,
                    most,
                    measured,
                });
                rows.len() - 1
            });
            rows[i].measured.push((f.shape.clone(), value));
        }
    }
    rows
}

/// Each budget with the median that was measured, in bold where it is missed. Of what must hold for every
/// function, those that miss it; where there is none, the slowest.
pub fn print(figures: &[Figures]) {
    let mut all = Vec::new();
    for (what, function, shapes, needs) in BUDGETS {
        let least = needs[usize::from(BUILD == "x86-64-v3")];
        let of_function = |f: &Figures| f.function == function && shapes.contains(&&*f.shape);
        let rows = rows(figures, (least, f64::INFINITY), |f, x| {
            of_function(f) && x == what
        });
        assert!(
            !rows.is_empty() || !figures.iter().any(of_function),
            "{what} is not measured"
        );
        all.extend(rows);
    }
    for (who, least) in EVERYWHERE {
        let mut rows = rows(figures, (least, f64::INFINITY), |_, x| x == who);
        rows.sort_by(|x, y| x.lowest().total_cmp(&y.lowest()));
        let missed = rows.iter().filter(|row| !row.met(row.lowest())).count();
        rows.truncate(missed.max(1));
        all.extend(rows);
    }
    for (option, most) in OPTIONS {
        all.extend(rows(figures, (0.0, most), |_, x| x.starts_with(option)));
    }

    let mut shapes: Vec<&str> = figures.iter().map(|f| &*f.shape).collect();
    shapes.dedup();
    println!("| {BUILD} | function | needs | {} |", shapes.join(" | "));
    println!("| --- | --- | --- {}|", "| --- ".repeat(shapes.len()));
    let (mut count, mut missed) = (0, 0);
    for row in &all {
        let needs = if row.least > 0.0 {
            format!("≥ {}", row.least)
        } else {
            format!("≤ {}", row.most)
        };
        print!("| {} | {} | {needs} |", row.what, row.function);
        for shape in &shapes {
            match row.measured.iter().find(|(of, _)| of == shape) {
                Some((_, value)) if row.met(*value) => print!(" {value:.2} |"),
                Some((_, value)) => print!(" **{value:.2}** |"),
                None => print!(" |"),
            }
        }
        println!();
        count += row.measured.len();
        missed += row
            .measured
            .iter()
            .filter(|(_, value)| !row.met(*value))
            .count();
    }
    println!("\n{missed} of the {count} figures above miss their budget.");
}
