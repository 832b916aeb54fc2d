/** The lists behind fields, and values that such a field had before it was a list. */
import type { INodeListSearchResult, INodeParameters } from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SAMPLERS, SCHEDULERS } from '../../lib/samplers';
import type { StandIn } from '../../simulator/comfyui';
import { CATALOG, comfyUiCredential, startServer } from './support/fixtures';
import { openGenerateLab } from './support/generate';
import { OUR_NODES, runNode } from './support/harness';
import { selectOn } from './support/select';

const withPresets = (name: string, presets: { name: string; quality: number }[]) => {
	const model = CATALOG.models.find((one) => one.name === name) as (typeof CATALOG.models)[number];
	return { ...model, presets: presets.map((one) => ({ ...model.presets[0], ...one })) };
};
/** "quick" with two presets, one of them with a sampler that no plain ComfyUI has. */
const catalogJson = JSON.stringify({
	...CATALOG,
	models: [
		withPresets('fine', [{ name: 'standard', quality: 1 }]),
		withPresets('quick', [
			{ name: 'rough', quality: 0.4 },
			{ name: 'standard', quality: 1 },
		]),
	],
}).replace('"sampler_name":"euler"', '"sampler_name":"of_an_extension"');
const catalog = { catalogSource: 'json', catalogJson };

type List = 'searchPresets' | 'searchSamplers' | 'searchSchedulers';

async function listed(
	list: List,
	parameters: Record<string, unknown> = {},
	servers: string | null = null,
	filter?: string,
): Promise<string[]> {
	const method = OUR_NODES['n8n-nodes-comfyui-router.selectModel']?.methods?.listSearch?.[list];
	const context = {
		getCurrentNodeParameter: (name: string) => ({ ...catalog, ...parameters })[name],
		getNode: () => ({ name: 'Select Model', type: 'selectModel' }),
		getCredentials: async () => {
			if (servers === null) throw new Error('Node does not have any credentials set');
			return comfyUiCredential(servers).comfyUiApi;
		},
	};
	const { results } = (await method?.call(context as never, filter)) as INodeListSearchResult;
	return results.map(({ value }) => String(value));
}

let server: StandIn;
beforeAll(async () => {
	server = await startServer();
});
afterAll(() => server.close());

describe('every list that a field asks for', () => {
	it.each(Object.entries(OUR_NODES))('is one of the methods of %s', (_type, node) => {
		const asked = [
			...JSON.stringify(node.description.properties).matchAll(/"searchListMethod":"(\w+)"/g),
		].map((match) => match[1]);
		const known = Object.keys(node.methods?.listSearch ?? {});
		expect(known).toEqual(expect.arrayContaining(asked));
	});
});

describe('the list of presets', () => {
	it('has those of the chosen model, best first', async () => {
		const model = { mode: 'list', value: 'quick', __rl: true };
		expect(await listed('searchPresets', { model })).toEqual(['standard', 'rough']);
		expect(await listed('searchPresets', { model }, null, 'ROU')).toEqual(['rough']);
		expect(await listed('searchPresets', { model: 'quick' })).toEqual(['standard', 'rough']);
	});

	it('has those of every model where an expression chooses it, each once', async () => {
		const model = { mode: 'name', value: '={{ $json.model }}', __rl: true };
		expect(await listed('searchPresets', { model })).toEqual(['rough', 'standard']);
		expect(await listed('searchPresets')).toEqual(['rough', 'standard']);
	});
});

describe('the lists of samplers and schedulers', () => {
	it('are those of the servers that answer', async () => {
		const servers = `gpu1=${server.url}\ngone=http://127.0.0.1:1`;
		const answer = await fetch(`${server.url}/object_info/KSampler`);
		type Choices = Record<'sampler_name' | 'scheduler', [string[]]>;
		const info = (await answer.json()) as { KSampler: { input: { required: Choices } } };
		const { required } = info.KSampler.input;
		expect(await listed('searchSamplers', {}, servers)).toEqual(required.sampler_name[0]);
		expect(await listed('searchSchedulers', {}, servers)).toEqual(required.scheduler[0]);
	});

	it.each([
		['no credential is chosen', null],
		['no server answers', 'gone=http://127.0.0.1:1'],
		['the credential is wrong', 'not an address'],
	])("are ComfyUI's own and the catalog's where %s", async (_when, servers) => {
		const samplers = await listed('searchSamplers', {}, servers);
		expect(samplers).toEqual([...SAMPLERS, 'of_an_extension']);
		expect(await listed('searchSchedulers', {}, servers)).toEqual(SCHEDULERS);
	});

	it("are ComfyUI's own where the catalog cannot be read", async () => {
		expect(await listed('searchSamplers', { catalogJson: '{' })).toEqual(SAMPLERS);
		expect(await listed('searchSamplers', {}, null, 'EULER')).toContain('euler_ancestral');
		expect(await listed('searchSamplers', {}, null, 'EULER')).not.toContain('lcm');
	});
});

