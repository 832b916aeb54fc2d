/** The packed package in a real n8n: what it loads, what it shows, and that every shipped example can be imported. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { nodeOutput } from '../../scripts/n8n-instance/rest-client.mjs';
import { type Lab, openLab, readExample, ROOT } from '../support/e2e-lab';

const PACKAGE = 'n8n-nodes-comfyui-router';
const EXAMPLES = readdirSync(join(ROOT, 'examples')).filter((file) => file.endsWith('.json'));

interface NodeType {
	name: string;
	iconUrl?: string | { light: string; dark: string };
}

let lab: Lab;
let types: NodeType[];

beforeAll(async () => {
	lab = await openLab('gpu-package');
	types = (await lab.rest.nodeTypes()).filter((type: NodeType) => type.name.startsWith(PACKAGE));
});

afterAll(async () => {
	await lab?.close();
});

describe('the installed package', () => {
	it('registers its nodes under their published names, also as tools', () => {
		const names = types.map(({ name }) => name);
		for (const name of [
			'selectModel',
			'selectModelTool',
			'planBatch',
			'planBatchTool',
			'logUsage',
			'vramMonitorTrigger',
			'manageModels',
		]) {
			expect(names).toContain(`${PACKAGE}.${name}`);
		}
	});

	it('serves the icons of all its nodes', async () => {
		expect(types.length).toBeGreaterThan(0);
		for (const { iconUrl, name } of types) {
			const urls = typeof iconUrl === 'string' ? [iconUrl] : Object.values(iconUrl ?? {});
			expect(urls, name).not.toHaveLength(0);
			for (const url of urls) {
				const response = await fetch(`${lab.rest.url}/${url}`);
				expect(response.headers.get('content-type'), url).toContain('image/svg');
			}
		}
	});
});

describe('the shipped examples', () => {
	it.each(EXAMPLES)('%s imports and uses only node types that n8n has', async (file) => {
		const workflow = await lab.importWorkflow(readExample(file));
		const known = new Set((await lab.rest.nodeTypes()).map((type: NodeType) => type.name));

		expect(workflow.id).toBeTruthy();
		expect(workflow.nodes.filter(({ type }) => !known.has(type))).toEqual([]);
	});

	it('Select Model before any ComfyUI node queues the graph with the selection in it', async () => {
		const workflow = await lab.importWorkflow(readExample('before-any-comfyui-node.json'));
		const { executionId } = await lab.rest.run(workflow, 'Start');
		const execution = await lab.rest.waitForExecution(executionId);

		expect(execution.status).toBe('success');
		const [selected] = nodeOutput(execution, 'Select Model');
		const [queued] = nodeOutput(execution, 'Your ComfyUI Node');
		expect(selected.selection.decision).toBe('selected');
		expect(queued.prompt_id).toBeTruthy();
	});
});
