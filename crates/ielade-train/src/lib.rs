//! Image classifiers, optimisers, metrics and the training loop of Ielāde, on Burn
