/** Servers that refuse and servers that are slow, found out through the real client: left alone, probed, and planned for. */
import { afterEach, describe, expect, it } from 'vitest';

import { ComfyUiClient } from '../../../adapters/comfyui';
import { systemClock } from '../../../adapters/system-clock';
import { createGenerator, type GenerateResult, type Generator } from '../../../service/generate';
import { type StandIn, startComfyUiStandIn } from '../../../simulator/comfyui';
import { modelsFromCatalog } from '../../../simulator/gpu';
import { countingRandom, quickCatalog } from '../../support/generate-lab';

const closers: (() => unknown)[] = [];
afterEach(async () => {
	for (const close of closers.splice(0).reverse()) await close();
});

/** @param speedUps one for each server; the catalog knows nothing of them */
async function openFleet(
	speedUps: readonly number[],
): Promise<{ standIns: StandIn[]; generator: Generator }> {
	const catalog = quickCatalog();
	const models = modelsFromCatalog(catalog);
	const standIns: StandIn[] = [];
	for (const [n, speedUp] of speedUps.entries()) {
		const gpu = { vramTotalBytes: 24e9 };
		const standIn = await startComfyUiStandIn({ models, seed: n + 1, speedUp, gpu });
		closers.push(() => standIn.close());
		standIns.push(standIn);
	}
	const servers = standIns.map(
		(one, n) => new ComfyUiClient({ name: `s${n + 1}`, url: one.url, timeoutMs: 5_000 }),
	);
	closers.push(() => servers.forEach((client) => client.close()));
	const random = countingRandom(`health${standIns[0]?.port}`);
	const generator = createGenerator({ catalog, servers, clock: systemClock, random });
	return { standIns, generator };
}

/** Only one way to make it: what differs is the server. */
const jobs = (name: string, count: number) =>
	Array.from({ length: count }, (_, n) => ({
		request: { purpose: 'photo', job_id: `${name}-${n}`, min_quality: 0.9, deadline_seconds: 300 },
	}));

const attemptsOn = (server: string, results: readonly GenerateResult[]) =>
	results.flatMap((one) => one.attempts).filter((attempt) => attempt.server === server);

describe('a server that refuses prompts', () => {
	it('costs a few tries, ever rarer, and no job; it is used again once it takes one', async () => {
		const { standIns, generator } = await openFleet([4, 4]);
		standIns[0]!.faults.always('/prompt', { kind: 'status', status: 401 }, 'POST');
		let isWell = false;
		const well = systemClock.sleep(4_000).then(() => {
			standIns[0]!.faults.clear();
			isWell = true;
		});
		const beganMs = Date.now();
		const results = await generator.generate(jobs('refused', 60));
		const seconds = (Date.now() - beganMs) / 1000;
		await well;
		expect(results.map((one) => one.status)).toEqual(results.map(() => 'done'));
		const tries = attemptsOn('s1', results);
		const refused = tries.filter((attempt) => attempt.status !== 'success');
		// at 0, 1, 3, 7 ... seconds, one at a time: a rest after each that doubles
		expect(refused.length).toBeGreaterThanOrEqual(1);
		expect(refused.length).toBeLessThanOrEqual(1 + Math.ceil(Math.log2(seconds + 1)));
		expect(isWell).toBe(true);
		// the probe that was taken made it a server like the other
		expect(tries.length - refused.length).toBeGreaterThan(1);
		expect(standIns[0]!.events.of('finished').length).toBe(tries.length - refused.length);
	});
});

describe('a server that is slower than anybody said', () => {
	it('is found out by its own runs, and given less', async () => {
		const { generator } = await openFleet([1, 0.5]);
		const results = await generator.generate(jobs('slow', 16));
		expect(results.map((one) => one.status)).toEqual(results.map(() => 'done'));
		/** What was expected of the runs there, in the order they were selected. */
		const expected = (server: string) =>
			results
				.flatMap(({ selection }) =>
					selection?.decision === 'selected' && selection.server === server ? [selection] : [],
				)
				.sort((a, b) => (a.selected_at < b.selected_at ? -1 : 1))
				.map(({ estimate }) => estimate.run_seconds);
		const [fast, slow] = [expected('s1'), expected('s2')];
		expect(fast.length).toBeGreaterThan(slow.length);
		expect(slow.length).toBeGreaterThan(2);
		expect(slow[0]).toBeCloseTo(1, 5);
		// its first warm runs have taken twice as long
		expect(slow.at(-1)! / slow[0]!).toBeGreaterThan(1.15);
		expect(slow.at(-1)! / fast.at(-1)!).toBeGreaterThan(1.15);
	});
});
