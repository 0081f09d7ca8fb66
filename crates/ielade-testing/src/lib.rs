//! What tests need from outside, and what becomes of a test where it is not there.
//!
//! Real images, Python packages and a browser are not part of the project. A test that needs them must not
//! count as passed where they are missing, and Rust's own test harness has no word for that at
//! run time; so such tests have a target of their own (`harness = false`) that reports them as
//! ignored:
//!
//! ```no_run
//! use ielade_testing::{python_with, real_images, run, test};
//!
//! fn main() -> std::process::ExitCode {
//!     run(vec![
//!         test("cifar10_is_unpacked", real_images("cifar10-jpeg.zip"), |archive| {
//!             assert!(archive.is_file());
//!         }),
//!         test("numpy_counts", python_with(&["numpy"]), |python| {
//!             python.run("import numpy; assert numpy.arange(3).sum() == 3", ".".as_ref());
//!         }),
//!     ])
//! }
//! ```
//!
//! [`contest`] and [`Served`] measure one thing against another, in turns. [`server::TestServer`] is there for downloads, which tests never make from the network.

mod browser;
pub mod contest;
mod python;
mod real_images;
mod requirement;
mod served;
pub mod server;

pub use browser::{Browser, Visit, browser};
pub use python::{Python, python_with};
pub use real_images::real_images;
pub use requirement::{Missing, run, test};
pub use served::Served;

/// One test of such a target.
pub use libtest_mimic::Trial;
