//! Prints the exact number of instructions of every function on a Cortex-M4F, `f32`, and beside it
//! that of plain index loops.
//!
//! A line is `count weighted_sum 1x16x8 1234 9.64`: the kind (`count`, `naive` for the loops, or
//! `hand` for one gradient alone, written by hand), the function, the shape (N x T x H, or
//! N x U x T x H), the instructions of one call, and those per multiply-add, for a softmax per
//! element. Of a backward pass, `:dh` means that this gradient alone is wanted, and `:accumulate`
//! that both are added to their buffers; `:normalizer` that the forward pass saved that instead of
//! the weights. After a plus sign comes the option.
#![no_std]
#![no_main]

mod by_hand;
mod naive;

use core::hint::black_box;

use cortex_m::Peripherals;
use cortex_m_rt::entry;
use cortex_m_semihosting::hprintln;
use every_function::{ADD, Arguments, Call, Calls, EveryFunction, SKIP, WRITE};
use firmware::{InstructionCounter, exit};

#[entry]
fn main() -> ! {
    let peripherals = Peripherals::take().expect("nobody took them before");
    let counter = InstructionCounter::new(peripherals.SYST);
    shape::<1, 4, 16, 8>(&counter);
    shape::<4, 4, 16, 16>(&counter);
    shape::<1, 4, 64, 32>(&counter);
    options::<4, 4, 16, 16>(&counter);
    options::<1, 4, 64, 32>(&counter);
    exit(0)
}

fn shape<const N: usize, const U: usize, const T: usize, const H: usize>(
    counter: &InstructionCounter,
) {
    let mut overheads = [0; 64];
    for (kind, functions) in [
        ("empty", &EveryFunction::EMPTY),
        ("count", &EveryFunction::CRATE),
        ("naive", &naive::functions()),
        ("hand", &by_hand::functions()),
    ] {
        let mut overheads = overheads.iter_mut();
        // Unknown functions: LLVM would otherwise make a copy of `measure` for each kind.
        measure::<N, U, T, H>(
            black_box(functions),
            counter,
            &mut |name, units, instructions| {
                let overhead = overheads.next().expect("fewer functions than that");
                if kind == "empty" {
                    *overhead = instructions;
                    return;
                }
                let instructions = instructions - *overhead;
                if instructions == 0 {
                    return; // Neither kind of loops has all variants.
                }
                let shape = [N, U, T, H];
                print(kind, name, "", shape, units, instructions);
            },
        );
    }
}

/// Counts and prints the functions with options, and those that the origin does not have.
fn options<const N: usize, const U: usize, const T: usize, const H: usize>(
    counter: &InstructionCounter,
) {
    let mut random = Random(1);
    let x = &mut Arguments::<f32, N, U, T, H>::new(|| random.number());
    let measure = |calls: &[Call<f32, N, U, T, H>], value, x: &mut Arguments<_, N, U, T, H>| {
        for &Call { name, units, call } in calls {
            // Made of the same rows as the others.
            if !name.starts_with("weighted_sum") && !name.starts_with("attention_weights") {
                let instructions = count_call(counter, call, x) - count_call(counter, |_| (), x);
                let shape = [N, U, T, H];
                print("count", name, value, shape, units as u32, instructions);
            }
        }
    };
    measure(Calls::PLAIN.dot_product, "", x);
    measure(Calls::PLAIN.normalizer, "", x);
    measure(Calls::WITHOUT_OPTIONS, "", x);
    for (lengths, value) in [(T, "=T"), (T / 4, "=T/4")] {
        x.lengths = [lengths; N];
        measure(Calls::LENGTHS.origin, value, x);
        measure(Calls::LENGTHS.dot_product, value, x);
    }
    for calls in [
        Calls::CAUSAL.origin,
        Calls::CAUSAL.dot_product,
        Calls::WINDOW.origin,
        Calls::WINDOW.dot_product,
        Calls::MASK.origin,
        Calls::MASK.dot_product,
        Calls::BIAS.origin,
        Calls::BIAS.dot_product,
        Calls::SCALE.origin,
        Calls::SCALE.dot_product,
    ] {
        measure(calls, "", x);
    }
}

/// Not inlined, so that each call costs the same.
#[inline(never)]
fn count_call<A>(counter: &InstructionCounter, call: fn(&mut A), arguments: &mut A) -> u32 {
    let call = black_box(call);
    counter.count(|| call(arguments))
}

/// Prints a line; `value` is that of the option.
fn print(
    kind: &str,
    name: &str,
    value: &str,
    [n, u, t, h]: [usize; 4],
    units: u32,
    instructions: u32,
) {
    let hundredths = (instructions * 100 + units / 2) / units;
    let per_unit = format_args!("{}.{:02}", hundredths / 100, hundredths % 100);
    if name.starts_with("cross") || name.starts_with("dot_product") {
        let shape = format_args!("{n}x{u}x{t}x{h}");
        hprintln!(
            "{} {}{} {} {} {}",
            kind,
            name,
            value,
            shape,
            instructions,
            per_unit
        );
    } else {
        let shape = format_args!("{n}x{t}x{h}");
        hprintln!(
            "{} {}{} {} {} {}",
            kind,
            name,
            value,
            shape,
            instructions,
            per_unit
        );
    }
}

