//! The header of an npy file: NumPy's format 1.0, 2.0 and 3.0
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).
//!
//! Six magic bytes, two of version, the header's length (2 bytes in 1.0, 4 after it), then a Python
//! dictionary literal with the keys `descr`, `fortran_order` and `shape`, padded with spaces and
//! ended by a newline, so that the data behind it is aligned.

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Longest header that is read; NumPy itself refuses more than 10,000 bytes.
const MAX_HEADER: usize = 64 << 10;

/// Most dimensions of an array; NumPy's own bound.
const MAX_DIMENSIONS: usize = 64;

/// Headers are padded to a multiple of this, so that the data lies at a cache line.
const ALIGNMENT: usize = 64;

/// Least size of a header that is written: room for any length of the first dimension, so that
/// it can be corrected in place.
const SMALLEST: usize = 128;

/// The element types that are read; those of images are written, all little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NpyType {
    /// `|b1`
    Bool,
    /// `|u1`
    U8,
    /// `|i1`
    I8,
    /// `<u2`
    U16,
    /// `<i2`
    I16,
    /// `<f2`
    F16,
    /// `<V2`: two bytes of no type that NumPy knows, as which `ml_dtypes.bfloat16` arrays are saved
    Bf16,
    /// `<u4`
    U32,
    /// `<i4`
    I32,
    /// `<f4`
    F32,
    /// `<u8`
    U64,
    /// `<i8`
    I64,
}

impl NpyType {
    const ALL: [Self; 12] = [
        Self::Bool,
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I16,
        Self::F16,
        Self::Bf16,
        Self::U32,
        Self::I32,
        Self::F32,
        Self::U64,
        Self::I64,
    ];

    /// The name in a header.
    pub const fn descr(self) -> &'static str {
        match self {
            Self::Bool => "|b1",
            Self::U8 => "|u1",
            Self::I8 => "|i1",
            Self::U16 => "<u2",
            Self::I16 => "<i2",
            Self::F16 => "<f2",
            Self::Bf16 => "<V2",
            Self::U32 => "<u4",
            Self::I32 => "<i4",
            Self::F32 => "<f4",
            Self::U64 => "<u8",
            Self::I64 => "<i8",
        }
    }

    /// Bytes of a value.
    pub const fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 | Self::Bf16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 => 8,
        }
    }

    /// The type of a name, and whether its greatest byte comes first.
    fn of_descr(descr: &str) -> Result<(Self, bool), String> {
        let known = |name: &str| {
            Self::ALL
                .into_iter()
                .find(|kind| &kind.descr()[1..] == name)
        };
        let (order, name) = descr.split_at_checked(1).unwrap_or_default();
        match (order, known(name)) {
            // One byte has no order, whatever is written in front of it.
            ("|" | "<" | ">", Some(kind)) if kind.size() == 1 => Ok((kind, false)),
            // NumPy writes two bytes without an order where they are of no type at all.
            ("|", Some(Self::Bf16)) => Ok((Self::Bf16, false)),
            ("<", Some(kind)) => Ok((kind, false)),
            (">", Some(kind)) => Ok((kind, true)),
            _ if name == "f8" => Err(format!(
                "element type {descr:?} is not read; write it again with array.astype('<f4')"
            )),
            _ => Err(format!(
                "element type {descr:?} is not one of b1, u1, i1, u2, i2, f2, V2, u4, i4, f4, u8, \
                 i8"
            )),
        }
    }
}

/// What an npy file's header tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpyHeader {
    /// Type of the values.
    pub kind: NpyType,
    /// Whether the greatest byte of a value comes first.
    pub big_endian: bool,
    /// Whether the first dimension is the fastest to change, and not the last.
    pub fortran_order: bool,
    /// Length of each dimension, the slowest first unless `fortran_order`.
    pub shape: Vec<u64>,
    /// Byte at which the data starts.
    pub data_offset: usize,
}

/// Why a header was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (byte {offset})")]
pub struct NpyHeaderError {
    /// Where in the file.
    pub offset: usize,
    /// What is wrong there.
    pub reason: String,
}

