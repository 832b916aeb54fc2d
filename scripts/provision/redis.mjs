/**
 * A private Redis server for tests and benchmarks of n8n's queue mode: Debian's package, a free port, nothing on disk.
 * Owns installing it where it is missing, starting and stopping; refuses to touch any server it did not start.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { runLogged, say, SetupError } from './command.mjs';
import { withLock } from './lock.mjs';
import { freePort } from './postgres.mjs';

const READY_LINE = 'Ready to accept connections';
const READY_WITHIN_MS = 30_000;

/** @returns {Promise<{ port: number, pid: number, stop: () => Promise<void> }>} once it answers */
export async function provisionRedis() {
	await ensureInstalled();
	const port = await freePort();
	const folder = mkdtempSync(join(tmpdir(), 'router-redis-'));
	const child = spawn(
		'redis-server',
		['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
		{ cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
	);
	const onExit = () => child.kill('SIGKILL');
	process.once('exit', onExit);
	try {
		await ready(child);
	} catch (error) {
		child.kill('SIGKILL');
		throw error;
	}
	return {
		port,
		pid: child.pid,
		async stop() {
			process.off('exit', onExit);
			if (child.exitCode === null && child.signalCode === null) {
				const gone = new Promise((resolve) => child.once('exit', resolve));
				child.kill('SIGTERM');
				await gone;
			}
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

function isInstalled() {
	return spawnSync('redis-server', ['--version']).status === 0;
}

/** Only where the package can be installed without asking: root on a Debian system. */
async function ensureInstalled() {
	if (isInstalled()) return;
	await withLock(cacheFolder('redis.lock'), 'Redis', async () => {
		if (isInstalled()) return;
		const isDebian = spawnSync('apt-get', ['--version']).status === 0;
		if (!isDebian || process.getuid?.() !== 0) throw missing();
		say('Installing redis-server (once) ...');
		const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
		const run = (args) =>
			runLogged('apt-get', args, {
				cwd: tmpdir(),
				env,
				logFile: cacheFolder('redis-install.log'),
				label: 'installing redis-server',
			});
		await run(['update', '-q']);
		await run(['install', '-y', '-q', '--no-install-recommends', 'redis-server']);
	});
}

function missing() {
	return new SetupError(
		'redis-server is not installed; the tests of queue mode need it.',
		'Install it (Debian and Ubuntu: "sudo apt-get install redis-server"; macOS: "brew install redis"), then run the same command again.',
	);
}

function ready(child) {
	return new Promise((resolve, reject) => {
		let seen = '';
		const fail = (why) => reject(new SetupError(`redis-server did not start: ${why}\n${seen}`));
		const timer = setTimeout(() => fail('no answer'), READY_WITHIN_MS);
		child.stdout.on('data', (chunk) => {
			seen = (seen + chunk).slice(-4000);
			if (!seen.includes(READY_LINE)) return;
			clearTimeout(timer);
			resolve();
		});
		child.once('error', (error) => fail(error.message));
		child.once('exit', (code) => fail(`it exited with ${code}`));
	});
}
