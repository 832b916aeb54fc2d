import { describe, expect, it } from 'vitest';

import type { ReplayResult } from '../../../simulator/replay/types';
import { fleet, lateInOrder, photo, run, scripted, server, truth, twoModels } from './lab';

/** Start of each job's last run, in the trace's order. */
function starts(result: ReplayResult): (number | null)[] {
	return result.outcomes.map((outcome) => outcome.startedAtSeconds);
}

function ends(result: ReplayResult): number[] {
	return result.outcomes.map((outcome) => outcome.endedAtSeconds);
}

describe('queue', () => {
	it('runs one job after the other in order of arrival when the server counts', () => {
		const result = run({
			trace: [photo(0), photo(1), photo(2)],
			policy: scripted({ model: 'small' }),
		});
		expect(starts(result)).toEqual([0, 3, 5]);
		expect(ends(result)).toEqual([3, 5, 7]);
	});

	it('runs the lowest number next and never interrupts the running job', () => {
		const policy = scripted(
			{ model: 'small', number: 5 },
			{ model: 'small', number: 9 },
			{ model: 'small', number: -1.5 },
			{ model: 'small', number: 9 },
		);
		const result = run({ trace: [photo(0), photo(1), photo(1), photo(1)], policy });
		expect(starts(result)).toEqual([0, 5, 3, 7]);
	});

	it('counts on from zero for jobs without a number, whatever numbers others were given', () => {
		const policy = scripted(
			{ model: 'small' },
			{ model: 'small', number: 700 },
			{ model: 'small' },
		);
		const result = run({ trace: [photo(0), photo(1), photo(1)], policy });
		expect(starts(result)).toEqual([0, 5, 3]);
	});

	it('begins with what was queued in the fleet file, known and unknown to the catalog', () => {
		const queue = [
			{
				job_id: 'x',
				model_name: 'small',
				remaining_seconds: 6,
				deadline_seconds: null,
				queue_number: 4,
				running: true,
			},
			{
				job_id: 'y',
				model_name: null,
				remaining_seconds: 5,
				deadline_seconds: null,
				queue_number: 5,
				running: false,
			},
		];
		const result = run({
			fleet: fleet(server('one', { queue, loaded_model: 'small' })),
			trace: [photo(0)],
			policy: scripted({ model: 'small' }),
		});
		// after the foreign graph the model is cold: 6 + 5 s of waiting, 1 s load, 2 s run
		expect(starts(result)).toEqual([11]);
		expect(ends(result)).toEqual([14]);
		expect(result.outcomes).toHaveLength(1);
		expect(result.busySeconds).toEqual([3]);
	});
});

describe('models', () => {
	it('loads when the model changes and only then', () => {
		const policy = scripted(
			{ model: 'small' },
			{ model: 'small' },
			{ model: 'big' },
			{ model: 'small' },
		);
		const result = run({ trace: [photo(0), photo(0), photo(0), photo(0)], policy });
		expect(result.outcomes.map((outcome) => outcome.loadSeconds)).toEqual([1, 0, 4, 1]);
		expect(ends(result)).toEqual([3, 5, 19, 22]);
		expect(result.swaps).toBe(3);
	});

	it('finds the model that the fleet file says is resident warm', () => {
		const result = run({
			fleet: fleet(server('one', { loaded_model: 'big' })),
			trace: [photo(0)],
			policy: scripted({ model: 'big' }),
		});
		expect(ends(result)).toEqual([10]);
		expect(result.swaps).toBe(0);
	});

	it('keeps models with the same weights warm for each other', () => {
		const catalog = twoModels();
		catalog.models[1]!.files = { checkpoint: 'big.safetensors' };
		const policy = scripted({ model: 'big' }, { model: 'small' });
		const result = run({ catalog, trace: [photo(0), photo(0)], policy });
		expect(ends(result)).toEqual([14, 16]);
		expect(result.swaps).toBe(1);
	});

	it('divides the run, not the load, by the speed factor', () => {
		const result = run({
			fleet: fleet(server('one', { speed_factor: 2 })),
			trace: [photo(0)],
			policy: scripted({ model: 'big' }),
		});
		expect(ends(result)).toEqual([9]);
	});

	it('takes time and load factors from the truth', () => {
		const result = run({
			trace: [photo(0)],
			truth: truth({ time_factor: { big: 1.5 }, load_factor: { big: 0.5 } }),
			policy: scripted({ model: 'big' }),
		});
		expect(ends(result)).toEqual([17]);
	});
});

