/** What a job saved, and what is done where it is not there. */
import { afterEach, describe, expect, it } from 'vitest';

import type { GeneratedFile, GenerateResult } from '../../../service/generate';
import { bytesOf, type Lab, type LabOptions, openLab } from '../../support/generate-lab';

let lab: Lab;
afterEach(() => lab.close());

async function open(options: LabOptions = {}): Promise<Lab> {
	lab = await openLab(options);
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

describe('Outputs', () => {
	it('are not there (disk full): the job fails and says so', async () => {
		const { generator } = await open();
		standIn().faults.viewMissing = true;
		const result = only(
			await generator.generate(items(1), { onOutput: async (file) => void (await bytesOf(file)) }),
		);
		expect(result).toMatchObject({ status: 'failed', error: { code: 'FILE_NOT_FOUND' } });
		expect(result.attempts).toHaveLength(2);
	});

	it('are not there on one server: another makes them', async () => {
		const { generator } = await open({ servers: 2 });
		standIn(0).faults.viewMissing = true;
		const results = await generator.generate(items(4), {
			onOutput: async (file) => void (await bytesOf(file)),
		});
		expect(results.map((one) => one.status)).toEqual(['done', 'done', 'done', 'done']);
		const gone = results.flatMap(({ attempts }) => attempts.filter((one) => one.error_code));
		expect(gone.length).toBeGreaterThan(0);
		expect(new Set(gone.map((one) => `${one.server} ${one.error_code}`))).toEqual(
			new Set(['s1 FILE_NOT_FOUND']),
		);
	});

	it('are lost with their server, which dies before they are fetched: another makes them', async () => {
		const { generator, standIns } = await open({ servers: 2 });
		let died = '';
		const results = await generator.generate(items(1), {
			onOutput: async (file) => {
				died ||= file.server;
				if (file.server === died) await standIns[Number(died.slice(1)) - 1]?.kill();
				await bytesOf(file);
			},
		});
		expect(only(results)).toMatchObject({
			status: 'done',
			attempts: [
				{ server: died, status: 'error', error_code: 'COMFYUI_UNREACHABLE' },
				{ server: died === 's1' ? 's2' : 's1', status: 'success' },
			],
		});
	});

	it('were deleted, and the cache still names them: saved again without running again', async () => {
		const { generator } = await open();
		const request = { ...photo, seed: 7 };
		const options = { onOutput: async (file: GeneratedFile) => void (await bytesOf(file)) };
		const first = only(await generator.generate([{ request }], options));
		standIn().disk.remove('output', first.outputs[0]?.filename ?? '');
		const second = only(await generator.generate([{ request }], options));
		expect(second).toMatchObject({
			status: 'done',
			attempts: [{ error_code: 'FILE_NOT_FOUND' }, { state: 'done', seed: 7 }],
		});
		expect(second.attempts[1]?.run_seconds).toBeLessThan(first.attempts[0]?.run_seconds ?? 0);
	});

	it('of a workflow that fails: the node and the message are told, nothing is tried again', async () => {
		const { generator } = await open();
		standIn().faults.failNext({ exceptionType: 'ValueError', message: 'bad tensor' });
		const result = only(await generator.generate(items(1)));
		expect(result).toMatchObject({
			status: 'failed',
			error: { code: 'COMFYUI_EXECUTION_FAILED' },
			attempts: [{ state: 'failed', status: 'error' }],
		});
		expect(result.reason).toContain('bad tensor');
	});
});
