//! Charts as pictures at print resolution.

use super::{
    Chart, Drawn, Lines, Scatter, Series, Stacks, Strips,
    axis::Axis,
    canvas::{AXIS, Anchor, Canvas, GRID, Rgb, TEXT_SIZE},
    colour,
};
use crate::{figures::fixed, language::Language};
use std::io;

/// Width of a picture in points: 16 cm.
const WIDTH: f32 = 453.6;

const ROW: f32 = 18.0;
const PLOT_HEIGHT: f32 = 190.0;
const TOP: f32 = 6.0;
/// Room below the plot for the numbers and the name of the axis.
const BELOW: f32 = 32.0;
const RIGHT: f32 = 14.0;
const LEGEND_ROW: f32 = 13.0;
/// Rows of a chart beyond which the rest is left to the table.
const MOST_ROWS: usize = 60;

/// A picture with its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// A PNG file of 300 pixels an inch.
    pub(crate) png: Vec<u8>,
    /// Width and height in points.
    pub(crate) size: (u32, u32),
}

/// Draws a chart.
///
/// # Errors
/// Where the picture cannot be encoded.
pub(crate) fn png(chart: &Chart, language: Language) -> io::Result<Picture> {
    let height = height(chart);
    let sheet = Canvas::new(WIDTH, height);
    let mut drawing = Drawing {
        canvas: sheet.ok_or_else(|| io::Error::other("the chart has no size"))?,
        language,
        height,
    };
    match chart {
        Chart::Strips(strips) => drawing.strips(strips),
        Chart::Lines(lines) => drawing.lines(lines),
        Chart::Stacks(stacks) => drawing.stacks(stacks),
        Chart::Scatter(scatter) => drawing.scatter(scatter),
    }
    Ok(Picture {
        png: drawing.canvas.png().map_err(io::Error::other)?,
        size: (WIDTH as u32, height as u32),
    })
}

fn height(chart: &Chart) -> f32 {
    let of_rows = |rows: usize| TOP + ROW * rows.clamp(1, MOST_ROWS) as f32 + BELOW;
    match chart {
        Chart::Strips(strips) => of_rows(strips.rows.len()),
        Chart::Stacks(stacks) => of_rows(stacks.rows.len()) + legend_height(stacks.parts.len()),
        Chart::Lines(lines) => TOP + PLOT_HEIGHT + BELOW + legend_height(lines.series.len()),
        Chart::Scatter(_) => TOP + PLOT_HEIGHT + BELOW,
    }
}

const LEGEND_COLUMNS: usize = 3;

/// The axes that hold all points and intervals of a chart of lines.
fn axes(lines: &Lines) -> (Axis, Axis) {
    let points = || lines.series.iter().flat_map(|series| &series.points);
    let ends = points().filter_map(|point| point.interval);
    let heights = points()
        .map(|point| point.y)
        .chain(ends.map(|interval| interval.high));
    let y = match lines.drawn {
        Drawn::About(level) => Axis::about(level, heights),
        Drawn::Marked | Drawn::Course(_) => Axis::from_zero(heights),
    };
    let places = points().map(|point| point.x);
    let x = if places.clone().all(|place| place.fract() == 0.0) {
        Axis::of_counts(places)
    } else {
        Axis::from_zero(places)
    };
    (x, y)
}

fn legend_height(entries: usize) -> f32 {
    LEGEND_ROW * entries.div_ceil(LEGEND_COLUMNS) as f32 + 4.0
}

struct Drawing {
    canvas: Canvas,
    language: Language,
    height: f32,
}

/// The rectangle in which the data stand.
#[derive(Debug, Clone, Copy)]
struct Plot {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl Plot {
    fn x(&self, axis: &Axis, value: f64) -> f32 {
        self.left + (self.right - self.left) * axis.place(value) as f32
    }

    fn y(&self, axis: &Axis, value: f64) -> f32 {
        self.bottom - (self.bottom - self.top) * axis.place(value) as f32
    }
}

impl Drawing {
    fn strips(&mut self, strips: &Strips) {
        let rows = &strips.rows[..strips.rows.len().min(MOST_ROWS)];
        let plot = self.row_plot(rows.iter().map(|row| row.label.as_str()), 0.0);
        let ends = rows.iter().filter_map(|row| row.interval);
        let values = rows
            .iter()
            .flat_map(|row| row.points.iter().copied().chain([row.mean]))
            .chain(ends.map(|interval| interval.high));
        let axis = Axis::from_zero(values);
        self.x_axis(plot, &axis, &strips.axis);
        for (place, row) in rows.iter().enumerate() {
            let y = self.row_label(plot, place, &row.label);
            let tone = colour(place);
            for (number, value) in row.points.iter().enumerate() {
                // Runs of nearly the same time beside each other, in a fixed pattern.
                let offset = ((number * 2) % 5) as f32 - 2.0;
                let at = (plot.x(&axis, *value), y + offset * 1.5);
                self.canvas.circle(at, 1.7, tone, 130);
            }
            if let Some(interval) = row.interval {
                let ends = (plot.x(&axis, interval.low), plot.x(&axis, interval.high));
                self.canvas.line((ends.0, y), (ends.1, y), (0, 0, 0), 1.1);
            }
            let mean = plot.x(&axis, row.mean);
            self.canvas
                .line((mean, y - 5.5), (mean, y + 5.5), (0, 0, 0), 1.3);
        }
    }

