//! What the programs need from the board: a start, an output, an end with an exit code, the
//! stack of a call, and on a Cortex-M an exact count of instructions.
//!
//! A program has a `#[unsafe(no_mangle)] extern "C" fn main() -> !`.
#![no_std]

#[cfg_attr(target_arch = "arm", path = "cortex_m.rs")]
#[cfg_attr(target_arch = "riscv32", path = "riscv32.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
mod board;
#[cfg(not(target_arch = "aarch64"))]
mod stack;

pub use board::*;
#[cfg(not(target_arch = "aarch64"))]
pub use stack::peak_stack;

use core::fmt::Write;
use core::panic::PanicInfo;

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    let _ = writeln!(output(), "{info}");
    exit(101)
}
