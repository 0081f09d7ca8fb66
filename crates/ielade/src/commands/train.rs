//! `ielade train`: a model from a store.

use super::watching::{Watching, foreign_names, loader_settings};
use crate::{arguments::TrainOptions, exit::Exit};
use ielade::{
    core::{
        training::TrainingSettings,
        worker_protocol::{BatchOrigin, CacheState, Consumer, Job, PROTOCOL_VERSION},
    },
    worker::run_job,
};

pub(crate) fn run(options: &TrainOptions) -> anyhow::Result<Exit> {
    let job = Job {
        protocol: PROTOCOL_VERSION,
        train_store: options.store.clone(),
        test_store: options.test.clone(),
        names: foreign_names(&options.names),
        loader: loader_settings(&options.loader),
        consumer: Consumer::Model(TrainingSettings {
            model: options.model,
            optimiser: options.optimiser,
            learning_rate: options.learning_rate,
            schedule: options.schedule,
            weight_decay: options.weight_decay,
        }),
        epochs: options.epochs,
        seed: options.loader.seed,
        cache: CacheState::AsIs,
        batches: BatchOrigin::Store,
        memory_limit: None,
        save_weights: options.save_weights.clone(),
    };
    let mut watching = Watching::new(options.loader.batch_size, options.events.as_deref())?;
    let result = run_job(&job, &mut watching);
    watching.finish()?;
    result?;
    if let Some(path) = &options.save_weights {
        println!("weights saved to {}", path.display());
    }
    Ok(Exit::Done)
}
