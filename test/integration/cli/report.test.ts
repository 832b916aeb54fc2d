import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPostgresStore } from '../../../adapters/postgres/store';
import { cli } from '../../support/cli';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { usageRow, vramReading } from '../../support/usage-rows';

const DAY_MS = 86_400_000;
const ago = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
	database = await createTestDatabase('report');
	folder = mkdtempSync(join(tmpdir(), 'report-'));
	const store = createPostgresStore({ connection: database.url, schema: 'studio' });
	await store.migrate();
	await store.recordUsage([
		usageRow({ job_id: 'a', actual_cost: 0.25, batch_size: 2, created_at: ago(1) }),
		usageRow({ job_id: 'b', model_name: 'flux1-dev', actual_cost: 0.5, created_at: ago(2) }),
		usageRow({ job_id: 'before', model_name: 'long-ago', actual_cost: 9, created_at: ago(9.5) }),
	]);
	await store.recordVram([
		vramReading({ observed_at: ago(0.01), loaded_model: 'flux1-dev' }),
		vramReading({ observed_at: ago(0.02), server: 'gpu-b', reachable: false, error: 'no answer' }),
	]);
	await store.close();
});
afterAll(async () => {
	await database.close();
	rmSync(folder, { recursive: true, force: true });
});

const report = (...args: string[]) =>
	cli(['report', '--database-url', database.url, '--schema', 'studio', ...args]);

describe('report', () => {
	it('writes the page of the last days, compared with those before', async () => {
		const out = join(folder, 'report.html');
		const result = await report('--out', out, '--days', '7');
		expect(result).toMatchObject({ code: 0, err: '' });
		expect(result.out).toMatch(/^Wrote .*report\.html: 3 images from /);
		const page = readFileSync(out, 'utf8');
		expect(page).toContain('<dd class="figure">$0.75</dd>');
		expect(page).toContain('>flux1-dev</th>');
		expect(page).toContain('VRAM of gpu-a');
		expect(page).toContain('no answer');
		// only in the comparison
		expect(page).not.toContain('long-ago');
		expect(page).toMatch(/−92 %<\/span> against before/);
	});

	it('goes to standard output, or says in JSON where it went', async () => {
		expect((await report('--out', '-', '--currency', 'EUR')).out).toMatch(
			/^<!doctype html>[\s\S]*€0\.75/,
		);
		const out = join(folder, 'again.html');
		expect(JSON.parse((await report('--out', out, '--json')).out)).toMatchObject({ file: out });
	});

	it('needs no more than SELECT, and says so where that is missing', async () => {
		await database.sql.query(`create role report_reader login password 'x';
			grant usage on schema studio to report_reader`);
		const url = database.urlFor('report_reader', 'x');
		const read = () => cli(['report', '--database-url', url, '--schema', 'studio', '--out', '-']);
		const refused = await read();
		expect(refused).toMatchObject({ code: 1, out: '' });
		expect(refused.err).toMatch(/POSTGRES_PERMISSION[\s\S]*Grant SELECT/);
		await database.sql.query(
			'grant select on studio.model_usage_log, studio.vram_usage_log to report_reader',
		);
		expect((await read()).code).toBe(0);
		await database.sql.query('drop owned by report_reader; drop role report_reader');
	});

	it('refuses what it cannot use, and names a file that cannot be written', async () => {
		for (const args of [[], ['--out', 'x', '--days', '0'], ['--out', 'x', '--currency', '$']]) {
			expect(await report(...args)).toMatchObject({ code: 64, out: '' });
		}
		const result = await report('--out', join(folder, 'no', 'such', 'folder.html'));
		expect(result).toMatchObject({ code: 1 });
		expect(result.err).toContain('FILE_UNWRITABLE');
	});
});
