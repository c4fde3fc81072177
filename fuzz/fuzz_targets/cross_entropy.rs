#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| microattention_fuzz::cross_entropy::check(bytes));
