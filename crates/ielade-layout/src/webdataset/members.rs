//! The members of a tar file, read in place.

use super::header::{BLOCK, Header, Kind};
use crate::sharded::Fault;

/// Most bytes of a long name or an extended header.
const MAX_EXTRA: u64 = 1 << 20;

/// Most bytes of a number as text, with white space.
const MAX_NUMBER_BYTES: usize = 64;

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member<'a> {
    pub(super) name: String,
    pub(super) bytes: &'a [u8],
    /// Its first byte's place in the archive.
    pub(super) offset: u64,
    /// The byte where the next header starts.
    pub(super) end: u64,
}

impl Member<'_> {
    /// The name up to the first dot of its last part, folders included, and what follows that dot;
    /// `None` where there is no dot, or nothing before it.
    pub(super) fn key_and_suffix(&self) -> Option<(&str, &str)> {
        let base = self.name.rfind('/').map_or(0, |slash| slash + 1);
        let dot = self.name[base..].find('.').filter(|dot| *dot > 0)? + base;
        Some((&self.name[..dot], &self.name[dot + 1..]))
    }
}

/// What the headers in front of a member say of it.
#[derive(Debug, Default)]
struct Extra {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Extra {
    const fn is_empty(&self) -> bool {
        self.name.is_none() && self.size.is_none()
    }
}

/// The files in an archive, one after the other. Folders, links and devices are passed over. Ends
/// with the first fault.
#[derive(Debug)]
pub(super) struct Members<'a> {
    archive: &'a [u8],
    at: usize,
    /// The end was reached, or a fault told.
    is_over: bool,
}

impl<'a> Members<'a> {
    pub(super) const fn new(archive: &'a [u8]) -> Self {
        Self {
            archive,
            at: 0,
            is_over: false,
        }
    }

    fn fault<T>(&self, reason: impl Into<String>) -> Result<T, Fault> {
        Err(Fault::new(self.at as u64, reason))
    }

    /// The content behind a header, and where it ends.
    fn content(&self, size: u64) -> Result<(&'a [u8], usize), Fault> {
        let rest = &self.archive[self.at + BLOCK..];
        let taken = usize::try_from(size)
            .ok()
            .and_then(|size| size.checked_next_multiple_of(BLOCK))
            .filter(|taken| *taken <= rest.len());
        match taken {
            Some(taken) => Ok((&rest[..size as usize], self.at + BLOCK + taken)),
            None => self.fault(format!(
                "a member of {size} bytes reaches beyond the end of the archive, which has {} left",
                rest.len()
            )),
        }
    }

    fn extra(&self, header: &Header) -> Result<(&'a [u8], usize), Fault> {
        if header.size > MAX_EXTRA {
            return self.fault(format!(
                "a long name or extended header of {} bytes; at most {MAX_EXTRA} are read",
                header.size
            ));
        }
        self.content(header.size)
    }

    fn member(&mut self) -> Result<Option<Member<'a>>, Fault> {
        let mut extra = Extra::default();
        loop {
            let rest = &self.archive[self.at..];
            let Some(block) = rest.first_chunk::<BLOCK>() else {
                return self.fault(format!(
                    "the archive ends with {} bytes and without its two blocks of zeros: it was \
                     cut, or its writing was broken off",
                    rest.len()
                ));
            };
            if block == &[0; BLOCK] {
                return self.end(&extra);
            }
            let header = match Header::parse(block) {
                Ok(header) => header,
                Err(reason) => return self.fault(reason),
            };
            match header.kind {
                Kind::File => return self.file(header, extra).map(Some),
                Kind::LongName => {
                    let (name, end) = self.extra(&header)?;
                    let len = name.iter().position(|byte| *byte == 0);
                    extra.name = Some(name[..len.unwrap_or(name.len())].to_vec());
                    self.at = end;
                }
                Kind::Extended => {
                    let (records, end) = self.extra(&header)?;
                    self.extended(records, &mut extra)?;
                    self.at = end;
                }
                Kind::Global => {
                    let (records, end) = self.extra(&header)?;
                    let mut global = Extra::default();
                    self.extended(records, &mut global)?;
                    if !global.is_empty() {
                        return self.fault("a name or size for all members at once");
                    }
                    self.at = end;
                }
                Kind::Sparse => {
                    return self.fault("a file with holes; write the archive without --sparse");
                }
                Kind::Empty => {
                    extra = Extra::default();
                    self.at += BLOCK;
                }
                Kind::Other => {
                    let size = extra.size.unwrap_or(header.size);
                    extra = Extra::default();
                    self.at = self.content(size)?.1;
                }
            }
        }
    }

    fn file(&mut self, header: Header, extra: Extra) -> Result<Member<'a>, Fault> {
        let name = extra.name.unwrap_or(header.name);
        let name = match String::from_utf8(name) {
            Ok(name) => name,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        let (bytes, end) = self.content(extra.size.unwrap_or(header.size))?;
        let offset = (self.at + BLOCK) as u64;
        self.at = end;
        Ok(Member {
            name,
            bytes,
            offset,
            end: end as u64,
        })
    }

    /// Behind the mark of the end, nothing but zeros may follow.
    fn end(&mut self, extra: &Extra) -> Result<Option<Member<'a>>, Fault> {
        if !extra.is_empty() {
            return self.fault("the archive ends behind an extended header");
        }
        let rest = &self.archive[self.at..];
        if let Some(more) = rest.iter().position(|byte| *byte != 0) {
            self.at += more;
            return self.fault(
                "something follows the mark of the archive's end; archives joined by cat are to be \
                 files of their own",
            );
        }
        Ok(None)
    }

    /// Reads the records `LENGTH KEY=VALUE\n` of an extended header; those that come later count.
    fn extended(&self, mut records: &[u8], extra: &mut Extra) -> Result<(), Fault> {
        while !records.is_empty() {
            let Some((key, value, rest)) = record(records) else {
                return self.fault("the extended header cannot be understood");
            };
            match key {
                b"path" => extra.name = Some(value.to_vec()),
                b"size" => match number(value).and_then(|size| u64::try_from(size).ok()) {
                    Some(size) => extra.size = Some(size),
                    None => return self.fault("the size in the extended header is no number"),
                },
                key if key.starts_with(b"GNU.sparse.") => {
                    return self.fault("a file with holes; write the archive without --sparse");
                }
                _ => {}
            }
            records = rest;
        }
        Ok(())
    }
}

