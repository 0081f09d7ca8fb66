//! The commonest JPEGs, decoded fast: 8-bit baseline and extended Huffman coding, gray or colour,
//! one scan, chroma whole or halved (4:4:4, 4:2:2, 4:2:0). All others are left to a library.
//!
//! Two things make small images fast here. Huffman tables are kept from image to image: building
//! them takes a library longer than decoding a 32×32 image, and in most data sets all images have
//! the same. And nothing is allocated once the first images have been decoded.
//!
//! The pixels are those of libjpeg-turbo with its default settings (the accurate integer
//! transform, smooth upsampling), level for level, and so those of Pillow and torchvision. Data
//! that end early are an error, even where the markers around them are whole.

mod colour;
mod huffman;
mod inverse_dct;

use super::jpeg_structure::{JpegFrame, JpegStructure, corrupt, marker};
use crate::{CodecError, FileFormat};
use colour::{ColourModel, Planes, RowScratch, Subsampling};
use huffman::{Bits, BlockTables, Definition, Extent, HuffmanTable};
use inverse_dct::{Lanes, Portable};
use pulp::NullaryFnOnce;

/// Tables of each kind that a file may define.
const TABLES: usize = 4;

/// Side of a block.
const BLOCK: usize = 8;

/// What became of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// It is decoded.
    Done,
    /// It is of a kind that is not decoded here; nothing was written.
    AnotherKind,
}

/// Decodes baseline JPEGs into memory and with tables that it keeps.
#[derive(Debug, Default)]
pub(super) struct BaselineDecoder {
    dc: [Option<HuffmanTable>; TABLES],
    ac: [Option<HuffmanTable>; TABLES],
    data: ScanData,
    planes: [Plane; 3],
    scratch: RowScratch,
}

/// The coded data of a scan, without stuffed zeros and markers.
#[derive(Debug, Default)]
struct ScanData {
    bytes: Vec<u8>,
    /// Where each restart interval ends.
    ends: Vec<usize>,
}

/// The pixels of one component; rows may be longer than the component is wide.
#[derive(Debug, Default)]
struct Plane {
    values: Vec<u8>,
    stride: usize,
    width: usize,
    height: usize,
}

impl Plane {
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn row(&self, y: usize) -> &[u8] {
        &self.values[y * self.stride..][..self.width]
    }

    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn put_block(&mut self, top: usize, left: usize, block: [[u8; BLOCK]; BLOCK]) {
        let rows = self.values[top * self.stride..].chunks_mut(self.stride);
        for (row, values) in rows.zip(block) {
            row[left..left + BLOCK].copy_from_slice(&values);
        }
    }
}

/// A component as frame and scan header describe it.
#[derive(Debug, Clone, Copy, Default)]
struct Component {
    id: u8,
    /// Blocks of a unit, across and down.
    across: usize,
    down: usize,
    quantisation: usize,
    dc: usize,
    ac: usize,
}

/// All that the headers say, for an image that is decoded here.
#[derive(Debug)]
struct Plan {
    frame: JpegFrame,
    components: [Component; 3],
    quantisation: [Option<[i32; 64]>; TABLES],
    /// Units between two restarts; 0 for none.
    restart_interval: usize,
    subsampling: Subsampling,
    model: ColourModel,
}

impl Plan {
    const fn count(&self) -> usize {
        self.frame.components as usize
    }

    /// Blocks of a unit, across and down: those of the first component.
    const fn unit(&self) -> (usize, usize) {
        (self.components[0].across, self.components[0].down)
    }

    /// Units of the image, across and down.
    fn units(&self) -> (usize, usize) {
        let (across, down) = self.unit();
        (
            usize::from(self.frame.width).div_ceil(BLOCK * across),
            usize::from(self.frame.height).div_ceil(BLOCK * down),
        )
    }
}

