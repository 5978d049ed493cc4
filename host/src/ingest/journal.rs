//! The write-ahead log: what is acknowledged is in it, until it is in a segment.
//!
//! ```text
//! <start position>.wal    "SNDRWAL1" │ record │ record │ …
//! record                  length u32 │ CRC-32C u32 │ format u8 │ at_ns i64 │ id length u8 │ id │ body
//!                                                   └─ length counts from here, the CRC covers it ─┘
//! ```
//!
//! Numbers are little-endian. A position is a place in all files laid end to end; a file's name is
//! the position of its first byte. One thread writes: all records that wait go in together and
//! share one fsync. What a crash left half written at the very end was never acknowledged, and
//! is cut off; anything else that cannot be read is `Corrupt`.

use super::disk::{Disk, Tape};
use bytes::Bytes;
use sanderling_core::limits::{
    JOURNAL_FILE_BYTES, JOURNAL_GROUP_BYTES_MAX, JOURNAL_QUEUE_MAX, JOURNAL_RECORD_BYTES_MAX,
};
use sanderling_core::{Error, Result};
use std::io;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

const MAGIC: &[u8; 8] = b"SNDRWAL1";
const HEADER_BYTES: usize = 8;

/// How a body is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Ndjson,
    Json,
}

/// Events as they were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) format: Format,
    /// When they came: what `now()` in a DEFAULT means, also when they are read again.
    pub(super) at_ns: i64,
    /// Id of the data source.
    pub(super) data_source: String,
    pub(super) body: Bytes,
}

/// `T` goes with a record and is handed over as soon as the record is durable, in the order of
/// positions.
#[derive(Debug)]
pub(super) struct Journal<T> {
    sender: Option<mpsc::Sender<Message<T>>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Message<T> {
    Append { record: Record, cargo: T, done: oneshot::Sender<Result<()>> },
    Release { before: u64 },
}

impl<T: Send + 'static> Journal<T> {
    /// Hands every record from position `from` on to `replay`, with the position after it, and
    /// begins a new file. `durable` gets the position after each record that is appended.
    pub(super) fn open(
        mut disk: Box<dyn Disk>,
        from: u64,
        replay: impl FnMut(u64, Record) -> Result<()>,
        durable: impl FnMut(u64, T) + Send + 'static,
    ) -> Result<Journal<T>> {
        let files = recover(&mut *disk, from, replay)?;
        let position = files.last().map_or(from, |file| file.end).max(from);
        let mut writer = Writer { disk, files, position, tape: None, broken: None, durable };
        writer.release(from);
        let (sender, receiver) = mpsc::channel(JOURNAL_QUEUE_MAX);
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || writer.run(receiver));
        let thread = thread.map_err(|error| Error::unavailable(format!("journal: no thread: {error}")))?;
        Ok(Journal { sender: Some(sender), thread: Some(thread) })
    }

    /// Returns when the record is durable. `Unavailable`: it is not, and will not come back after
    /// a restart unless the disk fails at taking it back, too.
    pub(super) async fn append(&self, record: Record, cargo: T) -> Result<()> {
        if HEADER_BYTES + record.encoded_bytes() > JOURNAL_RECORD_BYTES_MAX {
            return Err(Error::limit(format!("events of {} bytes are too many for one record", record.body.len())));
        }
        let (done, is_done) = oneshot::channel();
        let closed = || Error::unavailable("journal: closed");
        let sender = self.sender.as_ref().ok_or_else(closed)?;
        sender.send(Message::Append { record, cargo, done }).await.map_err(|_| closed())?;
        is_done.await.map_err(|_| closed())?
    }

    /// Everything before this position is in segments: its files may go.
    pub(super) async fn release(&self, before: u64) {
        if let Some(sender) = &self.sender {
            // a closed journal recovers, and then releases, by itself
            let _ = sender.send(Message::Release { before }).await;
        }
    }
}

