/**
 * `npm run bench:select`: time of one decision as a ratio to `JSON.parse` of catalog, fleet and request together, in
 * turns in one process, on the compiled library. Growth is checked from 120 to 25,000 candidates.
 */
import { join } from 'node:path';

import type * as Library from '../lib';
import { seededRandom, type Random } from '../simulator/replay/random';
import { atMost, finish, type Goal, median, printTable } from './report';

const library = require(join(__dirname, '..', 'dist', 'lib', 'index.js')) as typeof Library;

const SEED = 20260101;
const TURNS = 41;
const FAMILIES = ['sdxl', 'flux', 'qwen-image', 'z-image', 'sd3', 'flux2'];

interface Case {
	models: number;
	presets: number;
	servers: number;
	/** Calls per turn: long enough for the clock. */
	calls: number;
}

const SMALL: Case = { models: 10, presets: 3, servers: 4, calls: 400 };
const LARGE: Case = { models: 100, presets: 5, servers: 50, calls: 4 };

function catalogOf(size: Case, random: Random): unknown {
	return {
		version: 1,
		models: Array.from({ length: size.models }, (_, m) => ({
			name: `model-${m}`,
			family: FAMILIES[m % FAMILIES.length],
			license: 'apache-2.0',
			license_notes: 'May be used commercially.',
			commercial_use: true,
			files: {
				diffusion_model: `model_${m}_fp8_e4m3fn.safetensors`,
				text_encoders: ['qwen_2.5_vl_7b_fp8_scaled.safetensors'],
				vae: 'qwen_image_vae.safetensors',
			},
			purposes: { photo: random(), portrait: random(), product: random(), draft: random() },
			vram_gb: 5 + 12 * random(),
			vram_peak_gb: 18 + 4 * random(),
			load_seconds: 4 + 20 * random(),
			presets: Array.from({ length: size.presets }, (_, p) => presetOf(p, random)),
		})),
	};
}

function presetOf(index: number, random: Random): unknown {
	const steps = 30 - 5 * index;
	const seconds = steps * (0.2 + random());
	return {
		name: `steps-${steps}`,
		quality: 1 - 0.06 * index,
		steps,
		cfg: index % 2 === 0 ? 4 : 1,
		sampler_name: 'euler',
		scheduler: 'simple',
		reference: { width: 1024, height: 1024, steps, batch_size: 1, gpu: 'RTX 4090' },
		avg_time_seconds: seconds,
		p95_time_seconds: 1.2 * seconds,
		source: 'drawn for the benchmark',
		confidence: 'measured',
	};
}

function fleetOf(size: Case, random: Random): unknown {
	const files = Array.from({ length: size.models }, (_, m) => `model_${m}_fp8_e4m3fn.safetensors`);
	files.push('qwen_2.5_vl_7b_fp8_scaled.safetensors', 'qwen_image_vae.safetensors');
	return {
		servers: Array.from({ length: size.servers }, (_, s) => ({
			name: `gpu-${s}`,
			url: `http://10.0.0.${s}:8188`,
			reachable: true,
			hourly_cost: 0.3 + random(),
			speed_factor: 0.5 + random(),
			devices: [
				{
					name: 'cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync',
					type: 'cuda',
					vram_total: 25757220864,
					vram_free: 23500000000,
					torch_vram_total: 1000000000,
					torch_vram_free: 500000000,
				},
			],
			queue: Array.from({ length: s % 3 }, (_, q) => ({
				job_id: `job-${s}-${q}`,
				model_name: `model-${s % size.models}`,
				remaining_seconds: 20 * random(),
				deadline_seconds: 90,
				queue_number: q,
				running: q === 0,
			})),
			loaded_model: `model-${(s + 1) % size.models}`,
			installed_files: files,
		})),
	};
}

interface Timing {
	parse: number;
	plain: number;
	explained: number;
	candidates: number;
}

/** Microseconds per call; the three ways take turns, so that a busy machine hurts all alike. */
function measure(size: Case): Timing & { plainRatio: number; explainedRatio: number } {
	const random = seededRandom(SEED);
	const catalog = catalogOf(size, random);
	const fleet = fleetOf(size, random) as Library.FleetSnapshot;
	const request = { purpose: 'photo', prompt: 'a red cube', width: 1024, height: 1024 };
	const texts = [catalog, fleet, request].map((value) => JSON.stringify(value));
	const router = new library.ModelRouter(library.parseCatalog(catalog));
	const options = { nowMs: 0 };
	const ways = {
		parse: () => texts.forEach((text) => void JSON.parse(text)),
		plain: () => void router.select({ ...request, explain: false }, fleet, options),
		explained: () => void router.select(request, fleet, options),
	};
	const times = { parse: [] as number[], plain: [] as number[], explained: [] as number[] };
	for (let turn = -8; turn < TURNS; turn++) {
		for (const name of ['parse', 'plain', 'explained'] as const) {
			const started = performance.now();
			for (let i = 0; i < size.calls; i++) ways[name]();
			if (turn >= 0) times[name].push(((performance.now() - started) / size.calls) * 1000);
		}
	}
	const ratio = (way: 'plain' | 'explained'): number =>
		median(times[way].map((time, turn) => time / (times.parse[turn] as number)));
	return {
		parse: median(times.parse),
		plain: median(times.plain),
		explained: median(times.explained),
		candidates: size.models * size.presets * size.servers,
		plainRatio: ratio('plain'),
		explainedRatio: ratio('explained'),
	};
}

function main(): void {
	const small = measure(SMALL);
	const large = measure(LARGE);
	const growth = large.plain / small.plain / (large.candidates / small.candidates);
	const row = (name: string, t: ReturnType<typeof measure>): string[] => [
		name,
		...[t.parse, t.plain, t.explained].map((us) => us.toFixed(1)),
		t.plainRatio.toFixed(2),
		t.explainedRatio.toFixed(2),
	];
	process.stdout.write(`Seed ${SEED}, ${TURNS} turns.\n`);
	printTable(
		['Candidates', 'JSON.parse us', 'select us', 'explained us', 'select/parse', 'explained/parse'],
		[
			row(`${small.candidates} (10 x 3 x 4)`, small),
			row(`${large.candidates} (100 x 5 x 50)`, large),
		],
	);
	const goals: Goal[] = [
		atMost('small_select_to_parse', small.plainRatio, 1),
		atMost('small_explained_to_parse', small.explainedRatio, 2),
		atMost('growth_to_linear', growth, 1),
	];
	finish({ bench: 'select', figures: { small, large, seed: SEED, turns: TURNS }, goals });
}

main();
