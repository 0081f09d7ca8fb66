//! `ielade load`: one loader, timed by hand.

use super::watching::{Watching, foreign_names, loader_settings};
use crate::{arguments::LoadOptions, exit::Exit};
use ielade::{
    core::worker_protocol::{BatchOrigin, CacheState, Consumer, Job, PROTOCOL_VERSION},
    worker::run_job,
};

pub(crate) fn run(options: &LoadOptions) -> anyhow::Result<Exit> {
    let job = Job {
        protocol: PROTOCOL_VERSION,
        train_store: options.store.clone(),
        test_store: None,
        names: foreign_names(&options.names),
        loader: loader_settings(&options.loader),
        consumer: Consumer::None,
        epochs: options.epochs,
        seed: options.loader.seed,
        cache: if options.cold {
            CacheState::Cold
        } else {
            CacheState::Warm
        },
        batches: BatchOrigin::Store,
        memory_limit: None,
        save_weights: None,
    };
    let mut watching = Watching::new(options.loader.batch_size, None)?;
    let result = run_job(&job, &mut watching);
    watching.finish()?;
    result?;
    Ok(Exit::Done)
}
