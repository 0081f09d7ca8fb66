//! `inception`: blocks of parallel paths, joined by concatenation along the channels.

use super::layers::{ConvBlock, global_average};
use crate::kernels::operations::{halve, pool_neighbourhood};
use burn::{
    module::Module,
    nn::{Linear, LinearConfig},
    tensor::{Device, Tensor},
};

/// A small network of Inception blocks (Szegedy et al., 2014, figure 2b), for images from 8×8.
#[derive(Module, Debug)]
pub(crate) struct Inception {
    stem: ConvBlock,
    block1: InceptionBlock,
    block2: InceptionBlock,
    block3: InceptionBlock,
    fc: Linear,
}

impl Inception {
    pub(crate) fn new(channels: usize, classes: usize, device: &Device) -> Self {
        let [one, two, three] = WIDTHS;
        Self {
            stem: ConvBlock::new([channels, STEM], 3, device),
            block1: InceptionBlock::new(STEM, &one, device),
            block2: InceptionBlock::new(one.output(), &two, device),
            block3: InceptionBlock::new(two.output(), &three, device),
            fc: LinearConfig::new(three.output(), classes).init(device),
        }
    }

    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let features = self.stem.forward_pooled(images);
        let features = halve(self.block1.forward(features));
        let features = halve(self.block2.forward(features));
        self.fc
            .forward(global_average(self.block3.forward(features)))
    }
}

/// Channels behind the stem.
const STEM: usize = 32;

/// Channels of the paths of each block.
const WIDTHS: [Widths; 3] = [
    Widths {
        single: 16,
        reduce3: 16,
        conv3: 32,
        reduce5: 8,
        conv5: 8,
        pool: 8,
    },
    Widths {
        single: 32,
        reduce3: 32,
        conv3: 64,
        reduce5: 8,
        conv5: 16,
        pool: 16,
    },
    Widths {
        single: 48,
        reduce3: 48,
        conv3: 96,
        reduce5: 16,
        conv5: 24,
        pool: 24,
    },
];

/// Channels of the paths of one block.
#[derive(Debug)]
struct Widths {
    /// 1×1.
    single: usize,
    /// 1×1 before the 3×3.
    reduce3: usize,
    /// 3×3.
    conv3: usize,
    /// 1×1 before the 5×5.
    reduce5: usize,
    /// 5×5.
    conv5: usize,
    /// 1×1 behind the max-pool.
    pool: usize,
}

impl Widths {
    /// Channels behind the block.
    const fn output(&self) -> usize {
        self.single + self.conv3 + self.conv5 + self.pool
    }
}

/// Four paths side by side: 1×1; 1×1, 3×3; 1×1, 5×5; 3×3 max-pool, 1×1.
#[derive(Module, Debug)]
struct InceptionBlock {
    single: ConvBlock,
    reduce3: ConvBlock,
    conv3: ConvBlock,
    reduce5: ConvBlock,
    conv5: ConvBlock,
    pool: ConvBlock,
}

impl InceptionBlock {
    fn new(channels: usize, widths: &Widths, device: &Device) -> Self {
        let pointwise = |out| ConvBlock::new([channels, out], 1, device);
        Self {
            single: pointwise(widths.single),
            reduce3: pointwise(widths.reduce3),
            conv3: ConvBlock::new([widths.reduce3, widths.conv3], 3, device),
            reduce5: pointwise(widths.reduce5),
            conv5: ConvBlock::new([widths.reduce5, widths.conv5], 5, device),
            pool: pointwise(widths.pool),
        }
    }

    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let pooled = pool_neighbourhood(input.clone());
        let paths = vec![
            self.single.forward(input.clone()),
            self.conv3.forward(self.reduce3.forward(input.clone())),
            self.conv5.forward(self.reduce5.forward(input)),
            self.pool.forward(pooled),
        ];
        Tensor::cat(paths, 1)
    }
}
