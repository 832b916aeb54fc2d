/**
 * Starts one real n8n with this package loaded, and stops it. Owns the process and its user folder; what is done with
 * the running n8n is the REST client's and the caller's.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupError, tailOf } from '../provision/command.mjs';
import { provisionN8n } from '../provision/n8n.mjs';
import { LOUD_MODULES, n8nEnvironment } from './environment.mjs';
import { installPackage } from './package-folder.mjs';
import { freePort } from './ports.mjs';
import { N8nRestClient } from './rest-client.mjs';

const READY_LINE = 'Editor is now accessible';
const WORKER_READY_LINE = 'n8n worker is now ready';
const READY_WITHIN_MS = 180_000;
const STOP_WITHIN_MS = 30_000;
const DEFAULT_OWNER = { email: 'owner@example.com', password: 'Router-Owner-1' };

/**
 * @typedef {object} N8nOptions
 * @property {string} databaseUrl a Postgres database of its own
 * @property {string} [packageDir] the repository, built; default: none, an n8n that knows nothing of this package
 * @property {number} [port] default: any free port
 * @property {string} [userFolder] default: a new temporary folder, removed at the end
 * @property {{ email: string, password: string }} [owner]
 * @property {Record<string, string>} [env] over the quiet environment
 */

/**
 * @typedef {object} N8nInstance
 * @property {string} url
 * @property {N8nRestClient} rest logged in as the owner
 * @property {{ email: string, password: string }} owner
 * @property {string} userFolder
 * @property {string} logFile
 * @property {number} pid
 * @property {(concurrency: number) => Promise<N8nWorker>} worker starts a worker of it; its environment is queue mode's
 * @property {(args: string[]) => Promise<string>} cli runs an n8n command beside it; its standard output
 * @property {() => Promise<void>} stop
 */

/**
 * @typedef {object} N8nWorker
 * @property {number} pid
 * @property {() => Promise<void>} kill ends it at once, as a crash would
 * @property {() => Promise<void>} stop lets it finish first
 */

/**
 * Resolves when the editor answers and the owner is logged in.
 * @param {N8nOptions} options
 * @returns {Promise<N8nInstance>}
 */
export async function startN8n(options) {
	const n8n = await provisionN8n();
	const { node } = n8n;
	const userFolder = options.userFolder ?? (await mkdtemp(join(tmpdir(), 'comfyui-router-n8n-')));
	await mkdir(userFolder, { recursive: true });
	if (options.packageDir) await installPackage(options.packageDir, userFolder);
	const port = options.port ?? (await freePort());
	const owner = options.owner ?? DEFAULT_OWNER;
	const env = n8nEnvironment({
		databaseUrl: options.databaseUrl,
		port,
		brokerPort: await freePort(),
		userFolder,
		owner: { email: owner.email, passwordHash: hashOf(n8n.folder, owner.password) },
		disabledModules: LOUD_MODULES.filter((module) => hasModule(n8n.folder, module)),
		env: options.env,
	});
	const logFile = join(userFolder, 'n8n.log');
	const start = { node, script: n8n.script, env };
	const child = await launch(start, ['start'], READY_LINE, logFile);
	const instance = {
		url: `http://127.0.0.1:${port}`,
		rest: new N8nRestClient(`http://127.0.0.1:${port}`),
		owner,
		userFolder,
		logFile,
		pid: child.pid,
		worker: async (concurrency) => await startWorker(start, concurrency, userFolder),
		cli: async (args) => await commandOutput(node, n8n.script, args, env),
		stop: async () => await stop(child, options.userFolder ? null : userFolder),
	};
	await logIn(instance);
	return instance;
}

async function startWorker(start, concurrency, userFolder) {
	const env = { ...start.env, N8N_RUNNERS_BROKER_PORT: String(await freePort()) };
	const logFile = join(userFolder, `worker-${env.N8N_RUNNERS_BROKER_PORT}.log`);
	const args = ['worker', `--concurrency=${concurrency}`];
	const child = await launch({ ...start, env }, args, WORKER_READY_LINE, logFile);
	return {
		pid: child.pid,
		logFile,
		kill: async () => {
			const ended = new Promise((resolve) => child.once('exit', resolve));
			killGroup(child);
			await ended;
		},
		stop: async () => await stop(child, null),
	};
}