    fn stacks(&mut self, stacks: &Stacks) {
        let rows = &stacks.rows[..stacks.rows.len().min(MOST_ROWS)];
        let labels = rows.iter().map(|(label, _)| label.as_str());
        let plot = self.row_plot(labels, legend_height(stacks.parts.len()));
        let sums = rows
            .iter()
            .map(|(_, lengths)| lengths.iter().map(|one| one.max(0.0)).sum());
        let axis = Axis::from_zero(sums);
        self.x_axis(plot, &axis, &stacks.axis);
        for (place, (label, lengths)) in rows.iter().enumerate() {
            let y = self.row_label(plot, place, label);
            let mut from = 0.0;
            for (part, length) in lengths.iter().enumerate() {
                let to = from + length.max(0.0);
                let (left, right) = (plot.x(&axis, from), plot.x(&axis, to));
                let size = (right - left, ROW * 0.62);
                self.canvas.bar((left, y - ROW * 0.31), size, colour(part));
                from = to;
            }
        }
        let parts: Vec<&str> = stacks.parts.iter().map(String::as_str).collect();
        self.legend(&parts);
    }

    fn lines(&mut self, lines: &Lines) {
        let (x, y) = axes(lines);
        let plot = self.plot(&y, legend_height(lines.series.len()));
        self.x_axis(plot, &x, &lines.x);
        self.y_axis(plot, &y, &lines.y);
        match &lines.drawn {
            Drawn::Marked => {}
            Drawn::Course(ends) => {
                for end in ends {
                    let at = plot.x(&x, *end);
                    self.canvas
                        .line((at, plot.top), (at, plot.bottom), AXIS, 0.5);
                }
            }
            Drawn::About(level) => {
                let at = plot.y(&y, *level);
                self.canvas
                    .line((plot.left, at), (plot.right, at), AXIS, 0.8);
            }
        }
        for (place, series) in lines.series.iter().enumerate() {
            self.series(series, &lines.drawn, colour(place), |x_value, y_value| {
                (plot.x(&x, x_value), plot.y(&y, y_value))
            });
        }
        let labels: Vec<&str> = lines.series.iter().map(|one| one.label.as_str()).collect();
        self.legend(&labels);
    }

    /// The points of a series, and the line through them.
    fn series(
        &mut self,
        series: &Series,
        drawn: &Drawn,
        tone: Rgb,
        at: impl Fn(f64, f64) -> (f32, f32),
    ) {
        for pair in series.points.windows(2) {
            if let ([from, to], Drawn::Marked | Drawn::Course(_)) = (pair, drawn) {
                let (from, to) = (at(from.x, from.y), at(to.x, to.y));
                self.canvas.line(from, to, tone, 1.2);
            }
        }
        for point in &series.points {
            if let Some(interval) = point.interval {
                let (low, high) = (at(point.x, interval.low), at(point.x, interval.high));
                self.canvas.line(low, high, tone, 0.9);
            }
            if !matches!(drawn, Drawn::Course(_)) {
                self.canvas.circle(at(point.x, point.y), 2.1, tone, 255);
            }
        }
    }

    fn scatter(&mut self, scatter: &Scatter) {
        let x = Axis::from_zero(scatter.points.iter().map(|point| point.1));
        let y = Axis::from_zero(scatter.points.iter().map(|point| point.2));
        let plot = self.plot(&y, 0.0);
        self.x_axis(plot, &x, &scatter.x);
        self.y_axis(plot, &y, &scatter.y);
        for (place, (label, x_value, y_value)) in scatter.points.iter().enumerate() {
            let at = (plot.x(&x, *x_value), plot.y(&y, *y_value));
            self.canvas.circle(at, 2.8, colour(place), 255);
            let is_right = at.0 + self.canvas.text_width(label) + 8.0 > WIDTH;
            let (shift, anchor) = if is_right {
                (-5.0, Anchor::End)
            } else {
                (5.0, Anchor::Start)
            };
            self.canvas.text(label, (at.0 + shift, at.1 - 5.0), anchor);
        }
    }

    /// A plot of rows, with room for their labels on the left and `under` points at the bottom.
    fn row_plot<'a>(&self, labels: impl Iterator<Item = &'a str>, under: f32) -> Plot {
        let widths = labels.map(|label| self.canvas.text_width(label));
        let widest = widths.fold(20.0, f32::max).min(WIDTH * 0.45);
        Plot {
            left: widest + 10.0,
            top: TOP,
            right: WIDTH - RIGHT,
            bottom: self.height - BELOW - under,
        }
    }

