//! The pictures.

use std::error::Error;
use std::fs;

use plotters::prelude::*;

use crate::figures::{growth as read_growth, ratios};
use crate::panels;
use crate::peers::distinct;

pub type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn = Result<(), Box<dyn Error>>;

/// Forward, backward and streaming, side by side.
pub fn growth(file: &str, svg: &str) -> Drawn {
    let all = read_growth(file)?;
    save(svg, (1200, 430), |root| {
        let areas = root.split_evenly((1, 3));
        panels::growth(&areas[0], &all, "forward", "attention")?;
        panels::growth(&areas[1], &all, "backward", "attention_backward")?;
        panels::streaming(&areas[2], &all)
    })
}

/// A panel for each build.
pub fn peers(files: &[&str], svg: &str) -> Drawn {
    let all = ratios(files)?;
    let builds = distinct(&all, |r| &r.build);
    save(svg, (1000, 330 * u32::try_from(builds.len())?), |root| {
        for (area, build) in root.split_evenly((builds.len(), 1)).iter().zip(&builds) {
            panels::peers(area, &all, build)?;
        }
        Ok(())
    })
}

fn save(file: &str, size: (u32, u32), draw: impl FnOnce(&Area) -> Drawn) -> Drawn {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE)?;
        draw(&root)?;
        root.present()?;
    }
    fs::write(file, svg).map_err(|error| format!("{file}: {error}"))?;
    println!("wrote {file}");
    Ok(())
}