describe('noise', () => {
	const noisy = truth({ noise_cv: 0.2, tail_probability: 0.2, tail_factor: 3 });
	const trace = Array.from({ length: 50 }, (_, i) => photo(20 * i));
	const runs = (seed: number, model: string): number[] =>
		run({ trace, truth: noisy, seed, policy: scripted({ model }) }).outcomes.map(
			(o) => o.runSeconds,
		);

	it('is the same for the same seed and another for another', () => {
		expect(runs(1, 'small')).toEqual(runs(1, 'small'));
		expect(runs(1, 'small')).not.toEqual(runs(2, 'small'));
	});

	it('belongs to the job: every candidate of it meets the same luck', () => {
		const small = runs(1, 'small');
		runs(1, 'big').forEach((seconds, i) =>
			expect(seconds / 10).toBeCloseTo((small[i] as number) / 2, 12),
		);
	});
});

describe('failures', () => {
	it('loses the running and the queued jobs of a server that goes down and decides them again', () => {
		const result = run({
			fleet: fleet(server('one'), server('two')),
			trace: [photo(0), photo(0)],
			truth: truth({ failures: [{ server: 'one', at_seconds: 5, for_seconds: 100 }] }),
			policy: scripted({ model: 'big' }, { model: 'big' }, { model: 'big', server: 1 }),
		});
		expect(result.outcomes.map((outcome) => outcome.serverIndex)).toEqual([1, 1]);
		expect(ends(result)).toEqual([19, 29]);
		expect(result.outcomes.map((outcome) => outcome.attempts)).toEqual([2, 2]);
		// 5 s of the lost run, 4 + 10 + 10 s of the others
		expect(result.busySeconds).toEqual([5, 24]);
		expect(result.costTotal).toBeCloseTo(29);
	});

	it('holds jobs while no server is up, and finds the card empty afterwards', () => {
		const result = run({
			fleet: fleet(server('one', { loaded_model: 'small' })),
			trace: [photo(0), photo(3)],
			truth: truth({ failures: [{ server: 'one', at_seconds: 1, for_seconds: 9 }] }),
			policy: scripted({ model: 'small' }),
		});
		expect(starts(result)).toEqual([10, 13]);
		expect(ends(result)).toEqual([13, 15]);
	});

	it('refuses what still waits when the fleet never comes back', () => {
		const result = run({
			fleet: fleet(server('one', { reachable: false })),
			trace: [photo(0)],
			policy: scripted({ model: 'small' }),
		});
		expect(result.outcomes[0]?.status).toBe('rejected');
	});
});

describe('late binding', () => {
	it('asks when jobs arrive and when a server is free, with all that wait', () => {
		const seen: [number, number][] = [];
		const policy = lateInOrder('small', (waiting, view) =>
			seen.push([view.nowSeconds, waiting.length]),
		);
		const result = run({ trace: [photo(0), photo(1), photo(1)], policy });
		expect(starts(result)).toEqual([0, 3, 5]);
		expect(seen).toEqual([
			[0, 1],
			[1, 2],
			[3, 2],
			[5, 1],
		]);
	});

	it('asks again and again while a server is idle, and gives up a policy that never starts a job', () => {
		let asked = 0;
		const policy = lateInOrder('no such model', () => asked++);
		const result = run({ trace: [photo(0)], policy });
		expect(result.outcomes[0]?.status).toBe('rejected');
		expect(asked).toBeGreaterThan(1000);
	});

	it('gives lost jobs back to those that wait', () => {
		const result = run({
			fleet: fleet(server('one'), server('two')),
			trace: [photo(0)],
			truth: truth({ failures: [{ server: 'one', at_seconds: 2, for_seconds: 5 }] }),
			policy: lateInOrder('small'),
		});
		expect(result.outcomes[0]).toMatchObject({
			serverIndex: 1,
			startedAtSeconds: 2,
			endedAtSeconds: 5,
		});
	});
});

describe('faults of a policy or a file', () => {
	it('refuses a policy that binds to a server that is down', () => {
		const broken = run.bind(null, {
			fleet: fleet(server('one', { reachable: false }), server('two')),
			trace: [photo(0)],
			policy: scripted({ model: 'small', server: 0 }),
		});
		expect(broken).toThrow(/down/);
	});

	it('names a server of the truth that the fleet does not have', () => {
		const failures = [{ server: 'three', at_seconds: 1, for_seconds: 1 }];
		const broken = (): unknown =>
			run({ trace: [photo(0)], truth: truth({ failures }), policy: scripted({ model: 'small' }) });
		expect(broken).toThrow(/three/);
	});

	it('names an urgency without a target', () => {
		const trace = [photo(0, { urgency: 'someday', deadlineSeconds: null })];
		expect(() => run({ trace, policy: scripted({ model: 'small' }) })).toThrow(/someday/);
	});
});
