import { describe, expect, it } from 'vitest';

import { CostOptimizer } from '../../../lib/optimizer/cost-optimizer';
import type { BatchOptions, BatchPlan } from '../../../lib/optimizer/types';
import { catalogOf, fleetOf, type ModelDraft, NOW_MS, serverOf } from '../router/builders';

const DRAFT: ModelDraft = {
	name: 'draft',
	quality: 0.5,
	loadSeconds: 10,
	presets: [{ seconds: 2 }],
};
const FINE: ModelDraft = {
	name: 'fine',
	quality: 0.9,
	loadSeconds: 20,
	presets: [{ seconds: 20 }],
};

// 0.36 an hour: 0.0001 a second
const ONE = fleetOf(serverOf('gpu', { loaded_model: 'fine' }));

function plan(
	requests: Record<string, unknown>[],
	options: Partial<BatchOptions> = {},
	fleet = ONE,
	models = [DRAFT, FINE],
): BatchPlan {
	return new CostOptimizer(catalogOf(models)).plan(
		requests.map((request) => ({ purpose: 'photo', ...request })),
		fleet,
		{ nowMs: NOW_MS, ...options },
	);
}

function modelsOf({ servers }: BatchPlan): string[] {
	return servers.flatMap(({ assignments }) => assignments.map((one) => one.model_name));
}

const many = (count: number, request: Record<string, unknown> = {}): Record<string, unknown>[] =>
	Array.from({ length: count }, () => ({ ...request }));

describe('least cost', () => {
	it('stays on the resident model where a load costs more than it saves', () => {
		// 10 s of load and 2 s of run against 20 s
		expect(modelsOf(plan(many(1)))).toEqual(['draft']);
		// without a load the dearer run is the cheaper job
		const near = plan(many(1), {}, ONE, [{ ...DRAFT, loadSeconds: 30 }, FINE]);
		expect(modelsOf(near)).toEqual(['fine']);
		expect(near.totals.loads).toBe(0);
	});

	it('runs families one after the other, the resident one first', () => {
		const mixed = [...many(3), ...many(2, { min_quality: 0.8 }), ...many(3)];
		const found = plan(mixed);
		expect(modelsOf(found)).toEqual(['fine', 'fine', ...new Array<string>(6).fill('draft')]);
		expect(found.totals).toMatchObject({ loads: 1, assigned: 8, refused: 0 });
		expect(found.totals.cost).toBeCloseTo((2 * 20 + 10 + 6 * 2) * 1e-4, 9);
		expect(found.bound).toMatchObject({ exact: true, gap: 0 });
	});

	it('gives each job the preset that it names', () => {
		const presets = [
			{ name: 'fast', seconds: 2 },
			{ name: 'slow', seconds: 4 },
		];
		const named = ['slow', 'fast', 'slow', 'none'].map((preset_name) => ({ preset_name }));
		const { servers, refused } = plan(named, {}, ONE, [{ ...DRAFT, presets }]);
		const planned = servers.flatMap(({ assignments }) => assignments);
		const byIndex = planned.sort((a, b) => a.index - b.index).map(({ preset }) => preset);
		expect(byIndex).toEqual(['slow', 'fast', 'slow']);
		expect(refused).toMatchObject([{ index: 3, code: 'EXCLUDED' }]);
	});

	it('splits a family over servers only as far as the deadline needs it', () => {
		const two = fleetOf(serverOf('a', { hourly_cost: 0.36 }), serverOf('b', { hourly_cost: 0.72 }));
		const free = plan(many(20), {}, two, [DRAFT]);
		expect(free.servers.map(({ assignments }) => assignments.length)).toEqual([20, 0]);
		const hurried = plan(many(20), { deadlineSeconds: 40 }, two, [DRAFT]);
		expect(hurried.servers.map(({ assignments }) => assignments.length)).toEqual([15, 5]);
		expect(hurried.feasible).toBe(true);
	});

	it('starts nothing before what is queued is done', () => {
		const queue = [
			{
				job_id: 'x',
				model_name: 'draft',
				remaining_seconds: 30,
				deadline_seconds: null,
				queue_number: 1,
				running: true,
			},
		];
		const found = plan(many(1), {}, fleetOf(serverOf('gpu', { loaded_model: 'fine', queue })));
		expect(found.servers[0]?.assignments[0]).toMatchObject({
			model_name: 'draft',
			start_seconds: 30,
			load_seconds: 0,
			finish_seconds: 32,
		});
	});
});

