/** What goes wrong around Generate Image, and what must be left of it: other items, other people's prompts, memory. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import { until } from '../support/generate-lab';
import { bytesOf, openBinaryStore } from './support/binary-store';
import { GRAPH } from './support/fixtures';
import { type GenerateLab, openGenerateLab, promptsOf } from './support/generate';
import type { StandInOptions } from '../../simulator/comfyui';

let lab: GenerateLab;
const open = async (options: StandInOptions = {}, count = 1) => {
	lab = await openGenerateLab(options, count);
	return lab;
};
beforeAll(openBinaryStore);
afterEach(() => lab.close());

const fromItem = { requestFrom: 'item' };
const codeOf = (json: unknown) => (json as { details?: { code?: string } }).details?.code;
const ownGraph = (model = 'heavy.safetensors') => {
	const graph = structuredClone(GRAPH) as typeof GRAPH;
	graph['4'].inputs.ckpt_name = model;
	return graph;
};

/** Somebody else's job. @returns its prompt_id */
async function foreignJob(url: string, seed: number): Promise<string> {
	const graph = ownGraph('light.safetensors');
	graph['3'].inputs.seed = seed;
	const answer = await fetch(`${url}/prompt`, {
		method: 'POST',
		body: JSON.stringify({ prompt: graph, client_id: 'somebody' }),
	});
	return ((await answer.json()) as { prompt_id: string }).prompt_id;
}

describe('stopping the execution', () => {
	it('takes only our prompts off the server, within a second, and submits nothing more', async () => {
		const { server, run } = await open({ speedUp: 0.2 });
		const stop = new AbortController();
		const items = Array.from({ length: 5 }, () => ({ json: {} }));
		const running = run({ options: { commitOnArrival: true } }, items, { stop: stop.signal });
		await until('all are submitted', () => promptsOf(server, 'submitted').length === 5);
		await until('one runs', () => server.events.of('started').length > 0);
		const ours = promptsOf(server, 'submitted');
		const theirs = await foreignJob(server.url, 5);
		const stoppedMs = Date.now();
		stop.abort();
		await until('ours are gone', () => {
			const gone = [...server.events.of('interrupted'), ...server.events.of('deleted')];
			return ours.every((id) => gone.some((event) => event.promptId === id));
		});
		const ends = [...server.events.of('interrupted'), ...server.events.of('deleted')];
		const asked = server.events
			.of('request')
			.filter(({ path, atMs }) => path.startsWith('/interrupt') && atMs >= stoppedMs);
		expect(asked[0]?.atMs ?? Infinity).toBeLessThan(stoppedMs + 1000);
		expect(server.events.of('deleted').every(({ atMs }) => atMs < stoppedMs + 1000)).toBe(true);
		expect(ends.map(({ promptId }) => promptId)).not.toContain(theirs);
		await running;
		await until('theirs runs', () =>
			server.events.of('started').some(({ promptId }) => promptId === theirs),
		);
		expect(promptsOf(server, 'submitted').sort()).toEqual([...ours, theirs].sort());
	});

	it('ends jobs that are still held back without submitting them', async () => {
		const { server, run } = await open({ speedUp: 0.2 });
		const stop = new AbortController();
		const items = Array.from({ length: 5 }, () => ({ json: {} }));
		const running = run({}, items, { stop: stop.signal });
		await until('one runs', () => server.events.of('started').length > 0);
		const before = promptsOf(server, 'submitted').length;
		expect(before).toBeLessThan(5);
		stop.abort();
		await running;
		await until('it is stopped', () => server.events.of('interrupted').length > 0);
		expect(promptsOf(server, 'submitted')).toHaveLength(before);
	});
});

describe('a job that is late', () => {
	it('is stopped at its deadline where a late image is not wanted, and leaves nothing behind', async () => {
		const { server, run } = await open({ speedUp: 0.25 });
		const items = [{ json: { purpose: 'photo', model_name: 'light', deadline_seconds: 1.2 } }];
		const { outputs } = await run({ ...fromItem, options: { ifLate: 'reject' } }, items);
		expect(outputs[0]).toEqual([]);
		expect(['DEADLINE_MISSED', 'NOT_SERVED']).toContain(codeOf(outputs[1]?.[0]?.json));
		// what had begun stops at its next step, not at once
		const queue = async (): Promise<unknown> => (await fetch(`${server.url}/queue`)).json();
		await expect.poll(queue, { timeout: 10_000 }).toEqual({ queue_running: [], queue_pending: [] });
	});
});

