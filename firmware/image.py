"""What a linked program tells about its functions: bytes of code, frames on the stack, and calls."""

import bisect
import struct
import subprocess
from dataclasses import dataclass, field

from toolchain import LLVM, fail, need

EXECUTABLE, ARM = 4, 40  # sh_flags, e_machine
SYMBOLS, RELOCATIONS_WITH_ADDEND, RELOCATIONS = 2, 4, 9  # sh_type
FUNCTION, SECTION, NO_TYPE = 2, 3, 0  # the type of a symbol
# Relocations of instructions that jump. Of the first, the instruction says whether it will return.
CALLS = {"arm": {10}, "riscv": {18, 19}}
JUMPS = {"arm": {30, 51, 102, 103}, "riscv": {16, 17, 44, 45}}
NOTHING = {"arm": set(), "riscv": {0, 43, 51}}  # they patch nothing


@dataclass
class Function:
    address: int
    size: int
    name: str
    frame: int | None = None  # bytes of stack; None where the compiler does not say
    calls: set = field(default_factory=set)  # addresses of functions
    tail_calls: set = field(default_factory=set)  # whose frame replaces this one
    data: set = field(default_factory=set)  # constants that it refers to


class Elf:
    """The sections of a 32-bit little-endian ELF file."""

    def __init__(self, path):
        self.bytes = path.read_bytes()
        if self.bytes[:6] != b"\x7fELF\x01\x01":
            fail(f"{path} is no 32-bit little-endian ELF file")
        self.machine = "arm" if struct.unpack_from("<H", self.bytes, 18)[0] == ARM else "riscv"
        offset, = struct.unpack_from("<I", self.bytes, 32)
        _, count, names = struct.unpack_from("<3H", self.bytes, 46)
        self.sections = [struct.unpack_from("<10I", self.bytes, offset + 40 * i) for i in range(count)]
        self.section_names = [self._string(names, section[0]) for section in self.sections]

    def _contents(self, section):
        return self.bytes[section[4] : section[4] + section[5]]

    def _string(self, section, at):
        start = self.sections[section][4] + at
        return self.bytes[start : self.bytes.index(0, start)].decode()


class Image(Elf):
    """Linked with --emit-relocs and compiled with -Zemit-stack-sizes."""

    def __init__(self, path):
        super().__init__(path)
        self.symbols = list(self._symbols())
        self.functions = self._functions()
        self.starts = sorted(self.functions)
        self._read_calls()
        self._read_frames()

    def _symbols(self):
        """(name, address, size, type, section); a thumb function's address is even here."""
        for section in self.sections:
            if section[1] == SYMBOLS:
                for name, value, size, info, _, index in struct.iter_unpack("<3I2BH", self._contents(section)):
                    if self.machine == "arm" and info & 15 == FUNCTION:
                        value &= ~1
                    yield self._string(section[6], name), value, size, info & 15, index

    def _executable(self, index):
        return index < len(self.sections) and bool(self.sections[index][2] & EXECUTABLE)

    def _functions(self):
        functions = {}
        for name, address, size, kind, section in self.symbols:
            if kind == FUNCTION and self._executable(section):
                known = functions.setdefault(address, Function(address, size, name))
                known.size = max(known.size, size)
                # Of several names for the same code, the one with a path.
                if name.startswith("_R") and not known.name.startswith("_R"):
                    known.name = name
        return functions

    def at(self, address):
        """The function whose code this address belongs to, or None."""
        i = bisect.bisect_right(self.starts, address) - 1
        function = self.functions[self.starts[i]] if i >= 0 else None
        inside = function and address < function.address + max(function.size, 1)
        return function if inside else None

    def _read_calls(self):
        for section in self.sections:
            addend = section[1] == RELOCATIONS_WITH_ADDEND
            if not (addend or section[1] == RELOCATIONS) or not self._executable(section[7]):
                continue
            for offset, info, *_ in struct.iter_unpack("<3I" if addend else "<2I", self._contents(section)):
                function = self.at(offset)
                if function and info & 255 not in NOTHING[self.machine]:
                    self._add_reference(function, offset, info & 255, self.symbols[info >> 8])

    def _add_reference(self, function, offset, kind, symbol):
        name, address, _, symbol_kind, section = symbol
        if not self._executable(section) or symbol_kind == SECTION:
            function.data.add(name)
            return
        target = self.at(address & ~1)
        if target is function:
            return
        if target is None:
            fail(f"{function.name} goes to {name}, which is no function")
        tail = kind in JUMPS[self.machine]
        if kind in CALLS["riscv"] and self.machine == "riscv":
            tail = self._word(offset + 4) >> 7 & 31 == 0  # jalr that keeps no address to return to
        (function.tail_calls if tail else function.calls).add(target.address)

    def _word(self, address):
        for section in self.sections:
            if section[3] <= address < section[3] + section[5] and section[2] & EXECUTABLE:
                return struct.unpack_from("<I", self.bytes, section[4] + address - section[3])[0]
        fail(f"no code at {address:x}")

    def _read_frames(self):
        for name, section in zip(self.section_names, self.sections):
            if name != ".stack_sizes":
                continue
            contents, at = self._contents(section), 0
            while at < len(contents):
                address, = struct.unpack_from("<I", contents, at)
                at, size, shift = at + 4, 0, 0
                while True:
                    byte = contents[at]
                    size |= (byte & 127) << shift
                    at, shift = at + 1, shift + 7
                    if byte < 128:
                        break
                function = self.functions.get(address & ~1 if self.machine == "arm" else address)
                if function:
                    function.frame = size

    def reached_from(self, address):
        """The addresses of the function at `address` and of all that it calls."""
        reached, ahead = set(), [address]
        while ahead:
            at = ahead.pop()
            if at not in reached:
                reached.add(at)
                function = self.functions[at]
                ahead += function.calls | function.tail_calls
        return reached

    def deepest(self, address, above=()):
        """The frames of the function and of what it calls, along the deepest path; None where the
        compiler does not say."""
        if address in above:
            fail(f"{self.functions[address].name} calls itself: its stack has no bound")
        function, above = self.functions[address], (*above, address)
        calls = [self.deepest(call, above) for call in function.calls]
        tails = [self.deepest(call, above) for call in function.tail_calls]
        if function.frame is None or None in calls or None in tails:
            return None
        return max([function.frame + max(calls, default=0), *tails])


def demangled(names):
    """The paths of functions, without hashes, spaces and the instance."""
    need(f"llvm-cxxfilt-{LLVM}", f"llvm-{LLVM}")
    run = subprocess.run([f"llvm-cxxfilt-{LLVM}"], input="\n".join(names), capture_output=True,
                         text=True, check=True)
    return dict(zip(names, (line.replace(" ", "") for line in run.stdout.splitlines())))
