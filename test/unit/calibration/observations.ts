/** A catalog with round figures, and runs of it. */
import type { LearnedEntry, RunObservation } from '../../../lib/calibration';
import { parseCatalog } from '../../../lib/catalog/parse';
import type { Catalog } from '../../../lib/catalog/schema';
import { normal, seededRandom } from '../../../simulator/gpu/random';

/** `a` takes 10 s (preset `full`) and 2 s (`fast`) at 1024 x 1024 and loads in 8 s; `b` takes 40 s. */
export function roundCatalog(): Catalog {
	const reference = { width: 1024, height: 1024 };
	const preset = (name: string, steps: number, seconds: number): Record<string, unknown> => ({
		...{ name, steps, cfg: 1, reference },
		...{ avg_time_seconds: seconds, confidence: 'estimated' },
	});
	const model = (name: string, presets: unknown[]): Record<string, unknown> => ({
		...{ name, family: 'flux', files: { diffusion_model: `${name}.safetensors` } },
		...{ purposes: { photo: 0.9 }, vram_gb: 12, vram_peak_gb: 14, load_seconds: 8, presets },
	});
	return parseCatalog({
		version: 1,
		servers: [
			{ name: 'one', url: 'http://one:8188' },
			{ name: 'double', url: 'http://double:8188', speed_factor: 2 },
		],
		models: [
			model('a', [preset('full', 20, 10), preset('fast', 4, 2)]),
			model('b', [preset('full', 30, 40)]),
		],
	});
}

/** A warm run of `a`/`full` on `one` in exactly the catalog's time, an hour ago. */
export function seen(overrides: Partial<RunObservation> = {}): RunObservation {
	return {
		model_name: 'a',
		preset: 'full',
		server: 'one',
		steps: 20,
		cfg: 1,
		width: 1024,
		height: 1024,
		batch_size: 1,
		run_seconds: 10,
		load_seconds: 0,
		cold: false,
		status: 'success',
		timing_source: 'comfyui',
		vram_peak_bytes: null,
		age_seconds: 3600,
		...overrides,
	};
}

/** `count` runs with a log-normal spread around `seconds`, the newest a minute ago, one every ten minutes. */
export function runsAround(
	seconds: number,
	count: number,
	{ sigma = 0.05, seed = 1, ...overrides }: Partial<RunObservation> & Noise = {},
): RunObservation[] {
	const random = seededRandom(seed);
	return Array.from({ length: count }, (_, i) =>
		seen({
			run_seconds: seconds * Math.exp(sigma * normal(random)),
			age_seconds: 60 + 600 * i,
			...overrides,
		}),
	);
}

interface Noise {
	sigma?: number;
	seed?: number;
}

export function entryOf(
	entries: readonly LearnedEntry[],
	preset: string | null = 'full',
	server: string | null = 'one',
	model = 'a',
): LearnedEntry {
	const found = entries.find(
		(entry) => entry.model_name === model && entry.preset === preset && entry.server === server,
	);
	if (!found) throw new Error(`No entry for ${model}/${preset}/${server}.`);
	return found;
}
