/** Loading ahead in a replay: every minute, on idle servers, at the price of its GPU time. */
import { describe, expect, it } from 'vitest';

import type { FleetView } from '../../../simulator/replay/types';
import { fleet, lateInOrder, photo, run, scripted, server, tending, truth } from './lab';

/** `big` loads in 4 s and runs 10 s; a job at 90 s that is due in 11 s needs it warm. */
const HURRIED = photo(90, { deadlineSeconds: 11 });
const big = scripted({ model: 'big' });

describe('loading ahead', () => {
	it('makes a model resident for the jobs to come, and counts its load and its time', () => {
		const trace = [photo(0), HURRIED];
		const small = scripted({ model: 'small' }, { model: 'big' });
		const without = run({ trace, policy: small });
		const tended = scripted({ model: 'small' }, { model: 'big' });
		const result = run({ trace, policy: tending(tended, 'big') });
		expect(without.outcomes.map((one) => one.onTime)).toEqual([true, false]);
		expect(result.outcomes.map((one) => one.onTime)).toEqual([true, true]);
		expect(result.outcomes[1]!.loadSeconds).toBe(0);
		expect(result.swaps).toBe(2);
		// small 1 + 2 s, the load 4 s and the smallest of runs, big 10 s
		expect(result.busySeconds[0]).toBeGreaterThan(17);
		expect(result.busySeconds[0]).toBeLessThan(18.5);
	});

	it('is asked for every minute until the last arrival', () => {
		const times: number[] = [];
		const watch = ({ nowSeconds }: FleetView) => void times.push(nowSeconds);
		const trace = [photo(0), photo(200)];
		run({ trace, policy: tending(big, 'big', watch) });
		expect(times).toEqual([60, 120, 180]);
	});

	it('leaves a server alone that is busy or down, and does not ask while jobs wait', () => {
		const jobs = [0, 1, 2, 3, 4, 5, 6].map((at) => photo(at, { deadlineSeconds: 500 }));
		const trace = [...jobs, photo(65)];
		expect(run({ trace, policy: tending(big, 'small') }).swaps).toBe(1);
		const asked: number[] = [];
		const late = tending(lateInOrder('big'), 'small', (view) => void asked.push(view.nowSeconds));
		run({ trace, policy: late });
		expect(asked).toEqual([]);
		const away = truth({ failures: [{ server: 'one', at_seconds: 50, for_seconds: 20 }] });
		const result = run({
			trace: [photo(0), photo(65)],
			truth: away,
			policy: tending(big, 'small'),
		});
		expect(result.swaps).toBe(2);
	});

	it('makes a job that comes meanwhile wait, and shows it the load', () => {
		const views: FleetView[] = [];
		const policy = scripted({ model: 'big' });
		const watching = {
			...policy,
			create: (context: Parameters<typeof policy.create>[0]) => {
				const made = policy.create(context);
				if (made.kind !== 'commit') throw new TypeError('A commit policy was scripted.');
				const decide: typeof made.decide = (job, view) => {
					views.push({ ...view, snapshot: () => view.snapshot() });
					return made.decide(job, view);
				};
				return { ...made, decide };
			},
		};
		const trace = [photo(0), photo(61), photo(100)];
		const result = run({ trace, policy: tending(watching, 'small') });
		const [load] = views[1]!.servers[0]!.jobs;
		expect(load).toMatchObject({ modelName: 'small', running: true, deadlineAtSeconds: null });
		expect(load!.remainingSeconds).toBeGreaterThan(0);
		expect(result.outcomes[1]!.startedAtSeconds).toBeGreaterThan(61);
	});

	it('is lost with a server that goes down, and is nobody else', () => {
		const policy = tending(scripted({ model: 'small' }), 'big');
		const away = truth({ failures: [{ server: 'one', at_seconds: 61, for_seconds: 5 }] });
		const result = run({ trace: [photo(0), photo(70)], truth: away, policy });
		expect(result.outcomes.map(({ status }) => status)).toEqual(['done', 'done']);
		expect(result.outcomes[1]!.loadSeconds).toBe(1);
	});

	it('takes the true times of the model, not those that the catalog gives', () => {
		const trace = [photo(0), photo(66, { deadlineSeconds: 11 })];
		const slow = truth({ load_factor: { big: 3 } });
		const script = () => tending(scripted({ model: 'small' }, { model: 'big' }), 'big');
		const result = run({ trace, policy: script(), truth: slow });
		expect(run({ trace, policy: script() }).outcomes[1]!.onTime).toBe(true);
		expect(result.outcomes[1]!.startedAtSeconds).toBeGreaterThan(72);
	});

	it('happens on the server that it names', () => {
		const two = fleet(server('one', { loaded_model: 'small' }), server('two'));
		const policy = tending(scripted({ model: 'small', server: 1 }), 'big');
		const result = run({ trace: [photo(0), photo(70)], fleet: two, policy });
		expect(result.busySeconds[0]).toBeGreaterThan(4);
		expect(result.swaps).toBe(2);
	});
});
