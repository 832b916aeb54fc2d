/**
 * The n8n that is tested against and started. Owns its version through the lock file in `n8n/`, which pins all of
 * its packages, so that every machine gets the same n8n on every day.
 */
import { createHash } from 'node:crypto';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './cache.mjs';
import { installOnce } from './install.mjs';

const MANIFESTS = fileURLToPath(new URL('n8n/', import.meta.url));

/**
 * No install script is run: the native modules that they build serve SQLite and Kafka, and we run on Postgres.
 * @returns {Promise<{ folder: string, script: string, version: string }>} where it is, its start script, its version
 */
export async function provisionN8n() {
	const lock = await readFile(join(MANIFESTS, 'package-lock.json'));
	const version = JSON.parse(lock.toString()).packages['node_modules/n8n'].version;
	const key = createHash('sha256').update(lock).digest('hex').slice(0, 8);
	const folder = await installOnce({
		folder: cacheFolder(`n8n-${version}-${key}`),
		what: `n8n ${version} (2.8 GB, some minutes)`,
		prepare: async (target) => {
			for (const file of ['package.json', 'package-lock.json']) {
				await copyFile(join(MANIFESTS, file), join(target, file));
			}
		},
		// Not `npm ci`: it refuses a lock file whose optional packages of other platforms are not all listed.
		npmArgs: ['install', '--ignore-scripts'],
	});
	return { folder, script: join(folder, 'node_modules', 'n8n', 'bin', 'n8n'), version };
}
