//! What was promised, beside what was measured.

use crate::measure::Figures;
use crate::rounds::median;
use crate::table::BUILD;

/// The medians over several runs.
pub fn medians(runs: &[Vec<Figures>]) -> Vec<Figures> {
    let first = &runs[0];
    let of = |value: &dyn Fn(&Figures) -> f64, i: usize| {
        median(runs.iter().map(|run| value(&run[i])).collect())
    };
    (0..first.len())
        .map(|i| Figures {
            nanoseconds: of(&|f| f.nanoseconds, i),
            speed: first[i]
                .speed
                .map(|_| of(&|f| f.speed.unwrap_or(f64::NAN), i)),
            roof: first[i]
                .roof
                .map(|_| of(&|f| f.roof.unwrap_or(f64::NAN), i)),
            ratios: first[i]
                .ratios
                .iter()
                .enumerate()
                .map(|(j, &(who, _))| (who, of(&|f| f.ratios[j].1, i)))
                .collect(),
            ..first[i].clone()
        })
        .collect()
}

/// One promise: at least (or at most) so much, in the default build and in that for x86-64-v3.
struct Budget {
    what: &'static str,
    function: &'static str,
    shapes: &'static [&'static str],
    quantity: Quantity,
    needs: (f64, f64),
}

enum Quantity {
    /// How many times as long the contender takes.
    Ratio(&'static str),
    /// The share of the roofline in per cent.
    Roof,
}

const LARGE: &[&str] = &["(8,64,64)", "(4,128,128)", "(1,512,64)"];
const ROOF: &[&str] = &["(8,64,64)", "(1,512,64)"];
const FROM_64: &[&str] = &[
    "(1,64,16)",
    "(8,64,64)",
    "(4,128,128)",
    "(1,512,64)",
    "(1,1024,256)",
];
const FROM_8_64_64: &[&str] = &["(8,64,64)", "(4,128,128)", "(1,512,64)", "(1,1024,256)"];

const fn ratio(
    what: &'static str,
    function: &'static str,
    to: &'static str,
    shapes: &'static [&'static str],
    needs: (f64, f64),
) -> Budget {
    Budget {
        what,
        function,
        shapes,
        quantity: Quantity::Ratio(to),
        needs,
    }
}

const fn roof(
    function: &'static str,
    shapes: &'static [&'static str],
    needs: (f64, f64),
) -> Budget {
    Budget {
        what: "% of the roofline",
        function,
        shapes,
        quantity: Quantity::Roof,
        needs,
    }
}

const BUDGETS: &[Budget] = &[
    ratio("to naive", "attention", "naive", LARGE, (5.0, 8.0)),
    ratio("to naive", "attention_backward", "naive", LARGE, (4.0, 6.5)),
    ratio(
        "to the NumPy port",
        "attention+backward",
        "NumPy port",
        LARGE,
        (9.0, 14.0),
    ),
    ratio(
        "to the NumPy port",
        "attention+backward",
        "NumPy port",
        &["(10,5,4)"],
        (1.5, 1.5),
    ),
    ratio(
        "to naive with libm's exp",
        "softmax",
        "naive",
        FROM_64,
        (2.0, 3.5),
    ),
    roof("weighted_sum", ROOF, (95.0, 85.0)),
    roof("dot_scores", ROOF, (77.0, 62.0)),
    roof("weighted_sum_backward", ROOF, (70.0, 80.0)),
    roof("dot_scores_backward", ROOF, (72.0, 90.0)),
    roof("attention", ROOF, (75.0, 60.0)),
    roof("attention_backward", &["(8,64,64)"], (90.0, 76.0)),
    roof("attention_backward", &["(1,512,64)"], (80.0, 57.0)),
    ratio(
        "to nalgebra",
        "attention",
        "nalgebra",
        FROM_8_64_64,
        (1.0, 2.5),
    ),
    ratio(
        "to nalgebra",
        "attention_backward",
        "nalgebra",
        FROM_8_64_64,
        (1.0, 2.5),
    ),
    ratio(
        "to ndarray",
        "attention",
        "ndarray",
        FROM_8_64_64,
        (1.0, 6.0),
    ),
    ratio(
        "to ndarray",
        "attention_backward",
        "ndarray",
        FROM_8_64_64,
        (1.0, 6.0),
    ),
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

/// Each budget with the median that was measured, the missed ones marked.
pub fn print(figures: &[Figures]) {
    println!("| build | budget | function | shape | needs | measured | |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let find = |function: &str, shape: &str| {
        figures
            .iter()
            .find(|f| f.function == function && f.shape == shape)
    };
    for budget in BUDGETS {
        let needs = if BUILD == "x86-64-v3" {
            budget.needs.1
        } else {
            budget.needs.0
        };
        for shape in budget.shapes {
            if let Some(f) = find(budget.function, shape) {
                let measured = match budget.quantity {
                    Quantity::Roof => f.roof,
                    Quantity::Ratio(to) => f.ratios.iter().find(|(who, _)| *who == to).map(|x| x.1),
                };
                let measured = measured.expect("every budget is of something measured");
                row(
                    budget.what,
                    budget.function,
                    shape,
                    needs,
                    measured,
                    measured >= needs,
                );
            }
        }
    }
    for (who, needs) in EVERYWHERE {
        everywhere(figures, who, needs);
    }
    for f in figures.iter().filter(|f| f.function.ends_with("options")) {
        for &(name, ratio) in &f.ratios {
            if let Some((_, most)) = OPTIONS.iter().find(|(start, _)| name.starts_with(start)) {
                let what = format!("{name}, to plain, at most");
                row(&what, f.function, &f.shape, *most, ratio, ratio <= *most);
            }
        }
    }
}

/// Every miss, and else the lowest.
fn everywhere(figures: &[Figures], who: &str, needs: f64) {
    let mut all: Vec<_> = figures
        .iter()
        .flat_map(|f| f.ratios.iter().map(move |(name, ratio)| (f, *name, *ratio)))
        .filter(|(_, name, _)| *name == who)
        .collect();
    all.sort_by(|x, y| x.2.total_cmp(&y.2));
    let what = format!("to {who}, anywhere");
    let missed = all.iter().filter(|x| x.2 < needs).count();
    for (f, _, ratio) in all.iter().take(missed.max(1)) {
        row(&what, f.function, &f.shape, needs, *ratio, *ratio >= needs);
    }
}

fn row(what: &str, function: &str, shape: &str, needs: f64, measured: f64, met: bool) {
    let mark = if met { "" } else { "missed" };
    println!("| {BUILD} | {what} | {function} | {shape} | {needs} | {measured:.2} | {mark} |");
}
