//! What a reader must know before believing the figures, in each language.

mod latvian;

use super::Language;
use ielade_bench::{
    analysis::{LeftOutReason, Warning},
    busy::Disturbance,
    statistics::Feasibility,
};

/// A warning as a sentence without a full stop.
pub(crate) fn warning(language: Language, warning: &Warning) -> String {
    match language {
        Language::English => warning.to_string(),
        Language::Latvian => latvian::warning(warning),
    }
}

/// Why a run does not count.
pub(crate) fn left_out_reason(language: Language, reason: LeftOutReason) -> String {
    match language {
        Language::English => reason.to_string(),
        Language::Latvian => latvian::left_out_reason(reason),
    }
}

/// Why the test can find nothing, and what to do; a sentence without a full stop.
pub(crate) fn nothing_to_find(language: Language, found: &Feasibility) -> String {
    match language {
        Language::English => found.advice().unwrap_or_default(),
        Language::Latvian => latvian::nothing_to_find(found),
    }
}

/// What a record says of a busy machine. What another version wrote stays in its words.
pub(crate) fn disturbances(language: Language, what: &str) -> String {
    let parts = what.split("; ").map(|part| match language {
        Language::English => part.to_owned(),
        Language::Latvian => {
            let (before, text) = part
                .strip_prefix(BEFORE)
                .map_or(("", part), |text| (latvian::BEFORE, text));
            let told = text.parse::<Disturbance>();
            let told = told.map_or_else(|_| text.to_owned(), latvian::disturbance);
            format!("{before}{told}")
        }
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// Before what was noticed while no worker ran, in records.
const BEFORE: &str = "before the run ";

#[cfg(test)]
mod tests {
    use super::{disturbances, warning};
    use crate::Language;
    use ielade_bench::analysis::{NamedRuns, Warning};

    #[test]
    fn a_busy_machine_is_told_in_latvian() {
        let told = disturbances(
            Language::Latvian,
            "before the run tasks waited for a device 25 % of the time; other processes used 1.4 of \
             2 processors; an imp sat on the fan",
        );
        assert_eq!(
            told,
            "pirms palaiduma uzdevumi 25 % laika gaidīja ierīci; citi procesi izmantoja 1,4 no 2 \
             procesoriem; an imp sat on the fan"
        );
    }

    #[test]
    fn numbers_of_runs_have_their_form() {
        let outliers = |runs| Warning::Outliers {
            runs,
            named: vec![NamedRuns {
                configuration: "npy/u8 · none".to_owned(),
                blocks: vec![2, 4],
            }],
        };
        let told = |runs| warning(Language::Latvian, &outliers(runs));
        assert!(told(1).starts_with("1 palaidums ir ieskaitīts"));
        assert!(told(2).starts_with("2 palaidumi ir ieskaitīti"));
        assert!(told(11).starts_with("11 palaidumu ir ieskaitīti"));
        assert!(told(2).ends_with("npy/u8 · none, bloki: 3, 5"));
    }
}