/// Key, value, and what follows, of the first record of an extended header.
fn record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = records.iter().take(20).position(|byte| *byte == b' ')?;
    let length = usize::try_from(number(&records[..space])?).ok()?;
    let (record, rest) = records.split_at_checked(length)?;
    let content = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = content.iter().position(|byte| *byte == b'=')?;
    Some((&content[..equals], &content[equals + 1..], rest))
}

/// A whole number as text, white space around it allowed.
pub(super) fn number(text: &[u8]) -> Option<i64> {
    // No long text is looked at: none of that length is a number.
    if text.len() > MAX_NUMBER_BYTES {
        return None;
    }
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<Member<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let member = self.member();
        self.is_over = !matches!(member, Ok(Some(_)));
        member.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::header::{BLOCK, END, HeaderWriter},
        Members, number,
    };
    use proptest::prelude::*;

    /// A header of this kind, and the content behind it.
    fn block(kind: u8, name: &str, content: &[u8]) -> Vec<u8> {
        let mut header = HeaderWriter::new().header(name.as_bytes(), content.len() as u64);
        header[156] = kind;
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        let mut bytes = header.to_vec();
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        bytes
    }

    fn archive(blocks: &[Vec<u8>]) -> Vec<u8> {
        [&blocks.concat(), &END[..]].concat()
    }

    fn names(archive: &[u8]) -> Result<Vec<(String, usize)>, String> {
        Members::new(archive)
            .map(|member| {
                let member =
                    member.map_err(|fault| format!("{}: {}", fault.offset, fault.reason))?;
                let start = member.offset as usize;
                assert_eq!(&archive[start..start + member.bytes.len()], member.bytes);
                Ok((member.name, member.bytes.len()))
            })
            .collect()
    }

    fn pax(key: &str, value: &str) -> Vec<u8> {
        let rest = format!(" {key}={value}\n");
        let mut length = rest.len();
        while length < rest.len() + length.to_string().len() {
            length += 1;
        }
        format!("{length}{rest}").into_bytes()
    }

    #[test]
    fn long_names_and_extended_headers_are_understood_and_folders_passed_over() {
        let long = format!("{}/1.jpg", "folder".repeat(40));
        let archive = archive(&[
            block(b'5', "folder/", b""),
            block(b'0', "1.jpg", b"one"),
            block(b'L', "././@LongLink", format!("{long}\0").as_bytes()),
            block(b'0', "cut", b"two"),
            block(b'g', "pax_global_header", &pax("comment", "something")),
            block(b'x', "PaxHeaders/3", &pax("path", "ü.jpg")),
            block(b'0', "other", &[3; 600]),
            block(b'2', "link", b""),
            block(b'V', "volume", &[1; 5]),
        ]);
        let found = names(&archive).unwrap();
        let expected = [("1.jpg", 3), (long.as_str(), 3), ("ü.jpg", 600)];
        assert_eq!(found, expected.map(|(name, len)| (name.to_owned(), len)));
    }

    #[test]
    fn the_size_of_an_extended_header_counts() {
        let mut file = block(b'0', "1.jpg", b"");
        file.extend([7; 600]);
        file.resize(BLOCK + 2 * BLOCK, 0);
        let archive = archive(&[block(b'x', "x", &pax("size", "600")), file]);
        assert_eq!(names(&archive).unwrap(), [("1.jpg".to_owned(), 600)]);
    }

    #[test]
    fn an_archive_cut_anywhere_is_refused() {
        let whole = archive(&[
            block(b'x', "x", &pax("path", "long.jpg")),
            block(b'0', "1.jpg", b"one"),
            block(b'0', "1.cls", b"2"),
        ]);
        assert_eq!(names(&whole).unwrap().len(), 2);
        // The last block of zeros may be missing, as some writers leave it out.
        for kept in 0..whole.len() - BLOCK {
            assert!(names(&whole[..kept]).is_err(), "{kept} bytes");
        }
        assert!(names(&[]).unwrap_err().contains("without its two blocks"));
    }

    #[test]
    fn hostile_archives_are_refused_by_byte() {
        let huge = |digits: &[u8]| {
            let mut file = block(b'0', "1.jpg", b"x");
            file[124..136].copy_from_slice(digits);
            file[148..156].fill(b' ');
            let sum: u32 = file[..BLOCK].iter().map(|byte| u32::from(*byte)).sum();
            file[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
            file
        };
        let file = || block(b'0', "1.jpg", b"x");
        for (blocks, expected) in [
            (vec![huge(b"77777777777\0")], "0: a member of 8589934591"),
            (
                vec![huge(&[
                    0x80, 0, 0, 0, 0x7f, 255, 255, 255, 255, 255, 255, 255,
                ])],
                "0: a member of 9223372036854775807",
            ),
            (
                vec![huge(&[
                    0x80, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255,
                ])],
                "0: a member of 18446744073709551615",
            ),
            (vec![huge(b"0000000000x\0")], "0: the size in the header"),
            (
                vec![file(), block(b'S', "1", b"")],
                "1024: a file with holes",
            ),
            (
                vec![block(b'x', "x", &pax("GNU.sparse.major", "1")), file()],
                "0: a file with holes",
            ),
            (
                vec![block(b'x', "x", b"99 path=a\n"), file()],
                "0: the extended header",
            ),
            (
                vec![block(b'x', "x", b"0 a=b\n"), file()],
                "0: the extended",
            ),
            (
                vec![block(b'x', "x", &pax("size", "-1")), file()],
                "0: the size",
            ),
            (
                vec![block(b'g', "x", &pax("path", "all")), file()],
                "0: a name or size for all",
            ),
            (
                vec![block(b'x', "x", &pax("path", "1"))],
                "1024: the archive ends",
            ),
            (
                vec![block(b'L', "x", &vec![b'n'; 2 << 20]), file()],
                "0: a long name",
            ),
            (
                vec![file(), END.to_vec(), file()],
                "2048: something follows",
            ),
        ] {
            let error = names(&archive(&blocks)).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn a_key_ends_at_the_first_dot_of_the_last_part() {
        let split = |name: &str| {
            let archive = archive(&[block(b'0', name, b"")]);
            let member = Members::new(&archive).next().unwrap().unwrap();
            let found = member.key_and_suffix();
            found.map(|(key, suffix)| (key.to_owned(), suffix.to_owned()))
        };
        for (name, key, suffix) in [
            ("1.jpg", "1", "jpg"),
            ("a.b/1.seg.png", "a.b/1", "seg.png"),
            ("./a/1.", "./a/1", ""),
        ] {
            assert_eq!(split(name), Some((key.to_owned(), suffix.to_owned())));
        }
        for name in ["README", "a.b/README", ".hidden", "a/.hidden"] {
            assert_eq!(split(name), None, "{name}");
        }
    }

    #[test]
    fn numbers_are_whole_and_short() {
        assert_eq!(number(b" 7\n"), Some(7));
        assert_eq!(number(b"-1"), Some(-1));
        for text in [
            &b""[..],
            b"7.5",
            b"cat",
            b"99999999999999999999",
            &[b' '; 65],
        ] {
            assert_eq!(number(text), None);
        }
    }

    proptest! {
        #[test]
        fn a_changed_byte_never_makes_the_reader_panic(at: usize, byte: u8) {
            let mut changed = archive(&[
                block(b'x', "x", &pax("path", "long.jpg")),
                block(b'0', "1.jpg", b"one"),
                block(b'L', "././@LongLink", b"long"),
                block(b'0', "1.cls", b"2"),
            ]);
            let at = at % changed.len();
            changed[at] = byte;
            let _ = names(&changed);
        }

        #[test]
        fn no_content_of_an_extended_header_makes_the_reader_panic(
            content in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let _ = names(&archive(&[block(b'x', "x", &content), block(b'0', "1.jpg", b"x")]));
        }
    }
}
