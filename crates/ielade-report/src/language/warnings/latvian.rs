//! Warnings in Latvian.

use crate::language::{Language, plural::Plural};
use ielade_bench::{
    analysis::{BusyRuns, LeftOutReason, NamedRuns, Surrounding, Warning},
    busy::{Disturbance, Resource},
    statistics::Feasibility,
};
use ielade_core::worker_protocol::CacheState;

/// Before what was noticed while no worker ran.
pub(super) const BEFORE: &str = "pirms palaiduma ";

const FAILED: Plural = Plural {
    zero: "neizdevās un netiek ieskaitīti {n} palaidumu",
    one: "neizdevās un netiek ieskaitīts {n} palaidums",
    other: "neizdevās un netiek ieskaitīti {n} palaidumi",
};
const OUTLIERS: Plural = Plural {
    zero: "{n} palaidumu ir ieskaitīti, bet krasi atšķiras",
    one: "{n} palaidums ir ieskaitīts, bet krasi atšķiras",
    other: "{n} palaidumi ir ieskaitīti, bet krasi atšķiras",
};
/// In how many.
const IN_RUNS: Plural = Plural {
    zero: "{n} palaidumos",
    one: "{n} palaidumā",
    other: "{n} palaidumos",
};
const LEFT_OUT: Plural = Plural {
    zero: "{n} palaidumos, kas tāpēc netiek ieskaitīti",
    one: "{n} palaidumā, kas tāpēc netiek ieskaitīts",
    other: "{n} palaidumos, kas tāpēc netiek ieskaitīti",
};
const BEFORE_RUNS: Plural = Plural {
    zero: "{n} palaidumiem",
    one: "{n} palaiduma",
    other: "{n} palaidumiem",
};
const IN_BLOCKS: Plural = Plural {
    zero: "{n} blokos",
    one: "{n} blokā",
    other: "{n} blokos",
};

fn counted(forms: &Plural, number: usize) -> String {
    forms.of(Language::Latvian, number)
}

fn number(english: &str) -> String {
    Language::Latvian.number(english)
}

pub(super) fn warning(warning: &Warning) -> String {
    match warning {
        Warning::DifferentData { .. }
        | Warning::DifferentAccuracy { .. }
        | Warning::ControlDiffers { .. }
        | Warning::NothingToFind(_)
        | Warning::Drift { .. }
        | Warning::Outliers { .. } => of_results(warning),
        Warning::FailedRuns { .. }
        | Warning::BadSamples { .. }
        | Warning::CacheNotAsAsked { .. }
        | Warning::UnknownResidency { .. }
        | Warning::FewBlocks { .. }
        | Warning::ForeignLoad { .. }
        | Warning::BusyMachine { .. }
        | Warning::Sessions { .. }
        | Warning::ChangedSurroundings { .. } => of_runs(warning),
    }
}

fn of_results(warning: &Warning) -> String {
    match warning {
        Warning::DifferentData {
            blocks,
            block,
            groups,
        } => {
            let groups: Vec<String> = groups.iter().map(|names| names.join(", ")).collect();
            format!(
                "izkārtojumi {} nepiegādāja tos pašus paraugus un klases: blokā {} {}; to \
                 laikus nevar salīdzināt",
                counted(&IN_BLOCKS, *blocks),
                block + 1,
                groups.join(" atšķiras no ")
            )
        }
        Warning::DifferentAccuracy { consumer, blocks } => format!(
            "{consumer}: izkārtojumi bez zudumiem ar vienu un to pašu sēklu {} sasniedza atšķirīgu \
             precizitāti; tie neapmāca ar vieniem un tiem pašiem pikseļiem",
            counted(&IN_BLOCKS, *blocks)
        ),
        Warning::ControlDiffers {
            group,
            layout,
            ratio,
            p,
        } => format!(
            "{group}: kontrole atšķiras no atskaites, kaut gan abas ir {layout}: attiecība {}, p = \
             {}; tik lielu atšķirību starp izkārtojumiem var radīt pats dators",
            number(&format!("{ratio:.3}")),
            number(&format!("{p:.2e}"))
        ),
        Warning::NothingToFind(found) => nothing_to_find(found),
        Warning::Drift { ratio, p } => {
            let percent = 100.0 * (ratio - 1.0);
            format!(
                "no pirmā bloka līdz pēdējam palaidumi kļuva par {} % {} (p = {}); salīdzinājumus \
                 blokos tas tikpat kā neskar, bet vidējās vērtības un to intervālus skar",
                number(&format!("{:.1}", percent.abs())),
                if percent > 0.0 {
                    "lēnāki"
                } else {
                    "ātrāki"
                },
                number(&format!("{p:.1e}"))
            )
        }
        Warning::Outliers { runs, named } => format!(
            "{} no pārējiem tajā pašā konfigurācijā (modificētais z rādītājs ir vismaz 3,5): {}",
            counted(&OUTLIERS, *runs),
            list(named)
        ),
        _ => String::new(),
    }
}

