/** One picture with its title, legend and table. Owns that there is one for wide pages and one for phones. */
import { type Column, escapeHtml, shortName, table } from './html';
import { type ChartOption, renderChart, type Size } from './render-chart';

export interface LegendEntry {
	name: string;
	color: string;
}

export interface Card {
	/** Unique in the page, a CSS identifier. */
	id: string;
	title: string;
	/** One sentence: how to read it. */
	text: string;
	/** Columns of six. Default 3. */
	span?: 2 | 3 | 6;
	/** null: there is nothing to draw, `empty` says so. */
	draw: ((size: Size) => ChartOption) | null;
	height?: number;
	legend?: readonly LegendEntry[];
	empty: string;
	columns: readonly Column[];
	rows: readonly string[][];
	/** The table itself is the picture. */
	openTable?: boolean;
}

const WIDTHS = { 2: 360, 3: 560, 6: 1160 } as const;
const NARROW = 340;
const CLASSES = { 2: ' third', 3: '', 6: ' full' } as const;

export function cardHtml(card: Card): string {
	const span = card.span ?? 3;
	const title = `<h3 id="${card.id}">${escapeHtml(card.title)}</h3><p>${escapeHtml(card.text)}</p>`;
	const open = `<section class="card${CLASSES[span]}" aria-labelledby="${card.id}">${title}`;
	if (card.rows.length === 0)
		return `${open}<div class="empty">${escapeHtml(card.empty)}</div></section>`;
	const data = table(card.title, card.columns, card.rows);
	if (card.openTable || card.draw === null) return `${open}${data}</section>`;
	return `${open}${legendHtml(card.legend ?? [])}<figure>${pictures(card, card.draw, span)}</figure><details><summary>Figures</summary>${data}</details></section>`;
}

function pictures(card: Card, draw: (size: Size) => ChartOption, span: 2 | 3 | 6): string {
	const height = card.height ?? 230;
	const label = `${card.title}. ${card.text} The figures are in the table below.`;
	const picture = (kind: 'wide' | 'narrow', width: number): string => {
		const size = { width, height };
		return `<div class="${kind}">${renderChart(draw(size), size, label, `${card.id}-${kind}`)}</div>`;
	};
	return `${picture('wide', WIDTHS[span])}${picture('narrow', NARROW)}`;
}

/** One line has its name in the title already. */
function legendHtml(entries: readonly LegendEntry[]): string {
	if (entries.length < 2) return '';
	const items = entries.map(
		({ name, color }) =>
			`<li><i style="background:${color}"></i>${escapeHtml(shortName(name, 40))}</li>`,
	);
	return `<ul class="legend">${items.join('')}</ul>`;
}
