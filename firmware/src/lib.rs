//! What the programs need from the board: an end with an exit code, an exact count of instructions,
//! and the peak of the stack.
#![no_std]

use core::arch::asm;
use core::hint::black_box;
use core::panic::PanicInfo;
use core::sync::atomic::{Ordering, compiler_fence};

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::{ExceptionFrame, exception};
use cortex_m_semihosting::{hprintln, syscall1};

/// Ends the program, and QEMU with it.
pub fn exit(code: u32) -> ! {
    const SYS_EXIT_EXTENDED: usize = 0x20;
    const APPLICATION_EXIT: u32 = 0x2_0026;
    let block = [APPLICATION_EXIT, code];
    loop {
        // SAFETY: SYS_EXIT_EXTENDED reads two words at the address it is given.
        unsafe { syscall1(SYS_EXIT_EXTENDED, block.as_ptr() as usize) };
    }
}

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    hprintln!("{}", info);
    exit(101)
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    hprintln!("{:?}", frame);
    exit(102)
}

/// Counts instructions with the SysTick timer under QEMU's `-icount shift=7`.
///
/// An instruction then lasts 128 ns, which is 3.2 ticks of 25 MHz. A reading is off by less than
/// one tick, so rounding gives the exact number, up to 5.2 million instructions.
pub struct InstructionCounter(SYST);

impl InstructionCounter {
    const LAST_TICK: u32 = 0xFF_FFFF;

    /// Starts the timer.
    pub fn new(mut timer: SYST) -> Self {
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(Self::LAST_TICK);
        timer.clear_current();
        timer.enable_counter();
        Self(timer)
    }

    /// The instructions of `call`, plus a few of this function.
    #[inline(always)]
    pub fn count(&self, call: impl FnOnce()) -> u32 {
        let start = SYST::get_current();
        // No load or store of `call` may leave the interval.
        compiler_fence(Ordering::SeqCst);
        call();
        compiler_fence(Ordering::SeqCst);
        let ticks = start.wrapping_sub(SYST::get_current()) & Self::LAST_TICK;
        (ticks * 10 + 16) / 32
    }
}

/// The most bytes of stack that `call` uses: what it leaves of a pattern painted below this function's
/// own frame.
///
/// No interrupt may be enabled. What `call` takes but does not write at its deepest point is not seen.
#[inline(never)]
pub fn peak_stack<A>(arguments: &mut A, call: fn(&mut A)) -> usize {
    const PATTERN: u32 = 0xCCCC_CCCC;
    const DEPTH: usize = 64 * 1024;
    let call = black_box(call);
    let top: usize;
    // SAFETY: below the stack pointer nothing is in use, and the memory reaches further down than
    // that: the stack starts at the end of 4 MB. The loop calls nothing, so it paints over no frame.
    unsafe {
        asm!(
            "mov {top}, sp",
            "sub {at}, {top}, {depth}",
            "2:",
            "str {pattern}, [{at}], #4",
            "cmp {at}, {top}",
            "bne 2b",
            top = out(reg) top,
            at = out(reg) _,
            pattern = in(reg) PATTERN,
            depth = in(reg) DEPTH,
        );
    }
    call(arguments);
    let painted = (top - DEPTH..top).step_by(4);
    // SAFETY: these words were painted above, and they are read as what they are, words of memory.
    let untouched = |&at: &usize| unsafe { (at as *const u32).read_volatile() } == PATTERN;
    top - painted
        .take_while(untouched)
        .last()
        .map_or(top - DEPTH, |at| at + 4)
}
