//! What the metrics are called.

use super::Language;
use ielade_bench::analysis::Metric;

/// The name of a metric as the heading of a column.
pub(crate) const fn metric_name(language: Language, metric: Metric) -> &'static str {
    match language {
        Language::English => crate::metric_words::words(metric).name,
        Language::Latvian => latvian(metric),
    }
}

const fn latvian(metric: Metric) -> &'static str {
    match metric {
        Metric::MeanEpochSeconds => "Vidējais epohas laiks",
        Metric::TrainingSeconds => "Kopējais laiks",
        Metric::FirstBatchSeconds => "Laiks līdz pirmajai paketei",
        Metric::ImagesPerSecond => "Attēli sekundē",
        Metric::WaitShare => "Datu gaidīšana",
        Metric::CpuSecondsPer1000 => "Procesora laiks uz 1000 attēliem",
        Metric::CpuUtilisation => "Noslogotie procesori",
        Metric::PeakRssBytes => "Lielākā rezidentā atmiņa",
        Metric::PeakAnonymousBytes => "Lielākā paša procesa atmiņa",
        Metric::PeakPssBytes => "Lielākā proporcionālā atmiņa",
        Metric::ReadBytes => "Nolasīts no ierīces",
        Metric::MajorFaults => "Lapu kļūmes ar lasīšanu",
        Metric::IoWait => "Ierīci gaidošie procesori",
        Metric::GpuUtilisation => "GPU noslodze",
        Metric::PeakGpuMemoryBytes => "Lielākā GPU atmiņa",
        Metric::WaitP95Seconds => "Soļa gaidīšana, 95. procentile",
        Metric::StepP95Seconds => "Soļa ilgums, 95. procentile",
        Metric::TestTop1 => "Precizitāte",
    }
}
