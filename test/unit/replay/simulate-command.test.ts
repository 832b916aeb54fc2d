import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import type { Io } from '../../../cli/io';
import { run } from '../../../cli/run';
import { fleet, twoModels } from './lab';

const folder = mkdtempSync(join(tmpdir(), 'simulate-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
	const path = join(folder, name);
	writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
	return path;
}

const catalog = file('catalog.json', twoModels());
const servers = file('fleet.json', fleet());
const trace = file(
	'trace.csv',
	'arrival_seconds,purpose,deadline_seconds\n0,photo,20\n1,photo,20\n',
);

async function simulate(...args: string[]): Promise<{ code: number; out: string; err: string }> {
	const written = { out: '', err: '' };
	const io: Io = {
		readStdin: async () => '',
		out: (chunk: string) => void (written.out += chunk),
		err: (chunk: string) => void (written.err += chunk),
		env: {},
		clock: { nowMs: () => 0, sleep: async () => undefined },
		signal: new AbortController().signal,
	} as Io;
	const base = ['simulate', '--catalog', catalog, '--fleet', servers];
	const code = await run([...base, ...args], '0', io);
	return { code, ...written };
}

describe('comfyui-router simulate', () => {
	it('prints the metrics as JSON, the same each time', async () => {
		const args = ['--trace', trace, '--policy', 'static-best', '--json'];
		const first = await simulate(...args);
		expect(first.code).toBe(0);
		expect(JSON.parse(first.out)).toEqual({
			policy: 'static-best',
			jobs: 2,
			on_time_ratio: 0.5,
			mean_quality_on_time: 1,
			effective_quality: 0.5,
			cost_total: 24,
			cost_per_on_time_image: 24,
			swaps_per_hour: 150,
			oom_count: 0,
			rejected: 0,
			wait_seconds: { p50: 0, p95: 13, p99: 13, max: 13 },
			gpu_busy_ratio: 1,
		});
		expect((await simulate(...args)).out).toBe(first.out);
	});

	it('runs the router unless told otherwise, and reads well without --json', async () => {
		const { code, out } = await simulate('--trace', trace);
		expect(code).toBe(0);
		expect(out).toMatch(/^policy +router$/m);
		expect(out).toMatch(/^wait_seconds\.p95 /m);
	});

	it('makes noise by the seed, where the truth has any', async () => {
		const truth = file('truth.json', { noise_cv: 0.2, time_factor: { big: 1.1 } });
		const costs = await Promise.all(
			['1', '1', '2'].map(async (seed) => {
				const args = ['--trace', trace, '--truth', truth, '--seed', seed, '--json'];
				return (JSON.parse((await simulate(...args)).out) as { cost_total: number }).cost_total;
			}),
		);
		expect(costs[0]).toBe(costs[1]);
		expect(costs[0]).not.toBe(costs[2]);
	});

	it.each([
		[
			'a line that is none',
			() => ['--trace', file('bad.csv', 'arrival_seconds,purpose\nx,photo\n')],
			/line 2/,
		],
		['a file that is not there', () => ['--trace', join(folder, 'none.csv')], /no file/],
		[
			'an unknown policy',
			() => ['--trace', trace, '--policy', 'static-bets'],
			/Did you mean static-best/,
		],
		[
			'an unknown urgency',
			() => ['--trace', file('u.csv', 'arrival_seconds,purpose,urgency\n0,photo,soon\n')],
			/soon/,
		],
		[
			'a truth about other servers',
			() => [
				'--trace',
				trace,
				'--truth',
				file('t.json', { failures: [{ server: 'x', at_seconds: 1, for_seconds: 1 }] }),
			],
			/no server "x"/,
		],
		['a seed that is no number', () => ['--trace', trace, '--seed', 'one'], /--seed/],
		['no trace', () => [], /--trace is missing/],
	])('refuses %s as bad input', async (_, args, message) => {
		const { code, out, err } = await simulate(...args());
		expect(code).toBe(64);
		expect(out).toBe('');
		expect(err).toMatch(message);
	});
});
