//! The program from outside: what it prints, what it writes, and that every error is one clear
//! line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data");

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_speaker"))
}

/// An empty folder that is this test's alone.
fn empty(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the folder of the tests can be written to");
    folder
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder exists");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("it is plain text");
    let mut names: Vec<String> = entries
        .map(|entry| name(entry.expect("it can be read")))
        .collect();
    names.sort();
    names
}

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).expect("the output is text")
}

fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    stdout(&output).to_owned()
}

/// The one line on standard error.
fn fail(command: &mut Command, code: i32) -> String {
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let error = str::from_utf8(&output.stderr).expect("the message is text");
    let line = error.strip_suffix('\n').expect("the message ends its line");
    assert!(!line.contains('\n'), "{error}");
    line.strip_prefix("speaker: ")
        .expect("the program names itself")
        .to_owned()
}

/// The percentage in a last line such as `test accuracy: 97.3 % (360/370)`, after checking its
/// form.
fn accuracy(line: &str) -> f64 {
    let rest = line.strip_prefix("test accuracy: ").expect("it begins so");
    let (percent, counts) = rest.split_once(" % (").expect("a percentage");
    let correct = counts.strip_suffix("/370)").expect("of 370 utterances");
    let correct: f64 = correct.parse().expect("a number");
    assert_eq!(percent, format!("{:.1}", correct / 3.7));
    percent.parse().expect("a number")
}

#[test]
fn the_whole_job_recognises_the_speakers() {
    whole("floats", &[]);
}

#[test]
fn so_it_does_in_integers() {
    whole("quantized", &["--quantize"]);
    whole("integers", &["--integers"]);
}

fn whole(name: &str, options: &[&str]) {
    let out = empty(&format!("whole-{name}"));
    // Few epochs, for the sake of unoptimised builds.
    let arguments = ["--epochs", "20", "--out"];
    let text = succeed(program().args(options).args(arguments).arg(&out));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "270 utterances to learn from, 370 to test with");
    let epochs: Vec<&&str> = lines
        .iter()
        .filter(|line| line.starts_with("epoch "))
        .collect();
    assert_eq!(epochs.len(), 20);
    for (number, line) in epochs.iter().enumerate() {
        assert!(
            line.starts_with(&format!("epoch {:2}/20  loss ", number + 1)),
            "{line}"
        );
        assert!(
            line.contains("training accuracy ") && line.ends_with(" %"),
            "{line}"
        );
    }
    let last = lines.last().expect("there is output");
    assert!(accuracy(last) >= 96.2, "{last}");

    // The counts of the table add up to those of the test set.
    let table: Vec<&&str> = lines
        .iter()
        .filter(|line| line.starts_with("speaker "))
        .collect();
    assert_eq!(table.len(), 9);
    let counts = |line: &str| {
        line.split_whitespace()
            .filter_map(|word| word.parse::<usize>().ok())
            .skip(1)
            .sum()
    };
    let counts: Vec<usize> = table.iter().map(|line| counts(line)).collect();
    assert_eq!(counts, [31, 35, 88, 44, 29, 24, 40, 50, 29]);

    assert_eq!(files(&out), ["attention.svg"]);
    let svg = fs::read_to_string(out.join("attention.svg")).expect("the picture is text");
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    assert!(svg.contains("speaker 1, recognised as") && svg.contains("speaker 9, recognised as"));
}

#[test]
fn the_same_seed_prints_and_draws_the_same() {
    let run = |name, seed| {
        let out = empty(name);
        let arguments = ["--epochs", "3", "--seed", seed, "--out"];
        let text = succeed(program().args(arguments).arg(&out));
        let text = text.replace(name, "");
        (
            text,
            fs::read(out.join("attention.svg")).expect("the picture exists"),
        )
    };
    let first = run("same-1", "18446744073709551615");
    assert_eq!(first, run("same-2", "18446744073709551615"));
    assert_ne!(first, run("same-3", "0"));
    // The picture of an earlier run is replaced.
    let out = empty("same-4");
    fs::write(out.join("attention.svg"), "old").expect("it can be written");
    succeed(program().args(["--epochs=1", "--out"]).arg(&out));
    assert_ne!(
        fs::read(out.join("attention.svg")).expect("it exists"),
        b"old"
    );
    assert_eq!(files(&out), ["attention.svg"]);
}

