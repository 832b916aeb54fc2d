/** The studio that `bench:scale` is about: 500 servers, 1,000,000 jobs a day. Seeded. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseCatalog } from '../../lib/catalog/parse';
import type { FleetServer, FleetSnapshot } from '../../lib/fleet/types';
import type { TraceJob } from '../../simulator/replay';
import { exponential, mixSeed, pick, seededRandom } from '../../simulator/replay/random';

export const SEED = 20_260_401;
export const SERVERS = 500;
export const JOBS_PER_DAY = 1_000_000;
export const JOBS_PER_SECOND = JOBS_PER_DAY / 86_400;
/** The busiest minutes against the mean: assumed, not measured. */
export const PEAK_FACTOR = 3;
export const MONITOR_INTERVAL_SECONDS = 10;

const GIB = 1024 ** 3;
const CARDS = [
	{ name: 'NVIDIA GeForce RTX 4090', gib: 23.6, speed: 1, cost: 0.5 },
	{ name: 'NVIDIA GeForce RTX 3090', gib: 23.6, speed: 0.55, cost: 0.25 },
	{ name: 'NVIDIA L40S', gib: 44.4, speed: 0.95, cost: 0.9 },
];

const CATALOG_FILE = join(__dirname, '..', '..', 'models_config.json');
export const catalog = parseCatalog(JSON.parse(readFileSync(CATALOG_FILE, 'utf8')));

/** Idle and empty: three kinds of cards, in turns. */
export function idleFleet(): FleetSnapshot {
	return { servers: Array.from({ length: SERVERS }, (_, index) => serverOf(index)) };
}

/** As it is in the middle of a day: a model on each, a job on two of three. */
export function busyFleet(): FleetSnapshot {
	const random = seededRandom(mixSeed(SEED, 1));
	const names = catalog.models.filter((model) => model.purposes['photo']).map(({ name }) => name);
	const servers = idleFleet().servers.map((server, index) => ({
		...server,
		loaded_model: pick(random, names),
		queue: Array.from({ length: index % 3 }, (_, place) => ({
			job_id: `job-${index}-${place}`,
			model_name: pick(random, names),
			remaining_seconds: 20 * random(),
			deadline_seconds: 90,
			queue_number: place,
			running: place === 0,
		})),
	}));
	return { servers };
}

function serverOf(index: number): FleetServer {
	const card = CARDS[index % CARDS.length] as (typeof CARDS)[number];
	const bytes = card.gib * GIB;
	return {
		name: `gpu-${index}`,
		url: `http://gpu-${index}:8188`,
		reachable: true,
		hourly_cost: card.cost,
		speed_factor: card.speed,
		devices: [
			{
				name: `cuda:0 ${card.name}`,
				type: 'cuda',
				vram_total: bytes,
				vram_free: bytes,
				torch_vram_total: 0,
				torch_vram_free: 0,
			},
		],
		queue: [],
		loaded_model: null,
		installed_files: null,
	};
}

/** Jobs at the day's mean rate, arriving at random, for so long. */
export function traceOf(seconds: number): TraceJob[] {
	const random = seededRandom(mixSeed(SEED, 2));
	const jobs: TraceJob[] = [];
	for (let at = 0; at < seconds; at += exponential(random, 1 / JOBS_PER_SECOND)) {
		jobs.push({
			arrivalSeconds: at,
			purpose: pick(random, ['photo', 'product', 'illustration']),
			urgency: pick(random, ['urgent', 'normal', 'flexible'], [0.2, 0.6, 0.2]),
			deadlineSeconds: null,
			minQuality: 0,
			width: 1024,
			height: 1024,
			batchSize: 1,
			userId: `user-${Math.floor(random() * 1000)}`,
		});
	}
	return jobs;
}
