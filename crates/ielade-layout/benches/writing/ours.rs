//! Ielāde's writers.

use crate::{Phases, images::Images};
use ielade_core::{ImageShape, LayoutId, Normalisation};
use ielade_layout::{
    PrepareRequest, SampleSource, prepare,
    registry::{self, StorePlan},
};
use ielade_testing::contest::{Contest, Failure, Pass};
use std::{path::Path, sync::atomic::AtomicBool, time::Instant};

/// Adds the layout's writer and gives the seconds that its phases will take.
pub(crate) fn add_writer<'a>(
    contest: &mut Contest<'a>,
    layout: &LayoutId,
    images: &'a Images,
    place: &Path,
) -> Phases {
    let phases = Phases::default();
    let kept = Phases::clone(&phases);
    let (layout, place) = (layout.clone(), place.to_owned());
    contest.add(layout.to_string(), move |round| {
        std::fs::create_dir(&place)?;
        let seconds = write(&layout, images, &place)?;
        std::fs::remove_dir_all(&place)?;
        let total = seconds.iter().sum();
        if round > 0 {
            kept.borrow_mut().push(seconds);
        }
        Ok(Pass {
            images: images.count() as u64,
            seconds: total,
        })
    });
    phases
}

/// Writes all images; gives the seconds of push, sync and finish.
fn write(layout: &LayoutId, images: &Images, place: &Path) -> Result<Vec<f64>, Failure> {
    let start = Instant::now();
    let mut writer = (registry::check(layout)?.create)(&StorePlan {
        folder: place,
        split: images.split(),
        encoding: layout.encoding,
        options: &layout.container_options,
        shape: ImageShape::Fixed(images.size()),
        classes: images.classes(),
        expected: images.count() as u32,
        written: 0,
    })?;
    for index in 0..images.count() {
        writer.push(&images.sample(index))?;
    }
    let pushed = start.elapsed().as_secs_f64();
    writer.checkpoint()?;
    let synced = start.elapsed().as_secs_f64();
    writer.finish()?;
    let all = start.elapsed().as_secs_f64();
    Ok(vec![pushed, synced - pushed, all - synced])
}

/// Adds the whole of `prepare`; gives its name.
pub(crate) fn add_prepare<'a>(
    contest: &mut Contest<'a>,
    layout: &LayoutId,
    images: &'a Images,
    place: &Path,
) -> String {
    let name = format!("{layout}, prepare");
    let (layout, place) = (layout.clone(), place.to_owned());
    contest.add(&name, move |_| {
        let pass = Pass::timed(|| {
            prepare_store(&layout, images, &place)?;
            Ok::<_, Failure>(images.count() as u64)
        });
        std::fs::remove_dir_all(&place)?;
        pass
    });
    name
}

/// Makes a store.
pub(crate) fn prepare_store(
    layout: &LayoutId,
    images: &Images,
    place: &Path,
) -> Result<(), Failure> {
    let normalisation = Normalisation::identity(3);
    let request = PrepareRequest::new(layout.clone(), place.to_owned(), normalisation);
    prepare(&request, images, &mut |_| {}, &AtomicBool::new(false))?;
    Ok(())
}
