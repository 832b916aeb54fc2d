import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ModelRouter } from '../../../lib/router/model-router';
import type { ServedLately, WaitingRequest } from '../../../lib/selection/types';
import { catalogOf, fleetOf, NOW_MS, selected, serverOf } from './builders';

const catalog = catalogOf([
	{ name: 'photo', quality: 0.8, loadSeconds: 10, presets: [{ seconds: 10 }] },
	{ name: 'poster', purposes: { poster: 0.8 }, loadSeconds: 10, presets: [{ seconds: 10 }] },
]);
const router = new ModelRouter(catalog);

interface Job {
	id: string;
	user: string | undefined;
	arrives: number;
	purpose?: string;
	urgency?: string;
	deadline?: number;
}

interface Ended {
	id: string;
	user: string;
	waited: number;
}

/** One server that is given its next job whenever it is free, until nothing waits. */
function simulate(jobs: Job[], remember = true): Ended[] {
	const served = new Map<string, number>();
	const ended: Ended[] = [];
	let now = 0;
	let loaded: string | null = null;
	let waiting = [...jobs];
	while (waiting.length > 0) {
		const here = waiting.filter((job) => job.arrives <= now);
		if (here.length === 0) {
			now = Math.min(...waiting.map((job) => job.arrives));
			continue;
		}
		const requests = here.map((job): WaitingRequest => ({
			request: {
				purpose: job.purpose ?? 'photo',
				job_id: job.id,
				urgency: job.urgency ?? 'normal',
				deadline_seconds: job.arrives + (job.deadline ?? 90) - now,
				explain: false,
				...(job.user === undefined ? {} : { user_id: job.user }),
			},
			waiting_seconds: now - job.arrives,
		}));
		const lately: ServedLately[] = [...served].map(([user_id, gpu_seconds]) => ({
			user_id,
			gpu_seconds,
		}));
		const { start } = router.dispatch(requests, fleetOf(serverOf('a', { loaded_model: loaded })), {
			nowMs: NOW_MS + now * 1000,
			...(remember ? { served: lately } : {}),
		});
		expect(start).toHaveLength(1);
		const first = selected(start[0] as (typeof start)[0]);
		const job = here.find(({ id }) => id === first.job_id) as Job;
		const seconds = first.estimate.load_seconds + first.estimate.run_seconds;
		served.set(job.user ?? '', (served.get(job.user ?? '') ?? 0) + seconds);
		ended.push({ id: job.id, user: job.user ?? '', waited: now - job.arrives });
		loaded = first.model_name;
		now += seconds;
		waiting = waiting.filter((one) => one !== job);
	}
	return ended;
}

const flood = (user: string | undefined, count: number, more: Partial<Job> = {}): Job[] =>
	Array.from({ length: count }, (_, n) => ({ id: `${user}-${n}`, user, arrives: 0, ...more }));
const drip = (
	user: string | undefined,
	count: number,
	every: number,
	more: Partial<Job> = {},
): Job[] =>
	Array.from({ length: count }, (_, n) => ({
		id: `drip-${n}`,
		user,
		arrives: 5 + n * every,
		...more,
	}));
const longest = (ended: Ended[]): number =>
	Math.max(...ended.filter(({ id }) => id.startsWith('drip')).map(({ waited }) => waited));

describe('a flood of one user', () => {
	it('does not keep another waiting, where by deadline alone it would', () => {
		const asOne = simulate([...flood(undefined, 60), ...drip(undefined, 8, 60)]);
		expect(longest(asOne)).toBeGreaterThan(150);
		const fair = simulate([...flood('ana', 60), ...drip('bob', 8, 60)]);
		expect(longest(fair)).toBeLessThan(30);
	});

	it('does not, even where nobody tells what was served lately, or where the backlog has aged', () => {
		expect(longest(simulate([...flood('ana', 60), ...drip('bob', 8, 60)], false))).toBeLessThan(
			100,
		);
		const aged = simulate([...flood('ana', 60, { deadline: 5 }), ...drip('bob', 8, 60)]);
		expect(longest(aged)).toBeLessThan(60);
	});

	it('does not, where the other needs another model', () => {
		const ended = simulate([...flood('ana', 60), ...drip('bob', 8, 60, { purpose: 'poster' })]);
		expect(longest(ended)).toBeLessThan(90);
	});

	it('still gets all that others leave', () => {
		const ended = simulate([...flood('ana', 30), ...drip('bob', 3, 100)]);
		expect(ended.filter(({ user }) => user === 'ana')).toHaveLength(30);
		expect(ended.slice(0, 1)[0]?.user).toBe('ana');
	});

	it('of urgent jobs is not held up by turns of jobs that have time', () => {
		const ended = simulate([
			...flood('ana', 4, { urgency: 'urgent', deadline: 15 }),
			...flood('bob', 4, { urgency: 'flexible', deadline: 3600 }),
		]);
		expect(ended[0]?.user).toBe('ana');
	});
});

