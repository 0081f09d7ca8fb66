//! What every layout must do, for every container and encoding in the registry: a new container
//! is covered by its line there.
//!
//! `source` and `stores` serve `usual_library` too; what only this suite needs has its own file.

mod broken;
mod contents;
mod damage;
mod interruption;
mod kinds;
mod occupied;
mod read_back;
mod refusals;
mod source;
mod statistics;
mod stores;
mod verification;
