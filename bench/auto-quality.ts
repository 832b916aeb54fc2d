/**
 * A burst of jobs at 1.3 times what the servers could do with the best preset, with auto-quality and without. The
 * servers are stand-ins over HTTP with noise in their run times, the log is a real PostgreSQL.
 *
 * Deadlines are 1.5 to 5 times the best preset's warm time, floors 0.6 of the best quality. The same arrivals, deadlines
 * and seeds are used for both sides.
 */
import { createPostgresStore } from '../adapters/postgres/store';
import { ComfyUiClient } from '../adapters/comfyui';
import { systemClock } from '../adapters/system-clock';
import { systemRandom } from '../adapters/system-random';
import { type Catalog, catalogSchema } from '../lib/catalog/schema';
import { createGenerator, type GenerateResult } from '../service/generate';
import { startComfyUiStandIn } from '../simulator/comfyui';
import { modelsFromCatalog, seededRandom } from '../simulator/gpu';
import { provisionPostgres } from '../scripts/provision/postgres.mjs';
import { atLeast, atMost, finish, printTable } from './report';

const SEED = 20_260_207;
const SERVERS = 2;
const JOBS = 80;
const LOAD = 1.3;
const BEST_SECONDS = 2;
const BEST_QUALITY = 0.9;
const FLOOR = 0.6 * BEST_QUALITY;

function benchCatalog(): Catalog {
	const reference = { width: 1024, height: 1024 };
	return catalogSchema.parse({
		version: 1,
		models: [
			{
				name: 'large',
				family: 'qwen-image',
				files: {
					diffusion_model: 'large.safetensors',
					text_encoders: ['te.safetensors'],
					vae: 'vae.safetensors',
				},
				purposes: { photo: BEST_QUALITY },
				vram_gb: 16,
				vram_peak_gb: 20,
				load_seconds: 1.5,
				presets: [
					{ name: 'full', steps: 20, cfg: 1, reference, avg_time_seconds: BEST_SECONDS },
					{
						name: 'lightning-8',
						quality: 0.9,
						steps: 8,
						cfg: 1,
						loras: [{ file: 'lightning-8.safetensors' }],
						reference,
						avg_time_seconds: 0.95,
					},
					{
						name: 'lightning-4',
						quality: 0.8,
						steps: 4,
						cfg: 1,
						loras: [{ file: 'lightning-4.safetensors' }],
						reference,
						avg_time_seconds: 0.55,
					},
				],
			},
			{
				name: 'small',
				family: 'sdxl',
				files: { checkpoint: 'small.safetensors' },
				purposes: { photo: 0.62 },
				vram_gb: 6,
				vram_peak_gb: 9,
				load_seconds: 0.8,
				presets: [{ name: 'full', steps: 20, cfg: 1, reference, avg_time_seconds: 0.6 }],
			},
		],
	});
}

interface Arrival {
	atMs: number;
	deadlineSeconds: number;
}

/** Poisson arrivals; the same for both sides. */
function arrivals(): Arrival[] {
	const random = seededRandom(SEED);
	const perSecond = (LOAD * SERVERS) / BEST_SECONDS;
	let atMs = 0;
	return Array.from({ length: JOBS }, () => {
		atMs += (-Math.log(1 - random()) / perSecond) * 1000;
		return { atMs, deadlineSeconds: BEST_SECONDS * (1.5 + 3.5 * random()) };
	});
}

type Database = Awaited<ReturnType<typeof provisionPostgres>>;

interface Side {
	results: GenerateResult[];
	rows: number;
	oom: number;
}

async function runSide(autoQuality: boolean, database: Database, side: string): Promise<Side> {
	const catalog = benchCatalog();
	const noise = { cv: 0.05, tailProbability: 0.01, tailFactor: 2 };
	const standIns = await Promise.all(
		Array.from({ length: SERVERS }, (_, index) =>
			startComfyUiStandIn({
				models: modelsFromCatalog(catalog),
				seed: SEED + index,
				gpu: { noise },
			}),
		),
	);
	const servers = standIns.map(
		(one, index) => new ComfyUiClient({ name: `s${index + 1}`, url: one.url }),
	);
	const store = createPostgresStore({ connection: database.url });
	await store.migrate();
	const generator = createGenerator({
		catalog,
		servers,
		store,
		clock: systemClock,
		random: systemRandom,
	});
	// both models' first loads are not what is measured
	await generator.generate(
		servers.map(() => ({ request: { purpose: 'photo', urgency: 'flexible', min_quality: 0.85 } })),
	);
	const began = Date.now();
	const running = arrivals().map(async ({ atMs, deadlineSeconds }, index) => {
		await systemClock.sleep(began + atMs - Date.now());
		const request = {
			job_id: `${side}-${index}`,
			purpose: 'photo',
			prompt: 'a burst',
			deadline_seconds: deadlineSeconds,
			min_quality: FLOOR,
			explain: false,
		};
		const [result] = await generator.generate([{ request }], { autoQuality });
		return result as GenerateResult;
	});
	const results = await Promise.all(running);
	const { rows } = await database.admin.query(
		`select count(distinct job_id)::int as jobs from model_usage_log where job_id like $1`,
		[`${side}-%`],
	);
	await store.close();
	for (const server of servers) server.close();
	const oom = standIns.reduce((sum, one) => sum + one.events.of('oom').length, 0);
	await Promise.all(standIns.map((one) => one.close()));
	return { results, rows: Number(rows[0]?.jobs ?? 0), oom };
}

interface Figures {
	on_time_ratio: number;
	mean_quality_over_best: number;
	effective_quality: number;
	below_floor: number;
	oom_count: number;
	missing_rows: number;
	restarts: number;
	degraded: number;
}

function figuresOf({ results, rows, oom }: Side): Figures {
	const qualities = results.map((result) => result.attempts.at(-1)?.quality ?? 0);
	const mean = (values: number[]) =>
		values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
	const onTime = results.map((result) => result.status === 'done' && result.on_time === true);
	return {
		on_time_ratio: mean(onTime.map(Number)),
		mean_quality_over_best: mean(qualities) / BEST_QUALITY,
		effective_quality: mean(qualities.map((quality, index) => (onTime[index] ? quality : 0))),
		below_floor: qualities.filter((quality) => quality < FLOOR - 1e-9).length,
		oom_count: oom,
		missing_rows: JOBS - rows,
		restarts: results.reduce((sum, { attempts }) => sum + Math.max(0, attempts.length - 1), 0),
		degraded: results.filter((result) => result.degraded).length,
	};
}

async function main(): Promise<void> {
	const database = await provisionPostgres();
	try {
		const on = figuresOf(await runSide(true, database, 'on'));
		const off = figuresOf(await runSide(false, database, 'off'));
		const row = (name: string, figures: Figures): string[] => [
			name,
			...Object.values(figures).map((value) => String(Number(Number(value).toFixed(3)))),
		];
		printTable(
			['Auto-quality', ...Object.keys(on).map((key) => key.replaceAll('_', ' '))],
			[row('on', on), row('off', off)],
		);
		finish({
			bench: 'auto-quality',
			figures: { seed: SEED, jobs: JOBS, servers: SERVERS, load: LOAD, on, off },
			goals: [
				atLeast('on_time_ratio', on.on_time_ratio, 0.95),
				atLeast('mean_quality_over_best', on.mean_quality_over_best, 0.8),
				atMost('below_floor', on.below_floor, 0),
				atMost('oom_count', on.oom_count, 0),
				atMost('missing_rows', on.missing_rows, 0),
			],
		});
	} finally {
		await database.stop();
	}
}

void main();
