/** How the page looks: light and dark, desktop, phone and paper. The only place where colours are chosen. */

const LIGHT = `
	--page: #f6f7f9; --card: #ffffff; --ink: #1b1f27; --muted: #667085; --grid: #eceef2; --axis: #cfd4dc;
	--line: #e3e6eb; --good: #1f8a4c; --bad: #d33f3f;
	--c1: #3f6fd9; --c2: #e8a317; --c3: #ef6f53; --c4: #2fa58a; --c5: #8e5bd0; --c6: #d1578f; --c7: #5aa9e6; --c8: #9a7049; --c9: #9aa3b2;`;
const DARK = `
	--page: #101318; --card: #181c23; --ink: #e8ebf0; --muted: #98a2b3; --grid: #262c36; --axis: #3a4250;
	--line: #262c36; --good: #4cc47f; --bad: #f0716f;
	--c1: #6c96f5; --c2: #f0b93a; --c3: #f58a70; --c4: #4fc4a8; --c5: #ad85ea; --c6: #e883b1; --c7: #83c3f2; --c8: #c09770; --c9: #7d8797;`;

export const CSS = `
:root { color-scheme: light dark;${LIGHT} }
@media (prefers-color-scheme: dark) { :root {${DARK} } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
	font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 32px 24px 48px; }
header { margin-bottom: 24px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 18px; margin: 36px 0 12px; letter-spacing: -0.005em; }
h3 { font-size: 15px; margin: 0; }
p { margin: 0; }
.muted, .card > p { color: var(--muted); font-size: 13px; }
.tiles { display: grid; grid-template-columns: repeat(6, 1fr); gap: 12px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; min-width: 0; }
.tile dt { color: var(--muted); font-size: 13px; }
.tile dd { margin: 0; }
.tile .figure { font-size: 24px; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tile .note { color: var(--muted); font-size: 12px; line-height: 1.4; }
.good { color: var(--good); } .bad { color: var(--bad); }
.cards { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 16px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px 12px;
	grid-column: span 3; min-width: 0; display: flex; flex-direction: column; }
.card.third { grid-column: span 2; }
.card.full { grid-column: span 6; }
.card figure { margin: 10px 0 0; flex: 1; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { font-family: inherit; font-variant-numeric: tabular-nums; }
.narrow { display: none; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 14px; padding: 0; margin: 8px 0 0; font-size: 12px; color: var(--muted); }
.legend li { overflow-wrap: anywhere; }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; }
.empty { display: grid; place-items: center; min-height: 120px; color: var(--muted); font-size: 14px; text-align: center;
	border: 1px dashed var(--line); border-radius: 8px; margin-top: 10px; padding: 16px; }
details { margin-top: 10px; border-top: 1px solid var(--line); padding-top: 8px; font-size: 13px; }
summary { color: var(--muted); cursor: pointer; }
.scroll { overflow-x: auto; margin-top: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); font-weight: 400; vertical-align: top; overflow-wrap: anywhere; min-width: 4.5em; }
thead th { color: var(--muted); font-size: 12px; white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
.n { text-align: right; white-space: nowrap; }
tbody td.n:last-child, thead th.n:last-child { padding-right: 0; }
footer { margin-top: 32px; color: var(--muted); font-size: 12px; }
@media (max-width: 1000px) { .tiles { grid-template-columns: repeat(3, 1fr); } .card, .card.third { grid-column: span 6; } figure { max-width: 720px; } }
@media (max-width: 560px) {
	main { padding: 20px 12px 32px; } h1 { font-size: 22px; }
	.tiles { grid-template-columns: repeat(2, 1fr); gap: 8px; } .tile { padding: 10px 12px; } .tile .figure { font-size: 20px; }
	.card { padding: 14px 14px 10px; } .wide { display: none; } .narrow { display: block; }
	.blocks thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
	.blocks, .blocks tbody { display: block; }
	.blocks tr { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 6px 12px; padding: 10px 0; border-bottom: 1px solid var(--line); }
	.blocks tr:last-child { border-bottom: 0; }
	.blocks th, .blocks td { border: 0; padding: 0; min-width: 0; text-align: left; white-space: normal; }
	.blocks th { grid-column: 1 / -1; font-weight: 600; }
	.blocks td::before { content: attr(data-name); display: block; color: var(--muted); font-size: 11px; }
}
@media print { :root {${LIGHT} } body { background: #fff; } .card, .tile { break-inside: avoid; } details { display: none; } }
`;
