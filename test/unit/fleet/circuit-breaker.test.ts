/** Leaving a failing server alone: rests grow, one probe at a time, and a success ends it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
	afterFailure,
	afterSuccess,
	type Circuit,
	CLOSED,
	mayUse,
} from '../../../lib/fleet/circuit-breaker';

const options = { firstRestMs: 1_000, longestRestMs: 30_000 };

describe('a circuit', () => {
	it('opens with a failure, and lets one try after the rest', () => {
		const open = afterFailure(CLOSED, 0, options);
		expect(mayUse(open, 999, false)).toBe('no');
		expect(mayUse(open, 1_000, false)).toBe('probe');
		expect(mayUse(open, 1_000, true)).toBe('no');
		expect(mayUse(afterSuccess(), 1_001, true)).toBe('yes');
	});

	it('rests twice as long after each failed probe, up to the longest', () => {
		let circuit: Circuit = afterFailure(CLOSED, 0, options);
		const rests: number[] = [];
		for (let n = 0; n < 8; n++) {
			if (circuit.state !== 'open') throw new Error('not open');
			rests.push(circuit.restMs);
			circuit = afterFailure(circuit, circuit.untilMs, options);
		}
		expect(rests).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
	});

	it('counts the failures of jobs that were under way together as one', () => {
		const open = afterFailure(CLOSED, 0, options);
		expect(afterFailure(open, 10, options)).toBe(open);
	});

	it('never stays shut for longer than the longest rest, whatever happens', () => {
		const event = fc.record({
			isFailure: fc.boolean(),
			afterMs: fc.integer({ min: 0, max: 60_000 }),
		});
		fc.assert(
			fc.property(fc.array(event, { maxLength: 40 }), (events) => {
				let circuit: Circuit = CLOSED;
				let now = 0;
				for (const { isFailure, afterMs } of events) {
					now += afterMs;
					circuit = isFailure ? afterFailure(circuit, now, options) : afterSuccess();
					expect(mayUse(circuit, now, false)).toBe(isFailure ? 'no' : 'yes');
					expect(mayUse(circuit, now + options.longestRestMs, false)).not.toBe('no');
				}
			}),
		);
	});
});
