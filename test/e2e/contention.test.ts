/** 50 processes of the command line select at once on the same 3 servers: together they must answer as one would. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { parseFleet } from '../../lib/fleet/parse';
import { ModelRouter } from '../../lib/router/model-router';
import type { Selection } from '../../lib/selection/types';
import { selectInOrder } from '../../service/select-batch';
import { quickCatalog } from '../support/generate-lab';
import { createTestDatabase, type TestDatabase } from '../support/postgres';

const run = promisify(execFile);
const PROCESSES = 50;
const MAIN = join(__dirname, '..', '..', 'dist', 'cli', 'main.js');

let database: TestDatabase;
let folder: string;

const device = { vram_total: 24e9, vram_free: 24e9, torch_vram_total: 0, torch_vram_free: 0 };
/** Of unequal speed, so that an even spread would be wrong. */
const fleet = parseFleet({
	servers: [1, 1, 2].map((speed, n) => ({
		name: `s${n + 1}`,
		devices: [device],
		speed_factor: speed,
	})),
});

function requestOf(n: number) {
	return { purpose: 'photo', job_id: `job-${n}`, deadline_seconds: 600, explain: false };
}

beforeAll(async () => {
	database = await createTestDatabase('contention');
	folder = await mkdtemp(join(tmpdir(), 'router-contention-'));
	await writeFile(join(folder, 'catalog.json'), JSON.stringify(quickCatalog()));
	await writeFile(join(folder, 'fleet.json'), JSON.stringify(fleet));
	await command(['migrate']);
});

afterAll(async () => {
	await rm(folder, { recursive: true, force: true });
	await database?.close();
});

async function command(args: string[]): Promise<string> {
	const env = { PATH: process.env.PATH, DATABASE_URL: database.url };
	return (await run(process.execPath, [MAIN, ...args], { env })).stdout;
}

async function selectAlone(n: number): Promise<Selection> {
	const request = join(folder, `request-${n}.json`);
	await writeFile(request, JSON.stringify(requestOf(n)));
	const files = ['--catalog', join(folder, 'catalog.json'), '--fleet', join(folder, 'fleet.json')];
	const book = ['--database-url', database.url, '--reserve-seconds', '600'];
	return JSON.parse(await command(['select', ...files, '--request', request, ...book]));
}

function countByServer(selections: readonly Selection[]): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const one of selections) {
		const name = one.decision === 'selected' ? `${one.server} ${one.model_name}` : 'rejected';
		counts[name] = (counts[name] ?? 0) + 1;
	}
	return counts;
}

describe('50 processes at once', () => {
	it('spread over the servers as one process does that decides all in order', async () => {
		const numbers = Array.from({ length: PROCESSES }, (_, n) => n);
		const together = await Promise.all(numbers.map(selectAlone));
		const alone = selectInOrder(new ModelRouter(quickCatalog()), numbers.map(requestOf), fleet, {
			nowMs: Date.now(),
		});
		const [theirs, expected] = [countByServer(together), countByServer(alone)];
		for (const name of new Set([...Object.keys(theirs), ...Object.keys(expected)])) {
			const difference = Math.abs((theirs[name] ?? 0) - (expected[name] ?? 0));
			expect(difference, `${name}: ${JSON.stringify({ theirs, expected })}`).toBeLessThanOrEqual(
				0.05 * PROCESSES,
			);
		}
		// every one saw all before it: no two were told of the same wait
		const waits = together.map((one) =>
			one.decision === 'selected' ? `${one.server} ${one.estimate.queue_seconds.toFixed(3)}` : '',
		);
		expect(new Set(waits).size).toBe(PROCESSES);
	});
});
