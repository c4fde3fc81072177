//! The panels of the pictures.

use std::error::Error;

use plotters::prelude::*;

use crate::draw::Area;
use crate::figures::{Growth, Ratio};
use crate::peers::{PEERS, distinct, find};

type Drawn = Result<(), Box<dyn Error>>;

/// Okabe and Ito's colours, which colour-blind readers can tell apart.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

/// A line for each H, marked where the rows no longer fit a cache.
pub fn growth(area: &Area, all: &[Growth], what: &str, function: &str) -> Drawn {
    let lines: Vec<&Growth> = all.iter().filter(|g| g.what == what).collect();
    let mut features: Vec<&str> = lines.iter().map(|g| &*g.of).collect();
    features.dedup();
    features.sort_by_key(|h| h.parse::<usize>().unwrap_or(0));
    features.dedup();
    let highest = lines.iter().map(|g| g.nanoseconds).fold(0.0, f64::max);
    let build = all
        .iter()
        .find(|g| g.what == "build")
        .map_or("", |g| &*g.of);
    let caption = format!("{function}, {build}: ns for each multiply-add");
    let mut chart = ChartBuilder::on(area)
        .caption(caption, ("sans-serif", 15))
        .margin(8)
        .x_label_area_size(34)
        .y_label_area_size(44)
        .build_cartesian_2d(
            (6.0..90_000.0).log_scale(),
            (0.008..highest * 1.3).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_desc("T")
        .max_light_lines(0)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.2}"))
        .draw()?;
    for (h, colour) in features.iter().zip(COLOURS) {
        let points: Vec<(f64, f64)> = lines
            .iter()
            .filter(|g| g.of == *h)
            .map(|g| (g.keys, g.nanoseconds))
            .collect();
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?
            .label(format!("H = {h}"))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
        for cache in all.iter().filter(|g| g.what == "cache") {
            let keys = cache.keys / (4.0 * h.parse::<f64>()?);
            if let Some(y) = between(&points, keys) {
                chart.draw_series([Circle::new((keys, y), 3, colour.filled())])?;
                let style = ("sans-serif", 11).into_font().color(&colour);
                chart.draw_series([Text::new(cache.of.clone(), (keys * 1.06, y * 1.13), style)])?;
            }
        }
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    Ok(())
}

/// The height of a line at `x`, on logarithmic axes; `None` beyond its ends.
fn between(points: &[(f64, f64)], x: f64) -> Option<f64> {
    points.windows(2).find_map(|pair| {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let part = (x / x0).ln() / (x1 / x0).ln();
        (x0 <= x && x <= x1).then(|| y0 * (y1 / y0).powf(part))
    })
}

/// The time of a key over the number of keys before it.
pub fn streaming(area: &Area, all: &[Growth]) -> Drawn {
    let of = |what: &str| -> Vec<(f64, f64)> {
        all.iter()
            .filter(|g| g.what == what)
            .map(|g| (g.keys, g.nanoseconds))
            .collect()
    };
    let lines = [("push", of("push")), ("push_rows", of("push_rows"))];
    let highest = lines
        .iter()
        .flat_map(|(_, points)| points)
        .map(|p| p.1)
        .fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption("Running: ns for each key of 16 values", ("sans-serif", 15))
        .margin(8)
        .x_label_area_size(34)
        .y_label_area_size(44)
        .build_cartesian_2d((40.0..2e7).log_scale(), 0.0..highest * 1.3)?;
    chart
        .configure_mesh()
        .x_desc("keys pushed before")
        .max_light_lines(0)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .draw()?;
    for ((what, points), colour) in lines.into_iter().zip(COLOURS) {
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(3))?
            .label(what)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    Ok(())
}

/// A group of bars for each shape, on a logarithmic axis.
pub fn peers(area: &Area, all: &[Ratio], build: &str) -> Drawn {
    let shapes = distinct(all, |r| &r.shape);
    let mut bars = Vec::new();
    for (group, shape) in shapes.iter().enumerate() {
        for (i, who) in PEERS.iter().enumerate() {
            let left = group as f64 + 0.12 + 0.127 * i as f64;
            bars.push((i, left, find(all, build, shape, who)?));
        }
    }
    let highest = bars.iter().map(|bar| bar.2).fold(0.0, f64::max);
    let caption = format!(
        "{build}: how many times as long a forward and a backward pass of attention takes (ours: 1)"
    );
    let lowest = 0.5;
    let mut chart = ChartBuilder::on(area)
        .caption(caption, ("sans-serif", 15))
        .margin(8)
        .x_label_area_size(24)
        .y_label_area_size(40)
        .build_cartesian_2d(
            0.0..shapes.len() as f64 + 0.9,
            (lowest..highest * 1.5).log_scale(),
        )?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .max_light_lines(0)
        .y_label_formatter(&|y| {
            let label = format!("{y:.0}");
            if matches!(&*label, "6" | "7" | "8" | "9") {
                String::new()
            } else {
                label
            }
        })
        .draw()?;
    for (i, who) in PEERS.iter().enumerate() {
        let colour = COLOURS[i];
        chart
            .draw_series(
                bars.iter()
                    .filter(|bar| bar.0 == i)
                    .map(|&(_, left, ratio)| {
                        Rectangle::new([(left, 1.0), (left + 0.11, ratio)], colour.filled())
                    }),
            )?
            .label(*who)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], colour.filled()));
    }
    chart.draw_series([PathElement::new(
        [(0.0, 1.0), (shapes.len() as f64 + 0.9, 1.0)],
        BLACK,
    )])?;
    let style = ("sans-serif", 13).into_font();
    for (group, shape) in shapes.iter().enumerate() {
        let place = (group as f64 + 0.3, lowest * 1.25);
        chart.draw_series([Text::new((*shape).to_owned(), place, style.clone())])?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    Ok(())
}
