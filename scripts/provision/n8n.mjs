/**
 * The n8n that is tested against and started, and the oldest that is supported. Owns their versions through the lock
 * files, which pin all of their packages, so that every machine gets the same n8n on every day.
 */
import { join } from 'node:path';
import { installLocked } from './locked.mjs';
import { provisionNode } from './node.mjs';

/**
 * The native modules that are not built here serve SQLite and Kafka, and we run on Postgres.
 * @returns {Promise<{ folder: string, script: string, version: string, node: string }>} where it is, its start script,
 *   its version, the Node.js that it runs on
 */
export async function provisionN8n() {
	const node = await provisionNode();
	return { ...(await install('n8n', '2.8 GB, some minutes')), node };
}

/** The oldest n8n that is supported; the Node.js that runs this is used for it. */
export async function provisionOldestN8n() {
	return { ...(await install('n8n-oldest', '2.3 GB, some minutes')), node: process.execPath };
}

async function install(manifests, size) {
	const { folder, version } = await installLocked({ manifests, packageName: 'n8n', size });
	return { folder, version, script: join(folder, 'node_modules', 'n8n', 'bin', 'n8n') };
}
