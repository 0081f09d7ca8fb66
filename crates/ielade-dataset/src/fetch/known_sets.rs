//! The data sets that can be fetched: where their authors publish them, and what comes out.

use ielade_core::element::UnknownName;
use std::path::{Component, Path, PathBuf};

/// A data set that can be fetched by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KnownSet {
    /// CIFAR-10, binary archive: 60,000 images of 32×32 in 10 classes (A. Krizhevsky, 2009).
    Cifar10,
    /// Tiny ImageNet: 120,000 images of 64×64 in 200 classes (Stanford).
    TinyImagenet,
    /// Photographs of faces with and without a mask: 1,376 images (P. Bhandary).
    FaceMasks,
}

impl KnownSet {
    /// All sets that can be fetched.
    pub const ALL: [Self; 3] = [Self::Cifar10, Self::TinyImagenet, Self::FaceMasks];

    /// The name by which it is fetched.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar10",
            Self::TinyImagenet => "tiny-imagenet",
            Self::FaceMasks => "face-masks",
        }
    }

    /// The authors' address.
    pub const fn url(self) -> &'static str {
        match self {
            Self::Cifar10 => "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            Self::TinyImagenet => "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
            Self::FaceMasks => {
                "https://github.com/prajnasb/observations/archive/refs/heads/master.zip"
            }
        }
    }

    /// MD5 of the archive, in hexadecimal, where one is published.
    pub const fn md5(self) -> Option<&'static str> {
        match self {
            Self::Cifar10 => Some("c32a1d4ab5d03f1284b67883e8d87530"),
            Self::TinyImagenet => Some("90528d7ca1a48142e341f4ef8d21d0de"),
            Self::FaceMasks => None,
        }
    }

    /// The folder that comes out, within the target.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar-10-batches-bin",
            Self::TinyImagenet => "tiny-imagenet-200",
            Self::FaceMasks => "face-masks",
        }
    }

    /// The archive's file name while it is in the target.
    pub(crate) const fn archive(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar-10-binary.tar.gz",
            Self::TinyImagenet => "tiny-imagenet-200.zip",
            Self::FaceMasks => "face-masks.zip",
        }
    }

    /// Where a file of the archive belongs within [`KnownSet::folder`]; `None` for one that is
    /// not needed.
    pub(crate) fn place(self, member: &Path) -> Option<PathBuf> {
        match self {
            Self::Cifar10 | Self::TinyImagenet => {
                let inner = member.strip_prefix(self.folder()).ok()?;
                Some(inner.to_owned())
            }
            Self::FaceMasks => face_mask_place(member),
        }
    }
}

/// The repository holds the images in `experiements/data` (its own spelling) beside much else; a
/// mirror may hold them in `face-masks`.
fn face_mask_place(member: &Path) -> Option<PathBuf> {
    let parts: Vec<&str> = member
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    match parts.as_slice() {
        [
            _,
            "experiements",
            "data",
            class @ ("with_mask" | "without_mask"),
            file,
        ]
        | ["face-masks", class @ ("with_mask" | "without_mask"), file] => {
            Some(Path::new(class).join(file))
        }
        _ => None,
    }
}

impl std::fmt::Display for KnownSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for KnownSet {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|set| set.name() == text)
            .ok_or_else(|| UnknownName::new("data set", text, &Self::ALL.map(Self::name)))
    }
}

#[cfg(test)]
mod tests {
    use super::KnownSet;
    use std::path::{Path, PathBuf};

    #[test]
    fn of_the_repository_only_the_two_image_folders_are_taken() {
        let place = |path: &str| KnownSet::FaceMasks.place(Path::new(path));
        assert_eq!(
            place("observations-master/experiements/data/with_mask/1 a.jpg"),
            Some(PathBuf::from("with_mask/1 a.jpg"))
        );
        assert_eq!(
            place("face-masks/without_mask/2.jpg"),
            Some(PathBuf::from("without_mask/2.jpg"))
        );
        assert_eq!(
            place("observations-master/mask_classifier/data/with_mask/1.jpg"),
            None
        );
        assert_eq!(place("observations-master/README.md"), None);
        assert_eq!(
            place("observations-master/experiements/data/with_mask"),
            None
        );
    }

    #[test]
    fn names_are_read_back() {
        for set in KnownSet::ALL {
            assert_eq!(set.name().parse::<KnownSet>().unwrap(), set);
        }
        let refusal = "cifar".parse::<KnownSet>().unwrap_err().to_string();
        assert!(
            refusal.contains("cifar10, tiny-imagenet, face-masks"),
            "{refusal}"
        );
    }
}
