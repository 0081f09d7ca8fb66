//! `npy` and NumPy.

use crate::{
    for_each, layouts_of,
    source::{Image, MemorySource},
    stores::{expected, make, output, read},
};
use ielade_core::{Element, LayoutId};
use ielade_layout::open_store;
use ielade_testing::{Python, Trial};

const COUNT: usize = 11;

pub(crate) fn tests() -> Vec<Trial> {
    for_each(
        layouts_of("npy").collect(),
        "numpy_loads_a_store_and_ours_loads_what_numpy_saved",
        &["numpy"],
        numpy_loads_a_store_and_ours_loads_what_numpy_saved,
    )
}

fn numpy_loads_a_store_and_ours_loads_what_numpy_saved(python: &Python, layout: &LayoutId) {
    const SCRIPT: &str = "
import numpy as np
images, labels = np.load('store/images.npy', mmap_mode='r'), np.load('store/labels.npy')
assert labels.dtype == np.int64 and labels.shape == (len(images),)
assert images.flags['C_CONTIGUOUS']
print(images.dtype.str, images.shape)
if images.shape[-1] == 3:
    images = np.moveaxis(images, -1, 1)
if images.dtype.kind == 'V':
    # The upper half of a float32, as ml_dtypes.bfloat16 says it.
    images = (images.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
values = images // 257 if images.dtype == np.uint16 else images
values = values.astype(np.float32 if values.dtype.kind == 'f' else np.uint8)
np.ascontiguousarray(values).tofile('values')
np.save('store/images.npy', np.load('store/images.npy'))
np.save('store/labels.npy', labels)
";
    let raw = MemorySource::of(COUNT, |index| Image::raw(index, MemorySource::SIZE));
    for source in [MemorySource::jpeg(COUNT), raw] {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        make(layout, &store, &source);
        let known = match layout.encoding.element().unwrap() {
            Element::U8 => "|u1 (11, 9, 12, 3)\n",
            Element::U16 => "<u2 (11, 9, 12, 3)\n",
            Element::F16 => "<f2 (11, 3, 9, 12)\n",
            Element::Bf16 => "|V2 (11, 3, 9, 12)\n",
            Element::F32 => "<f4 (11, 3, 9, 12)\n",
        };
        assert_eq!(python.run(SCRIPT, folder.path()), known);
        let values = std::fs::read(folder.path().join("values")).unwrap();
        let all: Vec<u8> = (0..COUNT)
            .flat_map(|index| expected(&source, index, layout))
            .collect();
        assert!(values == all, "other pixels");

        let reader = open_store(&store).unwrap();
        let indices: Vec<u32> = (0..COUNT as u32).collect();
        let output = output(layout, MemorySource::SIZE);
        let batch = read(reader.as_ref(), &indices, output).unwrap();
        assert!(batch.image_bytes() == all, "other pixels after np.save");
    }
}
