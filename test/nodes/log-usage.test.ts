import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { StandIn } from '../../simulator/comfyui';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import {
	CATALOG,
	comfyUiCredential,
	GRAPH,
	postgresCredential,
	startServer,
} from './support/fixtures';
import { runNode, type RunOptions, type RunResult } from './support/harness';

let server: StandIn;
let database: TestDatabase;
beforeAll(async () => {
	server = await startServer();
	database = await createTestDatabase('log_usage');
});
afterAll(async () => {
	await server.close();
	await database.close();
});

let jobs = 0;

/** An item as Select Model leaves it, under a job id of its own. */
async function selected(request: IDataObject = {}): Promise<IDataObject> {
	jobs += 1;
	const { outputs } = await runNode({
		type: 'selectModel',
		parameters: {
			requestFrom: 'item',
			catalogSource: 'json',
			catalogJson: JSON.stringify(CATALOG),
			workflowFrom: 'json',
			workflowJson: JSON.stringify(GRAPH),
		},
		items: [{ json: { purpose: 'photo', job_id: `job-${jobs}`, ...request } }],
		credentials: comfyUiCredential(`gpu1=${server.url}`),
	});
	return (outputs[0]?.[0] ?? outputs[1]?.[0])?.json as IDataObject;
}

/** Queues the item's workflow and waits until ComfyUI is done with it. */
async function ran(item: IDataObject): Promise<string> {
	const answer = await fetch(`${server.url}/prompt`, {
		method: 'POST',
		body: JSON.stringify({ prompt: item.workflow, client_id: 'test' }),
	});
	const { prompt_id: promptId } = (await answer.json()) as { prompt_id: string };
	for (;;) {
		const history = await (await fetch(`${server.url}/history/${promptId}`)).json();
		if (Object.keys(history as object).length > 0) return promptId;
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
}

function log(
	parameters: INodeParameters,
	items: INodeExecutionData[],
	more: Partial<RunOptions> = {},
): Promise<RunResult> {
	return runNode({
		type: 'logUsage',
		parameters,
		items,
		credentials: {
			...comfyUiCredential(`gpu1=${server.url}`),
			...postgresCredential(database.url),
		},
		...more,
	});
}

async function rowsOf(jobId: unknown): Promise<Record<string, unknown>[]> {
	const { rows } = await database.sql.query(
		'select * from model_usage_log where job_id = $1 order by attempt',
		[jobId],
	);
	return rows;
}

const jobOf = (item: IDataObject) => (item.selection as { job_id: string }).job_id;

describe('Log Usage', () => {
	it("writes ComfyUI's own times with the selection, and adds the row to the item", async () => {
		const item = await selected({ user_id: 'ann' });
		const promptId = await ran(item);
		const binary = { photo: { data: 'aGk=', mimeType: 'text/plain' } };
		const { outputs, error } = await log({}, [
			{ json: { ...item, prompt_id: promptId, n: 1 }, binary },
		]);
		expect(error).toBeUndefined();
		expect(outputs[0]?.[0]).toMatchObject({
			json: {
				n: 1,
				usage: { status: 'success', timing_source: 'comfyui', attempt: 1, inserted: true },
			},
			binary: { photo: { mimeType: 'text/plain' } },
			pairedItem: { item: 0 },
		});
		const [row] = await rowsOf(jobOf(item));
		expect(row).toMatchObject({
			user_id: 'ann',
			workflow_id: 'workflow-1',
			execution_id: 'execution-7',
			server: 'gpu1',
			model_name: 'fine',
			purpose: 'photo',
			status: 'success',
			timing_source: 'comfyui',
			prompt_id: promptId,
		});
		expect(Number(row?.run_seconds)).toBeGreaterThan(0);
		expect(Number(row?.estimated_seconds)).toBeGreaterThan(0);
	});

	it('changes nothing when it runs again, and makes another prompt the next attempt', async () => {
		const item = await selected();
		const first = { json: { ...item, prompt_id: await ran(item) } };
		await log({}, [first]);
		const again = await log({}, [first]);
		expect(again.outputs[0]?.[0]?.json.usage).toMatchObject({ attempt: 1, inserted: false });
		const retry = await selected({ job_id: jobOf(item) });
		const second = await log({}, [{ json: { ...retry, prompt_id: await ran(retry) } }]);
		expect(second.outputs[0]?.[0]?.json.usage).toMatchObject({ attempt: 2, inserted: true });
		expect(await rowsOf(jobOf(item))).toHaveLength(2);
	});

	it('takes given figures', async () => {
		const item = await selected();
		const { error } = await log(
			{
				timing: 'given',
				actualSeconds: 12.5,
				additionalFields: {
					run_seconds: 10,
					cold: true,
					quality_feedback: 0.8,
					server: 'elsewhere',
				},
			},
			[{ json: item }],
		);
		expect(error).toBeUndefined();
		const [row] = await rowsOf(jobOf(item));
		expect(row).toMatchObject({ timing_source: 'given', cold: true, server: 'elsewhere' });
		expect([row?.actual_seconds, row?.run_seconds, row?.quality_feedback].map(Number)).toEqual([
			12.5, 10, 0.8,
		]);
	});

	it('takes the time since the selection, and says so', async () => {
		const item = await selected();
		await log({ timing: 'wall', status: 'timeout' }, [{ json: item }]);
		const [row] = await rowsOf(jobOf(item));
		expect(row).toMatchObject({ timing_source: 'wall', status: 'timeout' });
		expect(Number(row?.actual_seconds)).toBeGreaterThan(0);
	});

	it('logs a rejection as one', async () => {
		const item = await selected({ min_quality: 1 });
		await log({ timing: 'wall' }, [{ json: item }]);
		expect(await rowsOf(jobOf(item))).toMatchObject([{ status: 'rejected', model_name: null }]);
	});

	it('takes the selection of another node where the item lost it', async () => {
		const item = await selected();
		const { error } = await log({ timing: 'wall', selection: '={{ $json.kept.selection }}' }, [
			{ json: { kept: item } },
		]);
		expect(error).toBeUndefined();
		expect(await rowsOf(jobOf(item))).toHaveLength(1);
	});

	it('writes all items of a run together', async () => {
		const item = await selected();
		const items = Array.from({ length: 3000 }, (_, n) => ({
			json: { selection: { ...(item.selection as IDataObject), job_id: `many-${n}` } },
		}));
		const { outputs, error } = await log({ timing: 'wall' }, items);
		expect(error).toBeUndefined();
		expect(outputs[0]).toHaveLength(3000);
		const { rows } = await database.sql.query(
			"select count(*)::int as count from model_usage_log where job_id like 'many-%'",
		);
		expect(rows[0].count).toBe(3000);
	});
});

describe('Log Usage when something is wrong', () => {
	it('logs the other items before it fails for one, and says that they are safe', async () => {
		const item = await selected();
		const { error } = await log({ timing: 'wall' }, [{ json: {} }, { json: item }]);
		expect(error?.message).toMatch(/no selection/);
		expect(error?.context?.itemIndex).toBe(0);
		expect(error?.description).toMatch(/logged/);
		expect(await rowsOf(jobOf(item))).toHaveLength(1);
	});

	it('goes on item by item when told to', async () => {
		const item = await selected();
		const items = [{ json: { n: 0 } }, { json: { ...item, n: 1 } }];
		const regular = await log({ timing: 'wall' }, items, { onError: 'continueRegularOutput' });
		expect(regular.outputs[0]?.[0]?.json).toMatchObject({
			n: 0,
			details: { code: 'USAGE_INVALID' },
		});
		expect(regular.outputs[0]?.[1]?.json).toMatchObject({ n: 1, usage: { attempt: 1 } });
		const split = await log({ timing: 'wall' }, items, { onError: 'continueErrorOutput' });
		expect(split.outputs[0]?.map((one) => one.json.n)).toEqual([1]);
		expect(split.outputs[1]?.map((one) => one.json.n)).toEqual([0]);
	});

	it('asks for the prompt id where the times are to come from ComfyUI', async () => {
		const { error } = await log({}, [{ json: await selected() }]);
		expect(error?.message).toMatch(/prompt_id/);
	});

	it('refuses figures that cannot be, naming each', async () => {
		const { error } = await log(
			{ timing: 'given', actualSeconds: -1, additionalFields: { quality_feedback: 7 } },
			[{ json: await selected() }],
		);
		expect(`${error?.message} ${error?.description}`).toMatch(/actual_seconds/);
		expect(`${error?.message} ${error?.description}`).toMatch(/quality_feedback/);
	});

	it('stores hostile texts as texts', async () => {
		const jobId = `'; drop table model_usage_log; --\u0000${'x'.repeat(20)}`;
		const item = await selected({ job_id: jobId, user_id: '$(rm -rf /)' });
		const { error } = await log({ timing: 'wall' }, [{ json: item }]);
		expect(error).toBeUndefined();
		const { rows } = await database.sql.query(
			"select user_id from model_usage_log where job_id like '%drop table%'",
		);
		expect(rows).toEqual([{ user_id: '$(rm -rf /)' }]);
	});

	it('says what to do when Postgres is down, for every item', async () => {
		const credentials = {
			...comfyUiCredential(`gpu1=${server.url}`),
			...postgresCredential('postgres://me:secret@127.0.0.1:9/none'),
		};
		const item = { json: await selected() };
		const { error } = await log({ timing: 'wall' }, [item], { credentials });
		expect(error?.message).toMatch(/127\.0\.0\.1:9/);
		expect(error?.description).not.toBe('');
		const kept = await log({ timing: 'wall' }, [item], {
			credentials,
			onError: 'continueRegularOutput',
		});
		expect(kept.outputs[0]?.[0]?.json).toMatchObject({ details: { code: 'POSTGRES_UNREACHABLE' } });
	});
});
