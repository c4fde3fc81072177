//! All that is a Pico's own: clocks, the UART and the timers.

#![no_std]
#![no_main]

use core::fmt::{self, Write};

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use on_chip::{Board, Memory, costs, floats, run};
use panic_halt as _;
use rp2040_hal::gpio::bank0::{Gpio0, Gpio1};
use rp2040_hal::gpio::{FunctionUart, Pin, Pins, PullDown};
use rp2040_hal::uart::{Enabled, UartConfig, UartPeripheral};
use rp2040_hal::{Clock, Sio, Timer, Watchdog, clocks, pac};
use static_cell::ConstStaticCell;

#[cfg(feature = "f32")]
use on_chip::float::Model;
#[cfg(not(feature = "f32"))]
use on_chip::integers::Model;

/// The second stage of the boot, for the flash of a Pico.
#[unsafe(link_section = ".boot2")]
#[used]
static BOOT2: [u8; 256] = rp2040_boot2::BOOT_LOADER_W25Q080;

/// The crystal of a Pico, in Hz.
const CRYSTAL: u32 = 12_000_000;

static MEMORY: ConstStaticCell<Memory<Model>> = ConstStaticCell::new(Memory::empty());

#[rp2040_hal::entry]
fn main() -> ! {
    let mut pico = Pico::new();
    let mut program = || {
        run(MEMORY.take(), &mut pico)?;
        if cfg!(feature = "costs") {
            costs(&mut pico)?;
            floats(&mut pico)?;
        }
        writeln!(pico, "done")
    };
    program().expect("a UART takes all");
    loop {
        cortex_m::asm::wfi();
    }
}

type Tx = Pin<Gpio0, FunctionUart, PullDown>;
type Rx = Pin<Gpio1, FunctionUart, PullDown>;

struct Pico {
    uart: UartPeripheral<Enabled, pac::UART0, (Tx, Rx)>,
    timer: Timer,
}

impl Pico {
    fn new() -> Self {
        let mut board = pac::Peripherals::take().expect("taken once");
        let mut core = pac::CorePeripherals::take().expect("taken once");

        let mut watchdog = Watchdog::new(board.WATCHDOG);
        let clocks = clocks::init_clocks_and_plls(
            CRYSTAL,
            board.XOSC,
            board.CLOCKS,
            board.PLL_SYS,
            board.PLL_USB,
            &mut board.RESETS,
            &mut watchdog,
        );
        let Ok(clocks) = clocks else {
            panic!("no crystal")
        };
        let timer = Timer::new(board.TIMER, &mut board.RESETS, &clocks);
        // Counts the cycles of the core, 24 bits, downwards.
        core.SYST.set_clock_source(SystClkSource::Core);
        core.SYST.set_reload(0xFF_FFFF);
        core.SYST.clear_current();
        core.SYST.enable_counter();

        let sio = Sio::new(board.SIO);
        let pins = Pins::new(
            board.IO_BANK0,
            board.PADS_BANK0,
            sio.gpio_bank0,
            &mut board.RESETS,
        );
        let tx_rx = (pins.gpio0.into_function(), pins.gpio1.into_function());
        let uart = UartPeripheral::new(board.UART0, tx_rx, &mut board.RESETS)
            .enable(UartConfig::default(), clocks.peripheral_clock.freq())
            .expect("a rate that can be reached");
        Self { uart, timer }
    }
}

impl Board for Pico {
    fn micros(&self) -> u32 {
        self.timer.get_counter_low()
    }

    fn cycles(&self) -> u32 {
        0xFF_FFFF - SYST::get_current()
    }
}

impl fmt::Write for Pico {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.uart.write_str(text)
    }
}
