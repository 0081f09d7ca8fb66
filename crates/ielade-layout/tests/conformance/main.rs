//! What every layout must do, for every container and encoding in the registry: a new container
//! is covered by its line there.

mod damage;
mod interruption;
mod occupied;
mod read_back;
mod refusals;
mod source;
mod statistics;
mod stores;
mod usual_library;
mod verification;
