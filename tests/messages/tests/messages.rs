//! The message of every mistake is the recorded one, if the compiler is.
//!
//! After a change, or with a new compiler: `TRYBUILD=overwrite cargo test -p messages`, and read the difference.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use messages::MISTAKES;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    let version = output.expect("the compiler runs").stdout;
    let version = String::from_utf8(version).expect("a version is text");
    version.trim().to_owned()
}

#[test]
fn every_file_is_a_mistake() {
    let entries = fs::read_dir(folder()).expect("the folder exists");
    let mut files: Vec<String> = entries
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            path.file_stem()
                .expect("it has a name")
                .display()
                .to_string()
        })
        .collect();
    files.sort();
    assert_eq!(files, MISTAKES);
}

#[test]
fn messages_are_as_recorded() {
    let record = folder().join("rustc-version");
    if std::env::var_os("TRYBUILD").is_some_and(|how| how == "overwrite") {
        fs::write(&record, compiler() + "\n").expect("the record can be written");
    }
    let recorded = fs::read_to_string(&record).expect("the record can be read");
    if compiler() != recorded.trim() {
        println!(
            "not compared: recorded with {}, this is {}",
            recorded.trim(),
            compiler()
        );
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.pass("right.rs");
    for mistake in MISTAKES {
        cases.compile_fail(format!("cases/{mistake}.rs"));
    }
}
