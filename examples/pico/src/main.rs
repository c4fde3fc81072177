#![no_std]
#![no_main]
use core::fmt::Write;
use panic_halt as _;
use rp2040_hal as hal;
use hal::fugit::RateExtU32;
use hal::Clock;
use hal::uart::{DataBits, StopBits, UartConfig, UartPeripheral};

#[unsafe(link_section = ".boot2")]
#[used]
static BOOT2: [u8; 256] = rp2040_boot2::BOOT_LOADER_W25Q080;

#[hal::entry]
fn main() -> ! {
    let mut peripherals = hal::pac::Peripherals::take().unwrap();
    let mut core = cortex_m::Peripherals::take().unwrap();
    let mut watchdog = hal::Watchdog::new(peripherals.WATCHDOG);
    let clocks = hal::clocks::init_clocks_and_plls(
        12_000_000, peripherals.XOSC, peripherals.CLOCKS, peripherals.PLL_SYS, peripherals.PLL_USB,
        &mut peripherals.RESETS, &mut watchdog).ok().unwrap();
    let sio = hal::Sio::new(peripherals.SIO);
    let pins = hal::gpio::Pins::new(peripherals.IO_BANK0, peripherals.PADS_BANK0, sio.gpio_bank0, &mut peripherals.RESETS);
    let uart_pins = (pins.gpio0.into_function(), pins.gpio1.into_function());
    let mut uart = UartPeripheral::new(peripherals.UART0, uart_pins, &mut peripherals.RESETS)
        .enable(UartConfig::new(115_200.Hz(), DataBits::Eight, None, StopBits::One), clocks.peripheral_clock.freq()).unwrap();
    core.SYST.set_clock_source(cortex_m::peripheral::syst::SystClkSource::Core);
    core.SYST.set_reload(0xffffff); core.SYST.clear_current(); core.SYST.enable_counter();
    let a = cortex_m::peripheral::SYST::get_current();
    cortex_m::asm::delay(1000);
    let b = cortex_m::peripheral::SYST::get_current();
    let x = core::hint::black_box(f32::MIN_POSITIVE) * core::hint::black_box(0.5f32);
    writeln!(uart, "hello {} cycles at {} Hz; {:08x}", a - b, clocks.system_clock.freq(), x.to_bits()).unwrap();
    writeln!(uart, "done").unwrap();
    loop { cortex_m::asm::wfi(); }
}
