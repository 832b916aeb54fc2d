import { describe, expect, it } from 'vitest';

import { bursts, onOff, poisson, tide } from '../../../bench/slo/arrivals';
import { SCENARIOS, suiteSeeds, tuningSeeds } from '../../../bench/slo/scenarios';
import { interval, pairedDifference } from '../../../bench/slo/statistics';
import { CandidateTable } from '../../../simulator/replay/candidates';
import { mixSeed, seededRandom } from '../../../simulator/replay/random';

const HOUR = 3600;

function gapsCv(times: readonly number[]): number {
	const gaps = times.slice(1).map((time, i) => time - (times[i] as number));
	const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
	const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
	return Math.sqrt(variance) / mean;
}

describe('arrivals', () => {
	const plan = (seed: number) => ({
		random: seededRandom(seed),
		perSecond: 0.2,
		horizonSeconds: 50 * HOUR,
	});

	it.each([
		['poisson', poisson],
		['bursts', bursts],
		['tide', tide],
		['on and off', onOff],
	])('%s come at the planned rate, in order', (_, arrivals) => {
		const times = arrivals(plan(3));
		expect(times.length / (0.2 * 50 * HOUR)).toBeGreaterThan(0.9);
		expect(times.length / (0.2 * 50 * HOUR)).toBeLessThan(1.1);
		expect(times).toEqual([...times].sort((a, b) => a - b));
	});

	it('bursts have the inter-arrival variation of the Azure Functions traces', () => {
		for (const seed of [1, 2, 3, 4]) {
			const cv = gapsCv(bursts(plan(seed)));
			expect(cv).toBeGreaterThan(1.5);
			expect(cv).toBeLessThan(1.75);
		}
		expect(gapsCv(poisson(plan(1)))).toBeCloseTo(1, 1);
	});

	it('the tide is high in the middle of its day', () => {
		const times = tide(plan(1));
		const middle = times.filter((time) => time > 20 * HOUR && time < 30 * HOUR).length;
		const start = times.filter((time) => time < 10 * HOUR).length;
		expect(middle).toBeGreaterThan(3 * start);
	});
});

describe('scenarios', () => {
	it('are at least fourteen with names of their own, at loads from 0.5 to 1.3', () => {
		expect(SCENARIOS.length).toBeGreaterThanOrEqual(14);
		expect(new Set(SCENARIOS.map((scenario) => scenario.name)).size).toBe(SCENARIOS.length);
		const loads = SCENARIOS.map((scenario) => scenario.load);
		expect(Math.max(...loads)).toBe(1.3);
		expect(loads).toContain(0.5);
	});

	it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
		'%s is the same for the same seed, and every job of it can be served',
		(_, scenario) => {
			const instance = scenario.make(7);
			expect(scenario.make(7)).toEqual(instance);
			expect(scenario.make(8).trace).not.toEqual(instance.trace);
			const table = new CandidateTable(instance.catalog);
			const unserved = instance.trace.filter(
				(trace, index) =>
					table.of({
						index,
						jobId: '',
						trace,
						arrivedAtSeconds: 0,
						deadlineAtSeconds: 0,
						excludedModels: new Set(),
					}).length === 0,
			);
			expect(unserved).toEqual([]);
		},
	);

	it('can be made from any seed', () => {
		for (const scenario of SCENARIOS.filter((entry) => entry.name.startsWith('drawn'))) {
			for (const seed of tuningSeeds(6))
				expect(scenario.make(seed).trace.length).toBeGreaterThan(0);
		}
	});

	it('ask for the load they say', () => {
		const scenario = SCENARIOS.find((entry) => entry.name === 'bursts-0.8')!;
		const loads = suiteSeeds(8).map((seed) => {
			const { catalog, trace, fleet } = scenario.make(seed);
			const table = new CandidateTable(catalog);
			const work = trace.reduce((sum, line, index) => {
				const candidates = table.of({
					index,
					jobId: '',
					trace: { ...line, minQuality: 0 },
					arrivedAtSeconds: 0,
					deadlineAtSeconds: 0,
					excludedModels: new Set(),
				});
				return sum + [...candidates].sort((a, b) => b.quality - a.quality)[0]!.runSeconds;
			}, 0);
			return work / (HOUR * fleet.servers.length);
		});
		expect(loads.reduce((a, b) => a + b, 0) / loads.length).toBeCloseTo(0.8, 1);
	});

	it('are tuned on other seeds than they are judged on', () => {
		const suite = new Set(suiteSeeds(100));
		expect(tuningSeeds(1000).filter((seed) => suite.has(seed))).toEqual([]);
	});
});

describe('random numbers', () => {
	it('are the same on every machine', () => {
		expect(mixSeed(1, 2)).toBe(4017857470);
		expect(mixSeed(2, 1)).not.toBe(4017857470);
		const random = seededRandom(mixSeed(1, 2));
		expect([random(), random()]).toEqual([0.07360561238601804, 0.7899652761407197]);
	});
});

describe('intervals', () => {
	it('are Student intervals of the paired differences', () => {
		expect(interval([1, 2, 3, 4])).toEqual({ mean: 2.5, half: expect.closeTo(2.054, 2) });
		expect(pairedDifference([2, 3, 4], [1, 2, 3])).toEqual({ mean: 1, half: 0 });
		expect(interval([1]).half).toBe(Infinity);
	});
});
