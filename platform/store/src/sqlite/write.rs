//! Writing one commit's rows, inside the group's transaction. A failure here rolls the whole group back, so whatever may
//! rightly fail has been checked before.

use haat_kernel::Timestamp;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::query::{count, signed};
use crate::backend::{Batch, Lock, NewReply, Write};
use crate::partition::Positions;

/// JSON is text to SQLite, so that people can read it and its own functions can look into it.
struct Json<'a>(&'a [u8]);

impl ToSql for Json<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}

/// `positions` are the last ones given out in the group.
pub fn batch(connection: &Connection, batch: &Batch, positions: &mut Positions) -> Result<()> {
    for write in &batch.writes {
        let last = events(connection, batch, write, positions)?;
        aggregate(connection, write, last)?;
        keys(connection, write)?;
        timers(connection, write)?;
    }
    for lock in &batch.forgotten {
        forget(connection, lock)?;
    }
    for cursor in &batch.cursors {
        connection
            .prepare_cached(
                "INSERT INTO cursors VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET position = max(position, excluded.position)",
            )?
            .execute(params![cursor.source, cursor.partition, signed(cursor.position)])?;
    }
    batch.reply.as_ref().map_or(Ok(()), |reply| remember(connection, reply))
}

/// Deletes the chain from the last event to the first, and what stands for the aggregate. Its positions are not given out again.
fn forget(connection: &Connection, lock: &Lock) -> Result<()> {
    let Lock { partition, kind, id, .. } = lock;
    let last = connection
        .prepare_cached("SELECT position FROM aggregates WHERE partition = ?1 AND kind = ?2 AND id = ?3")?
        .query_row(params![partition, kind, id], |row| count(row, 0))
        .optional()?;
    let mut position = last.unwrap_or(0);
    let mut event = connection.prepare_cached("DELETE FROM events WHERE partition = ?1 AND position = ?2 RETURNING previous")?;
    while position > 0 {
        position = event.query_row(params![partition, signed(position)], |row| count(row, 0))?;
    }
    connection.prepare_cached("DELETE FROM keys WHERE kind = ?1 AND id = ?2")?.execute(params![kind, id])?;
    for table in ["timers", "aggregates"] {
        let sql = format!("DELETE FROM {table} WHERE partition = ?1 AND kind = ?2 AND id = ?3");
        connection.prepare_cached(&sql)?.execute(params![partition, kind, id])?;
    }
    Ok(())
}

/// Answers the position of the aggregate's last event.
fn events(connection: &Connection, batch: &Batch, write: &Write, positions: &mut Positions) -> Result<u64> {
    let mut last = last_position(connection, write)?;
    for (version, event) in (write.version_before() + 1..).zip(&write.events) {
        let position = positions.get(write.partition) + 1;
        connection.prepare_cached("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")?.execute(
            params![
                write.partition,
                signed(position),
                write.kind,
                write.id,
                signed(version),
                event.event_type,
                Json(&event.body),
                batch.time.as_microsecond(),
                batch.principal,
                batch.correlation,
                signed(last),
            ],
        )?;
        positions.set(write.partition, position);
        last = position;
    }
    Ok(last)
}

/// Of the aggregate before this commit. Fails when the stored version is not the one that the decision saw: that cannot
/// happen, and if it did, writing on would lose a commit.
fn last_position(connection: &Connection, write: &Write) -> Result<u64> {
    if write.version_before() == 0 {
        return Ok(0);
    }
    connection
        .prepare_cached("SELECT position FROM aggregates WHERE partition = ?1 AND kind = ?2 AND id = ?3 AND version = ?4")?
        .query_row(params![write.partition, write.kind, write.id, signed(write.version_before())], |row| count(row, 0))
}

fn aggregate(connection: &Connection, write: &Write, last: u64) -> Result<()> {
    let sql = if write.version_before() == 0 {
        "INSERT INTO aggregates VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
    } else {
        "UPDATE aggregates SET version = ?4, position = ?5, schema = ?6, state = ?7 WHERE partition = ?1 AND kind = ?2 AND id = ?3"
    };
    let Write { partition, kind, id, schema, .. } = write;
    let (version, last, state) = (signed(write.version), signed(last), Json(&write.state));
    connection.prepare_cached(sql)?.execute(params![partition, kind, id, version, last, schema, state]).map(|_| ())
}

fn keys(connection: &Connection, write: &Write) -> Result<()> {
    if write.rewrite {
        connection.prepare_cached("DELETE FROM keys WHERE kind = ?1 AND id = ?2")?.execute(params![write.kind, write.id])?;
    }
    for key in &write.keys.removed {
        connection
            .prepare_cached("DELETE FROM keys WHERE kind = ?1 AND name = ?2 AND value = ?3 AND sort = ?4 AND id = ?5")?
            .execute(params![write.kind, key.name, key.value, key.sort, write.id])?;
    }
    for key in &write.keys.added {
        connection.prepare_cached("INSERT OR IGNORE INTO keys VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
            write.kind,
            key.name,
            key.value,
            key.sort,
            write.id,
            write.partition
        ])?;
    }
    Ok(())
}

fn timers(connection: &Connection, write: &Write) -> Result<()> {
    if write.rewrite {
        connection.prepare_cached("DELETE FROM timers WHERE partition = ?1 AND kind = ?2 AND id = ?3")?.execute(params![
            write.partition,
            write.kind,
            write.id
        ])?;
    }
    for timer in &write.timers.removed {
        connection
            .prepare_cached("DELETE FROM timers WHERE partition = ?1 AND kind = ?2 AND id = ?3 AND name = ?4")?
            .execute(params![write.partition, write.kind, write.id, timer.name])?;
    }
    for timer in &write.timers.added {
        connection.prepare_cached("INSERT OR REPLACE INTO timers VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
            write.partition,
            write.kind,
            write.id,
            timer.name,
            timer.due.as_microsecond()
        ])?;
    }
    Ok(())
}

/// Writes over an expired reply; one that holds was found before.
fn remember(connection: &Connection, reply: &NewReply) -> Result<()> {
    let NewReply { idempotency, body, expires } = reply;
    connection.prepare_cached("INSERT OR REPLACE INTO replies VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        idempotency.scope,
        idempotency.key,
        signed(idempotency.request_hash),
        body,
        expires.as_microsecond()
    ])?;
    Ok(())
}

/// Writes the positions that the group has moved on.
pub fn positions(connection: &Connection, before: &Positions, after: &Positions) -> Result<()> {
    for (partition, position) in after.iter().filter(|(partition, position)| before.get(*partition) != *position) {
        connection
            .prepare_cached("UPDATE partitions SET next_position = ?2 WHERE partition = ?1")?
            .execute(params![partition, signed(position + 1)])?;
    }
    Ok(())
}

/// Forgets some of the replies that have expired.
pub fn sweep_replies(connection: &Connection, now: Timestamp, limit: i64) -> Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM replies WHERE (principal, key) IN (SELECT principal, key FROM replies WHERE expires <= ?1 LIMIT ?2)",
        )?
        .execute(params![now.as_microsecond(), limit])?;
    Ok(())
}
