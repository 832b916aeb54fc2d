import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { seededRandom } from '../../simulator/replay/random';
import { openBinaryStore } from './support/binary-store';
import { comfyUiCredential } from './support/fixtures';
import {
	catalogWithEditing,
	type GenerateLab,
	measured,
	openGenerateLab,
} from './support/generate';
import { runNode, type RunOptions, type RunResult } from './support/harness';

const CATALOG = {
	...catalogWithEditing(),
	servers: [
		{ name: 'gpu1', hourly_cost: 0.36 },
		{ name: 'gpu2', hourly_cost: 0.72, speed_factor: 2 },
	],
};

let lab: GenerateLab;
beforeAll(async () => {
	await openBinaryStore();
	lab = await openGenerateLab({ speedUp: 20 }, 2);
});
afterAll(() => lab.close());

function plan(
	parameters: INodeParameters = {},
	items: INodeExecutionData[] = photos(4),
	more: Partial<RunOptions> = {},
): Promise<RunResult> {
	return runNode({
		type: 'planBatch',
		parameters: {
			catalogSource: 'json',
			catalogJson: JSON.stringify(CATALOG),
			...parameters,
		},
		items,
		credentials: lab.credentials(),
		...more,
	});
}

function photos(count: number, more: IDataObject = {}): INodeExecutionData[] {
	return Array.from({ length: count }, (_, n) => ({ json: { purpose: 'photo', n, ...more } }));
}

const jsonOf = (items: INodeExecutionData[] | undefined) => (items ?? []).map(({ json }) => json);

