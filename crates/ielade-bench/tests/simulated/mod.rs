//! Records of experiments that never ran: times drawn from a known truth.

use ielade_bench::{
    plan::{ConsumerPlan, DataPlan, Plan},
    record::{
        Configuration, DataSetSummary, Environment, ExperimentRecord, Outcome, ProbeSummary,
        Record, RunRecord, SessionRecord,
    },
    schedule::block_order,
};
use ielade_core::worker_protocol::{CacheState, Consumer, Done, EpochReport, Ready};

const CREATED: &str = "2026-01-01T00:00:00.000Z";

/// A plan over these layouts; the first one is the baseline.
pub(crate) fn plan(layouts: &[&str], consumers: Vec<Consumer>) -> Plan {
    let layouts = layouts.iter().map(|name| name.parse().unwrap()).collect();
    let consumers = consumers.into_iter().map(ConsumerPlan::of).collect();
    Plan::new("simulated", DataPlan::of("demo"), layouts, consumers).unwrap()
}

/// The records of a plan: `epochs` gives each epoch of a configuration's run in a block.
pub(crate) fn records(
    plan: &Plan,
    mut epochs: impl FnMut(&Configuration, u32) -> Vec<EpochReport>,
) -> Vec<Record> {
    let configurations = plan.configurations();
    let mut records = vec![experiment(plan), session()];
    for block in 0..plan.blocks {
        let order = block_order(plan.seed, block, configurations.len() as u32);
        for (position, index) in (0..).zip(order) {
            let configuration = &configurations[index as usize];
            let run = RunRecord {
                configuration: index,
                block,
                position,
                ..run(configuration, epochs(configuration, block))
            };
            records.push(Record::Run(Box::new(run)));
        }
    }
    records
}

/// An epoch of so many seconds, of which the consumer waited a share.
pub(crate) fn epoch(number: u32, seconds: f64, wait_share: f64) -> EpochReport {
    EpochReport {
        epoch: number,
        seconds,
        wait_seconds: seconds * wait_share,
        steps: 8,
        images: 1000,
        ..EpochReport::default()
    }
}

fn experiment(plan: &Plan) -> Record {
    Record::Experiment(Box::new(ExperimentRecord {
        format_version: 1,
        program: "test 1".to_owned(),
        created: CREATED.to_owned(),
        configurations: plan.configurations(),
        plan: plan.clone(),
        data_set: DataSetSummary {
            name: "demo".to_owned(),
            classes: Vec::new(),
            train_samples: 1000,
            test_samples: 0,
            image: "32×32×3".to_owned(),
            ..DataSetSummary::default()
        },
        stores: Vec::new(),
        environment: Environment::default(),
    }))
}

fn session() -> Record {
    Record::Session(Box::new(SessionRecord {
        at: CREATED.to_owned(),
        runs_before: 0,
        environment: Environment::default(),
    }))
}

fn run(configuration: &Configuration, epochs: Vec<EpochReport>) -> RunRecord {
    let residency = match configuration.cache {
        CacheState::Cold | CacheState::ColdFirst => 0.0,
        CacheState::Warm | CacheState::AsIs => 1.0,
    };
    RunRecord {
        configuration: 0,
        block: 0,
        position: 0,
        started: CREATED.to_owned(),
        process_seconds: 1.0,
        load_before: None,
        outcome: Outcome::Completed,
        ready: Some(Ready {
            protocol: 1,
            worker: "w".to_owned(),
            device: "cpu".to_owned(),
            threads: 2,
            samples: 1000,
            setup_seconds: 0.5,
            cache_seconds: 0.0,
            residency: Some(residency),
            parameters: None,
            order: None,
            guesses: Vec::new(),
        }),
        done: Some(Done {
            training_seconds: epochs.iter().map(|epoch| epoch.seconds).sum(),
            evaluation_seconds: 0.0,
            order_digest: None,
            evaluation: None,
        }),
        epochs,
        probe: ProbeSummary::default(),
        series: None,
        marks: Vec::new(),
        attempt: 0,
    }
}
