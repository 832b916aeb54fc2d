/** Select Model and Log Usage with reservations: within one process, and through the database. */
import './support/user-folder';

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import type { Selection } from '../../lib/selection/types';
import type { StandIn } from '../../simulator/comfyui';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { comfyUiCredential, postgresCredential, startServer } from './support/fixtures';
import { runNode } from './support/harness';
import { type Select, selectOn } from './support/select';

let server: StandIn;
let select: Select;
let database: TestDatabase;

beforeAll(async () => {
	database = await createTestDatabase('select');
	server = await startServer();
	select = selectOn(server);
});

afterEach(() => vi.unstubAllEnvs());

afterAll(async () => {
	await server?.close();
	await database?.close();
});

const options = { reserveSeconds: 60, explain: false };
let count = 0;

/** One job, selected alone. */
async function selectOne(shared: boolean, jobId = `job ${(count += 1)}`) {
	const { outputs, hints } = await select(
		{ requestFrom: 'item', options },
		[{ json: { purpose: 'photo', job_id: jobId } }],
		{
			credentials: {
				...comfyUiCredential(`gpu1=${server.url}`),
				...(shared ? postgresCredential(database.url) : {}),
			},
		},
	);
	const selection = outputs[0]?.[0]?.json.selection as unknown as Selection & {
		decision: 'selected';
	};
	return { selection, hints };
}

async function log(selections: readonly unknown[]) {
	return await runNode({
		type: 'logUsage',
		parameters: { timing: 'wall' },
		items: selections.map((selection) => ({ json: { selection } as never })),
		credentials: postgresCredential(database.url),
	});
}

describe.each([
	['this process', false],
	['the database', true],
])('reserved in %s', (_where, shared) => {
	it('is seen by the next execution, and given back by Log Usage', async () => {
		const first = (await selectOne(shared)).selection;
		expect(first.reservation).toMatchObject({ reach: shared ? 'database' : 'process' });
		expect(first.estimate.queue_seconds).toBe(0);
		const second = (await selectOne(shared)).selection;
		const { load_seconds: load, run_seconds: run } = first.estimate;
		expect(second.estimate.queue_seconds).toBeCloseTo(load + run, 0);
		await log([first, second]);
		const third = (await selectOne(shared)).selection;
		expect(third.estimate.queue_seconds).toBe(0);
		await log([third]);
	});

	it('is replaced where the same job is selected again', async () => {
		await selectOne(shared, 'again');
		const { selection } = await selectOne(shared, 'again');
		expect(selection.estimate.queue_seconds).toBe(0);
		await log([selection]);
	});
});

describe('how far reservations reach', () => {
	it('is said in queue mode without a Postgres credential', async () => {
		vi.stubEnv('EXECUTIONS_MODE', 'queue');
		const { selection, hints } = await selectOne(false);
		await log([selection]);
		expect(hints.join()).toContain('queue mode');
	});

	it('is not said where all see them', async () => {
		vi.stubEnv('EXECUTIONS_MODE', 'queue');
		const { selection, hints } = await selectOne(true);
		await log([selection]);
		expect(hints).toEqual([]);
	});
});
