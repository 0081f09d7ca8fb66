//! The plan of `ielade bench` without arguments: the demo set, five minutes on two cores.

use super::super::data_source::DEMO;
use ielade::{
    bench::plan::{ConsumerPlan, DataPlan, Plan, PlanError},
    core::{
        Element, Encoding, LayoutId,
        training::{ModelName, TrainingSettings},
        worker_protocol::Consumer,
    },
};

/// Layouts of the demo plan, the baseline first. Few, since the promise is an answer in minutes; the
/// others are in the plans under `experiments`.
const LAYOUTS: [(&str, Encoding); 6] = [
    ("files", Encoding::Jpeg),
    ("files", Encoding::Png),
    ("npy", Encoding::Raw(Element::U8)),
    ("npy", Encoding::Raw(Element::U16)),
    ("npy", Encoding::Raw(Element::F16)),
    ("npy", Encoding::Raw(Element::F32)),
];

/// The demo plan: image files and arrays in their usual encodings, three consumers.
pub(super) fn demo() -> Result<Plan, PlanError> {
    let layouts = LAYOUTS.map(|(container, encoding)| LayoutId::new(container, encoding));
    let baseline = layouts[0].clone();
    let consumers = vec![
        ConsumerPlan {
            consumer: Consumer::None,
            epochs: Some(10),
        },
        ConsumerPlan {
            consumer: Consumer::fixed_step(2.0),
            epochs: Some(3),
        },
        ConsumerPlan {
            consumer: Consumer::Model(TrainingSettings::of(ModelName::Mlp)),
            epochs: Some(2),
        },
    ];
    let mut plan = Plan::new(DEMO, DataPlan::of(DEMO), layouts.to_vec(), consumers)?;
    plan.baseline = baseline;
    plan.validate()?;
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The README promises five minutes; a run takes about a second.
    #[test]
    fn the_demo_plan_stays_a_matter_of_minutes() {
        let plan = demo().expect("a valid plan");
        let runs = plan.configurations().len() * plan.blocks as usize;
        assert!((100..=240).contains(&runs), "{runs} runs");
        assert_eq!(plan.baseline, plan.layouts[0]);
    }
}
