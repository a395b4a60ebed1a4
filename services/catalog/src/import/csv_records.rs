//! CSV records out of a stream of bytes: fields may hold line breaks and be cut anywhere. Memory is bounded by the longest
//! record that is taken.

use csv_core::ReadRecordResult;

use super::{BYTE_ORDER_MARK, RECORD_BYTES_MAX};

const FIELDS_MAX: usize = 512;

pub struct CsvRecords {
    core: csv_core::Reader,
    output: Vec<u8>,
    output_used: usize,
    ends: Vec<usize>,
    ends_used: usize,
    /// Where the current record begins; None between records.
    line: Option<u64>,
    is_too_long: bool,
    /// The first bytes, until they can be told from a byte order mark.
    head: Option<Vec<u8>>,
}

pub struct Record<'a> {
    /// From 1: where it begins.
    pub line: u64,
    /// Its fields are not there: there were too many, or they were too long.
    pub is_too_long: bool,
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl Record<'_> {
    /// Empty for a field that the record does not have.
    pub fn field(&self, index: usize) -> &[u8] {
        let Some(end) = self.ends.get(index) else { return &[] };
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.bytes.get(start..*end).unwrap_or_default()
    }

    pub fn fields(&self) -> usize {
        self.ends.len()
    }
}

impl Default for CsvRecords {
    fn default() -> Self {
        CsvRecords {
            core: csv_core::Reader::new(),
            output: vec![0; 16 << 10],
            output_used: 0,
            ends: vec![0; FIELDS_MAX],
            ends_used: 0,
            line: None,
            is_too_long: false,
            head: Some(Vec::new()),
        }
    }
}

impl CsvRecords {
    /// Gives each record that ends in `bytes` to `take`.
    pub fn push<E>(&mut self, bytes: &[u8], mut take: impl FnMut(Record) -> Result<(), E>) -> Result<(), E> {
        let Some(mut head) = self.head.take() else { return self.read(bytes, &mut take) };
        head.extend_from_slice(bytes);
        if head.len() < BYTE_ORDER_MARK.len() {
            self.head = Some(head);
            return Ok(());
        }
        self.read(head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&head), &mut take)
    }

    /// Gives the last record to `take`, when no line end came after it.
    pub fn finish<E>(&mut self, mut take: impl FnMut(Record) -> Result<(), E>) -> Result<(), E> {
        if let Some(head) = self.head.take() {
            self.read(&head, &mut take)?;
        }
        if self.line.is_none() {
            return Ok(());
        }
        self.read(b"\n", &mut take)?;
        // A quotation that never ended swallows that line break as well.
        if self.line.is_some() { self.step(&[], &mut take).map(|_| ()) } else { Ok(()) }
    }

    fn read<E>(&mut self, mut bytes: &[u8], take: &mut impl FnMut(Record) -> Result<(), E>) -> Result<(), E> {
        while let Some(first) = bytes.first() {
            if self.line.is_none() && matches!(first, b'\r' | b'\n') {
                // Between records: the second half of a line end, or an empty line.
                self.core.set_line(self.core.line() + u64::from(*first == b'\n'));
                bytes = &bytes[1..];
                continue;
            }
            self.line.get_or_insert(self.core.line());
            bytes = &bytes[self.step(bytes, take)?..];
        }
        Ok(())
    }

    /// Reads on in the current record; answers how many bytes that took.
    fn step<E>(&mut self, bytes: &[u8], take: &mut impl FnMut(Record) -> Result<(), E>) -> Result<usize, E> {
        let (result, read, written, ended) =
            self.core.read_record(bytes, &mut self.output[self.output_used..], &mut self.ends[self.ends_used..]);
        self.output_used += written;
        self.ends_used += ended;
        match result {
            ReadRecordResult::Record => self.give(take)?,
            ReadRecordResult::OutputFull if self.output.len() < RECORD_BYTES_MAX => {
                let longer = (self.output.len() * 2).min(RECORD_BYTES_MAX);
                self.output.resize(longer, 0);
            }
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                // Read to the record's end, but keep nothing of it.
                self.is_too_long = true;
                (self.output_used, self.ends_used) = (0, 0);
            }
            ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
        }
        Ok(read)
    }

    fn give<E>(&mut self, take: &mut impl FnMut(Record) -> Result<(), E>) -> Result<(), E> {
        let (used, ended) = if self.is_too_long { (0, 0) } else { (self.output_used, self.ends_used) };
        let record = Record {
            line: self.line.take().unwrap_or(1),
            is_too_long: std::mem::take(&mut self.is_too_long),
            bytes: &self.output[..used],
            ends: &self.ends[..ended],
        };
        let taken = take(record);
        (self.output_used, self.ends_used) = (0, 0);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lines and fields of `text`, pushed in pieces of `size` bytes.
    fn records(text: &[u8], size: usize) -> Vec<(u64, Vec<String>)> {
        let mut reader = CsvRecords::default();
        let mut found = Vec::new();
        let mut take = |record: Record| {
            let fields = (0..record.fields()).map(|index| String::from_utf8_lossy(record.field(index)).into_owned());
            found.push((record.line, if record.is_too_long { vec!["too long".into()] } else { fields.collect() }));
            Ok::<(), ()>(())
        };
        text.chunks(size).for_each(|piece| reader.push(piece, &mut take).unwrap());
        reader.finish(&mut take).unwrap();
        found
    }

    fn row(line: u64, fields: &[&str]) -> (u64, Vec<String>) {
        (line, fields.iter().map(|field| (*field).to_owned()).collect())
    }

    #[test]
    fn records_know_their_lines_however_they_are_cut() {
        for size in [1, 2, 3, 7, 1000] {
            let text = b"\xef\xbb\xbfa,b\r\n\r\n\"one\nof \"\"two\"\"\",2\r\nx,\n,y\nlast,\"q\"";
            let expected = [
                row(1, &["a", "b"]),
                row(3, &["one\nof \"two\"", "2"]),
                row(5, &["x", ""]),
                row(6, &["", "y"]),
                row(7, &["last", "q"]),
            ];
            assert_eq!(records(text, size), expected, "pieces of {size}");
        }
        assert_eq!(records(b"", 1), []);
        assert_eq!(records(b"a", 1), [row(1, &["a"])]);
        assert_eq!(records(b"a\n\"never ended", 4), [row(1, &["a"]), row(2, &["never ended\n"])]);
    }

    #[test]
    fn a_record_that_is_too_long_is_skipped() {
        let mut text = b"a\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', 3 * RECORD_BYTES_MAX));
        text.extend(b"\nb\n");
        text.extend(std::iter::repeat_n(b',', 2 * FIELDS_MAX));
        text.extend(b"\nc\n");
        let found = records(&text, 1 << 16);
        assert_eq!(found, [row(1, &["a"]), row(2, &["too long"]), row(3, &["b"]), row(4, &["too long"]), row(5, &["c"])]);
    }

    proptest! {
        #[test]
        fn how_a_file_is_cut_does_not_matter(text in "[ab,\"\r\n]{0,60}", size in 1usize..9) {
            prop_assert_eq!(records(text.as_bytes(), size), records(text.as_bytes(), 1000));
        }
    }
}
