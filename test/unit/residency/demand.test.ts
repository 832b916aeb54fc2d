/** From logged counts to what is expected: kinds that can be asked for, and models that are wanted. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseCatalog } from '../../../lib/catalog/parse';
import {
	deadlineClass,
	expectedDemand,
	MOST_KINDS,
	type PastDemand,
} from '../../../lib/residency/demand';
import { ModelRouter } from '../../../lib/router/model-router';
import { smallCatalog, smallPreset } from '../../support/catalog-builder';

const HALF_AN_HOUR = 1800;

function model(name: string, purposes: Record<string, number>, inputs: string[]) {
	const files = { checkpoint: `${name}.safetensors` };
	return { name, files, purposes, inputs, presets: [smallPreset('full')] };
}

const catalog = parseCatalog({
	...smallCatalog(),
	models: [
		model('text', { photo: 0.5, draft: 0.4 }, ['text']),
		model('both', { photo: 0.6, edit: 0.5 }, ['text', 'image']),
		model('image', { upscale: 0.7 }, ['image']),
		{ ...model('off', { logo: 0.9, upscale: 0.9 }, ['text']), enabled: false },
	],
});

function row(rest: Partial<PastDemand> = {}): PastDemand {
	return {
		purpose: 'photo',
		urgency: 'normal',
		deadline_seconds: 60,
		width: 1024,
		height: 768,
		batch_size: 1,
		model_name: 'text',
		jobs_at_this_time: 0,
		days: 7,
		jobs_just_now: 4,
		...rest,
	};
}

const expected = (...past: PastDemand[]) => expectedDemand(past, catalog, HALF_AN_HOUR);
const kindsOf = (...past: PastDemand[]) => expected(...past).demand.kinds ?? [];

describe('how much is expected', () => {
	it('is the usual of this time of the day, or what has just begun', () => {
		const usual = row({ days: 5, jobs_at_this_time: 20, jobs_just_now: 0 });
		expect(kindsOf(usual)).toMatchObject([{ share: 4 }]);
		const begun = row({ days: 5, jobs_at_this_time: 5, jobs_just_now: 7 });
		expect(kindsOf(begun)).toMatchObject([{ share: 7 }]);
		expect(expected(begun).demand.arrivals_per_second).toBeCloseTo(7 / HALF_AN_HOUR, 12);
	});

	it('takes a size that the model has by itself for one that nobody asked for', () => {
		const { width, height } = catalog.models[0]!.presets[0]!.reference;
		const [usual] = kindsOf(row({ width, height }));
		expect(usual!.request).not.toHaveProperty('width');
		expect(usual!.request).not.toHaveProperty('height');
		const [large] = kindsOf(row({ width: 2 * width, height }));
		expect(large!.request).toMatchObject({ width: 2 * width, height });
		// what another model makes by itself was asked of this one
		const [gone] = kindsOf(row({ model_name: 'no longer there', width, height }));
		expect(gone!.request).toMatchObject({ width, height });
	});

	it('counts a kind over all models that it got, and a model over all kinds', () => {
		const past = [
			row({ model_name: 'text', jobs_just_now: 1 }),
			row({ model_name: 'both', jobs_just_now: 2 }),
			row({ purpose: 'draft', jobs_just_now: 4 }),
		];
		const { demand, wantedModels } = expected(...past);
		expect(demand.kinds).toMatchObject([
			{ request: { purpose: 'draft' }, share: 4 },
			{ request: { purpose: 'photo' }, share: 3 },
		]);
		expect(demand.arrivals_per_second).toBeCloseTo(7 / HALF_AN_HOUR, 12);
		expect(wantedModels).toEqual(new Set(['text', 'both']));
	});

	it('of all kinds is the usual or the present, not a mixture of the larger ones', () => {
		const past = [
			row({ days: 1, jobs_at_this_time: 6, jobs_just_now: 0 }),
			row({ purpose: 'draft', days: 1, jobs_at_this_time: 0, jobs_just_now: 4 }),
		];
		expect(expected(...past).demand.arrivals_per_second).toBeCloseTo(6 / HALF_AN_HOUR, 12);
	});

	it('is nothing where less than one job is expected', () => {
		const seldom = row({ days: 7, jobs_at_this_time: 3, jobs_just_now: 0 });
		expect(kindsOf(seldom)).toEqual([]);
		expect(expected(seldom).wantedModels).toEqual(new Set());
		const more = row({ ...seldom, purpose: 'draft', jobs_at_this_time: 4 });
		expect(kindsOf(seldom, more)).toHaveLength(2);
		expect(expected(seldom, more).wantedModels).toEqual(new Set(['text']));
		expect(expected()).toEqual({
			demand: { arrivals_per_second: 0, kinds: [] },
			wantedModels: new Set(),
		});
	});

	it('is told by the most frequent kinds, and counts the others too', () => {
		const past = Array.from({ length: MOST_KINDS + 10 }, (_, n) =>
			row({ width: 512 + n, jobs_just_now: n + 1 }),
		);
		const { demand } = expected(...past);
		expect(demand.kinds).toHaveLength(MOST_KINDS);
		expect(Math.min(...(demand.kinds ?? []).map(({ share }) => share))).toBe(11);
		const jobs = past.reduce((sum, one) => sum + one.jobs_just_now, 0);
		expect(demand.arrivals_per_second).toBeCloseTo(jobs / HALF_AN_HOUR, 9);
	});
});

describe('what is asked for', () => {
	it('is what was logged, with the deadline of its class', () => {
		expect(kindsOf(row())).toEqual([
			{
				request: {
					purpose: 'photo',
					urgency: 'normal',
					deadline_seconds: deadlineClass(60),
					width: 1024,
					height: 768,
					batch_size: 1,
				},
				share: 4,
			},
		]);
	});

	it('leaves out what the log does not say', () => {
		const unsaid = { urgency: null, deadline_seconds: null, width: null, height: null };
		const [kind] = kindsOf(row({ ...unsaid, batch_size: null }));
		expect(kind?.request).toEqual({ purpose: 'photo' });
	});

	it('has an image where the purpose needs one', () => {
		const imagesOf = (purpose: string) =>
			kindsOf(row({ purpose })).map(({ request }) => (request as { images?: string[] }).images);
		expect(imagesOf('photo')).toEqual([undefined]);
		// by what is enabled
		expect(imagesOf('upscale')).toEqual([['input.png']]);
		expect(imagesOf('edit')).toEqual([['input.png']]);
	});

	it('is one kind for deadlines that are nearly the same', () => {
		const [one, ...more] = kindsOf(row({ deadline_seconds: 60 }), row({ deadline_seconds: 60.5 }));
		expect(more).toEqual([]);
		expect(one?.share).toBe(8);
		expect(kindsOf(row({ deadline_seconds: 60 }), row({ deadline_seconds: 90 }))).toHaveLength(2);
	});
});

describe('a deadline class', () => {
	it('is within 7 % of the deadline, and its own class', () => {
		fc.assert(
			fc.property(fc.double({ min: 0.011, max: 1e9, noNaN: true }), (seconds) => {
				const found = deadlineClass(seconds);
				expect(Math.abs(found / seconds - 1)).toBeLessThan(0.07);
				expect(deadlineClass(found)).toBe(found);
			}),
		);
	});

	it('of a deadline that had passed is the shortest', () => {
		expect(deadlineClass(-30)).toBe(deadlineClass(0.01));
		expect(deadlineClass(0.01)).toBeGreaterThan(0);
	});
});

describe('a log that is older than the catalog', () => {
	it.each([
		['no purpose', { purpose: null }],
		['a purpose that nothing serves', { purpose: 'cartoon' }],
		['a purpose that is switched off', { purpose: 'logo' }],
		['an urgency that is gone', { urgency: 'rush-hour' }],
		['an empty urgency', { urgency: '' }],
		['a size beyond all limits', { width: 100_000 }],
		['no width at all', { width: 0 }],
		['a batch of nothing', { batch_size: -1 }],
		['a deadline that is no number', { deadline_seconds: NaN }],
		['a deadline without end', { deadline_seconds: Infinity }],
	])('expects nothing of %s', (_, odd) => {
		const { demand } = expected(row(odd), row({ purpose: 'draft' }));
		expect(demand.kinds).toMatchObject([{ request: { purpose: 'draft' }, share: 4 }]);
		expect(demand.arrivals_per_second).toBeCloseTo(4 / HALF_AN_HOUR, 12);
	});

	it('may hold anything without the router refusing it', () => {
		const text = fc.option(fc.oneof(fc.string(), fc.constantFrom('photo', 'edit', 'normal')));
		const size = fc.option(fc.oneof(fc.integer(), fc.constantFrom(0, 16, 1024)));
		const any = fc.record({
			purpose: text,
			urgency: text,
			deadline_seconds: fc.option(fc.double()),
			width: size,
			height: size,
			batch_size: size,
			model_name: fc.string(),
			jobs_at_this_time: fc.nat(1000),
			days: fc.double({ min: 1, max: 7, noNaN: true }),
			jobs_just_now: fc.nat(1000),
		});
		const router = new ModelRouter(catalog);
		const fleet = {
			servers: [
				{
					name: 's',
					reachable: true,
					devices: [],
					queue: [],
					loaded_model: null,
					installed_files: null,
				},
			],
		};
		fc.assert(
			fc.property(fc.array(any, { maxLength: 5 }), fc.nat(86_400), (past, horizon) => {
				const { demand } = expectedDemand(past, catalog, horizon);
				expect(() => router.prewarm(fleet, { nowMs: 0, demand })).not.toThrow();
			}),
		);
	});
});