/// Calls `result` with the name of each function, the multiply-adds of one call (for a softmax, the
/// elements) and the instructions of the call.
///
/// It is one function for all of `f`, not inlined, so that a call costs the same in each case.
#[inline(never)]
fn measure<const N: usize, const U: usize, const T: usize, const H: usize>(
    f: &EveryFunction<f32, N, U, T, H>,
    counter: &InstructionCounter,
    result: &mut dyn FnMut(&str, u32, u32),
) {
    let mut random = Random(1);
    let hs: [[[f32; H]; T]; N] = random.array(|r| r.array(|r| r.array(Random::number)));
    let h: [[f32; H]; N] = random.array(|r| r.array(Random::number));
    let dc: [[f32; H]; N] = random.array(|r| r.array(Random::number));
    let da: [[f32; T]; N] = random.array(|r| r.array(Random::number));
    let hs_dec: [[[f32; H]; U]; N] = random.array(|r| r.array(|r| r.array(Random::number)));
    let dc_dec: [[[f32; H]; U]; N] = random.array(|r| r.array(|r| r.array(Random::number)));
    let mut a = [[0.0; T]; N];
    let mut a_dec = [[[0.0; T]; U]; N];
    let mut c = [[0.0; H]; N];
    let mut c_dec = [[[0.0; H]; U]; N];
    let mut d = da;
    let mut dh = [[0.0; H]; N];
    let mut dhs = [[[0.0; H]; T]; N];
    let mut dhs_dec = [[[0.0; H]; U]; N];

    let elements = (N * T) as u32;
    let macs = (N * T * H) as u32;
    let macs_dec = macs * U as u32;
    let mut call = |name, units, call: &mut dyn FnMut()| result(name, units, counter.count(call));

    call("dot_scores", macs, &mut || (f.dot_scores)(&h, &hs, &mut a));
    call("softmax", elements, &mut || (f.softmax)(&mut a));
    call("weighted_sum", macs, &mut || {
        (f.weighted_sum)(&a, &hs, &mut c)
    });
    call("attention_weights", macs, &mut || {
        (f.attention_weights)(&h, &hs, &mut a)
    });
    call("attention", 2 * macs, &mut || {
        (f.attention)(&h, &hs, &mut a, &mut c)
    });
    call("cross_attention", 2 * macs_dec, &mut || {
        (f.cross_attention)(&hs_dec, &hs, &mut a_dec, &mut c_dec)
    });
    call("softmax_backward", elements, &mut || {
        (f.softmax_backward)(&a, &mut d)
    });

    let p = &f.weighted_sum_backward;
    for (name, units, p) in [
        ("weighted_sum_backward", 2 * macs, p[WRITE][WRITE]),
        ("weighted_sum_backward:da", macs, p[WRITE][SKIP]),
        ("weighted_sum_backward:dhs", macs, p[SKIP][WRITE]),
        ("weighted_sum_backward:accumulate", 2 * macs, p[ADD][ADD]),
    ] {
        call(name, units, &mut || p(&a, &hs, &dc, &mut d, &mut dhs));
    }
    let p = &f.dot_scores_backward;
    for (name, units, p) in [
        ("dot_scores_backward", 2 * macs, p[WRITE][WRITE]),
        ("dot_scores_backward:dh", macs, p[WRITE][SKIP]),
        ("dot_scores_backward:dhs", macs, p[SKIP][WRITE]),
        ("dot_scores_backward:accumulate", 2 * macs, p[ADD][ADD]),
    ] {
        call(name, units, &mut || p(&h, &hs, &d, &mut dh, &mut dhs));
    }
    let p = &f.attention_weights_backward;
    for (name, units, p) in [
        ("attention_weights_backward", 2 * macs, p[WRITE][WRITE]),
        ("attention_weights_backward:dh", macs, p[WRITE][SKIP]),
        ("attention_weights_backward:dhs", macs, p[SKIP][WRITE]),
        (
            "attention_weights_backward:accumulate",
            2 * macs,
            p[ADD][ADD],
        ),
    ] {
        call(name, units, &mut || p(&h, &hs, &a, &da, &mut dh, &mut dhs));
    }
    let p = &f.attention_backward;
    for (name, units, p) in [
        ("attention_backward", 4 * macs, p[WRITE][WRITE]),
        ("attention_backward:dh", 2 * macs, p[WRITE][SKIP]),
        ("attention_backward:dhs", 3 * macs, p[SKIP][WRITE]),
        ("attention_backward:accumulate", 4 * macs, p[ADD][ADD]),
    ] {
        call(name, units, &mut || p(&h, &hs, &a, &dc, &mut dh, &mut dhs));
    }
    let p = &f.cross_attention_backward;
    for (name, units, p) in [
        ("cross_attention_backward", 4 * macs_dec, p[WRITE][WRITE]),
        (
            "cross_attention_backward:dhs_dec",
            2 * macs_dec,
            p[WRITE][SKIP],
        ),
        (
            "cross_attention_backward:dhs_enc",
            3 * macs_dec,
            p[SKIP][WRITE],
        ),
        (
            "cross_attention_backward:accumulate",
            4 * macs_dec,
            p[ADD][ADD],
        ),
    ] {
        call(name, units, &mut || {
            p(&hs_dec, &hs, &a_dec, &dc_dec, &mut dhs_dec, &mut dhs)
        });
    }
}

/// Marsaglia's xorshift of 32 bits.
struct Random(u32);

impl Random {
    /// Uniform in −1 to 1.
    fn number(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 8) as f32 / 8_388_608.0 - 1.0
    }

    fn array<X, const L: usize>(&mut self, mut element: impl FnMut(&mut Self) -> X) -> [X; L] {
        core::array::from_fn(|_| element(self))
    }
}