/// The tables and headers of a file, as they are read.
#[derive(Debug, Default)]
struct Headers<'a> {
    quantisation: [Option<[i32; 64]>; TABLES],
    dc: [Option<Definition<'a>>; TABLES],
    ac: [Option<Definition<'a>>; TABLES],
    restart_interval: usize,
    frame: &'a [u8],
    scan: &'a [u8],
    has_jfif: bool,
    adobe_transform: Option<u8>,
}

impl<'a> Headers<'a> {
    fn read(structure: &JpegStructure<'a>) -> Result<Self, CodecError> {
        let mut headers = Self::default();
        for segment in structure.segments() {
            let segment = segment?;
            let content = segment.content;
            match segment.marker {
                marker::QUANTISATION_TABLES => headers.read_quantisation(content)?,
                marker::HUFFMAN_TABLES => headers.read_huffman(content)?,
                marker::RESTART_INTERVAL => {
                    let interval = content
                        .first_chunk()
                        .ok_or_else(|| corrupt("a restart interval is not whole"))?;
                    headers.restart_interval = u16::from_be_bytes(*interval).into();
                }
                marker::START_OF_SCAN => headers.scan = content,
                marker::APP0 if content.starts_with(b"JFIF\0") => headers.has_jfif = true,
                marker::APP14 if content.starts_with(b"Adobe") => {
                    headers.adobe_transform = content.get(11).copied();
                }
                code if marker::starts_frame(code) => headers.frame = content,
                _ => {}
            }
        }
        Ok(headers)
    }

    fn read_quantisation(&mut self, mut content: &[u8]) -> Result<(), CodecError> {
        let wrong = || corrupt("a quantisation table is not whole");
        while let Some((kind, rest)) = content.split_first() {
            let table = self
                .quantisation
                .get_mut(usize::from(kind & 15))
                .ok_or_else(wrong)?;
            let width = if kind >> 4 == 0 { 1 } else { 2 };
            let (values, rest) = rest.split_at_checked(64 * width).ok_or_else(wrong)?;
            let value = |bytes: &[u8]| {
                bytes
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | i32::from(*byte))
            };
            let mut values = values.chunks_exact(width).map(value);
            *table = Some(std::array::from_fn(|_| values.next().unwrap_or(0)));
            content = rest;
        }
        Ok(())
    }

    fn read_huffman(&mut self, mut content: &'a [u8]) -> Result<(), CodecError> {
        let wrong = || corrupt("a Huffman table is not whole");
        while let Some((kind, rest)) = content.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or_else(wrong)?;
            let symbols = counts.iter().copied().map(usize::from).sum();
            let (symbols, rest) = rest.split_at_checked(symbols).ok_or_else(wrong)?;
            let tables = match kind >> 4 {
                0 if symbols.iter().all(|symbol| *symbol < 16) => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(corrupt("a Huffman table is of no known kind")),
            };
            let table = tables.get_mut(usize::from(kind & 15)).ok_or_else(wrong)?;
            *table = Some(Definition { counts, symbols });
            content = rest;
        }
        Ok(())
    }

    /// The plan for an image of a kind that is decoded here.
    fn plan(&self, frame: JpegFrame) -> Option<Plan> {
        let components = self.components(frame)?;
        let subsampling = subsampling(&components, frame)?;
        let mut quantised = components.iter().take(frame.components.into());
        let is_complete = quantised.all(|component| {
            let tables = |of: &[Option<Definition<'_>>; TABLES], at: usize| {
                of.get(at).is_some_and(Option::is_some)
            };
            self.quantisation[component.quantisation].is_some()
                && tables(&self.dc, component.dc)
                && tables(&self.ac, component.ac)
        });
        is_complete.then(|| Plan {
            frame,
            components,
            quantisation: self.quantisation,
            restart_interval: self.restart_interval,
            subsampling,
            model: self.model(&components),
        })
    }

    /// The components, where all of them are in the first scan, in order.
    fn components(&self, frame: JpegFrame) -> Option<[Component; 3]> {
        let count = usize::from(frame.components);
        let mut components = [Component::default(); 3];
        let of_frame = self.frame.get(6..6 + 3 * count)?.as_chunks::<3>().0;
        let of_scan = self.scan.get(1..1 + 2 * count)?.as_chunks::<2>().0;
        let is_whole_scan = usize::from(self.scan[0]) == count && self.scan.len() == 4 + 2 * count;
        // One scan from the first to the last coefficient, at once in full precision.
        let is_sequential = self.scan.ends_with(&[0, 63, 0]);
        if count > components.len() || !is_whole_scan || !is_sequential {
            return None;
        }
        let described = components.iter_mut().zip(of_frame).zip(of_scan);
        for ((component, [id, sampling, quantisation]), [scan_id, tables]) in described {
            *component = Component {
                id: *id,
                across: usize::from(sampling >> 4),
                down: usize::from(sampling & 15),
                quantisation: usize::from(*quantisation),
                dc: usize::from(tables >> 4),
                ac: usize::from(tables & 15),
            };
            if id != scan_id || component.quantisation >= TABLES {
                return None;
            }
        }
        if count == 1 {
            // A single component is coded block by block, whatever sampling it claims.
            (components[0].across, components[0].down) = (1, 1);
        }
        Some(components)
    }

    /// How three components are meant, by the rules that libjpeg follows.
    fn model(&self, components: &[Component; 3]) -> ColourModel {
        let ids = components.map(|component| component.id);
        match self.adobe_transform {
            _ if self.has_jfif => ColourModel::YCbCr,
            Some(0) => ColourModel::Rgb,
            None if ids == *b"RGB" => ColourModel::Rgb,
            _ => ColourModel::YCbCr,
        }
    }
}

