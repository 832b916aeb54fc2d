import { afterEach, describe, expect, it } from 'vitest';

import type { ProgressEvent, SubmittedPrompt } from '../../../service/generate';
import { createGenerator } from '../../../service/generate';
import { encodePng, type StandIn } from '../../../simulator/comfyui';
import type { ComfyUiClient } from '../../../adapters/comfyui';
import type { Catalog, CatalogModel } from '../../../lib/catalog/schema';
import { buildGraph } from '../../../lib/workflow/build';
import type { ApiGraph } from '../../../lib/workflow/graph';
import {
	bytesOf,
	type Lab,
	type LabOptions,
	openLab,
	quickCatalog,
	until,
} from '../../support/generate-lab';
import { submitForeign } from '../../support/foreign-job';
import { parameters } from '../../support/selections';

let lab: Lab;
afterEach(() => lab.close());

async function open(options?: LabOptions): Promise<Lab> {
	lab = await openLab(options);
	return lab;
}

/** As somebody would export it from the editor. */
function ownGraph(): ApiGraph {
	return buildGraph(
		{ ...(lab.catalog.models[1] as CatalogModel), family: 'sdxl' },
		{ parameters: { ...parameters, batch_size: 1 } },
		{ seed: 1, filenamePrefix: 'my-own' },
	);
}

const photo = { purpose: 'photo', prompt: 'a cat', explain: false };

describe('Generating', () => {
	it('selects, submits, follows and hands out the image', async () => {
		const { generator, standIns } = await open();
		const progress: ProgressEvent[] = [];
		const submitted: SubmittedPrompt[] = [];
		const [result] = await generator.generate([{ request: photo }], {
			onProgress: (event) => progress.push(event),
			onSubmitted: (prompt) => void submitted.push(prompt),
		});
		expect(result).toMatchObject({
			status: 'done',
			degraded: false,
			on_time: true,
			selection: { model_name: 'heavy', preset: 'full' },
			attempts: [{ attempt: 1, state: 'done', status: 'success', cold: true, server: 's1' }],
		});
		const [file] = result?.outputs ?? [];
		if (!file) throw new Error('no output');
		expect((await bytesOf(file)).subarray(1, 4).toString()).toBe('PNG');
		expect(submitted).toMatchObject([{ prompt_id: result?.attempts[0]?.prompt_id, server: 's1' }]);
		expect(progress.map((event) => event.phase)).toEqual(
			expect.arrayContaining(['submitted', 'running', 'ended']),
		);
		expect(standIns[0]?.events.of('finished')).toHaveLength(1);
	});

	it('spreads many jobs over the servers, each once, and numbers none of them', async () => {
		const { generator, standIns } = await open({ servers: 3 });
		const items = Array.from({ length: 12 }, () => ({ request: photo }));
		const results = await generator.generate(items);
		expect(results.map((result) => result.status)).toEqual(items.map(() => 'done'));
		expect(results.map((result) => result.index)).toEqual(items.map((_, index) => index));
		const finished = standIns.map((one) => one.events.of('finished').length);
		expect(finished.reduce((sum, count) => sum + count, 0)).toBe(12);
		expect(Math.min(...finished)).toBeGreaterThan(1);
	});
});

