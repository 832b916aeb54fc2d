import { describe, expect, it } from 'vitest';

import { parseCatalog } from '../../../lib/catalog/parse';
import { RouterError } from '../../../lib/errors';
import { requestSchema } from '../../../lib/request/schema';
import { ModelRouter } from '../../../lib/router/model-router';
import { catalogOf, fleetOf, NOW_MS, select, selected, serverOf } from './builders';

const catalog = catalogOf([
	{
		name: 'model',
		quality: 0.8,
		presets: [
			{ name: 'full', steps: 20, cfg: 4, seconds: 20 },
			{ name: 'turbo', quality: 0.9, steps: 4, cfg: 1, seconds: 3 },
		],
	},
]);
const idle = fleetOf(serverOf('a'));
const run = (request: Record<string, unknown>) => selected(select(catalog, idle, request));

describe('custom parameters', () => {
	it('are honoured in the selection', () => {
		const { parameters } = run({
			steps: 30,
			cfg: 6,
			sampler_name: 'dpmpp_2m',
			scheduler: 'karras',
			width: 768,
			height: 512,
			batch_size: 2,
			seed: 42,
			negative_prompt: 'blurry',
		});
		expect(parameters).toMatchObject({
			steps: 30,
			cfg: 6,
			sampler_name: 'dpmpp_2m',
			scheduler: 'karras',
			width: 768,
			height: 512,
			batch_size: 2,
			seed: 42,
			negative_prompt: 'blurry',
		});
	});

	it('enter the time estimate', () => {
		const base = run({ quality: 'high' }).estimate.run_seconds;
		expect(
			run({ quality: 'high', steps: 40, deadline_seconds: 900 }).estimate.run_seconds,
		).toBeGreaterThan(1.7 * base);
		expect(
			run({ quality: 'high', batch_size: 2, deadline_seconds: 900 }).estimate.run_seconds,
		).toBeGreaterThan(1.7 * base);
		expect(
			run({ quality: 'high', width: 2048, height: 2048, deadline_seconds: 900 }).estimate
				.run_seconds,
		).toBeGreaterThan(3.5 * base);
		expect(run({ quality: 'high', width: 512, height: 512 }).estimate.run_seconds).toBeLessThan(
			0.5 * base,
		);
	});

	it('more steps do not raise the quality, fewer lower it', () => {
		expect(run({ steps: 60, deadline_seconds: 900 }).estimate.quality).toBeCloseTo(0.8, 9);
		const fewer = run({ steps: 10, model_name: 'model', quality: 'standard' });
		expect(fewer.estimate.quality).toBeLessThan(0.8);
	});

	it('a sampler that evaluates the model more often takes longer', () => {
		const seconds = (sampler_name: string) =>
			run({ quality: 'high', sampler_name, deadline_seconds: 900 }).estimate.run_seconds;
		expect(seconds('dpmpp_2m')).toBeCloseTo(20, 9);
		expect(seconds('heun')).toBeGreaterThan(1.7 * 20);
		expect(seconds('heunpp2')).toBeGreaterThan(1.3 * seconds('dpmpp_sde'));
	});

	it('a preset’s own sampler is in its figure already', () => {
		const presets = [{ name: 'full', seconds: 20 }];
		const [model] = catalogOf([{ name: 'm', presets }]).models;
		const heun = { ...model!.presets[0]!, sampler_name: 'heun' };
		const catalog = parseCatalog({ version: 1, models: [{ ...model!, presets: [heun] }] });
		const seconds = (more: Record<string, unknown>) =>
			selected(select(catalog, idle, more)).estimate.run_seconds;
		expect(seconds({})).toBeCloseTo(20, 9);
		expect(seconds({ sampler_name: 'euler' })).toBeLessThan(0.6 * 20);
	});

	it('run time is the preset’s own at its reference', () => {
		expect(run({ quality: 'high', deadline_seconds: 900 }).estimate.run_seconds).toBeCloseTo(20, 9);
	});
});

describe('negative prompts', () => {
	it('count against a preset that ignores them, and that is said', () => {
		const selection = run({ deadline_seconds: 12, negative_prompt: 'blurry' });
		expect(selection.preset).toBe('turbo');
		expect(selection.estimate.quality).toBeCloseTo(0.8 * 0.9 * 0.9, 9);
		expect(selection.selection_reason).toMatch(/negative prompt has no effect/);
	});

	it('work where guidance is on', () => {
		const selection = run({ negative_prompt: 'blurry' });
		expect(selection.estimate.quality).toBeCloseTo(0.8, 9);
		expect(selection.selection_reason).not.toMatch(/negative/);
	});

	it('have no effect on a model that takes none, whatever the cfg', () => {
		const none = catalogOf([
			{ name: 'm', quality: 0.8, more: { supports_negative_prompt: false } },
		]);
		expect(selected(select(none, idle, { negative_prompt: 'x' })).estimate.quality).toBeCloseTo(
			0.72,
			9,
		);
	});

	it('of blanks are none', () => {
		expect(run({ deadline_seconds: 12, negative_prompt: '  ' }).estimate.quality).toBeCloseTo(
			0.72,
			9,
		);
	});
});

