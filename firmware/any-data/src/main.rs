//! Prints the instructions of every function for one shape and mask and many kinds of numbers, on a
//! Cortex-M4F, `f32` and integers.
//!
//! The first line has the kinds, `data ordinary ascending ...`, and so has the one before the functions in integers; every
//! other one has a function, its shape and the instructions for each kind: `softmax+mask 2x2x13x12 812 812 ...`.
#![no_std]
#![no_main]

mod data;

use core::hint::black_box;

use cortex_m::Peripherals;
use cortex_m_rt::entry;
use cortex_m_semihosting::{hprint, hprintln};
use every_function::{Arguments, Call, Calls, Integers};
use firmware::{InstructionCounter, exit};
use microattention::softmax;

// The shape.
const N: usize = 2;
const U: usize = 2;
const T: usize = 13;
const H: usize = 12;

#[entry]
fn main() -> ! {
    let peripherals = Peripherals::take().expect("nobody took them before");
    let counter = InstructionCounter::new(peripherals.SYST);
    floats(&counter);
    integers(&counter);
    exit(0)
}

fn floats(counter: &InstructionCounter) {
    let mut x = Arguments::<f32, N, U, T, H>::new(|| 0.0);
    x.lengths.fill(T - 2);
    x.offset = 2;
    x.offsets.fill(3);
    x.back = 5;
    x.ahead = 1;
    print_kinds(&data::FLOATS);
    // What must be noticed: here a number decides.
    let by_sign: [Call<Arguments<f32, N, U, T, H>>; 1] = [Call {
        name: "must-differ",
        units: 1,
        call: |x| {
            if x.scale > 0.0 {
                softmax(&mut x.a);
            }
        },
    }];
    // Taken out of their constants before the program exists: the other lists there are not compiled.
    let lists = const {
        [
            Calls::<f32, N, U, T, H>::ROOT,
            Calls::WITHOUT_OPTIONS,
            Calls::PLAIN.dot_product,
            Calls::PLAIN.normalizer,
            Calls::PLAIN.other_uses,
            Calls::LENGTHS.dot_product,
            Calls::CAUSAL.dot_product,
            Calls::CAUSAL_ROWS.dot_product,
            Calls::WINDOW.origin,
            Calls::WINDOW.dot_product,
            Calls::MASK.origin,
            Calls::MASK.dot_product,
            Calls::BIAS.origin,
            Calls::BIAS.dot_product,
            Calls::EACH_QUERY.dot_product,
            Calls::SCALE.dot_product,
            Calls::SCALE_BY_WIDTH.dot_product,
            Calls::COMBINED.origin,
            Calls::COMBINED.dot_product,
            Calls::COMBINED.normalizer,
            Calls::COMBINED.other_uses,
        ]
    };
    for Call { name, call, .. } in by_sign.iter().chain(lists.into_iter().flatten()) {
        hprint!("{} {}x{}x{}x{}", name, N, U, T, H);
        for (_, number) in data::FLOATS {
            data::fill(number, &mut x);
            count(counter, *call, &mut x);
        }
        hprintln!();
    }
}

/// All but what is made of floats or of which floats are made.
fn integers(counter: &InstructionCounter) {
    print_kinds(&data::INTEGERS);
    let lists = const {
        [
            Integers::<N, U, T, H>::PLAIN,
            Integers::NUMBERS,
            Integers::USES,
            Integers::LENGTHS,
            Integers::COMBINED,
        ]
    };
    for Call { name, call, .. } in lists.into_iter().flatten() {
        hprint!("{} {}x{}x{}x{}", name, N, U, T, H);
        for (_, number) in data::INTEGERS {
            count(counter, *call, &mut data::integers(number));
        }
        hprintln!();
    }
}

fn print_kinds<X>(kinds: &[(&str, X)]) {
    hprint!("data");
    for (name, _) in kinds {
        hprint!(" {}", name);
    }
    hprintln!();
}

#[inline(never)]
fn count<X>(counter: &InstructionCounter, call: fn(&mut X), x: &mut X) {
    let call = black_box(call);
    hprint!(" {}", counter.count(|| call(x)));
}