    /// A plot with numbers on the left and `under` points at the bottom.
    fn plot(&self, y: &Axis, under: f32) -> Plot {
        let widths = y.ticks.iter().map(|tick| {
            let number = self.number(*tick, y.places);
            self.canvas.text_width(&number)
        });
        Plot {
            left: widths.fold(10.0, f32::max) + 24.0,
            top: TOP,
            right: WIDTH - RIGHT,
            bottom: self.height - BELOW - under,
        }
    }

    fn number(&self, value: f64, places: i32) -> String {
        self.language.number(&fixed(value, places))
    }

    fn x_axis(&mut self, plot: Plot, axis: &Axis, name: &str) {
        for tick in &axis.ticks {
            let x = plot.x(axis, *tick);
            self.canvas.line((x, plot.top), (x, plot.bottom), GRID, 0.6);
            let number = self.number(*tick, axis.places);
            self.canvas
                .text(&number, (x, plot.bottom + 8.0), Anchor::Middle);
        }
        let ends = ((plot.left, plot.bottom), (plot.right, plot.bottom));
        self.canvas.line(ends.0, ends.1, AXIS, 0.8);
        let middle = f32::midpoint(plot.left, plot.right);
        self.canvas
            .text(name, (middle, plot.bottom + 22.0), Anchor::Middle);
    }

    fn y_axis(&mut self, plot: Plot, axis: &Axis, name: &str) {
        for tick in &axis.ticks {
            let y = plot.y(axis, *tick);
            self.canvas.line((plot.left, y), (plot.right, y), GRID, 0.6);
            let number = self.number(*tick, axis.places);
            self.canvas.text(&number, (plot.left - 4.0, y), Anchor::End);
        }
        let ends = ((plot.left, plot.top), (plot.left, plot.bottom));
        self.canvas.line(ends.0, ends.1, AXIS, 0.8);
        let middle = f32::midpoint(plot.top, plot.bottom);
        self.canvas.text(name, (7.0, middle), Anchor::Upwards);
    }

    /// Writes a row's label, and gives the row's middle.
    fn row_label(&mut self, plot: Plot, place: usize, label: &str) -> f32 {
        let y = plot.top + ROW * (place as f32 + 0.5);
        self.canvas.text(label, (plot.left - 6.0, y), Anchor::End);
        y
    }

    fn legend(&mut self, labels: &[&str]) {
        let rows = labels.len().div_ceil(LEGEND_COLUMNS);
        let top = self.height - LEGEND_ROW * rows as f32;
        let column_width = (WIDTH - 30.0) / LEGEND_COLUMNS as f32;
        for (place, label) in labels.iter().enumerate() {
            let x = 30.0 + column_width * (place % LEGEND_COLUMNS) as f32;
            let y = top + LEGEND_ROW * ((place / LEGEND_COLUMNS) as f32 + 0.4);
            let size = (TEXT_SIZE, TEXT_SIZE);
            self.canvas
                .bar((x, y - TEXT_SIZE / 2.0), size, colour(place));
            self.canvas
                .text(label, (x + TEXT_SIZE + 4.0, y), Anchor::Start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::png;
    use crate::{
        chart::{Chart, Drawn, Lines, Scatter, Stacks, Strip, Strips},
        language::Language,
    };

    #[test]
    fn pictures_have_print_resolution() {
        let chart = Chart::Strips(Strips {
            axis: "laiks, s".to_owned(),
            rows: vec![Strip {
                label: "npy/u8 āčēģīķļņšūž".to_owned(),
                points: vec![1.0, 1.2],
                mean: 1.1,
                interval: None,
            }],
        });
        let picture = png(&chart, Language::Latvian).unwrap();
        let decoder = png::Decoder::new(std::io::Cursor::new(&picture.png));
        let reader = decoder.read_info().unwrap();
        let info = reader.info();
        assert!(info.width >= 1880, "16 cm at 300 pixels an inch");
        assert_eq!(info.pixel_dims.unwrap().xppu, 11_811);
    }

    #[test]
    fn charts_without_data_are_drawn_too() {
        let nothing = [
            Chart::Strips(Strips {
                axis: String::new(),
                rows: Vec::new(),
            }),
            Chart::Lines(Lines {
                x: String::new(),
                y: String::new(),
                series: Vec::new(),
                drawn: Drawn::Marked,
            }),
            Chart::Stacks(Stacks {
                axis: String::new(),
                parts: Vec::new(),
                rows: Vec::new(),
            }),
            Chart::Scatter(Scatter {
                x: String::new(),
                y: String::new(),
                points: Vec::new(),
            }),
        ];
        for chart in nothing {
            assert!(!png(&chart, Language::English).unwrap().png.is_empty());
        }
    }
}
