//! The program on the board: the same lines as on the host, then what it cost.

use core::fmt::{self, Write};

use cortex_m::Peripherals;
use cortex_m_rt::entry;
use cortex_m_semihosting::hio;
use firmware::{InstructionCounter, exit};
use speaker::{Dataset, Utterance};

use crate::model::Model;
use crate::{EIGHT, Learner, ORDER, TEST, TRAIN, run};

#[entry]
fn main() -> ! {
    static mut LEARNER: Learner = Learner::new();
    static mut NUMBERS: [u16; ORDER] = [0; ORDER];
    let peripherals = Peripherals::take().expect("nobody took them before");
    let counter = InstructionCounter::new(peripherals.SYST);
    let mut out = hio::hstdout().expect("a debugger or QEMU");
    let printed = run(LEARNER, NUMBERS, &mut out)
        .and_then(|()| memory(&mut out))
        .and_then(|()| instructions(LEARNER, &counter, &mut out));
    exit(u32::from(printed.is_err()))
}

/// Prints the instructions of recognising, of learning from one utterance, and of one step of the
/// optimiser. The model is of no use afterwards.
fn instructions(
    trainer: &mut impl Model,
    counter: &InstructionCounter,
    out: &mut impl Write,
) -> fmt::Result {
    let Ok(train) = Dataset::parse(TRAIN) else {
        return Err(fmt::Error);
    };
    writeln!(out)?;
    let length = |utterance: &Utterance| utterance.frames().len();
    for frames in [7, 16, 26] {
        let Some((number, utterance)) = (0..)
            .zip(train.iter())
            .find(|(_, utterance)| length(utterance) == frames)
        else {
            return Err(fmt::Error);
        };
        let forward = count(counter, || {
            trainer.recognise(&utterance);
        });
        let mut batch = |order: &mut [u16]| {
            count(counter, || {
                trainer.epoch(&train, order);
            })
        };
        // One batch each: the second has one more utterance, and no other step of the optimiser.
        let (one, two) = (batch(&mut [number]), batch(&mut [number; 2]));
        let learn = two - one;
        writeln!(
            out,
            "{frames:2} frames: {forward} instructions to recognise, {learn} to learn from them; \
             step of the optimiser: {}",
            one - learn
        )?;
    }
    Ok(())
}

/// The counter is made for 25 MHz. A micro:bit has 16, and with `-icount shift=6` 1.024 ticks for each of 16 million
/// instructions.
fn count(counter: &InstructionCounter, call: impl FnOnce()) -> u32 {
    if cfg!(target_abi = "eabihf") {
        counter.count(call)
    } else {
        (125 * counter.ticks(call) + 64) / 128
    }
}

/// Prints what the program takes of the flash and of the RAM.
fn memory(out: &mut impl Write) -> fmt::Result {
    // Where nobody is added to the eight, they are not linked.
    let eight = if cfg!(any(feature = "integers", feature = "one-epoch")) {
        0
    } else {
        EIGHT.len()
    };
    let data = TRAIN.len() + TEST.len() + eight;
    let (flash, ram) = image();
    writeln!(out)?;
    writeln!(out, "flash: {flash} bytes, of which {data} are data")?;
    writeln!(
        out,
        "RAM: {ram} bytes static, of which {} are the trainer; {} bytes of stack",
        size_of::<Learner>(),
        stack()
    )
}

unsafe extern "C" {
    // Symbols of cortex-m-rt's link.x: only their addresses mean anything.
    safe static __sdata: u32;
    safe static __edata: u32;
    safe static __sidata: u32;
    safe static __sbss: u32;
    safe static __ebss: u32;
    safe static _stack_end: u32;
    safe static _stack_start: u32;
}

/// Bytes of the flash from its start, and of the static variables.
fn image() -> (usize, usize) {
    let [sdata, edata, sidata, sbss, ebss] =
        [&__sdata, &__edata, &__sidata, &__sbss, &__ebss].map(|symbol| (&raw const *symbol).addr());
    let data = edata - sdata;
    // The flash begins at 0, and the first values of the variables are the last in it.
    (sidata + data, data + (ebss - sbss))
}

/// The most bytes of stack so far: cortex-m-rt has painted it before `main`.
fn stack() -> usize {
    const PAINT: u32 = 0xcccc_cccc;
    let (mut word, start) = (&raw const _stack_end, &raw const _stack_start);
    // SAFETY: all words between the two symbols are RAM that nothing but the stack uses.
    while word < start && unsafe { word.read_volatile() } == PAINT {
        word = word.wrapping_add(1);
    }
    start.addr() - word.addr()
}
