import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
	afterHearing,
	ATTEMPT_STATES,
	type AttemptState,
	isFinal,
} from '../../../lib/execution/attempt-state';
import {
	afterMemoryFailure,
	marginEntries,
	NO_MARGINS,
	withMargins,
} from '../../../lib/execution/memory-margins';
import { endStateOf, isSlowByPaging } from '../../../lib/execution/outcome';
import { type Setback, stepAfter } from '../../../lib/execution/retry-plan';

const anyState = fc.constantFrom(...ATTEMPT_STATES);

describe('An attempt', () => {
	it('goes from submitted over queued and running to its end', () => {
		const heard: AttemptState[] = ['queued', 'running', 'running', 'done'];
		expect(heard.reduce(afterHearing, 'submitted')).toBe('done');
	});

	it('never goes back, and never leaves its end, whatever is heard in whatever order', () => {
		const order = (state: AttemptState) => Math.min(3, ATTEMPT_STATES.indexOf(state));
		fc.assert(
			fc.property(fc.array(anyState), (heard) => {
				let state: AttemptState = 'submitted';
				for (const news of heard) {
					const next = afterHearing(state, news);
					expect(order(next)).toBeGreaterThanOrEqual(order(state));
					if (isFinal(state)) expect(next).toBe(state);
					state = next;
				}
			}),
		);
	});

	it('ends as the history entry says', () => {
		const failure = (message: string) => ({
			nodeId: '3',
			nodeType: 'KSampler',
			exceptionType: 'RuntimeError',
			message,
		});
		expect(endStateOf({ status: 'success', failure: null })).toBe('done');
		expect(endStateOf({ status: 'interrupted', failure: null })).toBe('interrupted');
		expect(endStateOf({ status: 'error', failure: failure('bad shape') })).toBe('failed');
		expect(endStateOf({ status: 'error', failure: failure('CUDA out of memory.') })).toBe('oom');
	});
});

describe('A slow run', () => {
	const run = { seconds: 40, expectedSeconds: 10, availableBytes: 12e9, peakBytes: 10e9 };

	it('is a memory failure where it took far longer and memory was short', () => {
		expect(isSlowByPaging(run)).toBe(true);
	});

	it('is none where memory was ample, the excess small, or nothing is known', () => {
		expect(isSlowByPaging({ ...run, availableBytes: 24e9 })).toBe(false);
		expect(isSlowByPaging({ ...run, seconds: 15 })).toBe(false);
		expect(isSlowByPaging({ ...run, seconds: 1.5, expectedSeconds: 0.5 })).toBe(false);
		expect(isSlowByPaging({ ...run, availableBytes: null })).toBe(false);
		expect(isSlowByPaging({ ...run, seconds: null })).toBe(false);
	});
});

describe('What memory failures teach', () => {
	const failure = { modelName: 'm', peakBytes: 10e9, availableBytes: 20e9, isTooLittle: false };

	it('raises the margin of the model a little at first', () => {
		expect(afterMemoryFailure(NO_MARGINS, failure).get('m')).toBeCloseTo(1.1);
	});

	it('raises it beyond the memory that was not enough on an emptied device', () => {
		const margin = afterMemoryFailure(NO_MARGINS, { ...failure, isTooLittle: true }).get('m') ?? 0;
		expect(margin * failure.peakBytes).toBeGreaterThan(20e9);
	});

	it('teaches nothing where somebody else had taken the memory', () => {
		const taken = { ...failure, availableBytes: 4e9 };
		expect(afterMemoryFailure(NO_MARGINS, taken)).toBe(NO_MARGINS);
	});

	it('never lowers a margin and never raises it without bound', () => {
		fc.assert(
			fc.property(
				fc.array(fc.record({ peak: fc.integer({ min: 1, max: 50 }), after: fc.boolean() })),
				(failures) => {
					let margins = NO_MARGINS;
					for (const { peak, after } of failures) {
						const before = margins.get('m') ?? 1;
						margins = afterMemoryFailure(margins, {
							...failure,
							peakBytes: peak * 1e9,
							isTooLittle: after,
						});
						const now = margins.get('m') ?? 1;
						expect(now).toBeGreaterThanOrEqual(before);
						expect(now).toBeLessThanOrEqual(4);
					}
				},
			),
		);
	});

	it('joins the calibration: every entry of the model is raised, and there is one for the rest of it', () => {
		const learned = {
			model_name: 'm',
			preset: 'full',
			server: null,
			samples: 9,
			time_factor: 1.3,
			p95_factor: 1.4,
			load_factor: 0.9,
			vram_factor: 1.2,
		};
		const margins = new Map([['m', 1.5]]);
		const [own, general, ...more] = withMargins([learned], margins) ?? [];
		expect(own).toEqual({ ...learned, vram_factor: 1.2 * 1.5 });
		expect(general).toMatchObject({
			model_name: 'm',
			preset: null,
			server: null,
			vram_factor: 1.5,
		});
		expect(more).toEqual([]);
		expect(withMargins(undefined, NO_MARGINS)).toBeUndefined();
		expect(marginEntries(margins)).toMatchObject([{ model_name: 'm', time_factor: 1 }]);
	});
});

describe('After a setback', () => {
	const input = { secondsLeft: 10, rejectLate: false, freedBefore: false };

	it('an emptied device gets the same once more, then it is decided anew', () => {
		const oom = { ...input, setback: 'oom' as const, counts: { oom: 1 } };
		expect(stepAfter(oom)).toEqual({ action: 'free_and_repeat' });
		expect(stepAfter({ ...oom, freedBefore: true })).toEqual({ action: 'decide_again' });
	});

	it('a lost job runs again, unless it would be late and a late image is not wanted', () => {
		const lost = { ...input, setback: 'lost' as const, counts: { lost: 1 } };
		expect(stepAfter(lost).action).toBe('decide_again');
		expect(stepAfter({ ...lost, secondsLeft: -1 }).action).toBe('decide_again');
		expect(stepAfter({ ...lost, secondsLeft: -1, rejectLate: true }).action).toBe('give_up');
	});

	it('what is wrong with the job itself is not tried again', () => {
		expect(stepAfter({ ...input, setback: 'faulty', counts: { faulty: 1 } }).action).toBe(
			'give_up',
		);
	});

	it('everything ends', () => {
		const kinds: Setback[] = ['oom', 'lost', 'unreachable', 'refused', 'not_installed'];
		kinds.push('unsupported', 'output_gone', 'faulty');
		for (const setback of kinds) {
			expect(stepAfter({ ...input, setback, counts: { [setback]: 6 } }).action).toBe('give_up');
		}
	});
});
