//! `plots growth` prints how cost grows with the shape; `plots draw` makes pictures of figures. `make` runs both.

mod draw;
mod figures;
mod growth;
mod panels;
mod peers;

use std::process::exit;

const USAGE: &str = "\
usage: plots growth > FILE         lines of: what, its size, its number of keys, nanoseconds
       plots draw growth FILE SVG
       plots draw peers FILE... SVG  files of `cargo bench -- --save FILE`, one for each build
       plots table FILE...         a table of the same";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["growth"] => growth::print(),
        ["draw", "growth", file, svg] => draw::growth(file, svg),
        ["draw", "peers", files @ .., svg] if !files.is_empty() => draw::peers(files, svg),
        ["table", files @ ..] if !files.is_empty() => peers::table(files),
        _ => {
            eprintln!("{USAGE}");
            exit(2);
        }
    };
    if let Err(error) = done {
        eprintln!("error: {error}");
        exit(1);
    }
}
