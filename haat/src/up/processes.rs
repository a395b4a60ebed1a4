//! `run/processes.json`: what runs, with which pid, on which port, since when. Replaced whole at every start.

use std::collections::BTreeMap;

use haat_kernel::{Error, Result};
use serde::Serialize;

use super::child::Child;
use crate::layout::{self, Layout};
use crate::plan::Plan;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Process {
    pid: u32,
    port: u16,
    health_port: u16,
    started_at: String,
    restarts: u32,
}

pub fn write(layout: &Layout, plan: &Plan, children: &BTreeMap<&'static str, Child>) -> Result<()> {
    let mut list = BTreeMap::new();
    for (name, child) in children {
        let place = plan.place(name)?;
        let process = Process {
            pid: child.pid,
            port: place.listen.port(),
            health_port: place.health.port(),
            started_at: child.started_at.to_string(),
            restarts: child.restarts,
        };
        list.insert(*name, process);
    }
    let text = serde_json::to_vec_pretty(&list).map_err(Error::internal)?;
    layout::write_private(&layout.processes(), &text)
}
