//! All figures of a shape.

use std::hint::black_box;

use crate::arguments::Arguments;
use crate::check::check;
use crate::functions::functions;
use crate::problem::Problem;
use crate::roofline::{self, CASES, COPY, PEAK, READ};
use crate::rounds::Times;

/// Queries of the functions that have several.
pub const QUERIES: usize = 4;

pub const NANOSECONDS: &str = "nanoseconds";
/// 10⁹ operations a second.
pub const SPEED: &str = "GFLOP/s";
/// The share of the roofline in per cent.
pub const ROOF: &str = "% of roof";

/// What was measured of one function at one shape.
#[derive(Clone, Debug)]
pub struct Figures {
    pub shape: String,
    pub function: &'static str,
    /// Of this crate, and by contender or option how many times as long it takes.
    pub values: Vec<(&'static str, f64)>,
    /// What the machine can do, in the same run: 10⁹ operations a second, and 10⁹ bytes a second of an array as
    /// large as `hs`, read and copied.
    pub machine: [f64; 3],
}

impl Figures {
    pub fn get(&self, what: &str) -> Option<f64> {
        let found = self.values.iter().find(|(name, _)| *name == what);
        found.map(|(_, value)| *value)
    }

    pub fn is_of_options(&self) -> bool {
        self.function.ends_with("options")
    }
}

/// Times the wanted functions at one shape, in turns with the roofline.
pub fn shape<const N: usize, const T: usize, const H: usize>(
    arguments: &Arguments,
) -> Vec<Figures> {
    let problem = Problem::<N, QUERIES, T, H>::random();
    let elements = (N * T * H) as f64;
    let (from, mut to) = (vec![1.0; N * T * H], vec![0.0; N * T * H]);
    let mut all = Vec::new();
    for function in functions() {
        if !arguments.wants_function(function.name) {
            continue;
        }
        let mut cases = (function.cases)(&problem);
        if !function.name.ends_with("options") {
            check(&function, &mut cases);
        }
        let Arguments { rounds, turn, .. } = *arguments;
        let turns = CASES + cases.len();
        let times = Times::take(turns, rounds, turn, |i, times| match i {
            PEAK => (0..times).for_each(|_| roofline::peak()),
            READ => (0..times).for_each(|_| roofline::read(&from)),
            COPY => {
                for _ in 0..times {
                    black_box(&mut to[..]).copy_from_slice(black_box(&from));
                }
            }
            i => cases[i - CASES].repeat(times),
        });

        let nanoseconds = times.nanoseconds(CASES);
        let mut values = vec![(NANOSECONDS, nanoseconds)];
        if function.operations > 0 {
            let operations = function.operations as f64 * elements;
            let least = [(PEAK, operations / roofline::OPERATIONS), function.memory];
            values.push((SPEED, operations / nanoseconds));
            values.push((ROOF, 100.0 * times.share(&least, CASES)));
        }
        for (i, case) in cases.iter().enumerate().skip(1) {
            values.push((case.contender, times.ratio(CASES + i, CASES) / case.part));
        }
        all.push(Figures {
            shape: format!("({N},{T},{H})"),
            function: function.name,
            values,
            machine: [
                (PEAK, roofline::OPERATIONS),
                (READ, 4.0 * elements),
                (COPY, 4.0 * elements),
            ]
            .map(|(i, amount)| amount / times.nanoseconds(i)),
        });
    }
    all
}
