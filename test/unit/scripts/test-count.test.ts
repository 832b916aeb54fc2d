/** What `npm test` counts as passed and failed. */
import { describe, expect, it } from 'vitest';

import { count } from '../../../scripts/test/steps.mjs';

function file(status: 'passed' | 'failed', ...tests: string[]) {
	return { status, assertionResults: tests.map((state) => ({ status: state })) };
}

describe('the count of a test run', () => {
	it('adds up the tests of all files', () => {
		const testResults = [file('passed', 'passed', 'passed'), file('failed', 'passed', 'failed')];

		expect(count({ testResults })).toEqual({ passed: 3, failed: 1, notRun: 0 });
	});

	it('counts a file that does not load as one failure', () => {
		expect(count({ testResults: [file('failed')] })).toEqual({ passed: 0, failed: 1, notRun: 0 });
	});

	it('keeps skipped and unwritten tests apart, which fail the run', () => {
		const testResults = [file('passed', 'passed', 'skipped', 'pending', 'todo')];

		expect(count({ testResults })).toEqual({ passed: 1, failed: 0, notRun: 3 });
	});
});
