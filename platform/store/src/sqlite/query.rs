//! Everything that is read, on any connection. Times are microseconds since 1970; 64-bit hashes keep their bits.

use haat_kernel::Timestamp;
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Result, Row, params};

use crate::backend::{DueTimer, ListQuery, Listed, Remembered, StoredAggregate, StoredEvent};
use crate::partition::{Positions, partition_of};

const EVENT: &str = "partition, position, kind, id, version, type, body, time, principal, correlation";

/// SQLite's integers have a sign; ours count.
pub fn signed(count: u64) -> i64 {
    count.cast_signed()
}

pub fn count(row: &Row, index: usize) -> Result<u64> {
    row.get::<_, i64>(index).map(i64::cast_unsigned)
}

fn bytes(row: &Row, index: usize) -> Result<Vec<u8>> {
    Ok(row.get_ref(index)?.as_bytes()?.to_vec())
}

fn time(row: &Row, index: usize) -> Result<Timestamp> {
    Ok(Timestamp::from_microsecond(row.get(index)?).unwrap_or(Timestamp::MAX))
}

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn all<T>(mut statement: CachedStatement, params: impl Params, read: fn(&Row) -> Result<T>) -> Result<Vec<T>> {
    statement.query_map(params, read)?.collect()
}

fn aggregate_row(row: &Row) -> Result<StoredAggregate> {
    Ok(StoredAggregate { id: row.get(0)?, version: count(row, 1)?, schema: row.get(2)?, state: bytes(row, 3)? })
}

fn event_row(row: &Row) -> Result<StoredEvent> {
    Ok(StoredEvent {
        partition: row.get(0)?,
        position: count(row, 1)?,
        kind: row.get(2)?,
        id: row.get(3)?,
        version: count(row, 4)?,
        event_type: row.get(5)?,
        body: bytes(row, 6)?,
        time: time(row, 7)?,
        principal: row.get(8)?,
        correlation: row.get(9)?,
    })
}

pub fn aggregate(connection: &Connection, kind: &str, id: &str) -> Result<Option<StoredAggregate>> {
    connection
        .prepare_cached("SELECT id, version, schema, state FROM aggregates WHERE partition = ?1 AND kind = ?2 AND id = ?3")?
        .query_row(params![partition_of(id), kind, id], aggregate_row)
        .optional()
}

pub fn by_key(connection: &Connection, kind: &str, key: &str, value: &str) -> Result<Option<StoredAggregate>> {
    connection
        .prepare_cached(
            "SELECT a.id, a.version, a.schema, a.state
             FROM keys k JOIN aggregates a ON a.partition = k.partition AND a.kind = k.kind AND a.id = k.id
             WHERE k.kind = ?1 AND k.name = ?2 AND k.value = ?3 LIMIT 1",
        )?
        .query_row(params![kind, key, value], aggregate_row)
        .optional()
}

/// Who has a key now.
pub fn holder(connection: &Connection, kind: &str, key: &str, value: &str) -> Result<Option<String>> {
    connection
        .prepare_cached("SELECT id FROM keys WHERE kind = ?1 AND name = ?2 AND value = ?3 LIMIT 1")?
        .query_row(params![kind, key, value], |row| row.get(0))
        .optional()
}

pub fn list(connection: &Connection, list: &ListQuery) -> Result<Vec<Listed>> {
    let statement = connection.prepare_cached(if list.descending {
        "SELECT a.id, a.version, a.schema, a.state, k.sort
         FROM keys k JOIN aggregates a ON a.partition = k.partition AND a.kind = k.kind AND a.id = k.id
         WHERE k.kind = ?1 AND k.name = ?2 AND k.value = ?3 AND (k.sort, k.id) < (?4, ?5)
         ORDER BY k.sort DESC, k.id DESC LIMIT ?6"
    } else {
        "SELECT a.id, a.version, a.schema, a.state, k.sort
         FROM keys k JOIN aggregates a ON a.partition = k.partition AND a.kind = k.kind AND a.id = k.id
         WHERE k.kind = ?1 AND k.name = ?2 AND k.value = ?3 AND (k.sort, k.id) > (?4, ?5)
         ORDER BY k.sort, k.id LIMIT ?6"
    })?;
    // To SQLite every text is less than every blob, and no id is empty: the ends of any list.
    let end = || if list.descending { Value::Blob(Vec::new()) } else { Value::Text(String::new()) };
    let after = list.after.as_ref();
    let sort = after.map_or_else(end, |after| Value::Text(after.sort.clone()));
    let id = after.map_or_else(end, |after| Value::Text(after.id.clone()));
    all(statement, params![list.kind, list.key, list.value, sort, id, limit_of(list.limit)], |row| {
        Ok(Listed { sort: row.get(4)?, aggregate: aggregate_row(row)? })
    })
}

