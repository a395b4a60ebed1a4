//! The one style sheet: system fonts, light and dark, readable at any width.

pub const CSS: &str = "
:root { --text: #1c1b19; --soft: #6a655e; --line: #e4dfd7; --page: #fdfbf7; --card: #fff; --accent: #a6401b; --code: #f4efe7; }
@media (prefers-color-scheme: dark) {
  :root { --text: #eae6df; --soft: #a39c91; --line: #383430; --page: #171614; --card: #1f1d1b; --accent: #f0956b; --code: #2a2724; }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
body { margin: 0; color: var(--text); background: var(--page); font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--accent); }
a:focus-visible, summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
code, pre { font: 0.9em/1.5 ui-monospace, monospace; background: var(--code); border-radius: 4px; padding: 0.1em 0.3em; overflow-wrap: anywhere; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { margin: 3rem 0 0.5rem; padding-bottom: 0.3rem; border-bottom: 2px solid var(--line); }
h3 { margin: 0; font-size: 1rem; font-weight: 600; overflow-wrap: anywhere; }
h4 { margin: 1rem 0 0.3rem; font-size: 0.85rem; color: var(--soft); }
.failure { max-width: 34rem; margin: 18vh auto; padding: 0 1.5rem; }
.reference { color: var(--soft); font-size: 0.85rem; }
.reference { display: grid; grid-template-columns: 17rem minmax(0, 52rem); gap: 3rem; max-width: 76rem; margin: 0 auto; padding: 2rem 1.5rem; }
nav { position: sticky; top: 1rem; align-self: start; max-height: calc(100vh - 2rem); overflow-y: auto; font-size: 0.9rem; }
nav ul { list-style: none; margin: 0 0 1rem; padding: 0; }
nav a { text-decoration: none; color: var(--text); display: block; padding: 0.1rem 0; }
nav a:hover { color: var(--accent); }
nav strong a { color: var(--accent); }
article { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.25rem; margin: 1rem 0; }
.method { display: inline-block; min-width: 4.2em; color: var(--accent); font-weight: 700; }
.tags { color: var(--soft); font-size: 0.85rem; margin: 0.4rem 0; }
.tags span { margin-right: 1rem; }
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
td { padding: 0.35rem 0.6rem 0.35rem 0; border-top: 1px solid var(--line); vertical-align: top; }
td:first-child { width: 13rem; overflow-wrap: anywhere; }
td:nth-child(2) { width: 9rem; color: var(--soft); }
summary { cursor: pointer; color: var(--soft); font-size: 0.9rem; margin-top: 0.75rem; }
@media (max-width: 60rem) { .reference { grid-template-columns: minmax(0, 1fr); gap: 1rem; } nav { position: static; max-height: none; } td:first-child { width: auto; } }
";
