//! What is said of an experiment before its result: how long it takes, and what it can find.

use crate::progress;
use anyhow::{Context, bail};
use ielade::{
    bench::{
        pilot::{Forecast, GroupForecast, POWER, Pilot},
        plan::Plan,
        precision::Widest,
        records,
    },
    report::figures,
};
use std::path::Path;

/// Blocks up to which a scatter is known within a factor of about 2.
const ROUGH: u32 = 3;

/// What can be said before the first run: by the results of a pilot that was named, else by what is
/// in the folder of this experiment already.
pub(super) fn beforehand(
    plan: &Plan,
    named: Option<&Path>,
    out: &Path,
) -> anyhow::Result<Vec<String>> {
    let Some(folder) = named else {
        let earlier = records::read(out).ok();
        let forecast = earlier
            .and_then(|found| Pilot::of(&found.records))
            .and_then(|pilot| pilot.forecast(plan));
        return Ok(forecast.map_or_else(Vec::new, |found| lines(plan, &found)));
    };
    let found = records::read(folder)
        .with_context(|| format!("cannot read the pilot {}", folder.display()))?;
    let forecast = Pilot::of(&found.records).and_then(|pilot| pilot.forecast(plan));
    match forecast {
        Some(found) => Ok(lines(plan, &found)),
        None => bail!("the pilot {} has no run that counts", folder.display()),
    }
}

/// A forecast in words, a line each.
pub(super) fn lines(plan: &Plan, forecast: &Forecast) -> Vec<String> {
    let mut lines = vec![format!(
        "about {} for {} of runs, going by {}",
        progress::duration(forecast.seconds),
        blocks(plan.blocks),
        match forecast.pilot_blocks {
            0 => "a few runs".to_owned(),
            count => blocks(count),
        }
    )];
    for group in &forecast.groups {
        lines.push(format!(
            "  {}: {}",
            name(plan, group),
            findable(plan, forecast, group)
        ));
        if let (Some(target), Some(needed)) = (plan.target_ci, group.blocks_to_target) {
            lines.push(format!(
                "    intervals as narrow as {} need about {} ({} at most)",
                figures::percent(target),
                blocks(needed),
                plan.block_limit()
            ));
        }
    }
    lines
}

/// How narrow the intervals are, in words.
pub(super) fn precision_line(plan: &Plan, done: u32, widest: &Widest) -> String {
    let target = plan.target_ci.unwrap_or_default();
    let reached = if widest.half_width.is_finite() {
        format!("within {}", figures::percent(widest.half_width))
    } else {
        "not known at all".to_owned()
    };
    let next = if widest.half_width <= target {
        "as narrow as asked for"
    } else if done < plan.block_limit() {
        "another block follows"
    } else {
        "no more blocks are allowed"
    };
    format!(
        "after {}: {} is {reached}, {} is asked for; {next}",
        blocks(done),
        widest.configuration,
        figures::percent(target)
    )
}

fn findable(plan: &Plan, forecast: &Forecast, group: &GroupForecast) -> String {
    let found = match group.detectable_ratio {
        Some(ratio) => format!(
            "differences of {} and more are found in {} of 10 experiments like this",
            figures::percent(ratio - 1.0),
            (POWER * 10.0).round()
        ),
        None if plan.blocks == 1 => "no difference can be found in 1 block".to_owned(),
        None => format!("{} are too few to find a difference", blocks(plan.blocks)),
    };
    let rough = if forecast.pilot_blocks <= ROUGH {
        ", a rough figure by so few"
    } else {
        ""
    };
    format!(
        "{found} ({} corrected for; ratios scatter by {} from block to block{rough})",
        counted(forecast.comparisons, "comparison"),
        figures::percent(group.deviation)
    )
}

fn name(plan: &Plan, group: &GroupForecast) -> String {
    if plan.cache.len() > 1 {
        format!("{}, {}", group.consumer, group.cache)
    } else {
        group.consumer.clone()
    }
}

fn blocks(count: u32) -> String {
    counted(count, "block")
}

fn counted(count: u32, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
