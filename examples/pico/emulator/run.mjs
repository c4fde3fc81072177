// Runs an image for the RP2040 in rp2040js, prints what its UART0 sends, and ends with the line "done".
//
//     node run.mjs IMAGE.elf BOOTROM.bin
import { readFileSync, writeSync } from "node:fs";
import { ConsoleLogger, LogLevel, Simulator } from "rp2040js";

const FLASH = 0x10000000;
const MOST_CYCLES = 4e9; // Half a minute of a Pico.

const [image, bootrom] = process.argv.slice(2);
const simulator = new Simulator();
const chip = simulator.rp2040;
// Some registers that a HAL writes at its start are not emulated, and a warning says so.
chip.logger = new ConsoleLogger(LogLevel.Error);
const rom = readFileSync(bootrom);
chip.loadBootrom(new Uint32Array(rom.buffer, rom.byteOffset, rom.length / 4));
load(readFileSync(image), chip.flash);
// Where the boot ROM goes once it has found flash.
chip.core.PC = FLASH;
chip.onBreak = () => fail("the program has stopped at a breakpoint");

let line = "";
chip.uart[0].onByte = (byte) => {
    const character = String.fromCharCode(byte);
    writeSync(1, character);
    if (character !== "\n") line += character;
    else if (line.trim() === "done") simulator.stop();
    else line = "";
};

simulator.execute();
const watch = setInterval(() => {
    if (!simulator.executing) clearInterval(watch);
    else if (chip.core.cycles > MOST_CYCLES) fail(`no line "done" within ${MOST_CYCLES} cycles`);
}, 100);

/** Copies the segments of an ELF file that belong into flash. */
function load(elf, flash) {
    if (elf.toString("latin1", 0, 4) !== "\x7fELF") fail(`${image} is no ELF file`);
    const [start, size, count] = [elf.readUInt32LE(28), elf.readUInt16LE(42), elf.readUInt16LE(44)];
    for (let header = start; header < start + size * count; header += size) {
        const [type, offset, , address, bytes] = [0, 4, 8, 12, 16].map((at) => elf.readUInt32LE(header + at));
        if (type === 1 && bytes > 0) elf.copy(flash, address - FLASH, offset, offset + bytes);
    }
}

function fail(message) {
    console.error(`emulator: ${message}`);
    process.exit(1);
}
