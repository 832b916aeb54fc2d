/** What is loaded ahead and what is unloaded: for idle servers only. */
import { describe, expect, it } from 'vitest';

import { parseCatalog } from '../../../lib/catalog/parse';
import type { FleetSnapshot } from '../../../lib/fleet/types';
import { planResidency } from '../../../lib/residency/plan';
import type { ModelRouter } from '../../../lib/router/model-router';
import { drafts, JOB, logos, MODELS, NAMES, photos, plan, server } from '../../support/residency';

describe('a pinned model', () => {
	const pinned = { name: 's1', pinned_model: 'fine' };

	it('is loaded where it is not, whatever else is expected', () => {
		const actions = plan([server({ loaded_model: 'quick' })], {
			settings: [{ ...pinned, min_residency_seconds: 1000 }],
			kinds: [drafts(1)],
			idle: { s1: 1 },
		});
		expect(actions).toEqual([
			{ action: 'prewarm', server: 's1', modelName: 'fine', reason: 'fine is pinned to it.' },
		]);
	});

	it('stays, however long it is idle and whatever is expected', () => {
		const settings = [{ ...pinned, idle_unload_seconds: 10 }];
		const kinds = [drafts(50)];
		expect(
			plan([server({ loaded_model: 'fine' })], { settings, kinds, idle: { s1: 600 } }),
		).toEqual([]);
	});

	it('is not loaded while the server has work, nor where it is not installed or does not fit', () => {
		const settings = ['s1', 's2', 's3'].map((name) => ({ ...pinned, name }));
		const small = { vram_total: 4e9, vram_free: 4e9, torch_vram_total: 0, torch_vram_free: 0 };
		const servers = [
			server({ queue: [JOB] }),
			server({ name: 's2', installed_files: ['quick.safetensors'] }),
			server({ name: 's3', devices: [small] }),
		];
		expect(plan(servers, { settings })).toEqual([]);
		expect(plan([server(), ...servers.slice(1)], { settings })).toHaveLength(1);
	});

	it('counts as loaded for what is expected', () => {
		const settings = [{ name: 's1', pinned_model: 'quick' }];
		const servers = [server(), server({ name: 's2', loaded_model: 'fine' })];
		const kinds = [drafts(1), photos(1)];
		expect(plan(servers, { settings, kinds })).toMatchObject([
			{ server: 's1', modelName: 'quick' },
		]);
	});
});