pub fn scan(connection: &Connection, kind: &str, partition: u16, after: &str, limit: usize) -> Result<Vec<StoredAggregate>> {
    let statement = connection.prepare_cached(
        "SELECT id, version, schema, state FROM aggregates
         WHERE partition = ?1 AND kind = ?2 AND id > ?3 ORDER BY id LIMIT ?4",
    )?;
    all(statement, params![partition, kind, after, limit_of(limit)], aggregate_row)
}

pub fn idle(
    connection: &Connection,
    kind: &str,
    partition: u16,
    after: &str,
    before: Timestamp,
    limit: usize,
) -> Result<Vec<(String, u64)>> {
    let statement = connection.prepare_cached(
        "SELECT a.id, a.version FROM aggregates a JOIN events e ON e.partition = a.partition AND e.position = a.position
         WHERE a.partition = ?1 AND a.kind = ?2 AND a.id > ?3 AND e.time < ?4 ORDER BY a.id LIMIT ?5",
    )?;
    let params = params![partition, kind, after, before.as_microsecond(), limit_of(limit)];
    all(statement, params, |row| Ok((row.get(0)?, count(row, 1)?)))
}

/// Follows the chain from the last event to the first.
pub fn events_of(connection: &Connection, kind: &str, id: &str) -> Result<Vec<StoredEvent>> {
    let partition = partition_of(id);
    let last = connection
        .prepare_cached("SELECT position FROM aggregates WHERE partition = ?1 AND kind = ?2 AND id = ?3")?
        .query_row(params![partition, kind, id], |row| count(row, 0))
        .optional()?;
    let sql = format!("SELECT {EVENT}, previous FROM events WHERE partition = ?1 AND position = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut position = last.unwrap_or(0);
    let mut events = Vec::new();
    while position > 0 {
        let (event, previous) =
            statement.query_row(params![partition, signed(position)], |row| Ok((event_row(row)?, count(row, 10)?)))?;
        events.push(event);
        position = previous;
    }
    events.reverse();
    Ok(events)
}

pub fn feed(connection: &Connection, partition: u16, after: u64, limit: usize, events: &mut Vec<StoredEvent>) -> Result<()> {
    let sql = format!("SELECT {EVENT} FROM events WHERE partition = ?1 AND position > ?2 ORDER BY position LIMIT ?3");
    let statement = connection.prepare_cached(&sql)?;
    events.extend(all(statement, params![partition, signed(after), limit_of(limit)], event_row)?);
    Ok(())
}

pub fn head(connection: &Connection) -> Result<Positions> {
    let statement = connection.prepare_cached("SELECT partition, next_position - 1 FROM partitions")?;
    positions(statement, [])
}

pub fn cursors(connection: &Connection, source: &str) -> Result<Positions> {
    positions(connection.prepare_cached("SELECT partition, position FROM cursors WHERE source = ?1")?, [source])
}

fn positions(statement: CachedStatement, params: impl Params) -> Result<Positions> {
    let mut positions = Positions::default();
    for (partition, position) in all(statement, params, |row| Ok((row.get(0)?, count(row, 1)?)))? {
        positions.set(partition, position);
    }
    Ok(positions)
}

pub fn cursor(connection: &Connection, source: &str, partition: u16) -> Result<u64> {
    let position = connection
        .prepare_cached("SELECT position FROM cursors WHERE source = ?1 AND partition = ?2")?
        .query_row(params![source, partition], |row| count(row, 0))
        .optional()?;
    Ok(position.unwrap_or(0))
}

pub fn due_timers(connection: &Connection, now: Timestamp, limit: usize) -> Result<Vec<DueTimer>> {
    let statement = connection.prepare_cached(
        "SELECT due, kind, id, name FROM timers WHERE due <= ?1 ORDER BY due, partition, kind, id, name LIMIT ?2",
    )?;
    all(statement, params![now.as_microsecond(), limit_of(limit)], |row| {
        Ok(DueTimer { due: time(row, 0)?, kind: row.get(1)?, id: row.get(2)?, name: row.get(3)? })
    })
}

pub fn next_due(connection: &Connection) -> Result<Option<Timestamp>> {
    connection.prepare_cached("SELECT due FROM timers ORDER BY due LIMIT 1")?.query_row([], |row| time(row, 0)).optional()
}

pub fn reply(connection: &Connection, scope: &str, key: &str, now: Timestamp) -> Result<Option<Remembered>> {
    connection
        .prepare_cached("SELECT request_hash, reply FROM replies WHERE principal = ?1 AND key = ?2 AND expires > ?3")?
        .query_row(params![scope, key, now.as_microsecond()], |row| {
            Ok(Remembered { request_hash: count(row, 0)?, body: bytes(row, 1)? })
        })
        .optional()
}
