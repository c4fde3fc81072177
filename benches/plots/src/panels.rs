//! The panels of the pictures.

use plotters::coord::CoordTranslate;
use plotters::coord::ranged1d::Ranged;
use plotters::prelude::*;

use crate::{Area, Done, Line, PEERS, distinct, ratio};

/// Okabe and Ito's colours, which colour-blind readers can tell apart.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

type Points = Vec<(f64, f64)>;
type Chart<'a, 's, C> = ChartContext<'a, SVGBackend<'s>, C>;

fn builder<'a, 's>(
    area: &'a Area<'s>,
    caption: &str,
    below: u32,
    left: u32,
) -> ChartBuilder<'a, 'static, SVGBackend<'s>> {
    let mut builder = ChartBuilder::on(area);
    builder
        .caption(caption, ("sans-serif", 15))
        .margin(8)
        .x_label_area_size(below)
        .y_label_area_size(left);
    builder
}

fn legend<'a, 's: 'a>(
    chart: &mut Chart<'a, 's, impl CoordTranslate>,
    position: SeriesLabelPosition,
) -> Done {
    chart
        .configure_series_labels()
        .position(position)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    Ok(())
}

fn line<X: Ranged<ValueType = f64>, Y: Ranged<ValueType = f64>>(
    chart: &mut Chart<Cartesian2d<X, Y>>,
    points: Points,
    dots: u32,
    label: String,
    colour: RGBColor,
) -> Done {
    let style = colour.stroke_width(2);
    chart
        .draw_series(LineSeries::new(points, style).point_size(dots))?
        .label(label)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
    Ok(())
}

/// Nanoseconds by keys.
fn points(lines: &[Line], what: &str, size: &str) -> Done<Points> {
    let lines = lines.iter().filter(|line| line.of[..2] == [what, size]);
    lines
        .map(|line| Ok((line.of[2].parse()?, line.figure)))
        .collect()
}

fn highest(points: &[(f64, f64)]) -> f64 {
    points.iter().map(|point| point.1).fold(0.0, f64::max)
}

/// A line for each H, marked where the rows no longer fit a cache.
pub fn growth(area: &Area, lines: &[Line], what: &str, function: &str) -> Done {
    let of = |what| lines.iter().filter(move |line| line.of[0] == what);
    let build = of("build").next().map_or("", |line| &line.of[1]);
    let caption = format!("{function}, {build}: ns for each multiply-add");
    let features = distinct(of(what), 1);
    let curves = features.iter().map(|h| points(lines, what, h));
    let curves = curves.collect::<Done<Vec<_>>>()?;
    let mut chart = builder(area, &caption, 34, 44).build_cartesian_2d(
        (6.0..90_000.0).log_scale(),
        (0.008..highest(&curves.concat()) * 1.3).log_scale(),
    )?;
    chart
        .configure_mesh()
        .x_desc("T")
        .max_light_lines(0)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.2}"))
        .draw()?;
    for ((h, points), colour) in features.iter().zip(curves).zip(COLOURS) {
        line(&mut chart, points.clone(), 0, format!("H = {h}"), colour)?;
        for cache in of("cache") {
            let keys = cache.of[2].parse::<f64>()? / (4.0 * h.parse::<f64>()?);
            if let Some(y) = between(&points, keys) {
                chart.draw_series([Circle::new((keys, y), 3, colour.filled())])?;
                let style = ("sans-serif", 11).into_font().color(&colour);
                let place = (keys * 1.06, y * 1.13);
                chart.draw_series([Text::new(cache.of[1].clone(), place, style)])?;
            }
        }
    }
    legend(&mut chart, SeriesLabelPosition::LowerLeft)
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
pub fn streaming(area: &Area, lines: &[Line]) -> Done {
    let calls = ["push", "push_rows"];
    let curves = [
        points(lines, calls[0], "16")?,
        points(lines, calls[1], "16")?,
    ];
    let mut chart = builder(area, "Running: ns for each key of 16 values", 34, 44)
        .build_cartesian_2d(
            (40.0..2e7).log_scale(),
            0.0..highest(&curves.concat()) * 1.3,
        )?;
    chart
        .configure_mesh()
        .x_desc("keys pushed before")
        .max_light_lines(0)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .draw()?;
    for ((what, points), colour) in calls.iter().zip(curves).zip(COLOURS) {
        line(&mut chart, points, 3, (*what).to_owned(), colour)?;
    }
    legend(&mut chart, SeriesLabelPosition::LowerRight)
}

/// A group of bars for each shape, on a logarithmic axis.
pub fn peers(area: &Area, lines: &[Line], build: &str) -> Done {
    let shapes = distinct(lines.iter(), 1);
    let mut bars = PEERS.map(|_| Points::new());
    for (i, who) in PEERS.iter().enumerate() {
        for (group, shape) in shapes.iter().enumerate() {
            let left = group as f64 + 0.12 + 0.127 * i as f64;
            bars[i].push((left, ratio(lines, build, shape, who)?));
        }
    }
    let caption = format!(
        "{build}: how many times as long a forward and a backward pass of attention takes (ours: 1)"
    );
    let (lowest, right) = (0.5, shapes.len() as f64 + 0.9);
    let mut chart = builder(area, &caption, 24, 40).build_cartesian_2d(
        0.0..right,
        (lowest..highest(&bars.concat()) * 1.5).log_scale(),
    )?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .max_light_lines(0)
        .y_label_formatter(&|y| match format!("{y:.0}") {
            label if matches!(&*label, "6" | "7" | "8" | "9") => String::new(),
            label => label,
        })
        .draw()?;
    for ((who, bars), colour) in PEERS.iter().zip(bars).zip(COLOURS) {
        let bar = |(x, y)| Rectangle::new([(x, 1.0), (x + 0.11, y)], colour.filled());
        chart
            .draw_series(bars.into_iter().map(bar))?
            .label(*who)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], colour.filled()));
    }
    chart.draw_series([PathElement::new([(0.0, 1.0), (right, 1.0)], BLACK)])?;
    for (group, shape) in shapes.iter().enumerate() {
        let place = (group as f64 + 0.3, lowest * 1.25);
        let style = ("sans-serif", 13).into_font();
        chart.draw_series([Text::new((*shape).to_owned(), place, style)])?;
    }
    legend(&mut chart, SeriesLabelPosition::UpperRight)
}
