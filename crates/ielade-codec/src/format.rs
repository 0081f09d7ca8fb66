//! What a file is, by its first bytes.

use crate::CodecError;
use ielade_core::Encoding;

/// An image file format, recognised by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileFormat {
    /// JPEG (ITU-T T.81).
    Jpeg,
    /// Portable Network Graphics.
    Png,
    /// Graphics Interchange Format.
    Gif,
    /// WebP.
    Webp,
    /// Windows bitmap.
    Bmp,
    /// Tagged Image File Format.
    Tiff,
    /// JPEG 2000, as a file or as a bare code stream.
    Jpeg2000,
    /// The "quite OK image format".
    Qoi,
    /// JPEG XL, in a container or as a bare code stream.
    Jxl,
}

impl FileFormat {
    /// The format of a file, by its first bytes; `None` for anything else.
    ///
    /// ```
    /// use ielade_codec::FileFormat;
    /// assert_eq!(FileFormat::sniff(b"\xff\xd8\xff\xe0"), Some(FileFormat::Jpeg));
    /// assert_eq!(FileFormat::sniff(b"hello"), None);
    /// ```
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        const STARTS: [(&[u8], FileFormat); 12] = [
            (b"\xff\xd8\xff", FileFormat::Jpeg),
            (b"\x89PNG\r\n\x1a\n", FileFormat::Png),
            (b"GIF87a", FileFormat::Gif),
            (b"GIF89a", FileFormat::Gif),
            (b"BM", FileFormat::Bmp),
            (b"II*\0", FileFormat::Tiff),
            (b"MM\0*", FileFormat::Tiff),
            (b"\0\0\0\x0cjP  \r\n\x87\n", FileFormat::Jpeg2000),
            (b"\xff\x4f\xff\x51", FileFormat::Jpeg2000),
            (b"qoif", FileFormat::Qoi),
            (b"\0\0\0\x0cJXL \r\n\x87\n", FileFormat::Jxl),
            (b"\xff\x0a", FileFormat::Jxl),
        ];
        if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            return Some(Self::Webp);
        }
        STARTS
            .iter()
            .find(|(start, _)| bytes.starts_with(start))
            .map(|(_, format)| *format)
    }

    /// The format of a file, or an error that shows its first bytes.
    ///
    /// # Errors
    /// [`CodecError::Empty`] and [`CodecError::NotAnImage`].
    pub fn recognise(bytes: &[u8]) -> Result<Self, CodecError> {
        if bytes.is_empty() {
            return Err(CodecError::Empty);
        }
        Self::sniff(bytes).ok_or_else(|| CodecError::NotAnImage {
            start: format!(
                "{:?}",
                String::from_utf8_lossy(&bytes[..bytes.len().min(12)])
            ),
        })
    }

    /// The encoding under which such files are stored and decoded; `None` where they are not.
    pub const fn encoding(self) -> Option<Encoding> {
        match self {
            Self::Jpeg => Some(Encoding::Jpeg),
            Self::Png => Some(Encoding::Png),
            Self::Jpeg2000 => Some(Encoding::Jp2),
            Self::Webp => Some(Encoding::Webp),
            Self::Qoi => Some(Encoding::Qoi),
            Self::Jxl => Some(Encoding::Jxl),
            Self::Bmp => Some(Encoding::Bmp),
            Self::Gif | Self::Tiff => None,
        }
    }

    /// The name used in messages and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Bmp => "bmp",
            Self::Tiff => "tiff",
            Self::Jpeg2000 => "jpeg 2000",
            Self::Qoi => "qoi",
            Self::Jxl => "jpeg xl",
        }
    }
}

impl std::fmt::Display for FileFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
