import { describe, expect, it } from 'vitest';

import {
	calibrate,
	type CalibrationRow,
	observationFromLog,
	observationsFromHistory,
} from '../../../lib/calibration';
import type { HistoryEntry } from '../../../lib/ports';
import type { ApiGraph } from '../../../lib/workflow/graph';
import { entryOf, roundCatalog } from './observations';

const catalog = roundCatalog();
const NOW = 1_000_000_000;

function row(overrides: Partial<CalibrationRow> = {}): CalibrationRow {
	return {
		...{ model_name: 'a', preset: 'full', server: 'one', steps: 20, cfg: 1 },
		...{ width: 1024, height: 1024, batch_size: 1, status: 'success', timing_source: 'comfyui' },
		...{ actual_seconds: 20, queue_seconds: 6, load_seconds: 4, run_seconds: null, cold: null },
		...{ vram_peak_bytes: null, prompt_id: 'p', age_seconds: 60 },
		...overrides,
	} as CalibrationRow;
}

describe('an observation from the log', () => {
	it('has the run time as logged, or what the queue and the load leave of the whole', () => {
		expect(observationFromLog(row({ run_seconds: 9 }))!.run_seconds).toBe(9);
		expect(observationFromLog(row())!.run_seconds).toBe(10);
	});

	it('has none where the whole may be waiting', () => {
		const wall = row({ queue_seconds: null, load_seconds: null, timing_source: 'wall' });
		expect(observationFromLog(wall)!.run_seconds).toBeNull();
	});

	it('is cold where a load was logged, and is none without a model', () => {
		expect(observationFromLog(row())!.cold).toBe(true);
		expect(observationFromLog(row({ load_seconds: 0 }))!.cold).toBe(false);
		expect(observationFromLog(row({ model_name: null }))).toBeNull();
	});
});

function graph(sampler: Record<string, unknown> = {}): ApiGraph {
	return {
		'1': { class_type: 'UNETLoader', inputs: { unet_name: 'a.safetensors' } },
		'2': { class_type: 'CLIPTextEncode', inputs: { text: 'x', clip: ['9', 0] } },
		'3': {
			class_type: 'EmptyLatentImage',
			inputs: { width: 1024, height: 1024, batch_size: 2 },
		},
		'4': {
			class_type: 'KSampler',
			inputs: {
				...{ model: ['1', 0], positive: ['2', 0], negative: ['2', 0], latent_image: ['3', 0] },
				...{ seed: 1, steps: 20, cfg: 1, sampler_name: 'euler', scheduler: 'simple', denoise: 1 },
				...sampler,
			},
		},
		'5': { class_type: 'VAEDecode', inputs: { samples: ['4', 0], vae: ['8', 0] } },
		'6': { class_type: 'SaveImage', inputs: { images: ['5', 0], filename_prefix: 'x' } },
		'8': { class_type: 'VAELoader', inputs: { vae_name: 'v.safetensors' } },
		'9': { class_type: 'CLIPLoader', inputs: { clip_name: 't.safetensors', type: 'flux' } },
	};
}

function ended(overrides: Partial<HistoryEntry> = {}): HistoryEntry {
	return {
		...{ promptId: 'foreign', number: 1, graph: graph(), status: 'success', failure: null },
		...{ cachedNodes: ['1'], createTimeMs: NOW - 60_000, startedMs: NOW - 50_000 },
		...{ endedMs: NOW - 30_000, outputs: [] },
		...overrides,
	} as HistoryEntry;
}

const read = (entries: HistoryEntry[], known?: ReadonlySet<string>) =>
	observationsFromHistory(entries, catalog, 'one', NOW, known);

describe('observations from a history', () => {
	it("are of jobs that nobody logged: model, parameters and ComfyUI's own times", () => {
		expect(read([ended()])).toEqual([
			{
				...{ model_name: 'a', preset: 'full', server: 'one', steps: 20, cfg: 1, images: 0 },
				...{ width: 1024, height: 1024, batch_size: 2, run_seconds: 20, load_seconds: 0 },
				...{ cold: false, status: 'success', timing_source: 'comfyui', vram_peak_bytes: null },
				...{ age_seconds: 30, cached: false, prompt_id: 'foreign' },
			},
		]);
	});

	it('leave out what the log has, and graphs of other models', () => {
		expect(read([ended()], new Set(['foreign']))).toEqual([]);
		const other = graph();
		other['1']!.inputs = { unet_name: 'other.safetensors' };
		expect(read([ended({ graph: other })])).toEqual([]);
	});

	it('leave out part of the steps and sizes that are computed', () => {
		expect(read([ended({ graph: graph({ denoise: 0.5 }) })])).toEqual([]);
		const computed = graph();
		computed['3']!.inputs = { width: ['7', 0], height: 1024, batch_size: 1 };
		expect(read([ended({ graph: computed })])).toEqual([]);
	});

	it('know a cached run, an interrupted and a cold one', () => {
		expect(read([ended({ cachedNodes: ['1', '4'] })])[0]).toMatchObject({ cached: true });
		expect(read([ended({ status: 'interrupted' })])[0]).toMatchObject({ status: 'cancelled' });
		expect(read([ended({ cachedNodes: [] })])[0]).toMatchObject({ cold: true });
	});

	it('teach like logged ones', () => {
		const entries = Array.from({ length: 20 }, (_, i) =>
			ended({ promptId: `p${i}`, startedMs: NOW - 60_000, endedMs: NOW - 30_000 - (i % 5) * 100 }),
		);
		// two images at 10 s each
		const { time_factor } = entryOf(calibrate(catalog, read(entries)).entries);
		expect(time_factor).toBeCloseTo(29.8 / 20, 1);
	});
});
