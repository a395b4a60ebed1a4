//! The results as Markdown, and the page that keeps them.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use haat_kernel::Clock;

use crate::Result;
use crate::budgets::{compare, micros};
use crate::flash_sale::FlashSale;
use crate::measure::{Load, Measured};
use crate::overload::{self, Overload, Phase};
use crate::reservations::Reservations;
use crate::scenarios::Results;

const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->\n";
/// Processes that use less for a turn are not named.
const SHOWN_US: f64 = 0.5;

pub struct Conditions {
    at: String,
    commit: String,
    processor: String,
    cores: usize,
    /// How busy the machine was with other things, on average of a minute.
    load: String,
    products: u32,
    time: Duration,
}

impl Conditions {
    pub fn now(products: u32, time: Duration) -> Result<Self> {
        let processors = std::fs::read_to_string("/proc/cpuinfo")?;
        let processor = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
        let load = std::fs::read_to_string("/proc/loadavg")?;
        let commit = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output()?;
        Ok(Conditions {
            at: Clock::System.now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
            commit: String::from_utf8_lossy(&commit.stdout).trim().to_owned(),
            processor: processor.trim_start_matches([' ', '\t', ':']).to_owned(),
            cores: std::thread::available_parallelism()?.get(),
            load: load.split(' ').next().unwrap_or_default().to_owned(),
            products,
            time,
        })
    }
}

pub fn render(conditions: &Conditions, results: &Results) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = sections(&mut text, conditions, results);
    text
}

/// Puts the results between the marks of the page.
pub fn replace(path: &Path, results: &str) -> Result<()> {
    let page = std::fs::read_to_string(path)?;
    let marks = page.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = marks.ok_or_else(|| format!("{} has no marks", path.display()))?;
    Ok(std::fs::write(path, format!("{before}{BEGIN}\n{results}\n{END}{after}"))?)
}

fn sections(text: &mut String, conditions: &Conditions, results: &Results) -> std::fmt::Result {
    conditions_line(text, conditions)?;
    budgets(text, results)?;
    requests(text, results)?;
    pages(text, results)?;
    calls(text, results)?;
    if let Some(sale) = &results.flash_sale {
        flash_sale(text, sale)?;
    }
    if let Some(reserved) = &results.reservations {
        reservations(text, reserved)?;
    }
    overloads(text, results)?;
    start(text, conditions, results)?;
    memory(text, results)
}

fn conditions_line(text: &mut String, conditions: &Conditions) -> std::fmt::Result {
    let Conditions { at, commit, processor, cores, load, products, time } = conditions;
    writeln!(
        text,
        "{at}, commit {commit}, {cores} cores ({processor}) shared with the load generator and with whatever else ran (load \
         average {load} before), {products} products, {} s for each measurement.\n",
        time.as_secs()
    )
}

fn budgets(text: &mut String, results: &Results) -> std::fmt::Result {
    writeln!(text, "### Budgets\n\n| what | budget | measured | |\n|---|--:|--:|---|")?;
    for line in compare(results) {
        let (budget, measured) = (number(line.budget), number(line.measured));
        writeln!(text, "| {} | {budget} {} | {measured} {} | {} |", line.what, line.unit, line.unit, line.verdict())?;
    }
    writeln!(text)
}

fn requests(text: &mut String, results: &Results) -> std::fmt::Result {
    writeln!(text, "### Requests\n")?;
    writeln!(text, "| scenario | load | a second | p50 | p99 | CPU, all processes | by process, µs | generator | failed |")?;
    writeln!(text, "|---|---|--:|--:|--:|--:|---|--:|--:|")?;
    for (name, measured) in &results.measured {
        row(text, name, measured)?;
    }
    writeln!(text)
}

fn row(text: &mut String, name: &str, measured: &Measured) -> std::fmt::Result {
    let load = match measured.load {
        Load::Closed => format!("closed, {}", measured.workers),
        Load::Open(per_second) => format!("open, {}", number(per_second)),
    };
    writeln!(
        text,
        "| {name} | {load} | {} | {} | {} | {} µs | {} | {} µs | {} |",
        number(measured.per_second),
        time(measured.turns().at(0.5)),
        time(measured.turns().at(0.99)),
        number(micros(measured.cpu_in_all())),
        by_process(measured),
        number(micros(measured.generator)),
        measured.tally.failed(),
    )?;
    for (failure, times) in &measured.tally.failures {
        writeln!(text, "| | {times} times: {failure} |")?;
    }
    Ok(())
}

