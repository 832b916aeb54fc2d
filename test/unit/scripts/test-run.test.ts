/** What `npm test` counts as passed and failed, and what its last lines say of it. */
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { closingLines } from '../../../scripts/test/closing-lines.mjs';
import { resultOf } from '../../../scripts/test/steps.mjs';
import { tally } from '../../../scripts/test/tally-reporter.mjs';

type State = 'passed' | 'failed' | 'skipped' | 'pending';

interface Fake {
	tests?: readonly State[];
	/** Of the file: it does not load. */
	errors?: readonly string[];
	/** Of a hook. */
	hookErrors?: readonly string[];
	flaky?: boolean;
}

/** As much of vitest's reported module as is read. */
function file({ tests = [], errors = [], hookErrors = [], flaky = false }: Fake) {
	const asErrors = (messages: readonly string[]) => messages.map((message) => ({ message }));
	const module = {
		type: 'module',
		moduleId: join(process.cwd(), 'a.test.ts'),
		errors: () => asErrors(errors),
	};
	const suite = { type: 'suite', module, fullName: 'a suite', errors: () => asErrors(hookErrors) };
	const all = tests.map((state, n) => ({
		type: 'test',
		module,
		fullName: `a suite > test ${n}`,
		result: () => ({ state, errors: state === 'failed' ? asErrors(['expected 1']) : [] }),
		diagnostic: () => ({ flaky }),
	}));
	return { ...module, children: { allTests: () => all, allSuites: () => [suite] } };
}

describe('the count of a test run', () => {
	it('adds up the tests of all files, and names those that failed', () => {
		const files = [file({ tests: ['passed', 'passed'] }), file({ tests: ['passed', 'failed'] })];

		expect(tally(files, [])).toEqual({
			passed: 3,
			failed: 1,
			notRun: 0,
			failures: [{ where: 'a.test.ts > a suite > test 1', message: 'expected 1' }],
			retried: [],
			stalled: false,
		});
	});

	it.each([
		['a file that does not load', { errors: ['no such module'] }, 'a.test.ts', 'no such module'],
		['a hook', { tests: ['passed'], hookErrors: ['slow'] }, 'a.test.ts > a suite', 'slow'],
	] as const)('counts %s as a failure, with its reason', (_name, fake, where, message) => {
		const { failed, failures } = tally([file(fake)], []);

		expect({ failed, failures }).toEqual({ failed: 1, failures: [{ where, message }] });
	});

	it('counts an error outside of any test as a failure, with its reason', () => {
		const { passed, failed, failures } = tally(
			[file({ tests: ['passed'] })],
			[{ message: 'terminating connection' }],
		);

		expect({ passed, failed }).toEqual({ passed: 1, failed: 1 });
		expect(failures[0]?.message).toBe('terminating connection');
	});

	it('does not blame the tests where a worker could not report for a minute, unless a result is missing', () => {
		const stall = [{ message: '[vitest-worker]: Timeout calling "onTaskUpdate"' }];
		const complete = tally([file({ tests: ['passed'] })], stall);
		const lacking = tally([file({ tests: ['passed', 'pending'] })], stall);

		expect(resultOf('unit', complete, 1)).toMatchObject({ passed: 1, failed: 0 });
		expect(resultOf('unit', complete, 'SIGTERM')).toMatchObject({ failed: 1 });
		expect(resultOf('unit', lacking, 1)).toMatchObject({ passed: 1, failed: 1 });
	});

	it('fails the run for skipped and unwritten tests, and names them', () => {
		const result = resultOf('unit', tally([file({ tests: ['passed', 'skipped'] })], []), 0);

		expect(result).toMatchObject({ passed: 1, failed: 1 });
		expect(result.failures[0]?.where).toBe('a.test.ts > a suite > test 1');
	});

	it('names the tests that passed at a second try only', () => {
		expect(tally([file({ tests: ['passed'], flaky: true })], []).retried).toEqual([
			'a.test.ts > a suite > test 0',
		]);
	});

	it('fails a step that ended badly though every test passed, that ran nothing, or that has no result', () => {
		const good = tally([file({ tests: ['passed'] })], []);

		expect(resultOf('unit', good, 0)).toMatchObject({ passed: 1, failed: 0 });
		expect(resultOf('unit', good, 1)).toMatchObject({ passed: 1, failed: 1 });
		expect(resultOf('unit', tally([], []), 0)).toMatchObject({ passed: 0, failed: 1 });
		expect(resultOf('unit', null, 'SIGTERM')).toMatchObject({ passed: 0, failed: 1 });
	});
});

describe('the last lines of a test run', () => {
	const failures = (count: number) =>
		Array.from({ length: count }, (_, n) => ({
			where: `file ${n}`,
			message: `\u001b[31mexpected\u001b[39m\n  ${'x'.repeat(500)}`,
		}));

	it('say per step how it went, and then what failed and why, without colours and in short', () => {
		const lines = closingLines([
			{ name: 'lint', passed: 0, failed: 0, failures: [], retried: [], seconds: 9 },
			{ name: 'unit', passed: 2, failed: 1, failures: failures(1), retried: ['b'], seconds: 4 },
		]);

		expect(lines.slice(0, 4)).toEqual([
			'ok     lint: 0 passed, 0 failed, 9 s',
			'FAILED unit: 2 passed, 1 failed, 4 s',
			'second try: b',
			'FAILED file 0',
		]);
		expect(lines[4]).toMatch(/^ {7}expected x+\.\.\.$/);
		expect(lines.at(-1)).toBe('2 passed, 1 failed');
	});

	it('stay few where much failed, so that the end of a log still has the counts', () => {
		const step = { name: 'unit', passed: 0, failed: 99, failures: failures(99), retried: [] };

		const lines = closingLines([step]);

		expect(lines.length).toBeLessThan(18);
		expect(lines).toContain('... and 93 more failures, above');
	});
});
