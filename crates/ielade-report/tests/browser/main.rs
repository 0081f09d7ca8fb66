//! The page in a browser: charts are drawn, nothing goes wrong, nothing is asked for, and filter,
//! sorting, copying and hovering work.

#[path = "../sample/mod.rs"]
mod sample;

use ielade_bench::{analysis::analyse, record::Record};
use ielade_report::{Language, html_in};
use ielade_testing::{Browser, browser, run, test};
use serde_json::Value;

fn main() -> std::process::ExitCode {
    run(vec![
        test(
            "every_chart_is_drawn_without_an_error_or_a_request",
            browser(),
            every_chart_is_drawn,
        ),
        test(
            "samples_and_sizes_of_the_images_are_drawn_and_stay_under_any_filter",
            browser(),
            images_are_drawn,
        ),
        test(
            "records_without_caches_steps_and_series_have_a_page_without_their_charts",
            browser(),
            a_small_experiment_has_fewer_charts,
        ),
        test(
            "charts_of_other_consumers_are_drawn_when_their_box_opens",
            browser(),
            other_consumers_are_drawn_on_demand,
        ),
        test(
            "an_experiment_without_a_run_has_a_page",
            browser(),
            no_run_no_chart,
        ),
        test(
            "the_filter_in_the_address_holds_for_tables_and_charts",
            browser(),
            the_filter_works,
        ),
        test(
            "a_choice_in_the_filter_stands_in_the_address",
            browser(),
            a_choice_is_kept,
        ),
        test(
            "a_click_on_a_heading_sorts_and_a_table_is_copied_with_intervals",
            browser(),
            sorting_and_copying,
        ),
        test(
            "a_mark_that_is_pointed_at_tells_its_figures",
            browser(),
            hovering,
        ),
        test(
            "the_latvian_page_draws_and_tells_in_latvian",
            browser(),
            latvian_charts,
        ),
        test(
            "the_theme_changes_the_colours",
            browser(),
            the_theme_changes,
        ),
    ])
}

/// Notes whatever goes wrong, before anything else on the page runs.
const WATCH: &str = "<script>
window.wrong = [];
addEventListener('error', (event) => wrong.push(String(event.message)));
addEventListener('unhandledrejection', (event) => wrong.push(String(event.reason)));
document.addEventListener('securitypolicyviolation', (event) => wrong.push(event.violatedDirective + ' ' + event.blockedURI));
for (const kind of ['error', 'warn']) console[kind] = (...all) => wrong.push(all.join(' '));
</script>";

/// What the questions have in common.
const COMMON: &str = "
const shown = (element) => element.getClientRects().length > 0 && !element.closest('details:not([open])');
const panelsOf = (figure) => [...figure.querySelectorAll('.panel')].filter(shown);
const panels = () => [...document.querySelectorAll('[data-figure]')].map((figure) => ({
  kind: figure.dataset.figure,
  panels: panelsOf(figure).map((panel) => ({
    title: panel.querySelector('h4').textContent,
    paths: panel.querySelectorAll('svg path').length,
    text: [...panel.querySelectorAll('svg text')].map((text) => text.textContent).join('|'),
  })),
}));
const rowsOf = (table) => [...table.tBodies[0].rows].filter(shown).map((row) => row.querySelector('th').dataset.value);
const results = () => [...document.querySelectorAll('table.results')].filter(shown).map((table) => ({
  title: table.closest('.block').querySelector('h3').firstChild.textContent.trim(),
  rows: rowsOf(table),
}));
";

/// Opens the page of these records and asks it a question, a body of an asynchronous function; the
/// answer must be JSON. Nothing may go wrong meanwhile.
fn ask(browser: &Browser, records: &[Record], fragment: &str, question: &str) -> Value {
    ask_in(Language::English, browser, records, (fragment, question))
}

