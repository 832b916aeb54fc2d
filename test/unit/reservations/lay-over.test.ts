/** What reservations of others do to a fleet: counted once, whatever the servers show of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { FleetServer, FleetSnapshot, QueuedJob } from '../../../lib/fleet/types';
import { layOver, type Reservation, withReservations } from '../../../lib/reservations';
import { ModelRouter } from '../../../lib/router/model-router';
import { quickCatalog } from '../../support/generate-lab';
import { reservation } from '../../support/reservations';

function job(rest: Partial<QueuedJob> = {}): QueuedJob {
	return {
		job_id: 'foreign',
		model_name: 'heavy',
		remaining_seconds: 20,
		deadline_seconds: null,
		queue_number: 0,
		running: true,
		prompt_id: 'p0',
		own: false,
		...rest,
	};
}

function server(queue: QueuedJob[] = [], rest: Partial<FleetServer> = {}): FleetServer {
	return {
		name: 's1',
		reachable: true,
		devices: [
			{ vram_total: 24e9, vram_free: 23e9, torch_vram_total: 0, torch_vram_free: 0, name: 'gpu' },
		],
		queue,
		loaded_model: null,
		installed_files: null,
		...rest,
	};
}

const now = { readingSeconds: 0.1, bookSeconds: 0 };

describe('a reservation that the server does not show', () => {
	it('is a job to come, behind what is queued', () => {
		const { queue } = layOver(
			server([job({ queue_number: 7, age_seconds: 60 })]),
			[reservation()],
			now,
		);
		expect(queue).toHaveLength(2);
		expect(queue[1]).toMatchObject({
			job_id: 'job-1',
			model_name: 'heavy',
			remaining_seconds: 20,
			deadline_seconds: 90,
			queue_number: 8,
			own: true,
			vram_peak_bytes: 10e9,
		});
	});

	it('counts no longer once it has expired since the book was read', () => {
		const ages = { readingSeconds: 31, bookSeconds: 31 };
		expect(layOver(server(), [reservation({ expires_in_seconds: 30 })], ages).queue).toEqual([]);
	});

	it('is over where its prompt was accepted before the reading began', () => {
		const one = reservation({ prompt_id: 'p1', submitted_seconds_ago: 2 });
		expect(layOver(server(), [one], now)).toEqual({ queue: [], found: [], over: ['r1'] });
	});

	it('is still to come where its prompt was accepted after the reading began', () => {
		const one = reservation({ prompt_id: 'p1', submitted_seconds_ago: 0.05 });
		expect(layOver(server(), [one], now)).toMatchObject({ over: [], queue: [{ prompt_id: 'p1' }] });
	});

	it('runs down while its owner is silent', () => {
		const one = reservation({ running: true, told_seconds_ago: 5, remaining_seconds: 20 });
		const { queue } = layOver(server(), [one], { readingSeconds: 3, bookSeconds: 3 });
		expect(queue[0]?.remaining_seconds).toBe(12);
	});
});

describe('a reservation on a server that cannot be seen', () => {
	const hidden = server([], { name: 's1', reachable: false, devices: [] });
	const seen = server([], { name: 's2', gpu_group: 'card' });
	const on = (rest: Partial<Reservation>) => ({
		reservations: [reservation({ server: 's1', ...rest })],
		waiting: [],
	});

	it.each([null, 2])(
		'counts on the GPU that others share, submitted %s s ago or not yet, and is never said to be over',
		(submitted_seconds_ago) => {
			const book = on({ gpu_group: 'card', prompt_id: 'p1', submitted_seconds_ago });
			const { fleet, over } = withReservations({ servers: [hidden, seen] }, book, () => now);
			expect(fleet.servers[0]?.queue).toMatchObject([{ vram_peak_bytes: 10e9 }]);
			expect(over).toEqual([]);
		},
	);

	it('is nobody else’s business on a GPU of its own', () => {
		const { fleet, over } = withReservations({ servers: [hidden, seen] }, on({}), () => now);
		expect(fleet.servers.map((one) => one.queue)).toEqual([[], []]);
		expect(over).toEqual([]);
	});

	it('leaves a selection the memory that is left', () => {
		const servers = ['s1', 's2'].map((name) => ({ name, gpu_group: 'card' }));
		const router = new ModelRouter(quickCatalog({ servers }));
		const book = on({ gpu_group: 'card', vram_peak_bytes: 15e9 });
		const { fleet } = withReservations({ servers: [hidden, seen] }, book, () => now);
		const choose = (snapshot: FleetSnapshot) =>
			router.select({ purpose: 'photo', deadline_seconds: 60 }, snapshot, { nowMs: 0 });
		expect(choose({ servers: [hidden, seen] })).toMatchObject({ model_name: 'heavy' });
		expect(choose(fleet)).toMatchObject({ model_name: 'light' });
	});
});

describe('a reservation that the server shows', () => {
	it('counts once, by its prompt', () => {
		const shown = job({ prompt_id: 'p1', own: true, remaining_seconds: 33 });
		const one = reservation({ prompt_id: 'p1', running: true, submitted_seconds_ago: 9 });
		const { queue, over } = layOver(server([shown]), [one], now);
		expect(queue).toHaveLength(1);
		expect(over).toEqual([]);
		expect(queue[0]).toMatchObject({ remaining_seconds: 20, deadline_seconds: 90 });
	});

	it('counts once, by its job, where its prompt has not been told yet', () => {
		const shown = job({ prompt_id: 'p1', own: true, job_id: 'job-1' });
		expect(layOver(server([shown]), [reservation()], now).queue).toHaveLength(1);
	});

	it('is found in a prompt of the same model that came after it', () => {
		const shown = job({ age_seconds: 3 });
		const laid = layOver(server([shown]), [reservation({ made_seconds_ago: 5 })], now);
		expect(laid.queue).toHaveLength(1);
		expect(laid.found).toEqual([{ id: 'r1', prompt_id: 'p0' }]);
	});

	it('is not found in a prompt that was there before it, nor in another model', () => {
		const one = reservation({ made_seconds_ago: 5 });
		for (const stranger of [job({ age_seconds: 60 }), job({ model_name: 'light' })]) {
			const laid = layOver(server([stranger]), [one], now);
			expect(laid.queue).toHaveLength(2);
			expect(laid.found).toEqual([]);
		}
	});

	it('takes one prompt each: the older reservation the first', () => {
		const shown = job({ age_seconds: 1 });
		const both = [
			reservation({ id: 'young', made_seconds_ago: 2 }),
			reservation({ id: 'old', made_seconds_ago: 9 }),
		];
		const laid = layOver(server([shown]), both, now);
		expect(laid.found).toEqual([{ id: 'old', prompt_id: 'p0' }]);
		expect(laid.queue).toHaveLength(2);
	});
});

describe('which server is meant', () => {
	it('is said by the address where both know it, else by the name', () => {
		const here = server([], { url: 'http://gpu:8188/' });
		const count = (rest: Partial<Reservation>) => layOver(here, [reservation(rest)], now).queue;
		expect(count({ server: 'another name', server_url: 'http://GPU:8188' })).toHaveLength(1);
		expect(count({ server: 's1', server_url: 'http://other:8188' })).toHaveLength(0);
		expect(count({ server: 's1', server_url: null })).toHaveLength(1);
		expect(count({ server: 's2', server_url: null })).toHaveLength(0);
	});
});

describe('the fleet with reservations', () => {
	it('leaves out the ones the caller counts itself, and what it was given as it was', () => {
		const fleet = { servers: [server()] };
		const book = { reservations: [reservation()], waiting: [] };
		expect(withReservations(fleet, book, () => now, new Set(['r1'])).fleet).toBe(fleet);
		withReservations(fleet, book, () => now);
		expect(fleet.servers[0]?.queue).toEqual([]);
	});

	it('takes the memory off a GPU that is shared with a server of another fleet', () => {
		const fleet = { servers: [server([], { gpu_group: 'card' }), server([], { name: 's2' })] };
		const stranger = reservation({ server: 'elsewhere', gpu_group: 'card' });
		const { servers } = withReservations(
			fleet,
			{ reservations: [stranger], waiting: [] },
			() => now,
		).fleet;
		expect(servers.map((one) => one.devices[0]?.vram_free)).toEqual([13e9, 23e9]);
	});

	it('counts every reservation exactly once, whatever the queue shows', () => {
		const shown = fc.record({
			prompt: fc.constantFrom('p1', 'p2', 'p3', 'p4'),
			own: fc.boolean(),
			model: fc.constantFrom('heavy', 'light'),
			age: fc.option(fc.integer({ min: 0, max: 60 })),
		});
		const held = fc.record({
			id: fc.constantFrom('a', 'b', 'c', 'd'),
			prompt: fc.option(fc.constantFrom('p1', 'p2', 'p3', 'p4')),
			submitted: fc.option(fc.integer({ min: 0, max: 60 })),
			made: fc.integer({ min: 0, max: 60 }),
			model: fc.constantFrom('heavy', 'light'),
		});
		fc.assert(
			fc.property(
				fc.uniqueArray(shown, { selector: (one) => one.prompt }),
				fc.uniqueArray(held, { selector: (one) => one.id }),
				(queue, reservations) => {
					const jobs = queue.map((one, n) =>
						job({
							prompt_id: one.prompt,
							own: one.own,
							model_name: one.model,
							age_seconds: one.age,
							job_id: `job of ${one.prompt}`,
							queue_number: n,
						}),
					);
					const prompts = new Set<string>();
					const all = reservations.map((one) => {
						const prompt = one.prompt !== null && !prompts.has(one.prompt) ? one.prompt : null;
						if (prompt !== null) prompts.add(prompt);
						return reservation({
							id: one.id,
							job_id: `job of ${one.id}`,
							prompt_id: prompt,
							model_name: one.model,
							submitted_seconds_ago: prompt === null ? null : one.submitted,
							made_seconds_ago: one.made,
						});
					});
					const laid = layOver(server(jobs), all, now);
					const known = all.filter((one) => jobs.some((two) => two.prompt_id === one.prompt_id));
					const added = all.length - known.length - laid.found.length - laid.over.length;
					expect(laid.queue).toHaveLength(jobs.length + added);
					const claimed = [
						...known.map((one) => one.prompt_id),
						...laid.found.map((f) => f.prompt_id),
					];
					expect(new Set(claimed).size).toBe(claimed.length);
				},
			),
		);
	});
});