describe('What a job brings along', () => {
	it('input images are uploaded once to the server that runs it, and started from', async () => {
		const { generator, clients } = await open({ catalog: quickCatalog() });
		for (const model of lab.catalog.models) model.inputs = ['text', 'image', 'mask'];
		const content = encodePng({ width: 64, height: 64, seed: 1 });
		const read = () => Promise.resolve(content);
		const [result] = await generator.generate([
			{
				request: { ...photo, denoise: 0.6 },
				images: [{ filename: 'umlaut ä & #.png', read }],
				mask: { filename: 'mask.png', read },
			},
		]);
		expect(result?.reason).toContain('heavy');
		expect(result?.status).toBe('done');
		const entry = await clients[0]?.history(result?.attempts[0]?.prompt_id ?? '');
		const loaded = Object.values(entry?.graph ?? {}).filter((node) =>
			node.class_type.startsWith('LoadImage'),
		);
		expect(loaded.map((node) => node.inputs['image'])).toEqual([
			'comfyui-router/umlaut ä & #.png',
			'comfyui-router/mask.png',
		]);
	});

	it("the caller's own workflow is filled in, and only models it can load are chosen", async () => {
		const { generator, clients } = await open();
		const [result] = await generator.generate([
			{ request: { ...photo, seed: 7 }, workflow: ownGraph() },
		]);
		expect(result?.status).toBe('done');
		const entry = await clients[0]?.history(result?.attempts[0]?.prompt_id ?? '');
		const nodes = Object.values(entry?.graph ?? {});
		expect(nodes.find((node) => 'ckpt_name' in node.inputs)?.inputs['ckpt_name']).toBe(
			'heavy.safetensors',
		);
		expect(nodes.find((node) => node.class_type === 'KSampler')?.inputs['seed']).toBe(7);
		expect(result?.outputs[0]?.filename).toContain('my-own');
	});

	it('a workflow in the format of the editor is refused with the way to export it', async () => {
		const { generator } = await open();
		const workflow = { nodes: [], links: [], version: 0.4 };
		const [result] = await generator.generate([{ request: photo, workflow }]);
		expect(result?.error).toMatchObject({ code: 'WORKFLOW_UI_FORMAT' });
	});
});

describe('Where a server keeps its files in sub-folders', () => {
	it.each(['sdxl/', 'sdxl\\'])('(%s) the graph names them as the server does', async (folder) => {
		const catalog = quickCatalog();
		const there: Catalog = {
			...catalog,
			models: catalog.models.map((model) => ({
				...model,
				files: { checkpoint: `${folder}${model.files.checkpoint}` },
			})),
		};
		const { generator } = await open({ catalog: there, deps: { catalog } });
		const [result] = await generator.generate([{ request: photo }]);
		expect(result).toMatchObject({ status: 'done', attempts: [{ state: 'done' }] });
		const entry = await lab.clients[0]?.history(result?.attempts[0]?.prompt_id ?? '');
		const loaders = Object.values(entry?.graph ?? {}).map(({ inputs }) => inputs['ckpt_name']);
		expect(loaders).toContain(`${folder}heavy.safetensors`);
	});
});

describe('A workflow that shows text', () => {
	it('is done with its text, with files beside it or without', async () => {
		const { generator } = await open();
		const shows = { t: { class_type: 'PreviewAny', inputs: { source: 'a caption' } } };
		const both = { ...ownGraph(), ...shows };
		const silent = Object.entries(both).filter(([, node]) => node.class_type !== 'SaveImage');
		const results = await generator.generate([
			{ request: photo, workflow: both },
			{ request: photo, workflow: Object.fromEntries(silent) },
		]);
		const texts = [{ nodeId: 't', text: 'a caption' }];
		expect(results).toMatchObject([
			{ status: 'done', texts },
			{ status: 'done', texts },
		]);
		expect(results.map(({ outputs }) => outputs.length)).toEqual([1, 0]);
	});
});

