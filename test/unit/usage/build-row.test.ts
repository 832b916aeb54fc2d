import { describe, expect, it } from 'vitest';

import type { HistoryEntry } from '../../../lib/ports';
import { plannedRow, withGiven, withStamps, withWallTime } from '../../../lib/usage/build-row';
import { parseGivenUsage } from '../../../lib/usage/given';
import { readSelectionFacts, type SelectionFacts } from '../../../lib/usage/selection-facts';

const SELECTED_AT = '2026-01-31T12:00:00.000Z';
const SELECTED_MS = Date.parse(SELECTED_AT);

function facts(overrides: Record<string, unknown> = {}): SelectionFacts {
	return readSelectionFacts({
		decision: 'selected',
		job_id: 'job-1',
		request: { user_id: 'ana', purpose: 'photo', urgency: 'normal', prompt: 'not for the log' },
		selected_at: SELECTED_AT,
		deadline_at: '2026-01-31T12:01:30.000Z',
		model_name: 'sdxl-base',
		preset: 'full',
		server: 'gpu-a',
		parameters: { width: 1024, height: 768, batch_size: 2, steps: 30, cfg: 7, seed: null },
		estimate: {
			queue_seconds: 5,
			load_seconds: 4,
			run_seconds: 16,
			quality: 0.7,
			cost: 0.02,
			cost_unit: 'USD',
		},
		degraded: true,
		selection_reason: 'because',
		rejection: null,
		...overrides,
	});
}

function history(overrides: Partial<HistoryEntry> = {}): HistoryEntry {
	return {
		promptId: 'p1',
		number: 1,
		graph: {
			'4': { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'sdxl.safetensors' } },
			'3': { class_type: 'KSampler', inputs: { model: ['4', 0] } },
		},
		status: 'success',
		failure: null,
		cachedNodes: ['4'],
		createTimeMs: SELECTED_MS + 1000,
		startedMs: SELECTED_MS + 4000,
		endedMs: SELECTED_MS + 14_000,
		outputs: [],
		...overrides,
	};
}

const NOW_MS = SELECTED_MS + 20_000;
const stamped = (entry: HistoryEntry, of = facts()) =>
	withStamps(plannedRow(of), of, entry, NOW_MS);

describe('plannedRow', () => {
	it('takes what was decided and no text of the prompt', () => {
		const row = plannedRow(facts(), { workflowId: 'w', executionId: 'e', promptId: 'p1' });
		expect(row).toMatchObject({
			job_id: 'job-1',
			user_id: 'ana',
			workflow_id: 'w',
			execution_id: 'e',
			prompt_id: 'p1',
			server: 'gpu-a',
			width: 1024,
			batch_size: 2,
			degraded: true,
			estimated_seconds: 25,
			deadline_seconds: 90,
			estimated_cost: 0.02,
			quality_estimated: 0.7,
		});
		expect(JSON.stringify(row)).not.toContain('not for the log');
	});

	it('makes a rejection a row of its own kind', () => {
		const row = plannedRow(
			facts({
				decision: 'rejected',
				model_name: null,
				estimate: null,
				rejection: { code: 'VRAM', message: '2 GB missing' },
			}),
		);
		expect(row).toMatchObject({
			status: 'rejected',
			error_code: 'VRAM',
			error_message: '2 GB missing',
			estimated_seconds: null,
		});
	});

	it('names the job after the caller, then the prompt, where the selection has no name', () => {
		expect(plannedRow(facts({ job_id: null }), { jobId: '17-2', promptId: 'p' }).job_id).toBe(
			'17-2',
		);
		expect(plannedRow(facts({ job_id: null }), { promptId: 'p' }).job_id).toBe('p');
	});
});

