//! Pieces of a file on their way to the system, on a thread of their own.

use std::{
    collections::VecDeque,
    fs::File,
    io,
    os::unix::fs::FileExt,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

/// Pieces that are on their way at once, at most.
const UNDER_WAY: usize = 2;

/// The bytes of a piece from `from` on, and where they belong in the file.
pub(super) struct Part {
    pub(super) piece: Arc<Vec<u8>>,
    pub(super) from: usize,
    pub(super) offset: u64,
}

/// Writes pieces one after the other. Dropping it waits for those that are under way.
pub(super) struct WriteBehind {
    /// Closed to end the thread.
    parts: Option<SyncSender<Part>>,
    outcomes: Receiver<io::Result<()>>,
    under_way: VecDeque<Arc<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl WriteBehind {
    /// Starts the thread.
    pub(super) fn start(file: Arc<File>) -> io::Result<Self> {
        let (parts, received) = sync_channel::<Part>(UNDER_WAY);
        let (tell, outcomes) = sync_channel(UNDER_WAY + 1);
        let thread = thread::Builder::new()
            .name("ielade-write".to_owned())
            .spawn(move || {
                for part in received {
                    let outcome = file.write_all_at(&part.piece[part.from..], part.offset);
                    // Whoever hears of it takes the memory back.
                    drop(part);
                    if tell.send(outcome).is_err() {
                        break;
                    }
                }
            })?;
        Ok(Self {
            parts: Some(parts),
            outcomes,
            under_way: VecDeque::new(),
            thread: Some(thread),
        })
    }

    /// Sends a part on its way; its piece can be read meanwhile.
    pub(super) fn send(&mut self, part: Part) -> io::Result<Arc<Vec<u8>>> {
        let piece = Arc::clone(&part.piece);
        let sent = self
            .parts
            .as_ref()
            .is_some_and(|parts| parts.send(part).is_ok());
        if !sent {
            return Err(ended());
        }
        self.under_way.push_back(Arc::clone(&piece));
        Ok(piece)
    }

    /// Room for the next piece: that of one that was written, where as many as may be are under way.
    pub(super) fn room(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        let written = match self.under_way.len() {
            many if many > UNDER_WAY => self.take_written()?,
            _ => None,
        };
        let mut room = written.unwrap_or_else(|| Vec::with_capacity(bytes));
        room.clear();
        Ok(room)
    }

    /// Waits for the first piece under way; its memory.
    fn take_written(&mut self) -> io::Result<Option<Vec<u8>>> {
        let outcome = self.outcomes.recv().map_err(|_| ended())?;
        let piece = self.under_way.pop_front();
        outcome?;
        Ok(piece.and_then(Arc::into_inner))
    }

    /// Waits until all are written.
    pub(super) fn catch_up(&mut self) -> io::Result<()> {
        while !self.under_way.is_empty() {
            self.take_written()?;
        }
        Ok(())
    }
}

/// The thread ends early only where it panicked.
fn ended() -> io::Error {
    io::Error::other("the thread that writes has ended")
}

impl Drop for WriteBehind {
    fn drop(&mut self) {
        drop(self.parts.take());
        if let Some(thread) = self.thread.take() {
            // Nobody is left to be told of a panic.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, WriteBehind};
    use std::{fs::File, sync::Arc};

    #[test]
    fn a_piece_that_cannot_be_written_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, b"").unwrap();
        let only_for_reading = Arc::new(File::open(&path).unwrap());
        let mut behind = WriteBehind::start(only_for_reading).unwrap();
        let part = Part {
            piece: Arc::new(vec![1; 10]),
            from: 0,
            offset: 0,
        };
        let piece = behind.send(part).unwrap();
        assert_eq!(piece.len(), 10);
        assert!(behind.catch_up().is_err());
    }

    #[test]
    fn memory_is_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let file = Arc::new(File::create(&path).unwrap());
        let mut behind = WriteBehind::start(file).unwrap();
        let mut places = std::collections::BTreeSet::new();
        let mut room = behind.room(100).unwrap();
        for round in 0..20_u64 {
            room.resize(100, round as u8);
            places.insert(room.as_ptr() as usize);
            let part = Part {
                piece: Arc::new(room),
                from: 50,
                offset: round * 50,
            };
            behind.send(part).unwrap();
            room = behind.room(100).unwrap();
        }
        behind.catch_up().unwrap();
        assert!(places.len() <= 4, "{}", places.len());
        let expected: Vec<u8> = (0..20).flat_map(|round| [round; 50]).collect();
        assert!(std::fs::read(&path).unwrap() == expected);
    }
}
