/** The report: one page that holds everything it needs. Pure: the same figures, the same page. */
import type { ReportData, ReportTotals } from '../lib/usage-report';
import { cardHtml } from './card';
import { contextOf, type ReportContext } from './context';
import { formatCount, formatLongDate, formatMoment, formatRatio } from './format';
import { escapeHtml } from './html';
import { costCards } from './sections/cost';
import { peopleCards } from './sections/people';
import { serverCards } from './sections/servers';
import { serviceCards } from './sections/service';
import { timeCards } from './sections/times';
import { CSS } from './theme';

export interface ReportOptions {
	/** ISO 4217. Default USD. */
	currency?: string;
	/** Default: ComfyUI usage. */
	title?: string;
}

export function renderReport(data: ReportData, options: ReportOptions = {}): string {
	const { currency = 'USD', title = 'ComfyUI usage' } = options;
	const context = contextOf(data, currency);
	const sections = [
		['Cost', costCards(context)],
		['Deadlines and quality', serviceCards(context)],
		['Time', timeCards(context)],
		['Servers', serverCards(context)],
		['Quotas and feedback', peopleCards(context)],
	] as const;
	const body = sections
		.map(
			([name, cards]) =>
				`<h2>${name}</h2><div class="cards">${cards.map(cardHtml).join('\n')}</div>`,
		)
		.join('\n');
	const { fromMs, toMs } = data.period;
	const period = `${formatLongDate(fromMs)} to ${formatLongDate(toMs)}`;
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}, ${period}</title>
<style>${CSS}</style>
</head>
<body><main>
<header><h1>${escapeHtml(title)}</h1><p class="muted">${period}, up to ${formatMoment(toMs)} UTC. Compared with the time before, as long.</p></header>
${tiles(data.totals, data.before, context.bases)}
${body}
<footer>Made from ${sourcesOf(data)} by n8n-nodes-comfyui-router. All times are UTC.</footer>
</main></body>
</html>
`;
}

function sourcesOf({ quotas, feedback }: ReportData): string {
	const sources = [
		...['model_usage_log', 'vram_usage_log'],
		...(quotas === null ? [] : ['quota_status']),
		...(feedback === null ? [] : ['model_feedback']),
	];
	return `${sources.slice(0, -1).join(', ')} and ${sources.at(-1)}`;
}

function tiles(now: ReportTotals, before: ReportTotals, bases: ReportContext['bases']): string {
	const list = [
		tile('Images', formatCount(now.images), change(now.images, before.images, 'neutral')),
		costTile('Cost', bases, now, before, 'sum', 'neutral'),
		costTile('Cost of an image', bases, now, before, 'perImage', 'less is better'),
		tile(
			'Jobs on time',
			formatRatio(now.onTimeRatio, 1),
			points(now.onTimeRatio, before.onTimeRatio, 1),
		),
		tile(
			'Mean quality',
			now.quality === null ? '–' : now.quality.toFixed(2),
			now.degradedRatio === null
				? ''
				: escapeHtml(`${formatRatio(now.degradedRatio, 1)} of images with less than idle`),
		),
		tile(
			'Out of memory',
			formatCount(now.ooms),
			escapeHtml(
				`${formatCount(now.failures)} other failures, ${formatCount(now.rejected)} refused`,
			),
		),
	];
	return `<dl class="tiles">${list.join('')}</dl>`;
}

/** Where some servers have no price, their GPU seconds are said beside the money, not in it. */
function costTile(
	name: string,
	[main, ...others]: ReportContext['bases'],
	now: ReportTotals,
	before: ReportTotals,
	figure: 'sum' | 'perImage',
	better: Better,
): string {
	const apart = others.map((basis) => `${basis.format(basis[figure](now))} without a price; `);
	const changed = change(main[figure](now), main[figure](before), better);
	return tile(name, main.format(main[figure](now)), `${escapeHtml(apart.join(''))}${changed}`);
}

function tile(name: string, figure: string, note: string): string {
	return `<div class="tile"><dt>${escapeHtml(name)}</dt><dd class="figure">${escapeHtml(figure)}</dd><dd class="note">${note || '&nbsp;'}</dd></div>`;
}

type Better = 'neutral' | 'less is better';

function change(now: number | null, before: number | null, better: Better): string {
	if (now === null || before === null || before === 0) return 'nothing to compare with';
	const ratio = now / before - 1;
	if (Math.abs(ratio) < 0.005) return 'as before';
	const text = `${ratio > 0 ? '+' : '−'}${Math.round(Math.abs(ratio) * 100)} %`;
	const mood = better === 'neutral' ? '' : ratio < 0 ? 'good' : 'bad';
	return `<span class="${mood}">${text}</span> against before`;
}

/** Percentage points; more is better. */
function points(now: number | null, before: number | null, digits: number): string {
	if (now === null || before === null) return 'nothing to compare with';
	const difference = (now - before) * 100;
	if (Math.abs(difference) < 0.05) return 'as before';
	const text = `${difference > 0 ? '+' : '−'}${Math.abs(difference).toFixed(digits)} points`;
	return `<span class="${difference > 0 ? 'good' : 'bad'}">${text}</span> against before`;
}
