/** Manage Models in a real n8n: the nightly example as a person imports and runs it, and a model kept warm. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { nodeOutput } from '../../scripts/n8n-instance/rest-client.mjs';
import { type Lab, openLab, readExample, withParameters } from '../support/e2e-lab';

let lab: Lab;
beforeAll(async () => {
	lab = await openLab('gpu-managed');
});
afterAll(async () => {
	await lab?.close();
});

const inPostgres = { catalogSource: 'postgres', catalogName: 'e2e' };

describe('the nightly example', () => {
	it('syncs a catalog in Postgres, calibrates it, and tells what it found', async () => {
		const example = readExample('nightly-sync.json');
		const synced = withParameters(example, 'Sync', {
			...inPostgres,
			options: { createMissing: true },
		});
		const workflow = await lab.importWorkflow(withParameters(synced, 'Calibrate', inPostgres));
		const { executionId } = await lab.rest.run(workflow, 'Every Night');
		const execution = await lab.rest.waitForExecution(executionId);
		expect(execution.status).toBe('success');
		// the server has only the models that are one checkpoint file
		const [report] = nodeOutput(execution, 'Sync');
		expect(report).toMatchObject({ operation: 'sync', written: true, backup: 'e2e.bak' });
		expect(report.counts.disabled).toBeGreaterThan(5);
		expect(nodeOutput(execution, 'Calibrate')[0]).toMatchObject({ operation: 'calibrate' });
		expect(nodeOutput(execution, 'Tell Me')[0].text).toContain(report.summary);
		const { rows } = await lab.database.sql.query('select name from model_catalog order by name');
		expect(rows.map(({ name }) => name)).toEqual(['e2e', 'e2e.bak']);
	});

	it('prewarms in place of a step that was there before, with the credential that it needs', async () => {
		const example = readExample('nightly-sync.json');
		const prewarm = withParameters(example, 'Sync', {
			operation: 'prewarm',
			model: { __rl: true, mode: 'name', value: 'sd15' },
		});
		const workflow = await lab.importWorkflow({ ...prewarm, name: 'prewarm' });
		const { executionId } = await lab.rest.run(workflow, 'Every Night');
		const execution = await lab.rest.waitForExecution(executionId);
		expect(nodeOutput(execution, 'Sync')[0]).toMatchObject({
			server: 'gpu-managed',
			status: 'warmed',
		});
		expect(lab.comfyui.gpu.residentModels()).toEqual(['sd15']);
	});
});

describe('the example that keeps models ready', () => {
	it('loads what hurried jobs of the log had to do without', async () => {
		await lab.database.sql.query(`insert into model_usage_log
			(job_id, attempt, model_name, server, status, purpose, urgency, deadline_seconds)
			select 'hurried-' || n, 1, 'sd15', 'gpu-managed', 'success', 'photo', 'urgent', 8
			from generate_series(1, 20) n`);
		const example = readExample('models-kept-ready.json');
		const tend = withParameters(example, 'Tend Servers', { catalogSource: 'shipped' });
		// every minute without saving is for the schedule; here the result is read back
		const workflow = await lab.importWorkflow({ ...tend, settings: { executionOrder: 'v1' } });
		const { executionId } = await lab.rest.run(workflow, 'Every Minute');
		const execution = await lab.rest.waitForExecution(executionId);
		expect(execution.status).toBe('success');
		const [load] = nodeOutput(execution, 'Tend Servers');
		expect(load).toMatchObject({ action: 'prewarm', server: 'gpu-managed', done: true });
		expect(load.reason).toMatch(/^photo within /);
		expect(lab.comfyui.gpu.residentModels()).toEqual([load.model_name]);
		expect(load.model_name).not.toBe('sd15');
	});
});
