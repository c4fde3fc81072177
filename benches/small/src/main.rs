//! T and H of 1 to 17 and of 30, 33, 63 and 100, each with each: this crate beside naive and ordered loops.
//!
//! Without arguments, times the functions that have at least 128 multiply-adds and prints how many times as
//! long the loops take. With `--count`, calls the others once each for callgrind to count. `sweep` runs both.

mod cases;

use std::hint::black_box;
use std::process::exit;

use benches::rounds::{Repeat, Times};
use cases::{Function, Inputs};

/// Below so many multiply-adds, the clock shows more of the calls than of the loops.
const TIMED: usize = 128;
const ROUNDS: usize = 21;
/// Nanoseconds.
const TURN: f64 = 50e3;

type Run = fn(&Inputs, bool);

macro_rules! shapes {
    ($($t:literal)*; $h:tt) => {
        [$(shapes!(@ $t $h)),*]
    };
    (@ $t:literal [$($h:literal)*]) => {
        [$(shape::<$t, $h> as Run),*]
    };
}

const SHAPES: [[Run; 21]; 21] = shapes!(
    1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 30 33 63 100;
    [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 30 33 63 100]
);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let count = match arguments.as_slice() {
        [] => false,
        [argument] if argument == "--count" => true,
        _ => {
            eprintln!("usage: small [--count]");
            exit(2);
        }
    };
    let inputs = Inputs::new();
    for run in SHAPES.iter().flatten() {
        run(&inputs, count);
    }
}

fn shape<const T: usize, const H: usize>(inputs: &Inputs, count: bool) {
    for function in Function::ALL {
        // The softmax knows no features.
        if function.has_no_features() && H != 1 {
            continue;
        }
        let units = function.multiply_adds() * T * H;
        if (units < TIMED) != count {
            continue;
        }
        let [mut ours, mut naive, mut ordered] = cases::cases::<T, H>(function, inputs);
        let mut turns: [&mut dyn Repeat; 3] = [&mut *ours, &mut *naive, &mut *ordered];
        if count {
            let empty: &mut dyn Repeat = &mut cases::Nothing;
            for (who, case) in ["empty", "ours", "naive", "ordered"]
                .into_iter()
                .zip([empty].into_iter().chain(turns))
            {
                counted(case);
                println!("{} {T} {H} {who}", function.name());
            }
        } else {
            let times = Times::take(&mut turns, ROUNDS, TURN);
            let (naive, ordered) = (times.ratio(1, 0), times.ratio(2, 0));
            println!("{} {T} {H} {naive:.3} {ordered:.3}", function.name());
        }
    }
}

/// Where callgrind collects.
#[inline(never)]
#[unsafe(no_mangle)]
extern "Rust" fn counted(case: &mut dyn Repeat) {
    case.repeat(black_box(1));
}
