/** The servers: memory and the model in it, queue, swaps, and how they are now. */
import type { ServerRow } from '../../lib/usage-report';
import type { Card } from '../card';
import { memory } from '../charts/memory';
import { lines, stackedBars } from '../charts/time-charts';
import { type ReportContext, seriesTable } from '../context';
import { formatCount, formatGigabytes, formatMoment } from '../format';
import { timeSeries, timesOf } from '../series';

const MOST_DEVICES = 6;

export function serverCards(context: ReportContext): Card[] {
	const { data, servers, coarse, fine } = context;
	const queue = timeSeries(data.queueLength, fine, servers, null);
	const swaps = timeSeries(data.swaps, coarse, servers, 0);
	return [
		now(context),
		...memoryCards(context),
		{
			id: 'queue-length',
			title: 'Jobs on the servers',
			text: 'Running and waiting, mean of the readings.',
			draw: (size) =>
				lines({ data: queue, stepSeconds: fine.stepSeconds, format: formatCount, min: 0 }, size),
			legend: queue.series,
			empty: 'No reading in this time: VRAM Monitor Trigger or vram-monitor records them.',
			...seriesTable(queue, fine.stepSeconds),
		},
		{
			id: 'swaps',
			title: 'Models loaded per hour',
			text: 'Runs that began with loading their weights: each costs time and money.',
			draw: (size) =>
				stackedBars({ data: swaps, stepSeconds: coarse.stepSeconds, format: formatCount }, size),
			legend: swaps.series,
			empty: 'No run had to load its model.',
			...seriesTable(swaps, coarse.stepSeconds),
		},
	];
}

function now({ data }: ReportContext): Card {
	const figures = true;
	return {
		id: 'servers',
		title: 'Newest readings',
		text: 'Of the last day of this time. What ComfyUI would give up for a run counts as obtainable.',
		span: 6,
		draw: null,
		empty: 'No reading in this time: VRAM Monitor Trigger or vram-monitor records them.',
		columns: [
			{ name: 'Server' },
			{ name: 'State' },
			{ name: 'GPU' },
			{ name: 'Model in VRAM' },
			{ name: 'Used', figures },
			{ name: 'Obtainable', figures },
			{ name: 'Queued', figures },
			{ name: 'Read (UTC)', figures },
		],
		rows: latest(data.servers).map((row) => [
			...[row.server, row.state, row.device, row.model],
			`${formatGigabytes(row.usedBytes)} of ${formatGigabytes(row.totalBytes)}`,
			formatGigabytes(row.obtainableBytes),
			row.queued === null ? '–' : formatCount(row.queued),
			formatMoment(row.observedAt.getTime()),
		]),
	};
}

/** A server that does not answer has no device: its row takes the place of the older ones of its devices. */
function latest(rows: readonly ServerRow[]): ServerRow[] {
	const newest = new Map<string, number>();
	for (const { server, observedAt } of rows) {
		newest.set(server, Math.max(newest.get(server) ?? 0, observedAt.getTime()));
	}
	const alike = 60_000;
	return rows.filter(
		({ server, observedAt }) => observedAt.getTime() >= (newest.get(server) ?? 0) - alike,
	);
}

function memoryCards(context: ReportContext): Card[] {
	const { data, servers, models, fine } = context;
	const { stepSeconds } = fine;
	const timesMs = timesOf(fine);
	const place = new Map(timesMs.map((ms, at) => [ms, at]));
	const used = timeSeries(data.vramUsed, fine, servers, null);
	const devices = [...used.series]
		.sort((a, b) => (a.name < b.name ? -1 : 1))
		.slice(0, MOST_DEVICES);
	return devices.map(({ name, values }, index) => {
		const server = name.replace(/ #\d+$/, '');
		const resident = data.residentModels.filter((one) => one.server === server);
		const strip: (string | null)[] = timesMs.map(() => null);
		for (const { timeMs, model } of resident) {
			const at = place.get(timeMs);
			if (at !== undefined) strip[at] = models.of(model);
		}
		const most = Math.max(...values.map((value) => value ?? 0));
		const total = data.servers.find((one) => one.server === server && one.totalBytes !== null);
		const color = servers.of(server);
		const totalBytes = total?.totalBytes ?? most;
		const known = [...new Set(resident.map(({ model }) => model))];
		return {
			id: `vram-${index}`,
			title: `VRAM of ${name}`,
			text: `In use, of ${formatGigabytes(totalBytes)}; beneath it the model that was resident. Gaps: no answer.`,
			span: devices.length === 1 ? 6 : devices.length % 3 === 0 ? 2 : 3,
			height: 190,
			draw: (size) =>
				memory({ timesMs, stepSeconds, used: values, totalBytes, color, models: strip }, size),
			legend: known.map((model) => ({ name: model, color: models.of(model) })),
			empty: '',
			...seriesTable(
				{ timesMs, series: [{ name: 'In use', color, values }] },
				stepSeconds,
				formatGigabytes,
			),
		};
	});
}
