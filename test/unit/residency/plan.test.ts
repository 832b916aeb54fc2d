/** What is loaded ahead and what is unloaded: for idle servers only, and never to and fro. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { expectedDemand } from '../../../lib/residency/demand';
import { planResidency, type ResidencyServer } from '../../../lib/residency/plan';

function server(rest: Partial<ResidencyServer> = {}): ResidencyServer {
	return {
		name: 's1',
		idle: true,
		loadedModel: 'old',
		idleSeconds: 600,
		suitable: ['old', 'new', 'pinned'],
		...rest,
	};
}

const demand = (modelName: string, jobs: number) => ({ modelName, jobs });

describe('a pinned model', () => {
	it('is loaded where it is not, whatever else is expected', () => {
		const pinned = server({ pinnedModel: 'pinned', idleSeconds: 1 });
		expect(planResidency([pinned], [demand('new', 50)])).toMatchObject([
			{ action: 'prewarm', server: 's1', modelName: 'pinned' },
		]);
	});

	it('stays, however long it is idle', () => {
		const pinned = server({ pinnedModel: 'old', idleUnloadSeconds: 10 });
		expect(planResidency([pinned], [demand('new', 50)])).toEqual([]);
	});

	it('is not loaded while the server has work, or where it does not fit', () => {
		const busy = server({ pinnedModel: 'pinned', idle: false });
		const small = server({ name: 's2', pinnedModel: 'pinned', suitable: ['old'] });
		expect(planResidency([busy, small], [])).toEqual([]);
	});
});

describe('expected demand', () => {
	it('is loaded on the server whose model is wanted least', () => {
		const servers = [server({ name: 'a', loadedModel: 'mid' }), server({ name: 'b' })];
		expect(planResidency(servers, [demand('new', 9), demand('mid', 2)])).toMatchObject([
			{ action: 'prewarm', server: 'b', modelName: 'new' },
		]);
	});

	it('loads nothing that is warm somewhere, and nothing for less than a job', () => {
		expect(planResidency([server()], [demand('old', 9), demand('new', 0.4)])).toEqual([]);
	});

	it('does not push out what was used a moment ago, nor what is wanted as much', () => {
		expect(planResidency([server({ idleSeconds: 30 })], [demand('new', 9)])).toEqual([]);
		const soon = server({ idleSeconds: 30, minResidencySeconds: 10 });
		expect(planResidency([soon], [demand('new', 9)])).toHaveLength(1);
		expect(planResidency([server()], [demand('new', 9), demand('old', 6)])).toEqual([]);
	});

	it('is the usual of this time of the day, or what has just begun', () => {
		const past = { model_name: 'm', days: 5 };
		expect(
			expectedDemand([
				{ ...past, jobs_at_this_time: 20, jobs_just_now: 0 },
				{ ...past, jobs_at_this_time: 5, jobs_just_now: 7 },
			]).map((one) => one.jobs),
		).toEqual([4, 7]);
	});
});

describe('a model that nobody uses', () => {
	it('is unloaded after its time, unless it is expected', () => {
		const idle = server({ idleUnloadSeconds: 300 });
		expect(planResidency([idle], [])).toMatchObject([{ action: 'unload', server: 's1' }]);
		expect(planResidency([idle], [demand('old', 2)])).toEqual([]);
		expect(planResidency([server({ idleUnloadSeconds: 900 })], [])).toEqual([]);
		expect(planResidency([server()], [])).toEqual([]);
	});

	it('stays where it is not known how long it has been idle', () => {
		expect(planResidency([server({ idleUnloadSeconds: 1, idleSeconds: null })], [])).toEqual([]);
	});
});

it('never acts on a server in use, nor twice on one, and has nothing more to do once it is done', () => {
	const models = ['a', 'b', 'c'];
	const any = fc.record({
		idle: fc.boolean(),
		loadedModel: fc.option(fc.constantFrom(...models)),
		idleSeconds: fc.option(fc.integer({ min: 0, max: 1000 })),
		suitable: fc.subarray(models),
		pinnedModel: fc.option(fc.constantFrom(...models), { nil: undefined }),
		idleUnloadSeconds: fc.option(fc.constantFrom(100, 500), { nil: undefined }),
	});
	const jobs = fc.tuple(
		...models.map((name) => fc.integer({ min: 0, max: 9 }).map((n) => demand(name, n))),
	);
	fc.assert(
		fc.property(fc.array(any, { maxLength: 6 }), jobs, (list, expected) => {
			const servers = list.map((one, n) => ({ ...one, name: `s${n}` }));
			const actions = planResidency(servers, expected);
			expect(new Set(actions.map((one) => one.server)).size).toBe(actions.length);
			for (const { server: name } of actions) {
				expect(servers.find((one) => one.name === name)?.idle).toBe(true);
			}
			const after = servers.map((one) => {
				const done = actions.find((action) => action.server === one.name);
				if (!done) return one;
				const loadedModel = done.action === 'prewarm' ? done.modelName : null;
				return { ...one, loadedModel, idleSeconds: 0 };
			});
			const again = planResidency(after, expected);
			const acted = new Set(actions.map((one) => one.server));
			expect(again.filter((one) => acted.has(one.server) && one.action === 'unload')).toEqual([]);
			const pushedOut = again.filter(
				(one) =>
					acted.has(one.server) &&
					actions.some((a) => a.server === one.server && a.action === 'prewarm'),
			);
			expect(pushedOut).toEqual([]);
		}),
	);
});
