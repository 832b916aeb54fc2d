import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { SCENARIOS } from '../../../bench/slo/scenarios';
import { upperBound } from '../../../simulator/replay/bound';
import { replay } from '../../../simulator/replay/engine';
import { EventQueue } from '../../../simulator/replay/event-queue';
import { metricsOf, starvedCount } from '../../../simulator/replay/metrics';
import { BASELINES, POLICIES, policyNamed } from '../../../simulator/replay/policies';
import type { PolicyDefinition, ReplayInput } from '../../../simulator/replay/types';
import { commitPolicy, fleet, photo, scripted, server, truth, twoModels } from './lab';

/** Small worlds with everything in them: failures, co-tenants, noise, wrong beliefs. */
const worlds: fc.Arbitrary<Omit<ReplayInput, 'policy'>> = fc
	.record({
		seed: fc.nat(),
		servers: fc.array(fc.double({ min: 0.5, max: 2, noNaN: true }), { minLength: 1, maxLength: 3 }),
		jobs: fc.array(
			fc.record({
				at: fc.integer({ min: 0, max: 60 }),
				span: fc.integer({ min: 1, max: 80 }),
				floor: fc.constantFrom(0, 0.4, 0.9),
			}),
			{ minLength: 1, maxLength: 25 },
		),
		time: fc.double({ min: 0.5, max: 2, noNaN: true }),
		vram: fc.double({ min: 0.9, max: 1.3, noNaN: true }),
		outage: fc.option(fc.integer({ min: 0, max: 60 })),
		tenant: fc.option(fc.integer({ min: 0, max: 60 })),
		paging: fc.boolean(),
	})
	.map((world) => ({
		catalog: twoModels(),
		fleet: fleet(...world.servers.map((speed, i) => server(`s${i}`, { speed_factor: speed }))),
		trace: world.jobs
			.map(({ at, span, floor }) => photo(at, { deadlineSeconds: span, minQuality: floor }))
			.sort((a, b) => a.arrivalSeconds - b.arrivalSeconds),
		truth: truth({
			time_factor: { big: world.time },
			vram_factor: { big: world.vram },
			noise_cv: 0.1,
			tail_probability: 0.05,
			tail_factor: 3,
			failures:
				world.outage === null ? [] : [{ server: 's0', at_seconds: world.outage, for_seconds: 20 }],
			co_tenant:
				world.tenant === null
					? []
					: [{ server: 's0', at_seconds: world.tenant, for_seconds: 30, bytes: 9e9 }],
			dynamic_vram: world.paging,
		}),
		seed: world.seed,
	}));

const policies = fc.constantFrom(...POLICIES);

describe('every replay', () => {
	it('ends every job exactly once, whatever happens', () => {
		fc.assert(
			fc.property(worlds, policies, (world, policy) => {
				const { outcomes } = replay({ ...world, policy });
				expect(outcomes.map((outcome) => outcome.index)).toEqual(world.trace.map((_, i) => i));
			}),
			{ numRuns: 120 },
		);
	});

	it('runs one job at a time on a server, none before it arrived, none below its floor', () => {
		fc.assert(
			fc.property(worlds, policies, (world, policy) => {
				const { outcomes } = replay({ ...world, policy });
				const runs = outcomes
					.filter((outcome) => outcome.status === 'done')
					.sort((a, b) => (a.startedAtSeconds as number) - (b.startedAtSeconds as number));
				for (const one of runs) {
					expect(one.startedAtSeconds).toBeGreaterThanOrEqual(one.arrivedAtSeconds);
					expect(one.quality).toBeGreaterThanOrEqual(world.trace[one.index]!.minQuality);
				}
				world.fleet.servers.forEach((_, index) => {
					const here = runs.filter((outcome) => outcome.serverIndex === index);
					here.slice(1).forEach((next, i) => {
						expect(next.startedAtSeconds).toBeGreaterThanOrEqual(here[i]!.endedAtSeconds);
					});
				});
			}),
			{ numRuns: 80 },
		);
	});

	it('starves no job that this package holds back', () => {
		const late = policyNamed('router-late') as PolicyDefinition;
		let waited = 0;
		fc.assert(
			fc.property(worlds, (world) => {
				const result = replay({ ...world, policy: late });
				expect(starvedCount(result)).toBe(0);
				waited += starvedCount({
					...result,
					outcomes: result.outcomes.map((one) => ({
						...one,
						deadlineAtSeconds: one.arrivedAtSeconds,
					})),
				});
			}),
			{ numRuns: 40 },
		);
		// jobs do pass each other, or this shows nothing
		expect(waited).toBeGreaterThan(0);
	});

	it('gives the same result for the same input', () => {
		fc.assert(
			fc.property(worlds, policies, (world, policy) => {
				expect(replay({ ...world, policy })).toEqual(replay({ ...world, policy }));
			}),
			{ numRuns: 30 },
		);
	});
});

