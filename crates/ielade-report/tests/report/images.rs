//! The section on the images.

use crate::{
    page::{markup, page_of},
    sample,
};
use ielade_bench::record::Record;

fn markup_with(change: fn(&mut ielade_bench::record::DataSetSummary)) -> String {
    let mut records = sample::rich::records(1);
    if let Some(Record::Experiment(experiment)) = records.first_mut() {
        change(&mut experiment.data_set);
    }
    markup(&page_of(&records))
}

/// What stands behind the heading of the section, up to its end.
fn section(markup: &str) -> Option<&str> {
    let (_, section) = markup.split_once("<h2 id=\"images\">")?;
    section.split_once("</section>").map(|(section, _)| section)
}

#[test]
fn samples_sizes_and_classes_stand_on_the_page() {
    let markup = markup_with(|_| {});
    let section = section(&markup).expect("there are images");
    assert!(section.contains("2,000 of 60,000 images"), "{section}");
    assert_eq!(
        section
            .matches("<img src=\"data:image&#x2f;png;base64,")
            .count(),
        2
    );
    assert!(section.contains("alt=\"Sample of class cat &amp; &lt;dog&gt;\""));
    assert_eq!(section.matches("class=\"mark-of-size\"").count(), 4);
    assert!(section.contains("260–400×337–520 pixels: 1,200 images, 60.0 %"));
    assert!(section.contains("110–3,456, median 320"));
    assert!(section.contains("20,000") && section.contains("All 3 classes"));
}

#[test]
fn every_image_is_inside_the_page() {
    let markup = markup_with(|_| {});
    for (at, _) in markup.match_indices("src=") {
        let target = markup[at + 4..].trim_start_matches('"');
        assert!(
            target.starts_with("data:image&#x2f;png;base64,"),
            "{target:.40}"
        );
    }
}

#[test]
fn without_thumbnails_no_picture_is_shown_and_sizes_are() {
    let markup = markup_with(|data_set| data_set.thumbnails.clear());
    let section = section(&markup).expect("sizes are known");
    assert!(!section.contains("<img") && !section.contains("Samples"));
    assert!(section.contains("mark-of-size"));
}

#[test]
fn images_of_one_size_need_no_chart() {
    let markup = markup_with(|data_set| {
        if let Some(found) = &mut data_set.composition {
            found.sizes.truncate(1);
            found.sizes[0].width = [32; 2];
            found.sizes[0].height = [32; 2];
        }
    });
    let section = section(&markup).expect("sizes are known");
    assert!(section.contains("All are 32 pixels wide and 32 high."));
    assert!(!section.contains("<svg"));
}

#[test]
fn records_that_say_nothing_of_the_images_have_no_such_section() {
    let markup = markup(&page_of(&sample::records(1)));
    assert_eq!(section(&markup), None);
}
