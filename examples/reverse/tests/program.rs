//! The program from outside: what it learns, and what it cannot learn without attention.

use std::process::Command;

/// The percentages of digits and of strings at the end of the output.
fn run(options: &[&str]) -> [f64; 2] {
    let program = Command::new(env!("CARGO_BIN_EXE_reverse"))
        .args(options)
        .output();
    let output = program.expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    let stdout = str::from_utf8(&output.stdout).expect("it is text");
    ["digits right:", "strings right:"].map(|name| {
        let mut rest = stdout.lines().filter_map(|line| line.strip_prefix(name));
        let percent = rest.next().and_then(|rest| rest.strip_suffix(" %"));
        let percent = percent.expect("the line is there").trim_start();
        percent.parse().expect("it is a number")
    })
}

#[test]
fn with_attention_it_reverses_strings_it_has_never_seen() {
    let [_, strings] = run(&[]);
    assert!(strings > 99.0, "{strings} %");
}

/// Among the six digits of a string, guessing finds one in six, and hardly ever all of them.
#[test]
fn with_a_mean_it_guesses() {
    let [digits, strings] = run(&["--mean"]);
    assert!((14.0..20.0).contains(&digits), "{digits} %");
    assert!(strings < 0.5, "{strings} %");
}

#[test]
fn an_option_that_does_not_exist_is_an_error() {
    let program = Command::new(env!("CARGO_BIN_EXE_reverse"))
        .arg("--maen")
        .output();
    let output = program.expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stderr, b"Error: \"the only option is --mean\"\n");
}
