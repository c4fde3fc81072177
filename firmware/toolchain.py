"""Finds a Rust compiler that builds for the boards, and calls cargo with it."""

import argparse
import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LLVM = 22  # of Debian's rustc: object files are read by the same version
# Of the targets without an operating system.
LINKERS = {
    "thumbv6m-none-eabi": "ld.lld",
    "thumbv7m-none-eabi": "ld.lld",
    "thumbv7em-none-eabi": "ld.lld",
    "thumbv7em-none-eabihf": "ld.lld",
    "thumbv8m.main-none-eabihf": "ld.lld",
    "riscv32imac-unknown-none-elf": "ld.lld",
    "riscv32imafc-unknown-none-elf": "ld.lld",
    "aarch64-unknown-none": "ld.lld",
    "wasm32-unknown-unknown": "wasm-ld",
}
# For programs of the profile `release`, whose code is measured: one `core` serves all of them.
MEASURED = {"RUSTFLAGS": "-Zemit-stack-sizes -Clink-arg=--emit-relocs", "RUSTC_BOOTSTRAP": "1"}
NAMES = ["debian", "rustup"]  # costs.txt is made with the first
HOW_TO_GET_ONE = f"""\
no Rust compiler for {{target}} was found. One of these gives it:
  rustup target add {{target}}
  apt-get install rustc-web cargo-web rust-web-src lld-{LLVM} llvm-{LLVM}    (Debian 12)"""


def parser(description):
    """Of a command line with the option that all scripts have."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("--toolchain", choices=NAMES, help="default: the first that is found")
    return parser


def fail(message):
    sys.exit(f"{Path(sys.argv[0]).name}: {message}")


def need(program, package):
    """The path of a program, or a clear end."""
    path = shutil.which(program)
    if path is None:
        fail(f"{program} is missing. On Debian: apt-get install {package}")
    return path


class Toolchain:
    """rustup's compiler with a ready `core`, or Debian's with a `core` built on the way."""

    def __init__(self, name, target):
        found = [n for n in ([name] if name else NAMES) if getattr(self, f"_has_{n}")(target)]
        if not found:
            fail(HOW_TO_GET_ONE.format(target=target))
        self.name = found[0]
        self.environment = dict(os.environ)
        for flags in ("RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"):
            self.environment.pop(flags, None)
        if self.name == "debian":
            self.cargo = ["/usr/bin/cargo"]
            self.rustc = "/usr/bin/rustc"
            self.build_std = ["-Zbuild-std=core"]
            # For programs of the profile `parity`, which spend no time in it.
            self.quick_core = ["--config", "profile.parity.package.core.opt-level=0"]
            self.environment |= {
                "RUSTC": self.rustc,
                "RUSTC_BOOTSTRAP": "1",
            } | {
                f"CARGO_TARGET_{re.sub('[-.]', '_', bare).upper()}_LINKER": f"{linker}-{LLVM}"
                for bare, linker in LINKERS.items()
            }
        else:
            self.cargo = ["cargo"]
            self.rustc = "rustc"
            self.build_std = []
            self.quick_core = []

    @staticmethod
    def _has_rustup(target):
        if not (shutil.which("cargo") and shutil.which("rustc")):
            return False
        command = ["rustc", "--print", "target-libdir", "--target", target]
        answer = subprocess.run(command, capture_output=True, text=True, cwd=HERE)
        return answer.returncode == 0 and any(Path(answer.stdout.strip()).glob("libcore-*.rlib"))

    @staticmethod
    def _has_debian(target):
        core = Path("/usr/lib/rustlib/src/rust/library/core")
        files = [Path("/usr/bin/rustc"), Path("/usr/bin/cargo"), core]
        return all(f.exists() for f in files) and shutil.which(f"ld.lld-{LLVM}") is not None

    def version(self):
        """The lines of `rustc -vV`."""
        answer = subprocess.run([self.rustc, "-vV"], capture_output=True, text=True, check=True, cwd=HERE)
        return answer.stdout.splitlines()

    def target_folder(self):
        """Where cargo puts what it builds in this workspace."""
        return Path(self.environment.get("CARGO_TARGET_DIR", HERE / "target")).absolute()

    def run(self, command, *arguments, **options):
        """Runs cargo in this workspace."""
        environment = self.environment | options.pop("environment", {})
        # For a system with a standard library, std=True.
        build_std = [] if options.pop("std", False) else self.build_std
        line = [*self.cargo, command, *build_std, *arguments]
        return subprocess.run(line, cwd=HERE, env=environment, text=True, **options)

    def build(self, *arguments, **options):
        """Builds, or ends the script; what cargo prints."""
        build = self.run("build", "--quiet", *arguments, stdout=subprocess.PIPE, **options)
        if build.returncode != 0:
            fail(f"the build failed\n{build.stdout[-4000:]}")
        return build.stdout

    def output(self, *arguments, **options):
        """What a program prints that ends with 0; its own arguments are those after `--`."""
        self.build(*itertools.takewhile(lambda argument: argument != "--", arguments), **options)
        # No standard input: QEMU would take it for its monitor.
        run = self.run("run", "--quiet", *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       timeout=1800, **options)
        if run.returncode != 0:
            fail(f"the program ended with {run.returncode}:\n{run.stdout[-2000:]}")
        return run.stdout
