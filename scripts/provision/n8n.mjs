/**
 * The n8n that is tested against and started. Owns its version through the lock file in `n8n/`, which pins all of its
 * packages, so that every machine gets the same n8n on every day.
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
	const { folder, version } = await installLocked({
		manifests: 'n8n',
		packageName: 'n8n',
		size: '2.8 GB, some minutes',
	});
	return { folder, version, script: join(folder, 'node_modules', 'n8n', 'bin', 'n8n'), node };
}
