//! A shuffling, prefetching, zero-allocation batch loader over Ielāde stores