/// The same in a language.
fn ask_in(
    language: Language,
    browser: &Browser,
    records: &[Record],
    (fragment, question): (&str, &str),
) -> Value {
    let analysis = analyse(records).expect("the records make sense");
    let page = html_in(language, &analysis, records).expect("the page can be made");
    let asking = format!(
        "<script>addEventListener('load', () => setTimeout(async () => {{
          {COMMON}
          const answer = await (async () => {{ {question} }})();
          const requests = performance.getEntriesByType('resource').map((entry) => entry.name);
          const box = document.createElement('pre');
          box.id = 'answer';
          box.textContent = encodeURIComponent(JSON.stringify({{ answer, wrong, requests }}));
          document.body.append(box);
        }}, 100));</script></body>"
    );
    let page = page.replacen("<head>", &format!("<head>{WATCH}"), 1);
    let (before, after) = page.rsplit_once("</body>").expect("the page has a body");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("report.html");
    std::fs::write(&file, format!("{before}{asking}{after}")).expect("the folder is writable");
    let visit = browser.visit(&file, fragment, folder.path());
    let answer = answer_in(&visit.document);
    assert_eq!(answer["wrong"], serde_json::json!([]));
    assert_eq!(answer["requests"], serde_json::json!([]));
    assert_eq!(visit.console, Vec::<String>::new());
    answer["answer"].clone()
}

fn answer_in(document: &str) -> Value {
    let (_, behind) = document
        .split_once("<pre id=\"answer\">")
        .expect("the page's scripts ran to their end");
    let (encoded, _) = behind.split_once("</pre>").expect("the element ends");
    let mut bytes = Vec::new();
    let mut rest = encoded.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let code = others.get(..2).filter(|_| *first == b'%');
        let byte = code.and_then(|code| {
            let digits = std::str::from_utf8(code).ok()?;
            u8::from_str_radix(digits, 16).ok()
        });
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &others[2..] } else { others };
    }
    serde_json::from_slice(&bytes).expect("the answer is JSON")
}

fn kinds(figures: &Value) -> Vec<&str> {
    let figures = figures.as_array().into_iter().flatten();
    figures.filter_map(|one| one["kind"].as_str()).collect()
}

fn panels<'a>(figures: &'a Value, kind: &str) -> Vec<&'a Value> {
    let figures = figures.as_array().into_iter().flatten();
    let found = figures.filter(|figure| figure["kind"] == kind);
    found
        .flat_map(|figure| figure["panels"].as_array().into_iter().flatten())
        .collect()
}

fn every_chart_is_drawn(browser: &Browser) {
    let figures = ask(browser, &sample::rich::records(3), "", "return panels();");
    assert_eq!(
        kinds(&figures),
        [
            "total", "epoch", "epochs", "split", "stall", "series", "size", "curves", "drift"
        ]
    );
    for kind in kinds(&figures) {
        let drawn = panels(&figures, kind);
        assert!(!drawn.is_empty(), "{kind}");
        for panel in drawn {
            assert!(panel["paths"].as_u64() > Some(5), "{kind}: {panel}");
        }
    }
    let total = panels(&figures, "total");
    let titles: Vec<_> = total.iter().map(|panel| &panel["title"]).collect();
    assert_eq!(
        titles,
        ["Training cnn, warm cache", "Training cnn, cold cache"]
    );
    let text = total[0]["text"].as_str().unwrap_or_default();
    for name in ["files/jpeg", "npy/f32", "files/jpeg (control)"] {
        assert!(text.contains(name), "{text}");
    }
}

fn images_are_drawn(browser: &Browser) {
    let answer = ask(
        browser,
        &sample::rich::records(1),
        "filter=layout:npy%2Fu8;consumer:none;cache:cold",
        "const images = [...document.querySelectorAll('.samples img')];
         await Promise.all(images.map((image) => image.decode()));
         const marks = [...document.querySelectorAll('.sizes .mark-of-size')];
         return {
           images: images.map((image) => [image.naturalWidth, image.getClientRects()[0].width, image.alt]),
           marks: marks.filter((mark) => mark.getBoundingClientRect().width > 1).length,
           colour: getComputedStyle(marks[0]).fill,
           results: results().length,
           wide: document.documentElement.scrollWidth <= innerWidth,
         };",
    );
    assert_eq!(
        answer["images"],
        serde_json::json!([[1, 64, "Sample of class cat & <dog>"], [1, 64, "Sample"]])
    );
    assert_eq!(answer["marks"], 4);
    assert_ne!(answer["colour"], "rgb(0, 0, 0)");
    assert_eq!(answer["results"], 1);
    assert_eq!(answer["wide"], true);
}

