/** The fields of our credentials, from what a program knows. */

/** The Postgres credential from a connection string. */
export function postgresCredential(databaseUrl) {
	const url = new URL(databaseUrl);
	return {
		host: url.hostname,
		port: Number(url.port),
		database: url.pathname.slice(1),
		user: decodeURIComponent(url.username),
		password: decodeURIComponent(url.password),
		schema: 'public',
		ssl: 'disable',
	};
}
