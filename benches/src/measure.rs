//! All figures of a shape.

use crate::arguments::Arguments;
use crate::case::cases;
use crate::check::check;
use crate::function::Function;
use crate::masked::masked;
use crate::problem::Problem;
use crate::roofline::{Copy, Peak, Read};
use crate::rounds::{Repeat, Times};

/// Queries of the functions that have several.
pub const QUERIES: usize = 4;

/// What was measured of one function at one shape.
#[derive(Clone, Debug)]
pub struct Figures {
    pub shape: String,
    pub function: &'static str,
    pub nanoseconds: f64,
    /// Of this crate, in 10⁹ operations a second.
    pub speed: Option<f64>,
    /// The share of the roofline in per cent.
    pub roof: Option<f64>,
    /// Who, and how many times as long it takes.
    pub ratios: Vec<(&'static str, f64)>,
}

/// What the machine can do, in the same run.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// 10⁹ operations a second.
    pub peak: f64,
    /// 10⁹ bytes a second, of an array as large as `hs`.
    pub read: f64,
    pub copy: f64,
}

/// Times the wanted functions at one shape, in turns with the roofline.
pub fn shape<const N: usize, const T: usize, const H: usize>(
    arguments: &Arguments,
) -> (Option<Machine>, Vec<Figures>) {
    let problem = Problem::<N, QUERIES, T, H>::new();
    let name = format!("({N},{T},{H})");
    let elements = N * T * H;
    let (mut peak, mut read, mut copy) = (Peak, Read::new(elements), Copy::new(elements));
    let (mut machine, mut all) = (None, Vec::new());
    for function in Function::ALL {
        if !arguments.wants_function(function.name()) {
            continue;
        }
        let mut cases = cases(function, &problem);
        check(function, &problem, &mut cases);
        let contenders: Vec<_> = cases.iter().map(|case| case.contender()).collect();

        let mut turns: Vec<&mut dyn Repeat> = vec![&mut peak, &mut read, &mut copy];
        turns.extend(cases.iter_mut().map(|case| &mut **case as &mut dyn Repeat));
        let times = Times::take(&mut turns, arguments.rounds, arguments.turn);
        let (peak, read, copy, ours) = (0, 1, 2, 3);

        let bytes = (4 * elements) as f64;
        machine = Some(Machine {
            peak: Peak::OPERATIONS / times.nanoseconds(peak),
            read: bytes / times.nanoseconds(read),
            copy: bytes / times.nanoseconds(copy),
        });
        let queries = if function.has_queries() { QUERIES } else { 1 };
        let operations = function
            .operations()
            .map(|o| f64::from(o) * (elements * queries) as f64);
        let memory = if function.writes_rows() { copy } else { read };
        let arrays = function.row_arrays() as f64;
        all.push(Figures {
            shape: name.clone(),
            function: function.name(),
            nanoseconds: times.nanoseconds(ours),
            speed: operations.map(|o| o / times.nanoseconds(ours)),
            roof: operations.map(|o| {
                let least = [(peak, o / Peak::OPERATIONS), (memory, arrays)];
                100.0 * times.share(&least, ours)
            }),
            ratios: (1..contenders.len())
                .map(|i| (contenders[i], times.ratio(ours + i, ours)))
                .collect(),
        });
    }
    all.extend(masked(&problem, &name, arguments));
    (machine, all)
}
