"""The targets whose bits are compared, and how their programs run."""

import dataclasses
from pathlib import Path

HOST = "x86_64-unknown-linux-gnu"
SEMIHOSTING = ["-nographic", "-semihosting-config", "enable=on,target=native", "-kernel"]
AARCH64 = ["qemu-system-aarch64", "-M", "virt", "-nic", "none", "-cpu", "cortex-a53", *SEMIHOSTING]
NODE = ["node", str(Path(__file__).with_name("wasm32.mjs"))]
# Debian packages.
PACKAGES = {
    "qemu-system-arm": "qemu-system-arm",
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-system-riscv32": "qemu-system-misc",
    "node": "nodejs",
}


@dataclasses.dataclass(frozen=True)
class Target:
    # Where it is built: beside others that share what they can.
    folder: str
    triple: str
    opt_level: str
    run: list[str]
    flags: tuple[str, ...] = ()
    # Of the functions; none: all.
    parts: tuple[str, ...] = ()


def board(machine, *options):
    return ["qemu-system-arm", "-M", machine, *options, *SEMIHOSTING]


def risc_v(extensions):
    return ["qemu-system-riscv32", "-M", "virt", "-bios", "none", "-cpu", f"rv32,{extensions}",
            *SEMIHOSTING]


# A micro:bit with the memory of the machines mps2.
MICROBIT = board("microbit", "-global", "nrf51-soc.flash-size=0x400000",
                 "-global", "nrf51-soc.sram-size=0x400000")
TARGETS = {
    "x86-64": Target("host", HOST, "s", []),
    "x86-64-v3": Target("host", HOST, "3", [], ("-Ctarget-cpu=x86-64-v3",)),
    "x86-64-native": Target("host", HOST, "s", [], ("-Ctarget-cpu=native",)),
    "aarch64": Target("virt", "aarch64-unknown-none", "s", AARCH64),
    "cortex-m0": Target("cortex-m", "thumbv6m-none-eabi", "s", MICROBIT),
    "cortex-m3": Target("cortex-m", "thumbv7m-none-eabi", "s", board("mps2-an385")),
    "cortex-m4f": Target("cortex-m", "thumbv7em-none-eabihf", "3", board("mps2-an386")),
    "cortex-m7": Target("cortex-m", "thumbv7em-none-eabihf", "s", board("mps2-an500"),
                        ("-Ctarget-cpu=cortex-m7",)),
    "cortex-m33": Target("cortex-m", "thumbv8m.main-none-eabihf", "s", board("mps2-an505")),
    "riscv32imac": Target("virt", "riscv32imac-unknown-none-elf", "s", risc_v("f=false,d=false")),
    "riscv32imafc": Target("virt", "riscv32imafc-unknown-none-elf", "s", risc_v("d=false")),
    "wasm32": Target("virt", "wasm32-unknown-unknown", "s", NODE),
    "wasm32-simd128": Target("virt", "wasm32-unknown-unknown", "s", NODE,
                             ("-Ctarget-feature=+simd128",)),
}
# What no target may do. The flag lets the compiler do it, as a C compiler does by itself.
FUSED = Target("host", HOST, "s", [],
               ("-Ctarget-cpu=x86-64-v3", "-Cllvm-args=-fp-contract=fast"), ("plain-f32", "exp"))
