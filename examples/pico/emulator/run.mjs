// Runs an image for the RP2040 in rp2040js: what its UART0 sends goes to standard output, up to the line "done".
//
//     node run.mjs IMAGE.elf BOOTROM.bin
//
// The emulator counts the cycles of a core whose memory never makes it wait.
import { readFileSync, writeSync } from "node:fs";
import { ConsoleLogger, LogLevel, Simulator } from "rp2040js";

const FLASH = 0x10000000;
const RAM = 0x20000000;
/** What RAM holds before the start, to see how deep the stack has been. */
const UNTOUCHED = 0xa5;
/** Four seconds of a Pico. */
const LONGEST_SILENCE = 5e8;

const [imagePath, romPath] = process.argv.slice(2);
const simulator = new Simulator();
const chip = simulator.rp2040;
// Some registers that start code writes are not emulated; a warning says so.
chip.logger = new ConsoleLogger(LogLevel.Error);

const rom = readFileSync(romPath);
// This resets the chip and clears flash.
chip.loadBootrom(new Uint32Array(rom.buffer, rom.byteOffset, rom.length / 4));
chip.sram.fill(UNTOUCHED);
const endOfData = load(readFileSync(imagePath));
// Where the boot ROM goes once it has found a program in flash.
chip.core.PC = FLASH;
chip.onBreak = () => fail("the program has stopped at a breakpoint");

let line = "";
let lastHeard = 0;
chip.uart[0].onByte = (byte) => {
    lastHeard = chip.core.cycles;
    const character = String.fromCharCode(byte);
    writeSync(1, character);
    if (character !== "\n") {
        line += character;
    } else if (line.trimEnd() === "done") {
        const stack = chip.sram.length - chip.sram.findIndex((byte, at) => at >= endOfData && byte !== UNTOUCHED);
        console.error(`emulator: ${endOfData} bytes of data, ${stack} bytes of stack`);
        process.exit();
    } else {
        line = "";
    }
};

simulator.execute();
setInterval(() => {
    if (chip.core.cycles - lastHeard > LONGEST_SILENCE) fail(`nothing was printed for ${LONGEST_SILENCE} cycles`);
}, 100);

/** Copies the program into flash. Returns how many bytes of RAM its data take. */
function load(elf) {
    if (elf.toString("latin1", 0, 4) !== "\x7fELF") fail(`${imagePath} is no ELF file`);
    const [table, size, count] = [elf.readUInt32LE(28), elf.readUInt16LE(42), elf.readUInt16LE(44)];
    let end = 0;
    for (let header = table; header < table + size * count; header += size) {
        const [type, offset, address, flashAddress, inFile, inMemory] = [0, 4, 8, 12, 16, 20].map((at) =>
            elf.readUInt32LE(header + at),
        );
        if (type !== 1) continue;
        if (inFile > 0) elf.copy(chip.flash, flashAddress - FLASH, offset, offset + inFile);
        if (address >= RAM) end = Math.max(end, address + inMemory - RAM);
    }
    return end;
}

function fail(message) {
    console.error(`emulator: ${message}`);
    process.exit(1);
}