impl<T> Drop for Journal<T> {
    /// Waits for what has been handed in.
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A file's place in the journal.
#[derive(Debug)]
struct File {
    start: u64,
    end: u64,
}

/// The thread's side.
struct Writer<F> {
    disk: Box<dyn Disk>,
    /// The last one is being written if there is a `tape`.
    files: Vec<File>,
    /// After the last durable record.
    position: u64,
    tape: Option<Box<dyn Tape>>,
    /// Why nothing can be written any more: the end of the last file is not known.
    broken: Option<String>,
    durable: F,
}

impl<F> Writer<F> {
    fn run<T>(mut self, mut receiver: mpsc::Receiver<Message<T>>)
    where
        F: FnMut(u64, T),
    {
        while let Some(first) = receiver.blocking_recv() {
            let mut group = Vec::new();
            let mut group_bytes = 0;
            let mut next = Some(first);
            while let Some(message) = next {
                match message {
                    Message::Append { record, cargo, done } => {
                        group_bytes += record.body.len();
                        group.push((record, cargo, done));
                    }
                    Message::Release { before } => self.release(before),
                }
                next = if group_bytes < JOURNAL_GROUP_BYTES_MAX { receiver.try_recv().ok() } else { None };
            }
            if group.is_empty() {
                continue;
            }
            match self.write(group.iter().map(|(record, _, _)| record)) {
                Ok(ends) => {
                    for ((_, cargo, done), end) in group.into_iter().zip(ends) {
                        (self.durable)(end, cargo);
                        // nobody waits any more: the rows are in all the same
                        let _ = done.send(Ok(()));
                    }
                }
                Err(message) => {
                    tracing::error!(message, "events are refused: the journal cannot be written");
                    for (_, _, done) in group {
                        let _ = done.send(Err(Error::unavailable(format!("events are not stored: {message}"))));
                    }
                }
            }
        }
    }

    /// Writes records and syncs once. Returns the position after each of them, or none is in.
    fn write<'r>(&mut self, records: impl Iterator<Item = &'r Record>) -> Result<Vec<u64>, String> {
        if let Some(reason) = &self.broken {
            return Err(format!("journal: {reason}; restart when the disk is in order"));
        }
        match self.try_write(records) {
            Ok(ends) => Ok(ends),
            Err(error) => {
                self.take_back(&error);
                Err(format!("journal: {error}"))
            }
        }
    }

    fn try_write<'r>(&mut self, records: impl Iterator<Item = &'r Record>) -> io::Result<Vec<u64>> {
        let begun = self.files.last().filter(|_| self.tape.is_some()).map(|file| file.start);
        if begun.is_none_or(|start| self.position - start >= JOURNAL_FILE_BYTES) {
            self.begin_file()?;
        }
        let tape = self.tape.as_mut().expect("a file is begun");
        let mut end = self.position;
        let mut ends = Vec::new();
        for record in records {
            let head = record.encode_head();
            tape.append(&head)?;
            tape.append(&record.body)?;
            end += (head.len() + record.body.len()) as u64;
            ends.push(end);
        }
        tape.sync()?;
        self.position = end;
        self.files.last_mut().expect("a file is begun").end = end;
        Ok(ends)
    }

    fn begin_file(&mut self) -> io::Result<()> {
        self.tape = None;
        let start = self.position;
        self.files.retain(|file| file.start != start);
        self.files.push(File { start, end: start });
        let mut tape = self.disk.create(start)?;
        tape.append(MAGIC)?;
        tape.sync()?;
        self.position = start + MAGIC.len() as u64;
        self.files.last_mut().expect("just pushed").end = self.position;
        self.tape = Some(tape);
        Ok(())
    }

    /// After a failed write nobody knows what is on the disk behind the last good record. It is cut
    /// off, so that refused events do not come back, and the next write begins a new file.
    fn take_back(&mut self, error: &io::Error) {
        self.tape = None;
        let Some(file) = self.files.last() else { return };
        if self.position == file.start {
            // the file itself could not be begun; the next try replaces it
            return;
        }
        if let Err(second) = self.disk.truncate(file.start, self.position - file.start) {
            self.broken = Some(format!("{error}, and then {second}"));
        }
    }

    fn release(&mut self, before: u64) {
        let keep_last = usize::from(self.tape.is_some());
        while self.files.len() > keep_last && self.files[0].end <= before {
            if let Err(error) = self.disk.remove(self.files[0].start) {
                tracing::warn!(%error, start = self.files[0].start, "a journal file that is done with stays");
                return;
            }
            self.files.remove(0);
        }
    }
}

