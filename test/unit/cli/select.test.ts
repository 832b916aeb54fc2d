import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Selection } from '../../../lib/selection/types';
import { cli, type CliResult } from '../../support/cli';

const ROOT = path.join(__dirname, '..', '..', '..');
const CATALOG = path.join(ROOT, 'models_config.json');
const FLEET = path.join(ROOT, 'test', 'fixtures', 'fleets', 'studio.json');
const NOW = '2026-01-31T12:00:00.000Z';

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(path.join(tmpdir(), 'cli-select-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
	const target = path.join(folder, name);
	writeFileSync(target, typeof content === 'string' ? content : JSON.stringify(content));
	return target;
}

function select(request: unknown, more: string[] = [], fleet = FLEET): Promise<CliResult> {
	const stdin = typeof request === 'string' ? request : JSON.stringify(request);
	const args = ['select', '--catalog', CATALOG, '--fleet', fleet, '--request', '-', '--now', NOW];
	return cli([...args, ...more], { stdin });
}

function parsed<T>(result: CliResult): T {
	return JSON.parse(result.out) as T;
}

describe('select', () => {
	it('prints one selection for one request', async () => {
		const result = await select({ purpose: 'photo', job_id: 'j1' });
		const selection = parsed<Selection>(result);
		expect([result.code, result.err]).toEqual([0, '']);
		expect(selection).toMatchObject({ decision: 'selected', job_id: 'j1', selected_at: NOW });
		expect(selection.selection_reason.length).toBeGreaterThan(20);
	});

	it('reads a catalog with comments and commas after the last entry, as sync keeps them', async () => {
		const text = readFileSync(CATALOG, 'utf8').replace(/\}\s*$/, ',\n// the end\n}\n');
		const own = file('with-comments.json', `/* ours */ ${text}`);
		const plain = await select({ purpose: 'photo' });
		const args = ['select', '--catalog', own, '--fleet', FLEET, '--request', '-', '--now', NOW];
		expect(await cli(args, { stdin: '{"purpose":"photo"}' })).toEqual(plain);
	});

	it('decides an array in order: the second sees the first in its queue', async () => {
		const request = { purpose: 'photo', urgency: 'normal' };
		const result = await select(
			Array.from({ length: 6 }, (_, index) => ({ ...request, job_id: `j${index}` })),
		);
		const selections = parsed<(Selection & { decision: 'selected' })[]>(result);
		expect(selections.map((selection) => selection.job_id)).toEqual([
			'j0',
			'j1',
			'j2',
			'j3',
			'j4',
			'j5',
		]);
		const onFirst = selections.filter((one) => one.server === selections[0]?.server);
		const waits = onFirst.map((one) => one.estimate.queue_seconds);
		expect(waits).toEqual([...waits].sort((a, b) => a - b));
		expect(waits.at(-1)).toBeGreaterThan(waits[0] as number);
	});

	it('answers urgent and flexible requests for one purpose differently', async () => {
		const result = await select([
			{ purpose: 'photo', urgency: 'urgent' },
			{ purpose: 'photo', urgency: 'flexible' },
		]);
		const [urgent, flexible] = parsed<(Selection & { decision: 'selected' })[]>(result);
		expect(urgent?.estimate.p95_seconds).toBeLessThanOrEqual(15);
		expect(flexible?.estimate.cost).toBeLessThan(urgent?.estimate.cost as number);
	});

	it('names the request of a list that a fault is in, and all of them at once', async () => {
		const bad = await select([{ purpose: 'photo' }, { purpose: 3, width: -1 }, 'x'], ['--json']);
		expect(bad.code).toBe(64);
		const { error } = JSON.parse(bad.err) as { error: { problems: { path: string }[] } };
		expect(error.problems.map(({ path }) => path)).toEqual(['[1].purpose', '[1].width', '[2]']);
	});

	it('does not take the last of two keys in a catalog for what was meant', async () => {
		const twice = file('twice.json', '{"version":1,"models":[],"models":[]}');
		const args = ['select', '--catalog', twice, '--fleet', FLEET, '--request', '-'];
		const bad = await cli(args, { stdin: '{"purpose":"photo"}' });
		expect(bad.code).toBe(64);
		expect(bad.err).toMatch(/CATALOG_INVALID[^]*given before/);
	});

	it('gives the same bytes for the same input', async () => {
		const request = [{ purpose: 'photo' }, { purpose: 'draft', urgency: 'urgent' }];
		expect((await select(request)).out).toBe((await select(request)).out);
	});

	it('ends with 2 where a request cannot be served, and says why', async () => {
		const result = await select([
			{ purpose: 'photo' },
			{ purpose: 'photo', model_name: 'qwen-image', max_cost: 0 },
		]);
		const [served, refused] = parsed<Selection[]>(result);
		expect(result.code).toBe(2);
		expect(served?.decision).toBe('selected');
		expect(refused).toMatchObject({
			decision: 'rejected',
			rejection: { hint: expect.any(String) },
		});
	});

	it('takes a smaller model, or says how much is missing, where VRAM is low', async () => {
		const fleet = JSON.parse(readFileSync(FLEET, 'utf8')) as {
			servers: { devices: { vram_free: number }[] }[];
		};
		const withFree = (bytes: number): string => {
			for (const device of fleet.servers.flatMap((server) => server.devices))
				device.vram_free = bytes;
			return file(`free-${bytes}.json`, fleet);
		};
		const request = { purpose: 'photo', urgency: 'normal' };
		const roomy = parsed<Selection & { decision: 'selected' }>(await select(request));
		const tight = parsed<Selection & { decision: 'selected' }>(
			await select(request, [], withFree(8e9)),
		);
		expect(tight.estimate.vram_peak_bytes).toBeLessThan(8e9);
		expect(tight.estimate.vram_peak_bytes).toBeLessThan(roomy.estimate.vram_peak_bytes);
		const none = await select(request, [], withFree(0.6e9));
		expect(none.code).toBe(2);
		expect(
			parsed<Selection & { decision: 'rejected' }>(none).rejection.vram_missing_bytes,
		).toBeGreaterThan(0);
	});

	it('is one line with --json and a text for people with --text', async () => {
		const json = await select({ purpose: 'photo' }, ['--json']);
		expect(json.out.trimEnd().split('\n')).toHaveLength(1);
		const text = await select({ purpose: 'photo', job_id: 'poster' }, ['--text']);
		expect(text.out).toMatch(/^poster \(photo, normal\): /);
		expect(text.out).toContain('Also considered');
		const refused = await select({ purpose: 'photo', max_cost: 0 }, ['--text']);
		expect(refused.out).toContain('REJECTED');
	});

	it('reads files written on Windows', async () => {
		const request = file('bom.json', '\ufeff{"purpose":\r\n"photo"}');
		const result = await cli([
			'select',
			'--catalog',
			CATALOG,
			'--fleet',
			FLEET,
			'--request',
			request,
		]);
		expect(result.code).toBe(0);
	});
});

