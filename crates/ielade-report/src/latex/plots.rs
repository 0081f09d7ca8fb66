//! Charts as pgfplots, from the data.

use super::escape;
use crate::{
    chart::{COLOURS, Chart, Drawn, LinePoint, Lines, Scatter, Stacks, Strips, axis::Axis},
    language::Language,
};
use std::fmt::Write;

/// The colours of the charts, by name.
pub(super) fn colours() -> String {
    let mut text = String::new();
    for (place, (red, green, blue)) in COLOURS.iter().enumerate() {
        let _ = writeln!(
            text,
            "\\definecolor{{series{place}}}{{RGB}}{{{red},{green},{blue}}}"
        );
    }
    text
}

fn colour(place: usize) -> String {
    format!("series{}", place % COLOURS.len())
}

/// A chart as a picture of `TikZ`.
pub(super) fn plot(chart: &Chart, language: Language) -> String {
    let axis = match chart {
        Chart::Strips(strips) => self::strips(strips),
        Chart::Lines(lines) => self::lines(lines),
        Chart::Stacks(stacks) => self::stacks(stacks),
        Chart::Scatter(scatter) => self::scatter(scatter),
    };
    let numbers = match language {
        Language::English => "",
        Language::Latvian => ",/pgf/number format/use comma,/pgf/number format/1000 sep={\\,}",
    };
    format!("\\begin{{tikzpicture}}[font=\\footnotesize{numbers}]\n{axis}\\end{{tikzpicture}}\n")
}

/// A number that TeX reads: no exponent beyond its range, nothing that is not finite.
fn number(value: f64) -> String {
    if value.is_finite() {
        format!("{value:.6}")
    } else {
        "0".to_owned()
    }
}

/// The options of an axis with one row a label, from top to bottom.
fn row_axis<'a>(labels: impl Iterator<Item = &'a str>, name: &str) -> String {
    let labels: Vec<String> = labels
        .map(|label| format!("{{{}}}", escape(label)))
        .collect();
    let rows = labels.len();
    let ticks: Vec<String> = (1..=rows).map(|row| row.to_string()).collect();
    format!(
        "width=0.72\\textwidth,height={:.1}cm,scale only axis,xmin=0,ymin=0.4,ymax={}.6,y dir=reverse,\
         xmajorgrids,axis lines*=left,scaled x ticks=false,xlabel={{{}}},ytick={{{}}},\
         yticklabels={{{}}}",
        0.62 * rows as f64 + 0.4,
        rows,
        escape(name),
        ticks.join(","),
        labels.join(",")
    )
}

fn strips(strips: &Strips) -> String {
    let labels = strips.rows.iter().map(|row| row.label.as_str());
    let mut text = format!("\\begin{{axis}}[{}]\n", row_axis(labels, &strips.axis));
    for (place, row) in strips.rows.iter().enumerate() {
        let y = place + 1;
        let points = (row.points.iter())
            .map(|value| format!("({},{y}) ", number(*value)))
            .collect::<Vec<_>>()
            .concat();
        let _ = writeln!(
            text,
            "\\addplot[only marks,mark=*,mark size=1.3pt,{},opacity=0.55] coordinates {{{points}}};",
            colour(place)
        );
        let (above, below) = row.interval.map_or((0.0, 0.0), |interval| {
            (interval.high - row.mean, row.mean - interval.low)
        });
        let _ = writeln!(
            text,
            "\\addplot[only marks,mark=|,mark size=4pt,black,thick,error bars/.cd,x dir=both,\
             x explicit] coordinates {{({},{y}) += ({},0) -= ({},0)}};",
            number(row.mean),
            number(above),
            number(below)
        );
    }
    text + "\\end{axis}\n"
}

fn stacks(stacks: &Stacks) -> String {
    let labels = stacks.rows.iter().map(|(label, _)| label.as_str());
    let mut text = format!(
        "\\begin{{axis}}[{},xbar stacked,bar width=8pt,{LEGEND}]\n",
        row_axis(labels, &stacks.axis)
    );
    for (place, part) in stacks.parts.iter().enumerate() {
        let bars = (stacks.rows.iter().enumerate())
            .map(|(row, (_, lengths))| {
                let length = lengths.get(place).copied().unwrap_or(0.0).max(0.0);
                format!("({},{}) ", number(length), row + 1)
            })
            .collect::<Vec<_>>()
            .concat();
        let _ = writeln!(
            text,
            "\\addplot[draw=none,fill={}] coordinates {{{bars}}};\n\\addlegendentry{{{}}}",
            colour(place),
            escape(part)
        );
    }
    text + "\\end{axis}\n"
}