describe('deadlines', () => {
	it('deadline_seconds wins over the urgency, deadline_at counts from now', () => {
		const at = new Date(NOW_MS + 12_000).toISOString();
		expect(run({ deadline_at: at }).deadline_at).toBe(at);
		expect(run({ deadline_at: at }).preset).toBe('turbo');
		expect(run({ deadline_seconds: 30, deadline_at: at }).deadline_at).toBe(
			new Date(NOW_MS + 30_000).toISOString(),
		);
		expect(run({ urgency: 'urgent' }).deadline_at).toBe(new Date(NOW_MS + 15_000).toISOString());
	});

	it('a deadline that has passed is late, not an error', () => {
		const selection = run({ deadline_at: new Date(NOW_MS - 1000).toISOString() });
		expect(selection.late).toBe(true);
		expect(selection.estimate.on_time_probability).toBe(0);
	});
});

describe('bad requests', () => {
	const problems = (request: Record<string, unknown>): string[] => {
		try {
			select(catalog, idle, request);
		} catch (error) {
			expect(error).toBeInstanceOf(RouterError);
			expect((error as RouterError).code).toBe('REQUEST_INVALID');
			for (const problem of (error as RouterError).problems) expect(problem.hint).not.toBe('');
			return (error as RouterError).problems.map((problem) => problem.path);
		}
		throw new Error('accepted');
	};

	it('are refused with every fault at once', () => {
		expect(
			problems({ steps: -1, width: NaN, cfg: Infinity, batch_size: 0.5, seed: -3 }).sort(),
		).toEqual(['batch_size', 'cfg', 'seed', 'steps', 'width']);
	});

	it('name unknown urgencies, tiers and keys', () => {
		expect(problems({ urgency: 'yesterday' })).toEqual(['urgency']);
		expect(problems({ quality: 'superb', urgency: 'never' })).toEqual(['urgency', 'quality']);
		expect(problems({ stepz: 3 }).join()).toContain('stepz');
	});

	it('name samplers and schedulers that ComfyUI has not, unless a preset of the catalog uses them', () => {
		expect(problems({ sampler_name: 'euler; drop', scheduler: 'karas' })).toEqual([
			'sampler_name',
			'scheduler',
		]);
		const [model] = catalog.models;
		const preset = { ...model!.presets[0]!, sampler_name: 'res_3s', scheduler: 'bong_tangent' };
		const extended = parseCatalog({ version: 1, models: [{ ...model!, presets: [preset] }] });
		const asked = { sampler_name: 'res_3s', scheduler: 'bong_tangent' };
		expect(selected(select(extended, idle, asked)).parameters).toMatchObject(asked);
	});

	it('suggest the scheduler that was meant', () => {
		expect(() => select(catalog, idle, { scheduler: 'karas' })).toThrow(
			expect.objectContaining({
				hint: expect.stringContaining('Did you mean "karras"?') as string,
			}),
		);
	});

	it.each([null, 'photo', 3, [], undefined, {}])('%j is no request', (request) => {
		const router = new ModelRouter(catalog);
		expect(() => router.select(request, idle, { nowMs: NOW_MS })).toThrow(RouterError);
	});

	it.each([NaN, Infinity, undefined, '0', 1e300])('%s is no moment', (nowMs) => {
		const router = new ModelRouter(catalog);
		const options = { nowMs } as { nowMs: number };
		expect(() => router.select({ purpose: 'photo' }, idle, options)).toThrow(/options/);
	});

	it('null says the same as leaving a key out, but for the purpose', () => {
		const nulls = Object.fromEntries(
			Object.keys(requestSchema.shape).map((key) => [key, null] as const),
		);
		expect(problems({ ...nulls, width: 'x' })).toEqual(['purpose', 'width']);
		const { request } = run({ ...nulls, purpose: 'photo' });
		expect(request).toMatchObject({ urgency: 'normal', batch_size: 1, prompt: '', images: [] });
	});

	it('the request comes back as understood, its floor as a figure', () => {
		expect(run({}).request.min_quality).toBe(0);
		expect(run({ quality: 'standard' }).request.min_quality).toBe(0.5);
		expect(run({ quality: 'standard', min_quality: 0.2 }).request.min_quality).toBe(0.2);
	});

	it('extension keys are allowed', () => {
		expect(run({ x_customer: 'acme', notes: 'first order' }).decision).toBe('selected');
	});
});
