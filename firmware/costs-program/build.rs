//! Gives the linker the script of the target.

use std::env;

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let script = match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        // cortex-m-rt has it; the memory map comes with the crate `firmware`.
        Ok("arm") => "link.x".into(),
        _ => format!("{here}/riscv32.x"),
    };
    println!("cargo::rustc-link-arg-bins=-T{script}");
    println!("cargo::rerun-if-changed={script}");
}
