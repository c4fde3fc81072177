//! The command line.

use std::path::PathBuf;
use std::process::exit;

use lexopt::prelude::*;

const HELP: &str = "\
Times every function beside other ways to compute it.

Usage: cargo bench -- [FILTER]... [OPTIONS]

A filter is a function, a part of its name, or a shape, such as \"(8,64,64)\". Of several functions, or of
several shapes, each is run.

Options:
  --exact        a function's whole name, not a part of it
  --rounds N     rounds of turns (default: 31)
  --turn MICROS  processor time of a turn in microseconds (default: 200)
  --budgets      three runs of all; then the budgets, and the median of what was measured, beside each
  --save FILE    write the figures as lines of tab-separated values
";

/// What to run and how.
pub struct Arguments {
    functions: Vec<String>,
    shapes: Vec<String>,
    exact: bool,
    pub rounds: usize,
    /// In nanoseconds.
    pub turn: f64,
    pub budgets: bool,
    pub save: Option<PathBuf>,
}

impl Arguments {
    /// From the command line. Ends the program where it makes no sense; `names` are all functions and
    /// `shapes` all shapes.
    pub fn parse(names: &[&str], shapes: &[String]) -> Self {
        let mut arguments = Self {
            functions: Vec::new(),
            shapes: Vec::new(),
            exact: false,
            rounds: 31,
            turn: 200e3,
            budgets: false,
            save: None,
        };
        if let Err(error) = arguments.read(names, shapes) {
            eprintln!("{error}\n\n{HELP}");
            exit(2);
        }
        arguments
    }

    fn read(&mut self, names: &[&str], shapes: &[String]) -> Result<(), lexopt::Error> {
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                // Cargo passes it to every bench.
                Long("bench") => {}
                Long("exact") => self.exact = true,
                Long("budgets") => self.budgets = true,
                Long("save") => self.save = Some(parser.value()?.into()),
                Long("rounds") => {
                    self.rounds = parser.value()?.parse()?;
                    if self.rounds == 0 {
                        return Err("--rounds must be at least 1".into());
                    }
                }
                Long("turn") => {
                    let micros: u32 = parser.value()?.parse()?;
                    self.turn = 1e3 * f64::from(micros);
                }
                Long("help") | Short('h') => {
                    print!("{HELP}");
                    exit(0);
                }
                Value(filter) => self.filter(&filter.string()?, names, shapes)?,
                _ => return Err(argument.unexpected()),
            }
        }
        if self.exact {
            for filter in &self.functions {
                if !names.contains(&filter.as_str()) {
                    return Err(format!("no function is called {filter}").into());
                }
            }
        }
        Ok(())
    }

    fn filter(
        &mut self,
        filter: &str,
        names: &[&str],
        shapes: &[String],
    ) -> Result<(), lexopt::Error> {
        if filter.starts_with('(') {
            let shape = filter.replace(' ', "");
            if !shapes.contains(&shape) {
                return Err(format!("no shape {shape}; there are {}", shapes.join(" ")).into());
            }
            self.shapes.push(shape);
        } else {
            if !names.iter().any(|name| name.contains(filter)) {
                let names = names.join(", ");
                return Err(
                    format!("no function is called like {filter}; there are {names}").into(),
                );
            }
            self.functions.push(filter.to_owned());
        }
        Ok(())
    }

    pub fn wants_shape(&self, shape: &str) -> bool {
        self.shapes.is_empty() || self.shapes.iter().any(|wanted| wanted == shape)
    }

    pub fn wants_function(&self, name: &str) -> bool {
        self.functions.is_empty()
            || self.functions.iter().any(|wanted| {
                if self.exact {
                    name == wanted
                } else {
                    name.contains(wanted.as_str())
                }
            })
    }
}
