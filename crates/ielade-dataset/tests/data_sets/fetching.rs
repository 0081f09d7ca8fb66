//! Fetching from a server that breaks off, lies and sends what it should not.

use crate::made_sets::{binary_record, folder, jpeg, write};
use flate2::{Compression, write::GzEncoder};
use ielade_dataset::{
    DataSet, OpenOptions,
    fetch::{Checksum, FetchError, FetchOptions, FetchProgress, KnownSet, Limits, fetch},
};
use ielade_testing::server::{Reply, TestServer};
use md5::{Digest, Md5};
use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{Cursor, Write},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::Duration,
};
use zip::write::SimpleFileOptions;

/// A zip archive of these files, stored as they are.
fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in files {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The repository's archive, with few and small images.
fn face_masks() -> Vec<u8> {
    let image = jpeg(8, 8, [50, 60, 70]);
    let readme = vec![b'x'; 200_000];
    zip_of(&[
        ("observations-master/README.md", &readme),
        (
            "observations-master/experiements/data/with_mask/1 a.jpg",
            &image,
        ),
        (
            "observations-master/experiements/data/with_mask/2.jpg",
            &image,
        ),
        (
            "observations-master/experiements/data/without_mask/1.jpg",
            &image,
        ),
        (
            "observations-master/experiements/data/without_mask/2.jpg",
            &image,
        ),
    ])
}

type TarGz = tar::Builder<GzEncoder<Vec<u8>>>;

/// Writes the members of an archive.
type Fill = fn(&mut TarGz);

fn tar_gz(fill: impl FnOnce(&mut TarGz)) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    fill(&mut builder);
    builder.into_inner().unwrap().finish().unwrap()
}

fn tar_file(builder: &mut TarGz, name: &str, content: &[u8]) {
    let mut header = tar::Header::new_ustar();
    // Written raw: the builder itself would refuse a dangerous name.
    header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    builder.append(&header, content).unwrap();
}

fn cifar10() -> Vec<u8> {
    tar_gz(|tar| {
        let batch = [binary_record(3, 0), binary_record(9, 1)].concat();
        tar_file(tar, "cifar-10-batches-bin/data_batch_1.bin", &batch);
        tar_file(tar, "cifar-10-batches-bin/test_batch.bin", &batch);
        tar_file(tar, "cifar-10-batches-bin/readme.html", b"<html>");
    })
}

