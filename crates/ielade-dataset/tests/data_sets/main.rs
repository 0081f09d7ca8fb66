//! Data sets from outside: opened, read, inspected and fetched.

mod class_folders;
mod fetching;
mod inspection;
mod made_sets;
mod published_archives;
