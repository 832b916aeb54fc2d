/**
 * What fifty images of 4 MB cost the n8n process in memory, while they pass through and when they have. By
 * n8n's own metrics; binary mode `filesystem`; the middle of three rounds after one that is not counted.
 */
import { catalogSchema } from '../../lib/catalog/schema';
import { startComfyUiStandIn } from '../../simulator/comfyui';
import { modelsFromCatalog } from '../../simulator/gpu';
import { median } from '../report';
import { startWorkflow } from './generate-workflow';

export const IMAGES = 50;
export const IMAGE_BYTES = 4_000_000;
const EVERY_MS = 15;

export interface ImageMemory {
	/** Most in buffers during the run, over what was there before. */
	peakBufferBytes: number;
	/** Most resident memory during the run, over before. */
	peakResidentBytes: number;
	/** Resident memory after the run, over before. */
	residentGrowthBytes: number;
}

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
					avg_time_seconds: 0.2,
				},
			],
		},
	],
});

interface Sample {
	bufferBytes: number;
	residentBytes: number;
}

async function sample(url: string): Promise<Sample> {
	const text = await (await fetch(`${url}/metrics`)).text();
	const figure = (name: string) =>
		Number(text.match(new RegExp(`^\\w*${name} (\\d\\S*)`, 'm'))?.[1] ?? NaN);
	return {
		bufferBytes: figure('nodejs_external_memory_bytes'),
		residentBytes: figure('process_resident_memory_bytes'),
	};
}

export async function measureImageMemory(): Promise<ImageMemory> {
	const server = await startComfyUiStandIn({
		models: modelsFromCatalog(catalog),
		imageBytes: IMAGE_BYTES,
	});
	const n8n = await startWorkflow({
		catalog,
		servers: `s1=${server.url}`,
		log: false,
		env: { N8N_METRICS: 'true' },
	});
	const items = (count: number) =>
		Array.from({ length: count }, () => ({ purpose: 'photo', urgency: 'flexible', prompt: 'x' }));
	const watched = async () => {
		const images = items(IMAGES);
		return await watch(n8n.url, async () => {
			const results = await n8n.call({ items: images });
			const failed = results.filter(({ status }) => status !== 'done').length;
			if (failed > 0 || results.length !== IMAGES) throw new Error(`${failed} jobs failed`);
		});
	};
	// the first round pays for what n8n compiles and sets up
	await watched();
	const rounds = [await watched(), await watched(), await watched()];
	await n8n.close();
	await server.close();
	const middle = (name: keyof ImageMemory) => median(rounds.map((round) => round[name]));
	return {
		peakBufferBytes: middle('peakBufferBytes'),
		peakResidentBytes: middle('peakResidentBytes'),
		residentGrowthBytes: middle('residentGrowthBytes'),
	};
}

async function watch(url: string, work: () => Promise<void>): Promise<ImageMemory> {
	const before = await sample(url);
	const peak = { ...before, running: true };
	const watching = (async () => {
		while (peak.running) {
			const { bufferBytes, residentBytes } = await sample(url);
			peak.bufferBytes = Math.max(peak.bufferBytes, bufferBytes);
			peak.residentBytes = Math.max(peak.residentBytes, residentBytes);
			await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
		}
	})();
	await work();
	peak.running = false;
	await watching;
	const after = await sample(url);
	return {
		peakBufferBytes: peak.bufferBytes - before.bufferBytes,
		peakResidentBytes: peak.residentBytes - before.residentBytes,
		residentGrowthBytes: after.residentBytes - before.residentBytes,
	};
}
