/**
 * The steps of a test run: a check is a package script that passes or fails, a project is a vitest run that is
 * counted test by test. Owns what counts as a failure: also a skipped test, a file that does not load, no test at all.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { say } from '../provision/command.mjs';

/** A step that hangs is ended; the longest takes a few minutes. */
const STEP_LIMIT_MS = 20 * 60_000;

/**
 * @typedef {object} StepResult
 * @property {string} name
 * @property {number} passed
 * @property {number} failed
 * @property {number} [seconds]
 */

/** @returns {Promise<StepResult>} a failed check counts as one failure, a passed one as no test */
export async function runCheck(root, { name, script }) {
	say(`\n== ${name}: npm run ${script}`);
	const { code, seconds } = await show(root, 'npm', ['run', '--silent', script]);
	if (code !== 0) say(`${name} failed: npm run ${script} ended with ${code}.`);
	return { name, passed: 0, failed: code === 0 ? 0 : 1, seconds };
}

/** @returns {Promise<StepResult>} */
export async function runProject(root, name, unbuilt) {
	say(`\n== ${name} tests`);
	if (unbuilt) {
		say(`${name} needs the build, which failed.`);
		return { name, passed: 0, failed: 1 };
	}
	const folder = await mkdtemp(join(tmpdir(), 'comfyui-router-test-'));
	try {
		const report = join(folder, 'report.json');
		const { code, seconds } = await show(root, process.execPath, [
			join(root, 'node_modules', 'vitest', 'vitest.mjs'),
			...['run', '--project', name, '--reporter=default', '--reporter=json'],
			`--outputFile.json=${report}`,
		]);
		return { name, seconds, ...(await countsOf(name, report, code)) };
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

async function countsOf(name, report, code) {
	const json = await readFile(report, 'utf8').catch(() => null);
	const { passed, failed, notRun } = json === null ? NOTHING : count(JSON.parse(json));
	if (notRun > 0) say(`${name}: ${notRun} tests were skipped; a skipped test counts as failed.`);
	if (passed + failed + notRun === 0) say(`${name}: no test was run; that counts as a failure.`);
	const total = failed + notRun;
	const broken = total === 0 && (code !== 0 || passed === 0);
	return { passed, failed: broken ? 1 : total };
}

const NOTHING = { passed: 0, failed: 0, notRun: 0 };

/** From vitest's JSON report; a file that failed without a failed test (it does not load) is one failure. */
export function count(report) {
	const of = (file, ...states) =>
		file.assertionResults.filter((test) => states.includes(test.status)).length;
	const sum = (f) => report.testResults.reduce((total, file) => total + f(file), 0);
	return {
		passed: sum((file) => of(file, 'passed')),
		failed: sum((file) => of(file, 'failed') || (file.status === 'failed' ? 1 : 0)),
		notRun: sum((file) => of(file, 'skipped', 'pending', 'todo', 'disabled')),
	};
}

/** Runs a command with its output shown; never with our input, so that nothing can wait for a person. */
function show(root, command, args) {
	const startedMs = Date.now();
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, {
			cwd: root,
			stdio: ['ignore', 'inherit', 'inherit'],
			shell: process.platform === 'win32',
			timeout: STEP_LIMIT_MS,
		});
		child.once('error', reject);
		child.once('close', (code, signal) =>
			resolve({ code: code ?? signal, seconds: Math.round((Date.now() - startedMs) / 1000) }),
		);
	});
}
