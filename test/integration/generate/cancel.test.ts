/** Jobs that are stopped, by us or by others, and picked up again. */
import { afterEach, describe, expect, it } from 'vitest';

import { ComfyUiClient } from '../../../adapters/comfyui';
import { buildGraph } from '../../../lib/workflow/build';
import type { GenerateResult } from '../../../service/generate';
import { type Lab, type LabOptions, openLab, until } from '../../support/generate-lab';
import { parameters } from '../../support/selections';

let lab: Lab;
afterEach(() => lab.close());

async function open(options: LabOptions = {}): Promise<Lab> {
	const patience = { silentServerMs: 700, noServerMs: 1_500, neverReachedMs: 500 };
	lab = await openLab({ ...options, deps: { patience, ...options.deps } });
	return lab;
}

const photo = { purpose: 'photo', prompt: 'a cat', explain: false };
const items = (count: number) => Array.from({ length: count }, () => ({ request: photo }));

function standIn(index = 0) {
	const one = lab.standIns[index];
	if (!one) throw new Error('no stand-in');
	return one;
}

function only(results: GenerateResult[]): GenerateResult {
	expect(results).toHaveLength(1);
	return results[0] as GenerateResult;
}

const submissions = (index = 0) => standIn(index).events.of('submitted').length;
const finished = (index = 0) => standIn(index).events.of('finished').length;