describe('one item of three fails', () => {
	const mixed = [
		{ json: { purpose: 'photo', n: 1 } },
		{ json: { purpose: 'photo', n: 2, width: -5 } },
		{ json: { purpose: 'photo', n: 3 } },
	];

	it('the others are done, and it comes out of Failed with its data, code, message, hint and attempts', async () => {
		const { run } = await open();
		const { outputs, error, hints } = await run(fromItem, mixed);
		expect(error).toBeUndefined();
		expect(outputs[0]?.map((item) => item.json.n)).toEqual([1, 3]);
		expect(outputs[0]?.every((item) => item.binary?.image !== undefined)).toBe(true);
		expect(outputs[1]).toHaveLength(1);
		expect(outputs[1]?.[0]).toMatchObject({
			json: {
				n: 2,
				status: 'failed',
				attempts: [],
				details: { code: 'REQUEST_INVALID', hint: expect.any(String), message: expect.any(String) },
			},
			pairedItem: { item: 1 },
		});
		expect(outputs[1]?.[0]?.json.error).toMatch(/width/);
		expect(hints.join()).toMatch(/Failed: 1 of 3/);
	});

	it('a failure on the server costs the others nothing, and keeps its attempts', async () => {
		const { server, run } = await open();
		server.faults.failNext({ exceptionType: 'ValueError', message: 'broken node' });
		const { outputs } = await run({ options: { concurrency: 1 } }, [{ json: {} }, { json: {} }]);
		expect(outputs[0]).toHaveLength(1);
		expect(outputs[1]?.[0]?.json).toMatchObject({
			error: expect.stringMatching(/broken node/),
			prompt_id: expect.any(String),
			server: 'gpu1',
			attempts: [{ status: 'error', error_code: 'COMFYUI_EXECUTION_FAILED' }],
		});
	});

	it('goes to the error output, with its data and details, when that is wanted', async () => {
		const { run } = await open();
		const { outputs } = await run(fromItem, mixed, { onError: 'continueErrorOutput' });
		expect(outputs[0]?.map((item) => item.json.n)).toEqual([1, 3]);
		expect(outputs[1]).toEqual([]);
		expect(outputs[2]?.[0]).toMatchObject({
			json: { n: 2, details: { code: 'REQUEST_INVALID', attempts: [] } },
			pairedItem: { item: 1 },
		});
		expect(outputs[2]?.[0]?.json.error).toMatch(/width/);
	});

	it('is in Failed with "continue", too, and never looks like a success', async () => {
		const { run } = await open();
		const { outputs } = await run(fromItem, mixed, { onError: 'continueRegularOutput' });
		expect(outputs[0]?.map((item) => item.json.n)).toEqual([1, 3]);
		expect(outputs[1]?.map((item) => item.json.n)).toEqual([2]);
	});

	it('stops the execution only where every item failed and that is wanted', async () => {
		const { run } = await open();
		const wrong = [{ json: { purpose: 'photo', width: -5 } }];
		const options = { ifAllFailed: 'stop' };
		expect((await run({ ...fromItem, options }, wrong)).error?.message).toMatch(/width/);
		expect((await run({ ...fromItem, options }, mixed)).error).toBeUndefined();
	});
});

describe('what cannot be prepared', () => {
	it('fails the node, or every item where the run goes on', async () => {
		const { run } = await open();
		const broken = { catalogJson: '{"version":1,"models":[{"name":""}]}' };
		expect((await run(broken)).error?.description).toMatch(/models\[0\]/);
		const { outputs } = await run(broken, [{ json: { n: 1 } }, { json: { n: 2 } }], {
			onError: 'continueRegularOutput',
		});
		expect(outputs[1]?.map((item) => item.json.n)).toEqual([1, 2]);
		expect(outputs[1]?.map((item) => codeOf(item.json))).toEqual([
			'CATALOG_INVALID',
			'CATALOG_INVALID',
		]);
	});

	it('says which binary field is missing and which there are', async () => {
		const { run } = await open();
		const binary = { data: { data: 'aGk=', mimeType: 'image/png' } };
		const { outputs } = await run({ imageFields: 'photo' }, [{ json: {}, binary }]);
		expect(outputs[1]?.[0]?.json).toMatchObject({ details: { code: 'FILE_NOT_FOUND' } });
		expect(JSON.stringify(outputs[1]?.[0]?.json.details)).toMatch(/It has: data/);
	});
});

