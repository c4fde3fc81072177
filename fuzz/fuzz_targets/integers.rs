#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| microattention_fuzz::integers::check(bytes));