describe('Several at once', () => {
	it('a faulty request fails alone', async () => {
		const { generator } = await open();
		const faulty = { request: { purpose: 'photo', deadline_seconds: -3 } };
		const results = await generator.generate([{ request: photo }, faulty, { request: photo }]);
		expect(results.map((one) => one.error?.code ?? one.status)).toEqual([
			'done',
			'REQUEST_INVALID',
			'done',
		]);
	});

	it('executions of one process share a waiting room: no server gets more than it can begin', async () => {
		const { deps, standIns, catalog } = await open({ servers: 2, speedUp: 1 });
		let mostQueued = 0;
		const other = { ...deps, catalog: structuredClone(catalog) };
		const watching = setInterval(() => {
			for (const one of standIns) {
				const submitted = one.events.of('submitted').length;
				mostQueued = Math.max(mostQueued, submitted - one.events.of('finished').length);
			}
		}, 10);
		const items = Array.from({ length: 4 }, () => ({ request: photo }));
		const [mine, theirs] = await Promise.all([
			createGenerator(deps).generate(items),
			createGenerator(other).generate(items),
		]);
		clearInterval(watching);
		expect([...mine, ...theirs].every((one) => one.status === 'done')).toBe(true);
		// one that runs, and one that is handed over just before its end
		expect(mostQueued).toBeLessThanOrEqual(2);
	});

	it('commit on arrival submits everything at once', async () => {
		const { generator, standIns } = await open({ servers: 2, speedUp: 1 });
		const items = Array.from({ length: 6 }, () => ({ request: photo }));
		let submitted = 0;
		let submittedBeforeFirstEnd = 0;
		const results = await generator.generate(items, {
			commitOnArrival: true,
			onSubmitted: () => void (submitted += 1),
			onResult: () => {
				submittedBeforeFirstEnd ||= submitted;
			},
		});
		expect(results.every((one) => one.status === 'done')).toBe(true);
		expect(submittedBeforeFirstEnd).toBe(6);
		const finished = standIns.map((one) => one.events.of('finished').length);
		expect(finished.reduce((sum, count) => sum + count, 0)).toBe(6);
	});

	/** Jobs that can wait, then one that cannot; the order in which the server began with them. */
	async function hurryAmongOthers(between: () => Promise<unknown>): Promise<string[]> {
		const { generator, standIns } = await open({ speedUp: 1 });
		const ids: string[] = [];
		const onArrival = {
			commitOnArrival: true,
			onSubmitted: ({ prompt_id: id }: SubmittedPrompt) => void ids.push(id),
		};
		const heavy = { ...photo, model_name: 'heavy', preset_name: 'full' };
		const patient = { request: { ...heavy, deadline_seconds: 60 } };
		const others = generator.generate([patient, patient, patient], onArrival);
		await until('they are submitted', () => ids.length === 3);
		await between();
		const hurried = { request: { ...heavy, deadline_seconds: 2.9 } };
		const [results] = await Promise.all([generator.generate([hurried], onArrival), others]);
		expect(results).toMatchObject([{ status: 'done' }]);
		return (standIns[0] as StandIn).events.of('started').map(({ promptId }) => {
			const position = ids.indexOf(promptId);
			return position === 3 ? 'hurried' : position === -1 ? 'foreign' : 'patient';
		});
	}

	it('commit on arrival puts what is due soon before what can wait', async () => {
		const order = await hurryAmongOthers(() => Promise.resolve());
		expect(order.indexOf('hurried')).toBeLessThan(3);
	});

	it('commit on arrival passes nothing that is not ours', async () => {
		const order = await hurryAmongOthers(() =>
			submitForeign(lab.clients[0] as ComfyUiClient, lab.catalog, 'light'),
		);
		expect(order).toEqual(['patient', 'patient', 'patient', 'foreign', 'hurried']);
	});

	it('tells those that wait when they are expected to start', async () => {
		const { generator } = await open({ speedUp: 1 });
		const expected: number[] = [];
		await generator.generate([{ request: photo }, { request: photo }, { request: photo }], {
			onProgress: (event) => {
				if (event.phase === 'waiting' && event.expected_start_seconds !== null) {
					expected.push(event.expected_start_seconds);
				}
			},
		});
		expect(Math.max(...expected)).toBeGreaterThan(0.5);
	});

	/** Sockets of the generator's clients, counted. */
	function countSockets(clients: Lab['clients']): { opened: number; closed: number } {
		const count = { opened: 0, closed: 0 };
		for (const client of clients) {
			const openEvents = client.openEvents.bind(client);
			client.openEvents = (id, listener) => {
				count.opened += 1;
				const stream = openEvents(id, listener);
				return {
					close: () => {
						count.closed += 1;
						stream.close();
					},
				};
			};
		}
		return count;
	}

	it('keeps the socket for the next execution where that is wanted, and closes it after that', async () => {
		const { deps, clients } = await open();
		const sockets = countSockets(clients);
		const keeping = { ...deps, keepOpenMs: 2_000 };
		for (let n = 0; n < 3; n++) await createGenerator(keeping).generate([{ request: photo }]);
		expect(sockets).toEqual({ opened: 1, closed: 0 });
		await until('it is closed', () => sockets.closed === 1);
		await createGenerator(deps).generate([{ request: photo }]);
		expect(sockets).toEqual({ opened: 2, closed: 2 });
	});

	it('opens one socket for each server and closes it at the end', async () => {
		const { generator, clients } = await open({ servers: 2 });
		const sockets = countSockets(clients);
		await generator.generate(Array.from({ length: 8 }, () => ({ request: photo })));
		expect(sockets).toEqual({ opened: 2, closed: 2 });
	});
});
