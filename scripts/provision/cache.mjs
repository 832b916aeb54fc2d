/**
 * Where things that outlive a clone are kept: a cache (may be deleted at any time, is rebuilt) and a state folder
 * (the demo's database and n8n folder). Owns the two paths; never points into the repository.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';

const NAME = 'n8n-nodes-comfyui-router';

/** Installed tools, keyed by version. */
export function cacheFolder(...parts) {
	const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
	return join(base, NAME, ...parts);
}

/** What `npm start` keeps between two starts. Root's home is closed to the user that PostgreSQL then runs as. */
export function stateFolder(...parts) {
	const ofUser = process.getuid?.() === 0 ? '/var/lib' : join(homedir(), '.local', 'state');
	return join(process.env.XDG_STATE_HOME || ofUser, NAME, ...parts);
}