fn recover(disk: &mut dyn Disk, from: u64, mut replay: impl FnMut(u64, Record) -> Result<()>) -> Result<Vec<File>> {
    let unreadable = |error: io::Error| Error::unavailable(format!("journal: {error}"));
    let starts = disk.list().map_err(unreadable)?;
    let mut files: Vec<File> = Vec::new();
    for (index, start) in starts.iter().copied().enumerate() {
        let is_last = index + 1 == starts.len();
        let place = |message: String| Error::corrupt(format!("journal file {start:020}: {message}"));
        let expected = files.last().map_or(start.min(from), |file| file.end);
        if start != expected {
            return Err(place(format!("the file that begins at {expected} is missing")));
        }
        let bytes = Bytes::from(disk.read(start).map_err(unreadable)?);
        let (good, damage) = walk(&bytes, |end, record| {
            let end = start + end as u64;
            if end > from { replay(end, record) } else { Ok(()) }
        })?;
        match damage {
            Some(message) if !is_last => return Err(place(message)),
            Some(message) if good == 0 => {
                tracing::info!(start, message, "a journal file was not begun when the host stopped");
                disk.remove(start).map_err(unreadable)?;
                continue;
            }
            Some(message) => {
                tracing::warn!(start, message, bytes = bytes.len() - good, "the journal's unfinished end is cut off");
                disk.truncate(start, good as u64).map_err(unreadable)?;
            }
            None => {}
        }
        files.push(File { start, end: start + good as u64 });
    }
    Ok(files)
}

/// Calls `each` with every good record and the offset after it. Returns how far it came, and why
/// no further.
fn walk(file: &Bytes, mut each: impl FnMut(usize, Record) -> Result<()>) -> Result<(usize, Option<String>)> {
    if !file.starts_with(MAGIC) {
        return Ok((0, Some("does not begin as a journal file does".to_owned())));
    }
    let mut at = MAGIC.len();
    while at < file.len() {
        match Record::decode(&file.slice(at..)) {
            Ok((record, bytes)) => {
                at += bytes;
                each(at, record)?;
            }
            Err(message) => return Ok((at, Some(format!("{message} at byte {at}")))),
        }
    }
    Ok((at, None))
}

impl Record {
    fn encoded_bytes(&self) -> usize {
        1 + 8 + 1 + self.data_source.len() + self.body.len()
    }

    /// All but the body.
    fn encode_head(&self) -> Vec<u8> {
        let mut head = Vec::with_capacity(HEADER_BYTES + self.encoded_bytes() - self.body.len());
        head.extend((self.encoded_bytes() as u32).to_le_bytes());
        head.extend([0; 4]);
        head.push(match self.format {
            Format::Ndjson => 0,
            Format::Json => 1,
        });
        head.extend(self.at_ns.to_le_bytes());
        head.push(u8::try_from(self.data_source.len()).expect("ids are short"));
        head.extend(self.data_source.as_bytes());
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&head[HEADER_BYTES..]), &self.body);
        head[4..HEADER_BYTES].copy_from_slice(&checksum.to_le_bytes());
        head
    }

    /// The record at the beginning of `bytes`, and its length.
    fn decode(bytes: &Bytes) -> Result<(Record, usize), String> {
        let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or("a record's head is cut")?;
        let (length, checksum) = header.split_at(4);
        let length = u32::from_le_bytes(length.try_into().expect("four bytes")) as usize;
        let checksum = u32::from_le_bytes(checksum.try_into().expect("four bytes"));
        let content = rest.get(..length).ok_or("a record is cut")?;
        if crc32c::crc32c(content) != checksum {
            return Err("a record's checksum does not match".to_owned());
        }
        let cut = "a record is too short";
        let (format, content) = content.split_first().ok_or(cut)?;
        let format = match format {
            0 => Format::Ndjson,
            1 => Format::Json,
            other => return Err(format!("a record of unknown format {other}")),
        };
        let (at_ns, content) = content.split_first_chunk::<8>().ok_or(cut)?;
        let (id_bytes, content) = content.split_first().ok_or(cut)?;
        let id = content.get(..usize::from(*id_bytes)).ok_or(cut)?;
        let id = std::str::from_utf8(id).map_err(|_| "a record's id is not text")?;
        let end = HEADER_BYTES + length;
        let body = bytes.slice(end - (content.len() - id.len())..end);
        let record = Record { format, at_ns: i64::from_le_bytes(*at_ns), data_source: id.to_owned(), body };
        Ok((record, end))
    }
}

#[cfg(test)]
mod tests;
