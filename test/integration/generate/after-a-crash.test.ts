/** A run whose process is killed: what is known about it, and that it can be picked up. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createPostgresStore, type PostgresStore } from '../../../adapters/postgres/store';
import type { SubmittedPromptRow } from '../../../lib/ports';
import { parseSelected } from '../../../lib/selection/parse';
import { createGenerator } from '../../../service/generate';
import { type Lab, openLab, until } from '../../support/generate-lab';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';

const ROOT = join(__dirname, '..', '..', '..');

let database: TestDatabase;
let store: PostgresStore;
let lab: Lab;
let folder: string;

beforeEach(async () => {
	database = await createTestDatabase('crash');
	store = createPostgresStore({ connection: database.url });
	lab = await openLab({ speedUp: 0.3, deps: { store, prompts: store } });
	folder = await mkdtemp(join(tmpdir(), 'crash-'));
});
afterEach(async () => {
	await lab.close();
	await store.close();
	await database.close();
	await rm(folder, { recursive: true, force: true });
});

const photo = { purpose: 'photo', prompt: 'a secret cat', explain: false, job_id: 'j1' };
const noted = () => store.findSubmitted({ jobId: 'j1' });
const events = (type: 'submitted' | 'started' | 'finished') =>
	lab.standIns[0]?.events.of(type).length ?? 0;
const usage = async () =>
	(await database.sql.query('select * from model_usage_log where job_id = $1', ['j1'])).rows;

/** In a process of its own. @returns what kills it */
async function generateElsewhere(): Promise<() => Promise<void>> {
	const file = (name: string) => join(folder, name);
	await writeFile(file('catalog.json'), JSON.stringify(lab.catalog));
	await writeFile(file('request.json'), JSON.stringify(photo));
	const main = [join(ROOT, 'node_modules/tsx/dist/cli.mjs'), join(ROOT, 'cli/main.ts')];
	const args = [...main, 'generate', '--catalog', file('catalog.json')];
	args.push('--request', file('request.json'), '--out', file('out'));
	args.push('--server', `s1=${lab.standIns[0]?.url}`, '--database-url', database.url);
	// its own process group: tsx runs the program in a child
	const child = spawn(process.execPath, args, { stdio: 'ignore', detached: true });
	const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
	return async () => {
		if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
		await ended;
	};
}

async function untilNoted(): Promise<SubmittedPromptRow> {
	for (let tries = 0; tries < 400; tries++) {
		const [row] = await noted();
		if (row) return row;
		await new Promise((resolve) => setTimeout(resolve, 25));
	}
	throw new Error('The prompt was never noted.');
}

describe('A process that is killed in the middle of a run', () => {
	it('has left the prompt_id in Postgres, and another one brings the image and logs it once', async () => {
		await store.migrate();
		const kill = await generateElsewhere();
		await until('it runs', () => events('started') === 1, 60_000);
		const row = await untilNoted();
		await kill();
		expect(row).toMatchObject({ server: 's1', attempt: 1 });
		expect(JSON.stringify(row)).not.toContain('secret');
		expect(await usage()).toEqual([]);

		const selection = parseSelected(row.selection);
		const input = { server: row.server, promptId: row.prompt_id, jobId: 'j1', selection };
		const result = await createGenerator(lab.deps).resume(input);
		expect(result).toMatchObject({ status: 'done', job_id: 'j1' });
		expect(result.outputs).toHaveLength(1);
		expect(events('submitted')).toBe(1);
		expect(await usage()).toMatchObject([{ status: 'success', prompt_id: row.prompt_id }]);
		expect(await noted()).toEqual([]);
	}, 90_000);
});

describe('Prompts under way', () => {
	it('are noted while they run, and gone with their end', async () => {
		const running = lab.generator.generate([{ request: photo }]);
		const row = await untilNoted();
		expect(events('finished')).toBe(0);
		await running;
		expect(await usage()).toMatchObject([{ prompt_id: row.prompt_id }]);
		expect(await noted()).toEqual([]);
		// a note that was on its way when the end was logged
		await store.recordSubmitted([row]);
		expect(await noted()).toEqual([]);
	});

	it('stay noted where they were only handed over', async () => {
		const [handed] = await lab.generator.submit([{ request: photo }]);
		const promptId = handed?.attempts[0]?.prompt_id ?? '';
		expect(await noted()).toMatchObject([{ prompt_id: promptId }]);
		expect(await store.findSubmitted({ promptId })).toMatchObject([{ job_id: 'j1' }]);
		expect(await store.findSubmitted({ jobId: 'another' })).toEqual([]);
	});

	it('delay no job where the database is away', async () => {
		const away = createPostgresStore({
			connection: 'postgresql://u@127.0.0.1:1/x',
			firstPatienceMs: 60_000,
		});
		const generator = createGenerator({ ...lab.deps, store: null, prompts: away });
		const request = { ...photo, model_name: 'light', deadline_seconds: 60 };
		const [result] = await generator.generate([{ request }]);
		expect(result?.status).toBe('done');
		expect(result?.log_errors).toEqual([]);
		await away.close();
	});
});