describe('Plan Batch', () => {
	it('tells who tries it by hand that nobody measured the times yet', async () => {
		const { hints } = await plan({}, photos(2));
		expect(hints.join()).toMatch(/Not measured on your servers yet/);
		const known = await plan({ catalogJson: JSON.stringify(measured(CATALOG)) }, photos(2));
		expect(known.hints.join()).not.toMatch(/Not measured/);
	});

	it('gives every job a selection, in running order, with its item and pairing kept', async () => {
		const binary = { photo: { data: 'aGk=', mimeType: 'text/plain' } };
		const mixed = [
			...photos(2),
			...photos(2, { min_quality: 0.8 }).map((item) => ({ ...item, binary })),
			...photos(2),
		];
		const { outputs, error } = await plan({}, mixed);
		expect(error).toBeUndefined();
		const planned = outputs[0] ?? [];
		expect(planned).toHaveLength(6);
		for (const { json, binary: kept, pairedItem } of planned) {
			const item = (pairedItem as { item: number }).item;
			expect(json.job_id).toBe(`execution-7/Subject/${item}`);
			expect(json.n).toBe(mixed[item]?.json.n);
			expect(kept).toEqual(mixed[item]?.binary);
			expect(json.selection).toMatchObject({
				decision: 'selected',
				model_name: json.model_name,
				server: json.server,
				selection_reason: json.selection_reason,
			});
		}
		for (const server of ['gpu1', 'gpu2']) {
			const line = jsonOf(planned).filter((json) => json.server === server);
			expect(line.map(({ plan: place }) => (place as IDataObject).position)).toEqual(
				line.map((_, index) => index + 1),
			);
			const models = line.map(({ model_name }) => model_name);
			const changes = models.filter((name, index) => index > 0 && name !== models[index - 1]);
			expect(changes.length).toBe(Math.max(0, new Set(models).size - 1));
		}
	});

	it('has totals, what each server does and what other budgets bring in one summary item', async () => {
		const { outputs } = await plan({ options: { frontierPoints: 4 } });
		expect(outputs[2]).toHaveLength(1);
		expect(outputs[2]?.[0]?.json).toMatchObject({
			objective: 'least_cost',
			feasible: true,
			totals: { jobs: 4, assigned: 4, cost_unit: 'USD' },
			bound: { exact: true },
			refused: {},
		});
		const { frontier, servers } = outputs[2]?.[0]?.json ?? {};
		expect(frontier).toHaveLength(4);
		expect((servers as IDataObject[]).map(({ jobs }) => jobs)).toContain(4);
		expect(outputs[2]?.[0]?.pairedItem).toEqual([0, 1, 2, 3].map((item) => ({ item })));
	});

	it('buys quality with a budget, and plans nothing and says how much is missing where it is too small', async () => {
		const least = (await plan()).outputs[2]?.[0]?.json.totals as { cost: number };
		const goal = { goal: 'best_quality' };
		const rich = await plan({ ...goal, budget: 100 });
		expect(jsonOf(rich.outputs[0]).map(({ model_name }) => model_name)).toEqual(
			new Array(4).fill('heavy'),
		);
		const poor = await plan({ ...goal, budget: least.cost / 2 });
		expect(poor.outputs[0]).toEqual([]);
		expect(jsonOf(poor.outputs[1])).toMatchObject(
			new Array(4).fill({ model_name: null, rejection: { code: 'BUDGET' } }),
		);
		const [shortfall] = poor.outputs[2]?.[0]?.json.shortfalls as { missing: number }[];
		expect(shortfall?.missing).toBeCloseTo(least.cost / 2, 9);
		expect(poor.hints.join()).toMatch(/more than the budget/);
		const stopped = await plan({
			...goal,
			budget: least.cost / 2,
			options: { ifInfeasible: 'stop' },
		});
		expect(stopped.error?.message).toMatch(/more than the budget/);
	});

	it('uses both servers for a deadline, and says by how much one that is too early is missed', async () => {
		const many = photos(20, { min_quality: 0.85 });
		const free = (await plan({}, many)).outputs[2]?.[0]?.json.totals as { finish_seconds: number };
		const hurried = await plan({ batchDeadlineSeconds: free.finish_seconds * 0.45 }, many);
		expect(hurried.outputs[2]?.[0]?.json.feasible).toBe(true);
		expect(new Set(jsonOf(hurried.outputs[0]).map(({ server }) => server)).size).toBe(2);
		const hopeless = await plan({ batchDeadlineSeconds: 1 }, many);
		expect(hopeless.outputs[0]).toHaveLength(20);
		expect(hopeless.outputs[2]?.[0]?.json).toMatchObject({
			feasible: false,
			shortfalls: [{ of: 'deadline' }],
		});
		expect(hopeless.hints.join()).toMatch(/after the deadline/);
	});

	it('sends what cannot be planned to its own output with the reason, and plans the rest', async () => {
		const items = [
			...photos(1),
			{ json: { purpose: 'sculpture' } },
			{ json: { colour: 'red' } },
			{ json: { purpose: 'photo', min_quality: 7 } },
		];
		const { outputs, error, hints } = await plan({}, items);
		expect(error).toBeUndefined();
		expect(outputs[0]).toHaveLength(1);
		expect(outputs[1]?.map(({ pairedItem }) => pairedItem)).toEqual(
			[1, 2, 3].map((item) => ({ item })),
		);
		expect(jsonOf(outputs[1])).toMatchObject([
			{ rejection: { code: 'PURPOSE' } },
			{ colour: 'red', rejection: { code: 'REQUEST_INVALID' } },
			{ rejection: { code: 'REQUEST_INVALID' } },
		]);
		expect(hints.join()).toMatch(/Not planned: 3/);
	});

	it('reads requests from JSON and from fields, too', async () => {
		const body = [{ json: { body: { purpose: 'photo', job_id: 'mine' } } }];
		const json = await plan({ requestFrom: 'json', requestJson: '={{ $json.body }}' }, body);
		expect(jsonOf(json.outputs[0])).toMatchObject([{ job_id: 'mine' }]);
		const fields = await plan({ requestFrom: 'fields', purpose: 'photo', prompt: 'x' }, body);
		expect(jsonOf(fields.outputs[0])).toMatchObject([
			{ selection: { parameters: { prompt: 'x' } } },
		]);
	});

	it('fails every item where nothing can be prepared, or stops', async () => {
		const broken = { catalogJson: '{"version":1,"models":[{}]}' };
		expect((await plan(broken)).error?.message).toMatch(/catalog/i);
		const on = await plan(broken, photos(2), { onError: 'continueRegularOutput' });
		expect(jsonOf(on.outputs[0])).toMatchObject([
			{ n: 0, details: { code: 'CATALOG_INVALID' } },
			{ n: 1, details: { code: 'CATALOG_INVALID' } },
		]);
		const wrong = await plan({ batchDeadlineSeconds: '={{ "soon" }}' });
		expect(wrong.error?.message).toMatch(/Deadline/);
	});

	it('sends an item whose expression fails to the error output, and plans the others', async () => {
		const parameters = {
			requestFrom: 'fields',
			purpose: 'photo',
			prompt: '={{ $json.n === 1 ? $("Nowhere").item.json.x : "x" }}',
		};
		expect((await plan(parameters)).error).toBeDefined();
		const { outputs } = await plan(parameters, photos(3), { onError: 'continueErrorOutput' });
		expect(outputs[0]).toHaveLength(2);
		expect(outputs.at(-1)).toMatchObject([{ json: { n: 1 }, pairedItem: { item: 1 } }]);
	});

	it('plans without a server that does not answer, and says so', async () => {
		const credentials = comfyUiCredential(`gpu1=${lab.server.url}\ndown=http://127.0.0.1:9`);
		const { outputs, hints } = await plan({}, photos(2), { credentials });
		expect(jsonOf(outputs[0]).map(({ server }) => server)).toEqual(['gpu1', 'gpu1']);
		expect(hints.join()).toMatch(/down/);
	});
});

describe('Generate Image after Plan Batch', () => {
	it('runs each job with the planned model and preset on the planned server, in the planned order', async () => {
		const random = seededRandom(3);
		const items = photos(12).map(({ json }) => ({
			json: { ...json, min_quality: random() < 0.5 ? 0.8 : 0 },
		}));
		const planned = (await plan({ batchDeadlineSeconds: 60 }, items)).outputs[0] ?? [];
		const before = lab.servers.map((server) => server.events.of('submitted').length);
		const { outputs, error } = await lab.run(
			{
				requestFrom: 'selection',
				selection: '={{ $json.selection }}',
				catalogJson: JSON.stringify(CATALOG),
			},
			planned,
		);
		expect(error).toBeUndefined();
		const made = jsonOf(outputs[0]);
		const as = ({ job_id, server, model_name, preset }: IDataObject) => [
			...[job_id, server, model_name, preset],
		];
		expect(made.map(as)).toEqual(jsonOf(planned).map(as));
		lab.servers.forEach((server, index) => {
			const submitted = server.events.of('submitted').slice(before[index]);
			const wanted = made.filter((json) => json.server === `gpu${index + 1}`);
			expect(submitted.map(({ promptId }) => promptId)).toEqual(
				wanted.map(({ prompt_id }) => prompt_id),
			);
		});
	});
});