describe("ComfyUI's stamps", () => {
	it('give queue and run apart, and the cost at the price of the estimate', () => {
		expect(stamped(history())).toMatchObject({
			status: 'success',
			timing_source: 'comfyui',
			queue_seconds: 3,
			run_seconds: 10,
			actual_seconds: 13,
			load_seconds: 0,
			cold: false,
			on_time: true,
			actual_cost: 0.01,
			prompt_id: 'p1',
		});
	});

	it('call a run cold when its loader ran, and then do not know the load', () => {
		expect(stamped(history({ cachedNodes: ['3'] }))).toMatchObject({
			cold: true,
			load_seconds: null,
		});
		expect(stamped(history({ cachedNodes: null }))).toMatchObject({
			cold: null,
			load_seconds: null,
		});
	});

	it('miss the queue of an older server, not the run', () => {
		expect(stamped(history({ createTimeMs: null }))).toMatchObject({
			queue_seconds: null,
			run_seconds: 10,
			actual_seconds: 10,
		});
	});

	it('count GPU seconds where there is no price', () => {
		const free = facts({
			estimate: {
				run_seconds: 16,
				load_seconds: 4,
				queue_seconds: 0,
				cost: 20,
				cost_unit: 'gpu_seconds',
			},
		});
		expect(stamped(history(), free).actual_cost).toBe(10);
	});

	it.each([
		['error', 'torch.OutOfMemoryError', 'oom'],
		['error', 'ValueError', 'error'],
	] as const)('tell %s with %s as %s, and never as on time', (status, type, expected) => {
		const failure = { nodeId: '3', nodeType: 'KSampler', exceptionType: type, message: 'it broke' };
		expect(stamped(history({ status, failure }))).toMatchObject({
			status: expected,
			error_code: type,
			error_message: 'it broke',
			on_time: false,
		});
	});

	it('tell an interrupted run as cancelled', () => {
		expect(stamped(history({ status: 'interrupted' })).status).toBe('cancelled');
	});

	it('judge the deadline by the moment of the end, a pause before the submission included', () => {
		const late = history({
			createTimeMs: SELECTED_MS + 85_000,
			startedMs: SELECTED_MS + 86_000,
			endedMs: SELECTED_MS + 96_000,
		});
		expect(withStamps(plannedRow(facts()), facts(), late, SELECTED_MS + 100_000).on_time).toBe(
			false,
		);
	});

	it("judge the deadline by the duration where the server's clock is visibly another", () => {
		const hour = 3_600_000;
		const shifted = history({
			createTimeMs: SELECTED_MS + hour,
			startedMs: SELECTED_MS + hour + 3000,
			endedMs: SELECTED_MS + hour + 13_000,
		});
		expect(stamped(shifted)).toMatchObject({ on_time: true, actual_seconds: 13 });
	});
});

describe('wall time', () => {
	it('counts from the selection and is marked', () => {
		const row = withWallTime(plannedRow(facts()), facts(), SELECTED_MS + 95_000, {
			status: 'success',
		});
		expect(row).toMatchObject({
			actual_seconds: 95,
			timing_source: 'wall',
			on_time: false,
			run_seconds: null,
		});
	});

	it('is never negative where the clock was set back', () => {
		const row = withWallTime(plannedRow(facts()), facts(), SELECTED_MS - 5000, {
			status: 'success',
		});
		expect(row.actual_seconds).toBe(0);
	});
});

describe('given figures', () => {
	it('win, and what follows from them is filled in', () => {
		const row = withGiven(
			plannedRow(facts()),
			facts(),
			parseGivenUsage({ run_seconds: 30, load_seconds: 10, quality_feedback: 0.4 }),
		);
		expect(row).toMatchObject({
			actual_seconds: 40,
			actual_cost: 0.04,
			on_time: true,
			timing_source: 'given',
			quality_feedback: 0.4,
		});
	});

	it('of cost are money: they are not called GPU seconds because the selection counted those', () => {
		const free = facts({ estimate: { run_seconds: 16, cost: 16, cost_unit: 'gpu_seconds' } });
		const planned = plannedRow(free);
		expect(planned.cost_unit).toBe('gpu_seconds');
		expect(withGiven(planned, free, parseGivenUsage({ run_seconds: 12 }))).toMatchObject({
			...{ actual_cost: 12, cost_unit: 'gpu_seconds' },
		});
		expect(withGiven(planned, free, parseGivenUsage({ actual_cost: 0.5 }))).toMatchObject({
			...{ actual_cost: 0.5, cost_unit: null },
		});
		expect(withGiven(plannedRow(facts()), facts(), { actual_cost: 0.5 }).cost_unit).toBe('USD');
	});

	it('leave the times alone where they hold none', () => {
		const row = withGiven(stamped(history()), facts(), parseGivenUsage({ quality_feedback: 1 }));
		expect(row).toMatchObject({
			timing_source: 'comfyui',
			actual_seconds: 13,
			quality_feedback: 1,
		});
	});

	it('are refused with every fault named', () => {
		const wrong = {
			actual_seconds: -1,
			run_seconds: NaN,
			queue_seconds: 1e15,
			width: 1.5,
			colour: 'red',
		};
		expect(() => parseGivenUsage(wrong)).toThrow(
			expect.objectContaining({ code: 'USAGE_INVALID' }),
		);
		try {
			parseGivenUsage(wrong);
		} catch (error) {
			const paths = (error as { problems: { path: string }[] }).problems.map(
				(problem) => problem.path,
			);
			expect(paths).toEqual(
				expect.arrayContaining(['actual_seconds', 'run_seconds', 'queue_seconds', 'width']),
			);
		}
	});
});

describe('readSelectionFacts', () => {
	it.each([
		undefined,
		null,
		'text',
		[],
		{},
		{ decision: 'selected' },
		{ decision: 'maybe', selected_at: SELECTED_AT },
	])('refuses %j with a hint', (selection) => {
		expect(() => readSelectionFacts(selection)).toThrow(
			expect.objectContaining({ code: 'USAGE_INVALID' }),
		);
	});
});
