/** The outputs that nodes have on the canvas, and that what comes out has the output it is shown at. */
import {
	type INode,
	type INodeExecutionData,
	type INodeParameters,
	NodeHelpers,
	type OnError,
	Workflow,
} from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { StandIn } from '../../simulator/comfyui';
import { CATALOG, startServer } from './support/fixtures';
import { OUR_NODES } from './support/harness';
import { selectOn } from './support/select';

/** As n8n's canvas and its engine ask for them; n8n fills in what a stored workflow leaves out only in its engine. */
function outputsOf(type: string, parameters: INodeParameters, onError?: OnError): string[] {
	const nodeType = OUR_NODES[`n8n-nodes-comfyui-router.${type}`];
	if (!nodeType) throw new Error(`There is no node ${type}.`);
	const node = { id: '1', name: 'Subject', type, typeVersion: 1, position: [0, 0], parameters };
	const get = () => nodeType;
	const nodeTypes = { getByName: get, getByNameAndVersion: get, getKnownTypes: () => ({}) };
	const nodes = [{ ...node, ...(onError ? { onError } : {}) } as INode];
	const workflow = new Workflow({
		nodes,
		connections: {},
		active: false,
		nodeTypes: nodeTypes as never,
	});
	const bare = { ...(nodes[0] as INode), parameters };
	const outputs = NodeHelpers.getNodeOutputs(workflow, bare, nodeType.description);
	const names = nodeType.description.outputNames ?? [];
	return outputs.map((output, index) =>
		typeof output === 'string' ? (names[index] ?? output) : String(output.displayName),
	);
}

const branch = (of: INodeParameters[string]) => ({ of });
const listed = (value: string) => ({ __rl: true, mode: 'list', value });

describe('the outputs of a node', () => {
	it.each([
		['selectModel', {}, ['Selected', 'Rejected']],
		['selectModel', { branches: {} }, ['Selected', 'Rejected']],
		[
			'selectModel',
			{ branches: { values: [branch(listed('fine')), branch('sdxl'), branch(listed(''))] } },
			['Others', 'Rejected', 'fine', 'sdxl', 'Branch 3'],
		],
		['selectModel', { branches: { values: [{}] } }, ['Others', 'Rejected', 'Branch 1']],
		['generateImage', {}, ['Done', 'Failed']],
		['generateImage', { operation: 'generate' }, ['Done', 'Failed']],
		['generateImage', { operation: 'submit' }, ['Submitted', 'Failed']],
		['generateImage', { operation: 'resume' }, ['Done', 'Failed']],
		['planBatch', {}, ['Planned', 'Not Planned', 'Summary']],
	] as [string, INodeParameters, string[]][])('%s with %j are %j', (type, parameters, names) => {
		expect(outputsOf(type, parameters)).toEqual(names);
		expect(outputsOf(type, parameters, 'continueErrorOutput')).toEqual([...names, 'Error']);
	});
});

describe('branches of Select Model', () => {
	let server: StandIn;
	beforeAll(async () => {
		server = await startServer();
	});
	afterAll(() => server.close());

	const catalogJson = JSON.stringify({
		...CATALOG,
		models: CATALOG.models.map((model) =>
			model.name === 'parts' ? { ...model, family: 'flux' } : model,
		),
	});
	const items: INodeExecutionData[] = [
		{ json: { purpose: 'photo', model_name: 'fine' } },
		{ json: { purpose: 'photo', model_name: 'parts' } },
		{ json: { purpose: 'photo', model_name: 'quick' } },
		{ json: { purpose: 'photo', min_quality: 1 } },
	];
	const run = async (values: { of: INodeParameters[string] }[], onError?: OnError) => {
		const parameters = { catalogJson, requestFrom: 'item', branches: { values } };
		const { outputs } = await selectOn(server)(parameters, items, onError ? { onError } : {});
		return outputs.map((output) => output.map(({ json }) => json.model_name));
	};

	it('get the selections of their model or family; the first that fits does', async () => {
		const flux = branch(listed('flux'));
		expect(await run([flux, branch(listed('parts')), branch('fine')])).toEqual([
			['quick'],
			[null],
			['parts'],
			[],
			['fine'],
		]);
	});

	it('leave the error output the last one', async () => {
		const outputs = await run([branch(listed('sdxl'))], 'continueErrorOutput');
		expect(outputs).toEqual([['parts'], [null], ['fine', 'quick'], []]);
	});

	it('are offered as families and models', async () => {
		const { listSearch } = OUR_NODES['n8n-nodes-comfyui-router.selectModel']?.methods ?? {};
		const context = {
			getCurrentNodeParameter: (name: string) =>
				({ catalogSource: 'json', catalogJson })[name as 'catalogSource'],
			getNode: () => ({ name: 'Select Model' }),
		};
		const found = await listSearch?.searchBranches?.call(context as never);
		expect(found?.results.map(({ name }) => name)).toEqual([
			'all of flux (parts)',
			'all of sdxl (quick, fine)',
			'fine',
			'parts',
			'quick',
		]);
	});
});
