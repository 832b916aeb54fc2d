import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { bytesOf, openBinaryStore } from './support/binary-store';
import { postgresCredential } from './support/fixtures';
import { type GenerateLab, measured, openGenerateLab } from './support/generate';
import { runNode } from './support/harness';
import { quickCatalog } from '../support/generate-lab';

let lab: GenerateLab;
beforeAll(async () => {
	await openBinaryStore();
	lab = await openGenerateLab();
});
afterEach(() => lab.server.faults.clear());
afterAll(() => lab.close());

const fromItem = { requestFrom: 'item' };
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);

describe('Generate Image', () => {
	it('selects, runs and puts the image into the item, beside what the item had', async () => {
		const binary = { photo: { data: 'aGk=', mimeType: 'text/plain' } };
		const { outputs, error } = await lab.run({}, [{ json: { customer: 'x' }, binary }]);
		expect(error).toBeUndefined();
		expect(outputs[1]).toEqual([]);
		const [item] = outputs[0] ?? [];
		expect(item?.json).toMatchObject({
			customer: 'x',
			status: 'done',
			job_id: 'execution-7/Subject/0',
			server: 'gpu1',
			model_name: 'heavy',
			degraded: false,
			on_time: true,
			selection: { decision: 'selected' },
			attempts: [{ attempt: 1, status: 'success', prompt_id: item?.json.prompt_id }],
			files: [{ binary: 'image', type: 'output' }],
		});
		expect(item?.binary?.photo?.mimeType).toBe('text/plain');
		expect(item?.binary?.image).toMatchObject({ mimeType: 'image/png', fileExtension: 'png' });
		expect((await bytesOf(item?.binary?.image)).subarray(0, 4)).toEqual(PNG);
		expect(item?.pairedItem).toEqual({ item: 0 });
	});

	it('keeps image data out of the JSON', async () => {
		const { run } = await lab.run();
		const task = run.data.resultData.runData.Subject?.[0];
		expect(JSON.stringify(task?.data).length).toBeLessThan(10_000);
	});

	it('gives every image of a batch a field, and never writes over one that the item has', async () => {
		const binary = { image: { data: 'aGk=', mimeType: 'text/plain' } };
		const { outputs } = await lab.run({ additionalFields: { batch_size: 3 } }, [
			{ json: {}, binary },
		]);
		const fields = outputs[0]?.[0]?.binary ?? {};
		expect(Object.keys(fields).sort()).toEqual(['image', 'image_1', 'image_2', 'image_3']);
		expect(fields.image?.mimeType).toBe('text/plain');
		const named = await lab.run({ options: { outputField: 'picture' } });
		expect(Object.keys(named.outputs[0]?.[0]?.binary ?? {})).toEqual(['picture']);
	});

	it('takes target time, If Late and auto-quality into the request, a deadline of the request first', async () => {
		const own = { json: { purpose: 'photo', deadline_seconds: 77, if_late: 'best_effort' } };
		const plain = { json: { purpose: 'photo' } };
		const { outputs } = await lab.run(
			{ ...fromItem, targetSeconds: 33, options: { ifLate: 'reject' } },
			[own, plain],
		);
		expect(outputs[0]?.map((item) => item.json.selection)).toMatchObject([
			{ request: { deadline_seconds: 77, if_late: 'best_effort' } },
			{ request: { deadline_seconds: 33, if_late: 'reject' } },
		]);
	});

	it('gives up quality for the target time and says so; with auto-quality off it does not', async () => {
		await lab.run({ additionalFields: { model_name: 'heavy' } });
		const busy = await openGenerateLab({ speedUp: 1 });
		try {
			const tight = { targetSeconds: 1 };
			const lower = await busy.run(tight);
			// what exactly it takes depends on how much of the second is left when it decides
			const { model_name, preset } = lower.outputs[0]?.[0]?.json ?? {};
			expect(['light / full', 'heavy / fast']).toContain(`${model_name} / ${preset}`);
			const full = await busy.run({ ...tight, autoQuality: false });
			expect(full.outputs[0]?.[0]?.json).toMatchObject({ status: 'done' });
			const queue = Array.from({ length: 6 }, () => ({ json: {} }));
			const burst = await busy.run({ targetSeconds: 3 }, queue);
			const flags = burst.outputs[0]?.map((item) => item.json.degraded) ?? [];
			expect(flags).toHaveLength(6);
			expect(flags).toContain(true);
			expect(burst.hints.join()).toMatch(/Quality given up/);
		} finally {
			await busy.close();
		}
	});

	it('runs several items at once, spread over the servers, in the order of the input', async () => {
		const two = await openGenerateLab({}, 2);
		try {
			const items = Array.from({ length: 6 }, (_, n) => ({ json: { n } }));
			const { outputs } = await two.run({}, items);
			expect(outputs[0]?.map((item) => item.json.n)).toEqual([0, 1, 2, 3, 4, 5]);
			expect(outputs[0]?.map((item) => item.pairedItem)).toEqual(
				items.map((_, item) => ({ item })),
			);
			const used = new Set(outputs[0]?.map((item) => item.json.server));
			expect([...used].sort()).toEqual(['gpu1', 'gpu2']);
		} finally {
			await two.close();
		}
	});

	it('has no more items under way than wanted', async () => {
		const items = Array.from({ length: 4 }, () => ({ json: {} }));
		const one = await openGenerateLab();
		try {
			await one.run({ options: { concurrency: 1, commitOnArrival: true } }, items);
			const order = one.server.events
				.all()
				.filter(({ type }) => type === 'submitted' || type === 'finished')
				.map(({ type }) => type);
			expect(order).toEqual(Array.from({ length: 4 }, () => ['submitted', 'finished']).flat());
		} finally {
			await one.close();
		}
	});

	it('runs what Select Model selected, as selected', async () => {
		const selected = await runNode({
			type: 'selectModel',
			parameters: {
				catalogSource: 'json',
				catalogJson: JSON.stringify(quickCatalog()),
				prompt: 'a lighthouse',
				modelChoice: 'pinned',
				model: { __rl: true, mode: 'name', value: 'light' },
			},
			credentials: lab.credentials(),
		});
		const items = selected.outputs[0] ?? [];
		const { outputs } = await lab.run({ requestFrom: 'selection' }, items);
		expect(outputs[0]?.[0]?.json).toMatchObject({ status: 'done', model_name: 'light' });
		const rejected = { decision: 'rejected', selection_reason: 'Too dear.' };
		const { outputs: refused } = await lab.run({ requestFrom: 'selection' }, [
			{ json: { selection: rejected } },
			{ json: {} },
		]);
		expect(refused[1]?.map((item) => item.json)).toMatchObject([
			{ error: 'Too dear.', details: { code: 'NOT_SERVED' } },
			{ details: { code: 'REQUEST_INVALID' } },
		]);
	});

	it('tells whoever watches the editor how far it is', async () => {
		const messages: string[] = [];
		await lab.run({}, [{ json: {} }], { onMessage: (text) => messages.push(String(text)) });
		expect(messages.join('\n')).toMatch(/Item 0: submitted to gpu1: heavy/);
		expect(messages.join('\n')).toMatch(/running on gpu1, \d+ %/);
		expect(messages.length).toBeLessThan(12);
	});
});