fn subsampling(components: &[Component; 3], frame: JpegFrame) -> Option<Subsampling> {
    let shape = |at: usize| (components[at].across, components[at].down);
    match (frame.components, shape(0), shape(1), shape(2)) {
        (1, ..) | (3, (1, 1), (1, 1), (1, 1)) => Some(Subsampling::None),
        (3, (2, 1), (1, 1), (1, 1)) => Some(Subsampling::Horizontal),
        (3, (2, 2), (1, 1), (1, 1)) => Some(Subsampling::Both),
        _ => None,
    }
}

impl ScanData {
    /// Takes the data of the scan that begins at `at`; [`Attempt::AnotherKind`] where another scan follows.
    fn read(&mut self, bytes: &[u8], mut at: usize) -> Result<Attempt, CodecError> {
        const TRUNCATED: CodecError = CodecError::Truncated(FileFormat::Jpeg);
        self.bytes.clear();
        self.ends.clear();
        loop {
            let rest = bytes.get(at..).ok_or(TRUNCATED)?;
            let length = memchr::memchr(marker::FILL, rest).ok_or(TRUNCATED)?;
            self.bytes.extend_from_slice(&rest[..length]);
            let code = *rest.get(length + 1).ok_or(TRUNCATED)?;
            at += length + 2;
            match code {
                marker::STUFFED_ZERO => self.bytes.push(marker::FILL),
                marker::FILL => at -= 1,
                marker::END_OF_IMAGE => break,
                restart if marker::RESTART.contains(&restart) => {
                    let expected = *marker::RESTART.start() + (self.ends.len() % 8) as u8;
                    if restart != expected {
                        return Err(corrupt("restart markers are not in order"));
                    }
                    self.ends.push(self.bytes.len());
                }
                _ => return Ok(Attempt::AnotherKind),
            }
        }
        self.ends.push(self.bytes.len());
        self.bytes.extend_from_slice(&[0; huffman::PADDING]);
        Ok(Attempt::Done)
    }

    /// The data of a restart interval: reader and end.
    fn interval(&self, number: usize) -> Option<(Bits<'_>, usize)> {
        let end = *self.ends.get(number)?;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some((Bits::new(&self.bytes, start), end))
    }
}

impl BaselineDecoder {
    /// Decodes into `pixels`, which has the image's size.
    pub(super) fn decode(
        &mut self,
        structure: &JpegStructure<'_>,
        pixels: &mut [u8],
    ) -> Result<Attempt, CodecError> {
        if structure.is_progressive {
            return Ok(Attempt::AnotherKind);
        }
        let headers = Headers::read(structure)?;
        let Some(plan) = headers.plan(structure.frame) else {
            return Ok(Attempt::AnotherKind);
        };
        if self.data.read(structure.bytes, structure.scan)? == Attempt::AnotherKind {
            return Ok(Attempt::AnotherKind);
        }
        keep_tables(&headers.dc, &mut self.dc)?;
        keep_tables(&headers.ac, &mut self.ac)?;
        self.make_room(&plan)?;
        self.decode_pixels(&plan, pixels)?;
        Ok(Attempt::Done)
    }

    /// Gives each component's plane its size.
    fn make_room(&mut self, plan: &Plan) -> Result<(), CodecError> {
        let (across, down) = plan.units();
        // The shortest block is one code for its first coefficient and one for its end.
        let blocks: usize = plan.components.iter().map(|it| it.across * it.down).sum();
        if across * down * blocks * 2 > self.data.bytes.len() * 8 {
            return Err(data_end_early());
        }
        let width = usize::from(plan.frame.width);
        let height = usize::from(plan.frame.height);
        let (widest, tallest) = plan.unit();
        let planes = self.planes.iter_mut().zip(&plan.components);
        for (plane, component) in planes.take(plan.count()) {
            plane.stride = across * component.across * BLOCK;
            plane.width = (width * component.across).div_ceil(widest);
            plane.height = (height * component.down).div_ceil(tallest);
            let values = plane.stride * down * component.down * BLOCK;
            if plane.values.len() < values {
                plane.values.resize(values, 0);
            }
        }
        Ok(())
    }

    fn decode_pixels(&mut self, plan: &Plan, pixels: &mut [u8]) -> Result<(), CodecError> {
        #[cfg(target_arch = "x86_64")]
        if let Some(lanes) = pulp::x86::V3::try_new() {
            return lanes.vectorize(Work {
                decoder: self,
                plan,
                pixels,
                lanes,
            });
        }
        Work {
            decoder: self,
            plan,
            pixels,
            lanes: Portable,
        }
        .call()
    }
}

fn data_end_early() -> CodecError {
    corrupt("the image data end before the image does")
}

