//! Reads the books whenever operators ask, and every so often: no service can, because none sees another's database. The
//! supervisor sees them all, and tells `operations` its verdict.

use std::time::Duration;

use haat_contracts::operations::Books;
use haat_contracts::operations::books::Verdict;
use haat_kernel::Result;
use haat_service::Depth;
use tokio::time::sleep;

use crate::check::{self, Report};
use crate::client::Supervisor;
use crate::layout::Layout;

/// Work that moves is waited for so long; on a busy platform something always does.
const PATIENCE: Duration = Duration::from_secs(15);
/// Larger books are read only when somebody asks: all of them are in memory for that moment.
const UNASKED_EVENTS_MAX: u64 = 200_000;
const RETRY: Duration = Duration::from_secs(5);

pub async fn keep(supervisor: Supervisor, layout: Layout) {
    loop {
        if let Err(error) = once(&supervisor, &layout).await {
            tracing::debug!(%error, "the books could not be read or reported; tried again");
            sleep(RETRY).await;
        }
    }
}

async fn once(supervisor: &Supervisor, layout: &Layout) -> Result<()> {
    let stores = check::open(layout)?;
    let is_large = check::events(&stores).await? > UNASKED_EVENTS_MAX;
    if supervisor.await_books_check(is_large).await? {
        let report = check::patient(&stores, Depth::States, PATIENCE).await?;
        supervisor.report_books(books(report)).await?;
    }
    Ok(())
}

fn books(report: Report) -> Books {
    let verdict = match (report.moving.is_empty(), report.wrong.is_empty()) {
        (false, _) => Verdict::Undecided,
        (true, true) => Verdict::Balanced,
        (true, false) => Verdict::Wrong,
    };
    let counted = report.counted.into_iter().map(|(what, count)| (what.to_owned(), count as u64)).collect();
    let (wrong, moving, parked) = (report.wrong, report.moving, report.parked);
    Books { verdict: verdict.into(), wrong, moving, parked, counted, ..Books::default() }
}