/** What a list, a written name and an older version of the node leave in the workflow. */
const spellings: [string, (value: string) => INodeParameters[string]][] = [
	['chosen from the list', (value) => ({ __rl: true, mode: 'list', value })],
	['written by name', (value) => ({ __rl: true, mode: 'name', value })],
	['plain text, as of an older version', (value) => value],
	['an expression of an older version', (value) => `={{ "${value}" }}`],
	['an expression', (value) => ({ __rl: true, mode: 'name', value: `={{ "${value}" }}` })],
];

describe.each(spellings)('a value %s', (_how, spelt) => {
	const additionalFields = { sampler_name: spelt('heun'), scheduler: spelt('karras'), steps: 7 };
	const expected = { sampler_name: 'heun', scheduler: 'karras', steps: 7 };

	it('is what Select Model goes by', async () => {
		const { outputs, error } = await selectOn(server)({
			...catalog,
			modelChoice: 'pinned',
			model: spelt('quick'),
			presetName: spelt('rough'),
			additionalFields,
		});
		expect(error).toBeUndefined();
		expect(outputs[0]?.[0]?.json).toMatchObject({
			selection: { model_name: 'quick', preset: 'rough', parameters: expected },
		});
	});

	it('is what Generate Image runs with', async () => {
		const lab = await openGenerateLab();
		try {
			const more = { modelChoice: 'pinned', model: spelt('light'), additionalFields };
			const { outputs, error } = await lab.run(more);
			expect(error).toBeUndefined();
			expect(outputs[0]?.[0]?.json).toMatchObject({
				status: 'done',
				selection: { model_name: 'light', parameters: expected },
			});
		} finally {
			await lab.close();
		}
	});

	it('is what Plan Batch goes by', async () => {
		const { outputs, error } = await runNode({
			type: 'planBatch',
			parameters: {
				...catalog,
				requestFrom: 'fields',
				modelChoice: 'pinned',
				model: spelt('quick'),
				presetName: spelt('rough'),
				additionalFields,
			},
			credentials: comfyUiCredential(`gpu1=${server.url}`),
		});
		expect(error).toBeUndefined();
		expect(outputs[0]?.[0]?.json).toMatchObject({
			selection: { model_name: 'quick', preset: 'rough', parameters: expected },
		});
	});
});

describe('a preset', () => {
	it("is not the node's where the request names a model of its own", async () => {
		const { outputs } = await selectOn(server)(
			{
				...catalog,
				requestFrom: 'item',
				modelChoice: 'pinned',
				model: { __rl: true, mode: 'list', value: 'quick' },
				presetName: { __rl: true, mode: 'list', value: 'rough' },
			},
			[
				{ json: { purpose: 'photo', model_name: 'fine' } },
				{ json: { purpose: 'photo', preset_name: 'standard' } },
				// a column of the user's own
				{ json: { purpose: 'photo', preset: 'summer' } },
			],
		);
		expect(outputs[0]?.map(({ json }) => json.selection)).toMatchObject([
			{ model_name: 'fine', preset: 'standard' },
			{ model_name: 'quick', preset: 'standard' },
			{ model_name: 'quick', preset: 'rough' },
		]);
	});

	it('left empty is chosen', async () => {
		const { outputs } = await selectOn(server)({
			...catalog,
			modelChoice: 'pinned',
			model: { __rl: true, mode: 'list', value: 'quick' },
			presetName: { __rl: true, mode: 'list', value: '' },
			additionalFields: { sampler_name: { __rl: true, mode: 'list', value: '' } },
		});
		expect(outputs[0]?.[0]?.json).toMatchObject({
			selection: { model_name: 'quick', preset: 'standard' },
		});
	});

	it('that the model does not have is refused with those it has', async () => {
		const { outputs } = await selectOn(server)({
			...catalog,
			modelChoice: 'pinned',
			model: 'quick',
			presetName: 'best',
		});
		expect(outputs[1]?.[0]?.json).toMatchObject({
			selection: { rejection: { code: 'EXCLUDED', hint: 'It has: rough, standard.' } },
		});
	});
});
