/** Verdaccio, a small npm registry, for tests that install this package as users do. Its lock file pins the version. */
import { join } from 'node:path';
import { installLocked } from './locked.mjs';
import { provisionNode } from './node.mjs';

/** @returns {Promise<{ script: string, node: string }>} its start script and the Node.js that it runs on */
export async function provisionVerdaccio() {
	const node = await provisionNode();
	const { folder } = await installLocked({
		manifests: 'verdaccio',
		packageName: 'verdaccio',
		size: '65 MB',
	});
	return { script: join(folder, 'node_modules', 'verdaccio', 'bin', 'verdaccio'), node };
}
