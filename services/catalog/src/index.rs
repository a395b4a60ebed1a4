//! The search index: a tantivy index of published products, beside the store and made from it. It can be lost at any time:
//! the indexer makes it anew from the log. Each commit carries the positions up to which the log is in it.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use haat_kernel::{Error, Result};
use haat_store::Positions;
use serde::{Deserialize, Serialize};
use tantivy::directory::MmapDirectory;
use tantivy::index::SegmentId;
use tantivy::merge_policy::LogMergePolicy;
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, Searcher, SegmentReader, TantivyDocument, Term};

use crate::columns::Columns;
use crate::document::Document;
use crate::ids::ProductId;
use crate::words;

/// Moves on with the schema and with how words are made: an index of another format is made anew.
const FORMAT: u32 = 1;
/// The least that tantivy takes: documents gather here until a commit.
const WRITER_BYTES: usize = 15_000_000;
/// Few segments keep a search short; more merging is the price.
const SEGMENTS_TO_MERGE: usize = 4;

/// Where each part of a product is found.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    pub id: Field,
    pub id_high: Field,
    pub id_low: Field,
    /// The stems that say what a thing is: title, brand, category.
    pub head: Field,
    /// The stems of all words.
    pub body: Field,
    /// All words as they are: for prefixes and typos.
    pub whole: Field,
    pub brand: Field,
    pub category: Field,
    pub seller: Field,
    pub options: Field,
    pub price: Field,
    pub available: Field,
    pub created: Field,
}

/// The names of the columns that a search reads.
pub mod column {
    pub const ID_HIGH: &str = "id_high";
    pub const ID_LOW: &str = "id_low";
    pub const BRAND: &str = "brand";
    pub const CATEGORY: &str = "category";
    pub const SELLER: &str = "seller";
    pub const OPTIONS: &str = "options";
    pub const PRICE: &str = "price";
    pub const AVAILABLE: &str = "available";
    pub const CREATED: &str = "created";
}

/// Between an option's name and its value in the column `options`.
pub const OPTION_SEPARATOR: char = '\u{1f}';

/// Cheap to clone; clones share the index.
#[derive(Clone)]
pub struct Index {
    index: tantivy::Index,
    reader: IndexReader,
    view: Arc<ArcSwap<View>>,
    pub fields: Fields,
}

/// What a search sees: the index as of one commit, with the columns of its segments in their order.
pub struct View {
    pub searcher: Searcher,
    pub segments: Vec<Arc<Columns>>,
}

impl View {
    /// The columns of segments that `before` has already are not read again.
    fn new(searcher: Searcher, before: Option<&View>) -> tantivy::Result<Self> {
        let known = |id: SegmentId| {
            let view = before?;
            let place = view.searcher.segment_readers().iter().position(|reader| reader.segment_id() == id)?;
            view.segments.get(place).map(Arc::clone)
        };
        let columns = |reader: &SegmentReader| match known(reader.segment_id()) {
            Some(columns) => Ok(columns),
            None => Columns::read(reader).map(Arc::new),
        };
        let segments = searcher.segment_readers().iter().map(columns).collect::<tantivy::Result<_>>()?;
        Ok(View { searcher, segments })
    }
}

/// What a commit says of itself.
#[derive(Serialize, Deserialize)]
struct Payload {
    format: u32,
    positions: Positions,
}

impl Index {
    pub fn in_memory() -> Result<Self> {
        let (schema, fields) = schema();
        Index::over(tantivy::Index::create_in_ram(schema), fields)
    }

    /// Opens the index in `folder`, or makes an empty one where there is none that can be read.
    pub fn open(folder: &Path) -> Result<Self> {
        match Index::open_existing(folder) {
            Ok(index) => Ok(index),
            Err(reason) => {
                tracing::info!(%reason, folder = %folder.display(), "making the search index anew");
                Index::create(folder)
            }
        }
    }

    fn open_existing(folder: &Path) -> Result<Self> {
        let (_, fields) = schema();
        let index = tantivy::Index::open_in_dir(folder).map_err(failed)?;
        let format = payload(&index).map(|payload| payload.format);
        if format != Some(FORMAT) {
            return Err(Error::internal(format!("the index has the format {format:?}")));
        }
        Index::over(index, fields)
    }

    fn create(folder: &Path) -> Result<Self> {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        std::fs::create_dir_all(folder).map_err(failed)?;
        let (schema, fields) = schema();
        let directory = MmapDirectory::open(folder).map_err(failed)?;
        Index::over(tantivy::Index::create(directory, schema, tantivy::IndexSettings::default()).map_err(failed)?, fields)
    }

    fn over(mut index: tantivy::Index, fields: Fields) -> Result<Self> {
        index.set_tokenizers(words::tokenizers());
        let reader: IndexReader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(failed)?;
        let view = View::new(reader.searcher(), None).map_err(failed)?;
        Ok(Index { index, reader, view: Arc::new(ArcSwap::from_pointee(view)), fields })
    }

