import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DEFAULT_URGENCIES } from '../../../lib/catalog/defaults';
import { ModelRouter } from '../../../lib/router/model-router';
import type { DispatchResult, SelectOptions, WaitingRequest } from '../../../lib/selection/types';
import { catalogOf, fleetOf, NOW_MS, queued, rejected, selected, serverOf } from './builders';

const catalog = catalogOf([
	{
		name: 'poster',
		purposes: { poster: 0.9, photo: 0.7 },
		peakGb: 20,
		loadSeconds: 20,
		presets: [
			{ name: 'full', seconds: 40 },
			{ name: 'fast', quality: 0.85, steps: 4, cfg: 1, seconds: 8 },
		],
	},
	{
		name: 'photo',
		purposes: { photo: 0.8 },
		peakGb: 12,
		loadSeconds: 10,
		presets: [{ seconds: 10 }],
	},
]);
const router = new ModelRouter(catalog);

const job = (id: string, more: Record<string, unknown> = {}, waited = 0): WaitingRequest => ({
	request: { job_id: id, purpose: 'photo', deadline_seconds: 120, explain: false, ...more },
	waiting_seconds: waited,
});

function dispatch(
	waiting: WaitingRequest[],
	fleet = fleetOf(serverOf('a')),
	options: Partial<SelectOptions> = {},
): DispatchResult {
	return router.dispatch(waiting, fleet, { nowMs: NOW_MS, ...options });
}

const started = (result: DispatchResult): string[] => result.start.map((s) => s.job_id ?? '');

