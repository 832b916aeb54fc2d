/**
 * A lock between processes, as a file whose age says whether its owner still lives.
 * Owns waiting and taking over from a dead owner; knows nothing of what is locked.
 */
import { mkdir, open, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './command.mjs';

const HEARTBEAT_MS = 2_000;
/** An owner that has not touched its file for this long is dead (or its machine was asleep). */
const STALE_AFTER_MS = 20_000;
const POLL_MS = 500;

/**
 * Runs `action` while holding the lock `file`.
 * @template T
 * @param {string} file
 * @param {string} what named while waiting
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 */
export async function withLock(file, what, action) {
	await mkdir(dirname(file), { recursive: true });
	await acquire(file, what);
	const heartbeat = setInterval(() => {
		const now = new Date();
		utimes(file, now, now).catch(() => undefined);
	}, HEARTBEAT_MS);
	try {
		return await action();
	} finally {
		clearInterval(heartbeat);
		await rm(file, { force: true });
	}
}

async function acquire(file, what) {
	for (let told = false; ;) {
		if (await create(file)) return;
		if (await isStale(file)) {
			await takeAway(file);
			continue;
		}
		if (!told) say(`Waiting for another process that is preparing ${what} ...`);
		told = true;
		await sleep(POLL_MS);
	}
}

async function create(file) {
	try {
		const handle = await open(file, 'wx');
		await handle.writeFile(String(process.pid));
		await handle.close();
		return true;
	} catch (error) {
		if (error.code === 'EEXIST') return false;
		throw error;
	}
}

async function isStale(file) {
	try {
		return Date.now() - (await stat(file)).mtimeMs > STALE_AFTER_MS;
	} catch {
		return false;
	}
}

/** Renaming is atomic: of two processes that see the same dead lock one removes it, the other goes on waiting. */
async function takeAway(file) {
	const grave = `${file}.stale-${process.pid}`;
	try {
		await rename(file, grave);
		await rm(grave, { force: true });
	} catch (error) {
		if (error.code !== 'ENOENT') throw error;
	}
}