describe('a server in trouble', () => {
	it('killed while it runs a job: the job runs again when it is back', async () => {
		const { server, run } = await open({ speedUp: 1 });
		const running = run();
		await until('it runs', () => server.events.of('started').length > 0);
		await server.kill();
		await server.listen();
		const { outputs } = await running;
		expect(outputs[0]?.[0]?.json).toMatchObject({ status: 'done' });
		const attempts = outputs[0]?.[0]?.json.attempts as { status: string }[];
		expect(attempts.length).toBeGreaterThan(1);
		expect(attempts.at(-1)?.status).toBe('success');
	});

	it.each(['load', 'sampling', 'decode'] as const)(
		'out of memory at %s: freed, tried again, and told',
		async (phase) => {
			const { server, run } = await open();
			server.faults.oomNext(phase);
			const { outputs } = await run();
			expect(outputs[0]?.[0]?.json).toMatchObject({
				status: 'done',
				attempts: [{ status: 'oom', error_code: 'COMFYUI_OUT_OF_MEMORY' }, { status: 'success' }],
			});
			expect(server.events.of('free').length).toBeGreaterThan(0);
		},
	);

	it('another process holds the memory for a while: waits for it instead of failing', async () => {
		const { server, run } = await open({ gpu: { vramTotalBytes: 12e9 } });
		server.gpu.setCoTenantBytes(11e9);
		const running = run({ targetSeconds: 30 });
		await until('the servers were asked', () =>
			server.events.of('request').some(({ path }) => path.startsWith('/system_stats')),
		);
		expect(promptsOf(server, 'submitted')).toEqual([]);
		server.gpu.setCoTenantBytes(0);
		const { outputs } = await running;
		expect(outputs[0]?.[0]?.json).toMatchObject({ status: 'done' });
		expect(server.events.of('oom')).toEqual([]);
	});

	it('away from the start: says which and why, soon', async () => {
		const { server, run } = await open();
		await server.kill();
		const { outputs } = await run();
		expect(outputs[1]?.[0]?.json.error).toMatch(/gpu1/);
		await server.listen();
	});

	it('its output files are gone: the item fails and says so', async () => {
		const { server, run } = await open();
		server.faults.viewMissing = true;
		const { outputs } = await run();
		expect(codeOf(outputs[1]?.[0]?.json)).toBe('FILE_NOT_FOUND');
	});

	it('its sockets break all the time: polling brings the image', async () => {
		const { server, run } = await open({ speedUp: 1 });
		server.faults.dropSocketsEvery(100);
		const { outputs } = await run();
		expect(outputs[0]?.[0]?.json.attempts).toMatchObject([{ attempt: 1, status: 'success' }]);
	});
});

describe('many items', () => {
	it('alternating models are ordered by model: two cold loads, not eight', async () => {
		const { server, run } = await open({ gpu: { vramTotalBytes: 11.5e9 } });
		const items = Array.from({ length: 8 }, (_, n) => ({
			json: {
				purpose: 'photo',
				urgency: 'flexible',
				model_name: n % 2 === 0 ? 'heavy' : 'light',
			},
		}));
		const { outputs } = await run(fromItem, items);
		expect(outputs[0]).toHaveLength(8);
		expect(server.events.of('model_loaded').length).toBeLessThanOrEqual(3);
	});

	it('images of 20 MB leave nothing of themselves in what n8n saves', async () => {
		const bytes = 20e6;
		const { run } = await open({ imageBytes: bytes, speedUp: 40 });
		const { outputs, error } = await run({}, [{ json: {} }, { json: {} }, { json: {} }]);
		expect(error).toBeUndefined();
		expect(outputs[0]).toHaveLength(3);
		const last = outputs[0]?.[2]?.binary?.image;
		expect((await bytesOf(last)).length).toBeGreaterThanOrEqual(bytes);
		expect(JSON.stringify(outputs).length).toBeLessThan(100_000);
	});

	it('fifty images of 4 MB never are in memory together', async () => {
		const bytes = 4e6;
		const { run } = await open({ imageBytes: bytes, speedUp: 40 });
		await run();
		let peak = 0;
		const before = process.memoryUsage().arrayBuffers;
		const timer = setInterval(() => {
			peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
		}, 5);
		const items = Array.from({ length: 50 }, () => ({ json: {} }));
		const { outputs } = await run({}, items);
		clearInterval(timer);
		expect(outputs[0]).toHaveLength(50);
		expect((await bytesOf(outputs[0]?.[49]?.binary?.image)).length).toBeGreaterThanOrEqual(bytes);
		expect(peak).toBeLessThan(25 * bytes);
	});
});
