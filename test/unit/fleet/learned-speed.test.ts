/** Unequal speeds learned from runs: a slow server is found out, noise is not believed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { afterRun, AS_EXPECTED, speedFactorOf } from '../../../lib/fleet/learned-speed';

/** Runs on a server that is so fast, each expected with what was learned before it. */
function runsOn(speed: number, count: number, noise: (n: number) => number = () => 1) {
	let learned = AS_EXPECTED;
	for (let n = 0; n < count; n++) {
		const expected = 10 / speedFactorOf(learned);
		learned = afterRun(learned, expected, (10 / speed) * noise(n));
	}
	return speedFactorOf(learned);
}

describe('the speed of a server', () => {
	it.each([0.5, 0.8, 1, 2, 3])('is found within a tenth after 30 runs: %f', (speed) => {
		expect(runsOn(speed, 30) / speed).toBeGreaterThan(0.9);
		expect(runsOn(speed, 30) / speed).toBeLessThan(1.1);
	});

	it('is not believed from one run', () => {
		expect(runsOn(0.25, 1)).toBeGreaterThan(0.8);
	});

	it('moves little by a single run that is far off', () => {
		const steady = runsOn(1, 30);
		const shaken = runsOn(1, 31, (n) => (n === 30 ? 20 : 1));
		expect(shaken / steady).toBeGreaterThan(0.9);
	});

	it('is not learned from runs too short to tell', () => {
		expect(afterRun(AS_EXPECTED, 0.05, 5)).toBe(AS_EXPECTED);
	});

	it('stays a sane number, whatever runs there were', () => {
		fc.assert(
			fc.property(fc.array(fc.tuple(fc.double(), fc.double())), (runs) => {
				const learned = runs.reduce((speed, [a, b]) => afterRun(speed, a, b), AS_EXPECTED);
				expect(speedFactorOf(learned)).toBeGreaterThan(0.1);
				expect(speedFactorOf(learned)).toBeLessThan(10);
			}),
		);
	});
});
