//! The picture: attention over the frames of a few utterances.

use crate::Stop;
use crate::learner::Learner;
use plotters::prelude::*;
use speaker::{Dataset, SPEAKERS, Utterance};

const SIZE: (u32, u32) = (1080, 810);
const CAPTION: &str =
    "Attention over the frames of the first test utterance of each speaker (red: all alike)";
const COLUMNS: usize = 3;
const BAR: RGBColor = RGBColor(31, 119, 180);
const EVEN: RGBColor = RGBColor(214, 39, 40);

/// What the picture shows of one utterance.
pub struct Panel {
    title: String,
    weights: Vec<f32>,
}

impl Panel {
    /// The first utterance of each speaker: nobody chose them.
    pub fn first_of_each_speaker(dataset: &Dataset, learner: &mut dyn Learner) -> Vec<Self> {
        let first = |speaker| {
            dataset
                .iter()
                .find(|utterance| utterance.speaker() == speaker)
        };
        (0..SPEAKERS)
            .filter_map(first)
            .map(|utterance| Self::new(&utterance, learner))
            .collect()
    }

    fn new(utterance: &Utterance, learner: &mut dyn Learner) -> Self {
        let answer = learner.recognise(utterance);
        let title = format!(
            "speaker {}, recognised as {}",
            utterance.speaker() + 1,
            answer.speaker + 1
        );
        let frames = utterance.frames().len();
        let weights = answer.attention.into_iter().take(frames).collect();
        Self { title, weights }
    }

    fn highest(&self) -> f32 {
        self.weights.iter().copied().fold(0.0, f32::max)
    }
}

/// The panels as the text of an SVG file, all with the same axis of weights.
pub fn draw(panels: &[Panel]) -> Result<String, Stop> {
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    let drawn = plot(&root, panels).and_then(|()| Ok(root.present()?));
    drop(root);
    drawn.map_err(|error| Stop::Failure(format!("attention.svg: {error}")))?;
    Ok(svg)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn plot(root: &Area, panels: &[Panel]) -> Result<(), Box<dyn std::error::Error>> {
    root.fill(&WHITE)?;
    let root = root.titled(CAPTION, ("sans-serif", 20))?;
    let top = 1.1 * panels.iter().map(Panel::highest).fold(0.0, f32::max);
    let areas = root.split_evenly((panels.len().div_ceil(COLUMNS), COLUMNS));
    for (area, panel) in areas.iter().zip(panels) {
        let frames = f32::from(u8::try_from(panel.weights.len())?);
        let mut chart = ChartBuilder::on(area)
            .caption(&panel.title, ("sans-serif", 16))
            .margin(8)
            .x_label_area_size(32)
            .y_label_area_size(44)
            .build_cartesian_2d(0.5..frames + 0.5, 0.0..top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_desc("frame")
            .y_desc("weight")
            .x_label_formatter(&|x| format!("{x:.0}"))
            .y_labels(5)
            .y_max_light_lines(1)
            .draw()?;
        chart.draw_series((1_u8..).zip(&panel.weights).map(|(frame, &weight)| {
            let middle = f32::from(frame);
            Rectangle::new([(middle - 0.4, 0.0), (middle + 0.4, weight)], BAR.filled())
        }))?;
        let even = [(0.5, 1.0 / frames), (frames + 0.5, 1.0 / frames)];
        chart.draw_series([PathElement::new(even, EVEN)])?;
    }
    Ok(())
}
