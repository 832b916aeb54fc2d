/** What the worker is told, all by environment variables: other users of a machine see arguments, not these. */

/** @throws Error that names the variable */
export function readConfig(env) {
	const required = (name, what) => {
		if (!env[name]) throw new Error(`${name} is missing: ${what}.`);
		return env[name];
	};
	return {
		databaseUrl: required('DATABASE_URL', 'postgresql://user:password@host:5432/database'),
		servers: required('COMFYUI_SERVERS', 'name=address of each server, separated by spaces')
			.trim()
			.split(/\s+/)
			.map(namedServer),
		token: env.COMFYUI_TOKEN,
		catalogPath: env.CATALOG ?? null,
		outFolder: env.OUT_FOLDER ?? 'images',
		concurrency: positive(env.CONCURRENCY ?? '4', 'CONCURRENCY'),
	};
}

function namedServer(text) {
	const [, name, url] = /^([^=:/?#]+)=(\S+)$/.exec(text) ?? [];
	if (!url) throw new Error(`COMFYUI_SERVERS: "${text}" is not name=address.`);
	return { name, url };
}

function positive(text, name) {
	const value = Number(text);
	if (!Number.isInteger(value) || value < 1)
		throw new Error(`${name} is not a whole number of 1 or more.`);
	return value;
}