fn other_consumers_are_drawn_on_demand(browser: &Browser) {
    let figures = ask(
        browser,
        &sample::rich::records(2),
        "",
        "document.querySelector('[data-figure=total] details.more').open = true;
         await new Promise((resolve) => setTimeout(resolve, 200));
         return panels();",
    );
    let total = panels(&figures, "total");
    assert_eq!(total.len(), 12);
    for panel in total {
        assert!(panel["paths"].as_u64() > Some(5), "{panel}");
    }
    assert_eq!(panels(&figures, "epoch").len(), 2);
}

fn a_small_experiment_has_fewer_charts(browser: &Browser) {
    let figures = ask(browser, &sample::records(3), "", "return panels();");
    assert_eq!(
        kinds(&figures),
        ["total", "epoch", "epochs", "size", "curves", "drift"]
    );
    assert_eq!(panels(&figures, "total").len(), 3);
}

fn no_run_no_chart(browser: &Browser) {
    let answer = ask(
        browser,
        &sample::rich::records(0),
        "",
        "return [panels(), document.querySelector('h1').textContent];",
    );
    assert_eq!(answer[0], serde_json::json!([]));
    assert_eq!(answer[1], "No run completed");
}

fn the_filter_works(browser: &Browser) {
    let answer = ask(
        browser,
        &sample::rich::records(3),
        "filter=layout:npy%2Fu8,files%2Fpng;consumer:none;cache:cold",
        "return { results: results(), figures: panels(), \
           told: document.querySelector('[data-told]').textContent };",
    );
    assert_eq!(answer["told"], "2 of 8 layouts are shown. · none · cold");
    assert_eq!(
        answer["results"],
        serde_json::json!([
            { "title": "Loader alone, cold cache", "rows": ["files/png", "npy/u8"] }
        ])
    );
    let total = panels(&answer["figures"], "total");
    assert_eq!(total.len(), 1);
    let text = total[0]["text"].as_str().unwrap_or_default();
    assert!(text.contains("npy/u8") && text.contains("files/png"));
    assert!(!text.contains("files/jpeg"), "{text}");
}

fn a_choice_is_kept(browser: &Browser) {
    let answer = ask(
        browser,
        &sample::rich::records(2),
        "",
        "const bar = document.getElementById('filter');
         bar.querySelector('[data-choose=cache]').value = 'cold';
         bar.querySelector('input').click();
         const chosen = [location.hash, results()[0]];
         bar.querySelector('[data-reset]').click();
         return [...chosen, location.hash, results()[0].rows.length];",
    );
    let hash = answer[0].as_str().unwrap_or_default();
    assert!(hash.ends_with(";cache:cold"), "{hash}");
    assert!(
        !hash.contains("files%2Fjpeg") || hash.contains("webdataset"),
        "{hash}"
    );
    assert_eq!(answer[1]["title"], "Training cnn, cold cache");
    assert_eq!(answer[1]["rows"].as_array().map(Vec::len), Some(7));
    assert_eq!((&answer[2], &answer[3]), (&"".into(), &8.into()));
}

