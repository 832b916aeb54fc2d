/** Whole jobs against stand-ins that break: what is promised under every fault. */
import { afterEach, describe, expect, it } from 'vitest';

import { buildGraph } from '../../../lib/workflow/build';
import type { GenerateResult } from '../../../service/generate';
import { type Lab, type LabOptions, openLab, until } from '../../support/generate-lab';
import { catalogOf, parameters, presetOf } from '../../support/selections';

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

describe('A server that is killed', () => {
	it('in the middle of a run and restarted: the loss is said, and the job runs again', async () => {
		const { generator } = await open({ speedUp: 1 });
		const running = generator.generate(items(1));
		await until('it runs', () => standIn().events.of('started').length === 1);
		await standIn().restart();
		const result = only(await running);
		expect(result.status).toBe('done');
		expect(result.attempts).toMatchObject([
			{ state: 'lost', status: 'error', error_code: 'COMFYUI_PROMPT_LOST' },
			{ state: 'done', status: 'success' },
		]);
		expect(finished()).toBe(1);
	});

	it('and stays away: the job moves to another server', async () => {
		const { generator } = await open({ servers: 2, speedUp: 1 });
		const running = generator.generate(items(1));
		await until('it runs', () => lab.standIns.some((one) => one.events.of('started').length > 0));
		const victim = lab.standIns.findIndex((one) => one.events.of('started').length > 0);
		await standIn(victim).kill();
		const result = only(await running);
		expect(result).toMatchObject({
			status: 'done',
			attempts: [{ error_code: 'COMFYUI_UNREACHABLE' }, { server: `s${2 - victim}` }],
		});
	});

	it('and is the only one: the job fails and says why', async () => {
		const { generator } = await open({ speedUp: 1 });
		const running = generator.generate(items(1));
		await until('it runs', () => standIn().events.of('started').length === 1);
		await standIn().kill();
		const result = only(await running);
		expect(result.status).toBe('failed');
		expect(result.error?.code).toBe('COMFYUI_UNREACHABLE');
	});
});

describe('Events', () => {
	it('survives a socket that is cut again and again, and submits once', async () => {
		const { generator } = await open({ speedUp: 1 });
		standIn().faults.dropSocketsEvery(100);
		const results = await generator.generate(items(3));
		expect(results.map((one) => one.status)).toEqual(['done', 'done', 'done']);
		expect(submissions()).toBe(3);
	});

	it('tell the end of a job: nothing waits for a poll', async () => {
		const never = 600_000;
		const { generator } = await open({
			deps: { patience: { watchMs: never, pollMs: [never, never] } },
		});
		const results = await generator.generate(items(4));
		expect(results.map((one) => one.status)).toEqual(['done', 'done', 'done', 'done']);
	});

	it('polls where sockets are refused', async () => {
		const { generator } = await open();
		standIn().faults.refuseSockets = true;
		expect(only(await generator.generate(items(1))).status).toBe('done');
		expect(submissions()).toBe(1);
	});

	it('survives a slow poll', async () => {
		const { generator } = await open();
		standIn().faults.refuseSockets = true;
		standIn().faults.next('/queue', { kind: 'slow', delayMs: 900 }, 4);
		expect(only(await generator.generate(items(1))).status).toBe('done');
		expect(submissions()).toBe(1);
	});
});

describe('A server that is slow to answer for the first time', () => {
	it('is waited for: that it has not answered yet does not mean that its address is wrong', async () => {
		const patience = { silentServerMs: 700, noServerMs: 60_000, neverReachedMs: 100 };
		const { generator } = await open({ timeoutMs: 30_000, deps: { patience } });
		standIn().faults.next('/queue', { kind: 'slow', delayMs: 6_000 });
		expect(only(await generator.generate(items(1))).status).toBe('done');
	});
});