impl NpyHeader {
    /// Reads the header at the start of a file. Trusts nothing in it.
    ///
    /// ```
    /// use ielade_layout::npy::{NpyHeader, NpyType};
    /// let bytes = NpyHeader::encode(NpyType::U8, &[10, 32, 32, 3]);
    /// let header = NpyHeader::parse(&bytes).unwrap();
    /// assert_eq!(header.shape, [10, 32, 32, 3]);
    /// assert_eq!(header.data_offset, 128);
    /// ```
    ///
    /// # Errors
    /// Where it is no npy header, or one of an array of another element type.
    pub fn parse(file: &[u8]) -> Result<Self, NpyHeaderError> {
        let fault = |offset: usize, reason: &str| NpyHeaderError {
            offset,
            reason: reason.to_owned(),
        };
        if !file.starts_with(MAGIC) {
            return Err(fault(0, "not an npy file"));
        }
        let (length, start) = match file.get(6..8) {
            Some([1, 0]) => (file.get(8..10).map(little_endian), 10),
            Some([2 | 3, 0]) => (file.get(8..12).map(little_endian), 12),
            Some(_) => return Err(fault(6, "npy format version other than 1.0, 2.0 and 3.0")),
            None => return Err(fault(6, "the file ends within the header")),
        };
        let length = length.ok_or_else(|| fault(8, "the file ends within the header"))?;
        if length > MAX_HEADER {
            return Err(fault(
                8,
                &format!("a header of {length} bytes is too long; at most {MAX_HEADER} are read"),
            ));
        }
        let data_offset = start + length;
        let text = file
            .get(start..data_offset)
            .ok_or_else(|| fault(start, "the file ends within the header"))?;
        let mut literal = Literal { text, at: 0 };
        literal
            .dictionary()
            .map(|content| Self {
                data_offset,
                ..content
            })
            .map_err(|reason| NpyHeaderError {
                offset: start + literal.at,
                reason,
            })
    }

    /// The bytes of a header (format 1.0); a multiple of 64, and the same number for every length
    /// of the first dimension below 10¹⁹.
    pub fn encode(kind: NpyType, shape: &[u64]) -> Vec<u8> {
        let mut dimensions = String::new();
        for (at, length) in shape.iter().enumerate() {
            let separator = match (at, shape.len()) {
                (0, 1) => ",",
                (last, all) if last + 1 == all => "",
                _ => ", ",
            };
            dimensions.push_str(&length.to_string());
            dimensions.push_str(separator);
        }
        let descr = kind.descr();
        let dictionary =
            format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({dimensions}), }}");
        let total = (10 + dictionary.len() + 1)
            .next_multiple_of(ALIGNMENT)
            .max(SMALLEST);
        let mut header = Vec::with_capacity(total);
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&[1, 0]);
        header.extend_from_slice(&((total - 10) as u16).to_le_bytes());
        header.extend_from_slice(dictionary.as_bytes());
        header.resize(total - 1, b' ');
        header.push(b'\n');
        header
    }

    /// Number of values; `None` where it overflows.
    pub fn values(&self) -> Option<u64> {
        self.shape
            .iter()
            .try_fold(1_u64, |product, length| product.checked_mul(*length))
    }
}

fn little_endian(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rev()
        .fold(0, |value, byte| value << 8 | usize::from(*byte))
}

