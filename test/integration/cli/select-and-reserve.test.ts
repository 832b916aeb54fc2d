/** `select --database-url`: what is chosen is reserved, and what others have reserved counts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { cli } from '../../support/cli';
import { quickCatalog } from '../../support/generate-lab';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';

let database: TestDatabase;
let folder: string;

const device = { vram_total: 24e9, vram_free: 24e9, torch_vram_total: 0, torch_vram_free: 0 };
/** Fields that a snapshot may leave out are left out. */
const fleet = { servers: [{ name: 's1', devices: [device] }] };

beforeAll(async () => {
	database = await createTestDatabase('select');
	folder = await mkdtemp(join(tmpdir(), 'router-select-'));
	await writeFile(join(folder, 'catalog.json'), JSON.stringify(quickCatalog()));
	await writeFile(join(folder, 'fleet.json'), JSON.stringify(fleet));
	await cli(['migrate', '--database-url', database.url]);
});

beforeEach(async () => {
	await database.sql.query('truncate server_reservation');
});

afterAll(async () => {
	await rm(folder, { recursive: true, force: true });
	await database?.close();
});

async function select(request: unknown, ...more: string[]) {
	const files = ['catalog', 'fleet'].flatMap((name) => [`--${name}`, join(folder, `${name}.json`)]);
	const args = ['select', ...files, '--request', '-', '--database-url', database.url, ...more];
	const { code, out, err } = await cli(args, { stdin: JSON.stringify(request) });
	return { code, err, answer: out === '' ? null : JSON.parse(out) };
}

async function reserved(): Promise<string[]> {
	const { rows } = await database.sql.query('select id from server_reservation order by id');
	return rows.map((row: { id: string }) => row.id);
}

describe('comfyui-router select --database-url', () => {
	it('reserves, and counts what was reserved before', async () => {
		const first = (await select({ purpose: 'photo', job_id: 'a' })).answer;
		expect(first.reservation).toEqual({
			id: 'select a',
			expires_in_seconds: 30,
			reach: 'database',
		});
		const second = (await select({ purpose: 'photo', job_id: 'b' })).answer;
		const { load_seconds: load, run_seconds: run } = first.estimate;
		expect(second.estimate.queue_seconds).toBeCloseTo(load + run, 5);
		expect(await reserved()).toEqual(['select a', 'select b']);
	});

	it('reserves nothing where that is not wanted, and still counts the others', async () => {
		await select({ purpose: 'photo', job_id: 'a' });
		const { answer } = await select({ purpose: 'photo', job_id: 'b' }, '--reserve-seconds', '0');
		expect(answer.estimate.queue_seconds).toBeGreaterThan(0);
		expect(answer.reservation).toBeUndefined();
		expect(await reserved()).toEqual(['select a']);
	});

	it('reserves nothing where one of several requests is faulty', async () => {
		const requests = [
			{ purpose: 'photo', job_id: 'a' },
			{ purpose: 'photo', widht: 512 },
		];
		const { code, err } = await select(requests);
		expect(code).toBe(64);
		expect(err).toContain('widht');
		expect(await reserved()).toEqual([]);
	});

	it('says so where the database is away', async () => {
		const { code, err } = await select(
			{ purpose: 'photo' },
			'--database-url',
			'postgresql://nobody@127.0.0.1:1/none',
		);
		expect(code).toBe(1);
		expect(err).toContain('POSTGRES_UNREACHABLE');
	});
});