describe('the upper bound', () => {
	it('is exceeded by no policy', () => {
		fc.assert(
			fc.property(worlds, policies, (world, policy) => {
				const reached = metricsOf(replay({ ...world, policy })).effective_quality;
				expect(reached).toBeLessThanOrEqual(upperBound(world) + 1e-9);
			}),
			{ numRuns: 120 },
		);
	});

	it('allows a run that ends on its deadline to the last bit', () => {
		// 13 + 3.0000000000000018 is 16 in doubles, and due at 16
		const world = {
			catalog: twoModels(),
			fleet: fleet(server('s0', { loaded_model: 'small' })),
			trace: [photo(13, { deadlineSeconds: 3 })],
			truth: truth({ time_factor: { small: 3.0000000000000018 / 2 } }),
			seed: 0,
		};
		const reached = metricsOf(replay({ ...world, policy: scripted({ model: 'small' }) }));
		expect(reached.effective_quality).toBe(0.5);
		expect(upperBound(world)).toBeGreaterThanOrEqual(0.5);
	});

	it('knows that a late run leaves its weights to the next one', () => {
		// the first is late whatever is done; because it loads the model, the second has it warm: 10 s, due in 11
		const world = {
			catalog: twoModels(),
			fleet: fleet(),
			trace: [photo(0, { deadlineSeconds: 1 }), photo(20, { deadlineSeconds: 11 })],
			truth: truth(),
			seed: 0,
		};
		const reached = metricsOf(replay({ ...world, policy: scripted({ model: 'big' }) }));
		expect(reached.effective_quality).toBe(0.5);
		expect(upperBound(world)).toBeGreaterThanOrEqual(0.5);
	});

	it('is exceeded by no random schedule either', () => {
		fc.assert(
			fc.property(worlds, fc.array(fc.nat(), { minLength: 25, maxLength: 25 }), (world, dice) => {
				let n = 0;
				const random = commitPolicy((job, view) => {
					const die = dice[n++ % dice.length] as number;
					const up = view.servers.filter((entry) => entry.reachable);
					const candidates = view.candidates(job);
					const candidate = candidates[die % Math.max(1, candidates.length)];
					const target = up[(die >> 4) % up.length];
					return candidate && target
						? { candidate, serverIndex: target.index, queueNumber: die % 7 }
						: null;
				});
				const reached = metricsOf(replay({ ...world, policy: random })).effective_quality;
				expect(reached).toBeLessThanOrEqual(upperBound(world) + 1e-9);
			}),
			{ numRuns: 120 },
		);
	});

	it('is what one server can do when it is tight', () => {
		// ten jobs at once, due in 10 s, all warm: five small ones fit; fractions of the big one are worth no more
		const world = {
			catalog: twoModels(),
			fleet: fleet(server('one', { loaded_model: 'small' })),
			trace: Array.from({ length: 10 }, () => photo(0, { deadlineSeconds: 10 })),
			truth: truth(),
			seed: 1,
		};
		const reached = metricsOf(replay({ ...world, policy: scripted({ model: 'small' }) }));
		expect(reached.effective_quality).toBeCloseTo(0.25);
		// the last slot of five seconds counts whole: at most 15 s of work, 7.5 of ten jobs
		expect(upperBound(world)).toBeGreaterThanOrEqual(0.25);
		expect(upperBound(world)).toBeLessThanOrEqual(0.38);
	});

	it('is 1 where everything fits', () => {
		const world = {
			catalog: twoModels(),
			fleet: fleet(),
			trace: [photo(0)],
			truth: truth(),
			seed: 1,
		};
		expect(upperBound(world)).toBeCloseTo(1);
		expect(upperBound({ ...world, trace: [] })).toBe(0);
	});
});

describe('the baselines', () => {
	const effective = (name: string, scenario: string): number => {
		const found = SCENARIOS.find((entry) => entry.name === scenario)!;
		const values = [1, 2, 3].map((seed) => {
			const policy = policyNamed(name) as PolicyDefinition;
			return metricsOf(replay({ ...found.make(seed), policy })).effective_quality;
		});
		return values.reduce((a, b) => a + b, 0) / values.length;
	};

	it('order as they are known to under load: fixed models, then load-aware ones, then priced', () => {
		const [fixed, swarm, diff, plain, priced] = [
			'least-loaded',
			'swarmui',
			'cascade',
			'greedy-margins',
			'greedy-priced',
		].map((name) => effective(name, 'bursts-1.0')) as [number, number, number, number, number];
		expect(fixed).toBeLessThan(swarm);
		expect(swarm).toBeLessThan(diff);
		expect(diff).toBeLessThan(plain);
		expect(plain).toBeLessThan(priced);
	});

	it('have names of their own and say what they do', () => {
		expect(new Set(POLICIES.map((policy) => policy.name)).size).toBe(POLICIES.length);
		expect(BASELINES).toHaveLength(12);
		expect(POLICIES.every((policy) => policy.summary.length > 10)).toBe(true);
	});
});

describe('the event queue', () => {
	it('gives things back by time, then rank, then order of adding', () => {
		const entries = fc.array(
			fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 2 })),
		);
		fc.assert(
			fc.property(entries, (list) => {
				const queue = new EventQueue<number>();
				list.forEach(([time, rank], i) => queue.add(time, rank, i));
				const expected = list
					.map((_, i) => i)
					.sort((a, b) => list[a]![0] - list[b]![0] || list[a]![1] - list[b]![1] || a - b);
				expect(queue.inOrder()).toEqual(expected);
				expect(list.map(() => queue.take())).toEqual(expected);
				expect(queue.take()).toBeUndefined();
				expect(queue.nextTime).toBe(Infinity);
			}),
		);
	});
});