fn of_runs(warning: &Warning) -> String {
    match warning {
        Warning::FailedRuns {
            configuration,
            runs,
            last,
        } => format!(
            "{configuration}: {}; pēdējā ziņojums: {last}",
            counted(&FAILED, *runs)
        ),
        Warning::BadSamples {
            samples,
            layouts,
            example,
        } => format!(
            "nepiegādāto paraugu skaits {} (izkārtojumi: {}), piemēram, {example}",
            number(&samples.to_string()),
            layouts.join(", ")
        ),
        Warning::CacheNotAsAsked {
            asked,
            runs,
            named,
            residency,
        } => format!(
            "kešatmiņa nebija {} {}: {}; pirms pirmā no tiem tajā bija {} \
             % krātuves; {}",
            cache(*asked),
            counted(&LEFT_OUT, *runs),
            list(named),
            number(&format!("{:.1}", 100.0 * residency)),
            match asked {
                CacheState::Cold => "krātuves lasa vai kartē vēl kāds",
                _ => "krātuves varbūt neietilpst atmiņā",
            }
        ),
        Warning::UnknownResidency { runs } => format!(
            "lapu kešatmiņas stāvokli neizdevās nolasīt {}",
            counted(&IN_RUNS, *runs)
        ),
        Warning::FewBlocks {
            complete,
            planned,
            enough,
        } => format!(
            "pabeigti bloki: {complete} no {planned}; ja palaidumu ir mazāk nekā {enough}, intervāli \
             ir aptuveni"
        ),
        Warning::ForeignLoad { runs, highest } => format!(
            "pirms {} datoru noslogoja cits darbs: vidējā slodze par {} pārsniedza mūsu pašu radīto",
            counted(&BEFORE_RUNS, *runs),
            number(&format!("{highest:.1}"))
        ),
        Warning::BusyMachine { repeated, counting } => {
            let repeated = (*repeated > 0).then(|| {
                format!(
                    "atkārtoto palaidumu skaits {}",
                    number(&repeated.to_string())
                )
            });
            let counting = counting.as_ref().map(busy_runs);
            let parts: Vec<String> = repeated.into_iter().chain(counting).collect();
            format!(
                "palaidumu laikā dators darīja arī citu darbu: {}",
                parts.join("; ")
            )
        }
        Warning::Sessions { starts } => format!(
            "eksperiments noritēja vairākās sesijās ({}), kas sāktas {}",
            starts.len(),
            starts.join(", ")
        ),
        Warning::ChangedSurroundings { changed } => {
            let changed: Vec<&str> = changed.iter().map(|one| surrounding(*one)).collect();
            format!("starp sesijām mainījās {}", changed.join(", "))
        }
        _ => String::new(),
    }
}

fn busy_runs(busy: &BusyRuns) -> String {
    format!(
        "tomēr ieskaitīto palaidumu skaits {}, pirmais ir {}, bloks {}: {}",
        number(&busy.runs.to_string()),
        busy.configuration,
        busy.block + 1,
        super::disturbances(Language::Latvian, &busy.what)
    )
}

const fn cache(state: CacheState) -> &'static str {
    Language::Latvian.words().charts.caches.of(state)
}

