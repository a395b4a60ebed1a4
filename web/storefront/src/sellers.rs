//! What sellers are called, as of half a minute ago. A seller whose name nobody knows just now is told from others by the end of
//! the id.

use std::collections::BTreeMap;
use std::sync::Arc;

use haat_web::Visit;
use parking_lot::RwLock;

use crate::shop::Shop;

const FRESH_S: i64 = 30;
/// Of one question.
const ASKED_MAX: usize = 100;
/// Then all are forgotten and asked for anew.
const KNOWN_MAX: usize = 10_000;

/// Cheap to clone; clones know the same.
#[derive(Clone, Default)]
pub struct Sellers(Arc<RwLock<BTreeMap<String, Known>>>);

#[derive(Clone)]
struct Known {
    /// None for one without a public name.
    name: Option<String>,
    /// Unix seconds.
    asked: i64,
}

/// The names that one page needs.
#[derive(Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    pub fn of(&self, visit: &Visit, id: &str) -> String {
        self.0.get(id).cloned().unwrap_or_else(|| numbered(visit, id))
    }
}

fn numbered(visit: &Visit, id: &str) -> String {
    let start = id.char_indices().rev().nth(3).map_or(0, |(start, _)| start);
    visit.t_with("seller-numbered", &[("number", id[start..].to_uppercase().into())])
}

impl Sellers {
    pub async fn names<'a>(&self, shop: &Shop, visit: &Visit, ids: impl IntoIterator<Item = &'a str>) -> Names {
        let mut ids: Vec<String> = ids.into_iter().filter(|id| !id.is_empty()).map(str::to_owned).collect();
        ids.sort_unstable();
        ids.dedup();
        let now = visit.now().as_second();
        let is_old = |id: &&String| self.0.read().get(*id).is_none_or(|known| now >= known.asked + FRESH_S);
        let old: Vec<String> = ids.iter().filter(is_old).take(ASKED_MAX).cloned().collect();
        if !old.is_empty() {
            self.ask(shop, visit, old).await;
        }
        let known = self.0.read();
        Names(ids.into_iter().filter_map(|id| Some((id.clone(), known.get(&id)?.name.clone()?))).collect())
    }

    async fn ask(&self, shop: &Shop, visit: &Visit, ids: Vec<String>) {
        let asked = visit.now().as_second();
        match shop.sellers(&visit.ctx(), ids.clone()).await {
            Ok(found) => {
                let mut names: BTreeMap<String, String> =
                    found.into_iter().map(|seller| (seller.id, seller.display_name)).collect();
                let mut known = self.0.write();
                if known.len() + ids.len() > KNOWN_MAX {
                    known.clear();
                }
                known.extend(ids.into_iter().map(|id| (id.clone(), Known { name: names.remove(&id), asked })));
            }
            Err(error) => tracing::warn!(%error, "a page does without the newest names of sellers"),
        }
    }
}