/// Makes the tables that are not there from an image before.
fn keep_tables(
    definitions: &[Option<Definition<'_>>; TABLES],
    tables: &mut [Option<HuffmanTable>; TABLES],
) -> Result<(), CodecError> {
    for (definition, table) in definitions.iter().zip(tables) {
        let Some(definition) = *definition else {
            continue;
        };
        if table.as_ref().is_some_and(|table| table.is_of(definition)) {
            continue;
        }
        let made = HuffmanTable::new(definition);
        *table = Some(made.ok_or_else(|| corrupt("a Huffman table is no prefix code"))?);
    }
    Ok(())
}

/// One image to be decoded.
struct Work<'a, L> {
    decoder: &'a mut BaselineDecoder,
    plan: &'a Plan,
    pixels: &'a mut [u8],
    lanes: L,
}

impl<L: Lanes> NullaryFnOnce for Work<'_, L> {
    type Output = Result<(), CodecError>;

    // All of it must be inlined into the function that pulp compiles for the processor.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn call(self) -> Result<(), CodecError> {
        let (decoder, plan) = (self.decoder, self.plan);
        decode_planes(self.lanes, decoder, plan)?;
        let width = plan.frame.width.into();
        let [luma, blue, red] = &decoder.planes;
        if plan.count() == 1 {
            colour::write_gray(luma, width, self.pixels);
            return Ok(());
        }
        let planes = Planes {
            luma,
            blue,
            red,
            subsampling: plan.subsampling,
            model: plan.model,
        };
        colour::write_rgb(planes, width, &mut decoder.scratch, self.pixels);
        Ok(())
    }
}

/// The tables of a component; there are all, or there would be no plan.
fn tables<'a>(
    dc: &'a [Option<HuffmanTable>; TABLES],
    ac: &'a [Option<HuffmanTable>; TABLES],
    plan: &'a Plan,
    component: &Component,
) -> Option<BlockTables<'a>> {
    Some(BlockTables {
        dc: dc[component.dc].as_ref()?,
        ac: ac[component.ac].as_ref()?,
        quantisation: plan.quantisation[component.quantisation].as_ref()?,
    })
}

/// Decodes all blocks of the scan into the planes of their components.
#[allow(clippy::inline_always)]
#[inline(always)]
fn decode_planes<L: Lanes>(
    lanes: L,
    decoder: &mut BaselineDecoder,
    plan: &Plan,
) -> Result<(), CodecError> {
    let BaselineDecoder {
        dc,
        ac,
        data,
        planes,
        ..
    } = decoder;
    let (across, down) = plan.units();
    let interval_length = match plan.restart_interval {
        0 => usize::MAX,
        length => length,
    };
    let (mut interval, mut left) = (0, interval_length);
    let (mut bits, mut end) = data.interval(0).ok_or_else(data_end_early)?;
    let mut last_dc = [0; 3];
    for unit in 0..across * down {
        if left == 0 {
            if bits.bytes_begun() > end {
                return Err(data_end_early());
            }
            (interval, left, last_dc) = (interval + 1, interval_length, [0; 3]);
            (bits, end) = data.interval(interval).ok_or_else(data_end_early)?;
        }
        left -= 1;
        let place = (unit / across, unit % across);
        for (at, component) in plan.components[..plan.count()].iter().enumerate() {
            let tables = tables(dc, ac, plan, component).ok_or_else(data_end_early)?;
            let coder = Coder {
                tables,
                bits: &mut bits,
                last_dc: &mut last_dc[at],
            };
            coder
                .decode_unit(lanes, component, place, &mut planes[at])
                .ok_or_else(|| corrupt("the image data hold a code that is none"))?;
        }
        if bits.bytes_begun() > end {
            return Err(data_end_early());
        }
    }
    Ok(())
}

/// Decodes one component's part of a unit.
struct Coder<'a, 'b> {
    tables: BlockTables<'a>,
    bits: &'a mut Bits<'b>,
    last_dc: &'a mut i32,
}

impl Coder<'_, '_> {
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn decode_unit<L: Lanes>(
        self,
        lanes: L,
        component: &Component,
        (unit_row, unit_column): (usize, usize),
        plane: &mut Plane,
    ) -> Option<()> {
        for row in 0..component.down {
            for column in 0..component.across {
                let mut block = [0; 64];
                let extent =
                    huffman::decode_block(self.bits, self.tables, self.last_dc, &mut block)?;
                let pixels = match extent {
                    Extent::Flat => [[inverse_dct::inverse_dct_of_flat(block[0]); BLOCK]; BLOCK],
                    Extent::Full => inverse_dct::inverse_dct(lanes, &block),
                };
                let top = (unit_row * component.down + row) * BLOCK;
                let left = (unit_column * component.across + column) * BLOCK;
                plane.put_block(top, left, pixels);
            }
        }
        Some(())
    }
}