/// A reader of the one Python literal that a header holds.
struct Literal<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Literal<'a> {
    /// The header's content, without the offset of the data.
    fn dictionary(&mut self) -> Result<NpyHeader, String> {
        let (mut kind, mut fortran, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while !self.take(b'}') {
            let key = self.string()?;
            self.expect(b':')?;
            let again = match key {
                "descr" => kind.replace(NpyType::of_descr(self.string()?)?).is_some(),
                "fortran_order" => fortran.replace(self.boolean()?).is_some(),
                "shape" => shape.replace(self.tuple()?).is_some(),
                other => return Err(format!("unknown key {other:?}")),
            };
            if again {
                return Err(format!("key {key:?} is there twice"));
            }
            if !self.take(b',') {
                self.expect(b'}')?;
                break;
            }
        }
        if self.peek().is_some() {
            return Err("something follows the dictionary".to_owned());
        }
        let lacks = |key: &str| format!("the header lacks {key:?}");
        let (kind, big_endian) = kind.ok_or_else(|| lacks("descr"))?;
        Ok(NpyHeader {
            kind,
            big_endian,
            fortran_order: fortran.ok_or_else(|| lacks("fortran_order"))?,
            shape: shape.ok_or_else(|| lacks("shape"))?,
            data_offset: 0,
        })
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.take(byte) {
            return Ok(());
        }
        Err(format!("expected {:?}", char::from(byte)))
    }

    fn string(&mut self) -> Result<&'a str, String> {
        let quote = self
            .peek()
            .filter(|byte| matches!(byte, b'\'' | b'"'))
            .ok_or("expected a string")?;
        self.at += 1;
        let rest = &self.text[self.at..];
        let length = rest
            .iter()
            .position(|byte| *byte == quote)
            .ok_or("a string without an end")?;
        let content = std::str::from_utf8(&rest[..length]).map_err(|_| "not UTF-8")?;
        self.at += length + 1;
        Ok(content)
    }

    fn boolean(&mut self) -> Result<bool, String> {
        self.peek();
        for (word, value) in [("True", true), ("False", false)] {
            if self.text[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err("expected True or False".to_owned())
    }

    fn tuple(&mut self) -> Result<Vec<u64>, String> {
        let mut lengths = Vec::new();
        self.expect(b'(')?;
        while !self.take(b')') {
            if lengths.len() == MAX_DIMENSIONS {
                return Err(format!("more than {MAX_DIMENSIONS} dimensions"));
            }
            lengths.push(self.integer()?);
            if !self.take(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(lengths)
    }

    fn integer(&mut self) -> Result<u64, String> {
        let mut value = None;
        self.peek();
        while let Some(digit) = self.text.get(self.at).filter(|byte| byte.is_ascii_digit()) {
            let next = value
                .unwrap_or(0_u64)
                .checked_mul(10)
                .and_then(|value| value.checked_add(u64::from(digit - b'0')));
            value = Some(next.ok_or("a length that overflows")?);
            self.at += 1;
        }
        // Python 2 wrote its long integers so.
        if value.is_some() && self.text.get(self.at) == Some(&b'L') {
            self.at += 1;
        }
        value.ok_or_else(|| "expected a length".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{NpyHeader, NpyType};
    use proptest::prelude::*;

    /// A header of format 1.0 with the given dictionary.
    fn file(dictionary: &str) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend_from_slice(&(dictionary.len() as u16).to_le_bytes());
        bytes.extend_from_slice(dictionary.as_bytes());
        bytes
    }

    proptest! {
        #[test]
        fn a_header_comes_back_as_written(
            kind in prop::sample::select(NpyType::ALL.to_vec()),
            shape in prop::collection::vec(any::<u64>(), 0..6),
        ) {
            let bytes = NpyHeader::encode(kind, &shape);
            prop_assert_eq!(bytes.len() % 64, 0);
            let header = NpyHeader::parse(&bytes).unwrap();
            let expected = NpyHeader {
                kind,
                big_endian: false,
                fortran_order: false,
                shape,
                data_offset: bytes.len(),
            };
            prop_assert_eq!(header, expected);
        }

        #[test]
        fn no_bytes_make_the_parser_panic(
            head in prop::sample::select(vec![&b""[..], b"\x93NUMPY", b"\x93NUMPY\x01\x00\x20\x00{"]),
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let _ = NpyHeader::parse(&[head, &bytes].concat());
        }

        #[test]
        fn a_changed_byte_never_makes_the_parser_panic(at in 0_usize..128, byte: u8) {
            let mut bytes = NpyHeader::encode(NpyType::F32, &[50_000, 3, 32, 32]);
            bytes[at] = byte;
            if let Ok(header) = NpyHeader::parse(&bytes) {
                prop_assert!(header.data_offset <= bytes.len());
            }
        }

        #[test]
        fn a_cut_header_is_refused(cut in 0_usize..128) {
            let bytes = NpyHeader::encode(NpyType::U16, &[7, 32, 32, 3]);
            prop_assert!(NpyHeader::parse(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn the_number_of_samples_does_not_change_the_headers_size() {
        for count in [0, 1, 50_000, 4_294_967_294] {
            assert_eq!(
                NpyHeader::encode(NpyType::F32, &[count, 3, 4608, 3456]).len(),
                128
            );
        }
    }

    #[test]
    fn literals_of_older_writers_are_understood() {
        for (dictionary, shape) in [
            (
                "{'descr': '|u1', 'fortran_order': False, 'shape': (3L, 2L), }\n",
                vec![3, 2],
            ),
            (
                "{\"shape\":(5,),\"descr\":\"<u1\",\"fortran_order\":False}",
                vec![5],
            ),
            (
                "{'shape': (), 'fortran_order': False, 'descr': '>u1'}   \n",
                vec![],
            ),
        ] {
            let header = NpyHeader::parse(&file(dictionary)).unwrap();
            assert_eq!((header.kind, header.shape), (NpyType::U8, shape));
        }
        let mut second = file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}");
        let length = second.len() as u32 - 10;
        second.splice(6..10, [2, 0].into_iter().chain(length.to_le_bytes()));
        assert_eq!(NpyHeader::parse(&second).unwrap().data_offset, second.len());
    }

    #[test]
    fn other_orders_are_told() {
        for (descr, fortran, expected) in [
            (">f4", "False", (NpyType::F32, true, false)),
            ("<i2", "True", (NpyType::I16, false, true)),
            (">b1", "True", (NpyType::Bool, false, true)),
        ] {
            let text = format!("{{'descr':'{descr}','fortran_order':{fortran},'shape':(2,2)}}");
            let header = NpyHeader::parse(&file(&text)).unwrap();
            let found = (header.kind, header.big_endian, header.fortran_order);
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn arrays_that_are_not_read_are_refused_with_a_reason() {
        for (dictionary, reason) in [
            (
                "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}",
                "array.astype('<f4')",
            ),
            (
                "{'descr': '|u2', 'fortran_order': False, 'shape': (2,)}",
                "not one of",
            ),
            (
                "{'descr': '', 'fortran_order': False, 'shape': (2,)}",
                "not one of",
            ),
            (
                "{'descr': 'é', 'fortran_order': False, 'shape': (2,)}",
                "not one of",
            ),
            (
                "{'descr': '<c8', 'fortran_order': False, 'shape': (2,)}",
                "not one of",
            ),
            (
                "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}",
                "expected a string",
            ),
            ("{'descr': '<f4', 'shape': (2,)}", "lacks \"fortran_order\""),
            ("{'descr': '<f4', 'descr': '<f4'}", "twice"),
            ("{'descr': '<f4', 'x': 1}", "unknown key"),
            ("{'shape': (99999999999999999999,)}", "overflows"),
            ("{'shape': (-1,)}", "expected a length"),
            ("{'shape': (1,1", "expected"),
            ("{'descr': '<f4", "without an end"),
            ("{} x", "something follows"),
        ] {
            let error = NpyHeader::parse(&file(dictionary)).unwrap_err();
            assert!(error.to_string().contains(reason), "{dictionary}: {error}");
        }
        let long = format!("{{'shape': ({}", "1,".repeat(100));
        assert!(
            NpyHeader::parse(&file(&long))
                .unwrap_err()
                .reason
                .contains("dimensions")
        );
        let error = NpyHeader::parse(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{").unwrap_err();
        assert!(error.reason.contains("too long"), "{error}");
        let error = NpyHeader::parse(b"\x93NUMPY\x04\x00\x01\x00{").unwrap_err();
        assert!(error.reason.contains("version"), "{error}");
    }
}
