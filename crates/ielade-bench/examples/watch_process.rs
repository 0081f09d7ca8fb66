//! Watches any process from outside for a while, as a worker is watched, and prints what was seen
//! and what watching cost: `watch_process PID SECONDS [FOLDER]`.

use ielade_bench::probe::Probe;
use std::{
    error::Error,
    path::Path,
    thread,
    time::{Duration, Instant},
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pid, seconds, folder @ ..] = arguments.as_slice() else {
        return Err("usage: watch_process PID SECONDS [FOLDER]".into());
    };
    let folder = folder.first().map_or(".", String::as_str);
    let end = Instant::now() + Duration::try_from_secs_f64(seconds.parse()?)?;
    let mut probe = Probe::of(pid.parse()?, Path::new(folder));
    while Instant::now() < end {
        probe.sample();
        thread::sleep(Duration::from_millis(100));
    }
    println!("{}", serde_json::to_string_pretty(&probe.summary())?);
    Ok(())
}
