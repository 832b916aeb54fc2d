import { describe, expect, it } from 'vitest';

import { DemandMeter } from '../../../simulator/replay/demand';
import { Learner } from '../../../simulator/replay/learner';
import { pendingJobs } from '../../../simulator/replay/jobs';
import type {
	FleetView,
	PendingJob,
	PolicyDefinition,
	TraceJob,
} from '../../../simulator/replay/types';
import { commitPolicy, fleet, photo, run, server, truth, twoModels } from './lab';

/** Runs `big` on everything and keeps what the policy was shown. */
function views(input: Parameters<typeof run>[0] | object): FleetView[] {
	const seen: FleetView[] = [];
	const policy = commitPolicy((job, view) => {
		// the fleet goes on changing: kept as it is now
		const snapshot = view.snapshot();
		seen.push({ ...view, snapshot: () => snapshot });
		return { candidate: view.candidates(job)[0]!, serverIndex: 0, queueNumber: null };
	});
	run({
		trace: [photo(0), photo(1), photo(6)],
		...input,
		policy: { ...policy, ...overrides(input) },
	});
	return seen;
}

function overrides(input: object): Partial<PolicyDefinition> {
	return 'policy' in input ? (input.policy as Partial<PolicyDefinition>) : {};
}

describe('what a policy sees', () => {
	it('is believed time left, load included, in running order', () => {
		const last = views({})[2]!;
		const [one] = last.servers;
		// at 6 s: the first has run 6 of its 14 s, the second is warm after it
		expect(one!.jobs.map((job) => [job.jobId, job.remainingSeconds, job.running])).toEqual([
			['job-0', 8, true],
			['job-1', 10, false],
		]);
		expect(one!.freeInSeconds).toBe(18);
		expect(one!.modelAfterQueue).toBe('big');
	});

	it('is not the truth: a slow run seems nearly done for as long as it takes', () => {
		const slow = views({ truth: truth({ time_factor: { big: 9 } }), trace: [photo(0), photo(40)] });
		expect(slow[1]!.servers[0]!.jobs[0]!.remainingSeconds).toBeCloseTo(1.4);
	});

	it('is the truth for a policy that knows it', () => {
		const known = views({
			truth: truth({ time_factor: { big: 9 } }),
			trace: [photo(0), photo(40)],
			policy: { knows: 'truth' },
		});
		expect(known[1]!.servers[0]!.jobs[0]!.remainingSeconds).toBeCloseTo(54);
	});

	it('has the public shape, with the memory that the resident model holds as evictable', () => {
		const [, , last] = views({});
		const [shown] = last!.snapshot().servers;
		expect(shown).toMatchObject({
			name: 'one',
			reachable: true,
			hourly_cost: 3600,
			speed_factor: 1,
			vram_reserve_gb: 0.5,
			loaded_model: null,
			queue: [
				{
					job_id: 'job-0',
					model_name: 'big',
					remaining_seconds: 8,
					deadline_seconds: 94,
					running: true,
				},
				{
					job_id: 'job-1',
					model_name: 'big',
					remaining_seconds: 10,
					deadline_seconds: 95,
					running: false,
				},
			],
		});
		const warm = views({ fleet: fleet(server('one', { loaded_model: 'big' })) });
		expect(warm[0]!.snapshot().servers[0]!.devices[0]).toMatchObject({
			vram_total: 24e9,
			vram_free: 6e9,
			torch_vram_total: 18e9,
			torch_vram_free: 0,
		});
	});

	it('is corrected by finished jobs for a policy that learns, and for no other', () => {
		const input = {
			truth: truth({ time_factor: { big: 2 }, vram_factor: { big: 1.1 } }),
			trace: [photo(0), photo(100)],
		};
		const [, learned] = views({ ...input, policy: { learns: true } });
		expect(learned!.calibration).toMatchObject([
			{
				model_name: 'big',
				preset: null,
				server: null,
				samples: 1,
				vram_factor: expect.closeTo(1.1),
			},
		]);
		expect(learned!.calibration[0]!.time_factor).toBeGreaterThan(1.5);
		expect(
			views({ ...input, policy: { learns: true }, calibration: false })[1]!.calibration,
		).toEqual([]);
		expect(views(input)[1]!.calibration).toEqual([]);
	});
});