fn sorting_and_copying(browser: &Browser) {
    let answer = ask(
        browser,
        &sample::records(3),
        "",
        "let copied = '';
         Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { copied = text; } } });
         const table = document.querySelector('table.results');
         const heading = [...table.tHead.rows[0].cells].find((cell) => cell.dataset.name?.startsWith('Total time'));
         const orders = [rowsOf(table)];
         heading.querySelector('button').click();
         orders.push(rowsOf(table));
         heading.querySelector('button').click();
         orders.push(rowsOf(table));
         table.closest('.block').querySelector('[data-copy]').click();
         await new Promise((resolve) => setTimeout(resolve, 50));
         return [orders, copied];",
    );
    let shortest_first = ["npy/u8", "npy/f16", "npy/f32", "files/jpeg", "files/png"];
    assert_eq!(answer[0][1], serde_json::json!(shortest_first));
    let mut longest_first = shortest_first;
    longest_first.reverse();
    assert_eq!(answer[0][2], serde_json::json!(longest_first));
    let copied = answer[1].as_str().unwrap_or_default();
    assert!(
        copied.starts_with("Layout\tTotal time (ms)\tTotal time (ms) low\tTotal time (ms) high\t")
            || copied
                .starts_with("Layout\tTotal time (s)\tTotal time (s) low\tTotal time (s) high\t"),
        "{copied}"
    );
    assert_eq!(copied.lines().count(), 6);
}

fn hovering(browser: &Browser) {
    let answer = ask(
        browser,
        &sample::rich::records(3),
        "",
        "const canvas = document.querySelector('[data-figure=total] .canvas');
         const chart = echarts.getInstanceByDom(canvas);
         const told = [];
         for (const seriesIndex of [0, 1]) {
           chart.dispatchAction({ type: 'showTip', seriesIndex, dataIndex: 0 });
           await new Promise((resolve) => setTimeout(resolve, 300));
           told.push([...canvas.children].map((child) => child.innerText ?? '').join(' '));
         }
         return told;",
    );
    let run = answer[0].as_str().unwrap_or_default();
    assert!(
        run.contains("files/jpeg") && run.contains("block 1"),
        "{run}"
    );
    let mean = answer[1].as_str().unwrap_or_default();
    assert!(mean.contains("mean of 3 runs"), "{mean}");
    assert!(mean.contains("95 % interval"), "{mean}");
}

fn the_theme_changes(browser: &Browser) {
    let colours = |fragment: &str| {
        ask(
            browser,
            &sample::records(1),
            fragment,
            "return [getComputedStyle(document.body).backgroundColor, \
               document.querySelector('[data-figure=total] svg text').getAttribute('fill')];",
        )
    };
    let (light, dark) = (colours("theme=light"), colours("theme=dark"));
    assert_ne!(light[0], dark[0]);
    assert_ne!(light[1], dark[1]);
}

fn latvian_charts(browser: &Browser) {
    let question = "const canvas = document.querySelector('[data-figure=total] .canvas');
         echarts.getInstanceByDom(canvas).dispatchAction({ type: 'showTip', seriesIndex: 1, dataIndex: 0 });
         await new Promise((resolve) => setTimeout(resolve, 300));
         const tip = [...canvas.children].map((child) => child.innerText ?? '').join(' ');
         const told = document.querySelector('[data-told]').textContent;
         return { figures: panels(), tip, told, theme: document.getElementById('theme').textContent };";
    let fragment = "filter=consumer:none;cache:cold";
    let answer = ask_in(
        Language::Latvian,
        browser,
        &sample::rich::records(4),
        (fragment, question),
    );
    for kind in kinds(&answer["figures"]) {
        for panel in panels(&answer["figures"], kind) {
            assert!(panel["paths"].as_u64() > Some(5), "{kind}: {panel}");
        }
    }
    assert_eq!(
        answer["told"],
        "Redzami visi izkārtojumi: 8. · tikai ielādētājs · auksta"
    );
    assert_eq!(answer["theme"], "Izskats: kā sistēmā");
    let tip = answer["tip"].as_str().unwrap_or_default();
    assert!(tip.contains("palaidumu vidējais: "), "{tip}");
    assert!(tip.contains("95 % ticamības intervāls"), "{tip}");
    let curves = panels(&answer["figures"], "size");
    let text = curves[0]["text"].as_str().unwrap_or_default();
    assert!(text.contains("apmācības krātuve"), "{text}");
    let strips = panels(&answer["figures"], "total");
    let text = strips[0]["text"].as_str().unwrap_or_default();
    assert!(text.contains(',') && !text.contains('.'), "{text}");
}
