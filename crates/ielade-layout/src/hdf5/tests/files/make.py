"""Makes the files beside this script, of which `tests.rs` reads every byte in many ways.

Run with h5py 3.14 (HDF5 1.14.6). All hold the same nine images and labels.
"""

import h5py
import numpy as np

images = np.arange(9 * 2 * 3 * 3, dtype=np.uint8).reshape(9, 2, 3, 3)
labels = np.arange(9) % 3
names = np.array([b'ant', b'bee', b'cat'])


def make(name, libver='latest', **options):
    file = h5py.File(f'{name}.h5', 'w', libver=libver)
    file.create_dataset('images', data=images, **options)
    file['labels'] = labels.astype(np.int8)
    file['labels'].attrs['classes'] = names
    return file


with make('contiguous') as file:
    file.attrs['text'] = ['of variable', 'length']
make('single_chunk', chunks=images.shape, compression='gzip').close()
make('fixed_array', chunks=(2, 2, 3, 3)).close()
make('fixed_array_packed', chunks=(2, 2, 2, 3), compression='gzip', shuffle=True, fletcher32=True).close()
make('extensible_array', chunks=(1, 2, 3, 3), maxshape=(None, 2, 3, 3)).close()
make('extensible_array_packed', chunks=(2, 2, 3, 3), maxshape=(None, 2, 3, 3), compression='lzf').close()
make('tree', chunks=(2, 2, 3, 3), maxshape=(None, None, 3, 3)).close()
make('tree_packed', chunks=(2, 2, 3, 3), maxshape=(None, None, 3, 3), compression='gzip').close()
make('old_tree', 'earliest', chunks=(2, 2, 3, 3), compression='gzip', fletcher32=True).close()

with make('dense') as file:
    for at in range(9):
        file[f'{at}'] = h5py.SoftLink('/images')
        file['labels'].attrs[f'{at}'] = 'text'

plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
plist.set_chunk((2, 2, 3, 3))
plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
with h5py.File('implicit.h5', 'w', libver='latest') as file:
    space = h5py.h5s.create_simple(images.shape)
    dataset = h5py.h5d.create(file.id, b'images', h5py.h5t.STD_U8LE, space, dcpl=plist)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, images)
    file['labels'] = labels.astype(np.int8)
    file['labels'].attrs['classes'] = names

with h5py.File('heap.h5', 'w', libver='latest') as file:
    dataset = file.create_dataset('images', shape=9, dtype=h5py.vlen_dtype(np.uint8))
    for at in range(9):
        # The start of a JPEG, and something that is no other's.
        dataset[at] = np.frombuffer(b'\xff\xd8\xff\xe0' + bytes([at] * (at + 1)), np.uint8)
    file['labels'] = labels.astype(np.int8)
    file['labels'].attrs['classes'] = names
