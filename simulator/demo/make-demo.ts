/**
 * The demo's logs: weeks of a small studio, decided by the real router and built by the real row builder, run on
 * servers that are simulated in the simplest way (first come, first served). Pure: the same arguments, the same rows.
 */
import type { Catalog } from '../../lib/catalog/schema';
import { DEMO_JOB_PREFIX, DEMO_SERVERS, DEMO_WORKFLOW_ID } from '../../lib/demo';
import { ModelRouter } from '../../lib/router/model-router';
import type { SelectedDecision, Selection, SelectOptions } from '../../lib/selection/types';
import { BYTES_PER_GB } from '../../lib/units';
import { plannedRow } from '../../lib/usage/build-row';
import type { UsageRow, UsageStatus } from '../../lib/usage/types';
import type { VramReading } from '../../lib/vram-watch/types';
import { noiseFactor, type Random, seededRandom } from '../replay/random';
import { DemoServer, type DemoServerSpec } from './server';
import { type DemoRequest, demoRequests } from './workload';

export interface DemoOptions {
	catalog: Catalog;
	/** The last moment of the demo, ms since the epoch. */
	nowMs: number;
	days: number;
	seed: number;
	/** Time between two readings of VRAM, seconds. */
	readingSeconds: number;
}

export interface DemoRows {
	/** In the order in which they were logged. */
	usage: UsageRow[];
	vram: VramReading[];
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const [STUDIO_A, STUDIO_B, EDGE] = DEMO_SERVERS;

const SERVERS: readonly DemoServerSpec[] = [
	{
		name: STUDIO_A,
		gpu: 'GeForce RTX 4090',
		vramBytes: 24 * BYTES_PER_GB,
		hourlyCost: 0.69,
		speedFactor: 1,
		models: ['flux2-klein-9b', 'qwen-image-2512', 'flux1-dev', 'sdxl-lightning-8step'],
	},
	{
		name: STUDIO_B,
		gpu: 'GeForce RTX 3090',
		vramBytes: 24 * BYTES_PER_GB,
		hourlyCost: 0.42,
		speedFactor: 0.55,
		models: ['flux1-dev', 'sd35-large', 'flux2-klein-4b', 'sdxl-base'],
	},
	{
		name: EDGE,
		gpu: 'GeForce RTX 3060',
		vramBytes: 12 * BYTES_PER_GB,
		hourlyCost: 0.15,
		speedFactor: 0.3,
		models: ['flux2-klein-4b', 'sd35-medium', 'sdxl-lightning-8step'],
	},
];

/** How much longer runs really take than the catalog says; learned at half time, as a calibration would. */
const TRUTH: Readonly<Record<string, number>> = {
	'flux2-klein-9b': 1.22,
	'flux1-dev': 1.38,
	'qwen-image-2512': 1.12,
	'flux2-klein-4b': 0.86,
};
const NOISE = { cv: 0.12, tailProbability: 0.015, tailFactor: 2.2 };
const MOST_ATTEMPTS = 3;

export function makeDemo(options: DemoOptions): DemoRows {
	return new Demo(options).run();
}

class Demo {
	private readonly router: ModelRouter;
	private readonly random: Random;
	private readonly servers: DemoServer[];
	private readonly startMs: number;
	private readonly usage: UsageRow[] = [];
	private readonly vram: VramReading[] = [];
	private nextReadingMs: number;
	private jobs = 0;
	private lately: number[] = [];

	constructor(private readonly options: DemoOptions) {
		const { catalog, nowMs, days, seed } = options;
		this.router = new ModelRouter(catalog);
		this.random = seededRandom(seed);
		this.servers = SERVERS.map((spec) => new DemoServer(spec, catalog));
		this.startMs = nowMs - days * DAY_MS;
		this.nextReadingMs = this.startMs;
		this.planTrouble(days);
	}

	run(): DemoRows {
		const { nowMs } = this.options;
		for (const asked of demoRequests(this.startMs, nowMs, this.random)) {
			this.readUntil(asked.atMs);
			this.serve(asked);
		}
		this.readUntil(nowMs + 1);
		const ended = this.usage.filter(({ created_at: at }) => Date.parse(at as string) <= nowMs);
		ended.sort((a, b) => ((a.created_at as string) < (b.created_at as string) ? -1 : 1));
		return { usage: ended, vram: this.vram };
	}

	/** An outage of the small server and an intruder on the second one, about once a week. */
	private planTrouble(days: number): void {
		for (let day = 0.7; day < days; day += 6.5) {
			const outageMs = this.startMs + (day + this.random()) * DAY_MS;
			const intruderMs = this.startMs + (day + 1.5 + this.random()) * DAY_MS;
			this.server(EDGE)?.outages.push({ fromMs: outageMs, toMs: outageMs + 50 * MINUTE_MS });
			this.server(STUDIO_B)?.intrusions.push({
				fromMs: intruderMs,
				toMs: intruderMs + 80 * MINUTE_MS,
			});
		}
	}

	private server(name: string | null | undefined): DemoServer | undefined {
		return this.servers.find(({ spec }) => spec.name === name);
	}

