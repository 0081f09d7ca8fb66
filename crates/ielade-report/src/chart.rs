//! Charts as data, free of any file format: what is drawn, with its words already written.

pub(crate) mod axis;
mod canvas;
mod picture;

pub(crate) use picture::{Picture, png};

use ielade_bench::analysis::Interval;

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Chart {
    /// A row of points a layout, with mean and interval.
    Strips(Strips),
    /// Lines over a common axis.
    Lines(Lines),
    /// Stacked bars, one a layout.
    Stacks(Stacks),
    /// Named points.
    Scatter(Scatter),
}

/// A row of points a layout, from top to bottom.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Strips {
    pub(crate) axis: String,
    pub(crate) rows: Vec<Strip>,
}

/// One row: every run, the mean and its interval.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Strip {
    pub(crate) label: String,
    pub(crate) points: Vec<f64>,
    pub(crate) mean: f64,
    pub(crate) interval: Option<Interval>,
}

/// Lines over a common axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lines {
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) series: Vec<Series>,
    pub(crate) drawn: Drawn,
}

/// How points are drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Drawn {
    /// A mark each, and a line through those of a series.
    Marked,
    /// A line alone, as there are many; upright lines at these places.
    Course(Vec<f64>),
    /// A mark alone, as there is no order between them; a level line at this height, about which
    /// they lie.
    About(f64),
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) label: String,
    pub(crate) points: Vec<LinePoint>,
}

/// A point of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LinePoint {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) interval: Option<Interval>,
}

/// Stacked bars from left to right, one a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stacks {
    pub(crate) axis: String,
    pub(crate) parts: Vec<String>,
    /// A row's label and one length a part.
    pub(crate) rows: Vec<(String, Vec<f64>)>,
}

/// Named points.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scatter {
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) points: Vec<(String, f64, f64)>,
}

/// Red, green and blue of the colours of Okabe and Ito, which people with any colour vision tell
/// apart; used in turn.
pub(crate) const COLOURS: [(u8, u8, u8); 8] = [
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (230, 159, 0),
    (0, 0, 0),
    (120, 120, 120),
];

/// The colour of the series at `place`.
pub(crate) const fn colour(place: usize) -> (u8, u8, u8) {
    COLOURS[place % COLOURS.len()]
}
