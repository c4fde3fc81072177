//! WebAssembly, run by `wasm32.mjs`.

use core::fmt;
use core::panic::PanicInfo;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    /// Prints the bytes there.
    fn print(text: *const u8, length: usize);
}

#[unsafe(no_mangle)]
extern "C" fn start() {
    crate::print_all(&mut Output);
}

/// What the JavaScript around it prints.
struct Output;

impl fmt::Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: it reads the text and nothing else.
        unsafe { print(text.as_ptr(), text.len()) };
        Ok(())
    }
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
