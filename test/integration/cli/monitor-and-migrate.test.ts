import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { parseCatalog } from '../../../lib/catalog/parse';
import { type StandIn, startComfyUiStandIn } from '../../../simulator/comfyui';
import { modelsFromCatalog } from '../../../simulator/gpu';
import { cli } from '../../support/cli';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';

const CATALOG = path.join(__dirname, '..', '..', '..', 'models_config.json');
/** Nothing listens there: it is reserved. */
const DEAD = 'dead=http://127.0.0.1:1';

let database: TestDatabase;
let alive: StandIn;

beforeAll(async () => {
	database = await createTestDatabase('cli');
	const catalog = parseCatalog(JSON.parse(readFileSync(CATALOG, 'utf8')));
	alive = await startComfyUiStandIn({ models: modelsFromCatalog(catalog) });
});
beforeEach(() => database.sql.query('drop schema public cascade; create schema public'));
afterAll(async () => {
	await alive.close();
	await database.close();
});

async function vramRows(): Promise<
	{ server: string; reachable: boolean; vram_total: string | null }[]
> {
	const { rows } = await database.sql.query(
		'select server, reachable, vram_total, error from vram_usage_log order by server, observed_at',
	);
	return rows;
}

describe('migrate', () => {
	it('creates the tables, says so, and has nothing to do the second time', async () => {
		const args = ['migrate', '--database-url', database.url];
		const first = await cli(args);
		expect(first).toMatchObject({ code: 0, err: '' });
		expect(first.out).toMatch(/^Schema public of 127\.0\.0\.1:\d+\/\w+: applied logs/);
		expect((await cli(args)).out).toContain('nothing to do');
		expect(JSON.parse((await cli([...args, '--json'])).out)).toMatchObject({ applied: [] });
	});

	it('takes the address from the environment and sets how long the logs are kept', async () => {
		const env = { DATABASE_URL: database.url };
		expect((await cli(['migrate', '--vram-retention-days', '90'], { env })).code).toBe(0);
		const settings = () =>
			database.sql.query(
				`select name, value from comfyui_router_settings where name like '%retention%'`,
			);
		expect((await settings()).rows).toEqual([{ name: 'vram_retention_days', value: '90' }]);
		expect((await cli(['migrate', '--vram-retention-days', 'forever'], { env })).code).toBe(0);
		expect((await settings()).rows).toEqual([]);
	});

	it('ends with 1 where the login is refused, without the password', async () => {
		const result = await cli(['migrate', '--database-url', database.urlFor('nobody', 'hunter2')]);
		expect(result).toMatchObject({
			code: 1,
			out: '',
			err: expect.stringContaining('POSTGRES_UNAUTHORIZED'),
		});
		expect(result.err).not.toContain('hunter2');
	});
});

describe('vram-monitor --once', () => {
	const once = (...servers: string[]): string[] => [
		'vram-monitor',
		'--once',
		'--database-url',
		database.url,
		'--catalog',
		CATALOG,
		...servers.flatMap((server) => ['--server', server]),
	];

	it('records every server, the ones that do not answer too, and ends with 0', async () => {
		const result = await cli(once(`alive=${alive.url}`, DEAD));
		expect(result).toMatchObject({ code: 0, err: '' });
		expect(await vramRows()).toEqual([
			{
				server: 'alive',
				reachable: true,
				vram_total: expect.stringMatching(/^\d+$/),
				error: null,
			},
			{
				server: 'dead',
				reachable: false,
				vram_total: null,
				error: expect.stringContaining('not reachable'),
			},
		]);
		expect(result.out).toMatch(/2 rows; alive: .* GB obtainable.*; dead: no answer/);
	});

	it('names servers by host and port where they have no name', async () => {
		await cli(once(alive.url));
		expect((await vramRows())[0]?.server).toBe(new URL(alive.url).host);
	});

	it('prints readings for machines', async () => {
		const result = await cli([...once(`alive=${alive.url}`), '--json']);
		const round = JSON.parse(result.out) as { readings: { server: string }[]; changes: unknown[] };
		expect(round.readings.map((reading) => reading.server)).toEqual(['alive']);
	});

	it('ends with 1 where the database fails', async () => {
		const url = database.urlFor('nobody', 'x');
		const result = await cli([
			'vram-monitor',
			'--once',
			'--server',
			alive.url,
			'--database-url',
			url,
		]);
		expect(result).toMatchObject({
			code: 1,
			err: expect.stringContaining('POSTGRES_UNAUTHORIZED'),
		});
	});
});

