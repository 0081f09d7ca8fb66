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

/// One sentence that says what a metric is.
pub(crate) const fn metric_meaning(language: Language, metric: Metric) -> &'static str {
    match language {
        Language::English => crate::metric_words::words(metric).meaning,
        Language::Latvian => latvian_meaning(metric),
    }
}

const fn latvian_meaning(metric: Metric) -> &'static str {
    match metric {
        Metric::MeanEpochSeconds => {
            "Vidējais pa palaiduma epohām laiks no pirmās paketes pieprasīšanas līdz pēdējā soļa beigām."
        }
        Metric::TrainingSeconds => {
            "Kopējais apmācības laiks: no darba sākuma līdz pēdējā soļa beigām, bez novērtēšanas un bez kešatmiņas sagatavošanas."
        }
        Metric::FirstBatchSeconds => {
            "Laiks līdz pirmās epohas pirmajai paketei, ieskaitot krātuves atvēršanu."
        }
        Metric::ImagesPerSecond => "Attēli sekundē pa visām epohām.",
        Metric::WaitShare => "Epohas laika daļa, kurā patērētājs gaidīja datus.",
        Metric::CpuSecondsPer1000 => {
            "Procesora laiks, kas patērēts 1000 attēliem, lietotāja un kodola."
        }
        Metric::CpuUtilisation => "Vidēji noslogotie procesori epohu laikā.",
        Metric::PeakRssBytes => {
            "Lielākā procesa rezidentā kopa; ieskaitītas arī kartētu datņu lapas, kaut gan sistēma tās var atņemt."
        }
        Metric::PeakAnonymousBytes => {
            "Lielākā procesa laikā redzētā atmiņa, kas nepieder nevienai datnei: tik vajag pašam procesam."
        }
        Metric::PeakPssBytes => {
            "Lielākā visu darba procesu proporcionālā kopa: lapu, ko kartē vairāki, sadala starp tiem."
        }
        Metric::IoWait => "Datora procesori, kas vidēji palaiduma laikā stāvēja, gaidot ierīci.",
        Metric::GpuUtilisation => {
            "Palaiduma daļa, kurā grafiskajā procesorā darbojās kāds aprēķins."
        }
        Metric::PeakGpuMemoryBytes => "Lielākā izmantotā grafisko procesoru atmiņa.",
        Metric::ReadBytes => "Baiti, kas nolasīti no ierīces visā procesa mūžā.",
        Metric::MajorFaults => {
            "Lapu kļūmes, kuru dēļ lapa bija jālasa no ierīces, visā procesa mūžā."
        }
        Metric::WaitP95Seconds => "Laiks, par ko ilgāk 95 % soļu savu paketi negaidīja.",
        Metric::StepP95Seconds => "Laiks, par ko ilgāk patērētājs 95 % soļu nerēķināja.",
        Metric::TestTop1 => "Precizitāte testa attēlos pēc pēdējās epohas.",
    }
}