fn by_process(measured: &Measured) -> String {
    let mut processes: Vec<_> = measured.cpu.iter().map(|(name, cpu)| (name, micros(*cpu))).collect();
    processes.retain(|(_, cpu)| *cpu >= SHOWN_US);
    processes.sort_by(|one, other| other.1.total_cmp(&one.1));
    let shown: Vec<String> = processes.into_iter().map(|(name, cpu)| format!("{name} {}", number(cpu))).collect();
    shown.join(", ")
}

fn pages(text: &mut String, results: &Results) -> std::fmt::Result {
    if results.pages.is_empty() {
        return Ok(());
    }
    writeln!(text, "### Pages\n\nOne visitor, one page after another; bytes as they are sent, pictures left out.\n")?;
    writeln!(text, "| page | document | style and scripts | p50 | p99 |\n|---|--:|--:|--:|--:|")?;
    for page in &results.pages {
        let kilobytes = |bytes: usize| number(bytes as f64 / 1_000.0);
        let (document, assets) = (kilobytes(page.document), kilobytes(page.assets));
        let (p50, p99) = (time(page.times.at(0.5)), time(page.times.at(0.99)));
        writeln!(text, "| {} | {document} KB | {assets} KB | {p50} | {p99} |", page.name)?;
    }
    writeln!(text)
}

/// The turns that consist of several calls, call by call.
fn calls(text: &mut String, results: &Results) -> std::fmt::Result {
    let several = || results.measured.iter().filter(|(_, measured)| measured.tally.calls.iter().count() > 0);
    if several().next().is_none() {
        return Ok(());
    }
    writeln!(text, "### Call by call\n\n| scenario | call | p50 | p99 |\n|---|---|--:|--:|")?;
    for (name, measured) in several() {
        let load = if matches!(measured.load, Load::Closed) { "closed" } else { "open" };
        for (call, durations) in measured.tally.calls.iter() {
            let (p50, p99) = (time(durations.at(0.5)), time(durations.at(0.99)));
            writeln!(text, "| {name}, {load}, {} | {call} | {p50} | {p99} |", measured.workers)?;
        }
    }
    writeln!(text)
}

fn flash_sale(text: &mut String, sale: &FlashSale) -> std::fmt::Result {
    let FlashSale { buyers, pieces, bought, too_late, measured } = sale;
    writeln!(text, "### Flash sale\n")?;
    writeln!(
        text,
        "{buyers} buyers check out for {pieces} pieces of one offer, {} at once: {bought} bought one, {too_late} were told that it \
         is sold out, {} failed otherwise. {} checkouts a second; p50 {}, p99 {}; {} µs of CPU for a checkout over all processes \
         ({}).\n",
        measured.workers,
        measured.tally.failed(),
        number(measured.per_second),
        time(measured.turns().at(0.5)),
        time(measured.turns().at(0.99)),
        number(micros(measured.cpu_in_all())),
        by_process(measured),
    )?;
    for (failure, times) in &measured.tally.failures {
        writeln!(text, "{times} times: {failure}\n")?;
    }
    Ok(())
}

fn reservations(text: &mut String, reserved: &Reservations) -> std::fmt::Result {
    let Reservations { pieces, held, refused, measured } = reserved;
    writeln!(
        text,
        "`inventory` alone, asked over one connection for one piece at a time, {} at once: of {pieces} pieces {held} are held, \
         {refused} requests were refused, {} failed otherwise. {} requests a second; p50 {}, p99 {}; {} µs of CPU for each over \
         all processes ({}).\n",
        measured.workers,
        measured.tally.failed(),
        number(measured.per_second),
        time(measured.turns().at(0.5)),
        time(measured.turns().at(0.99)),
        number(micros(measured.cpu_in_all())),
        by_process(measured),
    )?;
    for (failure, times) in &measured.tally.failures {
        writeln!(text, "{times} times: {failure}\n")?;
    }
    Ok(())
}

