//! Ctrl-C: the first asks to stop at the next safe point, the second stops at once.

use anyhow::Context;
use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);

/// A flag that Ctrl-C (or SIGTERM) sets. From now on it no longer ends the process by itself.
pub(crate) fn stop_flag() -> anyhow::Result<&'static AtomicBool> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        eprintln!("\nstopping at the next safe point (Ctrl-C again to stop at once) ...");
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(&STOP)
}
