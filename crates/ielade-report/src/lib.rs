//! Reports made from the records of Ielāde experiments
