//! Image codecs and pixel conversion into the caller's buffer: JPEG, PNG, resize, crop, flip, normalise
