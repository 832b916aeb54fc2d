/**
 * The Chromium of the browser tests: the one that CHROMIUM names, one that is installed, else Debian's package where we
 * may install it. Owns where browsers are looked for and what to say where there is none.
 */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from './cache.mjs';
import { runLogged, say, SetupError } from './command.mjs';
import { withLock } from './lock.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const TRIES = 3;
const RETRY_PAUSE_MS = 5_000;

/** @returns {Promise<string>} the path of a Chromium or Chrome */
export async function provisionChromium() {
	const found = installed();
	if (found) return found;
	if (!canInstall()) throw notThere('there is none, and it cannot be installed from here');
	await withLock(cacheFolder('chromium.lock'), 'Chromium', async () => {
		if (!installed()) await install();
	});
	const path = installed();
	if (!path) throw notThere('the installed package brought none');
	return path;
}

function installed() {
	const named = process.env.CHROMIUM;
	if (named) {
		if (existsSync(named)) return named;
		throw notThere(`CHROMIUM names ${named}, which is not there`);
	}
	const folders = (process.env.PATH ?? '').split(delimiter);
	return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

/** Debian's and Ubuntu's package tool, and the right to use it. */
function canInstall() {
	return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

async function install() {
	say('Installing Chromium (apt-get, about a minute; once) ...');
	for (let attempt = 1; ; attempt += 1) {
		try {
			await apt(['update']);
			return await apt(['install', '-y', '--no-install-recommends', 'chromium']);
		} catch (error) {
			if (attempt >= TRIES) throw notThere(error.message);
			say(`  Chromium: attempt ${attempt} of ${TRIES} failed, trying again ...`);
			await sleep(RETRY_PAUSE_MS * attempt);
		}
	}
}

async function apt(args) {
	await runLogged('apt-get', args, {
		cwd: tmpdir(),
		logFile: cacheFolder('chromium.log'),
		label: 'installing Chromium',
		env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
	});
}

function notThere(cause) {
	return new SetupError(
		`The browser tests need Chromium: ${cause}.`,
		'Run "sudo apt-get install chromium" (or install Chrome), or set CHROMIUM to the path of one, then run the same command again.',
	);
}