describe('Cancelling', () => {
	function foreignGraph(seed: number) {
		const model = lab.catalog.models[1];
		if (!model) throw new Error('no model');
		return buildGraph(model, { parameters: { ...parameters, batch_size: 1 } }, { seed });
	}

	it('takes our jobs off at once and leaves those of others alone', async () => {
		const { generator } = await open({ speedUp: 1 });
		const other = new ComfyUiClient({ name: 'other', url: standIn().url });
		const controller = new AbortController();
		const before = { graph: foreignGraph(1), clientId: 'other', promptId: 'foreign-1' };
		await other.submit(before);
		const running = generator.generate(items(3), {
			signal: controller.signal,
			commitOnArrival: true,
		});
		await until('all are queued', () => submissions() === 4);
		await other.submit({ graph: foreignGraph(2), clientId: 'other', promptId: 'foreign-2' });
		await until('ours runs', () => {
			const started = standIn().events.of('started');
			return started.some((event) => !event.promptId.startsWith('foreign'));
		});
		const abortedMs = Date.now();
		controller.abort(new Error('stop'));
		const results = await running;
		const mine = standIn()
			.events.all()
			.filter((event) => event.type === 'interrupted' || event.type === 'deleted');
		// a second here; more where the machine is busy with other tests
		expect(Math.max(...mine.map((event) => event.atMs)) - abortedMs).toBeLessThan(5_000);
		expect(mine).toHaveLength(3);
		expect(results.map((one) => one.error?.code)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED']);
		await until('the others are done', () => finished() === 2);
		const done = standIn().events.of('finished');
		expect(done.map((event) => event.promptId)).toEqual(['foreign-1', 'foreign-2']);
		expect(submissions()).toBe(5);
		other.close();
	});

	it('submits nothing more of what was held back', async () => {
		const { generator } = await open({ speedUp: 1 });
		const controller = new AbortController();
		const running = generator.generate(items(6), { signal: controller.signal });
		await until('the first runs', () => standIn().events.of('started').length === 1);
		controller.abort(new Error('stop'));
		const results = await running;
		expect(results.every((one) => one.status === 'failed')).toBe(true);
		const before = submissions();
		await new Promise((resolve) => setTimeout(resolve, 300));
		expect(submissions()).toBe(before);
		expect(before).toBeLessThanOrEqual(2);
		expect(finished()).toBe(0);
	});

	it('stops a job whose submission hangs', async () => {
		const { generator } = await open({ timeoutMs: 1_500 });
		standIn().faults.next('/prompt', { kind: 'hang' }, 1, 'POST');
		const controller = new AbortController();
		const running = generator.generate(items(1), { signal: controller.signal });
		await new Promise((resolve) => setTimeout(resolve, 300));
		controller.abort(new Error('stop'));
		expect(only(await running).error?.code).toBe('CANCELLED');
		expect(finished()).toBe(0);
	});
});

describe('Somebody else', () => {
	it('removes our prompt from the queue: the job is not forced back', async () => {
		const { generator, clients } = await open({
			speedUp: 0.3,
			deps: { patience: { watchMs: 200 } },
		});
		const prompts: string[] = [];
		const running = generator.generate(items(2), {
			commitOnArrival: true,
			onSubmitted: ({ prompt_id: id }) => void prompts.push(id),
		});
		await until('both are there', () => prompts.length === 2);
		await until('one runs', () => standIn().events.of('started').length === 1);
		const started = standIn().events.of('started')[0]?.promptId;
		await clients[0]?.deletePending(prompts.filter((id) => id !== started));
		const results = await running;
		expect(results.map((one) => one.error?.code ?? one.status).sort()).toEqual([
			'COMFYUI_INTERRUPTED',
			'done',
		]);
		expect(submissions()).toBe(2);
	});

	it('stops our prompt: the job fails and says so', async () => {
		const { generator, clients } = await open({ speedUp: 1 });
		const running = generator.generate(items(1), {
			onProgress: (event) => {
				if (event.phase === 'running') void clients[0]?.interrupt(event.prompt_id);
			},
		});
		expect(only(await running)).toMatchObject({
			status: 'failed',
			error: { code: 'COMFYUI_INTERRUPTED' },
		});
		expect(submissions()).toBe(1);
	});
});

describe('Resuming', () => {
	it('picks up a prompt that another process submitted, and never submits', async () => {
		const { generator } = await open({ speedUp: 1 });
		const [handed] = await generator.submit(items(1));
		expect(handed?.status).toBe('submitted');
		const promptId = handed?.attempts[0]?.prompt_id ?? '';
		const result = await generator.resume({ server: 's1', promptId, jobId: handed?.job_id });
		expect(result).toMatchObject({ status: 'done', job_id: handed?.job_id });
		expect(result.outputs).toHaveLength(1);
		expect(submissions()).toBe(1);
	});

	it('can be cancelled and done again: what runs goes on', async () => {
		const { generator } = await open({ speedUp: 0.5 });
		const [handed] = await generator.submit(items(1));
		const input = { server: 's1', promptId: handed?.attempts[0]?.prompt_id ?? '' };
		const controller = new AbortController();
		const waiting = generator.resume(input, { signal: controller.signal });
		await until('it runs', () => standIn().events.of('started').length === 1);
		controller.abort(new Error('stop'));
		expect((await waiting).error).toMatchObject({
			code: 'CANCELLED',
			hint: expect.stringContaining('goes on'),
		});
		expect(await generator.resume(input)).toMatchObject({ status: 'done' });
		expect(standIn().events.of('interrupted')).toEqual([]);
	});

	it('says that a server does not know the prompt', async () => {
		const { generator } = await open();
		const result = await generator.resume({ server: 's1', promptId: 'never' });
		expect(result).toMatchObject({ status: 'failed', error: { code: 'COMFYUI_PROMPT_UNKNOWN' } });
	});
});

describe('ComfyUI 0.3.64', () => {
	it('runs, resumes and cancels as 0.8 does', async () => {
		const { generator } = await open({ version: '0.3.64', speedUp: 1 });
		const [handed] = await generator.submit(items(1));
		const promptId = handed?.attempts[0]?.prompt_id ?? '';
		const resumed = await generator.resume({ server: 's1', promptId });
		expect(resumed.status).toBe('done');
		const controller = new AbortController();
		const running = generator.generate(items(1), { signal: controller.signal });
		await until('it runs', () => standIn().events.of('started').length === 2);
		controller.abort(new Error('stop'));
		expect(only(await running).error?.code).toBe('CANCELLED');
		await until('it is stopped', () => standIn().events.of('interrupted').length === 1);
	});
});
