//! A Cortex-M board of the crate `firmware`.

use cortex_m_rt::entry;
use cortex_m_semihosting::hio;
use firmware::exit;

#[entry]
fn main() -> ! {
    crate::print_all(&mut hio::hstdout().expect("QEMU has a standard output"));
    exit(0)
}
