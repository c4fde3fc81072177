//! What was promised, beside what was measured.

mod promises;

use promises::{BUDGETS, Budget, EVERYWHERE, OPTIONS, Quantity};

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

/// A promise and what was measured at the shapes it is for.
struct Row {
    what: String,
    function: &'static str,
    needs: String,
    measured: Vec<(String, f64, bool)>,
}

/// Each budget with the median that was measured, in bold where it is missed. Of what must hold for every
/// function, those that miss it.
pub fn print(figures: &[Figures]) {
    let mut rows: Vec<Row> = BUDGETS
        .iter()
        .map(|budget| of_budget(budget, figures))
        .collect();
    for (who, needs) in EVERYWHERE {
        rows.extend(everywhere(figures, who, needs));
    }
    rows.extend(options(figures));

    let mut shapes: Vec<&str> = Vec::new();
    for f in figures {
        if !shapes.contains(&&*f.shape) {
            shapes.push(&f.shape);
        }
    }
    println!("| {BUILD} | function | needs | {} |", shapes.join(" | "));
    println!("| --- | --- | --- {}|", "| --- ".repeat(shapes.len()));
    for Row {
        what,
        function,
        needs,
        measured,
    } in &rows
    {
        print!("| {what} | {function} | {needs} |");
        for shape in &shapes {
            match measured.iter().find(|(of, ..)| of == shape) {
                Some((_, value, true)) => print!(" {value:.2} |"),
                Some((_, value, false)) => print!(" **{value:.2}** |"),
                None => print!(" |"),
            }
        }
        println!();
    }
    let all = rows.iter().flat_map(|row| &row.measured);
    let missed = all.clone().filter(|(.., met)| !met).count();
    println!(
        "\n{missed} of the {} figures above miss their budget.",
        all.count()
    );
}

fn of_budget(budget: &Budget, figures: &[Figures]) -> Row {
    let needs = if BUILD == "x86-64-v3" {
        budget.needs.1
    } else {
        budget.needs.0
    };
    let of_function = figures.iter().filter(|f| f.function == budget.function);
    let measured = of_function
        .filter(|f| budget.shapes.contains(&&*f.shape))
        .map(|f| {
            let value = match budget.quantity {
                Quantity::Roof => f.roof,
                Quantity::Ratio(to) => f.ratios.iter().find(|(who, _)| *who == to).map(|x| x.1),
            };
            let value = value.expect("every budget is of something measured");
            (f.shape.clone(), value, value >= needs)
        });
    Row {
        what: budget.what.to_owned(),
        function: budget.function,
        needs: format!("≥ {needs}"),
        measured: measured.collect(),
    }
}

/// The functions that are too slow beside `who` at some shape; where there is none, the slowest.
fn everywhere(figures: &[Figures], who: &str, needs: f64) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for f in figures {
        let Some((_, ratio)) = f.ratios.iter().find(|(name, _)| *name == who) else {
            continue;
        };
        let measured = (f.shape.clone(), *ratio, *ratio >= needs);
        match rows.iter_mut().find(|row| row.function == f.function) {
            Some(row) => row.measured.push(measured),
            None => rows.push(Row {
                what: format!("to {who}, all functions"),
                function: f.function,
                needs: format!("≥ {needs}"),
                measured: vec![measured],
            }),
        }
    }
    let lowest = |row: &Row| {
        row.measured
            .iter()
            .map(|x| x.1)
            .fold(f64::INFINITY, f64::min)
    };
    rows.sort_by(|x, y| lowest(x).total_cmp(&lowest(y)));
    let missed = rows.iter().filter(|row| lowest(row) < needs).count();
    rows.truncate(missed.max(1));
    rows
}

fn options(figures: &[Figures]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for f in figures.iter().filter(|f| f.function.ends_with("options")) {
        for &(name, ratio) in &f.ratios {
            let Some((_, most)) = OPTIONS.iter().find(|(start, _)| name.starts_with(start)) else {
                continue;
            };
            let what = format!("{name}, to plain");
            let measured = (f.shape.clone(), ratio, ratio <= *most);
            match rows
                .iter_mut()
                .find(|row| row.what == what && row.function == f.function)
            {
                Some(row) => row.measured.push(measured),
                None => rows.push(Row {
                    what,
                    function: f.function,
                    needs: format!("≤ {most}"),
                    measured: vec![measured],
                }),
            }
        }
    }
    rows
}