#[test]
fn several_seeds_end_with_their_median() {
    let out = empty("seeds").join("made").join("here");
    for (count, middle) in [("1", [0, 0]), ("3", [1, 1]), ("4", [1, 2])] {
        let arguments = ["--epochs", "2", "--seeds", count, "--out"];
        let text = succeed(program().args(arguments).arg(&out));
        let mut correct = Vec::new();
        for line in text.lines() {
            if let Some((seed, result)) = line
                .strip_prefix("seed ")
                .and_then(|line| line.split_once(": "))
            {
                assert_eq!(seed, correct.len().to_string());
                accuracy(result);
                let (_, counts) = result.split_once('(').expect("counts");
                correct.push(
                    counts
                        .trim_end_matches("/370)")
                        .parse::<f64>()
                        .expect("a number"),
                );
            }
        }
        assert_eq!(correct.len().to_string(), count);
        correct.sort_by(f64::total_cmp);
        let median = middle.map(|index| correct[index] / 2.0).iter().sum::<f64>() / 3.7;
        let last = format!("median test accuracy over {count} seeds: {median:.1} %");
        assert_eq!(text.lines().last(), Some(last.as_str()));
        assert_eq!(files(&out), ["attention.svg"]);
    }
}

#[test]
fn help_names_every_option() {
    let text = succeed(program().arg("--help"));
    let options = [
        "--quantize",
        "--integers",
        "--epochs",
        "--seed ",
        "--seeds",
        "--data",
        "--out",
        "--cross-validate",
        "--help",
    ];
    for option in options {
        assert!(text.contains(option), "{option}");
    }
    assert_eq!(text, succeed(program().arg("-h")));
}

#[test]
fn a_bad_option_is_named() {
    let cases: [(&[&str], &str); 23] = [
        (
            &["--epoch", "3"],
            "--epoch: expected an option of this program",
        ),
        (&["-x"], "-x: expected an option of this program"),
        (&["file"], "file: expected an option of this program"),
        (
            &["--epochs"],
            "--epochs: expected a whole number from 1 to 100000",
        ),
        (
            &["--epochs", "0"],
            "--epochs: expected a whole number from 1 to 100000, found \"0\"",
        ),
        (
            &["--epochs", "1e3"],
            "--epochs: expected a whole number from 1 to 100000, found \"1e3\"",
        ),
        (
            &["--epochs=-1"],
            "--epochs: expected a whole number from 1 to 100000, found \"-1\"",
        ),
        (
            &["--epochs", "100001"],
            "--epochs: expected a whole number from 1 to 100000, found \"100001\"",
        ),
        (
            &["--epochs", ""],
            "--epochs: expected a whole number from 1 to 100000, found \"\"",
        ),
        (
            &["--seed"],
            "--seed: expected a whole number from 0 to 18446744073709551615",
        ),
        (
            &["--seed", "x"],
            "--seed: expected a whole number from 0 to 18446744073709551615, found \"x\"",
        ),
        (
            &["--seed", "18446744073709551616"],
            "--seed: expected a whole number from 0 to 18446744073709551615, found \"18446744073709551616\"",
        ),
        (
            &["--seeds", "0"],
            "--seeds: expected a whole number from 1 to 10000, found \"0\"",
        ),
        (
            &["--seeds", "2.5"],
            "--seeds: expected a whole number from 1 to 10000, found \"2.5\"",
        ),
        (
            &["--seed", "1", "--seeds", "2"],
            "--seeds: expected without --seed, since its seeds are 0 to K-1",
        ),
        (&["--data"], "--data: expected a folder"),
        (&["--data", ""], "--data: expected a folder"),
        (&["--out"], "--out: expected a folder"),
        (
            &["--cross-validate", "--epochs", "5"],
            "--epochs: expected without --cross-validate, which goes with --data and --integers alone",
        ),
        (
            &["--quantize", "--integers"],
            "--integers: expected without --quantize, which learns in f32",
        ),
        (
            &["--quantize", "--cross-validate"],
            "--quantize: expected without --cross-validate, which goes with --data and --integers alone",
        ),
        (
            &["--integers=1"],
            "unexpected argument for option '--integers': \"1\"",
        ),
        (
            &["--cross-validate=5"],
            "unexpected argument for option '--cross-validate': \"5\"",
        ),
    ];
    for (arguments, message) in cases {
        let found = fail(program().args(arguments), 2);
        assert_eq!(found, format!("{message} (--help lists the options)"));
    }
}

/// A folder with the data, one file of it changed.
fn data(name: &str, file: &str, change: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    let folder = empty(name);
    for other in ["train.bin", "test.bin"] {
        fs::copy(Path::new(DATA).join(other), folder.join(other)).expect("it can be copied");
    }
    let path = folder.join(file);
    let mut bytes = fs::read(&path).expect("it was just written");
    change(&mut bytes);
    fs::write(&path, bytes).expect("it can be written");
    folder
}

