//! Writes the report of an experiment that never ran, with made-up figures, to look at:
//! `cargo run -p ielade-report --example sample_report -- FOLDER [BLOCKS [rich]]`.

#[path = "../tests/sample/mod.rs"]
mod sample;

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let blocks = arguments.next().map_or(Ok(10), |text| text.parse())?;
    let records = match arguments.next().as_deref() {
        Some("rich") => sample::rich::records(blocks),
        _ => sample::records(blocks),
    };
    let analysis = ielade_bench::analysis::analyse(&records)?;
    for width in [80, 120, 160] {
        let options = ielade_report::TableOptions {
            width,
            colour: false,
        };
        println!("{}", ielade_report::terminal_table(&analysis, &options));
    }
    for format in ielade_report::Format::ALL {
        for language in ielade_report::Language::ALL {
            let experiment = (&analysis, records.as_slice());
            for path in ielade_report::formats::write(format, language, experiment, &folder)? {
                println!("{}", path.display());
            }
        }
    }
    Ok(())
}