fn overloads(text: &mut String, results: &Results) -> std::fmt::Result {
    if results.overloads.is_empty() {
        return Ok(());
    }
    writeln!(
        text,
        "### Overload\n\nAn open load of {} clients at so many times the peak of a closed one; refused are 503 with `Retry-After`. \
         `/healthz` and `users` are asked 50 times a second beside it; so often did that fail.\n",
        overload::CROWD,
    )?;
    writeln!(
        text,
        "| turns | load | asked a second | answered | refused | p50 | p99 | failed | `/healthz` p99 | `users` p50 | `users` p99 | failed |"
    )?;
    writeln!(text, "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")?;
    for Overload { what, peak, phases, .. } in &results.overloads {
        writeln!(text, "| {what} | closed | | {} | | | | | | | | |", number(*peak))?;
        phases.iter().try_for_each(|phase| overload_row(text, what, phase))?;
    }
    writeln!(text)?;
    for Overload { what, calm_after, .. } in &results.overloads {
        writeln!(text, "After the overload with `{what}` answers came as quickly as before within {}.\n", time(*calm_after))?;
    }
    Ok(())
}

fn overload_row(text: &mut String, what: &str, phase: &Phase) -> std::fmt::Result {
    let Phase { load, asked, answered, refused, failures, durations, beside } = phase;
    let failed: u64 = failures.values().sum();
    let [asked, answered, refused] = [asked, answered, refused].map(|rate| number(*rate));
    let [p50, p99] = [0.5, 0.99].map(|quantile| time(durations.at(quantile)));
    let [health, account, slow_account] = [beside.health.at(0.99), beside.account.at(0.5), beside.account.at(0.99)].map(time);
    writeln!(
        text,
        "| {what} | {load} | {asked} | {answered} | {refused} | {p50} | {p99} | {failed} | {health} | {account} | {slow_account} | {} |",
        beside.failed
    )?;
    failures.iter().try_for_each(|(failure, times)| writeln!(text, "| | {times} times: {failure} |"))
}

fn start(text: &mut String, conditions: &Conditions, results: &Results) -> std::fmt::Result {
    writeln!(text, "### Start\n")?;
    writeln!(
        text,
        "On an empty folder: ready after {:.2} s, for {:.2} s of CPU over all processes. {} demo products were in search {:.1} s \
         later. At rest the platform uses {:.1} % of a core.\n",
        results.ready_after.as_secs_f64(),
        results.ready_cpu.as_secs_f64(),
        conditions.products,
        results.demo_after.as_secs_f64(),
        results.idle_share * 100.0,
    )
}

fn memory(text: &mut String, results: &Results) -> std::fmt::Result {
    writeln!(text, "### Memory\n\nResident MiB (`VmRSS`); in parentheses with shared pages counted once (`Pss`).\n")?;
    writeln!(text, "| process | demo catalogue loaded | at the end |\n|---|--:|--:|")?;
    let mebibytes = |bytes: u64| number(bytes as f64 / (1 << 20) as f64);
    let [loaded, end] = &results.memory;
    for (name, before) in loaded {
        let after = end.get(name).copied().unwrap_or_default();
        let cell = |memory: &crate::usage::Memory| format!("{} ({})", mebibytes(memory.resident), mebibytes(memory.proportional));
        writeln!(text, "| {name} | {} | {} |", cell(before), cell(&after))?;
    }
    let [before, after] = results.resident().map(number);
    let [before_once, after_once] = results.proportional().map(number);
    writeln!(text, "| **all** | {before} ({before_once}) | {after} ({after_once}) |")
}

fn time(duration: Duration) -> String {
    let micros = micros(duration);
    if micros < 1000.0 { format!("{micros:.0} µs") } else { format!("{} ms", number(micros / 1000.0)) }
}

/// Three digits are all that a measurement on a shared machine is good for.
fn number(value: f64) -> String {
    match value {
        _ if value < 10.0 => format!("{value:.2}"),
        _ if value < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_keeps_what_is_around_the_results() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.md");
        std::fs::write(&path, format!("before\n{BEGIN}old\n{END}after\n")).unwrap();
        replace(&path, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("before\n{BEGIN}\nnew\n{END}after\n"));
        std::fs::write(&path, "nothing").unwrap();
        assert!(replace(&path, "new").is_err());
    }
}