describe('a budget', () => {
	it('buys the highest quality there is within it', () => {
		// 4 fine runs cost 0.008; 2 fine and 2 draft ones cost 0.0054 with the load
		expect(modelsOf(plan(many(4), { budget: 0.008 }))).toEqual(many(4).map(() => 'fine'));
		const less = plan(many(4), { budget: 0.0056 });
		expect(modelsOf(less)).toEqual(['fine', 'fine', 'draft', 'draft']);
		expect(less.totals.cost).toBeCloseTo(0.0054, 9);
	});

	it('pays for no load of a model that no job could use', () => {
		const cold = fleetOf(serverOf('gpu'));
		const fine = { min_quality: 0.8 };
		// 20 s of load and 20 s of run; "draft" is below the second job's floor only
		const found = plan([{ ...fine }, {}], { budget: 0.00601 }, cold);
		expect(modelsOf(found)).toEqual(['fine', 'fine']);
		expect(plan([fine], { budget: 0.00401 }, cold).totals.assigned).toBe(1);
	});

	it('that is too small is said with what is missing, and nothing is planned', () => {
		const found = plan(many(4), { budget: 0.001 });
		expect(found.feasible).toBe(false);
		expect(found.shortfalls[0]).toMatchObject({ of: 'budget' });
		expect(found.shortfalls[0]?.missing).toBeCloseTo(0.0018 - 0.001, 9);
		expect(found.refused.map(({ code }) => code)).toEqual(many(4).map(() => 'BUDGET'));
	});

	it('comes with what others would bring, never worse for more money', () => {
		const { frontier } = plan(many(6), { frontierPoints: 5 });
		expect(frontier).toHaveLength(5);
		const quality = frontier.map((row) => row.mean_quality);
		expect(quality).toEqual([...quality].sort((a, b) => a - b));
		expect([quality[0], quality.at(-1)]).toEqual([0.5, 0.9]);
		for (const row of frontier) expect(row.cost).toBeLessThanOrEqual(row.budget * (1 + 1e-6));
	});
});

describe('deadlines', () => {
	it('of a job that is late whatever comes first make no other job late', () => {
		const found = plan([
			{ model_name: 'fine', job_id: 'hopeless', deadline_seconds: 5 },
			{ model_name: 'fine', job_id: 'tight', deadline_seconds: 25 },
		]);
		expect(found.servers[0]?.assignments.map(({ job_id, late }) => [job_id, late])).toEqual([
			['tight', false],
			['hopeless', true],
		]);
	});

	it('of the batch that cannot hold are said with what is missing', () => {
		const found = plan(many(10, { min_quality: 0.8 }), { deadlineSeconds: 150 });
		expect(found.shortfalls).toMatchObject([{ of: 'deadline', least: 200, missing: 50 }]);
	});

	it('of single jobs change the order, even where that loads a model twice', () => {
		const fleet = fleetOf(serverOf('gpu', { loaded_model: 'draft' }));
		const found = plan(
			[...many(30, { model_name: 'draft' }), { model_name: 'fine', deadline_seconds: 45 }],
			{},
			fleet,
		);
		expect(found.totals.late).toBe(0);
		expect(modelsOf(found)[0]).toBe('fine');
		expect(found.totals.loads).toBe(2);
	});

	it('of single jobs that cannot hold are refused where the job asks for that', () => {
		const late = { model_name: 'fine', deadline_seconds: 5 };
		const found = plan([late, { ...late, if_late: 'reject', job_id: 'r' }]);
		expect(found.refused).toMatchObject([{ index: 1, job_id: 'r', code: 'LATE' }]);
		expect(found.shortfalls).toMatchObject([{ of: 'job_deadline', missing: 15 }]);
	});

	it('of an urgency do not count: nobody waits', () => {
		expect(plan(many(50, { urgency: 'urgent' })).totals.late).toBe(0);
	});
});

describe('requests', () => {
	it('that nothing can serve, or that are wrong, are refused one by one', () => {
		const found = plan([{}, { purpose: 'sculpture' }, { min_quality: 7 }, { max_cost: 0 }]);
		expect(found.refused.map(({ index, code }) => [index, code])).toEqual([
			[1, 'PURPOSE'],
			[2, 'REQUEST_INVALID'],
			[3, 'MAX_COST'],
		]);
		expect(found.totals.assigned).toBe(1);
	});
});
