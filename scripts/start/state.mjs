/**
 * What `npm start` keeps from one start to the next: the folder of PostgreSQL's data and n8n's files, and the
 * passwords that were drawn at the first start. Owns the file of the secrets (readable by its owner only).
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stateFolder } from '../provision/cache.mjs';

/**
 * @typedef {object} DemoState
 * @property {string} folder
 * @property {string} postgresFolder
 * @property {string} n8nFolder
 * @property {{ postgresPassword: string, ownerPassword: string }} secrets
 * @property {() => Promise<void>} dispose removes it if it was temporary
 */

/** @param {boolean} temporary @returns {Promise<DemoState>} */
export async function openState(temporary) {
	const folder = temporary
		? await mkdtemp(join(tmpdir(), 'comfyui-router-check-'))
		: stateFolder('start');
	await mkdir(folder, { recursive: true });
	// PostgreSQL runs as a user of its own where we are root, and has to pass through here.
	await chmod(folder, 0o755);
	return {
		folder,
		postgresFolder: join(folder, 'postgres'),
		n8nFolder: join(folder, 'n8n'),
		secrets: await secretsIn(join(folder, 'secrets.json')),
		dispose: async () => {
			if (temporary) await rm(folder, { recursive: true, force: true });
		},
	};
}

async function secretsIn(file) {
	try {
		return JSON.parse(await readFile(file, 'utf8'));
	} catch (error) {
		if (error.code !== 'ENOENT') throw error;
	}
	const secrets = {
		postgresPassword: randomBytes(12).toString('hex'),
		// n8n wants eight characters with a digit and a capital letter
		ownerPassword: `Router-${randomBytes(6).toString('hex')}1`,
	};
	await writeFile(file, JSON.stringify(secrets, null, '\t'), { mode: 0o600 });
	return secrets;
}
