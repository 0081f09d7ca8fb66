//! Image data sets as their authors publish them: CIFAR-10, Tiny ImageNet, class folders, the demo set; fetching and inspecting
