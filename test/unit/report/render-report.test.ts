import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { reportPeriod } from '../../../lib/usage-report';
import { cardHtml } from '../../../report/card';
import { lyingBars } from '../../../report/charts/bars';
import { renderReport } from '../../../report/render-report';
import { emptyReportData, PRICED, REPORT_NOW, reportData } from '../../support/report-data';

/** Tags, with what is in them. */
const tagsOf = (page: string) => page.match(/<[^>]*>/g) ?? [];
/** The page's bones: which tags and attributes follow each other, without any text. */
const bonesOf = (page: string) =>
	tagsOf(page)
		.map((tag) => tag.replace(/"[^"]*"/g, '""'))
		.join('');

describe('the report', () => {
	const page = renderReport(reportData());

	it('is one page that asks for nothing and runs nothing', () => {
		expect(page).toMatch(/^<!doctype html>/);
		expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
		expect(page).not.toMatch(/<script|<link|<img|<iframe|<object|@import|javascript:|\son\w+=/i);
		expect(page).not.toMatch(/(src|href)=|url\((?!#)/);
	});

	it('is the same for the same figures', () => {
		expect(renderReport(reportData())).toBe(page);
	});

	it('has light and dark, and a picture for phones of every chart', () => {
		expect(page).toContain('@media (prefers-color-scheme: dark)');
		expect(page.match(/class="narrow"/g)?.length).toBe(page.match(/class="wide"/g)?.length);
		expect(page.match(/class="wide"/g)?.length).toBeGreaterThan(12);
	});

	it('names every picture, gives its figures as a table, and uses an id once', () => {
		const pictures = page.match(/<svg [^>]*>/g) ?? [];
		for (const svg of pictures) expect(svg).toMatch(/role="img" aria-label="[^"]{20,}"/);
		expect(page.match(/<details>/g)?.length).toBe(pictures.length / 2);
		for (const [table] of page.matchAll(/<table>.*?<\/table>/gs)) {
			expect(table).toMatch(/<caption>.+<\/caption>.*<th scope="col".*<th scope="row">/s);
		}
		const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
		expect(new Set(ids).size).toBe(ids.length);
		for (const [, id] of page.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
	});

	it('draws with colours of the page only, so that dark is dark', () => {
		const fills = [...page.matchAll(/ (?:fill|stroke)="([^"]+)"/g)].map(([, color]) => color);
		expect(fills.length).toBeGreaterThan(100);
		// shapes that nobody sees keep the renderer's black
		const clips = page.replace(/<clipPath.*?<\/clipPath>/gs, '');
		const seen = [...clips.matchAll(/ (?:fill|stroke)="([^"]+)"/g)].map(([, color]) => color);
		expect(seen.filter((color) => !/^(var\(--[\w]+\)|none)$/.test(color as string))).toEqual([]);
	});

	it('says the figures, and how they changed, with what is better in green', () => {
		expect(page).toContain('<dd class="figure">120</dd>');
		expect(page).toContain('<dd class="figure">$12.00</dd>');
		expect(page).toMatch(/<span class="good">−33 %<\/span> against before/);
		expect(page).toMatch(/<span class="bad">−5.0 points<\/span> against before/);
		expect(renderReport(reportData(), { currency: 'EUR' })).toContain('€12.00');
	});
});

/** The cells of a card's table, without its head. */
const rowsOf = (page: string, id: string): string[][] => {
	const card = page.split(`<h3 id="${id}">`)[1]?.split('</section>')[0] ?? '';
	const lines = card.match(/<tr><th scope="row">.*?<\/tr>/gs) ?? [];
	return lines.map((line) =>
		[...line.matchAll(/>([^<]+)<\/t[hd]>/g)].map(([, cell]) => cell ?? ''),
	);
};

describe('costs without a price', () => {
	const seconds = { unpricedGpuSeconds: 840, unpricedPerImage: 21 };
	const time = { timeMs: reportPeriod(REPORT_NOW, 7).fromMs };
	const unpricedOverTime = [{ ...time, metric: 'sd15', value: 840 }];
	/** 120 images; 40 of them on servers without a price where there are any. */
	const withRuns = (pricedRuns: number, unpricedRuns: number): string => {
		const data = reportData();
		const unpriced = { name: 'sd15', images: 40, unpricedImages: 40, ...seconds };
		const free = { ...unpriced, cost: null, costPerImage: null };
		const both = { ...unpriced, name: 'sdxl-base', images: 120, cost: 8, costPerImage: 0.1 };
		const costByModel = pricedRuns === 0 ? [free] : [both, free];
		const cost = pricedRuns === 0 ? { cost: null, costPerImage: null } : {};
		const totals = { ...data.totals, ...seconds, ...cost, pricedRuns, unpricedRuns };
		const costOverTime = pricedRuns === 0 ? [] : data.costOverTime;
		const others = { costByPurpose: costByModel, costByUser: costByModel, costByQuality: [] };
		const all = { totals, before: totals, costByModel, costOverTime, unpricedOverTime };
		return renderReport({ ...data, ...others, ...all, quotas: [] });
	};

	it('are GPU seconds, without a sign of money anywhere', () => {
		const page = withRuns(0, 120);
		expect(page).toContain('<dd class="figure">840 GPU s</dd>');
		expect(page).toContain('no server has an hourly price');
		expect(rowsOf(page, 'cost-model')).toEqual([['sd15', '840 GPU s', '40', '21 GPU s']]);
		expect(page).not.toContain('$');
	});

	it('beside some with one are sums of their own, and never in those of money', () => {
		const page = withRuns(80, 40);
		expect(page).toContain('<dd class="figure">$12.00</dd>');
		expect(page).toContain('840 GPU s without a price; as before');
		expect(page).toContain('of 80 of 120 runs');
		expect(page).toContain('GPU seconds of 40 of 120 runs');
		expect(rowsOf(page, 'cost-model')).toEqual([['sdxl-base', '$8.00', '80', '$0.10']]);
		expect(rowsOf(page, 'cost-model-unpriced')).toEqual([
			['sdxl-base', '840 GPU s', '40', '21 GPU s'],
			['sd15', '840 GPU s', '40', '21 GPU s'],
		]);
		const days = rowsOf(page, 'cost-time-unpriced');
		expect(days.at(-1)).toEqual(['Thu 5', '840 GPU s']);
		expect(rowsOf(page, 'cost-time').flat().join()).not.toContain('GPU s');
	});

	it('leave quotas as they are: money is money, and GPU seconds have their own limit', () => {
		const data = reportData();
		const totals = { ...data.totals, pricedRuns: 0, unpricedRuns: 120 };
		const quota = { subject: 'user ana', period: 'day', share: 0.5, resetsAt: new Date(0) };
		const page = renderReport({
			...data,
			totals,
			quotas: [
				{ ...quota, amount: 'gpu_seconds', taken: 90, allowed: 180 },
				{ ...quota, amount: 'cost', taken: 2, allowed: 4 },
			],
		});
		expect(rowsOf(page, 'quotas').map((row) => row.slice(2, 4))).toEqual([
			['GPU 90 s', 'GPU 3 min'],
			['$2.00', '$4.00'],
		]);
	});
});

describe('quotas and feedback', () => {
	it('are tables, each amount with its unit', () => {
		const page = renderReport(reportData());
		expect(rowsOf(page, 'quotas').map((row) => row.slice(1))).toEqual([
			['day', '95 images', '100 images', '95 %', '1 Dec, 00:00'],
			['month', '$4.00', '$10.00', '40 %', '1 Dec, 00:00'],
		]);
		expect(rowsOf(page, 'feedback').map((row) => row.slice(2))).toEqual([
			['90 %', '49 % to 98 %', '4', '1', '0'],
		]);
	});

	it('are named where the page says what it was made from', () => {
		expect(renderReport(reportData())).toContain(
			'Made from model_usage_log, vram_usage_log, quota_status and model_feedback by',
		);
	});

	it('name each figure for phones, where the rows of a wide table are blocks', () => {
		const card = renderReport(reportData()).split('<h3 id="quotas">')[1]?.split('</section>')[0];
		expect(card).toContain('<table class="blocks">');
		const names = [...(card ?? '').matchAll(/ data-name="([^"]*)"/g)].map(([, name]) => name);
		expect(names.slice(0, 5)).toEqual(['Per', 'Taken', 'Limit', 'Share', 'Resets (UTC)']);
	});

	it('that this role may not read are said, and are not taken for none', () => {
		const page = renderReport({ ...reportData(), quotas: null, feedback: null });
		expect(page).toContain('this role may not read quota_status');
		expect(page).toContain('this role may not read model_feedback');
		expect(page).not.toContain('No feedback in this time');
		expect(page).toContain('Made from model_usage_log and vram_usage_log by');
	});
});

describe('a report of nothing', () => {
	it('says so in every place, and has no picture', () => {
		const page = renderReport(emptyReportData());
		expect(page).not.toMatch(/<svg|NaN|undefined|null|Infinity/);
		expect(page.match(/class="empty"/g)?.length).toBeGreaterThan(14);
	});
});

describe('hostile names', () => {
	/** Every kind of tag with the names of its attributes. */
	const kindsOf = (page: string) =>
		new Set(tagsOf(page).map((tag) => tag.replace(/"[^"]*"/g, '""').replace(/\s*\/?>$/, '>')));
	const CONSTANTS = [
		'<script>alert(1)</script>',
		'"><img src=x onerror=alert(1)>',
		"' onload='alert(1)",
		'</svg><script>',
		']]></style><b>',
		'{a|rich}{b}',
		'__proto__',
		'constructor',
		'<!--',
		'&lt;b&gt;',
	];

	it.each(CONSTANTS.slice(0, 5))('%s stands in the whole page as text', (name) => {
		const plain = kindsOf(renderReport(reportData('plain')));
		const page = renderReport(reportData(name), { title: name });
		expect([...kindsOf(page)].filter((kind) => !plain.has(kind))).toEqual([]);
		expect(page).not.toMatch(/<script|<img|<b>|<!--/i);
	});

	it('stand in a picture, its legend and its table as text, whatever they hold', () => {
		const card = (name: string): string =>
			cardHtml({
				id: 'card',
				title: name,
				text: name,
				draw: () => lyingBars([{ name, value: 1, color: 'var(--c1)', text: '1' }]),
				legend: [
					{ name, color: 'var(--c1)' },
					{ name: 'x', color: 'var(--c2)' },
				],
				empty: name,
				columns: [{ name }, { name }, { name }, { name }, { name }, { name }],
				rows: [[name, name, name, name, name, name]],
			});
		const plain = bonesOf(card('plain'));
		const hostile = fc.oneof(
			fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
			fc.constantFrom(...CONSTANTS),
		);
		fc.assert(
			fc.property(hostile, (name) => {
				fc.pre(name.trim() !== '');
				expect(bonesOf(card(name))).toBe(plain);
			}),
		);
	});

	it('leave the objects of the process alone: the renderer keeps texts as keys of plain objects', () => {
		for (const name of ['__proto__', 'constructor', 'toString', 'valueOf']) {
			renderReport(reportData(name));
		}
		const inherited: string[] = [];
		for (const key in {}) inherited.push(key);
		expect(inherited).toEqual([]);
	});

	it('that are very long or many do not break the page', () => {
		const long = renderReport(reportData('x'.repeat(500)));
		expect(long).toContain('…');
		const costByModel = Array.from({ length: 50 }, (_, n) => ({
			name: `model-${n}`,
			cost: 50 - n,
			images: 1,
			costPerImage: 1,
			...PRICED,
		}));
		const costOverTime = costByModel.map(({ name, cost }) => ({
			timeMs: reportPeriod(REPORT_NOW, 7).fromMs,
			metric: name,
			value: cost,
		}));
		const many = renderReport(reportData('a', { costByModel, costOverTime }));
		expect(many).toContain('43 others');
		expect(many).toContain('model-49');
	});
});

describe('reportPeriod', () => {
	it('begins at midnight (UTC) before the days asked for, and ends now', () => {
		const period = reportPeriod(REPORT_NOW, 7);
		expect(new Date(period.fromMs).toISOString()).toBe('2026-03-05T00:00:00.000Z');
		expect(period).toMatchObject({ toMs: REPORT_NOW, coarseSeconds: 86_400, fineSeconds: 3600 });
		expect(reportPeriod(REPORT_NOW, 1)).toMatchObject({ coarseSeconds: 3600, fineSeconds: 900 });
	});
});
