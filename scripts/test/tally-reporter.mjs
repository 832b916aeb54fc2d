/**
 * A vitest reporter that writes what a test run came to as JSON, for the closing lines of `npm test`: where only the end
 * of a log is kept, it still names every failure. Owns what counts: also a hook, a file that does not load, an error
 * outside of any test. Its one option is `file`, where to write.
 */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * What a worker says where the machine stood still for a minute while it reported. Its tests ran; their states arrive all the same,
 * or the test counts as not run.
 */
const STALL = /^\[vitest-worker\]: Timeout calling /;

/**
 * @typedef {object} Tally
 * @property {number} passed
 * @property {number} failed tests, and everything else that went wrong
 * @property {number} notRun skipped or unwritten
 * @property {{ where: string, message: string }[]} failures what failed or was not run
 * @property {string[]} retried passed at a second try only
 * @property {boolean} stalled vitest ends with an error for it, which is none of the tests'
 */

export default class TallyReporter {
	/** @param {{ file: string }} options */
	constructor(options) {
		this.options = options;
	}

	onTestRunEnd(testModules, unhandledErrors) {
		writeFileSync(this.options.file, JSON.stringify(tally(testModules, unhandledErrors)));
	}
}

/** @returns {Tally} */
export function tally(testModules, unhandledErrors) {
	const tests = testModules.flatMap((one) => [...one.children.allTests()]);
	const inState = (...states) => tests.filter((one) => states.includes(one.result().state));
	const strayErrors = unhandledErrors.filter(({ message }) => !STALL.test(message ?? ''));
	const failures = [
		...testModules.flatMap(outsideTests),
		...inState('failed').map((one) => failure(nameOf(one), one.result().errors)),
		...strayErrors.map((error) => failure('outside of any test', [error])),
	];
	const notRun = inState('skipped', 'pending').map((one) => ({
		where: nameOf(one),
		message: 'not run, which counts as failed',
	}));
	return {
		passed: inState('passed').length,
		failed: failures.length,
		notRun: notRun.length,
		failures: [...failures, ...notRun],
		retried: tests.filter((one) => one.diagnostic()?.flaky).map(nameOf),
		stalled: strayErrors.length < unhandledErrors.length,
	};
}

/** A file that does not load, a hook that fails. */
function outsideTests(testModule) {
	const holders = [testModule, ...testModule.children.allSuites()];
	return holders
		.filter((one) => one.errors().length > 0)
		.map((one) => failure(nameOf(one), one.errors()));
}

function failure(where, errors) {
	const [first] = errors ?? [];
	return { where, message: first?.message ?? String(first ?? 'failed') };
}

function nameOf(entity) {
	const file = relative(process.cwd(), (entity.module ?? entity).moduleId);
	return entity.type === 'module' ? file : `${file} > ${entity.fullName}`;
}
