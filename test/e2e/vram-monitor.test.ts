/** The VRAM Monitor Trigger in a real n8n, activated: asserted on its rows and executions, never on the activation. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { nodeOutput, until } from '../../scripts/n8n-instance/rest-client.mjs';
import {
	type ImportedWorkflow,
	type Lab,
	openLab,
	readExample,
	withParameters,
} from '../support/e2e-lab';

const TRIGGER = 'VRAM Monitor Trigger';
/** n8n polls once a minute. */
const TWO_POLLS_MS = 130_000;

let lab: Lab;
let readings: ImportedWorkflow;
let changes: ImportedWorkflow;

beforeAll(async () => {
	lab = await openLab('gpu-watched');
	const example = readExample('vram-monitor.json');
	readings = await lab.importWorkflow(
		withParameters({ ...example, name: 'each reading' }, TRIGGER, { emit: 'readings' }),
	);
	changes = await lab.importWorkflow({ ...example, name: 'changes only' });
	await lab.rest.activate(readings);
	await lab.rest.activate(changes);
});

afterAll(async () => {
	await lab?.close();
});

async function rows(where: string): Promise<Record<string, unknown>[]> {
	// until the first poll there is no table
	const text = `select * from vram_usage_log where ${where} order by observed_at`;
	return await lab.database.sql.query(text).then(
		(result) => result.rows,
		(error) => {
			if (error.code === '42P01') return [];
			throw error;
		},
	);
}

async function firstRow(where: string, timeoutMs: number): Promise<Record<string, unknown>> {
	return await until(timeoutMs, `a row with ${where}`, async () => (await rows(where))[0] ?? null);
}

describe('the activated VRAM monitor', () => {
	it('records what the server says and starts an execution with the reading', async () => {
		const row = await firstRow('reachable', 30_000);
		const { vramTotal } = lab.comfyui.gpu.reading();
		expect(row).toMatchObject({ server: 'gpu-watched', reachable: true, device_index: 0 });
		expect(Number(row.vram_total)).toBe(vramTotal);

		const [execution] = await lab.rest.waitForExecutions(readings.id, 1);
		expect(execution.status).toBe('success');
		expect(nodeOutput(execution, TRIGGER)[0]).toMatchObject({
			server: 'gpu-watched',
			reachable: true,
		});
	});

	it('records a server that is gone and alerts once', async () => {
		await firstRow('reachable', 30_000);
		await lab.comfyui.kill();

		const row = await firstRow('not reachable', TWO_POLLS_MS);
		expect(row.error).not.toBeNull();
		const [execution] = await lab.rest.waitForExecutions(changes.id, 1, TWO_POLLS_MS);
		expect(nodeOutput(execution, 'Alert')).toMatchObject([
			{ change: 'unreachable', server: 'gpu-watched' },
		]);
	}, 300_000);
});