describe('expected demand', () => {
	it('is loaded where the next job loses least by it', () => {
		const servers = [
			server({ loaded_model: 'fine' }),
			server({ name: 's2', loaded_model: 'logo' }),
		];
		expect(plan(servers, { kinds: [drafts(2), photos(2)] })).toMatchObject([
			{ action: 'prewarm', server: 's2', modelName: 'quick' },
		]);
		expect(plan(servers, { kinds: [drafts(2), logos(2)] })).toMatchObject([
			{ action: 'prewarm', server: 's1', modelName: 'quick' },
		]);
	});

	it('brings back what nobody got because it was cold, and says what it is good for', () => {
		const [action, ...more] = plan([server({ loaded_model: 'fine' })], { kinds: [drafts(1)] });
		expect(more).toEqual([]);
		expect(action).toMatchObject({ action: 'prewarm', server: 's1', modelName: 'quick' });
		expect(action?.reason).toContain('with quick on s1');
		expect(action?.reason).toContain('draft within 5');
	});

	it('leaves a model alone that could lately not be loaded there, and takes the next best', () => {
		const servers = [server()];
		const kinds = [drafts(2), logos(1)];
		const loaded = (failed: string[]) =>
			plan(servers, { kinds, failed: { s1: failed } }).map(
				(one) => one.action === 'prewarm' && one.modelName,
			);
		expect(loaded([])).toEqual(['quick']);
		expect(loaded(['quick'])).toEqual(['logo']);
		expect(loaded(['quick', 'logo'])).toEqual([]);
		const pin = [{ name: 's1', pinned_model: 'quick' }];
		expect(plan(servers, { settings: pin, failed: { s1: ['quick'] } })).toHaveLength(1);
	});

	it('loads one thing after the other, each on a server of its own', () => {
		const servers = [server(), server({ name: 's2' }), server({ name: 's3' })];
		const actions = plan(servers, { kinds: [drafts(1), photos(1), logos(1)] });
		expect(actions.map((one) => 'modelName' in one && one.modelName).sort()).toEqual(
			[...NAMES].sort(),
		);
		expect(new Set(actions.map((one) => one.server)).size).toBe(3);
	});

	it('gives a server what it is better for once another turns out to do for the first', () => {
		const servers = [
			server({ installed_files: ['quick.safetensors', 'logo.safetensors'] }),
			server({ name: 's2', installed_files: ['logo.safetensors'] }),
		];
		const actions = plan(servers, { kinds: [drafts(1), logos(1)], perSecond: 0 });
		expect(actions.map((one) => [one.server, 'modelName' in one && one.modelName])).toEqual([
			['s2', 'logo'],
			['s1', 'quick'],
		]);
	});

	it('comes to an end also where two loads each seem worth more than the other', () => {
		const advised = { quick: 'fine', fine: 'quick' };
		const router = {
			catalog: parseCatalog({ version: 1, models: MODELS }),
			prewarm: ({ servers }: FleetSnapshot) => ({
				server: 's1',
				model_name: advised[servers[0]?.loaded_model as 'quick' | 'fine'],
				load_seconds: 1,
				gain: 1,
				reason: 'it seems so',
			}),
		} as unknown as ModelRouter;
		const actions = planResidency({
			router,
			fleet: { servers: [server({ loaded_model: 'quick' })] },
			idleSeconds: new Map(),
			wantedModels: new Set(),
			options: { nowMs: 0 },
		});
		expect(actions.length).toBeLessThanOrEqual(1);
	});

	it('loads nothing that is warm where a job can have it, and nothing where nothing is expected', () => {
		expect(plan([server({ loaded_model: 'quick' })], { kinds: [drafts(1)] })).toEqual([]);
		expect(plan([server()])).toEqual([]);
		expect(plan([server()], { kinds: [drafts(0)] })).toEqual([]);
	});

	it('leaves what was used less long ago than the catalog says', () => {
		const servers = [server({ loaded_model: 'fine' })];
		const settings = [{ name: 's1', min_residency_seconds: 120 }];
		const kinds = [drafts(1)];
		expect(plan(servers, { settings, kinds, idle: { s1: 30 } })).toEqual([]);
		expect(plan(servers, { settings, kinds, idle: { s1: 120 } })).toHaveLength(1);
		expect(plan(servers, { settings, kinds, idle: { s1: null } })).toHaveLength(1);
		expect(plan(servers, { kinds, idle: { s1: 0 } })).toHaveLength(1);
		expect(plan([server()], { settings, kinds, idle: { s1: 30 } })).toHaveLength(1);
	});

	it('leaves servers alone that have work, take none or do not answer', () => {
		const kinds = [drafts(1)];
		const useless = [{ queue: [JOB] }, { draining: true }, { reachable: false }];
		for (const rest of useless) expect(plan([server(rest)], { kinds })).toEqual([]);
	});

	it('is left to the jobs themselves while some wait; what is pinned is loaded all the same', () => {
		const servers = [server(), server({ name: 's2' })];
		const settings = [{ name: 's1', pinned_model: 'fine' }];
		const kinds = [drafts(1)];
		expect(plan(servers, { settings, kinds })).toHaveLength(2);
		expect(plan(servers, { settings, kinds, jobsWait: true })).toMatchObject([
			{ server: 's1', modelName: 'fine' },
		]);
	});
});

describe('a model that nobody uses', () => {
	const settings = [{ name: 's1', idle_unload_seconds: 300 }];
	const servers = [server({ loaded_model: 'fine' })];

	it('is unloaded after its time, unless it is expected', () => {
		const idle = { s1: 600 };
		expect(plan(servers, { settings, idle })).toEqual([
			{
				action: 'unload',
				server: 's1',
				reason: 'fine has not been used for 600 s (idle_unload_seconds 300).',
			},
		]);
		expect(plan(servers, { settings, idle, jobsWait: true })).toHaveLength(1);
		expect(plan(servers, { settings, idle, wanted: ['fine'] })).toEqual([]);
		expect(plan(servers, { settings, idle: { s1: 299 } })).toEqual([]);
		expect(plan(servers, { idle })).toEqual([]);
	});

	it('stays where it is not known how long it has been idle, and where there is work', () => {
		expect(plan(servers, { settings, idle: { s1: null } })).toEqual([]);
		expect(plan(servers, { settings })).toEqual([]);
		const busy = [server({ loaded_model: 'fine', queue: [JOB] })];
		expect(plan(busy, { settings, idle: { s1: 600 } })).toEqual([]);
	});

	it('stays where it would be loaded again: one of several copies that are worth it', () => {
		const both = ['s1', 's2', 's3', 's4', 's5'].map((name) =>
			server({ name, loaded_model: 'fine' }),
		);
		const all = both.map(({ name }) => ({ name, idle_unload_seconds: 300 }));
		const idle = Object.fromEntries(both.map(({ name }) => [name, 600]));
		expect(plan(both, { settings: all, idle })).toHaveLength(5);
		const actions = plan(both, { settings: all, idle, kinds: [photos(1)] });
		expect(actions.map(({ action }) => action)).toContain('unload');
		const left = both.filter(({ name }) => !actions.some((one) => one.server === name));
		expect(left.length).toBeGreaterThan(0);
		const after = both.map((one) => (left.includes(one) ? one : { ...one, loaded_model: null }));
		expect(plan(after, { settings: all, idle, kinds: [photos(1)] })).toEqual([]);
	});
});
