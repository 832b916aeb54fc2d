import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseCatalog } from '../../../lib/catalog/parse';
import type { Catalog } from '../../../lib/catalog/schema';
import { type Problem, RouterError } from '../../../lib/errors';
import { ModelRouter } from '../../../lib/router/model-router';
import { smallCatalog, smallPreset } from '../../support/catalog-builder';
import { fleetOf, rejected, serverOf } from '../router/builders';

function problemsOf(json: unknown): Problem[] {
	try {
		parseCatalog(json);
	} catch (error) {
		if (!(error instanceof RouterError)) throw error;
		expect(error.code).toBe('CATALOG_INVALID');
		return error.problems;
	}
	return [];
}

const paths = (json: unknown) => problemsOf(json).map(({ path }) => path);
const withModel = (fields: Record<string, unknown>) => {
	const catalog = smallCatalog();
	Object.assign(catalog.models[0]!, fields);
	return catalog;
};
const withPreset = (fields: Record<string, unknown>) =>
	withModel({ presets: [{ ...smallPreset('full'), ...fields }] });

describe('parseCatalog', () => {
	it('fills the defaults that the reference states', () => {
		const catalog = parseCatalog(smallCatalog());
		expect(catalog).toMatchObject({ currency: 'USD', urgency: {}, quality_tiers: {}, servers: [] });
		expect(catalog.models[0]).toMatchObject({
			family: 'unknown',
			commercial_use: false,
			inputs: ['text'],
			enabled: true,
		});
		expect(catalog.models[0]!.presets[0]).toMatchObject({
			quality: 1,
			sampler_name: 'euler',
			scheduler: 'normal',
			loras: [],
			confidence: 'estimated',
			reference: { batch_size: 1 },
		});
	});

	it('fills what an urgency leaves out: from the default of its name, else from normal', () => {
		const urgency = {
			urgent: { target_seconds: 10 },
			mine: { policy: 'cheapest' },
			toString: {},
		};
		expect(parseCatalog({ ...smallCatalog(), urgency }).urgency).toEqual({
			urgent: { target_seconds: 10, on_time_probability: 0.95, policy: 'most_certain' },
			mine: { target_seconds: 90, on_time_probability: 0.9, policy: 'cheapest' },
			toString: { target_seconds: 90, on_time_probability: 0.9, policy: 'best_quality' },
		});
	});

	it('takes 0 and 1 for probabilities, and decides with them', () => {
		const urgency = {
			careless: { target_seconds: 1, on_time_probability: 0, policy: 'best_quality' },
			strict: { target_seconds: 1, on_time_probability: 1, policy: 'best_quality' },
		};
		const router = new ModelRouter(parseCatalog({ ...smallCatalog(), urgency }));
		const fleet = fleetOf(serverOf('a'));
		const ask = (name: string, more = {}) =>
			router.select({ purpose: 'photo', urgency: name, if_late: 'reject', ...more }, fleet, {
				nowMs: 0,
			});
		expect(ask('careless').decision).toBe('selected');
		const least = rejected(ask('strict')).rejection.least_deadline_seconds as number;
		expect(ask('strict', { deadline_seconds: least }).decision).toBe('selected');
	});

	it('a router parses what was not parsed', () => {
		const raw = smallCatalog() as unknown as Catalog;
		expect(new ModelRouter(raw).catalog).toEqual(parseCatalog(raw));
		const parsed = parseCatalog(raw);
		expect(new ModelRouter(parsed).catalog).toBe(parsed);
		expect(() => new ModelRouter({ version: 1 } as Catalog)).toThrow(RouterError);
		expect(() => new ModelRouter(null as unknown as Catalog)).toThrow(RouterError);
	});

	it('accepts a catalog without models', () => {
		expect(parseCatalog({ version: 1, models: [] }).models).toEqual([]);
	});

	it('keeps $schema, notes and x_ keys at every level', () => {
		const catalog = {
			...withPreset({ x_mine: [1], notes: 'n' }),
			$schema: 's',
			x_top: { deep: true },
		};
		const parsed = parseCatalog(catalog) as unknown as typeof catalog;
		expect(parsed.$schema).toBe('s');
		expect(parsed.x_top).toEqual({ deep: true });
		expect(parsed.models[0]!.presets).toMatchObject([{ x_mine: [1], notes: 'n' }]);
	});

	it('does not change its input', () => {
		const input = smallCatalog();
		const before = structuredClone(input);
		parseCatalog(input);
		expect(input).toEqual(before);
	});

	it('reports faults of fields, unknown keys and contradictions in one pass', () => {
		const broken = {
			version: 2,
			model: [],
			models: [
				{
					...withModel({}).models[0],
					commercial: true,
					min_width: 1024,
					max_width: 512,
					purposes: { photo: 1.5 },
					presets: [
						{ ...smallPreset('p'), steps: 0, sampler: 'euler', p95_time_seconds: 1 },
						{ ...smallPreset('p'), reference: { width: '1024' } },
					],
				},
				null,
				{ name: 'a', purposes: {}, presets: [smallPreset('x')] },
			],
		};
		expect(paths(broken).sort()).toEqual(
			[
				'version',
				'model',
				'models[0].commercial',
				'models[0].min_width',
				'models[0].purposes.photo',
				'models[0].presets[0].steps',
				'models[0].presets[0].sampler',
				'models[0].presets[0].p95_time_seconds',
				'models[0].presets[1].name',
				'models[0].presets[1].reference.width',
				'models[0].presets[1].reference.height',
				'models[1]',
				'models[2].name',
				'models[2].purposes',
			].sort(),
		);
	});

	it.each([
		[withModel({ commercial: true }), 'models[0].commercial', 'Did you mean "commercial_use"?'],
		[
			withPreset({ sampler: 'euler' }),
			'models[0].presets[0].sampler',
			'Did you mean "sampler_name"?',
		],
		[withModel({ zzz: 1 }), 'models[0].zzz', 'Known here: name, family'],
		[
			withPreset({ confidence: 'publishd' }),
			'models[0].presets[0].confidence',
			'Did you mean "published"?',
		],
		[withModel({ inputs: ['video'] }), 'models[0].inputs[0]', 'one of: "text", "image", "mask"'],
		[withPreset({ cfg: '7' }), 'models[0].presets[0].cfg', 'Write the number without quotes.'],
		[withModel({ enabled: 'false' }), 'models[0].enabled', 'Write false without quotes.'],
		[withModel({ vram_gb: null }), 'models[0].vram_gb', 'Leave the key out'],
		[withModel({ vram_gb: 20_400 }), 'models[0].vram_gb', 'in GB'],
		[withModel({ inputs: 'text' }), 'models[0].inputs', 'Put it in brackets'],
		[{ ...smallCatalog(), servers: [{ name: 's', url: 'box:8188' }] }, 'servers[0].url', 'http://'],
		[{ models: [] }, 'version', 'Give 1.'],
	])('hints at what would be right (%#)', (json, path, hint) => {
		const problem = problemsOf(json).find((candidate) => candidate.path === path);
		expect(problem?.hint).toContain(hint);
	});

	it.each([
		[
			'a p95 far beyond any tail',
			withPreset({ p95_time_seconds: 5000 }),
			'models[0].presets[0].p95_time_seconds',
		],
		[
			'limits of height exchanged',
			withModel({ min_height: 2048, max_height: 64 }),
			'models[0].min_height',
		],
		['files without anything to load', withModel({ files: {} }), 'models[0].files'],
		[
			'two servers of one name',
			{ ...smallCatalog(), servers: [{ name: 's' }, { name: 's' }] },
			'servers[1].name',
		],
		['a name of spaces', withModel({ name: '  ' }), 'models[0].name'],
		['a name with a control character', withModel({ name: 'a\u0000b' }), 'models[0].name'],
		[
			'a number that is not finite',
			withModel({ load_seconds: Infinity }),
			'models[0].load_seconds',
		],
		['NaN', withPreset({ avg_time_seconds: NaN }), 'models[0].presets[0].avg_time_seconds'],
		['an own __proto__ key', JSON.parse('{"version":1,"models":[],"__proto__":{}}'), '__proto__'],
		['a constructor key', { ...smallCatalog(), constructor: {} }, 'constructor'],
	])('refuses %s', (_, json, path) => {
		expect(paths(json)).toEqual([path]);
	});

	it('accepts what is unusual but possible', () => {
		const peakBelowAllParts = withModel({ vram_gb: 30, vram_peak_gb: 22 });
		const disabled = withModel({ enabled: false, purposes: {}, files: {} });
		const ownGraph = withModel({ files: {}, workflow: 'graph.json' });
		const onlyOneLimit = withModel({ min_width: 512 });
		for (const catalog of [peakBelowAllParts, disabled, ownGraph, onlyOneLimit]) {
			expect(problemsOf(catalog)).toEqual([]);
		}
	});

	it('answers huge, deep and cyclic input with one clear problem', () => {
		const cyclic: Record<string, unknown> = smallCatalog();
		cyclic.x_again = [cyclic, cyclic];
		expect(problemsOf(cyclic)[0]?.message).toContain('nested deeper');
		expect(paths({ version: 1, models: new Array(1_000_000).fill({}) })).toEqual(['models']);
		const wide = Array.from({ length: 9_000 }, () => new Array(9_000).fill(0));
		expect(problemsOf({ version: 1, models: [], x_wide: wide })[0]?.message).toContain('values');
	});

	it.each([[null], [undefined], [[]], ['text'], [7], [NaN], [true], [() => 1]])(
		'refuses %s as a whole',
		(json) => {
			expect(problemsOf(json)).toMatchObject([{ path: '' }]);
		},
	);

	it('throws nothing but RouterError, with a hint for every problem, whatever it is given', () => {
		const hostile = fc.oneof(
			fc.anything({ maxDepth: 4, withNullPrototype: true, withBigInt: true, withDate: true }),
			fc.record({ version: fc.constant(1), models: fc.array(fc.object({ maxDepth: 3 })) }),
			fc.anything().map((value) => withModel({ presets: value })),
			fc.tuple(fc.string(), fc.anything()).map(([key, value]) => withModel({ [key]: value })),
		);
		fc.assert(
			fc.property(hostile, (json) => {
				for (const { message, hint } of problemsOf(json)) {
					expect(message.length).toBeGreaterThan(0);
					expect(hint.length).toBeGreaterThan(0);
				}
			}),
			{ numRuns: 500 },
		);
	});
});