describe('dispatch', () => {
	it('starts one job on an idle server and holds the others', () => {
		const result = dispatch([
			job('late', { deadline_seconds: 300 }),
			job('soon', { deadline_seconds: 60 }),
		]);
		expect(started(result)).toEqual(['soon']);
		expect(result.waiting.map((w) => w.job_id)).toEqual(['late']);
		expect(result.waiting[0]?.expected_start_seconds).toBeGreaterThan(5);
		expect(result.waiting[0]?.on_time_probability).toBeGreaterThan(0.9);
		expect(result.waiting[0]?.reason).toContain('on a');
	});

	it('starts nothing where every server is busy', () => {
		const busy = fleetOf(
			serverOf('a', { queue: [queued({ running: true, remaining_seconds: 20 })] }),
		);
		const result = dispatch([job('one')], busy);
		expect(result.start).toEqual([]);
		expect(result.waiting[0]?.expected_start_seconds).toBeCloseTo(20);
	});

	it('starts on a server that is about to be free, so that it does not idle', () => {
		const nearly = fleetOf(
			serverOf('a', { queue: [queued({ running: true, remaining_seconds: 0.2 })] }),
		);
		expect(started(dispatch([job('one')], nearly))).toEqual(['one']);
	});

	it('uses several idle servers at once', () => {
		const two = fleetOf(serverOf('a'), serverOf('b'));
		const result = dispatch([job('one'), job('two'), job('three')], two);
		expect(new Set(result.start.map((s) => selected(s).server))).toEqual(new Set(['a', 'b']));
	});

	it('begins on servers of one GPU only what fits beside each other; the more urgent goes first', () => {
		const card = (freeGb: number) => {
			const memory = { vram_total: 48e9, vram_free: freeGb * 1e9 };
			const devices = [{ name: 'gpu', ...memory, torch_vram_total: 0, torch_vram_free: 0 }];
			return fleetOf(...['a', 'b'].map((name) => serverOf(name, { devices, gpu_group: 'card' })));
		};
		const two = [
			job('later', { model_name: 'photo', deadline_seconds: 90 }),
			job('sooner', { model_name: 'photo', deadline_seconds: 60 }),
			job('last', { model_name: 'photo', deadline_seconds: 110 }),
		];
		expect(started(dispatch(two, card(26))).sort()).toEqual(['later', 'sooner']);
		const tight = dispatch(two, card(20));
		expect(started(tight)).toEqual(['sooner']);
		const [beside] = tight.waiting.filter(({ job_id }) => job_id === 'later');
		expect(beside?.expected_start_seconds).toBeCloseTo(20);
		expect(beside?.reason).toContain('memory for both');
	});

	it('loads nothing a second time that one server can do in time, where others are known to come', () => {
		const two = fleetOf(serverOf('a'), serverOf('b'));
		const demand = { arrivals_per_second: 0.05 };
		const result = dispatch([job('one'), job('two'), job('three')], two, { demand });
		expect(result.start.map((s) => selected(s).server)).toEqual(['a']);
		expect(result.waiting.every((w) => w.on_time_probability > 0.95)).toBe(true);
	});

	it('decides for one job on an idle fleet without demand as select does', () => {
		for (const urgency of ['urgent', 'normal', 'flexible']) {
			const waiting = job('one', { urgency, deadline_seconds: 100 });
			const idle = fleetOf(serverOf('a', { loaded_model: 'photo' }), serverOf('b'));
			const [late] = dispatch([waiting], idle).start;
			expect(late).toEqual(router.select(waiting.request, idle, { nowMs: NOW_MS }));
		}
	});

	it('runs what fits the resident model first where nobody is made late by it', () => {
		const warm = fleetOf(serverOf('a', { loaded_model: 'poster' }));
		const jobs = [
			job('photo', { model_name: 'photo', deadline_seconds: 200 }),
			job('poster', { purpose: 'poster', deadline_seconds: 250 }),
		];
		expect(started(dispatch(jobs, warm))).toEqual(['poster']);
		const tight = [
			jobs[1] as WaitingRequest,
			job('photo', { model_name: 'photo', deadline_seconds: 26 }),
		];
		expect(started(dispatch(tight, warm))).toEqual(['photo']);
	});

	it('works a backlog for two models off in long turns on one server', () => {
		let loaded: string | null = null;
		let loads = 0;
		let now = 0;
		let left = Array.from({ length: 12 }, (_, n) => ({
			id: `j${n}`,
			due: 400 + 5 * n,
			more: n % 2 === 0 ? { purpose: 'poster' } : { model_name: 'photo' },
		}));
		while (left.length > 0) {
			const waiting = left.map(({ id, due, more }) =>
				job(id, { ...more, deadline_seconds: due - now }, now),
			);
			const result = dispatch(waiting, fleetOf(serverOf('a', { loaded_model: loaded })));
			const { job_id, model_name, estimate } = selected(result.start[0] as never);
			if (model_name !== loaded) loads++;
			loaded = model_name;
			now += estimate.load_seconds + estimate.run_seconds;
			left = left.filter(({ id }) => id !== job_id);
		}
		expect(loads).toBeLessThanOrEqual(3);
	});

	it('gives up quality where that lets more jobs be on time', () => {
		const warm = fleetOf(serverOf('a', { loaded_model: 'poster' }));
		const alone = dispatch([job('p0', { purpose: 'poster', deadline_seconds: 90 })], warm);
		expect(selected(alone.start[0] as never).preset).toBe('full');
		const many = Array.from({ length: 8 }, (_, i) =>
			job(`p${i}`, { purpose: 'poster', deadline_seconds: 90 }),
		);
		const crowded = dispatch(many, warm);
		expect(selected(crowded.start[0] as never).preset).toBe('fast');
		expect(crowded.waiting.every((w) => w.on_time_probability > 0.5)).toBe(true);
	});

	it('a job that has waited too long goes first, whatever is resident', () => {
		const warm = fleetOf(serverOf('a', { loaded_model: 'poster' }));
		const stream = Array.from({ length: 5 }, (_, i) => job(`p${i}`, { purpose: 'poster' }));
		const old = job(
			'old',
			{ model_name: 'photo', deadline_at: new Date(NOW_MS - 100_000).toISOString() },
			200,
		);
		expect(started(dispatch([...stream, old], warm))).toEqual(['old']);
	});

	it('a job that starves takes a server that can begin it, though it would end sooner elsewhere', () => {
		const fleet = fleetOf(
			serverOf('warm', {
				loaded_model: 'poster',
				queue: [queued({ running: true, remaining_seconds: 3, model_name: 'poster' })],
			}),
			serverOf('cold'),
		);
		const old = job('old', { purpose: 'poster', deadline_seconds: -100 }, 155);
		const result = dispatch([job('young', { deadline_seconds: 60 }), old], fleet);
		expect(result.start.map((s) => [s.job_id, selected(s).server])).toEqual([['old', 'cold']]);
	});

	it('jobs that starve go as they came, not by deadline', () => {
		const first = job('first', { deadline_seconds: -190 }, 290);
		const second = job('second', { deadline_seconds: -200 }, 220);
		expect(started(dispatch([second, first]))).toEqual(['first']);
	});

	it('a job ages, too, whose caller cannot say how late it is', () => {
		const stream = Array.from({ length: 5 }, (_, i) => job(`s${i}`));
		const atWaited = (seconds: number) =>
			started(dispatch([...stream, job('old', { deadline_seconds: 0.001 }, seconds)]));
		const { target_seconds } = DEFAULT_URGENCIES.normal!;
		expect(atWaited(1.9 * target_seconds)).not.toEqual(['old']);
		expect(atWaited(2.1 * target_seconds)).toEqual(['old']);
	});

	it('refuses what can never be served, and keeps what may be served later', () => {
		const result = dispatch([job('odd', { purpose: 'sculpture' }), job('ok')]);
		expect(result.start.map((s) => s.decision).sort()).toEqual(['rejected', 'selected']);
		expect(
			rejected(result.start.find((s) => s.decision === 'rejected') as never).rejection.code,
		).toBe('PURPOSE');
		const down = dispatch([job('ok')], fleetOf(serverOf('a', { reachable: false })));
		expect(down.start).toEqual([]);
		expect(down.waiting[0]).toMatchObject({ job_id: 'ok', expected_start_seconds: null });
	});

	it('refuses a late job only where its caller says so', () => {
		const hopeless = { deadline_seconds: 1 };
		expect(selected(dispatch([job('late', hopeless)]).start[0] as never).late).toBe(true);
		const refused = dispatch([job('late', { ...hopeless, if_late: 'reject' })]);
		expect(rejected(refused.start[0] as never).rejection.code).toBe('LATE');
	});

	it('counts an urgency’s own target from the moment of asking', () => {
		const fresh = dispatch([{ request: { job_id: 'j', purpose: 'photo' }, waiting_seconds: 0 }]);
		const old = dispatch([{ request: { job_id: 'j', purpose: 'photo' }, waiting_seconds: 80 }]);
		expect(
			selected(old.start[0] as never).deadline_at < selected(fresh.start[0] as never).deadline_at,
		).toBe(true);
	});

	it('answers an empty list', () => {
		expect(dispatch([])).toEqual({ start: [], waiting: [] });
	});
});

