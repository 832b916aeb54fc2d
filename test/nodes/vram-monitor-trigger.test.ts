import type { INodeParameters } from 'n8n-workflow';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { StandIn } from '../../simulator/comfyui';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { CATALOG, comfyUiCredential, postgresCredential, startServer } from './support/fixtures';
import { pollingNode, type PollOptions } from './support/harness';

let server: StandIn;
let database: TestDatabase;
beforeAll(async () => {
	server = await startServer();
	database = await createTestDatabase('vram_monitor');
});
afterEach(() => {
	server.gpu.setCoTenantBytes(0);
});
afterAll(async () => {
	await server.close();
	await database.close();
});

function trigger(parameters: INodeParameters, more: Partial<PollOptions> = {}) {
	return pollingNode({
		type: 'vramMonitorTrigger',
		parameters: {
			emit: 'readings',
			lowPercent: 10,
			recoveredPercent: 20,
			record: false,
			catalogSource: 'json',
			catalogJson: JSON.stringify(CATALOG),
			options: { timeoutSeconds: 5 },
			...parameters,
		},
		credentials: {
			...comfyUiCredential(`gpu1=${server.url}`),
			...postgresCredential(database.url),
		},
		...more,
	});
}

const GIB = 1024 ** 3;

describe('VRAM Monitor Trigger', () => {
	it('emits one item for each device of each server, servers that do not answer included', async () => {
		const poll = trigger(
			{},
			{ credentials: comfyUiCredential(`gpu1=${server.url}\ngone=http://127.0.0.1:9`) },
		);
		const items = await poll();
		expect(items).toHaveLength(2);
		expect(items?.[0]?.json).toMatchObject({ server: 'gpu1', reachable: true, queue_running: 0 });
		expect(Number(items?.[0]?.json.vram_total)).toBeGreaterThan(GIB);
		expect(items?.[1]?.json).toMatchObject({ server: 'gone', reachable: false, vram_total: null });
	});

	it('emits only changes: low, recovered, unreachable, back', async () => {
		const poll = trigger({ emit: 'changes' });
		const kinds = async () => (await poll())?.map((item) => item.json.change) ?? null;
		expect(await kinds()).toBeNull();
		server.gpu.setCoTenantBytes(1e12);
		expect(await kinds()).toEqual(['low_vram']);
		expect(await kinds()).toBeNull();
		server.gpu.setCoTenantBytes(0);
		expect(await kinds()).toEqual(['recovered']);
		await server.kill();
		// one silent moment is not an outage
		expect(await kinds()).toBeNull();
		expect(await kinds()).toEqual(['unreachable']);
		await server.listen();
		expect(await kinds()).toEqual(['back']);
	});

	it('records every reading in Postgres, emitted or not', async () => {
		const poll = trigger({ emit: 'changes', record: true });
		expect(await poll()).toBeNull();
		expect(await poll()).toBeNull();
		const { rows } = await database.sql.query('select server, reachable from vram_usage_log');
		expect(rows).toEqual([
			{ server: 'gpu1', reachable: true },
			{ server: 'gpu1', reachable: true },
		]);
	});

	it('shows a reading when tested in the editor, and leaves the memory of the polls alone', async () => {
		const items = await trigger({ emit: 'changes' }, { mode: 'manual' })();
		expect(items).toHaveLength(1);
		expect(items?.[0]?.json).toMatchObject({ server: 'gpu1', reachable: true });
	});

	it('lets an alert out although Postgres is down, and says that it is not recorded', async () => {
		const poll = trigger(
			{ emit: 'changes', record: true },
			{
				credentials: {
					...comfyUiCredential(`gpu1=${server.url}`),
					...postgresCredential('postgres://me:secret@127.0.0.1:9/none'),
				},
			},
		);
		server.gpu.setCoTenantBytes(1e12);
		const items = await poll();
		expect(items?.map((item) => item.json.change)).toEqual(['low_vram']);
		expect(items?.[0]?.json.record_error).toMatch(/127\.0\.0\.1:9/);
		await expect(poll()).rejects.toThrow(/127\.0\.0\.1:9/);
	});

	it('explains a wrong credential', async () => {
		const poll = trigger({}, { credentials: comfyUiCredential('nonsense') });
		await expect(poll()).rejects.toMatchObject({ name: 'NodeOperationError' });
	});
});