describe('Generate Image, Submit and Resume', () => {
	const submit = { operation: 'submit' };
	const resume = { operation: 'resume' };

	it('hands a job over without waiting, and another run brings its image', async () => {
		const submitted = await lab.run(submit, [{ json: { customer: 'x' } }]);
		const [item] = submitted.outputs[0] ?? [];
		expect(item?.json).toMatchObject({ customer: 'x', status: 'submitted', server: 'gpu1' });
		expect(item?.json.prompt_id).toBeTypeOf('string');
		expect(item?.binary).toBeUndefined();
		const { outputs } = await lab.run(resume, [{ json: item?.json ?? {} }]);
		expect(outputs[0]?.[0]?.json).toMatchObject({
			customer: 'x',
			status: 'done',
			prompt_id: item?.json.prompt_id,
			model_name: 'heavy',
			on_time: true,
		});
		expect((await bytesOf(outputs[0]?.[0]?.binary?.image)).subarray(0, 4)).toEqual(PNG);
	});

	it('comes back with where the job is when it is not to wait', async () => {
		const slow = await openGenerateLab({ speedUp: 0.1 });
		try {
			const { outputs } = await slow.run(submit);
			const json = outputs[0]?.[0]?.json ?? {};
			for (const waitSeconds of [0, 0.2]) {
				const looked = await slow.run({ ...resume, options: { waitSeconds } }, [{ json }]);
				expect(looked.outputs[0]?.[0]?.json).toMatchObject({
					status: expect.stringMatching(/^(running|pending)$/),
					prompt_id: json.prompt_id,
				});
			}
			expect(slow.server.events.of('interrupted')).toEqual([]);
			expect(slow.server.events.of('deleted')).toEqual([]);
		} finally {
			await slow.close();
		}
	});

	it('fails the item when the server does not know the prompt, or the item has none', async () => {
		const { outputs } = await lab.run(resume, [
			{ json: { prompt_id: 'unknown', server: 'gpu1' } },
			{ json: { server: 'gpu1' } },
			{ json: { prompt_id: 'x', server: 'gpu9' } },
		]);
		expect(outputs[0]).toEqual([]);
		expect(outputs[1]?.map((item) => (item.json.details as { code: string }).code)).toEqual([
			'COMFYUI_PROMPT_UNKNOWN',
			'REQUEST_INVALID',
			'OPTIONS_INVALID',
		]);
	});
});

