//! The database file: its tables, how it is opened, that it has one owner, and what SQLite's errors mean to a caller.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use haat_kernel::{Error, Kind, Result};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::partition::PARTITIONS;

/// Marks a file as ours: "Haat".
const APPLICATION_ID: i32 = 0x4861_6174;
/// Of the tables below. A later format gets a migration here.
const FORMAT: i32 = 1;
/// Every statement of this crate, with room.
const STATEMENTS_MAX: usize = 64;
/// How long a reader's checkpoint lock may hold a commit up.
const BUSY: Duration = Duration::from_secs(5);

/// Tables whose rows have bodies keep them in the order of arrival, so that one page takes many commits; tables of small rows
/// are nothing but their primary key. Each index more than these costs a commit a page: the events of an aggregate are chained
/// (`position` of the last, `previous` of each) instead of indexed, and the one writer checks unique keys instead of an index.
/// Who holds a partition's lease is not kept: it is always this process.
const TABLES: &str = "
CREATE TABLE partitions (partition INTEGER PRIMARY KEY, next_position INTEGER NOT NULL);
CREATE TABLE events (
  partition INTEGER NOT NULL, position INTEGER NOT NULL,
  kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
  type TEXT NOT NULL, body TEXT NOT NULL, time INTEGER NOT NULL, principal TEXT NOT NULL, correlation TEXT NOT NULL,
  previous INTEGER NOT NULL,
  PRIMARY KEY (partition, position)
);
CREATE TABLE aggregates (
  partition INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
  version INTEGER NOT NULL, position INTEGER NOT NULL, schema INTEGER NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (partition, kind, id)
);
CREATE TABLE keys (
  kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, sort TEXT NOT NULL, id TEXT NOT NULL, partition INTEGER NOT NULL,
  PRIMARY KEY (kind, name, value, sort, id)
) WITHOUT ROWID;
CREATE INDEX keys_of_aggregate ON keys (kind, id);
CREATE TABLE timers (
  partition INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, due INTEGER NOT NULL,
  PRIMARY KEY (partition, kind, id, name)
) WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers (due);
CREATE TABLE cursors (
  source TEXT NOT NULL, partition INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (source, partition)
) WITHOUT ROWID;
CREATE TABLE replies (
  principal TEXT NOT NULL, key TEXT NOT NULL, request_hash INTEGER NOT NULL, reply BLOB NOT NULL, expires INTEGER NOT NULL,
  PRIMARY KEY (principal, key)
);
CREATE INDEX replies_by_expiry ON replies (expires);
";

/// Takes the file for this process until the answer is dropped. A lock file of its own, because a lock on the database
/// itself would keep tools from reading it.
pub fn lock(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| cannot_open(folder, &error))?;
    }
    let lock_path = lock_path(path);
    let file = File::options().create(true).truncate(false).write(true).open(&lock_path);
    let file = file.map_err(|error| cannot_open(&lock_path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(in_use(path)),
        Err(TryLockError::Error(error)) => Err(cannot_open(&lock_path, &error)),
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// The writer's connection. Makes the tables in an empty file.
pub fn open(path: &Path) -> Result<Connection> {
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    prepare(&mut connection).map_err(|error| at(path, fault(&error)))?;
    check(&connection, path)?;
    Ok(connection)
}

pub fn open_reader(path: &Path) -> Result<Connection> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    check(&connection, path)?;
    Ok(connection)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let open = || {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY)?;
        // Else SQLite plans every statement with a bound LIMIT anew at each use, because the number might change its mind.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        Ok(connection)
    };
    open().map_err(|error| at(path, fault(&error)))
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // A checkpoint costs a few fsyncs: one in 16 MB of log, and the log is cut back to that.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    connection.pragma_update(None, "cache_size", -8_000)?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    for partition in 0..PARTITIONS {
        transaction.execute("INSERT INTO partitions VALUES (?1, 1)", [partition])?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

fn check(connection: &Connection, path: &Path) -> Result<()> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let read = || Ok((pragma("application_id")?, pragma("user_version")?));
    let (application, format) = read().map_err(|error| at(path, fault(&error)))?;
    if application != APPLICATION_ID {
        return Err(at(path, unusable("store_foreign", "The file is a database, but not a store of Haat.")));
    }
    if format > FORMAT {
        return Err(at(path, unusable("store_too_new", "The store was written by a later release of Haat.")));
    }
    Ok(())
}

/// What a failure of SQLite means: a full disk passes, a broken file does not, and anything else is a bug.
pub fn fault(error: &rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            unusable("store_corrupt", "The store's file is damaged.").with_context(error)
        }
        Some(ErrorCode::DiskFull) => Error::unavailable("the store's disk is full"),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::ApiMisuse) | None => Error::internal(error),
        Some(_) => Error::unavailable(format!("the store's file: {error}")),
    }
}

fn unusable(code: &str, detail: &str) -> Error {
    Error::new(Kind::Internal, code, detail)
}

fn in_use(path: &Path) -> Error {
    at(path, Error::new(Kind::FailedPrecondition, "store_in_use", "Another process uses this store."))
}

fn cannot_open(path: &Path, error: &std::io::Error) -> Error {
    Error::unavailable(format!("{}: {error}", path.display()))
}

fn at(path: &Path, error: Error) -> Error {
    let context = error.context.clone().map(|context| format!(": {context}")).unwrap_or_default();
    error.with_context(format!("{}{context}", path.display()))
}
