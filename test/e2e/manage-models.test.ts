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