async function logIn(instance) {
	try {
		await instance.rest.setUpOwner(instance.owner);
		await instance.rest.login(instance.owner.email, instance.owner.password);
	} catch (error) {
		await instance.stop();
		throw error;
	}
}

function hasModule(n8nFolder, module) {
	return existsSync(join(n8nFolder, 'node_modules', 'n8n', 'dist', 'modules', module));
}

function hashOf(n8nFolder, password) {
	const require = createRequire(join(n8nFolder, 'node_modules', 'n8n', 'package.json'));
	return require('bcryptjs').hashSync(password, 10);
}

/** Resolves with the child when n8n says that it is ready; rejects with the end of its log when it dies or hangs. */
async function launch({ node, script, env }, args, readyLine, logFile) {
	// A process group of its own: a terminal's Ctrl-C reaches only us, and we stop n8n before its database.
	const child = spawn(node, [script, ...args], {
		env,
		stdio: ['ignore', 'pipe', 'pipe'],
		detached: process.platform !== 'win32',
	});
	const log = createWriteStream(logFile, { flags: 'a' });
	child.stdout.pipe(log, { end: false });
	child.stderr.pipe(log, { end: false });
	// A caller that dies must not leave an n8n behind.
	const onExit = () => killGroup(child);
	process.once('exit', onExit);
	child.once('exit', () => process.off('exit', onExit));
	try {
		await ready(child, readyLine);
	} catch (error) {
		killGroup(child);
		throw new SetupError(
			`n8n did not start: ${error.message}. The end of ${logFile}:\n${tailOf(logFile, 30)}`,
		);
	}
	return child;
}

function ready(child, readyLine) {
	return new Promise((resolve, reject) => {
		const late = () => reject(new Error(`not ready after ${READY_WITHIN_MS / 1000} s`));
		const timer = setTimeout(late, READY_WITHIN_MS);
		let seen = '';
		const onData = (chunk) => {
			seen = (seen + chunk).slice(-1000);
			if (!seen.includes(readyLine)) return;
			clearTimeout(timer);
			child.stdout.off('data', onData);
			resolve();
		};
		child.stdout.on('data', onData);
		child.once('error', reject);
		child.once('exit', (code, signal) => {
			clearTimeout(timer);
			reject(new Error(`it exited with ${code ?? signal}`));
		});
	});
}

/** SIGTERM lets n8n finish and stop its task runner; SIGKILL only for one that hangs. */
async function stop(child, temporaryFolder) {
	if (child.exitCode === null && child.signalCode === null) {
		const ended = new Promise((resolve) => child.once('exit', resolve));
		child.kill('SIGTERM');
		const timer = setTimeout(() => killGroup(child), STOP_WITHIN_MS);
		await ended;
		clearTimeout(timer);
	}
	if (temporaryFolder) await rm(temporaryFolder, { recursive: true, force: true });
}

/** With its task runner. */
function killGroup(child) {
	if (process.platform === 'win32') child.kill('SIGKILL');
	else if (child.pid) {
		try {
			process.kill(-child.pid, 'SIGKILL');
		} catch {
			// the group is gone already
		}
	}
}

function commandOutput(node, script, args, env) {
	return new Promise((resolve, reject) => {
		const child = spawn(node, [script, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
		let [stdout, stderr] = ['', ''];
		child.stdout.on('data', (chunk) => (stdout += chunk));
		child.stderr.on('data', (chunk) => (stderr += chunk));
		child.once('error', reject);
		child.once('close', (code) => {
			if (code === 0) resolve(stdout);
			else reject(new Error(`n8n ${args.join(' ')} exited with ${code}: ${stderr || stdout}`));
		});
	});
}
