//! The document as LaTeX: booktabs tables, pgfplots figures from the data, and a bibliography for
//! BibTeX. It compiles as it is with pdfLaTeX:
//!
//! ```text
//! pdflatex report && bibtex report && pdflatex report && pdflatex report
//! ```

mod bibliography;
mod escape;
mod plots;

use crate::{
    document::{Align, Block, Document, Figure, Inline, Table},
    language::Language,
};
pub(crate) use bibliography::bibliography;
use escape::escape;
use std::fmt::Write;

/// Letters of a table's widest row beyond which it is scaled to the width of the page.
const WIDE: usize = 70;

/// The document; `name` is that of its file and of its bibliography, without ending.
pub(crate) fn latex(document: &Document, name: &str) -> String {
    let mut text = preamble(document);
    for block in &document.blocks {
        text += &written(document, block);
    }
    let _ = write!(
        text,
        "\n\\bibliographystyle{{unsrt}}\n\\bibliography{{{name}}}\n\n\\end{{document}}\n"
    );
    text
}

fn preamble(document: &Document) -> String {
    let words = document.language.words();
    let (babel, decimal) = match document.language {
        Language::English => ("english", ""),
        Language::Latvian => (
            "latvian",
            "\\pgfkeys{/pgf/number format/use comma,/pgf/number format/1000 sep={\\,}}\n",
        ),
    };
    format!(
        "\\documentclass[a4paper,11pt]{{article}}\n\
         \\usepackage[utf8]{{inputenc}}\n\
         \\usepackage[T1]{{fontenc}}\n\
         \\usepackage{{lmodern}}\n\
         \\usepackage{{textcomp}}\n\
         {chapters}\\usepackage[{babel}]{{babel}}\n\
         \\usepackage[margin=25mm]{{geometry}}\n\
         \\usepackage{{booktabs}}\n\
         \\usepackage{{array}}\n\
         \\usepackage{{graphicx}}\n\
         \\usepackage{{longtable}}\n\
         \\usepackage{{pgfplots}}\n\
         \\pgfplotsset{{compat=1.16}}\n\
         {decimal}{colours}\
         \\usepackage{{url}}\n\
         \\usepackage[hidelinks]{{hyperref}}\n\
         {captions}\
         \\setlength{{\\emergencystretch}}{{3em}}\n\n\
         \\title{{{title}}}\n\\author{{}}\n\\date{{{subtitle}}}\n\n\
         \\begin{{document}}\n\\maketitle\n\\tableofcontents\n\\clearpage\n",
        chapters = chapters(document.language),
        colours = plots::colours(),
        captions = captions(document.language),
        title = escape(&document.title),
        subtitle = escape(&document.subtitle),
    )
    .replace(
        "\\tableofcontents",
        &format!(
            "\\renewcommand{{\\contentsname}}{{{}}}\n\\renewcommand{{\\refname}}{{{}}}\n\
             \\tableofcontents",
            escape(words.contents),
            escape(words.references)
        ),
    )
}

/// Babel's Latvian asks for the number of the chapter, which articles do not have.
const fn chapters(language: Language) -> &'static str {
    match language {
        Language::English => "",
        Language::Latvian => {
            "\\makeatletter\\@ifundefined{c@chapter}{\\newcounter{chapter}}{}\\makeatother\n"
        }
    }
}

/// Latvian captions have the number first: `1. tabula. …`.
fn captions(language: Language) -> &'static str {
    match language {
        Language::English => "",
        Language::Latvian => {
            "\\makeatletter\n\
             \\AtBeginDocument{\\renewcommand{\\thetable}{\\arabic{table}}\
             \\renewcommand{\\thefigure}{\\arabic{figure}}\
             \\renewcommand{\\fnum@table}{\\thetable. tabula}\
             \\renewcommand{\\fnum@figure}{\\thefigure. attēls}}\n\
             \\long\\def\\@makecaption#1#2{\\vskip\\abovecaptionskip\
             \\sbox\\@tempboxa{#1. #2}\\ifdim\\wd\\@tempboxa>\\hsize #1. #2\\par\\else\
             \\hb@xt@\\hsize{\\hfil\\box\\@tempboxa\\hfil}\\fi\\vskip\\belowcaptionskip}\n\
             \\makeatother\n"
        }
    }
}

fn written(document: &Document, block: &Block) -> String {
    match block {
        Block::Heading { level: 1, text } => format!("\n\\section{{{}}}\n\n", escape(text)),
        Block::Heading { text, .. } => format!("\n\\subsection{{{}}}\n\n", escape(text)),
        Block::Paragraph(pieces) => format!("{}\n\n", inlines(pieces)),
        Block::Bullets(points) => {
            let items = (points.iter())
                .map(|pieces| format!("  \\item {}\n", inlines(pieces)))
                .collect::<Vec<_>>()
                .concat();
            format!("\\begin{{itemize}}\n{items}\\end{{itemize}}\n\n")
        }
        Block::Table(table) => self::table(table),
        Block::Figure(figure) => self::figure(document.language, figure),
    }
}