    /// Up to where the store's log is in the index.
    pub fn positions(&self) -> Positions {
        payload(&self.index).map(|payload| payload.positions).unwrap_or_default()
    }

    /// There is one at a time.
    pub fn writer(&self) -> Result<Writer> {
        let writer: IndexWriter = self.index.writer_with_num_threads(1, WRITER_BYTES).map_err(failed)?;
        let mut policy = LogMergePolicy::default();
        policy.set_min_num_segments(SEGMENTS_TO_MERGE);
        writer.set_merge_policy(Box::new(policy));
        Ok(Writer { writer, reader: self.reader.clone(), view: Arc::clone(&self.view), fields: self.fields })
    }

    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    pub fn analyzer(&self, name: &str) -> Result<TextAnalyzer> {
        self.index.tokenizers().get(name).ok_or_else(|| Error::internal(format!("no analyzer {name}")))
    }
}

/// Blocks on a commit: to be used where that is allowed.
pub struct Writer {
    writer: IndexWriter,
    reader: IndexReader,
    view: Arc<ArcSwap<View>>,
    fields: Fields,
}

impl Writer {
    pub fn remove(&self, id: &ProductId) {
        self.writer.delete_term(Term::from_field_text(self.fields.id, id.as_str()));
    }

    /// Puts a product in the place of what stands there under its id.
    pub fn put(&self, id: &ProductId, document: &Document) -> Result<()> {
        self.remove(id);
        self.writer.add_document(self.document(id, document)?).map_err(failed)?;
        Ok(())
    }

    pub fn clear(&self) -> Result<()> {
        self.writer.delete_all_documents().map_err(failed)?;
        Ok(())
    }

    /// Makes all of it durable and visible.
    pub fn commit(&mut self, positions: &Positions) -> Result<()> {
        let payload = serde_json::to_string(&Payload { format: FORMAT, positions: positions.clone() }).map_err(failed)?;
        let mut commit = self.writer.prepare_commit().map_err(failed)?;
        commit.set_payload(&payload);
        commit.commit().map_err(failed)?;
        self.reader.reload().map_err(failed)?;
        let view = View::new(self.reader.searcher(), Some(&self.view.load())).map_err(failed)?;
        self.view.store(Arc::new(view));
        Ok(())
    }

    fn document(&self, id: &ProductId, from: &Document) -> Result<TantivyDocument> {
        let fields = &self.fields;
        let uuid = haat_kernel::id::uuid_of(id.as_str()).ok_or_else(|| Error::internal(format!("{id} has no UUID")))?;
        let (high, low) = uuid.as_u64_pair();
        let mut document = TantivyDocument::new();
        document.add_text(fields.id, id.as_str());
        for (field, value) in [
            (fields.id_high, high),
            (fields.id_low, low),
            (fields.price, from.price),
            (fields.available, u64::from(from.is_available)),
            (fields.created, from.created),
        ] {
            document.add_u64(field, value);
        }
        for (field, text) in [(fields.head, &from.head), (fields.body, &from.body), (fields.whole, &from.body)] {
            document.add_text(field, text);
        }
        for (field, values) in [
            (fields.brand, &from.brands),
            (fields.category, &from.categories),
            (fields.seller, &from.sellers),
            (fields.options, &from.options),
        ] {
            values.iter().for_each(|value| document.add_text(field, value));
        }
        Ok(document)
    }
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let words = |analyzer: &str, option: IndexRecordOption, has_norms: bool| {
        let indexing = TextFieldIndexing::default().set_tokenizer(analyzer).set_index_option(option).set_fieldnorms(has_norms);
        TextOptions::default().set_indexing_options(indexing)
    };
    let exact = words("raw", IndexRecordOption::Basic, false);
    let values = TextOptions::default().set_fast("raw");
    let fields = Fields {
        id: schema.add_text_field("id", exact),
        id_high: schema.add_u64_field(column::ID_HIGH, FAST),
        id_low: schema.add_u64_field(column::ID_LOW, FAST),
        head: schema.add_text_field("head", words(words::STEMMED, IndexRecordOption::WithFreqs, true)),
        body: schema.add_text_field("body", words(words::STEMMED, IndexRecordOption::WithFreqs, true)),
        whole: schema.add_text_field("whole", words(words::WHOLE, IndexRecordOption::Basic, false)),
        brand: schema.add_text_field(column::BRAND, values.clone()),
        category: schema.add_text_field(column::CATEGORY, values.clone()),
        seller: schema.add_text_field(column::SELLER, values.clone()),
        options: schema.add_text_field(column::OPTIONS, values),
        price: schema.add_u64_field(column::PRICE, FAST),
        available: schema.add_u64_field(column::AVAILABLE, FAST),
        created: schema.add_u64_field(column::CREATED, FAST),
    };
    (schema.build(), fields)
}

fn payload(index: &tantivy::Index) -> Option<Payload> {
    let meta = index.load_metas().ok()?;
    serde_json::from_str(&meta.payload?).ok()
}

/// A failure of the index; the client learns nothing of it.
pub fn failed(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("the search index: {error}"))
}