describe('Generate Image, tried out by hand', () => {
	it('tells that nobody measured the times yet', async () => {
		const items = [{ json: { purpose: 'photo' } }];
		const { hints } = await lab.run(fromItem, items);
		expect(hints.join()).toMatch(/Not measured on your servers yet/);
		const parameters = { ...fromItem, catalogJson: JSON.stringify(measured(quickCatalog())) };
		const known = await lab.run(parameters, items);
		expect(known.hints.join()).not.toMatch(/Not measured/);
	});
});

describe('Generate Image with a Postgres credential', () => {
	let database: TestDatabase;
	beforeAll(async () => {
		database = await createTestDatabase('generate');
	});
	afterAll(() => database.close());
	const rows = async () =>
		(await database.sql.query('select * from model_usage_log order by job_id, attempt')).rows;

	it('logs every attempt and every refusal', async () => {
		const credentials = { ...lab.credentials(), ...postgresCredential(database.url) };
		lab.server.faults.oomNext('sampling');
		const items = [
			{ json: { purpose: 'photo', job_id: 'a' } },
			{ json: { purpose: 'photo', job_id: 'b', min_quality: 1 } },
		];
		const { outputs } = await lab.run(fromItem, items, { credentials });
		expect(outputs[0]?.[0]?.json.log_errors).toBeUndefined();
		const logged = await rows();
		expect(logged.map(({ job_id, status }) => `${job_id} ${status}`)).toEqual([
			'a oom',
			'a success',
			'b rejected',
		]);
		expect(logged[1]).toMatchObject({
			attempt: 2,
			execution_id: 'execution-7',
			workflow_id: 'workflow-1',
			timing_source: 'comfyui',
			prompt_id: outputs[0]?.[0]?.json.prompt_id,
		});
	});

	it('makes the image where quotas cannot be looked up, and says so once', async () => {
		const broken = await createTestDatabase('broken');
		try {
			const credentials = { ...lab.credentials(), ...postgresCredential(broken.url) };
			await broken.sql.query('create view quota_limit as select 1 as other');
			const items = [{ json: { purpose: 'photo' } }, { json: { purpose: 'photo' } }];
			const { outputs, hints } = await lab.run(fromItem, items, { credentials });
			expect(outputs[0]?.map(({ json }) => json.status)).toEqual(['done', 'done']);
			const unchecked = hints.filter((hint) => hint.startsWith('Quotas are not checked: '));
			expect(unchecked).toHaveLength(1);
		} finally {
			await broken.close();
		}
	});

	it('logs a resumed run once, however often it is looked at', async () => {
		const credentials = { ...lab.credentials(), ...postgresCredential(database.url) };
		const more = { credentials };
		const submitted = await lab.run(
			{ operation: 'submit', ...fromItem },
			[{ json: { purpose: 'photo', job_id: 'c' } }],
			more,
		);
		const json = submitted.outputs[0]?.[0]?.json ?? {};
		for (let n = 0; n < 2; n++) await lab.run({ operation: 'resume' }, [{ json }], more);
		const own = (await rows()).filter(({ job_id }) => job_id === 'c');
		expect(own).toMatchObject([{ status: 'success', prompt_id: json.prompt_id }]);
	});

	it('finds a run that was under way by its job ID alone, and says where there is none', async () => {
		const credentials = { ...lab.credentials(), ...postgresCredential(database.url) };
		const more = { credentials };
		const request = { purpose: 'photo', job_id: 'd' };
		await lab.run({ operation: 'submit', ...fromItem }, [{ json: request }], more);
		// n8n was restarted: what the node had put into the item is lost
		const resumed = await lab.run({ operation: 'resume' }, [{ json: { job_id: 'd' } }], more);
		expect(resumed.outputs[0]?.[0]?.json).toMatchObject({ status: 'done', server: 'gpu1' });
		expect(resumed.outputs[0]?.[0]?.binary?.image).toBeDefined();
		expect((await rows()).filter(({ job_id }) => job_id === 'd')).toMatchObject([
			{ status: 'success' },
		]);
		const again = await lab.run({ operation: 'resume' }, [{ json: { job_id: 'd' } }], more);
		expect(JSON.stringify(again.outputs[1]?.[0]?.json)).toMatch(/nothing of job/);
	});
});