describe('Submitting', () => {
	it('looks before it submits again where the answer was lost, and runs the job once', async () => {
		const { generator } = await open();
		standIn().faults.next('/prompt', { kind: 'drop' }, 1, 'POST');
		expect(only(await generator.generate(items(1)))).toMatchObject({
			status: 'done',
			attempts: [{ state: 'done' }],
		});
		expect(submissions()).toBe(1);
	});

	it('tries again where the server never answered and does not have it', async () => {
		const { generator } = await open({ timeoutMs: 300 });
		standIn().faults.next('/prompt', { kind: 'hang' }, 1, 'POST');
		const result = only(await generator.generate(items(1)));
		expect(result.status).toBe('done');
		expect(finished()).toBe(1);
	});

	it('takes back a submission that arrives after it was given up: the job runs once', async () => {
		const { generator } = await open({ timeoutMs: 300, speedUp: 0.5 });
		standIn().faults.next('/prompt', { kind: 'late', delayMs: 2_500 }, 1, 'POST');
		const result = only(await generator.generate(items(1)));
		expect(result).toMatchObject({
			status: 'done',
			attempts: [{ error_code: 'COMFYUI_TIMEOUT' }, { state: 'done' }],
		});
		await until('both were submitted', () => submissions() === 2);
		await until('the late one is off the server', () => {
			const gone = [...standIn().events.of('deleted'), ...standIn().events.of('interrupted')];
			return gone.some(({ promptId }) => promptId === result.attempts[0]?.prompt_id);
		});
		expect(finished()).toBe(1);
	});

	it('tries again after HTTP 500 and after a web page', async () => {
		const { generator } = await open({ deps: { patience: {} } });
		standIn().faults.next('/prompt', { kind: 'status', status: 500 }, 1, 'POST');
		standIn().faults.next('/prompt', { kind: 'html' }, 1, 'POST');
		const result = only(await generator.generate(items(1)));
		expect(result.status).toBe('done');
		expect(result.attempts.map((one) => one.error_code)).toEqual([
			'COMFYUI_SERVER_ERROR',
			'COMFYUI_NOT_COMFYUI',
			null,
		]);
		expect(finished()).toBe(1);
	});

	it('fails at once with the reason where the request is too large (HTTP 413)', async () => {
		const { generator } = await open();
		standIn().faults.always('/prompt', { kind: 'status', status: 413 }, 'POST');
		const result = only(await generator.generate(items(1)));
		expect(result).toMatchObject({ status: 'failed', error: { code: 'COMFYUI_BAD_REQUEST' } });
		expect(result.reason).toContain('413');
		expect(result.attempts).toHaveLength(1);
	});

	it('fails with the reason where a login page answers every time', async () => {
		const { generator } = await open();
		standIn().faults.always('/', { kind: 'html' });
		const result = only(await generator.generate(items(1)));
		expect(result.status).toBe('failed');
		expect(result.reason).toMatch(/web page/);
	});
});

describe('Servers of different versions', () => {
	const flux2 = () =>
		catalogOf([
			{
				name: 'klein',
				family: 'flux2',
				files: {
					diffusion_model: 'klein.safetensors',
					text_encoders: ['qwen_3_4b.safetensors'],
					vae: 'flux2-vae.safetensors',
				},
				vram_gb: 7,
				vram_peak_gb: 10,
				load_seconds: 0.1,
				presets: [
					presetOf('full', { steps: 4, cfg: 1, scheduler: 'flux2', avg_time_seconds: 0.3 }),
				],
			},
		]);

	it('the job goes to the one that knows the nodes, and the next goes there at once', async () => {
		const versions = ['0.3.64', '0.8.0'] as const;
		const { generator } = await open({ catalog: flux2(), servers: 2, versions });
		const first = only(await generator.generate(items(1)));
		expect(first).toMatchObject({
			status: 'done',
			attempts: [{ server: 's1', error_code: 'COMFYUI_PROMPT_REJECTED' }, { server: 's2' }],
		});
		const second = only(await generator.generate(items(1)));
		expect(second).toMatchObject({ status: 'done', attempts: [{ server: 's2' }] });
	});

	it('fails with the node that is missing where no server knows it', async () => {
		const { generator } = await open({ catalog: flux2(), version: '0.3.64' });
		const result = only(await generator.generate(items(1)));
		expect(result).toMatchObject({ status: 'failed', error: { code: 'COMFYUI_PROMPT_REJECTED' } });
		expect(result.reason).toMatch(/does not exist/);
		expect(result.attempts).toHaveLength(1);
	});

	it("what the caller's own workflow lacks is the caller's to change", async () => {
		const { generator } = await open({ servers: 2 });
		const model = lab.catalog.models[0];
		if (!model) throw new Error('no model');
		const graph = buildGraph(model, { parameters }, { seed: 1 });
		const workflow = { ...graph, x: { class_type: 'NotThere', inputs: {} } };
		const result = only(await generator.generate([{ request: photo, workflow }]));
		expect(result).toMatchObject({ status: 'failed', error: { code: 'COMFYUI_PROMPT_REJECTED' } });
		expect(result.attempts).toHaveLength(1);
	});
});

