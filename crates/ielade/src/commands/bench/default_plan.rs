//! The plan of `ielade bench` without arguments: the demo set, five minutes on two cores.

use super::super::data_source::DEMO;
use ielade::{
    bench::plan::{ConsumerPlan, DataPlan, Plan, PlanError},
    core::{
        Encoding, LayoutId,
        training::{ModelName, TrainingSettings},
        worker_protocol::Consumer,
    },
    layout::registry,
};

/// The demo plan: every container with every encoding that it holds, three consumers.
pub(super) fn demo() -> Result<Plan, PlanError> {
    let layouts = registry::layouts().collect();
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
    let mut plan = Plan::new(DEMO, DataPlan::of(DEMO), layouts, consumers)?;
    plan.baseline = LayoutId::new("files", Encoding::Jpeg);
    plan.validate()?;
    Ok(plan)
}