describe('the learner', () => {
	const seen = (runRatio: number | null, peakRatio = 1): Parameters<Learner['observe']>[0] => ({
		modelName: 'm',
		runRatio,
		loadRatio: null,
		peakRatio,
	});

	it('trusts few runs less than many, and one outlier hardly', () => {
		const few = new Learner();
		few.observe(seen(1.3));
		const many = new Learner();
		for (let i = 0; i < 20; i++) many.observe(seen(i === 7 ? 5 : 1.3));
		const factorOf = (learner: Learner): number => learner.entries()[0]!.time_factor;
		expect(factorOf(few)).toBeGreaterThan(1);
		expect(factorOf(few)).toBeLessThan(factorOf(many));
		expect(factorOf(many)).toBeCloseTo(1.3, 1);
	});

	it('takes an out-of-memory failure as a peak above what was there', () => {
		const learner = new Learner();
		learner.observe(seen(null, 1.08));
		expect(learner.entries()[0]).toMatchObject({ samples: 0, time_factor: 1 });
		expect(learner.entries()[0]!.vram_factor).toBeGreaterThan(1.08);
	});

	it('follows what is new and forgets what is old', () => {
		const learner = new Learner();
		for (let i = 0; i < 100; i++) learner.observe(seen(1));
		for (let i = 0; i < 100; i++) learner.observe(seen(2));
		expect(learner.entries()[0]!.time_factor).toBeCloseTo(2, 1);
	});
});

const job = (at: number, changes: Partial<TraceJob> = {}): PendingJob =>
	pendingJobs({ catalog: twoModels(), trace: [photo(at, changes)] })[0]!;

describe('the demand meter', () => {
	it('reads the rate of a steady stream and lets it fade', () => {
		const meter = new DemandMeter();
		for (let t = 0; t <= 3000; t += 10) meter.arrived(job(t), t);
		expect(meter.read(3000).arrivals_per_second).toBeCloseTo(0.1, 2);
		expect(meter.read(4500).arrivals_per_second).toBeLessThan(0.01);
	});

	it('knows nothing before the first job, and the mean of finished ones after', () => {
		const meter = new DemandMeter();
		expect(meter.read(5)).toEqual({ arrivals_per_second: 0 });
		meter.arrived(job(5), 5);
		meter.finished(12);
		expect(meter.read(6).gpu_seconds_per_job).toBe(12);
	});

	it('counts what was asked for by kind, whatever the moment and the user, and lets it fade', () => {
		const meter = new DemandMeter();
		for (let t = 0; t < 100; t += 10) meter.arrived(job(t, { userId: `user ${t}` }), t);
		meter.arrived(job(100, { deadlineSeconds: 5 }), 100);
		const [often, once, ...others] = meter.kinds(100);
		expect(others).toEqual([]);
		expect(often).toMatchObject({ asked: { purpose: 'photo', userId: null } });
		expect(often!.share).toBeGreaterThan(9.5);
		expect(once!.share).toBe(1);
		expect(once!.asked.deadlineSeconds).toBeCloseTo(5, 0);
		expect(meter.kinds(1900)[1]!.share).toBeCloseTo(Math.exp(-1), 6);
	});

	it('keeps kinds few, whatever deadlines there are', () => {
		const meter = new DemandMeter();
		for (let n = 0; n < 1000; n++) meter.arrived(job(n, { deadlineSeconds: 300 + n }), n);
		expect(meter.kinds(1000).length).toBeLessThan(15);
	});
});
