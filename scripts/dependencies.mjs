/** Makes sure that `npm ci` has been run in a clone. Owns how that is recognised. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { runLogged, say } from './provision/command.mjs';

/** Runs `npm ci` where node_modules is missing or an earlier run was broken off. */
export async function ensureDependencies(root) {
	if (isInstalled(root)) return;
	say('Installing the development dependencies (npm ci, about a minute) ...');
	await runLogged('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
		cwd: root,
		logFile: join(tmpdir(), `comfyui-router-npm-ci-${process.pid}.log`),
		label: 'installing the development dependencies',
	});
}

/** npm writes this file last. */
function isInstalled(root) {
	const marker = join(root, 'node_modules', '.package-lock.json');
	return existsSync(marker) && statSync(marker).size > 0;
}
