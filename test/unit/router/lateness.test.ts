import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
	catalogOf,
	fleetOf,
	type ModelDraft,
	queued,
	rejected,
	select,
	selected,
	serverOf,
} from './builders';

describe('refusing lateness', () => {
	const tooSlow: ModelDraft[] = [
		{ name: 'better', quality: 0.9, presets: [{ seconds: 60 }] },
		{ name: 'worse', quality: 0.5, presets: [{ seconds: 40 }] },
	];

	it('the deadline that is said to be the least is accepted, and hardly less is not', () => {
		const drafts = fc.record({
			seconds: fc.double({ min: 0.5, max: 100_000, noNaN: true }),
			load: fc.double({ min: 0, max: 1000, noNaN: true }),
			confidence: fc.constantFrom('measured', 'published', 'estimated'),
			urgency: fc.constantFrom('urgent', 'normal', 'flexible'),
		});
		fc.assert(
			fc.property(drafts, ({ seconds, load, confidence, urgency }) => {
				const presets = [{ seconds, confidence } as const];
				const catalog = catalogOf([{ name: 'm', loadSeconds: load, presets }]);
				const fleet = fleetOf(serverOf('a'));
				const ask = (deadline: number) =>
					select(catalog, fleet, { urgency, if_late: 'reject', deadline_seconds: deadline });
				const { rejection } = rejected(ask(0.001));
				const least = rejection.least_deadline_seconds as number;
				expect(ask(least).decision).toBe('selected');
				expect(ask(least * (1 - 1e-5) - 0.002).decision).toBe('rejected');
			}),
			{ numRuns: 400 },
		);
	});

	it('shows the best candidate of each model as late, the nearest one too', () => {
		const answer = select(catalogOf(tooSlow), fleetOf(serverOf('a')), {
			deadline_seconds: 5,
			if_late: 'reject',
		});
		const { alternatives, rejection } = rejected(answer);
		expect(rejection.code).toBe('LATE');
		expect(alternatives.map((one) => [one.model_name, one.reason_code])).toEqual([
			['worse', 'LATE'],
			['better', 'LATE'],
		]);
		expect(alternatives[0]?.reason).toMatch(/90 % are wanted/);
	});
});

describe('degraded', () => {
	const models: ModelDraft[] = [
		{ name: 'best', quality: 0.9, peakGb: 20 },
		{ name: 'small', quality: 0.5, peakGb: 8 },
	];
	const catalog = catalogOf(models);
	const choice = (...servers: Parameters<typeof fleetOf>) => {
		const answer = selected(select(catalog, fleetOf(...servers), {}));
		return [answer.model_name, answer.degraded];
	};
	const weak = serverOf('weak', { freeGb: 10 });

	it('is said where the better server takes no more jobs', () => {
		const full = serverOf('strong', { max_queue: 1, queue: [queued()] });
		expect(choice(full, weak)).toEqual(['small', true]);
	});

	it('is not said where the better server never takes any', () => {
		expect(choice(serverOf('strong', { max_queue: 0 }), weak)).toEqual(['small', false]);
	});

	it('is said where jobs of a server on the same GPU will take the memory', () => {
		const sibling = serverOf('b', {
			gpu_group: 'g',
			max_queue: 1,
			queue: [queued({ model_name: 'small' })],
		});
		expect(choice(serverOf('a', { gpu_group: 'g' }), sibling)).toEqual(['small', true]);
	});

	it('is said where only the queue makes the better model too dear', () => {
		const cheap = catalogOf([
			{ ...models[0]!, loadSeconds: 50 },
			{ ...models[1]!, loadSeconds: 1 },
		]);
		const server = serverOf('a', {
			loaded_model: 'best',
			queue: [queued({ remaining_seconds: 1 })],
		});
		const answer = selected(select(cheap, fleetOf(server), { max_cost: 0.0015 }));
		expect([answer.model_name, answer.degraded]).toEqual(['small', true]);
	});
});

describe('the wait behind jobs of known models whose rest is not known', () => {
	const catalog = catalogOf([
		{ name: 'first', loadSeconds: 7, presets: [{ seconds: 20 }] },
		{ name: 'second', loadSeconds: 3, presets: [{ seconds: 4 }] },
	]);
	const waitOn = (more: Parameters<typeof serverOf>[1]) =>
		selected(select(catalog, fleetOf(serverOf('a', more)), { deadline_seconds: 900 })).estimate
			.queue_seconds;
	const job = (model: string, running = false) =>
		queued({ model_name: model, remaining_seconds: null, running });

	it('counts the loads that each of them needs', () => {
		const queue = [job('first', true), job('second'), job('second'), job('first')];
		expect(waitOn({ loaded_model: 'first', queue })).toBe(20 + (3 + 4) + 4 + (7 + 20));
	});

	it('counts the speed of the server', () => {
		expect(waitOn({ loaded_model: 'first', speed_factor: 2, queue: [job('first', true)] })).toBe(
			10,
		);
	});
});
