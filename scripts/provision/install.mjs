/**
 * Installs npm packages into a cache folder exactly once per version.
 * Owns the complete-marker (a broken install is redone), the lock between runs and the retries.
 */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLogged, say, SetupError } from './command.mjs';
import { withLock } from './lock.mjs';

const MARKER = '.complete';
const TRIES = 3;
const RETRY_PAUSE_MS = 5_000;

/**
 * @param {{ folder: string, what: string, prepare: (folder: string) => Promise<void>, npmArgs: string[] }} install
 *   `prepare` writes package.json (and a lock file) into the empty folder, `npmArgs` are given to npm there.
 * @returns {Promise<string>} the folder, complete
 */
export async function installOnce(install) {
	const { folder, what } = install;
	const marker = join(folder, MARKER);
	if (existsSync(marker)) return folder;
	return await withLock(`${folder}.lock`, what, async () => {
		if (existsSync(marker)) return folder;
		const startedMs = Date.now();
		say(`Installing ${what} into ${folder} (once; later runs reuse it) ...`);
		await withRetries(install);
		await writeFile(marker, `${new Date().toISOString()}\n`);
		say(`Installed ${what} in ${Math.round((Date.now() - startedMs) / 1000)} s.`);
		return folder;
	});
}

async function withRetries(install) {
	for (let attempt = 1; ; attempt += 1) {
		try {
			return await installInto(install);
		} catch (error) {
			if (attempt >= TRIES) throw noInstall(install, error);
			say(`  ${install.what}: attempt ${attempt} of ${TRIES} failed, trying again ...`);
			await sleep(RETRY_PAUSE_MS * attempt);
		}
	}
}

async function installInto({ folder, what, prepare, npmArgs }) {
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	await prepare(folder);
	await runLogged('npm', [...npmArgs, '--no-audit', '--no-fund', '--loglevel=error'], {
		cwd: folder,
		logFile: `${folder}.log`,
		label: `installing ${what}`,
	});
}

function noInstall({ folder, what, npmArgs }, error) {
	return new SetupError(
		`${what} could not be installed in ${TRIES} attempts. ${error.message}`,
		`Check that the npm registry is reachable ("npm ping"; a proxy goes into "npm config set proxy URL"), then run the same command again. What npm says: cd ${folder} && npm ${npmArgs.join(' ')}`,
	);
}