describe('turns', () => {
	it('keep users with a backlog within a few runs of each other', () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 2, max: 4 }),
				fc.integer({ min: 10, max: 25 }),
				(users, jobs) => {
					const names = ['ana', 'bob', 'cem', 'dua'].slice(0, users);
					const ended = simulate(names.flatMap((name, n) => flood(name, jobs + 10 * n)));
					const given = new Map(names.map((name) => [name, 0]));
					// as long as all of them wait, and late: once few are left, all can be on time
					for (const { user } of ended.slice(0, users * (jobs - 8))) {
						given.set(user, (given.get(user) ?? 0) + 1);
						const counts = [...given.values()];
						expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(6);
					}
				},
			),
			{ numRuns: 10 },
		);
	});

	const requestArb = fc.record({
		deadline: fc.integer({ min: -50, max: 200 }),
		waited: fc.integer({ min: 0, max: 400 }),
		urgency: fc.constantFrom('urgent', 'normal', 'flexible'),
		purpose: fc.constantFrom('photo', 'poster'),
	});
	const dispatched = (
		requests: { deadline: number; waited: number }[],
		userOf: (n: number) => string | null,
	) =>
		router.dispatch(
			requests.map(({ deadline, waited, ...request }, n) => ({
				request: {
					...request,
					job_id: `j${n}`,
					deadline_seconds: deadline,
					explain: false,
					...(userOf(n) === null ? {} : { user_id: userOf(n) }),
				},
				waiting_seconds: waited,
			})),
			fleetOf(serverOf('a'), serverOf('b', { loaded_model: 'photo' })),
			{ nowMs: NOW_MS, served: [{ user_id: 'ana', gpu_seconds: 500 }] },
		);
	const jobsIn = ({ start, waiting }: ReturnType<typeof dispatched>) => [
		start.map(({ job_id }) => job_id),
		waiting,
	];

	it('change nothing for a single user', () => {
		fc.assert(
			fc.property(fc.array(requestArb, { minLength: 1, maxLength: 12 }), (requests) => {
				expect(jobsIn(dispatched(requests, () => 'ana'))).toEqual(
					jobsIn(dispatched(requests, () => null)),
				);
			}),
		);
	});

	it('change nothing while everybody can be on time', () => {
		fc.assert(
			fc.property(fc.array(requestArb, { minLength: 2, maxLength: 6 }), (requests) => {
				const roomy = requests.map((request) => ({
					...request,
					deadline: 400 + request.deadline,
					waited: 0,
				}));
				const several = dispatched(roomy, (n) => (n % 2 === 0 ? 'ana' : 'bob'));
				expect(jobsIn(several)).toEqual(jobsIn(dispatched(roomy, () => null)));
			}),
		);
	});

	it('lose and invent no job', () => {
		fc.assert(
			fc.property(
				fc.array(requestArb, { minLength: 1, maxLength: 15 }),
				fc.array(fc.nat(2), { minLength: 15, maxLength: 15 }),
				(requests, users) => {
					const { start, waiting } = dispatched(requests, (n) => `user-${users[n]}`);
					const ids = [...start, ...waiting].map(({ job_id }) => job_id).sort();
					expect(ids).toEqual(requests.map((_, n) => `j${n}`).sort());
				},
			),
		);
	});
});
