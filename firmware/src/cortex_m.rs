//! The Cortex-M boards; the start is cortex-m-rt's.

use core::arch::asm;
use core::fmt::Write;
use core::sync::atomic::{Ordering, compiler_fence};

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::{ExceptionFrame, exception};
use cortex_m_semihosting::{hio, hprintln, syscall1};

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

/// QEMU's standard output.
pub fn output() -> impl Write {
    hio::hstdout().expect("a debugger or QEMU")
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
        (self.ticks(call) * 10 + 16) / 32
    }

    /// The ticks of `call`, for a timer and an emulator that run at other speeds.
    #[inline(always)]
    pub fn ticks(&self, call: impl FnOnce()) -> u32 {
        let start = SYST::get_current();
        // No load or store of `call` may leave the interval.
        compiler_fence(Ordering::SeqCst);
        call();
        compiler_fence(Ordering::SeqCst);
        start.wrapping_sub(SYST::get_current()) & Self::LAST_TICK
    }
}

#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    let sp;
    // SAFETY: it copies one register into another.
    unsafe { asm!("mov {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}