fn md5(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Md5::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn options(server: &TestServer) -> FetchOptions {
    FetchOptions {
        url: Some(server.url()),
        checksum: Checksum::Unchecked,
        attempts: 3,
        pause: Duration::ZERO,
        ..FetchOptions::default()
    }
}

fn run(
    set: KnownSet,
    target: &Path,
    options: &FetchOptions,
) -> (Result<PathBuf, FetchError>, Vec<FetchProgress>) {
    let mut progress = Vec::new();
    let result = fetch(set, target, options, &mut |step| progress.push(step));
    (result, progress)
}

fn fetch_masks(target: &Path, server: &TestServer) -> Result<PathBuf, FetchError> {
    run(KnownSet::FaceMasks, target, &options(server)).0
}

fn refusal(target: &Path, server: &TestServer) -> String {
    fetch_masks(target, server).unwrap_err().to_string()
}

/// Names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let members = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = members
        .map(|member| member.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

fn assert_masks(folder: &Path) {
    let data_set = DataSet::open(folder, &OpenOptions::default()).unwrap();
    assert_eq!(data_set.classes(), ["with_mask", "without_mask"]);
    assert_eq!(names(&folder.join("with_mask")), ["1 a.jpg", "2.jpg"]);
    let image = fs::read(folder.join("without_mask/2.jpg")).unwrap();
    assert_eq!(image, jpeg(8, 8, [50, 60, 70]));
}

#[test]
fn a_set_is_fetched_unpacked_and_nothing_else_left() {
    let target = folder();
    let archive = face_masks();
    let server = TestServer::serving(archive.clone());
    let (result, progress) = run(KnownSet::FaceMasks, target.path(), &options(&server));
    assert_masks(&result.unwrap());
    assert_eq!(names(target.path()), ["face-masks"]);
    let blake3 = blake3::hash(&archive).to_hex().to_string();
    let bytes = archive.len() as u64;
    assert!(progress.contains(&FetchProgress::Unverified { blake3, bytes }));
    let total = Some(bytes);
    assert!(progress.contains(&FetchProgress::Downloading { done: bytes, total }));
}

#[test]
fn a_set_that_is_there_is_not_fetched_again() {
    let target = folder();
    let server = TestServer::serving(face_masks());
    let first = fetch_masks(target.path(), &server).unwrap();
    let (second, progress) = run(KnownSet::FaceMasks, target.path(), &options(&server));
    assert_eq!(second.unwrap(), first);
    assert_eq!(progress, [FetchProgress::AlreadyThere { path: first }]);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn the_archive_stays_when_asked() {
    let target = folder();
    let server = TestServer::serving(face_masks());
    let options = FetchOptions {
        keep_archive: true,
        ..options(&server)
    };
    run(KnownSet::FaceMasks, target.path(), &options).0.unwrap();
    assert_eq!(names(target.path()), ["face-masks", "face-masks.zip"]);
}

#[test]
fn a_tar_archive_with_a_checksum_is_fetched() {
    let target = folder();
    let archive = cifar10();
    let server = TestServer::serving(archive.clone());
    let options = FetchOptions {
        checksum: Checksum::Md5(md5(&archive).to_uppercase()),
        ..options(&server)
    };
    let path = run(KnownSet::Cifar10, target.path(), &options).0.unwrap();
    assert_eq!(path, target.path().join("cifar-10-batches-bin"));
    assert_eq!(
        names(&path),
        ["data_batch_1.bin", "readme.html", "test_batch.bin"]
    );
}

#[test]
fn a_download_that_breaks_off_is_continued_in_the_same_call() {
    let target = folder();
    let archive = face_masks();
    let server = TestServer::start(move |number, request| {
        let reply = Reply::of(&archive, request).with("ETag", "\"v1\"");
        if number == 0 {
            reply.cut_after(70_000)
        } else {
            reply
        }
    });
    let (result, progress) = run(KnownSet::FaceMasks, target.path(), &options(&server));
    assert_masks(&result.unwrap());
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].range_start, Some(70_000));
    assert_eq!(requests[1].if_range.as_deref(), Some("\"v1\""));
    assert!(progress.contains(&FetchProgress::Resuming { bytes: 70_000 }));
}

#[test]
fn a_download_that_keeps_breaking_off_says_how_far_it_came_and_is_continued_later() {
    let target = folder();
    let archive = face_masks();
    let total = archive.len();
    let server = TestServer::start({
        let archive = archive.clone();
        move |_, request| match request.range_start {
            None => Reply::whole(&archive).cut_after(100_000),
            Some(_) => Reply::of(&archive, request).cut_after(0),
        }
    });
    let options = options(&server);
    let error = run(KnownSet::FaceMasks, target.path(), &options)
        .0
        .unwrap_err();
    let reason = error.to_string();
    assert!(reason.contains("broke off 3 times in a row"), "{reason}");
    assert!(
        reason.contains(&format!("100000 of {total} bytes are here")),
        "{reason}"
    );
    assert!(
        reason.contains("Run the same command again to continue"),
        "{reason}"
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    drop(server);

    // The address is remembered with the part, so the same one has to answer.
    let port = options.url.as_ref().unwrap();
    let part = target.path().join("face-masks.zip.part.source");
    assert!(
        fs::read_to_string(&part)
            .unwrap()
            .starts_with(port.as_str())
    );
    let better = TestServer::serving(archive);
    fs::write(&part, format!("{}\n\n", better.url())).unwrap();
    assert_masks(&fetch_masks(target.path(), &better).unwrap());
    assert_eq!(better.requests()[0].range_start, Some(100_000));
    assert_eq!(names(target.path()), ["face-masks"]);
}

#[test]
fn progress_makes_up_for_a_failure() {
    let target = folder();
    let archive = face_masks();
    let server =
        TestServer::start(move |_, request| Reply::of(&archive, request).cut_after(70_000));
    let options = FetchOptions {
        attempts: 2,
        ..options(&server)
    };
    let path = run(KnownSet::FaceMasks, target.path(), &options).0.unwrap();
    assert_masks(&path);
    assert_eq!(server.requests()[2].range_start, Some(140_000));
}

#[test]
fn bytes_of_another_address_are_not_continued() {
    let target = folder();
    write(target.path(), "face-masks.zip.part", b"something else");
    let source = b"http://elsewhere.example/x\n\n";
    write(target.path(), "face-masks.zip.part.source", source);
    let server = TestServer::serving(face_masks());
    assert_masks(&fetch_masks(target.path(), &server).unwrap());
    assert_eq!(server.requests()[0].range_start, None);
}

#[test]
fn a_server_without_ranges_starts_over() {
    let target = folder();
    let archive = face_masks();
    let server = TestServer::start(move |number, _| {
        let reply = Reply::whole(&archive);
        if number == 0 {
            reply.cut_after(70_000)
        } else {
            reply
        }
    });
    assert_masks(&fetch_masks(target.path(), &server).unwrap());
    assert_eq!(server.requests()[1].range_start, Some(70_000));
}

#[test]
fn a_file_that_changed_meanwhile_is_fetched_from_its_start() {
    let target = folder();
    let (old, new) = (vec![0; 150_000], face_masks());
    let server = TestServer::start(move |number, request| {
        if number == 0 {
            return Reply::whole(&old)
                .with("ETag", "\"old\"")
                .cut_after(100_000);
        }
        // As RFC 9110 asks: another version than the one in If-Range is sent whole.
        assert_eq!(request.if_range.as_deref(), Some("\"old\""));
        Reply::whole(&new).with("ETag", "\"new\"")
    });
    assert_masks(&fetch_masks(target.path(), &server).unwrap());
}

#[test]
fn a_wrong_part_is_not_taken() {
    let target = folder();
    let archive = face_masks();
    let server = TestServer::start(move |number, request| match number {
        0 => Reply::whole(&archive).cut_after(70_000),
        1 => Reply::of(&archive, request).with("Content-Range", "bytes 5-99/100"),
        _ => Reply::of(&archive, request),
    });
    assert_masks(&fetch_masks(target.path(), &server).unwrap());
    assert_eq!(server.requests()[2].range_start, None);
}

#[test]
fn an_announced_length_that_never_comes_ends_in_an_error() {
    let target = folder();
    let archive = face_masks();
    let announced = archive.len() + 1000;
    let server = TestServer::start(move |_, _| {
        Reply::whole(&archive).with("Content-Length", &announced.to_string())
    });
    let reason = refusal(target.path(), &server);
    assert!(
        reason.contains(&format!("of {announced} bytes are here")),
        "{reason}"
    );
    assert!(!target.path().join("face-masks").exists());
}

#[test]
fn an_announced_length_that_is_too_short_fails_the_checksum() {
    let target = folder();
    let archive = cifar10();
    let expected = md5(&archive);
    let server =
        TestServer::start(move |_, _| Reply::whole(&archive).with("Content-Length", "100"));
    let options = FetchOptions {
        checksum: Checksum::Md5(expected),
        ..options(&server)
    };
    let error = run(KnownSet::Cifar10, target.path(), &options)
        .0
        .unwrap_err();
    assert!(matches!(error, FetchError::Checksum { .. }), "{error}");
}

#[test]
fn a_wrong_checksum_is_refused_with_both_sums_and_the_next_call_fetches_anew() {
    let target = folder();
    let (wrong, right) = (b"a proxy's login page".to_vec(), cifar10());
    let expected = md5(&right);
    let server = TestServer::start({
        let wrong = wrong.clone();
        move |number, request| Reply::of(if number == 0 { &wrong } else { &right }, request)
    });
    let options = FetchOptions {
        checksum: Checksum::Md5(expected.clone()),
        ..options(&server)
    };
    let error = run(KnownSet::Cifar10, target.path(), &options)
        .0
        .unwrap_err();
    let reason = error.to_string();
    assert!(
        reason.contains(&expected) && reason.contains(&md5(&wrong)),
        "{reason}"
    );
    assert_eq!(names(target.path()), ["cifar-10-binary.tar.gz.bad"]);
    run(KnownSet::Cifar10, target.path(), &options).0.unwrap();
}

#[test]
fn the_published_checksum_is_asked_for_by_default() {
    let target = folder();
    let server = TestServer::serving(cifar10());
    let options = FetchOptions {
        checksum: Checksum::Published,
        ..options(&server)
    };
    let error = run(KnownSet::Cifar10, target.path(), &options)
        .0
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("c32a1d4ab5d03f1284b67883e8d87530"),
        "{error}"
    );
}

#[test]
fn a_missing_file_is_said_at_once_and_a_busy_server_asked_again() {
    let target = folder();
    let server = TestServer::start(|_, _| Reply::status(404));
    let reason = refusal(target.path(), &server);
    assert!(
        reason.contains("answered 404; the file has moved"),
        "{reason}"
    );
    assert_eq!(server.requests().len(), 1);

    let archive = face_masks();
    let server = TestServer::start(move |number, request| match number {
        0 => Reply::status(503),
        _ => Reply::of(&archive, request),
    });
    assert_masks(&fetch_masks(target.path(), &server).unwrap());
}

#[test]
fn a_server_that_is_not_there_is_an_error_after_some_attempts() {
    let target = folder();
    let server = TestServer::start(|_, _| Reply::status(200));
    let options = options(&server);
    drop(server);
    let error = run(KnownSet::FaceMasks, target.path(), &options)
        .0
        .unwrap_err();
    assert!(
        matches!(error, FetchError::BrokenOff { attempts: 3, .. }),
        "{error}"
    );
}

#[test]
fn an_address_that_is_none_is_refused() {
    let target = folder();
    let options = FetchOptions {
        url: Some("not an address".to_owned()),
        ..FetchOptions::default()
    };
    let error = run(KnownSet::FaceMasks, target.path(), &options)
        .0
        .unwrap_err();
    assert!(matches!(error, FetchError::Address { .. }), "{error}");
}

#[test]
fn a_download_without_end_is_stopped() {
    let target = folder();
    let server = TestServer::serving(face_masks());
    let options = FetchOptions {
        limits: Limits {
            archive_bytes: 1000,
            ..Limits::default()
        },
        ..options(&server)
    };
    let error = run(KnownSet::FaceMasks, target.path(), &options)
        .0
        .unwrap_err();
    assert!(
        error.to_string().contains("sends more than 1000 bytes"),
        "{error}"
    );
}

/// The archive with the name of one member replaced by another of the same length.
fn renamed(mut archive: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = (0..archive.len() - from.len())
        .filter(|place| archive[*place..].starts_with(from.as_bytes()))
        .collect();
    assert_eq!(places.len(), 2, "the member and the directory");
    for place in places {
        archive[place..place + to.len()].copy_from_slice(to.as_bytes());
    }
    archive
}

#[test]
fn a_zip_member_that_leads_out_is_refused() {
    for (from, to, why) in [
        ("xx/evil", "../evil", "leads out of the folder"),
        ("xxevil", "/evil2", "has an absolute path"),
        ("xx.evil", "a\\..\\..", "has a backslash"),
    ] {
        let target = folder();
        let inner = target.path().join("inner");
        let archive = zip_of(&[("observations-master/a", b"x"), (from, b"evil")]);
        let server = TestServer::serving(renamed(archive, from, to));
        let reason = refusal(&inner, &server);
        assert!(
            reason.contains(why) && reason.contains("is refused"),
            "{reason}"
        );
        assert_eq!(names(target.path()), ["inner"]);
        assert_eq!(names(&inner), ["face-masks.zip.bad"]);
    }
}

#[test]
fn a_zip_link_is_refused() {
    let target = folder();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    zip.add_symlink("face-masks/with_mask/1.jpg", "/etc/passwd", options)
        .unwrap();
    let server = TestServer::serving(zip.finish().unwrap().into_inner());
    let reason = refusal(target.path(), &server);
    assert!(reason.contains("is a link"), "{reason}");
}

#[test]
fn tar_members_that_lead_out_or_are_links_are_refused() {
    let dangerous: [(Fill, &str); 4] = [
        (|tar| tar_file(tar, "../evil", b"x"), "leads out"),
        (|tar| tar_file(tar, "/evil", b"x"), "absolute path"),
        (
            |tar| {
                let mut header = tar::Header::new_gnu();
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                let name = "cifar-10-batches-bin/data_batch_1.bin";
                tar.append_link(&mut header, name, "/etc/passwd").unwrap();
            },
            "is a link",
        ),
        (
            |tar| {
                let mut header = tar::Header::new_gnu();
                header.set_entry_type(tar::EntryType::Link);
                header.set_size(0);
                let name = "cifar-10-batches-bin/data_batch_1.bin";
                tar.append_link(&mut header, name, "../../secret").unwrap();
            },
            "is a link",
        ),
    ];
    for (fill, why) in dangerous {
        let target = folder();
        let server = TestServer::serving(tar_gz(fill));
        let result = run(KnownSet::Cifar10, target.path(), &options(&server)).0;
        let reason = result.unwrap_err().to_string();
        assert!(reason.contains(why), "{reason}");
        assert_eq!(names(target.path()), ["cifar-10-binary.tar.gz.bad"]);
    }
}

#[test]
fn archives_that_unpack_too_large_are_refused() {
    let bomb = tar_gz(|tar| {
        // Not a member that is wanted: skipping it costs time all the same.
        tar_file(tar, "elsewhere", &vec![0; 3_000_000]);
        tar_file(tar, "cifar-10-batches-bin/data_batch_1.bin", &[0; 10]);
    });
    assert!(bomb.len() < 100_000);
    let limits = Limits {
        unpacked_bytes: 1_000_000,
        members: 3,
        ..Limits::default()
    };
    let target = folder();
    let server = TestServer::serving(bomb);
    let options = FetchOptions {
        limits,
        ..options(&server)
    };
    let error = run(KnownSet::Cifar10, target.path(), &options)
        .0
        .unwrap_err();
    assert!(
        error.to_string().contains("more than 1000000 bytes"),
        "{error}"
    );

    let server = TestServer::serving(face_masks());
    let options = FetchOptions {
        url: Some(server.url()),
        ..options
    };
    let error = run(KnownSet::FaceMasks, target.path(), &options)
        .0
        .unwrap_err();
    assert!(error.to_string().contains("more than 3 files"), "{error}");
}

#[test]
fn what_is_no_archive_or_broken_or_another_set_is_refused() {
    let whole = face_masks();
    let gz = cifar10();
    let other = zip_of(&[("observations-master/README.md", b"no images")]);
    let one_class = zip_of(&[("face-masks/with_mask/1.jpg", b"x")]);
    for (content, why) in [
        (
            b"<!DOCTYPE html>".to_vec(),
            "it starts with \"<!DOCTYPE html>\"",
        ),
        (Vec::new(), "it starts with nothing"),
        (whole[..whole.len() / 2].to_vec(), "cannot be unpacked"),
        (gz[..gz.len() / 2].to_vec(), "cannot be unpacked"),
        (other, "is not the data set face-masks: none of its files"),
    ] {
        let target = folder();
        let server = TestServer::serving(content);
        let reason = refusal(target.path(), &server);
        assert!(reason.contains(why), "{reason}");
        assert!(reason.contains("run the same command again"), "{reason}");
        assert_eq!(names(target.path()), ["face-masks.zip.bad"]);
    }
    // One class is little, but a data set.
    let target = folder();
    fetch_masks(target.path(), &TestServer::serving(one_class)).unwrap();
}

#[test]
fn a_kill_while_unpacking_costs_no_second_download() {
    let target = folder();
    write(target.path(), "face-masks.zip", &face_masks());
    write(
        target.path(),
        ".face-masks.unpacking/face-masks/half.jpg",
        b"x",
    );
    let server = TestServer::start(|_, _| Reply::status(500));
    assert_masks(&fetch_masks(target.path(), &server).unwrap());
    assert!(server.requests().is_empty());
    assert_eq!(names(target.path()), ["face-masks"]);
}

#[test]
fn a_kill_after_the_last_byte_costs_no_second_download() {
    let target = folder();
    let archive = face_masks();
    let server = TestServer::serving(archive.clone());
    write(target.path(), "face-masks.zip.part", &archive);
    let source = format!("{}\n\n", server.url());
    write(
        target.path(),
        "face-masks.zip.part.source",
        source.as_bytes(),
    );
    assert_masks(&fetch_masks(target.path(), &server).unwrap());
    assert_eq!(server.requests()[0].range_start, Some(archive.len()));
}

#[test]
fn a_full_disk_is_said() {
    let target = folder();
    symlink("/dev/full", target.path().join("face-masks.zip.part")).unwrap();
    let server = TestServer::serving(face_masks());
    let reason = refusal(target.path(), &server);
    assert!(
        reason.starts_with("the disk is full: cannot write"),
        "{reason}"
    );
    assert!(reason.contains("face-masks.zip.part"), "{reason}");
}

#[test]
fn a_target_that_cannot_be_written_is_said() {
    let target = folder();
    write(target.path(), "file", b"x");
    let server = TestServer::serving(face_masks());
    let reason = refusal(&target.path().join("file/below"), &server);
    assert!(reason.contains("cannot create the folder"), "{reason}");
    assert!(reason.contains("file/below"), "{reason}");
}

#[test]
fn something_else_at_the_targets_place_is_left_alone() {
    let target = folder();
    write(target.path(), "face-masks/diary.txt", b"dear diary");
    let server = TestServer::serving(face_masks());
    let reason = refusal(target.path(), &server);
    assert!(
        reason.contains("is there already, but it is not the data set"),
        "{reason}"
    );
    assert!(server.requests().is_empty());
    assert_eq!(names(&target.path().join("face-masks")), ["diary.txt"]);
}

#[test]
fn two_fetches_of_one_set_do_not_disturb_each_other() {
    let target = folder();
    let lock = File::create(target.path().join(".face-masks.lock")).unwrap();
    lock.lock().unwrap();
    let server = TestServer::serving(face_masks());
    let reason = refusal(target.path(), &server);
    assert!(reason.contains("another process is fetching"), "{reason}");
    lock.unlock().unwrap();
    assert_masks(&fetch_masks(target.path(), &server).unwrap());
}
