/**
 * A registry of our own on loopback (Verdaccio) that has this package, in versions that npm has never seen, and passes
 * everything else through to the registry that npm is set to. Owns its process, its folder and publishing to it.
 */
import { execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { SetupError, tailOf } from '../provision/command.mjs';
import { provisionVerdaccio } from '../provision/verdaccio.mjs';
import { freePort } from '../n8n-instance/ports.mjs';

const run = promisify(execFile);
const READY_WITHIN_MS = 90_000;
const POLL_MS = 250;

/**
 * @param {{ folder: string, packageName: string }} options `folder` is there and the caller's to remove
 * @returns {Promise<{ port: number, url: string, publish: (packageFolder: string) => Promise<void>,
 *   stop: () => Promise<void> }>}
 */
export async function startRegistry({ folder, packageName }) {
	const { script, node } = await provisionVerdaccio();
	const port = await freePort();
	const url = `http://127.0.0.1:${port}`;
	const configFile = join(folder, 'verdaccio.yaml');
	await writeFile(configFile, stringify(await configuration(folder, packageName)));
	const logFile = join(folder, 'verdaccio.log');
	const child = spawn(node, [script, '--config', configFile, '--listen', `127.0.0.1:${port}`], {
		cwd: folder,
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const log = createWriteStream(logFile);
	child.stdout.pipe(log, { end: false });
	child.stderr.pipe(log, { end: false });
	const onExit = () => child.kill('SIGKILL');
	process.once('exit', onExit);
	child.once('exit', () => process.off('exit', onExit));
	await ready(child, url, logFile);
	return {
		port,
		url,
		publish: async (packageFolder) => await publish(packageFolder, folder, url),
		stop: async () => await stop(child),
	};
}

async function configuration(folder, packageName) {
	const { stdout } = await run('npm', ['config', 'get', 'registry'], { cwd: folder });
	const anyone = { access: '$all', publish: '$all', unpublish: '$all' };
	await mkdir(join(folder, 'storage'), { recursive: true });
	return {
		storage: join(folder, 'storage'),
		uplinks: { above: { url: stdout.trim(), timeout: '60s', max_fails: 10 } },
		packages: { [packageName]: anyone, '**': { access: '$all', proxy: 'above' } },
		web: { enable: false },
		log: { type: 'stdout', format: 'pretty', level: 'warn' },
	};
}

/** As a maintainer would, but for the login: npm wants a token, this registry takes any. */
async function publish(packageFolder, folder, url) {
	const npmrc = join(folder, 'publisher.npmrc');
	await writeFile(npmrc, `${url.replace('http:', '')}/:_authToken=anyone\n`);
	const args = ['publish', '--ignore-scripts', `--registry=${url}`, `--userconfig=${npmrc}`];
	await run('npm', args, { cwd: packageFolder, maxBuffer: 2 ** 26 });
}

async function ready(child, url, logFile) {
	const endMs = Date.now() + READY_WITHIN_MS;
	while (Date.now() < endMs && child.exitCode === null) {
		const answer = await fetch(`${url}/-/ping`).catch(() => null);
		if (answer?.ok) return;
		await new Promise((resolve) => setTimeout(resolve, POLL_MS));
	}
	child.kill('SIGKILL');
	throw new SetupError(`The registry did not start. From ${logFile}:\n${tailOf(logFile)}`);
}

async function stop(child) {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const ended = new Promise((resolve) => child.once('exit', resolve));
	child.kill('SIGTERM');
	await ended;
}
