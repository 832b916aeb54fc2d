/** Which model is loaded ahead, and that nothing is loaded without need. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { FleetSnapshot } from '../../../lib/fleet/types';
import { ModelRouter } from '../../../lib/router/model-router';
import type { DemandKind, SelectOptions } from '../../../lib/selection/types';
import { fleetArb, modelsArb } from '../router/arbitraries';
import { catalogOf, fleetOf, NOW_MS, queued, serverOf } from '../router/builders';

/** `fine`: 20 s, 14 s to load; `draft`: 4 s, 14 s to load; `quick`: 3 s, 5 s to load, and worse. */
const router = new ModelRouter(
	catalogOf([
		{
			name: 'fine',
			purposes: { photo: 0.9 },
			loadSeconds: 14,
			presets: [{ seconds: 20 }],
		},
		{
			name: 'draft',
			purposes: { draft: 0.9, photo: 0.6 },
			loadSeconds: 14,
			presets: [{ seconds: 4 }],
		},
		{
			name: 'quick',
			purposes: { draft: 0.6, photo: 0.5 },
			loadSeconds: 5,
			presets: [{ seconds: 3 }],
		},
	]),
);

const drafts: DemandKind = { request: { purpose: 'draft', deadline_seconds: 6 }, share: 2 };
const photos: DemandKind = { request: { purpose: 'photo', deadline_seconds: 30 }, share: 3 };

const wants = (...kinds: DemandKind[]): SelectOptions => ({
	nowMs: NOW_MS,
	demand: { arrivals_per_second: 0.02, kinds },
});

describe('loading ahead', () => {
	it('loads what jobs cannot wait for, on the server where it is missed least', () => {
		const fleet = fleetOf(
			serverOf('a', { loaded_model: 'fine' }),
			serverOf('b', { loaded_model: 'quick' }),
		);
		expect(router.prewarm(fleet, wants(drafts, photos))).toMatchObject({
			server: 'b',
			model_name: 'draft',
			load_seconds: 14,
			reason:
				'draft within 6 s is expected to get 0.85 instead of 0.57 (quality x probability of being on time) with draft on b; over all jobs expected 0.114 more. Loading takes 14 s.',
		});
	});

	it('loads nothing where everything wanted is warm, or nothing is known to be wanted', () => {
		const fleet = fleetOf(
			serverOf('a', { loaded_model: 'fine' }),
			serverOf('b', { loaded_model: 'draft' }),
		);
		expect(router.prewarm(fleet, wants(drafts, photos))).toBeNull();
		const cold = fleetOf(serverOf('a'), serverOf('b'));
		expect(router.prewarm(cold, wants(drafts))).not.toBeNull();
		expect(router.prewarm(cold, wants())).toBeNull();
		expect(router.prewarm(cold, wants({ ...drafts, share: 0 }))).toBeNull();
		expect(router.prewarm(cold, { nowMs: NOW_MS })).toBeNull();
	});

	it('does not load for jobs that have the time to wait for a load', () => {
		const patient = { ...photos, request: { purpose: 'photo', deadline_seconds: 300 } };
		const fleet = fleetOf(serverOf('a', { loaded_model: 'quick' }));
		const rarely = { nowMs: NOW_MS, demand: { arrivals_per_second: 0.001, kinds: [patient] } };
		expect(router.prewarm(fleet, rarely)).toBeNull();
	});

	it('does not block a server with loads when jobs come one after the other', () => {
		const slow = new ModelRouter(
			catalogOf([
				{ name: 'better', quality: 0.65, loadSeconds: 60, presets: [{ seconds: 3 }] },
				{ name: 'good', quality: 0.6, loadSeconds: 60, presets: [{ seconds: 3 }] },
			]),
		);
		const fleet = fleetOf(serverOf('a', { loaded_model: 'good' }));
		const kinds = [{ request: { purpose: 'photo', deadline_seconds: 10 }, share: 1 }];
		const at = (arrivals: number) =>
			slow.prewarm(fleet, { nowMs: NOW_MS, demand: { arrivals_per_second: arrivals, kinds } });
		expect(at(0.001)).toMatchObject({ model_name: 'better' });
		expect(at(0.1)).toBeNull();
	});

	it('only looks at idle servers that may be given another model', () => {
		const busy = serverOf('a', { queue: [queued({ running: true })] });
		expect(router.prewarm(fleetOf(busy), wants(drafts))).toBeNull();
		expect(router.prewarm(fleetOf(serverOf('a', { reachable: false })), wants(drafts))).toBeNull();
		expect(router.prewarm(fleetOf(serverOf('a', { draining: true })), wants(drafts))).toBeNull();
		expect(router.prewarm(fleetOf(serverOf('a')), wants(drafts), () => false)).toBeNull();
	});

	it('takes no memory from a server on the same GPU that holds a model or works', () => {
		const pair = (of: 'one' | 'two', changes: object) =>
			fleetOf(
				serverOf('a', { gpu_group: 'one', loaded_model: 'fine', ...changes }),
				serverOf('b', { gpu_group: of }),
			);
		expect(router.prewarm(pair('two', {}), wants(drafts))).toMatchObject({ server: 'b' });
		expect(router.prewarm(pair('one', {}), wants(drafts))).toMatchObject({ server: 'a' });
		const working = { loaded_model: null, queue: [queued({ running: true })] };
		expect(router.prewarm(pair('one', working), wants(drafts))).toBeNull();
		const empty = { loaded_model: null };
		expect(router.prewarm(pair('one', empty), wants(drafts), (name) => name === 'b')).toMatchObject(
			{ server: 'b' },
		);
	});

	it('loads nothing that may not fit', () => {
		const fleet = fleetOf(serverOf('a', { freeGb: 10.7 }));
		const kinds = wants({ request: { purpose: 'photo', deadline_seconds: 12 }, share: 1 });
		const sizes = new ModelRouter(
			catalogOf([
				{ name: 'large', quality: 0.9, peakGb: 10 },
				{ name: 'small', quality: 0.5, peakGb: 6 },
			]),
		);
		expect(sizes.prewarm(fleet, kinds)).toMatchObject({ model_name: 'small' });
	});

	it('refuses kinds that are none, with their place', () => {
		const bad = [{ share: 1 }, { request: { purpose: 'photo' }, share: -1 }] as DemandKind[];
		expect(() => router.prewarm(fleetOf(serverOf('a')), wants(...bad))).toThrow(
			expect.objectContaining({
				code: 'OPTIONS_INVALID',
				problems: [
					expect.objectContaining({ path: 'demand.kinds[0]' }),
					expect.objectContaining({ path: 'demand.kinds[1]' }),
				],
			}) as Error,
		);
	});
});

