//! The page and the documents in Latvian.

use crate::{page::markup, sample};
use ielade_bench::analysis::analyse;
use ielade_report::{Format, Language, formats, html_in};

fn page() -> String {
    let records = sample::rich::records(3);
    let analysis = analyse(&records).expect("the records make sense");
    html_in(Language::Latvian, &analysis, &records).expect("the page can be made")
}

#[test]
fn the_page_says_its_language_and_speaks_it() {
    let page = page();
    assert!(page.contains("<html lang=\"lv\">"));
    let page = markup(&page);
    for latvian in [
        "Rezultāti",
        "Kas tika mērīts",
        "Modeļa cnn apmācība, auksta kešatmiņa",
        "files&#x2f;jpeg (kontrole)",
        "dators bija noslogots: ",
        "kešatmiņa nebija auksta: pirms 2. epohas tajā bija 34,0 % krātuves",
        "palaidums tika atkārtots, un ieskaitīts ir atkārtojums",
        "pabeigti bloki: 2 no 10",
        "50\u{a0}000 attēlu",
    ] {
        assert!(page.contains(latvian), "{latvian}");
    }
    for english in [
        "Total time",
        "Warnings",
        " layouts",
        " runs ",
        " block ",
        " cache",
        "yes<",
        "mean of",
    ] {
        assert!(!page.contains(english), "{english}");
    }
}

#[test]
fn a_latvian_page_lies_beside_the_english_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let records = sample::records(1);
    let analysis = analyse(&records).expect("the records make sense");
    for language in Language::ALL {
        let experiment = (&analysis, records.as_slice());
        formats::write(Format::Html, language, experiment, folder.path()).expect("it is written");
    }
    for name in ["report.html", "report.lv.html"] {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
}

#[test]
fn warnings_of_the_documents_are_in_their_language() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let records = sample::rich::records(3);
    let analysis = analyse(&records).expect("the records make sense");
    let experiment = (&analysis, records.as_slice());
    formats::write(
        Format::Markdown,
        Language::Latvian,
        experiment,
        folder.path(),
    )
    .expect("it is written");
    let text = std::fs::read_to_string(folder.path().join("report.lv.md")).expect("it is there");
    for latvian in [
        "neizdevās un netiek ieskaitīts 1 palaidums; pēdējā ziņojums: the worker was ended",
        "kešatmiņa nebija auksta 1 palaidumā, kas tāpēc netiek ieskaitīts",
        "pabeigti bloki: 2 no 10",
        "atkārtoto palaidumu skaits 1",
    ] {
        assert!(text.contains(latvian), "{latvian} in\n{text}");
    }
}
