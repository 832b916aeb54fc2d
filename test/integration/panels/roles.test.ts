/** The roles of the compose file, on a server of its own: Grafana's reads every panel and changes nothing. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALERTS, PANELS } from '../../../adapters/postgres/panels';
import { VARIABLE_QUERIES } from '../../../adapters/postgres/panels/variables';
import { createPostgresStore } from '../../../adapters/postgres/store';
import { range, USAGE, VRAM } from '../../support/hand-made-logs';
import { runQuery } from '../../support/panels';
import { type ProvisionedPostgres, provisionPostgres } from '../../support/postgres';

const ROLES = resolve(__dirname, '../../../deploy/compose/postgres/roles.sql');

let server: ProvisionedPostgres;
let grafana: pg.Pool;

/** As psql reads the file: variables from the environment, another database after \connect. */
async function runRoles(): Promise<void> {
	const [before, after] = readFileSync(ROLES, 'utf8').split('\\connect router\n') as [
		string,
		string,
	];
	const statements = before
		.replace(/^\\getenv .*$/gm, '')
		.replace(/:'(\w+)_password'/g, (_, name: string) => `'${name}-secret'`)
		.split(/;\s*$/m)
		.filter((statement) => statement.replace(/^--.*$/gm, '').trim() !== '');
	// databases are not made in a transaction
	for (const statement of statements) await server.admin.query(statement);
	const client = new pg.Client({ connectionString: server.urlFor(undefined, undefined, 'router') });
	await client.connect();
	await client.query(after);
	await client.end();
}

beforeAll(async () => {
	server = await provisionPostgres();
	await runRoles();
	const store = createPostgresStore({
		connection: server.urlFor('router', 'router-secret', 'router'),
	});
	await store.migrate();
	await store.recordUsage(USAGE);
	await store.recordVram(VRAM);
	await store.close();
	const connectionString = server.urlFor('grafana_reader', 'grafana-secret', 'router');
	grafana = new pg.Pool({ connectionString, max: 2 });
	// end() does not wait for its connections to be closed: the server's goodbye may still reach one of them
	grafana.on('error', () => undefined);
});
afterAll(async () => {
	await grafana.end();
	await server.stop();
});

describe('the role of Grafana', () => {
	it('runs every panel, alert and variable', async () => {
		const variables = Object.values(VARIABLE_QUERIES).map((sql) => ({ sql }));
		for (const query of [...Object.values(PANELS), ...ALERTS, ...variables]) {
			await runQuery(grafana, query, range);
		}
		expect((await runQuery(grafana, PANELS.totals, range))[0]).toMatchObject({ images: 7 });
	});

	it('changes nothing, even where it asks for writing', async () => {
		for (const statement of [
			'delete from model_usage_log',
			`insert into vram_usage_log (server, reachable) values ('x', true)`,
			'create table mine (x int)',
		]) {
			await expect(grafana.query(statement)).rejects.toThrow(/read-only/);
			const writing = `begin; set transaction read write; ${statement}; commit`;
			await expect(grafana.query(writing)).rejects.toThrow(/permission denied/);
			await grafana.query('rollback');
		}
	});
});
