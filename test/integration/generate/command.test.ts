/** `comfyui-router generate` as a process would be: arguments in, files and JSON out. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { systemClock } from '../../../adapters/system-clock';
import type { Io } from '../../../cli/io';
import { safeName } from '../../../adapters/files/safe-name';
import { run } from '../../../cli/run';
import { type Lab, openLab, until } from '../../support/generate-lab';

let lab: Lab;
let folder: string;

beforeEach(async () => {
	lab = await openLab({ servers: 2 });
	folder = await mkdtemp(join(tmpdir(), 'generate-'));
	await writeFile(join(folder, 'catalog.json'), JSON.stringify(lab.catalog));
});
afterEach(async () => {
	await lab.close();
	await rm(folder, { recursive: true, force: true });
});

interface Ran {
	code: number;
	out: string;
	err: string;
}

async function generate(request: unknown, more: string[] = [], signal?: AbortSignal): Promise<Ran> {
	await writeFile(join(folder, 'request.json'), JSON.stringify(request));
	let [out, err] = ['', ''];
	const io: Io = {
		readStdin: () => Promise.resolve(''),
		out: (text) => void (out += text),
		err: (text) => void (err += text),
		env: {},
		clock: systemClock,
		signal: signal ?? new AbortController().signal,
	};
	const servers = lab.standIns.flatMap((one, index) => ['--server', `s${index + 1}=${one.url}`]);
	const files = [
		'--catalog',
		join(folder, 'catalog.json'),
		'--request',
		join(folder, 'request.json'),
	];
	const args = ['generate', ...files, ...servers, '--out', join(folder, 'out'), ...more];
	const code = await run(args, '0', io);
	return { code, out, err };
}

const photo = { purpose: 'photo', prompt: 'a cat', explain: false };

describe('comfyui-router generate', () => {
	it('saves the image and prints the attempts; progress goes to standard error', async () => {
		const { code, out, err } = await generate({ ...photo, job_id: 'mine' });
		expect(code).toBe(0);
		const answer = JSON.parse(out);
		expect(answer).toMatchObject({ job_id: 'mine', status: 'done', attempts: [{ state: 'done' }] });
		expect((await readFile(answer.files[0])).subarray(1, 4).toString()).toBe('PNG');
		expect(err).toMatch(/mine: submitted to s\d/);
		expect(err).toMatch(/mine: done/);
	});

	it('keeps files inside the folder, and writes over none', async () => {
		const evil = { ...photo, job_id: '../../evil' };
		expect((await generate([evil, evil])).code).toBe(0);
		expect((await generate(evil)).code).toBe(0);
		const names = await readdir(join(folder, 'out'));
		expect(names).toHaveLength(3);
		expect(new Set(names).size).toBe(3);
		expect(existsSync(join(folder, '..', 'evil'))).toBe(false);
	});

	it('exits 2 where a request cannot be served, and still does the others', async () => {
		const { code, out } = await generate([photo, { ...photo, min_quality: 0.99 }]);
		expect(code).toBe(2);
		const answers = JSON.parse(out) as { status: string }[];
		expect(answers.map((one) => one.status)).toEqual(['done', 'failed']);
	});

	it('exits 64 for bad input before anything is run', async () => {
		const { code, err } = await generate([photo, { purpose: 'photo', steps: 0 }]);
		expect(code).toBe(64);
		expect(err).toContain('steps');
		const missing = await generate({ ...photo, images: [join(folder, 'none.png')] });
		expect(missing.code).toBe(64);
		expect(lab.standIns.flatMap((one) => one.events.of('submitted'))).toEqual([]);
	});

	it('exits 1 where the job failed', async () => {
		for (const one of lab.standIns) {
			one.faults.failNext({ exceptionType: 'ValueError', message: 'bad tensor' });
		}
		const { code, out } = await generate(photo);
		expect(code).toBe(1);
		expect(JSON.parse(out).error).toMatchObject({ code: 'COMFYUI_EXECUTION_FAILED' });
	});

	it('takes its jobs off the servers when it is interrupted', async () => {
		const controller = new AbortController();
		const running = generate([photo, photo, photo, photo], [], controller.signal);
		const all = (type: 'started' | 'finished' | 'interrupted') =>
			lab.standIns.flatMap((one) => one.events.of(type));
		await until('one runs', () => all('started').length > 0);
		controller.abort(new Error('SIGINT'));
		expect((await running).code).toBe(1);
		const started = all('started').length;
		expect(all('finished').length + all('interrupted').length).toBe(started);
	});
});

describe('Many requests', () => {
	it('that wait for one Ctrl+C are no leak that Node warns of', async () => {
		const warnings: string[] = [];
		const hear = (warning: Error) => void warnings.push(warning.name);
		process.on('warning', hear);
		const requests = Array.from({ length: 16 }, () => photo);
		const { code } = await generate(requests, [], new AbortController().signal);
		process.off('warning', hear);
		expect(code).toBe(0);
		expect(warnings).not.toContain('MaxListenersExceededWarning');
	});
});

describe('File names', () => {
	it.each([
		['../../etc/passwd', 'passwd'],
		['..\\..\\boot.ini', 'boot.ini'],
		['.hidden', 'hidden'],
		['a\u0000b\n.png', 'a_b_.png'],
		['con.png', '_con.png'],
		['', 'output'],
		['Katze ä 猫.png', 'Katze ä 猫.png'],
	])('%j becomes %j', (name, safe) => {
		expect(safeName(name)).toBe(safe);
	});

	it('are not too long', () => {
		expect(safeName(`${'x'.repeat(5000)}.png`).length).toBeLessThanOrEqual(180);
	});
});