fn inlines(pieces: &[Inline]) -> String {
    pieces.iter().map(inline).collect()
}

fn inline(piece: &Inline) -> String {
    match piece {
        Inline::Text(text) => escape(text),
        Inline::Strong(text) => format!("\\textbf{{{}}}", escape(text)),
        Inline::TableNumber(key) => format!("\\ref{{tab:{key}}}"),
        Inline::FigureNumber(key) => format!("\\ref{{fig:{key}}}"),
        Inline::Cite(key) => format!("\\cite{{{key}}}"),
    }
}

fn table(table: &Table) -> String {
    if is_text(table) {
        return long_table(table);
    }
    let columns: String = (table.columns.iter())
        .map(|column| match column.align {
            Align::Left => 'l',
            Align::Right => 'r',
        })
        .collect();
    let grid = format!(
        "\\begin{{tabular}}{{{columns}}}\n\\toprule\n{}\\midrule\n{}\\bottomrule\n\\end{{tabular}}",
        headings(table),
        rows(table)
    );
    let grid = if widest(table) > WIDE {
        format!("\\resizebox{{\\textwidth}}{{!}}{{%\n{grid}%\n}}")
    } else {
        format!("{{\\small\n{grid}\n}}")
    };
    let note = table.note.as_ref().map_or_else(String::new, |note| {
        format!("\n\n\\smallskip\n{{\\footnotesize {}\\par}}", escape(note))
    });
    format!(
        "\\begin{{table}}[htbp]\n\\centering\n\\caption{{{}}}\n\\label{{tab:{}}}\n{grid}{note}\n\
         \\end{{table}}\n\n",
        escape(&table.caption),
        table.key
    )
}

/// True for a table of words only, whose cells may be long.
fn is_text(table: &Table) -> bool {
    table
        .columns
        .iter()
        .all(|column| column.align == Align::Left)
}

/// A table whose cells wrap and which may go over several pages.
fn long_table(table: &Table) -> String {
    let widths = match table.columns.len() {
        2 => vec![0.30, 0.64],
        4 => vec![0.26, 0.08, 0.12, 0.44],
        count => vec![0.9 / count.max(1) as f64; count],
    };
    let columns = (widths.iter())
        .map(|width| format!(">{{\\raggedright\\arraybackslash}}p{{{width:.2}\\textwidth}}"))
        .collect::<Vec<_>>()
        .concat();
    format!(
        "{{\\small\n\\begin{{longtable}}{{{columns}}}\n\\caption{{{}}}\\label{{tab:{}}}\\\\\n\
         \\toprule\n{}\\midrule\n\\endfirsthead\n\\toprule\n\\endhead\n\\bottomrule\n\\endfoot\n\
         {}\\end{{longtable}}\n}}\n\n",
        escape(&table.caption),
        table.key,
        row(table.columns.iter().map(|column| column.heading.as_str())),
        rows(table)
    )
}

fn rows(table: &Table) -> String {
    let rows = table.rows.iter();
    rows.map(|cells| row(cells.iter().map(String::as_str)))
        .collect()
}

fn row<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells.map(escape).collect();
    format!("{} \\\\\n", cells.join(" & "))
}

/// Headings, the long ones in several lines.
fn headings(table: &Table) -> String {
    let cells = table.columns.iter().map(|column| {
        let side = match column.align {
            Align::Left => 'l',
            Align::Right => 'r',
        };
        let lines: Vec<String> = (lines(&column.heading).iter())
            .map(|line| escape(line))
            .collect();
        format!(
            "\\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}{}\\end{{tabular}}",
            lines.join("\\\\")
        )
    });
    format!("{} \\\\\n", cells.collect::<Vec<_>>().join(" & "))
}

/// Letters of a heading's line.
const HEADING: usize = 14;

/// The words of a heading in lines of about the same length.
fn lines(heading: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in heading.split(' ') {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if line.chars().count() + length < HEADING => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn widest(table: &Table) -> usize {
    let headings: Vec<Vec<String>> = (table.columns.iter())
        .map(|column| lines(&column.heading))
        .collect();
    let longest = |lines: &Vec<String>| {
        let lengths = lines.iter().map(|line| line.chars().count());
        lengths.max().unwrap_or(0) + 2
    };
    let heading: usize = headings.iter().map(longest).sum();
    let length = |cells: Vec<&str>| cells.iter().map(|cell| cell.chars().count() + 2).sum();
    let rows = table.rows.iter();
    let rows = rows.map(|row| length(row.iter().map(String::as_str).collect()));
    rows.chain([heading]).max().unwrap_or(0)
}

fn figure(language: Language, figure: &Figure) -> String {
    format!(
        "\\begin{{figure}}[htbp]\n\\centering\n{}\\caption{{{}}}\n\\label{{fig:{}}}\n\
         \\end{{figure}}\n\n",
        plots::plot(&figure.chart, language),
        escape(&figure.caption),
        figure.key
    )
}
