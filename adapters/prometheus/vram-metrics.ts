/**
 * The readings of the VRAM monitor as Prometheus metrics. Owns their names and labels: how many series there are is
 * bounded by the servers that were named, never by what a server answers.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import { cleanText } from '../../lib/text';
import { obtainableBytes } from '../../lib/vram-watch/transitions';
import { storableReading } from '../../lib/vram-watch/reading';
import type { VramReading } from '../../lib/vram-watch/types';

/** No machine has more GPUs; a server that claims more is not believed. */
export const MOST_DEVICES_PER_SERVER = 32;
const MOST_LABEL_LENGTH = 128;
const DURATION_BUCKETS_SECONDS = [0.01, 0.03, 0.1, 0.3, 1, 3, 5, 10, 30];

/** What a device's figures are called, and what they are. */
const DEVICE_GAUGES = [
	['comfyui_vram_total_bytes', 'Memory of the device.', 'vram_total'],
	['comfyui_vram_free_bytes', 'Memory of the device that nobody holds.', 'vram_free'],
	['comfyui_torch_vram_total_bytes', "Memory that ComfyUI's PyTorch holds.", 'torch_vram_total'],
	['comfyui_torch_vram_free_bytes', 'Of that, what no model uses.', 'torch_vram_free'],
] as const;

type ByServer = Gauge<'server'>;
type ByDevice = Gauge<'server' | 'device'>;

export interface RoundFacts {
	durationSeconds: number;
	/** Seconds since the epoch. */
	endedAtSeconds: number;
}

export class VramMetrics {
	private readonly registry = new Registry();
	private readonly up = this.byServer('comfyui_up', '1: the server answered; 0: it did not.');
	private readonly devices = DEVICE_GAUGES.map(
		([name, help, field]) => [this.byDevice(name, help), field] as const,
	);
	private readonly obtainable = this.byDevice(
		'comfyui_vram_obtainable_bytes',
		'Memory that a run can get: free, and what ComfyUI would give up for it.',
	);
	private readonly deviceInfo = new Gauge({
		name: 'comfyui_device_info',
		help: 'Always 1; name is the device as ComfyUI calls it.',
		labelNames: ['server', 'device', 'name'] as const,
		registers: [this.registry],
	});
	private readonly running = this.byServer('comfyui_queue_running', 'Prompts that run.');
	private readonly pending = this.byServer('comfyui_queue_pending', 'Prompts that wait.');
	private readonly loadedModel = new Gauge({
		name: 'comfyui_loaded_model_info',
		help: 'Always 1; model is the model of the catalog whose weights are in memory. Absent where it is not known.',
		labelNames: ['server', 'model'] as const,
		registers: [this.registry],
	});
	private readonly failures = new Counter({
		name: 'comfyui_collection_failures_total',
		help: 'Readings that the server did not answer.',
		labelNames: ['server'] as const,
		registers: [this.registry],
	});
	private readonly duration = new Histogram({
		name: 'comfyui_router_collection_duration_seconds',
		help: 'Time to read all servers.',
		buckets: DURATION_BUCKETS_SECONDS,
		registers: [this.registry],
	});
	private readonly lastRound = new Gauge({
		name: 'comfyui_router_last_collection_timestamp_seconds',
		help: 'When the last round of readings ended, seconds since the epoch.',
		registers: [this.registry],
	});
	private readonly writes = new Counter({
		name: 'comfyui_router_database_writes_total',
		help: 'Rounds written to vram_usage_log, by result. Absent without a database.',
		labelNames: ['result'] as const,
		registers: [this.registry],
	});

	/** @param servers their names: a server has its series from the start, also before it ever fails */
	constructor(servers: readonly string[]) {
		for (const server of servers) this.failures.inc({ server: label(server) }, 0);
	}

	/** Replaces what the last round said: a device or model that is gone has no series any more. */
	observe(readings: readonly VramReading[], round: RoundFacts): void {
		for (const gauge of this.snapshotGauges()) gauge.reset();
		const firstOf = new Set<string>();
		for (const raw of readings) {
			const reading = storableReading(raw);
			const server = label(reading.server);
			if (!firstOf.has(server)) this.observeServer(server, reading);
			firstOf.add(server);
			if (reading.reachable) this.observeDevice(server, reading);
		}
		this.duration.observe(round.durationSeconds);
		this.lastRound.set(round.endedAtSeconds);
	}

	databaseWrite(result: 'ok' | 'failed'): void {
		// both from the first write on, so that a rate of failures has a zero to start from
		for (const each of ['ok', 'failed']) this.writes.inc({ result: each }, each === result ? 1 : 0);
	}

	/** The text of an answer to a scrape, and its media type. */
	async expose(): Promise<{ text: string; contentType: string }> {
		return { text: await this.registry.metrics(), contentType: this.registry.contentType };
	}

	private observeServer(server: string, reading: VramReading): void {
		this.up.set({ server }, reading.reachable ? 1 : 0);
		if (!reading.reachable) {
			this.failures.inc({ server });
			return;
		}
		setKnown(this.running, { server }, reading.queue_running);
		setKnown(this.pending, { server }, reading.queue_pending);
		if (reading.loaded_model !== null) {
			this.loadedModel.set({ server, model: label(reading.loaded_model) }, 1);
		}
	}

	private observeDevice(server: string, reading: VramReading): void {
		const index = reading.device_index;
		if (index === null || index >= MOST_DEVICES_PER_SERVER) return;
		const labels = { server, device: String(index) };
		for (const [gauge, field] of this.devices) setKnown(gauge, labels, reading[field]);
		setKnown(this.obtainable, labels, obtainableBytes(reading));
		this.deviceInfo.set({ ...labels, name: label(reading.device_name ?? '') }, 1);
	}

	private snapshotGauges(): { reset(): void }[] {
		const byServer = [this.up, this.running, this.pending, this.loadedModel];
		const byDevice = [...this.devices.map(([gauge]) => gauge), this.obtainable, this.deviceInfo];
		return [...byServer, ...byDevice];
	}

	private byServer(name: string, help: string): ByServer {
		return new Gauge({ name, help, labelNames: ['server'], registers: [this.registry] });
	}

	private byDevice(name: string, help: string): ByDevice {
		return new Gauge({ name, help, labelNames: ['server', 'device'], registers: [this.registry] });
	}
}

/** Unknown is no series: a 0 would be a figure. */
function setKnown<L extends string>(
	gauge: Gauge<L>,
	labels: Partial<Record<L, string>>,
	value: number | null,
): void {
	if (value !== null) gauge.set(labels, value);
}

/** One line, without control characters, of bounded length. Quotes and backslashes are escaped by prom-client. */
function label(value: string): string {
	return cleanText(value, MOST_LABEL_LENGTH);
}
