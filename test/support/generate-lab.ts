/** Stand-ins and a generator over them, for tests of whole jobs. */
import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';

import { ComfyUiClient } from '../../adapters/comfyui';
import { systemClock } from '../../adapters/system-clock';
import type { Catalog } from '../../lib/catalog/schema';
import type { RandomPort } from '../../lib/ports';
import {
	createGenerator,
	type GeneratedFile,
	type Generator,
	type GeneratorDeps,
} from '../../service/generate';
import { type ComfyUiVersion, type StandIn, startComfyUiStandIn } from '../../simulator/comfyui';
import { type GpuProfile, modelsFromCatalog, type TruthFactors } from '../../simulator/gpu';
import { catalogOf, presetOf } from './selections';

/** Two models on one card: a good slow one with a distilled preset, and a light one. Real seconds, small ones. */
export function quickCatalog(rest: Record<string, unknown> = {}): Catalog {
	const size = { reference: { width: 512, height: 512 } };
	return catalogOf(
		[
			{
				name: 'heavy',
				family: 'sdxl',
				files: { checkpoint: 'heavy.safetensors' },
				purposes: { photo: 0.9 },
				vram_gb: 7,
				vram_peak_gb: 10,
				load_seconds: 0.4,
				presets: [
					presetOf('full', { ...size, steps: 20, cfg: 1, avg_time_seconds: 1 }),
					presetOf('fast', {
						...size,
						steps: 8,
						cfg: 1,
						quality: 0.85,
						avg_time_seconds: 0.45,
						loras: [{ file: 'fast.safetensors' }],
					}),
				],
			},
			{
				name: 'light',
				family: 'sd15',
				files: { checkpoint: 'light.safetensors' },
				purposes: { photo: 0.6 },
				vram_gb: 2,
				vram_peak_gb: 4,
				load_seconds: 0.1,
				presets: [presetOf('full', { ...size, steps: 10, cfg: 1, avg_time_seconds: 0.25 })],
			},
		],
		rest,
	);
}

/** Random numbers that are the same in every run; ids stay unique. */
export function countingRandom(prefix = 'id'): RandomPort {
	let count = 0;
	return {
		uuid: () => `${prefix}-${process.pid}-${(count += 1)}`,
		integer: (limit) => (count += 7919) % limit,
	};
}

export interface LabOptions {
	servers?: number;
	catalog?: Catalog;
	truth?: TruthFactors;
	speedUp?: number;
	vramBytes?: number;
	gpu?: Partial<GpuProfile>;
	/** Of one answer, ms. */
	timeoutMs?: number;
	deps?: Partial<GeneratorDeps>;
	imageBytes?: number;
	version?: ComfyUiVersion;
	/** By server, instead of `version`. */
	versions?: readonly ComfyUiVersion[];
}

export interface Lab {
	catalog: Catalog;
	standIns: StandIn[];
	clients: ComfyUiClient[];
	deps: GeneratorDeps;
	generator: Generator;
	close(): Promise<void>;
}

export async function openLab(options: LabOptions = {}): Promise<Lab> {
	const catalog = options.catalog ?? quickCatalog();
	const models = modelsFromCatalog(catalog, options.truth);
	const standIns: StandIn[] = [];
	for (let n = 0; n < (options.servers ?? 1); n++) {
		standIns.push(
			await startComfyUiStandIn({
				models,
				version: options.versions?.[n] ?? options.version,
				seed: n + 1,
				speedUp: options.speedUp ?? 4,
				imageBytes: options.imageBytes,
				gpu: { vramTotalBytes: options.vramBytes ?? 24e9, ...options.gpu },
			}),
		);
	}
	const clients = standIns.map(
		(one, n) =>
			new ComfyUiClient({ name: `s${n + 1}`, url: one.url, timeoutMs: options.timeoutMs ?? 2_000 }),
	);
	const deps: GeneratorDeps = {
		catalog,
		servers: clients,
		clock: systemClock,
		random: countingRandom(`lab${standIns[0]?.port}`),
		...options.deps,
	};
	return {
		catalog,
		standIns,
		clients,
		deps,
		generator: createGenerator(deps),
		close: async () => {
			for (const client of clients) client.close();
			for (const one of standIns) await one.close();
		},
	};
}

export async function bytesOf(file: GeneratedFile): Promise<Buffer> {
	const { stream } = await file.open();
	return buffer(stream as Readable);
}

/** Waits until the condition holds; fails loudly where it never does. */
export async function until(what: string, holds: () => boolean, ms = 10_000): Promise<void> {
	const end = Date.now() + ms;
	while (!holds()) {
		if (Date.now() > end) throw new Error(`Waited in vain until ${what}.`);
		await systemClock.sleep(5);
	}
}
