//! Codecs and pixel conversion against fixtures that Pillow made; see `tests/fixtures/README.md`.

mod damage;
mod fixtures;
mod formats;
mod jpeg;
mod png;
mod resize;
mod slot;