	private readUntil(ms: number): void {
		for (; this.nextReadingMs < ms; this.nextReadingMs += this.options.readingSeconds * 1000) {
			for (const server of this.servers) this.vram.push(server.reading(this.nextReadingMs));
		}
		for (const server of this.servers) server.forgetBefore(this.nextReadingMs - DAY_MS);
	}

	private serve({ atMs, request }: DemoRequest): void {
		const jobId = `${DEMO_JOB_PREFIX}${++this.jobs}`;
		this.lately = [...this.lately.filter((ms) => ms > atMs - 10 * MINUTE_MS), atMs];
		let askedMs = atMs;
		let first: SelectedDecision | null = null;
		const failed: string[] = [];
		for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
			const chosen = this.select({ ...request, job_id: jobId, exclude_models: failed }, askedMs);
			if (chosen.decision === 'rejected') {
				this.log(chosen, attempt, askedMs, { status: 'rejected' });
				return;
			}
			const worse = first !== null && chosen.estimate.quality < first.estimate.quality - 1e-9;
			const selection = worse ? { ...chosen, degraded: true } : chosen;
			first ??= chosen;
			const end = this.attempt(selection, attempt, askedMs, atMs);
			if (end.status !== 'oom' && end.status !== 'error') return;
			if (end.status === 'oom' && request['model_name'] === undefined)
				failed.push(selection.model_name);
			askedMs = end.endMs;
		}
	}

	private select(request: Record<string, unknown>, nowMs: number): Selection {
		const fleet = { servers: this.servers.map((server) => server.snapshot(nowMs)) };
		return this.router.select({ ...request, explain: false }, fleet, {
			nowMs,
			demand: { arrivals_per_second: this.lately.length / 600 },
			calibration: this.learned(nowMs),
		});
	}

	private learned(nowMs: number): NonNullable<SelectOptions['calibration']> {
		if (nowMs < this.startMs + (this.options.days / 2) * DAY_MS) return [];
		return Object.entries(TRUTH).map(([model, factor]) => ({
			model_name: model,
			preset: null,
			server: null,
			samples: 200,
			time_factor: factor,
			p95_factor: factor,
			load_factor: 1,
			vram_factor: 1,
		}));
	}

	private attempt(
		selection: SelectedDecision,
		attempt: number,
		askedMs: number,
		firstAskedMs: number,
	): { status: UsageStatus; endMs: number } {
		const { estimate, model_name: name } = selection;
		const server = this.server(selection.server) as DemoServer;
		const cold = server.modelAtTurn() !== name;
		const loadSeconds = cold ? (server.model(name)?.load_seconds ?? 10) * this.noise() : 0;
		// what the estimate knows already is not added again
		const surprise = this.learned(askedMs).length > 0 ? 1 : (TRUTH[name] ?? 1);
		const fullSeconds = estimate.run_seconds * surprise * this.noise();
		const status = this.outcome();
		const runSeconds = status === 'success' ? fullSeconds : fullSeconds * this.random();
		const startMs = server.freeAtMs(askedMs);
		const endMs = startMs + (loadSeconds + runSeconds) * 1000;
		server.add({
			jobId: selection.job_id ?? '',
			model: name,
			startMs,
			endMs,
			expectedSeconds: estimate.load_seconds + estimate.run_seconds,
			deadlineMs: Date.parse(selection.deadline_at),
			peakBytes: estimate.vram_peak_bytes,
		});
		const queueSeconds = (startMs - askedMs) / 1000;
		this.log(selection, attempt, endMs, {
			status,
			...FAULTS[status],
			cold,
			queue_seconds: queueSeconds,
			load_seconds: loadSeconds,
			run_seconds: runSeconds,
			actual_seconds: queueSeconds + loadSeconds + runSeconds,
			timing_source: 'comfyui',
			on_time: status === 'success' && endMs <= firstAskedMs + this.spanMs(selection),
			actual_cost: ((loadSeconds + runSeconds) / 3600) * server.spec.hourlyCost,
			vram_peak_bytes: status === 'oom' ? null : Math.round(estimate.vram_peak_bytes * 0.97),
			prompt_id: `${selection.job_id}:${attempt}`,
		});
		return { status, endMs };
	}

	private spanMs(selection: SelectedDecision): number {
		return Date.parse(selection.deadline_at) - Date.parse(selection.selected_at);
	}

	private noise(): number {
		return noiseFactor(NOISE, this.random);
	}

	private outcome(): UsageStatus {
		const chance = this.random();
		if (chance < 0.004) return 'oom';
		if (chance < 0.008) return 'error';
		if (chance < 0.014) return 'cancelled';
		return 'success';
	}

	private log(selection: Selection, attempt: number, atMs: number, facts: Partial<UsageRow>): void {
		const planned = plannedRow(selection, { attempt, workflowId: DEMO_WORKFLOW_ID });
		this.usage.push({ ...planned, created_at: new Date(atMs).toISOString(), ...facts });
	}
}

const FAULTS: Partial<Record<UsageStatus, Partial<UsageRow>>> = {
	oom: { error_code: 'OOM', error_message: 'Allocation on device: out of memory.' },
	error: { error_code: 'EXECUTION_FAILED', error_message: 'The server stopped the run.' },
};
