import './support/user-folder';

import type { INodeParameters } from 'n8n-workflow';
import { ExecuteContext } from 'n8n-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import type { StandIn } from '../../simulator/comfyui';
import { CATALOG, comfyUiCredential, GRAPH, startServer } from './support/fixtures';
import { CORE_NODES } from './support/core-nodes';
import { runWorkflow } from './support/harness';
import { type Select, selectOn } from './support/select';

let server: StandIn;
let select: Select;
beforeAll(async () => {
	server = await startServer();
	select = selectOn(server);
});
afterAll(() => server.close());

const fromItem = { requestFrom: 'item' };
const impossible = { purpose: 'photo', min_quality: 1 };

describe('Select Model', () => {
	it('adds model, reason and selection to the item and keeps its data, binary and pairing', async () => {
		const binary = { photo: { data: 'aGk=', mimeType: 'text/plain' } };
		const items = [{ json: { customer: 'x' } }, { json: { customer: 'y' }, binary }];
		const { outputs, error } = await select({ purpose: 'photo', urgency: 'normal' }, items);
		expect(error).toBeUndefined();
		expect(outputs[0]).toHaveLength(2);
		const second = outputs[0]?.[1];
		expect(second?.json).toMatchObject({
			customer: 'y',
			model_name: 'parts',
			selection: { decision: 'selected', server: 'gpu1', server_url: server.url },
		});
		expect(second?.json.selection_reason).toMatch(/parts/);
		expect(second?.binary?.photo?.mimeType).toBe('text/plain');
		expect(second?.pairedItem).toEqual({ item: 1 });
	});

	it('sends what cannot be served to Rejected, with the reason', async () => {
		const items = [{ json: { purpose: 'photo' } }, { json: impossible }];
		const { outputs } = await select(fromItem, items);
		expect(outputs[0]?.map((item) => item.json.model_name)).toEqual(['parts']);
		expect(outputs[1]).toHaveLength(1);
		expect(outputs[1]?.[0]).toMatchObject({
			json: {
				min_quality: 1,
				model_name: null,
				selection: { decision: 'rejected', rejection: { code: 'QUALITY_FLOOR' } },
			},
			pairedItem: { item: 1 },
		});
	});

	it('gives a job the id of execution, node and item unless the request brings one', async () => {
		const items = [{ json: { purpose: 'photo' } }, { json: { purpose: 'photo', job_id: 'mine' } }];
		const { outputs } = await select(fromItem, items, { name: 'My Router' });
		expect(outputs[0]?.map((item) => (item.json.selection as { job_id: string }).job_id)).toEqual([
			'execution-7/My Router/0',
			'mine',
		]);
	});

	it('gives every turn of a loop job ids of its own', async () => {
		const subject = (name: string, type: string, parameters: INodeParameters = {}) => ({
			id: name,
			name,
			type,
			typeVersion: 1,
			position: [0, 0] as [number, number],
			parameters,
			credentials: { comfyUiApi: { id: '1', name: 'ComfyUI' } },
		});
		const toRouter = { node: 'Router', type: 'main' as const, index: 0 };
		const { outputs } = await runWorkflow(
			{
				name: 'twice',
				nodes: [
					subject('Start', 'n8n-nodes-base.manualTrigger'),
					subject('Detour', 'n8n-nodes-base.noOp'),
					subject('Router', 'n8n-nodes-comfyui-router.selectModel', {
						catalogSource: 'json',
						catalogJson: JSON.stringify(CATALOG),
					}),
				],
				connections: {
					Start: { main: [[toRouter, { ...toRouter, node: 'Detour' }]] },
					Detour: { main: [[toRouter]] },
				},
			},
			'Start',
			[{ json: {} }],
			comfyUiCredential(`gpu1=${server.url}`),
			CORE_NODES,
		);
		expect(outputs.Router?.[0]?.[0]?.json.selection).toMatchObject({
			job_id: 'execution-7/Router/run 1/0',
		});
	});

	it('takes empty cells of an item for fields that are not there', async () => {
		const { outputs } = await select(fromItem, [
			{ json: { purpose: 'photo', width: '', prompt: null } },
		]);
		expect(outputs[0]?.[0]?.json.selection).toMatchObject({ request: { prompt: '' } });
	});

	it('reads the fields, custom purposes and additional fields included', async () => {
		const { outputs } = await select({
			purpose: '__custom__',
			customPurpose: 'draft',
			urgency: 'flexible',
			quality: 'standard',
			prompt: 'a house',
			additionalFields: {
				exclude_models: 'parts, fine',
				width: 512,
				negative_prompt: '',
				deadline_at: '2099-01-01T00:00:00Z',
			},
		});
		expect(outputs[0]?.[0]?.json.selection).toMatchObject({
			model_name: 'quick',
			deadline_at: '2099-01-01T00:00:00.000Z',
			request: {
				purpose: 'draft',
				urgency: 'flexible',
				quality: 'standard',
				prompt: 'a house',
				exclude_models: ['parts', 'fine'],
				width: 512,
			},
		});
	});

	it('reads a request as JSON strictly: a misspelt name is an error that names it', async () => {
		const { error } = await select({
			requestFrom: 'json',
			requestJson: '{"purpose":"photo","urgancy":"urgent"}',
		});
		expect(error?.message).toMatch(/urgancy/);
		expect(error?.context?.itemIndex).toBe(0);
		expect(error?.description).not.toBe('');
	});

	it('tells where a webhook puts the request when the item itself has no purpose', async () => {
		const { error } = await select(fromItem, [{ json: { body: { purpose: 'photo' } } }]);
		expect(error?.message).toMatch(/no field "purpose"/);
		expect(error?.description).toMatch(/\$json\.body/);
	});

	it('uses the model that is pinned, from the list or by name', async () => {
		const pinned = (mode: string) =>
			select({ modelChoice: 'pinned', model: { __rl: true, mode, value: 'quick' } });
		for (const mode of ['list', 'name']) {
			const { outputs } = await pinned(mode);
			expect(outputs[0]?.[0]?.json.model_name).toBe('quick');
		}
	});

	it('decides each item after the ones before it', async () => {
		const items = Array.from({ length: 4 }, () => ({ json: { purpose: 'photo' } }));
		const { outputs } = await select({ ...fromItem, options: { explain: false } }, items);
		const waits = outputs[0]?.map(
			(item) =>
				(item.json.selection as { estimate: { queue_seconds: number } }).estimate.queue_seconds,
		) as number[];
		expect(waits[0]).toBe(0);
		for (let i = 1; i < waits.length; i += 1)
			expect(waits[i]).toBeGreaterThan(waits[i - 1] as number);
	});

	it('answers an agent on one output, rejections included', async () => {
		const asTool = vi.spyOn(ExecuteContext.prototype, 'isToolExecution').mockReturnValue(true);
		try {
			const { outputs } = await select(fromItem, [
				{ json: impossible },
				{ json: { purpose: 'photo' } },
			]);
			expect(outputs).toHaveLength(1);
			expect(
				outputs[0]?.map((item) => (item.json.selection as { decision: string }).decision),
			).toEqual(['rejected', 'selected']);
		} finally {
			asTool.mockRestore();
		}
	});

	it('returns an empty list of alternatives when told not to explain', async () => {
		const { outputs } = await select({ options: { explain: false } });
		expect(outputs[0]?.[0]?.json.selection).toMatchObject({ alternatives: [] });
	});
});