#[test]
fn a_bad_data_file_is_named() {
    let check = |folder: &Path, file: &str, message: &str| {
        let out = folder.join("out");
        let found = fail(
            program().arg("--data").arg(folder).arg("--out").arg(&out),
            1,
        );
        assert_eq!(found, format!("{}: {message}", folder.join(file).display()));
        assert!(!out.exists(), "nothing is written");
    };
    let folder = data("sound", "test.bin", |_| {});
    succeed(
        program()
            .args(["--epochs", "1", "--data"])
            .arg(&folder)
            .arg("--out")
            .arg(folder.join("out")),
    );

    let message = "truncated: expected 274472 bytes, found 1000";
    check(
        &data("truncated", "test.bin", |bytes| bytes.truncate(1000)),
        "test.bin",
        message,
    );
    let message = "trailing bytes: expected 206248 bytes, found 206249";
    check(
        &data("trailing", "train.bin", |bytes| bytes.push(10)),
        "train.bin",
        message,
    );
    let message = "truncated: expected a header of 16 bytes, found 0 bytes";
    check(
        &data("nothing", "train.bin", Vec::clear),
        "train.bin",
        message,
    );
    let message = "utterance 0, offset 18: expected a speaker from 1 to 9, found 0";
    check(
        &data("speaker", "train.bin", |bytes| bytes[18] = 0),
        "train.bin",
        message,
    );
    let message = "offset 0: expected the text JVOWELS1";
    check(
        &data("text", "train.bin", |bytes| *bytes = vec![b'1'; 5_000_000]),
        "train.bin",
        message,
    );

    let check = |folder: &Path| {
        let found = fail(program().arg("--data").arg(folder), 1);
        let file = folder.join("test.bin").display().to_string();
        assert!(found.starts_with(&format!("{file}: ")), "{found}");
        let expected = ": expected a data file; --data names its folder";
        assert!(found.ends_with(expected), "{found}");
    };
    let folder = data("missing", "test.bin", |_| {});
    fs::remove_file(folder.join("test.bin")).expect("it exists");
    check(&folder);
    fs::create_dir(folder.join("test.bin")).expect("it can be made");
    check(&folder);

    let folder = empty("no-data");
    let found = fail(
        program().args(["--cross-validate", "--data"]).arg(&folder),
        1,
    );
    assert!(
        found.starts_with(&folder.join("train.bin").display().to_string()),
        "{found}"
    );
}

#[test]
fn an_output_folder_that_cannot_be_used_is_named_before_the_training() {
    // So many epochs would take minutes.
    let run = |out: &Path| fail(program().args(["--epochs", "100000", "--out"]).arg(out), 1);
    let folder = empty("unwritable");
    let file = folder.join("file");
    fs::write(&file, "kept").expect("it can be written");
    for out in [file.clone(), file.join("below")] {
        let message = run(&out);
        assert!(
            message.starts_with(&format!("{}: ", out.display())),
            "{message}"
        );
        assert!(
            message.ends_with(": expected a folder to write to; --out names it"),
            "{message}"
        );
    }
    assert_eq!(fs::read(&file).expect("it exists"), b"kept");

    let picture = folder.join("attention.svg");
    fs::create_dir(&picture).expect("it can be made");
    let message = format!(
        "{}: expected a file or nothing, found a folder",
        picture.display()
    );
    assert_eq!(run(&folder), message);
    assert_eq!(files(&folder), ["attention.svg", "file"]);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut command = program();
    command
        .args(["--epochs", "20", "--out"])
        .arg(empty("closed"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn an_output_that_is_full_is_an_error() {
    let full = fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let message = fail(program().arg("--help").stdout(full), 1);
    assert_eq!(
        message,
        "standard output: No space left on device (os error 28)"
    );
}

/// The output that the README shows of a command, its lines in their order, others between them.
fn shown_in_the_readme(options: &str) {
    let mut command = program();
    command.args(options.split_whitespace().skip(1));
    if !options.contains("--cross-validate") {
        command.arg("--out").arg(empty("readme"));
    }
    let text = succeed(&mut command);
    let readme = include_str!("../README.md");
    let start = format!("$ cargo run --release -p speaker{options}\n");
    let (_, rest) = readme
        .split_once(&start)
        .expect("the README shows the command");
    let (block, _) = rest.split_once("```").expect("the block ends");
    let mut lines = text.lines();
    for shown in block.lines().filter(|line| !line.contains('…')) {
        assert!(
            lines.any(|line| line == shown),
            "{shown:?} is not in {text}"
        );
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs an optimised build")]
fn the_readme_shows_what_the_program_prints() {
    shown_in_the_readme("");
    for options in ["", "--seeds 10 "] {
        shown_in_the_readme(&format!(" -- {options}--quantize"));
        shown_in_the_readme(&format!(" -- {options}--integers"));
    }
    shown_in_the_readme(" -- --seeds 10");
}

#[test]
#[ignore = "takes a few minutes in an optimised build"]
fn the_readme_shows_the_cross_validation() {
    shown_in_the_readme(" -- --cross-validate");
    shown_in_the_readme(" -- --cross-validate --integers");
}
