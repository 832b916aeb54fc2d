/** One PostgreSQL server for a whole test run; files ask for databases of their own on it (see postgres.ts). */
import { provisionPostgres, SHARED_URL_VARIABLE } from './postgres';

export default async function setUp(): Promise<() => Promise<void>> {
	const server = await provisionPostgres();
	process.env[SHARED_URL_VARIABLE] = server.url;
	return async () => {
		delete process.env[SHARED_URL_VARIABLE];
		await server.stop();
	};
}