describe('vram-monitor --interval-seconds', () => {
	let hanging: Server;
	beforeEach(async () => {
		// takes connections and never answers
		hanging = createServer(() => undefined);
		await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
	});
	afterEach(() => {
		hanging.closeAllConnections();
		hanging.close();
	});

	it('goes on round after round past a server that hangs, and ends with 0 at a signal', async () => {
		const stop = new AbortController();
		const { port } = hanging.address() as AddressInfo;
		let rounds = 0;
		const result = await cli(
			[
				...['vram-monitor', '--interval-seconds', '0.1', '--timeout-seconds', '0.3', '--json'],
				...['--server', `alive=${alive.url}`, '--server', `hung=http://127.0.0.1:${port}`],
				...['--database-url', database.url],
			],
			{
				signal: stop.signal,
				onOut: () => {
					rounds += 1;
					if (rounds === 3) stop.abort(new Error('SIGTERM'));
				},
			},
		);
		expect(result).toMatchObject({ code: 0, err: '' });
		const rows = await vramRows();
		expect(rows.filter((row) => row.server === 'alive' && row.reachable)).toHaveLength(3);
		expect(rows.filter((row) => row.server === 'hung' && !row.reachable)).toHaveLength(3);
		const changes = result.out
			.trim()
			.split('\n')
			.flatMap((line) => (JSON.parse(line) as { changes: { kind: string }[] }).changes);
		expect(changes.map((change) => change.kind)).toEqual(['unreachable']);
	});
});

describe('vram-monitor --listen', () => {
	/** Two rounds, then the metrics, then the end. */
	async function scraped(
		databaseUrl: string,
	): Promise<{ code: number; err: string; text: string }> {
		const stop = new AbortController();
		let url = '';
		let rounds = 0;
		let reading: Promise<string> = Promise.resolve('');
		const { code, err } = await cli(
			[
				...['vram-monitor', '--listen', '127.0.0.1:0', '--interval-seconds', '0.1'],
				...['--server', `alive=${alive.url}`, '--database-url', databaseUrl],
			],
			{
				signal: stop.signal,
				onErr: (text) => {
					url = /(http:\S+)\/metrics/.exec(text)?.[1] ?? url;
				},
				onOut: () => {
					rounds += 1;
					if (rounds !== 2) return;
					reading = fetch(`${url}/metrics`)
						.then((response) => response.text())
						.finally(() => stop.abort(new Error('SIGTERM')));
				},
			},
		);
		return { code, err, text: await reading };
	}

	it('shows what it also records', async () => {
		const { code, text } = await scraped(database.url);
		expect(code).toBe(0);
		expect(text).toContain('comfyui_up{server="alive"} 1');
		expect(text).toMatch(/comfyui_vram_total_bytes\{server="alive",device="0"\} \d+/);
		expect(text).toMatch(/comfyui_router_database_writes_total\{result="ok"\} [2-9]/);
		expect((await vramRows()).length).toBeGreaterThanOrEqual(2);
	});

	it('goes on showing where the database refuses, and counts that', async () => {
		const { code, err, text } = await scraped(database.urlFor('nobody', 'hunter2'));
		expect(code).toBe(0);
		expect(err).toContain('POSTGRES_UNAUTHORIZED');
		expect(err).not.toContain('hunter2');
		expect(text).toContain('comfyui_up{server="alive"} 1');
		expect(text).toMatch(/comfyui_router_database_writes_total\{result="failed"\} [2-9]/);
	});
});

describe('select --server', () => {
	it('decides for servers that are up now, and leaves out one that is not', async () => {
		const result = await cli(
			[
				...['select', '--catalog', CATALOG, '--request', '-'],
				...['--server', DEAD, '--server', `alive=${alive.url}`],
			],
			{ stdin: '{"purpose":"photo"}' },
		);
		expect(result).toMatchObject({ code: 0, err: '' });
		expect(JSON.parse(result.out)).toMatchObject({
			decision: 'selected',
			server: 'alive',
			server_url: alive.url,
		});
	});
});