describe('any dispatch', () => {
	const jobsArb = fc.array(
		fc.record({
			purpose: fc.constantFrom('photo', 'poster'),
			deadline_seconds: fc.integer({ min: 1, max: 300 }),
			min_quality: fc.constantFrom(0, 0.6, 0.75),
			waited: fc.integer({ min: 0, max: 400 }),
		}),
		{ minLength: 1, maxLength: 12 },
	);
	const fleetArb = fc
		.array(
			fc.record({
				busy: fc.boolean(),
				resident: fc.constantFrom(null, 'photo', 'poster'),
				freeGb: fc.constantFrom(10, 16, 23),
			}),
			{ minLength: 1, maxLength: 3 },
		)
		.map((servers) =>
			fleetOf(
				...servers.map(({ busy, resident, freeGb }, i) =>
					serverOf(`s${i}`, {
						freeGb,
						loaded_model: resident,
						queue: busy ? [queued({ running: true })] : [],
					}),
				),
			),
		);

	it('answers every job once, starts at most one per idle server, and crosses no floor', () => {
		fc.assert(
			fc.property(jobsArb, fleetArb, (drafts, fleet) => {
				const waiting = drafts.map(({ waited, ...request }, i) => job(`j${i}`, request, waited));
				const result = dispatch(waiting, fleet);
				const answered = [...started(result), ...result.waiting.map((w) => w.job_id)].sort();
				expect(answered).toEqual(waiting.map((_, i) => `j${i}`).sort());
				const used = result.start.filter((s) => s.decision === 'selected').map((s) => selected(s));
				expect(new Set(used.map((s) => s.server)).size).toBe(used.length);
				for (const selection of used) {
					const server = fleet.servers.find((s) => s.name === selection.server);
					expect(server?.queue).toEqual([]);
					expect(selection.estimate.quality).toBeGreaterThanOrEqual(
						(selection.request.min_quality ?? 0) - 1e-9,
					);
					expect(selection.estimate.vram_peak_bytes).toBeLessThanOrEqual(
						server?.devices[0]?.vram_free ?? 0,
					);
				}
				expect(dispatch(structuredClone(waiting), structuredClone(fleet))).toEqual(result);
			}),
			{ numRuns: 200 },
		);
	});

	it('never leaves all servers idle while something could run', () => {
		fc.assert(
			fc.property(jobsArb, fleetArb, (drafts, fleet) => {
				for (const server of fleet.servers) server.queue = [];
				const result = dispatch(
					drafts.map(({ waited, ...request }, i) => job(`j${i}`, request, waited)),
					fleet,
				);
				const servable = result.start.some((s) => s.decision === 'selected');
				const waitsForServer = result.waiting.some((w) => w.expected_start_seconds !== null);
				expect(servable || !waitsForServer).toBe(true);
			}),
			{ numRuns: 100 },
		);
	});
});

describe('memory that may not be as predicted', () => {
	const two = catalogOf([
		{ name: 'tight', quality: 0.9, peakGb: 22.5, presets: [{ confidence: 'published' }] },
		{ name: 'roomy', quality: 0.8, peakGb: 12, presets: [{ confidence: 'published' }] },
	]);
	const first = (options: Partial<SelectOptions> = {}, more: Record<string, unknown> = {}) => {
		const waiting = [job('one', more)];
		const result = new ModelRouter(two).dispatch(waiting, fleetOf(serverOf('a', { freeGb: 24 })), {
			nowMs: NOW_MS,
			...options,
		});
		return selected(result.start[0] as never).model_name;
	};

	it('is no gamble for a job that has another choice', () => {
		expect(first()).toBe('roomy');
	});

	it('is taken where there is no other choice', () => {
		expect(first({}, { model_name: 'tight' })).toBe('tight');
		expect(first({}, { min_quality: 0.85 })).toBe('tight');
	});

	it('is trusted once runs have shown it', () => {
		const learned = { model_name: 'tight', preset: null, server: null, samples: 5 };
		const calibration = [
			{ ...learned, time_factor: 1, p95_factor: 1, load_factor: 1, vram_factor: 1 },
		];
		expect(first({ calibration })).toBe('tight');
	});
});
