/** Whatever the fleet and the demand: only idle servers are acted on, and nothing goes to and fro. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { FleetServer } from '../../../lib/fleet/types';
import { drafts, JOB, logos, NAMES, photos, plan, server } from '../../support/residency';

describe('any fleet and demand', () => {
	const mostly = <T>(usual: T, other: fc.Arbitrary<T>) =>
		fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
	const aServer = fc.record({
		isUp: mostly(true, fc.constant(false)),
		isBusy: mostly(false, fc.constant(true)),
		loaded_model: fc.option(fc.constantFrom(...NAMES)),
		installed: mostly([...NAMES], fc.subarray(NAMES)),
		gpu_group: mostly<string | null>(null, fc.constant('shared')),
		idle: fc.option(fc.integer({ min: 0, max: 1000 })),
		pinned_model: mostly(undefined, fc.constantFrom<string | undefined>(...NAMES)),
		idle_unload_seconds: fc.option(fc.constantFrom(0, 100, 500), { nil: undefined }),
		min_residency_seconds: fc.option(fc.constantFrom(0, 120), { nil: undefined }),
	});
	const shares = fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9));
	const world = fc.record({
		list: fc.array(aServer, { minLength: 1, maxLength: 6 }),
		shares,
		perSecond: fc.constantFrom(0, 0.01, 0.3),
		wanted: fc.subarray(NAMES),
		jobsWait: mostly(false, fc.constant(true)),
	});
	type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

	function readWorld({ list, shares: counts, perSecond, wanted, jobsWait }: World) {
		const named = list.map((one, n) => ({ ...one, name: `s${n}` }));
		const servers = named.map(({ name, isUp, isBusy, loaded_model, installed, gpu_group }) =>
			server({
				name,
				reachable: isUp,
				queue: isBusy ? [JOB] : [],
				loaded_model,
				gpu_group,
				installed_files: installed.map((one) => `${one}.safetensors`),
			}),
		);
		const settings = named.map(({ name, ...one }) => ({
			name,
			pinned_model: one.pinned_model,
			idle_unload_seconds: one.idle_unload_seconds,
			min_residency_seconds: one.min_residency_seconds,
		}));
		const [draft, photo, logo] = counts;
		const idle = Object.fromEntries(named.map((one) => [one.name, one.idle]));
		const kinds = [drafts(draft), photos(photo), logos(logo)];
		return { servers, given: { settings, kinds, idle, wanted, jobsWait, perSecond } };
	}

	it('is acted on only where servers are idle, once on each, and never against a pin', () => {
		fc.assert(
			fc.property(world, (drawn) => {
				const { servers, given } = readWorld(drawn);
				const actions = plan(servers, given);
				expect(new Set(actions.map((one) => one.server)).size).toBe(actions.length);
				for (const action of actions) {
					const at = servers.findIndex(({ name }) => name === action.server);
					const { reachable, queue, loaded_model } = servers[at] as FleetServer;
					expect(reachable && queue.length === 0).toBe(true);
					const pin = given.settings[at]?.pinned_model;
					if (action.action === 'unload') expect([pin, loaded_model]).not.toContain(null);
					else expect([undefined, action.modelName]).toContain(pin);
					if (action.action === 'unload') expect(pin).toBeUndefined();
					else expect(loaded_model).not.toBe(action.modelName);
				}
			}),
		);
	});

	it.each([
		['used just now', 0],
		// where something has to stay for a time, that may pass meanwhile
		['idle for long, and nothing that has to stay', 1000],
	])('has nothing more to do once it is done, with what was loaded %s', (_, sinceDone) => {
		fc.assert(
			fc.property(world, (drawn) => {
				const { servers, given } = readWorld(drawn);
				if (sinceDone > 0) for (const one of given.settings) delete one.min_residency_seconds;
				const actions = plan(servers, given);
				const after = servers.map((one) => {
					const done = actions.find((action) => action.server === one.name);
					if (done === undefined) return one;
					return { ...one, loaded_model: done.action === 'prewarm' ? done.modelName : null };
				});
				const idle = { ...given.idle };
				for (const { server: name } of actions) idle[name] = sinceDone;
				expect(plan(after, { ...given, idle })).toEqual([]);
			}),
		);
	});
});
