#![no_std]
#![no_main]
use core::fmt::Write;
use panic_halt as _;
use esp_hal::clock::CpuClock;
use esp_hal::timer::systimer::{SystemTimer, Unit};
use esp_hal::uart::{Config, Uart};

esp_bootloader_esp_idf::esp_app_desc!();

#[esp_hal::main]
fn main() -> ! {
    let peripherals = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    let mut uart = Uart::new(peripherals.UART0, Config::default()).unwrap().with_tx(peripherals.GPIO21);
    let t = SystemTimer::unit_value(Unit::Unit0);
    let _ = writeln!(uart, "hello {t}");
    loop {}
}
