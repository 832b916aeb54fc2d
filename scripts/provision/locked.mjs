/**
 * Installs what a folder of manifests (package.json and package-lock.json) pins into the cache. The lock file's hash is
 * part of the folder's name, so that another lock file is another install.
 */
import { createHash } from 'node:crypto';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './cache.mjs';
import { installOnce } from './install.mjs';

/**
 * No install script is run: what is pinned here is chosen so that it works without them.
 * @param {{ manifests: string, packageName: string, size: string }} what `manifests` is a folder beside this file;
 *   `size` is told while installing ("2.8 GB, some minutes")
 * @returns {Promise<{ folder: string, version: string }>} where it is, and the version that is pinned
 */
export async function installLocked({ manifests, packageName, size }) {
	const source = fileURLToPath(new URL(`${manifests}/`, import.meta.url));
	const lock = await readFile(join(source, 'package-lock.json'));
	const { version } = JSON.parse(lock.toString()).packages[`node_modules/${packageName}`];
	const key = createHash('sha256').update(lock).digest('hex').slice(0, 8);
	const folder = await installOnce({
		folder: cacheFolder(`${packageName}-${version}-${key}`),
		what: `${packageName} ${version} (${size})`,
		prepare: async (target) => {
			for (const file of ['package.json', 'package-lock.json']) {
				await copyFile(join(source, file), join(target, file));
			}
		},
		// Not `npm ci`: it refuses a lock file whose optional packages of other platforms are not all listed.
		npmArgs: ['install', '--ignore-scripts'],
	});
	return { folder, version };
}
