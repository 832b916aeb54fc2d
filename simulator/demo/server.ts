/** One server of the demo: its queue, what is in its VRAM, and what a monitor would read of it at any moment. */
import type { Catalog, CatalogModel } from '../../lib/catalog/schema';
import { DEMO_DEVICE_PREFIX } from '../../lib/demo';
import type { FleetDevice, FleetServer } from '../../lib/fleet/types';
import { BYTES_PER_GB } from '../../lib/units';
import type { VramReading } from '../../lib/vram-watch/types';

export interface DemoServerSpec {
	name: string;
	gpu: string;
	vramBytes: number;
	hourlyCost: number;
	speedFactor: number;
	/** Catalog names; those that the catalog lacks are left out. */
	models: readonly string[];
}

export interface DemoJob {
	jobId: string;
	model: string;
	startMs: number;
	endMs: number;
	/** As estimated: what the router can know of a job that waits. */
	expectedSeconds: number;
	deadlineMs: number;
	peakBytes: number;
}

interface Span {
	fromMs: number;
	toMs: number;
}

/** The desktop and ComfyUI's own. */
const BASE_BYTES = 0.6 * BYTES_PER_GB;
const CACHED_BYTES = 0.4 * BYTES_PER_GB;

export class DemoServer {
	private jobs: DemoJob[] = [];
	/** No answer during these. */
	readonly outages: Span[] = [];
	/** Another program holds most of the memory during these. */
	readonly intrusions: Span[] = [];
	private readonly files: string[];
	private readonly models: Map<string, CatalogModel>;

	constructor(
		readonly spec: DemoServerSpec,
		catalog: Catalog,
	) {
		const installed = catalog.models.filter(({ name }) => spec.models.includes(name));
		this.models = new Map(installed.map((model) => [model.name, model]));
		this.files = installed.flatMap(({ files, presets }) => [
			...Object.values(files ?? {}).flatMap((file) => file as string | string[]),
			...presets.flatMap(({ loras }) => (loras ?? []).map(({ file }) => file)),
		]);
	}

	model(name: string): CatalogModel | undefined {
		return this.models.get(name);
	}

	add(job: DemoJob): void {
		this.jobs.push(job);
	}

	/** When a job that arrives now could start. */
	freeAtMs(nowMs: number): number {
		const last = this.jobs.at(-1);
		const outage = this.outages.find(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs);
		return Math.max(nowMs, last?.endMs ?? 0, outage?.toMs ?? 0);
	}

	/** What a job that arrives now finds in VRAM when its turn comes. */
	modelAtTurn(): string | null {
		return this.jobs.at(-1)?.model ?? null;
	}

	/** Forgets jobs that nobody asks about any more; the last ended one stays, since its model is resident. */
	forgetBefore(ms: number): void {
		const keep = this.jobs.findIndex((job) => job.endMs > ms);
		const from = keep < 0 ? this.jobs.length - 1 : keep - 1;
		if (from > 0) this.jobs = this.jobs.slice(from);
	}

	snapshot(nowMs: number): FleetServer {
		const { name, hourlyCost, speedFactor } = this.spec;
		const base = { name, hourly_cost: hourlyCost, speed_factor: speedFactor };
		if (within(this.outages, nowMs)) {
			const gone = { reachable: false, devices: [], queue: [], loaded_model: null };
			return { ...base, ...gone, installed_files: null, error: 'no answer' };
		}
		const open = this.jobs.filter((job) => job.endMs > nowMs);
		return {
			...base,
			reachable: true,
			devices: [this.device(nowMs)],
			queue: open.map((job, index) => ({
				job_id: job.jobId,
				model_name: job.model,
				remaining_seconds: job.startMs <= nowMs ? (job.endMs - nowMs) / 1000 : job.expectedSeconds,
				deadline_seconds: (job.deadlineMs - nowMs) / 1000,
				queue_number: index + 1,
				running: job.startMs <= nowMs,
			})),
			loaded_model: this.residentAt(nowMs)?.model ?? null,
			installed_files: this.files,
		};
	}

	reading(nowMs: number): VramReading {
		const observed = { observed_at: new Date(nowMs).toISOString(), server: this.spec.name };
		const server = this.snapshot(nowMs);
		if (!server.reachable) {
			const error = `${DEMO_DEVICE_PREFIX}outage: the server did not answer.`;
			const device = { device_index: null, device_name: null };
			const memory = { vram_total: null, vram_free: null };
			const torch = { torch_vram_total: null, torch_vram_free: null };
			const queue = { queue_running: null, queue_pending: null, loaded_model: null };
			return { ...observed, reachable: false, error, ...device, ...memory, ...torch, ...queue };
		}
		const device = server.devices[0] as FleetDevice;
		return {
			...observed,
			reachable: true,
			error: null,
			device_index: 0,
			device_name: device.name ?? null,
			vram_total: device.vram_total,
			vram_free: device.vram_free,
			torch_vram_total: device.torch_vram_total,
			torch_vram_free: device.torch_vram_free,
			queue_running: server.queue.filter(({ running }) => running).length,
			queue_pending: server.queue.filter(({ running }) => !running).length,
			loaded_model: server.loaded_model,
		};
	}

	private residentAt(nowMs: number): DemoJob | undefined {
		return this.jobs.filter((job) => job.startMs <= nowMs).at(-1);
	}

	private device(nowMs: number): FleetDevice {
		const { gpu, vramBytes } = this.spec;
		const job = this.residentAt(nowMs);
		const running = job !== undefined && job.endMs > nowMs;
		const weights = (this.model(job?.model ?? '')?.vram_gb ?? 0) * BYTES_PER_GB;
		const wanted = job === undefined ? 0 : (running ? job.peakBytes : weights) + CACHED_BYTES;
		const foreign = within(this.intrusions, nowMs) ? vramBytes * 0.7 : 0;
		const held = Math.round(Math.min(wanted, Math.max(0, vramBytes - BASE_BYTES - foreign)));
		return {
			name: `${DEMO_DEVICE_PREFIX}${gpu}`,
			type: 'cuda',
			vram_total: vramBytes,
			vram_free: Math.round(Math.max(0, vramBytes - BASE_BYTES - foreign - held)),
			torch_vram_total: held,
			torch_vram_free: running || held === 0 ? 0 : Math.min(held, CACHED_BYTES),
		};
	}
}

function within(spans: readonly Span[], ms: number): boolean {
	return spans.some(({ fromMs, toMs }) => fromMs <= ms && ms < toMs);
}
