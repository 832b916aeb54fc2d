/**
 * The n8n that is tested against and started. Owns its versions through the lock files in `n8n/` and `n8n-oldest/`, which
 * pin all of their packages, so that every machine gets the same n8n on every day.
 */
import { join } from 'node:path';
import { SetupError } from './command.mjs';
import { installLocked } from './locked.mjs';
import { provisionNode } from './node.mjs';

const RELEASES = {
	current: { manifests: 'n8n', size: '2.8 GB, some minutes', node: provisionNode },
	// on the Node that runs this: it does not need a newer one
	oldest: {
		manifests: 'n8n-oldest',
		size: '2.3 GB, some minutes',
		node: () => Promise.resolve(process.execPath),
	},
};

/**
 * The native modules that are not built here serve SQLite and Kafka, and we run on Postgres.
 * `COMFYUI_ROUTER_N8N=oldest` asks for the oldest n8n that is supported.
 * @returns {Promise<{ folder: string, script: string, version: string, node: string }>} where it is, its start script,
 *   its version, the Node.js that it runs on
 */
export async function provisionN8n() {
	const wanted = process.env.COMFYUI_ROUTER_N8N || 'current';
	const release = Object.hasOwn(RELEASES, wanted) ? RELEASES[wanted] : undefined;
	if (!release) {
		throw new SetupError(
			`COMFYUI_ROUTER_N8N is "${wanted}".`,
			`It may be ${Object.keys(RELEASES).join(' or ')}; without it the current one is taken.`,
		);
	}
	const node = await release.node();
	const { manifests, size } = release;
	const { folder, version } = await installLocked({ manifests, packageName: 'n8n', size });
	return { folder, version, script: join(folder, 'node_modules', 'n8n', 'bin', 'n8n'), node };
}
