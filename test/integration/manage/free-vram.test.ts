import { afterEach, describe, expect, it } from 'vitest';

import { systemClock } from '../../../adapters/system-clock';
import type { Clock, QueueState, SystemStats } from '../../../lib/ports';
import { freeVram, type FreeVramOptions } from '../../../service/free-vram';
import { prewarm } from '../../../service/prewarm';
import { countingRandom, type Lab, openLab } from '../../support/generate-lab';
import { submitForeign } from '../../support/foreign-job';

const GB = 1e9;

/** A clock that only moves when somebody sleeps. */
function fakeClock(): Clock {
	let nowMs = 0;
	return {
		nowMs: () => nowMs,
		sleep: (ms) => {
			nowMs += ms;
			return Promise.resolve();
		},
	};
}

/** A server whose readings follow one another; the last one stays. `held` is what torch holds, in GB of 24. */
function scripted(held: number[], queue: QueueState = { running: [], pending: [] }) {
	const freed: unknown[] = [];
	let next = 0;
	const server: FreeVramOptions['server'] = {
		name: 'gpu1',
		queue: () => Promise.resolve(queue),
		free: (options) => {
			freed.push(options);
			return Promise.resolve();
		},
		systemStats: () => {
			const used = held[Math.min(next, held.length - 1)]!;
			next += 1;
			const device = {
				type: 'cuda',
				vram_total: 24 * GB,
				vram_free: (23 - used) * GB,
				torch_vram_total: used * GB,
				torch_vram_free: 0,
			};
			const stats: SystemStats = { comfyuiVersion: null, argv: [], devices: [device] };
			return Promise.resolve(stats);
		},
	};
	return { server, freed };
}

describe('freeing VRAM, told by readings', () => {
	it('waits until three readings agree and reports what came of it', async () => {
		const { server, freed } = scripted([18, 18, 12, 5, 0.3, 0.2, 0.2]);
		const result = await freeVram({ server, clock: fakeClock() });
		expect(freed).toEqual([{ unloadModels: true, freeMemory: true }]);
		expect(result).toMatchObject({ settled: true, readings: 6, seconds: 3, note: null });
		expect(result.before.torch_vram_used).toBe(18 * GB);
		expect(result.freed_bytes).toBeCloseTo(17.8 * GB);
	});

	it('does not take the state before ComfyUI acted for the end', async () => {
		const { server } = scripted([18, 18, 18, 18, 18, 0.2, 0.2, 0.2]);
		const result = await freeVram({ server, clock: fakeClock() });
		expect(result).toMatchObject({ settled: true, freed_bytes: 17.8 * GB });
	});

	it('believes after a while that nothing happens, and at once where nothing was held', async () => {
		const full = await freeVram({ ...scripted([18]), clock: fakeClock() });
		expect(full).toMatchObject({ settled: true, freed_bytes: 0, seconds: 5 });
		const empty = await freeVram({ ...scripted([0]), clock: fakeClock() });
		expect(empty).toMatchObject({ settled: true, readings: 3, seconds: 1.5 });
	});

	it('gives up on memory that never settles, and says so', async () => {
		const restless = Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? 3 : 9));
		const result = await freeVram({ ...scripted(restless), clock: fakeClock(), settleMs: 10_000 });
		expect(result).toMatchObject({ settled: false, seconds: 10 });
		expect(result.note).toMatch(/still changing/);
	});
});

let lab: Lab | undefined;
afterEach(async () => {
	await lab?.close();
	lab = undefined;
});

describe('freeing VRAM of a server', () => {
	it('unloads what was resident', async () => {
		lab = await openLab();
		const [server] = lab.clients;
		const { catalog } = lab;
		const common = { server: server!, clock: systemClock, pollMs: 20 };
		await prewarm({ ...common, catalog, modelName: 'heavy', random: countingRandom() });
		expect(lab.standIns[0]?.gpu.residentModels()).toEqual(['heavy']);
		const result = await freeVram(common);
		expect(result.settled).toBe(true);
		expect(result.freed_bytes).toBeGreaterThan(6.9 * GB);
		expect(lab.standIns[0]?.gpu.residentModels()).toEqual([]);
	});

	it('refuses while jobs of other clients run or wait, and sends nothing', async () => {
		lab = await openLab({ truth: { timeFactor: { heavy: 100 } } });
		const [server] = lab.clients;
		await submitForeign(server!, lab.catalog, 'heavy');
		await submitForeign(server!, lab.catalog, 'heavy');
		await expect(freeVram({ server: server!, clock: systemClock })).rejects.toMatchObject({
			code: 'SERVER_BUSY',
			message: expect.stringMatching(/2 of other clients/),
			hint: expect.stringMatching(/Force/),
		});
		const asked = lab.standIns[0]!.events.of('request').map(({ path }) => path);
		expect(asked.some((path) => path.includes('free'))).toBe(false);
	});

	it('forced, says that ComfyUI waits for the running job', async () => {
		lab = await openLab({ truth: { timeFactor: { heavy: 100 } } });
		const [server] = lab.clients;
		await submitForeign(server!, lab.catalog, 'heavy');
		const result = await freeVram({
			server: server!,
			clock: systemClock,
			force: true,
			pollMs: 10,
			patienceMs: 50,
			settleMs: 2000,
		});
		expect(result.note).toMatch(/when that job has ended/);
	});
});