describe('Select Model with a workflow', () => {
	it.each([
		['JSON', { workflowFrom: 'json', workflowJson: JSON.stringify(GRAPH) }],
		['a field of the item', { workflowFrom: 'field', workflowField: 'body.graph' }],
	])('fills in a graph from %s that ComfyUI accepts', async (_name, parameters) => {
		const item = { json: { body: { graph: GRAPH } } };
		const { outputs, error } = await select(
			{ purpose: 'photo', prompt: 'a house', ...parameters },
			[item],
		);
		expect(error).toBeUndefined();
		const json = outputs[0]?.[0]?.json;
		// "parts" is better, but a checkpoint loader cannot load it
		expect(json?.model_name).toBe('fine');
		expect(json?.workflow).toMatchObject({
			'3': { inputs: { steps: 20, cfg: 7, sampler_name: 'euler', scheduler: 'normal' } },
			'4': { inputs: { ckpt_name: 'fine.safetensors' } },
			'5': { inputs: { width: 1024, height: 1024 } },
			'6': { inputs: { text: 'a house' } },
			'7': { inputs: { text: 'not mine' } },
		});
		const answer = await fetch(`${server.url}/prompt`, {
			method: 'POST',
			body: JSON.stringify({ prompt: json?.workflow, client_id: 'test' }),
		});
		expect(answer.status).toBe(200);
	});

	it('draws another seed for every item, and keeps the one that is asked for', async () => {
		const items = [{}, {}, { seed: 42 }].map((more) => ({ json: { purpose: 'photo', ...more } }));
		const { outputs } = await select(
			{ ...fromItem, workflowFrom: 'json', workflowJson: JSON.stringify(GRAPH) },
			items,
		);
		const seeds = outputs[0]?.map(
			(item) => (item.json.workflow as typeof GRAPH)['3'].inputs.seed,
		) as number[];
		expect(seeds[0]).not.toBe(seeds[1]);
		expect(seeds[2]).toBe(42);
	});

	it('says what is wrong with a workflow in the format of the editor', async () => {
		const { error } = await select({
			workflowFrom: 'json',
			workflowJson: '{"nodes":[],"links":[],"version":0.4}',
		});
		expect(error?.message).toMatch(/editor/);
		expect(error?.description).toMatch(/Export \(API\)/);
	});

	it('says why a pinned model does not fit the workflow', async () => {
		const { error } = await select({
			modelChoice: 'pinned',
			model: { __rl: true, mode: 'name', value: 'parts' },
			workflowFrom: 'json',
			workflowJson: JSON.stringify(GRAPH),
		});
		expect(error?.message).toMatch(/checkpoint/);
	});
});

describe('Select Model with many items', () => {
	it('decides 10,000 items in one run and reads the fleet once', async () => {
		const asked = () =>
			server.events.of('request').filter(({ path }) => path.includes('system_stats'));
		const before = asked().length;
		const items = Array.from({ length: 10_000 }, (_, n) => ({ json: { purpose: 'photo', n } }));
		const { outputs, error } = await select({ ...fromItem, options: { explain: false } }, items);
		expect(asked()).toHaveLength(before + 1);
		expect(error).toBeUndefined();
		expect((outputs[0]?.length ?? 0) + (outputs[1]?.length ?? 0)).toBe(10_000);
	});
});