pub(super) fn left_out_reason(reason: LeftOutReason) -> String {
    match reason {
        LeftOutReason::CacheNotAsAsked {
            asked,
            residency,
            epoch,
        } => format!(
            "kešatmiņa nebija {}: pirms {}. epohas tajā bija {} % krātuves",
            cache(asked),
            epoch + 1,
            number(&format!("{:.1}", 100.0 * residency))
        ),
        LeftOutReason::Repeated => {
            "palaidums tika atkārtots, un ieskaitīts ir atkārtojums".to_owned()
        }
    }
}

pub(super) fn nothing_to_find(found: &Feasibility) -> String {
    let blocks = found.blocks_needed;
    let mut ways: Vec<String> = blocks
        .map(|blocks| format!("palaidiet tik daudz bloku: {blocks}"))
        .into_iter()
        .collect();
    ways.push(match found.most_comparisons() {
        0 => "salīdziniet tikai ar vienu atskaites izkārtojumu".to_owned(),
        most => format!(
            "plānojiet ne vairāk salīdzinājumu kā {most}, piemēram, ar vienu atskaites izkārtojumu"
        ),
    });
    ways.push(if found.is_unpaired_feasible() {
        "izmantojiet testu, kas blokus neņem vērā (`test = \"unpaired\"`) vai pieņem normālo \
         sadalījumu (`test = \"model\"`)"
            .to_owned()
    } else {
        "izmantojiet testu, kas pieņem normālo sadalījumu (`test = \"model\"`)".to_owned()
    });
    format!(
        "ja bloku skaits ir {}, pāru precīzā testa p vērtība nevar būt mazāka par {}, bet pirmajam no \
         salīdzinājumiem (to skaits {}) vajag {} (Holma metode, {} %), tāpēc atšķirību nevarētu \
         atrast nekad: {}",
        found.blocks,
        number(&format!("{:.2e}", found.smallest_p)),
        found.comparisons,
        number(&format!(
            "{:.2e}",
            found.alpha / f64::from(found.comparisons.max(1))
        )),
        number(&(100.0 * found.alpha).to_string()),
        ways.join("; vai ")
    )
}

pub(super) fn disturbance(found: Disturbance) -> String {
    match found {
        Disturbance::Processes { used, processors } => format!(
            "citi procesi izmantoja {} no {processors} procesoriem",
            number(&format!("{used:.1}"))
        ),
        Disturbance::Steal { stolen, processors } => format!(
            "hipervizors citiem atdeva {} no {processors} procesoriem",
            number(&format!("{stolen:.1}"))
        ),
        Disturbance::Device { megabytes } => format!(
            "citi procesi no krātuves ierīces vai uz to pārsūtīja {} MB/s",
            number(&format!("{megabytes:.0}"))
        ),
        Disturbance::Waiting { resource, percent } => format!(
            "uzdevumi {percent:.0} % laika gaidīja {}",
            match resource {
                Resource::Processor => "procesoru",
                Resource::Memory => "atmiņu",
                Resource::Device => "ierīci",
            }
        ),
        Disturbance::Frequency { now, before } => {
            format!("procesoru frekvence bija {now:.0} MHz, bet iepriekš tā bija {before:.0} MHz")
        }
    }
}

const fn surrounding(changed: Surrounding) -> &'static str {
    match changed {
        Surrounding::Processor => "procesors",
        Surrounding::Processors => "procesoru skaits",
        Surrounding::Kernel => "kodols",
        Surrounding::Governor => "frekvences pārvaldnieks",
        Surrounding::Memory => "atmiņa",
        Surrounding::MemoryLimit => "atmiņas ierobežojums",
        Surrounding::FileSystem => "datņu sistēma",
        Surrounding::Gpu => "grafiskais procesors",
    }
}

/// `npy/u8 · none, bloki: 2, 3; npy/f32 · none, bloki: 1`.
fn list(named: &[NamedRuns]) -> String {
    let named = named.iter().map(|runs| {
        let blocks: Vec<String> = runs
            .blocks
            .iter()
            .map(|block| (block + 1).to_string())
            .collect();
        let word = if blocks.len() == 1 { "bloks" } else { "bloki" };
        format!("{}, {word}: {}", runs.configuration, blocks.join(", "))
    });
    named.collect::<Vec<_>>().join("; ")
}
