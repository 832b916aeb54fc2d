import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { calibrate, type LearnedEntry, type RunObservation } from '../../../lib/calibration';
import { entryOf, roundCatalog, runsAround, seen } from './observations';

const catalog = roundCatalog();
const learn = (runs: readonly RunObservation[]): LearnedEntry[] => calibrate(catalog, runs).entries;

const anyNumber = fc.oneof(
	fc.constantFrom(null, NaN, Infinity, -Infinity, 0, -1, 1e-300, 1e300),
	fc.double({ min: 0.001, max: 1e6, noNaN: true }),
);
const status = fc.constantFrom('success', 'cancelled', 'timeout', 'oom', 'error', 'rejected');
const anyRun = fc.record({
	model_name: fc.constantFrom('a', 'b', 'gone'),
	preset: fc.constantFrom('full', 'fast', null, 'renamed'),
	server: fc.constantFrom('one', 'double', null, 'elsewhere'),
	steps: anyNumber,
	cfg: anyNumber,
	width: anyNumber,
	height: anyNumber,
	batch_size: anyNumber,
	run_seconds: anyNumber,
	load_seconds: anyNumber,
	cold: fc.constantFrom(true, false, null),
	status,
	timing_source: fc.constantFrom('comfyui', 'wall', 'given', null),
	vram_peak_bytes: fc.oneof(anyNumber, fc.double({ min: 1e8, max: 1e11, noNaN: true })),
	age_seconds: anyNumber.map((value) => value as number),
}) as fc.Arbitrary<RunObservation>;

/** Plausible runs of one preset on one server. */
const plausible = fc.array(
	fc.record({
		seconds: fc.double({ min: 4, max: 30, noNaN: true }),
		age: fc.integer({ min: 0, max: 40 }).map((hours) => hours * 3600),
		status: fc.constantFrom('success' as const, 'success' as const, 'cancelled' as const),
	}),
	{ minLength: 1, maxLength: 40 },
);

function runsOf(list: { seconds: number; age: number; status: RunObservation['status'] }[]) {
	return list.map(({ seconds, age, status: ended }) =>
		seen({ run_seconds: seconds, age_seconds: age, status: ended }),
	);
}

describe('calibration, whatever it is given', () => {
	it('gives positive, finite factors and intervals around them', () => {
		fc.assert(
			fc.property(fc.array(anyRun, { maxLength: 60 }), (runs) => {
				for (const entry of learn(runs)) {
					const { time_factor, p95_factor, load_factor, vram_factor } = entry;
					for (const factor of [time_factor, p95_factor, load_factor, vram_factor]) {
						expect(factor).toBeGreaterThan(0);
						expect(Number.isFinite(factor)).toBe(true);
					}
					const [low, high] = entry.time_interval;
					expect(low).toBeLessThanOrEqual(time_factor);
					expect(high).toBeGreaterThanOrEqual(time_factor);
				}
			}),
			{ numRuns: 300 },
		);
	});

	it('says the same whatever the order of the runs, equal ages included', () => {
		const shuffled = plausible.chain((list) =>
			fc.tuple(
				fc.constant(list),
				fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
			),
		);
		fc.assert(
			fc.property(shuffled, ([list, other]) => {
				expect(learn(runsOf(other))).toEqual(learn(runsOf(list)));
			}),
		);
	});

	it('is never lowered by a run that was ended early', () => {
		const early = fc.double({ min: 0.2, max: 100, noNaN: true });
		fc.assert(
			fc.property(plausible, early, fc.integer({ min: 0, max: 40 }), (list, seconds, hours) => {
				const runs = runsOf(list);
				const cancelled = seen({
					run_seconds: seconds,
					age_seconds: hours * 3600,
					status: 'cancelled',
				});
				const before = entryOf(learn(runs));
				const after = entryOf(learn([...runs, cancelled]));
				expect(after.time_factor).toBeGreaterThan(before.time_factor * (1 - 1e-6));
				expect(after.p95_factor).toBeGreaterThan(before.p95_factor * (1 - 1e-6));
			}),
			{ numRuns: 300 },
		);
	});

	it('never falls when all runs are slower', () => {
		const slower = fc.double({ min: 1.05, max: 3, noNaN: true });
		fc.assert(
			fc.property(plausible, slower, (list, by) => {
				const longer = list.map((one) => ({ ...one, seconds: one.seconds * by }));
				const before = entryOf(learn(runsOf(list))).time_factor;
				expect(entryOf(learn(runsOf(longer))).time_factor).toBeGreaterThan(before * (1 - 1e-6));
			}),
		);
	});

	it('is surer with more of the same', () => {
		const width = (runs: RunObservation[]): number => {
			const [low, high] = entryOf(learn(runs)).time_interval;
			return Math.log(high / low);
		};
		fc.assert(
			fc.property(
				fc.double({ min: 4, max: 30, noNaN: true }),
				fc.double({ min: 0.02, max: 0.2, noNaN: true }),
				fc.integer({ min: 1, max: 1000 }),
				(seconds, sigma, seed) => {
					const runs = runsAround(seconds, 80, { sigma, seed, age_seconds: 60 });
					expect(width([...runs, ...runs, ...runs])).toBeLessThan(width(runs));
				},
			),
		);
	});
});