const LEGEND: &str = "legend style={draw=none,at={(0.5,-0.28)},anchor=north,cells={anchor=west}},\
                      legend columns=3";

fn lines(lines: &Lines) -> String {
    let points = || lines.series.iter().flat_map(|series| &series.points);
    let whole = points().all(|point| point.x.fract() == 0.0 && point.x < 12.0);
    let ticks = if whole { ",xtick distance=1" } else { "" };
    let (range, under) = match &lines.drawn {
        Drawn::Marked => ("ymin=0".to_owned(), String::new()),
        Drawn::Course(ends) => ("xmin=0,ymin=0".to_owned(), upright(ends)),
        Drawn::About(level) => {
            let axis = Axis::about(*level, points().map(|point| point.y));
            let range = format!(
                "xmin=0,ymin={},ymax={}",
                number(axis.low),
                number(axis.high)
            );
            (range, level_line(*level))
        }
    };
    let mut text = format!(
        "\\begin{{axis}}[width=0.95\\textwidth,height=7cm,{range},ymajorgrids,axis lines*=left,\
         scaled ticks=false,xlabel={{{}}},ylabel={{{}}},{LEGEND}{ticks}]\n{under}",
        escape(&lines.x),
        escape(&lines.y)
    );
    for (place, series) in lines.series.iter().enumerate() {
        let points: String = series.points.iter().map(coordinates).collect();
        let _ = writeln!(
            text,
            "\\addplot[{}] coordinates {{{points}}};\n\\addlegendentry{{{}}}",
            look(&lines.drawn, &colour(place)),
            escape(&series.label)
        );
    }
    text + "\\end{axis}\n"
}

/// How a series is drawn.
fn look(drawn: &Drawn, colour: &str) -> String {
    match drawn {
        Drawn::Marked => format!(
            "{colour},mark=*,mark size=1.4pt,mark options={{fill={colour}}},error bars/.cd,y dir=both,\
             y explicit"
        ),
        Drawn::Course(_) => format!("{colour},thick,no marks"),
        Drawn::About(_) => format!("only marks,{colour},mark=*,mark size=1.4pt"),
    }
}

fn coordinates(point: &LinePoint) -> String {
    let (x, y) = (number(point.x), number(point.y));
    point.interval.map_or_else(
        || format!("({x},{y}) "),
        |interval| {
            let (above, below) = (interval.high - point.y, point.y - interval.low);
            format!(
                "({x},{y}) += (0,{}) -= (0,{}) ",
                number(above),
                number(below)
            )
        },
    )
}

/// Upright lines from the bottom of the axis to its top.
fn upright(places: &[f64]) -> String {
    let lines = places.iter().map(|place| {
        let x = number(*place);
        format!(
            "\\draw[black!45,thin] ({{axis cs:{x},0}}|-{{rel axis cs:0,0}}) -- \
             ({{axis cs:{x},0}}|-{{rel axis cs:0,1}});\n"
        )
    });
    lines.collect()
}

/// A level line from the left end of the axis to its right end.
fn level_line(height: f64) -> String {
    let y = number(height);
    format!(
        "\\draw[black!45] ({{rel axis cs:0,0}}|-{{axis cs:0,{y}}}) -- \
         ({{rel axis cs:1,0}}|-{{axis cs:0,{y}}});\n"
    )
}

fn scatter(scatter: &Scatter) -> String {
    let mut text = format!(
        "\\begin{{axis}}[width=0.95\\textwidth,height=7.5cm,xmin=0,ymin=0,grid=major,\
         axis lines*=left,scaled ticks=false,enlarge x limits={{upper,value=0.15}},\
         enlarge y limits={{upper,value=0.1}},xlabel={{{}}},ylabel={{{}}}]\n",
        escape(&scatter.x),
        escape(&scatter.y)
    );
    for (place, (label, x, y)) in scatter.points.iter().enumerate() {
        let _ = writeln!(
            text,
            "\\addplot[only marks,mark=*,{}] coordinates {{({},{})}} node[above right,black,\
             font=\\scriptsize] {{{}}};",
            colour(place),
            number(*x),
            number(*y),
            escape(label)
        );
    }
    text + "\\end{axis}\n"
}
