//! Storage layouts for image data sets: one module per container, one trait to write and one to read
