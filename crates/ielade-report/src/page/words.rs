//! The words of the charts: what the page's script writes, and the headings of the figures.

use serde::Serialize;

/// The words that the script writes into charts, filter and tables.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct ChartWords {
    run: &'static str,
    block: &'static str,
    epoch: &'static str,
    step: &'static str,
    /// `{n}` stands for a number, here and below.
    mean_of_one: &'static str,
    mean_of: &'static str,
    interval: &'static str,
    images_per_second: &'static str,
    training_store: &'static str,
    test_accuracy: &'static str,
    training_loss: &'static str,
    test_loss: &'static str,
    all_layouts: &'static str,
    some_layouts: &'static str,
    of_mean: &'static str,
    in_cache: &'static str,
    compute: &'static str,
    preparation: &'static str,
    fetch: &'static str,
    stall: &'static str,
    starved: &'static str,
    break_even: &'static str,
    cache: &'static str,
    memory: &'static str,
    processors: &'static str,
    reading: &'static str,
    page_cache: &'static str,
    seconds_since_start: &'static str,
    columns: ColumnWords,
    theme: &'static str,
    themes: [&'static str; 3],
    copied: &'static str,
    shown_all: &'static str,
    shown_some: &'static str,
    all_consumers: &'static str,
    all_caches: &'static str,
    nothing_left: &'static str,
    more: &'static str,
}

/// The lines of the chart of one run, by the name of their column.
#[derive(Debug, Clone, Copy, Serialize)]
struct ColumnWords {
    rss_bytes: &'static str,
    pss_bytes: &'static str,
    anonymous_bytes: &'static str,
    page_cache_bytes: &'static str,
    gpu_memory_bytes: &'static str,
    cpu_user: &'static str,
    cpu_system: &'static str,
    machine_cpu: &'static str,
    io_wait: &'static str,
    gpu_utilisation: &'static str,
    read_bytes: &'static str,
}

pub(super) const CHART_WORDS: ChartWords = ChartWords {
    run: "run",
    block: "block",
    epoch: "epoch",
    step: "step (ms)",
    mean_of_one: "one run",
    mean_of: "mean of {n} runs",
    interval: "95 % interval",
    images_per_second: "images/s",
    training_store: "training store",
    test_accuracy: "test accuracy",
    training_loss: "training loss",
    test_loss: "test loss",
    all_layouts: "all layouts",
    some_layouts: "{n} layouts",
    of_mean: "of the layout's mean",
    in_cache: "of the store in the page cache before",
    compute: "compute",
    preparation: "preparation",
    fetch: "fetch",
    stall: "stall",
    starved: "starved",
    break_even: "break-even step",
    cache: "Cache",
    memory: "Memory",
    processors: "Processors in use",
    reading: "Read from the device",
    page_cache: "Page cache",
    seconds_since_start: "seconds since the start",
    columns: ColumnWords {
        rss_bytes: "resident",
        pss_bytes: "proportional",
        anonymous_bytes: "own (anonymous)",
        page_cache_bytes: "whole machine",
        gpu_memory_bytes: "graphics memory",
        cpu_user: "user",
        cpu_system: "kernel",
        machine_cpu: "whole machine",
        io_wait: "waiting for a device",
        gpu_utilisation: "graphics processors",
        read_bytes: "read",
    },
    theme: "Theme",
    themes: ["system", "light", "dark"],
    copied: "Copied",
    shown_all: "All {n} layouts are shown.",
    shown_some: "{n} of {all} layouts are shown.",
    all_consumers: "all consumers",
    all_caches: "all caches",
    nothing_left: "Nothing is left; widen the filter.",
    more: "Other consumers",
};

/// Heading and caption of a figure.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct FigureWords {
    kind: &'static str,
    title: &'static str,
    caption: &'static str,
    /// Label of a switch that fits the axis to the points; empty for none.
    zoom: &'static str,
}

const ZOOM: &str = "fit axis to the points";

const FIGURES: [FigureWords; 9] = [
    FigureWords {
        kind: "total",
        title: "Total time",
        caption: "Every run is a point; the bar is the mean and the line its 95 % interval. A ring is a run that does not count, a cross one that stands apart. Shorter is better.",
        zoom: ZOOM,
    },
    FigureWords {
        kind: "epoch",
        title: "Mean epoch time",
        caption: "Mean over the epochs of a run; every run is a point. Shorter is better.",
        zoom: ZOOM,
    },
    FigureWords {
        kind: "epochs",
        title: "Epoch by epoch",
        caption: "Mean over the runs of each epoch's time with its 95 % interval: how the first epoch differs from the later ones. Panels of one consumer share one axis, so that cold and warm can be compared.",
        zoom: ZOOM,
    },
    FigureWords {
        kind: "split",
        title: "Where an epoch's time goes",
        caption: "Compute: the same model on batches that lie ready in memory. Preparation: what a warm epoch takes beyond that. Fetch: what a cold epoch takes beyond a warm one. Differences within blocks.",
        zoom: "",
    },
    FigureWords {
        kind: "stall",
        title: "Stall against step time",
        caption: "Share of the time in which a consumer of that step waited for data, the first batch aside: a fast GPU stands on the left. Above the line at 5 % the layout starves it; a diamond marks the break-even step.",
        zoom: "",
    },
    FigureWords {
        kind: "series",
        title: "One run over time",
        caption: "Seen from outside, over the worker's whole process tree: the run in the middle of its configuration by total time. Upright lines are the ends of epochs.",
        zoom: "",
    },
    FigureWords {
        kind: "size",
        title: "Size on disk against speed",
        caption: "Bytes of the training store, and images a second with their 95 % interval. Up and to the left is better.",
        zoom: "",
    },
    FigureWords {
        kind: "curves",
        title: "Accuracy and loss",
        caption: "Means over the runs, after each epoch. Layouts that deliver the same images in the same order share one curve.",
        zoom: "",
    },
    FigureWords {
        kind: "drift",
        title: "Order of the runs",
        caption: "Mean epoch time of each run as a share of its layout's mean, in the order in which the runs ran. Without drift, the points lie evenly about 100 %.",
        zoom: "",
    },
];

/// The figures of these kinds, in their order.
pub(super) fn figures(kinds: &[&str]) -> Vec<FigureWords> {
    let there = FIGURES.iter().filter(|figure| kinds.contains(&figure.kind));
    there.copied().collect()
}
