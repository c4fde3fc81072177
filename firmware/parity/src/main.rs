//! Prints the digests of what every function returns on this target, a line for each part and
//! function: `plain-f32 attention_backward 0123456789abcdef`.
//!
//! `firmware/check-parity` builds and runs it on every target and compares.
#![cfg_attr(any(target_os = "none", target_arch = "wasm32"), no_std, no_main)]

#[cfg(target_arch = "wasm32")]
mod wasm32;

#[cfg(target_os = "none")]
#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    print_all(&mut firmware::output());
    firmware::exit(0)
}

#[cfg(not(any(target_os = "none", target_arch = "wasm32")))]
fn main() {
    let mut text = String::new();
    print_all(&mut text);
    print!("{text}");
}

/// Prints all lines, and how many they are: a run that was cut short shows.
fn print_all(output: &mut impl core::fmt::Write) {
    let mut lines = 0;
    for part in digest::PARTS {
        for (function, digest) in part.digests().each() {
            writeln!(output, "{} {function} {:016x}", part.name, digest.0)
                .expect("it can be written");
            lines += 1;
        }
    }
    writeln!(output, "lines {lines}").expect("it can be written");
}
