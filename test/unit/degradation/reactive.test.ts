import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
	MOST_RESTARTS,
	observedStepSeconds,
	reactiveDecision,
	type ReactiveInput,
	type Rung,
	type StepObservation,
} from '../../../lib/degradation';
import { rungOf } from './rungs';

/** Steps heard at a steady pace, the last one now (0). */
function steps(count: number, secondsPerStep: number, max = 20): StepObservation[] {
	return Array.from({ length: count }, (_, index) => ({
		atMs: (index - count + 1) * secondsPerStep * 1000,
		value: index + 1,
		max,
	}));
}

function input(changed: Partial<ReactiveInput> = {}): ReactiveInput {
	return {
		observations: steps(4, 0.5),
		nowMs: 0,
		deadlineMs: 5_000,
		tailSeconds: 0.2,
		expectedStepSeconds: 0.5,
		lower: [],
		server: 'a',
		modelName: 'm',
		restarts: 0,
		rejectLate: false,
		...changed,
	};
}

describe('A running job', () => {
	it('goes on while it will be on time', () => {
		const decision = reactiveDecision(input({ deadlineMs: 9_000 }));
		expect(decision).toEqual({ action: 'continue', secondsPerStep: 0.5, endsMs: 8_200 });
	});

	it('goes on while too few steps were seen', () => {
		const few = input({ observations: steps(2, 5), lower: [rungOf({ seconds: 0.1 })] });
		expect(reactiveDecision(few)).toMatchObject({ action: 'continue', endsMs: null });
	});

	it('goes on where the miss is small: noise must not stop it', () => {
		const close = input({ deadlineMs: 7_800, lower: [rungOf({ seconds: 1 })] });
		expect(reactiveDecision(close).action).toBe('continue');
	});

	it('is restarted on the best rung that makes it', () => {
		const lower = [rungOf({ seconds: 4.9 }), rungOf({ seconds: 3 }), rungOf({ seconds: 1 })];
		expect(reactiveDecision(input({ lower }))).toMatchObject({ action: 'restart', rung: lower[1] });
	});

	it('counts a slow device against the same model in full, against another by half, elsewhere not', () => {
		const slow = { expectedStepSeconds: 0.125 };
		const decide = (rung: Rung) => reactiveDecision(input({ ...slow, lower: [rung] })).action;
		expect(decide(rungOf({ seconds: 1.5, modelName: 'm' }))).toBe('continue');
		expect(decide(rungOf({ seconds: 1.5, modelName: 'other' }))).toBe('restart');
		expect(decide(rungOf({ seconds: 3.8, server: 'b' }))).toBe('restart');
	});

	it('is not restarted for ever', () => {
		const tired = input({ restarts: MOST_RESTARTS, lower: [rungOf({ seconds: 1 })] });
		expect(reactiveDecision(tired).action).toBe('continue');
	});

	it('is stopped where it will be late, nothing helps and a late image is not wanted', () => {
		expect(reactiveDecision(input({ rejectLate: true })).action).toBe('stop');
		expect(reactiveDecision(input({ rejectLate: false })).action).toBe('continue');
	});
});

describe('The pace of steps', () => {
	it('is the median, so that one hiccup says nothing', () => {
		const heard = [0, 1, 2, 9, 10].map((at, index) => ({ atMs: at * 1000, value: index, max: 20 }));
		expect(observedStepSeconds(heard)).toBe(1);
	});

	it('takes skipped reports for what they are', () => {
		const heard = [0, 2, 4].map((value) => ({ atMs: value * 300, value, max: 20 }));
		expect(observedStepSeconds(heard)).toBeCloseTo(0.3);
	});
});

const anyInput = fc.record({
	pace: fc.double({ min: 0.01, max: 5, noNaN: true }),
	count: fc.integer({ min: 0, max: 19 }),
	left: fc.double({ min: -5, max: 60, noNaN: true }),
	expected: fc.double({ min: 0.01, max: 5, noNaN: true }),
	times: fc.array(fc.double({ min: 0.05, max: 40, noNaN: true }), { maxLength: 5 }),
	restarts: fc.integer({ min: 0, max: 3 }),
	rejectLate: fc.boolean(),
});

function drawn(draw: typeof anyInput extends fc.Arbitrary<infer T> ? T : never): ReactiveInput {
	const times = [...draw.times].sort((a, b) => b - a);
	return input({
		observations: steps(draw.count, draw.pace),
		deadlineMs: draw.left * 1000,
		expectedStepSeconds: draw.expected,
		lower: times.map((seconds, index) => rungOf({ seconds, quality: 0.8 - index * 0.1 })),
		restarts: draw.restarts,
		rejectLate: draw.rejectLate,
	});
}

describe('Whatever happens', () => {
	it('never restarts onto a rung that cannot make it', () => {
		fc.assert(
			fc.property(anyInput, (draw) => {
				const decision = reactiveDecision(drawn(draw));
				if (decision.action !== 'restart') return;
				expect(decision.rung.p95Seconds).toBeLessThan(draw.left);
				expect(decision.endsMs).toBeGreaterThan(draw.left * 1000);
			}),
		);
	});

	it('never goes lower for having more time', () => {
		fc.assert(
			fc.property(anyInput, fc.double({ min: 0, max: 30, noNaN: true }), (draw, more) => {
				const rank = (left: number): number => {
					const asked = drawn({ ...draw, left });
					const decision = reactiveDecision({ ...asked, rejectLate: false });
					if (decision.action !== 'restart') return -1;
					return asked.lower.findIndex((rung) => rung.quality === decision.rung.quality);
				};
				const [tight, ample] = [rank(draw.left), rank(draw.left + more)];
				if (tight === -1) return; // nothing made it, or nothing was needed
				expect(ample).toBeLessThanOrEqual(tight);
			}),
		);
	});
});
