import { describe, expect, it } from 'vitest';

import { type MeasuredRun, suggestFigures } from '../../../lib/benchmark-plan';
import { catalogOf, presetOf } from '../../support/selections';

const catalog = catalogOf([
	{
		name: 'a',
		load_seconds: 20,
		vram_peak_gb: 10,
		presets: [presetOf('full'), presetOf('fast', { vram_peak_gb: 9 })],
	},
]);
const on = {
	server: 'gpu-a',
	gpu: 'RTX 4090',
	speedFactor: 1,
	nowMs: Date.parse('2026-05-04T03:02:01Z'),
};

function run(values: Partial<MeasuredRun> = {}): MeasuredRun {
	return {
		model_name: 'a',
		preset: 'full',
		width: 1024,
		height: 1024,
		steps: 20,
		cfg: 7,
		kind: 'warm',
		at_reference: true,
		estimated_seconds: 10,
		prompt_id: 'p',
		status: 'success',
		run_seconds: 8,
		was_cold: false,
		vram_peak_bytes: null,
		error_message: null,
		...values,
	};
}

const cold = (values: Partial<MeasuredRun> = {}) =>
	run({ kind: 'cold', was_cold: true, run_seconds: 33, ...values });

const suggest = (runs: MeasuredRun[], more: Partial<typeof on> = {}) =>
	suggestFigures(catalog, runs, { ...on, ...more });

describe('suggested figures', () => {
	it('are the mean of warm runs, the load between cold and warm, and the highest peak', () => {
		const runs = [
			cold({ vram_peak_bytes: 11.2e9 }),
			run({ run_seconds: 8 }),
			run({ run_seconds: 9, vram_peak_bytes: 11.4e9 }),
		];
		expect(suggest(runs)).toMatchObject([
			{ preset: null, figure: 'load_seconds', old: 20, new: 24.5, samples: 1 },
			{ preset: 'full', figure: 'avg_time_seconds', old: 10, new: 8.5, samples: 2, range: [8, 9] },
			{ preset: 'full', figure: 'vram_peak_gb', old: null, new: 11.4, samples: 2 },
		]);
	});

	it('say where they are from', () => {
		const [figure] = suggest([run(), run()]);
		expect(figure?.source).toBe('Benchmark of 2 runs on gpu-a (RTX 4090), 2026-05-04');
	});

	it('are of the reference GPU: a server of twice its speed has half its times, but the same loads', () => {
		const figures = suggest([cold({ run_seconds: 30 }), run({ run_seconds: 5 })], {
			speedFactor: 2,
		});
		expect(figures.map((one) => [one.figure, one.new])).toEqual([
			['load_seconds', 25],
			['avg_time_seconds', 10],
		]);
	});

	it.each<[string, MeasuredRun[]]>([
		['failed', [run({ status: 'oom' })]],
		['has another size than the reference', [run({ at_reference: false })]],
		['loaded what was there already or not', [run({ kind: 'first' })]],
		['was cold although planned warm', [run({ was_cold: true })]],
		['has no stamps', [run({ run_seconds: null })]],
		['was to be cold and was not, without a warm one', [cold({ was_cold: false })]],
		['was cold, without a warm one to compare with', [cold()]],
	])('leave out a run that %s', (_what, runs) => {
		expect(suggest(runs)).toEqual([]);
	});

	it('believe the plan where the server does not say what it had cached', () => {
		const figures = suggest([cold({ was_cold: null }), run({ was_cold: null })]);
		expect(figures.map((one) => one.figure)).toEqual(['load_seconds', 'avg_time_seconds']);
	});
});
