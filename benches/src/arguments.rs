//! The command line.

use std::num::NonZero;
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
    /// From the command line. Ends the program where it makes no sense; `functions` and `shapes` are all names.
    pub fn parse(functions: &[&str], shapes: &[&str]) -> Self {
        Self::read(functions, shapes).unwrap_or_else(|error| {
            eprintln!("{error}\n\n{HELP}");
            exit(2);
        })
    }

    fn read(functions: &[&str], shapes: &[&str]) -> Result<Self, lexopt::Error> {
        let mut arguments = Self {
            functions: Vec::new(),
            shapes: Vec::new(),
            exact: false,
            rounds: 31,
            turn: 200e3,
            budgets: false,
            save: None,
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                // Cargo passes it to every bench.
                Long("bench") => {}
                Long("exact") => arguments.exact = true,
                Long("budgets") => arguments.budgets = true,
                Long("save") => arguments.save = Some(parser.value()?.into()),
                Long("rounds") => {
                    arguments.rounds = parser.value()?.parse::<NonZero<_>>()?.get();
                }
                Long("turn") => arguments.turn = 1e3 * f64::from(parser.value()?.parse::<u32>()?),
                Long("help") | Short('h') => {
                    print!("{HELP}");
                    exit(0);
                }
                Value(filter) => {
                    let filter = filter.string()?;
                    if filter.starts_with('(') {
                        arguments.shapes.push(filter.replace(' ', ""));
                    } else {
                        arguments.functions.push(filter);
                    }
                }
                _ => return Err(argument.unexpected()),
            }
        }
        for (filters, names, exact) in [
            (&arguments.functions, functions, arguments.exact),
            (&arguments.shapes, shapes, true),
        ] {
            for filter in filters {
                if !names.iter().any(|name| matches(name, filter, exact)) {
                    let names = names.join(" ");
                    return Err(format!("nothing is called {filter}; there are {names}").into());
                }
            }
        }
        Ok(arguments)
    }

    pub fn wants_shape(&self, shape: &str) -> bool {
        wanted(&self.shapes, shape, true)
    }

    pub fn wants_function(&self, name: &str) -> bool {
        wanted(&self.functions, name, self.exact)
    }
}

fn wanted(filters: &[String], name: &str, exact: bool) -> bool {
    filters.is_empty() || filters.iter().any(|filter| matches(name, filter, exact))
}

fn matches(name: &str, filter: &str, exact: bool) -> bool {
    if exact {
        name == filter
    } else {
        name.contains(filter)
    }
}
