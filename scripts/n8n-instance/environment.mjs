/**
 * The environment of a quiet n8n that is closed to the outside: no telemetry, no update checks, loopback only, its
 * database in Postgres, its owner account set from here. Owns n8n's variable names; reads nothing from disk.
 */

/** What a child may see of our own environment: n8n must not inherit a test runner's settings or a user's secrets. */
const INHERITED = [
	'PATH',
	'HOME',
	'LANG',
	'LC_ALL',
	'TZ',
	'TMPDIR',
	'TEMP',
	'SYSTEMROOT',
	'APPDATA',
];

const QUIET = {
	N8N_DIAGNOSTICS_ENABLED: 'false',
	N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
	N8N_TEMPLATES_ENABLED: 'false',
	N8N_PERSONALIZATION_ENABLED: 'false',
	N8N_HIRING_BANNER_ENABLED: 'false',
	N8N_DYNAMIC_BANNERS_ENABLED: 'false',
	N8N_AI_ENABLED: 'false',
	N8N_VERIFIED_PACKAGES_ENABLED: 'false',
	N8N_SECURE_COOKIE: 'false',
	N8N_LISTEN_ADDRESS: '127.0.0.1',
	N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS: 'true',
};

/** Modules that ask the outside at every start; an n8n that does not know one of them does not start with its name. */
export const LOUD_MODULES = ['mcp-registry'];

/**
 * @param {{ databaseUrl: string, port: number, brokerPort: number, userFolder: string,
 *   owner: { email: string, passwordHash: string }, disabledModules: string[], env?: Record<string, string> }} settings
 * @returns {Record<string, string>}
 */
export function n8nEnvironment(settings) {
	return {
		...Object.fromEntries(INHERITED.flatMap((k) => (process.env[k] ? [[k, process.env[k]]] : []))),
		...QUIET,
		...database(settings.databaseUrl),
		N8N_DISABLED_MODULES: settings.disabledModules.join(','),
		N8N_USER_FOLDER: settings.userFolder,
		N8N_PORT: String(settings.port),
		N8N_RUNNERS_BROKER_PORT: String(settings.brokerPort),
		WEBHOOK_URL: `http://127.0.0.1:${settings.port}/`,
		N8N_INSTANCE_OWNER_MANAGED_BY_ENV: 'true',
		N8N_INSTANCE_OWNER_EMAIL: settings.owner.email,
		N8N_INSTANCE_OWNER_FIRST_NAME: 'Router',
		N8N_INSTANCE_OWNER_LAST_NAME: 'Owner',
		N8N_INSTANCE_OWNER_PASSWORD_HASH: settings.owner.passwordHash,
		...settings.env,
	};
}

function database(databaseUrl) {
	const url = new URL(databaseUrl);
	return {
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: url.hostname,
		DB_POSTGRESDB_PORT: url.port || '5432',
		DB_POSTGRESDB_DATABASE: decodeURIComponent(url.pathname.slice(1)),
		DB_POSTGRESDB_USER: decodeURIComponent(url.username),
		DB_POSTGRESDB_PASSWORD: decodeURIComponent(url.password),
	};
}
