/**
 * Two thousand jobs through Generate Image in a real n8n, in executions of twenty, with log: what is lost, and what n8n
 * holds on to: its heap and timers by its own metrics, open files and sockets by the system, after a warm-up and at the
 * end.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

import { catalogSchema } from '../lib/catalog/schema';
import { startComfyUiStandIn } from '../simulator/comfyui';
import { modelsFromCatalog } from '../simulator/gpu';
import { startWorkflow } from './n8n/generate-workflow';
import { atMost, finish, printTable } from './report';

const JOBS = 2_000;
const WARM_UP_JOBS = 200;
const ITEMS = 20;
const AT_ONCE = 2;
const IMAGE_BYTES = 200_000;
const SERVERS = 3;
/** Idle connections close by themselves; then what is still open is leaked. */
const SETTLE_MS = 12_000;

const catalog = catalogSchema.parse({
	version: 1,
	models: [
		{
			name: 'm',
			family: 'sdxl',
			files: { checkpoint: 'm.safetensors' },
			purposes: { photo: 0.9 },
			vram_gb: 7,
			vram_peak_gb: 10,
			load_seconds: 0.2,
			presets: [
				{
					name: 'full',
					steps: 10,
					cfg: 1,
					reference: { width: 512, height: 512 },
					avg_time_seconds: 1,
				},
			],
		},
	],
});

interface Reading {
	rssBytes: number;
	/** Least of several readings, so that garbage not yet collected does not count. */
	heapBytes: number;
	/** Timers that keep the process alive or not, as node counts them. */
	timers: number;
	openFiles: number;
	sockets: number;
}

const HEAP_READINGS = 8;
const BETWEEN_READINGS_MS = 1_500;

/** One of the figures that n8n gives to Prometheus; NaN, which meets no goal, where it has none. */
async function metric(url: string, pattern: RegExp): Promise<number> {
	const text = await (await fetch(`${url}/metrics`)).text();
	return Number(text.match(pattern)?.[1] ?? NaN);
}

async function leastHeapBytes(url: string): Promise<number> {
	let least = Infinity;
	for (let n = 0; n < HEAP_READINGS; n++) {
		least = Math.min(least, await metric(url, /^\w*nodejs_heap_size_used_bytes (\d\S*)/m));
		await pause(BETWEEN_READINGS_MS);
	}
	return least;
}

/** Files and sockets only where there is /proc. */
async function read({ pid, url }: { pid: number; url: string }): Promise<Reading> {
	const heapBytes = await leastHeapBytes(url);
	const timers = await metric(url, /nodejs_active_resources\{type="Timeout"\} (\S+)/);
	const rssBytes = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)])) * 1024;
	try {
		const folder = `/proc/${pid}/fd`;
		const links = readdirSync(folder).flatMap((fd) => linkOf(`${folder}/${fd}`));
		const sockets = links.filter((link) => link.startsWith('socket:')).length;
		return { rssBytes, heapBytes, timers, openFiles: links.length, sockets };
	} catch {
		return { rssBytes, heapBytes, timers, openFiles: 0, sockets: 0 };
	}
}

function linkOf(path: string): string[] {
	try {
		return [readlinkSync(path)];
	} catch {
		// closed since the folder was listed
		return [];
	}
}

/** Connections of the process to one of our servers that are open. */
function connectionsTo(ports: readonly number[]): number {
	try {
		const wanted = ports.map((port) => port.toString(16).toUpperCase().padStart(4, '0'));
		return readFileSync('/proc/net/tcp', 'utf8')
			.split('\n')
			.map((line) => line.trim().split(/\s+/))
			.filter(([, , remote, state]) => state === '01' && wanted.includes(remote?.slice(-4) ?? ''))
			.length;
	} catch {
		return 0;
	}
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function main(): Promise<void> {
	const models = modelsFromCatalog(catalog);
	const standIns = [];
	for (let n = 0; n < SERVERS; n++) {
		standIns.push(
			await startComfyUiStandIn({ models, seed: n + 1, speedUp: 20, imageBytes: IMAGE_BYTES }),
		);
	}
	const n8n = await startWorkflow({
		catalog,
		servers: standIns.map(({ url }, n) => `s${n + 1}=${url}`).join('\n'),
		log: true,
		env: { EXECUTIONS_DATA_SAVE_ON_SUCCESS: 'none', N8N_METRICS: 'true' },
	});
	let [done, asked] = [0, 0];
	const batch = async () => {
		const items = Array.from({ length: ITEMS }, () => ({
			purpose: 'photo',
			urgency: 'flexible',
			prompt: 'x',
			job_id: `soak-${(asked += 1)}`,
		}));
		const results = await n8n.call({ items });
		done += results.filter(({ status }) => status === 'done').length;
	};
	const runJobs = async (until: number) => {
		const lane = async () => {
			while (asked < until) await batch();
		};
		await Promise.all(Array.from({ length: AT_ONCE }, lane));
	};

	await runJobs(WARM_UP_JOBS);
	await pause(SETTLE_MS);
	const before = await read(n8n);
	const beganMs = Date.now();
	await runJobs(JOBS);
	const seconds = (Date.now() - beganMs) / 1000;
	await pause(SETTLE_MS);
	const after = await read(n8n);
	const ports = standIns.map(({ port }) => port);
	const open = connectionsTo(ports);
	const rows = await n8n.logged();
	const submitted = standIns.flatMap((one) => one.events.of('submitted')).length;
	await n8n.close();
	for (const one of standIns) await one.close();

	const grownMb = (after.heapBytes - before.heapBytes) / 1e6;
	const mb = (bytes: number) => (bytes / 1e6).toFixed(0);
	printTable(
		['n8n', `after ${WARM_UP_JOBS} jobs`, `after ${JOBS} jobs`],
		[
			['heap in use, MB', mb(before.heapBytes), mb(after.heapBytes)],
			['memory of the process, MB', mb(before.rssBytes), mb(after.rssBytes)],
			['timers', String(before.timers), String(after.timers)],
			['open files', String(before.openFiles), String(after.openFiles)],
			['sockets', String(before.sockets), String(after.sockets)],
		],
	);
	printTable(
		['Jobs', ''],
		[
			['asked for', String(asked)],
			['done', String(done)],
			['prompts submitted', String(submitted)],
			['rows logged as success', String(rows['success'] ?? 0)],
			['a second', ((JOBS - WARM_UP_JOBS) / seconds).toFixed(1)],
		],
	);
	finish({
		bench: 'soak',
		figures: { jobs: asked, done, submitted, rows, before, after, heap_grown_mb: grownMb, seconds },
		goals: [
			atMost('jobs_not_done', asked - done, 0),
			atMost('prompts_too_many', submitted - asked, 0),
			atMost('rows_missing', asked - (rows['success'] ?? 0), 0),
			atMost('connections_left_open', open, 0),
			atMost('sockets_grown', after.sockets - before.sockets, 5),
			atMost('timers_grown', after.timers - before.timers, 10),
			atMost('heap_grown_mb', grownMb, 50),
		],
	});
}

void main();
