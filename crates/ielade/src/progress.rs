//! Progress bars: what is being done, how far it is, and the time left.

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

/// A bar over a known number of things.
pub(crate) fn counting(what: &str, total: u64) -> ProgressBar {
    styled(total, "{msg} {bar:30} {human_pos}/{human_len}, {eta} left")
        .with_message(what.to_owned())
}

/// A bar over a known number of bytes.
pub(crate) fn bytes(what: &str, total: u64) -> ProgressBar {
    styled(
        total,
        "{msg} {bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left",
    )
    .with_message(what.to_owned())
}

/// A bar for work of unknown length.
pub(crate) fn spinner(what: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_message(what.to_owned());
    bar
}

fn styled(total: u64, template: &str) -> ProgressBar {
    // The templates are written above, so a wrong one shows in any test that draws a bar.
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸ ");
    ProgressBar::new(total).with_style(style)
}

/// Bytes for people: `1.20 GiB`.
pub(crate) fn human_bytes(bytes: u64) -> String {
    HumanBytes(bytes).to_string()
}

/// A bar over the runs of an experiment; the time left is the caller's, in the prefix.
pub(crate) fn runs(total: u64) -> ProgressBar {
    styled(total, "{bar:30} {pos}/{len} runs, {prefix} {msg}")
}

/// A duration for people: `4 min 20 s`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round().max(0.0) as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole / 60 % 60),
    }
}
