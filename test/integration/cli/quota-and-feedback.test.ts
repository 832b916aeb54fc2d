import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { PostgresFeedbackStore } from '../../../adapters/postgres/feedback-store';
import { createPostgresStore } from '../../../adapters/postgres/store';
import { cli, type CliResult } from '../../support/cli';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { usageRow } from '../../support/usage-rows';
import { fleetOf, modelJson, serverOf } from '../../unit/router/builders';

let database: TestDatabase;
let folder: string;
let catalogFile: string;
let fleetFile: string;

beforeAll(async () => {
	database = await createTestDatabase('cliquota');
	folder = mkdtempSync(path.join(tmpdir(), 'quota-'));
	catalogFile = path.join(folder, 'catalog.json');
	fleetFile = path.join(folder, 'fleet.json');
	const models = [
		modelJson({ name: 'best', quality: 0.9, presets: [{ name: 'full', seconds: 30 }] }),
		modelJson({ name: 'light', quality: 0.5, presets: [{ name: 'full', seconds: 3 }] }),
	];
	writeFileSync(catalogFile, JSON.stringify({ version: 1, models }));
	writeFileSync(fleetFile, JSON.stringify(fleetOf(serverOf('a'))));
	const store = createPostgresStore({ connection: database.url });
	await store.migrate();
	await store.close();
});
afterAll(async () => {
	rmSync(folder, { recursive: true });
	await database.close();
});
beforeEach(() =>
	database.sql.query(
		'truncate quota_limit, quota_group_member, quota_account, quota_reservation, model_usage_log, model_feedback',
	),
);

const quota = (...args: string[]): Promise<CliResult> =>
	cli(['quota', ...args, '--database-url', database.url]);

describe('quota', () => {
	it('sets, replaces, lists and removes limits and members', async () => {
		expect(await quota('list')).toMatchObject({ code: 0, out: 'Nobody is limited.\n' });
		const set = await quota('set', '--user', '*', '--period', 'day', '--images', '20');
		expect(set).toMatchObject({ code: 0, out: 'The quota of user "*" per day is set.\n' });
		await quota('set', '--user', '*', '--period', 'day', '--images', '30');
		const group = [
			'set',
			'--group',
			'interns',
			'--period',
			'month',
			'--cost',
			'50',
			'--mode',
			'degrade',
		];
		const made = await quota(...group, '--member', 'ana', '--member', 'bob');
		expect(made.out).toContain('2 added to group "interns"');
		const listed = JSON.parse((await quota('list', '--json')).out);
		expect(listed).toMatchObject([
			{
				subject_kind: 'group',
				subject: 'interns',
				period: 'month',
				cost: 50,
				images: null,
				mode: 'degrade',
				members: ['ana', 'bob'],
			},
			{
				subject_kind: 'user',
				subject: '*',
				period: 'day',
				images: 30,
				images_used: 0,
				mode: 'reject',
			},
		]);
		expect((await quota('list')).out).toMatch(/interns.*month.*degrade.*0 \+ 0 of 50/);
		expect(await quota('remove', '--group', 'interns', '--member', 'ana')).toMatchObject({
			code: 0,
			out: '1 member of group "interns" removed.\n',
		});
		expect(await quota('remove', '--user', '*', '--period', 'week')).toMatchObject({ code: 2 });
		expect(await quota('remove', '--user', '*')).toMatchObject({
			code: 0,
			out: '1 quota of user "*" removed.\n',
		});
	});

	it.each([
		[[], 'quota set, quota list or quota remove'],
		[['sett'], '"sett" is out of place'],
		[['set', '--period', 'day', '--images', '1'], '--user U or --group G'],
		[
			['set', '--user', 'a', '--group', 'b', '--period', 'day', '--images', '1'],
			'--user U or --group G',
		],
		[['set', '--user', 'a', '--images', '1'], '--period is missing'],
		[
			['set', '--user', 'a', '--period', 'year', '--images', '1'],
			'not one of hour, day, week, month',
		],
		[['set', '--user', 'a', '--period', 'day'], 'what is limited?'],
		[['set', '--user', 'a', '--period', 'day', '--images', '1.5'], 'not a whole number'],
		[['set', '--user', 'a', '--period', 'day', '--cost', '-1'], 'not a number from 0'],
		[
			['set', '--user', 'a', '--period', 'day', '--images', '1', '--mode', 'soft'],
			'reject, degrade',
		],
		[['set', '--user', 'a', '--member', 'b'], '--member needs --group'],
	])('%j is bad input', async (args, message) => {
		const { code, err } = await quota(...args);
		expect([code, err]).toEqual([64, expect.stringContaining(message)]);
	});

	it('holds in select: what is selected is reserved, what goes beyond is rejected', async () => {
		await quota('set', '--user', 'ana', '--period', 'day', '--images', '1');
		const request = (id: string) => ({ purpose: 'photo', user_id: 'ana', job_id: id });
		const args = [
			'select',
			'--catalog',
			catalogFile,
			'--fleet',
			fleetFile,
			'--request',
			'-',
			'--database-url',
			database.url,
		];
		const { code, out } = await cli(args, { stdin: JSON.stringify([request('1'), request('2')]) });
		const [first, second] = JSON.parse(out);
		expect([code, first.decision, second.rejection.code]).toEqual([2, 'selected', 'QUOTA']);
		expect(second.rejection.resets_at).toMatch(/T00:00:00.000Z$/);
		// the same job again holds no more than it did
		const again = await cli(args, { stdin: JSON.stringify(request('1')) });
		expect(JSON.parse(again.out).rejection?.code ?? 'selected').toBe('QUOTA');
		const { rows } = await database.sql.query(
			'select images_reserved::int as reserved from quota_account',
		);
		expect(rows).toEqual([{ reserved: 1 }]);
	});
});

describe('feedback', () => {
	it('prints what was learned with intervals, and select uses it', async () => {
		const store = createPostgresStore({ connection: database.url });
		const opinions = new PostgresFeedbackStore(store.pool);
		for (let n = 0; n < 40; n++) {
			const jobId = `f${n}`;
			await store.recordUsage([
				usageRow({ job_id: jobId, prompt_id: jobId, model_name: 'best', preset: 'full' }),
			]);
			await opinions.record({
				jobId,
				userId: `u${n}`,
				kind: 'rating',
				rating: 0,
				otherJobId: null,
				token: null,
			});
		}
		await store.close();
		const args = ['--catalog', catalogFile, '--database-url', database.url];
		const table = await cli(['feedback', ...args]);
		expect(table.code).toBe(0);
		expect(table.out).toMatch(/best +full +photo +40 +40 +0\.90 +0\.\d\d +0\.\d\d to 0\.\d\d/);
		expect(table.out).toContain('Read 40 opinions; 0 of models');
		const [entry] = JSON.parse((await cli(['feedback', ...args, '--json'])).out);
		expect(entry.quality).toBeLessThan(0.45);
		const select = ['select', ...args, '--fleet', fleetFile, '--request', '-'];
		const { out } = await cli(select, { stdin: JSON.stringify({ purpose: 'photo' }) });
		expect(JSON.parse(out).model_name).toBe('light');
	});
});