const kindsArb = fc.array(
	fc.record({
		request: fc.record({
			purpose: fc.constant('photo'),
			deadline_seconds: fc.integer({ min: 2, max: 60 }),
			min_quality: fc.constantFrom(0, 0.5),
		}),
		share: fc.integer({ min: 0, max: 5 }),
	}),
	{ minLength: 1, maxLength: 4 },
);

const loaded = (fleet: FleetSnapshot, name: string, model: string): FleetSnapshot => ({
	servers: fleet.servers.map((one) => (one.name === name ? { ...one, loaded_model: model } : one)),
});

describe('loading ahead, whatever the fleet', () => {
	it('gives the same answer to the same question, for an idle server, and comes to rest', () => {
		let loads = 0;
		fc.assert(
			fc.property(
				modelsArb,
				fc.constantFrom(false, false, true).chain(fleetArb),
				kindsArb,
				fc.constantFrom(0.001, 0.05, 1),
				(models, fleet, kinds, arrivals) => {
					const one = new ModelRouter(catalogOf(models));
					const options = { nowMs: NOW_MS, demand: { arrivals_per_second: arrivals, kinds } };
					let now = fleet;
					for (let n = 0; ; n++) {
						const advice = one.prewarm(now, options);
						expect(one.prewarm(now, options)).toEqual(advice);
						if (advice === null) break;
						loads++;
						const server = now.servers.find(({ name }) => name === advice.server);
						expect(server).toMatchObject({ reachable: true, queue: [] });
						expect(server!.loaded_model).not.toBe(advice.model_name);
						expect(advice.gain).toBeGreaterThan(0);
						now = loaded(now, advice.server, advice.model_name);
						// every load makes the fleet more ready, so none comes again
						expect(n).toBeLessThan((models.length + 1) ** fleet.servers.length);
					}
				},
			),
			{ numRuns: 300 },
		);
		expect(loads).toBeGreaterThan(20);
	});
});
