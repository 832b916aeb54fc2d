/**
 * The steps of a test run: a check is a package script that passes or fails, a project is a vitest run that is
 * counted test by test. Owns what counts as a failure: also a skipped test, a step that ends badly, no test at all.
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
 * @property {{ where: string, message: string }[]} failures as many as `failed`
 * @property {string[]} retried tests that passed at a second try only
 * @property {number} [seconds]
 */

/** @returns {Promise<StepResult>} a failed check counts as one failure, a passed one as no test */
export async function runCheck(root, { name, script }) {
	say(`\n== ${name}: npm run ${script}`);
	const { code, seconds } = await show(root, 'npm', ['run', '--silent', script]);
	return code === 0
		? { name, passed: 0, failed: 0, failures: [], retried: [], seconds }
		: { ...oneFailure(name, `npm run ${script} ended with ${code}`), seconds };
}

/** @returns {Promise<StepResult>} */
export async function runProject(root, name, unbuilt) {
	say(`\n== ${name} tests`);
	if (unbuilt) return oneFailure(name, 'needs the build, which failed');
	const folder = await mkdtemp(join(tmpdir(), 'comfyui-router-test-'));
	try {
		const file = join(folder, 'tally.json');
		const { code, seconds } = await show(
			root,
			process.execPath,
			[join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', name],
			{ COMFYUI_ROUTER_TALLY: file },
		);
		const text = await readFile(file, 'utf8').catch(() => null);
		return { ...resultOf(name, text === null ? null : JSON.parse(text), code), seconds };
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

/**
 * @param {import('./tally-reporter.mjs').Tally | null} tally null: the run ended before it wrote one
 * @param {number | string | null} code of the process, or the signal that ended it
 * @returns {StepResult}
 */
export function resultOf(name, tally, code) {
	if (tally === null) return oneFailure(name, `ended with ${code} before it had a result`);
	const { passed, notRun, failures, retried } = tally;
	const failed = tally.failed + notRun;
	if (failed > 0) return { name, passed, failed, failures, retried };
	const endedBadly = code !== 0 && !(code === 1 && tally.stalled);
	const wrong = endedBadly ? `ended with ${code}, though every test passed` : 'no test was run';
	if (endedBadly || passed === 0) return { ...oneFailure(name, wrong), passed, retried };
	return { name, passed, failed, failures, retried };
}

export function oneFailure(name, message) {
	return { name, passed: 0, failed: 1, failures: [{ where: name, message }], retried: [] };
}

/** Runs a command with its output shown; never with our input, so that nothing can wait for a person. */
function show(root, command, args, env = {}) {
	const startedMs = Date.now();
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, {
			cwd: root,
			env: { ...process.env, ...env },
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
