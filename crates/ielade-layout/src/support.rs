//! What each container can do, as text made from the registry, so that no page can claim more.

use crate::{
    encoder,
    registry::{CONTAINERS, Container},
};
use ielade_core::Encoding;
use std::fmt::Write;

/// The support table in Markdown: containers and encodings, how samples are reached, options.
///
/// ```
/// let table = ielade_layout::support::table();
/// assert!(table.contains("| `npy` |"));
/// ```
pub fn table() -> String {
    let mut text = String::from("# Layouts\n\n");
    text.push_str(
        "A layout is a container and an encoding, written `container/encoding`, each with options \
         behind a colon if need be: `npy/u8`, `files/jpeg:quality=90`. This page is made from the \
         program's own registry.\n\n## What holds what\n\n\
         `rw`: written and read. `ielade` reads what the usual library wrote, and the usual library \
         reads what `ielade` wrote.\n\n",
    );
    push_row(
        &mut text,
        "container",
        Encoding::ALL.iter().map(|encoding| format!("`{encoding}`")),
    );
    text.push_str(&"|---".repeat(Encoding::ALL.len() + 1));
    text.push_str("|\n");
    for container in CONTAINERS {
        let cells = Encoding::ALL.iter().map(|encoding| {
            let held = container.encodings.contains(encoding);
            if held { "rw" } else { "" }.to_owned()
        });
        push_row(&mut text, &format!("`{}`", container.name), cells);
    }
    text.push_str("\n## How samples are reached\n\n");
    let columns = [
        "random access by",
        "memory-mapped",
        "in parallel by",
        "without a manifest",
        "usual library",
    ];
    push_row(&mut text, "container", columns.map(str::to_owned));
    text.push_str("|---|---|---|---|---|---|\n");
    for container in CONTAINERS {
        push_row(
            &mut text,
            &format!("`{}`", container.name),
            reached(container),
        );
    }
    text.push_str("\n## Options\n\n");
    for container in CONTAINERS {
        let _ = writeln!(text, "**`{}`**: {}.", container.name, container.description);
        push_options(&mut text, container.options);
    }
    for encoding in Encoding::ALL {
        let options = encoder::options_of(encoding);
        if !options.is_empty() {
            let _ = writeln!(text, "**`{encoding}`** (the encoding):");
            push_options(&mut text, options);
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn reached(container: &Container) -> [String; 5] {
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let access = container.access;
    [
        access.random.to_owned(),
        yes(access.memory_mapped),
        access.parallel.to_owned(),
        yes(container.foreign.is_some()),
        container.usual_library.to_owned(),
    ]
}

fn push_options(text: &mut String, options: &[crate::options::OptionRule]) {
    text.push('\n');
    for option in options {
        let _ = writeln!(text, "- `{option}`: {}", option.description);
    }
    if !options.is_empty() {
        text.push('\n');
    }
}

fn push_row(text: &mut String, first: &str, cells: impl IntoIterator<Item = String>) {
    let _ = write!(text, "| {first} |");
    for cell in cells {
        let _ = write!(text, " {cell} |");
    }
    text.push('\n');
}
