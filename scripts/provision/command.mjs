/**
 * Runs one command to its end with its output in a log file, and says now and then that it is still running.
 * Owns the wording of a failed command; knows nothing of what the commands do.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

const PROGRESS_EVERY_MS = 15_000;
const HEAD_LINES = 8;
const TAIL_LINES = 15;

/** A step of the setup that failed: what failed, and what the reader can run. */
export class SetupError extends Error {
	constructor(message, hint) {
		super(hint ? `${message}\n  ${hint}` : message);
		this.name = 'SetupError';
	}
}

/** The first and the last lines of a log: npm names the cause at the start of its error, most tools at the end. */
function excerptOf(file) {
	const lines = tailOf(file, Infinity).split('\n');
	if (lines.length <= HEAD_LINES + TAIL_LINES) return lines.join('\n');
	return [...lines.slice(0, HEAD_LINES), '...', ...lines.slice(-TAIL_LINES)].join('\n');
}

/** One line of progress, on stderr so that stdout stays the command's own. */
export function say(text) {
	process.stderr.write(`${text}\n`);
}

/** The last lines of a log file, for an error message. */
export function tailOf(file, lines = TAIL_LINES) {
	try {
		return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
	} catch {
		return '(no output)';
	}
}

/**
 * Runs `command` and resolves when it exits with 0.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd: string, logFile: string, label: string, env?: NodeJS.ProcessEnv, quiet?: boolean }} options
 *   `label` appears in the progress lines ("installing n8n 2.40.7").
 */
export async function runLogged(command, args, options) {
	mkdirSync(dirname(options.logFile), { recursive: true });
	const log = createWriteStream(options.logFile);
	const startedMs = Date.now();
	const progress = setInterval(() => {
		say(`  ... still ${options.label} (${Math.round((Date.now() - startedMs) / 1000)} s)`);
	}, PROGRESS_EVERY_MS);
	try {
		const code = await exitOf(command, args, options, log);
		if (code !== 0) {
			throw new SetupError(
				`${options.label} failed (${[command, ...args].join(' ')}: ${code}). From ${options.logFile}:\n${excerptOf(options.logFile)}`,
			);
		}
	} finally {
		clearInterval(progress);
		log.end();
	}
}

function exitOf(command, args, options, log) {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, {
			cwd: options.cwd,
			env: options.env ?? process.env,
			stdio: ['ignore', 'pipe', 'pipe'],
			shell: process.platform === 'win32',
		});
		child.stdout.pipe(log, { end: false });
		child.stderr.pipe(log, { end: false });
		child.once('error', (cause) =>
			reject(new SetupError(`${command} could not be started: ${cause.message}`)),
		);
		child.once('close', (code, signal) => resolve(code ?? signal));
	});
}
