//! The report as its readers see it: the answer, the table in the terminal, the page.

#[path = "../sample/mod.rs"]
mod sample;

mod answer;
mod compare;
mod complete;
mod contest;
mod figures;
mod images;
mod latvian;
mod page;
mod terminal;
