/** Where in a server's queue a job goes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { QueuedJob } from '../../../lib/fleet/types';
import { candidatesOf } from '../../../lib/router/decision';
import { prepareCatalog } from '../../../lib/router/prepared-catalog';
import { isPassable, queuePlaces } from '../../../lib/router/queue-place';
import { serverStates } from '../../../lib/router/server-state';
import { understandRequest } from '../../../lib/router/understood-request';
import { fleetArb, modelsArb, requestArb } from './arbitraries';
import { catalogOf, fleetOf, NOW_MS, queued, select, selected, serverOf } from './builders';
import { decide } from './deciding';

const MODELS = [
	{ name: 'fast', seconds: 4, quality: 0.6, load: 10 },
	{ name: 'fine', seconds: 30, quality: 0.9, load: 20 },
];

const catalog = catalogOf(
	MODELS.map(({ name, seconds, quality, load }) => ({
		name,
		purposes: { photo: quality },
		loadSeconds: load,
		presets: [{ name: 'full', seconds }],
	})),
);

/** One server whose running job takes 5 s more. */
const busy = (...waiting: Partial<QueuedJob>[]) =>
	fleetOf(
		serverOf('gpu', {
			loaded_model: 'fast',
			queue: [
				queued({ model_name: 'fast', remaining_seconds: 5, running: true, queue_number: 3 }),
				...waiting.map((job, i) => queued({ queue_number: 4 + i, ...job })),
			],
		}),
	);

const OURS = { model_name: 'fast', remaining_seconds: 20, deadline_seconds: 300 };

function answer(fleet: ReturnType<typeof busy>, deadline: number, model = 'fast') {
	const request = { urgency: 'normal', deadline_seconds: deadline, model_name: model };
	return selected(select(catalog, fleet, request));
}

describe('a job that would be late at the end of the queue', () => {
	it('goes before jobs of ours that stay on time', () => {
		const selection = answer(busy(OURS, OURS), 20);
		expect(selection.queue_number).toBeGreaterThan(3 - 1);
		expect(selection.queue_number).toBeLessThan(4);
		expect(selection.estimate.queue_seconds).toBe(5);
		expect(selection.late).toBe(false);
		expect(selection.selection_reason).toContain('5 s in the queue before 2 jobs that can wait');
	});

	it('goes between two where the first of them cannot wait', () => {
		const selection = answer(busy({ ...OURS, deadline_seconds: 27 }, OURS), 40);
		expect(selection.queue_number).toBe(4.5);
		expect(selection.estimate.queue_seconds).toBe(25);
	});

	const pushedAside: [string, Partial<QueuedJob>][] = [
		['is not known to be ours: it has no deadline', { ...OURS, deadline_seconds: null }],
		['is a graph that is not of the catalog', { ...OURS, model_name: null }],
		['is said to be of somebody else', { ...OURS, own: false }],
		['would be late then', { ...OURS, deadline_seconds: 27 }],
		['is late already', { ...OURS, deadline_seconds: -4 }],
	];
	it.each(pushedAside)('passes none that %s', (_why, job) => {
		const selection = answer(busy(job), 20);
		expect(selection.queue_number).toBe(5);
		expect(selection.estimate.queue_seconds).toBe(25);
	});

	it('passes none behind which another that may not be passed stands', () => {
		expect(answer(busy(OURS, { ...OURS, model_name: null }), 20).queue_number).toBe(6);
	});

	it('passes none of the same number, between which there is no place', () => {
		const same = { ...OURS, queue_number: 7 };
		expect(answer(busy(same, same), 20).queue_number).toBe(6);
	});

	it('does not make weights that the next job finds loaded be loaded again', () => {
		const selection = answer(busy(OURS), 60, 'fine');
		expect(selection.queue_number).toBe(5);
	});

	it('does where they are not', () => {
		const other = { ...OURS, model_name: 'fine', remaining_seconds: 50 };
		expect(answer(busy(other), 30).queue_number).toBe(3);
	});
});

describe('a job that can wait', () => {
	it('goes behind those whose deadline is earlier', () => {
		expect(answer(busy(OURS, OURS), 1000).queue_number).toBe(6);
	});

	it('goes by its deadline among the others', () => {
		const selection = answer(busy({ ...OURS, deadline_seconds: 200 }, OURS), 250);
		expect(selection.queue_number).toBe(4.5);
	});
});

describe('any place', () => {
	const placedOn = (selection: ReturnType<typeof decide>, fleet: ReturnType<typeof fleetOf>) => {
		if (selection.decision === 'rejected') return null;
		const queue = fleet.servers.find(({ name }) => name === selection.server)?.queue ?? [];
		const number = selection.queue_number as number;
		return { selection, passed: queue.filter((job) => !job.running && job.queue_number >= number) };
	};

	it('passes only jobs of ours, which have time for it', () => {
		let passing = 0;
		fc.assert(
			fc.property(modelsArb, fleetArb(true), requestArb, (models, fleet, request) => {
				const answered = placedOn(decide(models, fleet, request), fleet);
				if (answered === null || answered.passed.length === 0) return;
				passing++;
				const { selection, passed } = answered;
				expect(passed.every(isPassable)).toBe(true);
				const { queue_seconds: wait, load_seconds: load, run_seconds: run } = selection.estimate;
				let end = wait + load + run;
				for (const job of passed) {
					end += job.remaining_seconds ?? 0;
					expect(end).toBeLessThanOrEqual(job.deadline_seconds ?? 0);
				}
			}),
			{ numRuns: 600 },
		);
		expect(passing).toBeGreaterThan(20);
	});

	it('leaves a job no less certain with a longer deadline, up to what counts as sure', () => {
		fc.assert(
			fc.property(
				modelsArb,
				fleetArb(true),
				requestArb,
				fc.integer({ min: 1, max: 100 }),
				(models, fleet, request, more) => {
					const prepared = prepareCatalog(catalogOf(models));
					const chances = (deadline: number): number[] => {
						const wanted = { ...request, purpose: 'photo', deadline_seconds: deadline };
						const asked = understandRequest(wanted, prepared, NOW_MS);
						const states = serverStates(fleet, prepared);
						const places = queuePlaces(states, prepared);
						const options = { nowMs: NOW_MS };
						return candidatesOf({ prepared, asked, fleet, states, places, options }, null).asIs
							.onTime;
					};
					const before = chances(request.deadline_seconds);
					const after = chances(request.deadline_seconds + more);
					expect(after).toHaveLength(before.length);
					before.forEach((chance, row) => {
						expect(after[row]).toBeGreaterThanOrEqual(Math.min(chance, 0.98) - 1e-9);
					});
				},
			),
			{ numRuns: 400 },
		);
	});
});
