//! Asks all services every few seconds, and opens and closes incidents by what they tell: twice in a row bad opens one,
//! twice in a row good closes it, so that a single lost answer is no incident.

use std::collections::BTreeMap;
use std::time::Duration;

use haat_contracts::operations::InstanceReport;
use haat_kernel::{Ctx, Error, Result};
use haat_service::Platform;
use haat_store::Page;
use tokio::time::sleep;

use crate::incident::{Incident, IncidentId, OPEN, Trouble};
use crate::instances::Instances;
use crate::objective;

const EVERY: Duration = Duration::from_secs(5);
const ROUNDS: u32 = 2;
const OPEN_MAX: usize = 500;

type Place = (String, Trouble);

pub struct Watch {
    pub platform: Platform,
    pub instances: Instances,
    /// Open incidents.
    open: BTreeMap<Place, String>,
    /// How many rounds in a row a place was other than what is recorded of it.
    rounds: BTreeMap<Place, u32>,
}

impl Watch {
    pub fn new(platform: Platform, instances: Instances) -> Self {
        Watch { platform, instances, open: BTreeMap::new(), rounds: BTreeMap::new() }
    }

    pub async fn run(mut self) -> Result<()> {
        let open = self.platform.store.list::<Incident>(OPEN, "", &Page::first(OPEN_MAX)).await?;
        self.open = open.items.into_iter().map(|one| ((one.service.clone(), one.trouble), one.id)).collect();
        loop {
            let heard = self.instances.ask().await;
            if let Err(error) = self.follow(&heard.reports).await {
                tracing::warn!(%error, "an incident could not be recorded; the next round tries again");
            }
            sleep(EVERY).await;
        }
    }

    async fn follow(&mut self, reports: &[InstanceReport]) -> Result<()> {
        let troubles = troubles(reports);
        let ctx = Ctx::internal(self.platform.name, "watch", self.platform.clock.now());
        for (place, detail) in &troubles {
            match self.open.get(place).cloned() {
                // Figures change all the time.
                Some(_) if place.1 == Trouble::Burning => {}
                Some(id) => self.change(&ctx, &id, detail).await?,
                None if self.is_time(place) => self.begin(&ctx, place, detail).await?,
                None => {}
            }
        }
        let over: Vec<Place> = self.open.keys().filter(|place| !troubles.contains_key(*place)).cloned().collect();
        for place in over {
            if self.is_time(&place) {
                self.end(&ctx, &place).await?;
            }
        }
        // Who is again as recorded starts anew.
        let open = &self.open;
        self.rounds.retain(|place, _| troubles.contains_key(place) != open.contains_key(place));
        Ok(())
    }

    fn is_time(&mut self, place: &Place) -> bool {
        let rounds = self.rounds.entry(place.clone()).or_default();
        *rounds += 1;
        *rounds >= ROUNDS
    }

    async fn begin(&mut self, ctx: &Ctx, place: &Place, detail: &str) -> Result<()> {
        let id: IncidentId = self.platform.entropy.id(ctx.now);
        let events = Incident::open(&place.0, place.1, detail, ctx.now);
        tracing::warn!(service = place.0, trouble = place.1.name(), detail, "an incident opens");
        self.platform.store.update(ctx, id.as_str(), move |_: Option<&Incident>| Ok::<_, Error>(events)).await?;
        self.open.insert(place.clone(), id.to_string());
        self.rounds.remove(place);
        Ok(())
    }

    async fn change(&self, ctx: &Ctx, id: &str, detail: &str) -> Result<()> {
        let (detail, now) = (detail.to_owned(), ctx.now);
        let decide =
            move |incident: Option<&Incident>| Ok::<_, Error>(incident.map(|one| one.change(&detail, now)).unwrap_or_default());
        self.platform.store.update(ctx, id, decide).await.map(drop)
    }

    async fn end(&mut self, ctx: &Ctx, place: &Place) -> Result<()> {
        if let Some(id) = self.open.remove(place) {
            let now = ctx.now;
            tracing::info!(service = place.0, trouble = place.1.name(), "an incident is over");
            let decide =
                move |incident: Option<&Incident>| Ok::<_, Error>(incident.map(|one| one.close(now)).unwrap_or_default());
            self.platform.store.update(ctx, &id, decide).await?;
        }
        self.rounds.remove(place);
        Ok(())
    }
}

fn troubles(reports: &[InstanceReport]) -> BTreeMap<Place, String> {
    let mut by_service: BTreeMap<&str, Vec<&InstanceReport>> = BTreeMap::new();
    for report in reports {
        by_service.entry(&report.service).or_default().push(report);
    }
    let mut troubles = BTreeMap::new();
    for (service, instances) in by_service {
        for (trouble, detail) in objective::troubles(&instances) {
            troubles.insert((service.to_owned(), trouble), detail);
        }
    }
    troubles
}