describe('Out of memory', () => {
	it.each([
		['torch.cuda.OutOfMemoryError', 'CUDA out of memory. Tried to allocate 20.00 GiB.'],
		['torch.OutOfMemoryError', 'HIP out of memory. Tried to allocate 2.00 GiB'],
		['torch.OutOfMemoryError', 'Allocation on device'],
		['RuntimeError', 'CUDA error: out of memory'],
		['RuntimeError', 'CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`'],
		['RuntimeError', 'cudaErrorMemoryAllocation'],
		['torch.AcceleratorError', 'CUDA error: out of memory'],
		['RuntimeError', "[enforce fail] DefaultCPUAllocator: can't allocate memory"],
		['RuntimeError', 'MPS backend out of memory (MPS allocated: 17.5 GB)'],
	])('said as %s: %s', async (exceptionType, message) => {
		const { generator } = await open();
		standIn().faults.failNext({ exceptionType, message });
		const result = only(await generator.generate(items(1)));
		expect(result).toMatchObject({
			status: 'done',
			attempts: [{ state: 'oom', status: 'oom', error_code: 'COMFYUI_OUT_OF_MEMORY' }, {}],
		});
		expect(standIn().events.of('free')).toHaveLength(1);
		expect(generator.learned()).toMatchObject([{ model_name: 'heavy' }]);
	});

	it.each(['load', 'sampling', 'decode'] as const)(
		'at %s: the device is freed, and the same is tried once more',
		async (phase) => {
			const { generator } = await open();
			standIn().faults.oomNext(phase);
			const result = only(await generator.generate(items(1)));
			expect(result.status).toBe('done');
			expect(result.attempts).toMatchObject([
				{ state: 'oom', status: 'oom', model_name: 'heavy' },
				{ state: 'done', model_name: 'heavy' },
			]);
			expect(standIn().events.of('free')).toHaveLength(1);
			expect(generator.learned()).toMatchObject([{ model_name: 'heavy' }]);
		},
	);

	it('again after that: a lighter model, and the next job does not repeat it', async () => {
		const { generator } = await open();
		standIn().faults.oomFor('heavy', 'sampling');
		const [first] = await generator.generate(items(1));
		expect(first?.status).toBe('done');
		expect(first?.attempts.map((one) => one.model_name)).toEqual(['heavy', 'heavy', 'light']);
		const [second] = await generator.generate(items(1));
		expect(second?.attempts.map((one) => one.model_name)).toEqual(['light']);
	});

	it('fails with the reason where nothing lighter is good enough', async () => {
		const { generator } = await open();
		standIn().faults.oomFor('heavy', 'sampling');
		const request = { ...photo, min_quality: 0.7 };
		const result = only(await generator.generate([{ request }]));
		expect(result).toMatchObject({ status: 'failed', error: { code: 'COMFYUI_OUT_OF_MEMORY' } });
		expect(result.attempts.length).toBeLessThanOrEqual(4);
	});

	it('by a neighbour that took the memory after the estimate: what fits then is run', async () => {
		const { generator } = await open({ speedUp: 1 });
		const running = generator.generate(items(1), {
			onSubmitted: () => void standIn().gpu.setCoTenantBytes(17e9),
		});
		const result = only(await running);
		expect(result.status).toBe('done');
		expect(result.attempts[0]).toMatchObject({ state: 'oom', model_name: 'heavy' });
		expect(result.attempts.at(-1)).toMatchObject({ state: 'done', model_name: 'light' });
		// not the model's fault
		expect(generator.learned()).toEqual([]);
	});

	it('waits for memory that a neighbour holds for a moment', async () => {
		const { generator } = await open();
		standIn().gpu.setCoTenantBytes(23e9);
		const request = { ...photo, deadline_seconds: 20 };
		const running = generator.generate([{ request }]);
		await new Promise((resolve) => setTimeout(resolve, 600));
		expect(submissions()).toBe(0);
		standIn().gpu.setCoTenantBytes(0);
		expect(only(await running)).toMatchObject({ status: 'done', attempts: [{ state: 'done' }] });
	});
});

describe('Many jobs', () => {
	it('200 on 3 servers, one of which dies and comes back: each is done once', async () => {
		const { generator } = await open({ servers: 3, speedUp: 20 });
		const running = generator.generate(items(200));
		await until('some are done', () => finished(1) >= 8, 30_000);
		await standIn(1).kill();
		await new Promise((resolve) => setTimeout(resolve, 1_500));
		await standIn(1).listen();
		const results = await running;
		expect(results.filter((one) => one.status !== 'done').map((one) => one.reason)).toEqual([]);
		expect(new Set(results.map((one) => one.job_id)).size).toBe(200);
		const ran = finished(0) + finished(1) + finished(2);
		// what ran on the dead server when it died may have been done again
		expect(ran).toBeGreaterThanOrEqual(200);
		expect(ran).toBeLessThanOrEqual(203);
	}, 60_000);
});
