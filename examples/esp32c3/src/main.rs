//! All that is an ESP32-C3's own: clock, UART and timer.

#![no_std]
#![no_main]

use core::fmt::{self, Write};

use esp_hal::clock::CpuClock;
use esp_hal::time::Instant;
use esp_hal::uart::{Config, Uart};
use esp_hal::{Blocking, main};
use on_chip::{Board, Memory, costs, floats, run};
use panic_halt as _;
use static_cell::ConstStaticCell;

#[cfg(feature = "f32")]
use on_chip::float::Model;
#[cfg(not(feature = "f32"))]
use on_chip::integers::Model;

esp_bootloader_esp_idf::esp_app_desc!();

static MEMORY: ConstStaticCell<Memory<Model>> = ConstStaticCell::new(Memory::empty());

#[main]
fn main() -> ! {
    let mut esp = Esp32c3::new();
    let mut program = || {
        run(MEMORY.take(), &mut esp)?;
        if cfg!(feature = "costs") {
            costs(&mut esp)?;
            floats(&mut esp)?;
        }
        writeln!(esp, "done")
    };
    program().expect("a UART takes all");
    loop {
        core::hint::spin_loop();
    }
}

struct Esp32c3 {
    uart: Uart<'static, Blocking>,
}

impl Esp32c3 {
    fn new() -> Self {
        let board = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::_160MHz));
        // 115,200 baud.
        let uart = Uart::new(board.UART0, Config::default())
            .expect("a rate that can be reached")
            .with_tx(board.GPIO21)
            .with_rx(board.GPIO20);
        Self { uart }
    }
}

impl Board for Esp32c3 {
    fn micros(&self) -> u32 {
        Instant::now().duration_since_epoch().as_micros() as u32
    }

    /// In steps of a microsecond.
    fn cycles(&self) -> u32 {
        self.micros().wrapping_mul(160)
    }
}

impl fmt::Write for Esp32c3 {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        fmt::Write::write_str(&mut self.uart, text)
    }
}