describe('bad input to select', () => {
	it('names file, line and column of broken JSON', async () => {
		const catalog = file('broken.json', '{\n  "version": 1,\n  "models": [,]\n}');
		const result = await cli(['select', '--catalog', catalog, '--fleet', FLEET, '--request', '-'], {
			stdin: '{}',
		});
		expect(result).toMatchObject({ code: 64, out: '' });
		expect(result.err).toContain('line 3, column 14: a value is expected');
	});

	it('lists every problem of a catalog with its path', async () => {
		const catalog = file('wrong.json', { version: 2, currency: 5, models: 'none' });
		const result = await cli(['select', '--catalog', catalog, '--fleet', FLEET, '--request', '-'], {
			stdin: '{}',
		});
		expect(result.code).toBe(64);
		for (const path of ['version', 'currency', 'models']) expect(result.err).toContain(`${path}: `);
	});

	it.each([
		['an empty standard input', '', 'standard input is empty'],
		['a request without purpose', '{}', 'purpose'],
		['an unknown purpose', '{"purpose":"potrait"}', 'portrait'],
		['a number instead of a request', '5', 'REQUEST_INVALID'],
		['an unknown key', '{"purpose":"photo","urgentcy":"urgent"}', 'urgentcy'],
		['a negative size', '{"purpose":"photo","width":-1}', 'width'],
	])('refuses %s', async (_, stdin, message) => {
		const result = await select(stdin);
		expect(result.err + result.out).toContain(message);
		expect([2, 64]).toContain(result.code);
	});

	it('names a file that is not there', async () => {
		const result = await select({ purpose: 'photo' }, [], path.join(folder, 'no-fleet.json'));
		expect(result).toMatchObject({ code: 64, err: expect.stringContaining('There is no file') });
	});

	it.each(['[]', '{}', '{"servers":[{"name":5}]}', 'null'])(
		'refuses %s as a fleet',
		async (fleet) => {
			const result = await select({ purpose: 'photo' }, [], file('fleet.json', fleet));
			expect(result).toMatchObject({ code: 64, err: expect.stringContaining('FLEET_INVALID') });
		},
	);
});
