import { describe, expect, it } from 'vitest';

import { RouterError } from '../../../lib/errors';
import type { Clock, ComfyUiPort, SystemStats } from '../../../lib/ports';
import { collectVram, singleFlight } from '../../../service/monitor';

const STATS: SystemStats = {
	comfyuiVersion: '0.8.0',
	argv: [],
	devices: [
		{
			name: 'cuda:0',
			type: 'cuda',
			vram_total: 24e9,
			vram_free: 20e9,
			torch_vram_total: 0,
			torch_vram_free: 0,
		},
	],
};

function server(name: string, systemStats: () => Promise<SystemStats>): ComfyUiPort {
	const port: Partial<ComfyUiPort> = {
		name,
		url: `http://${name}`,
		systemStats,
		queue: () => Promise.resolve({ running: [], pending: [] }),
		recentHistory: () => Promise.resolve([]),
	};
	return port as ComfyUiPort;
}

/** Time passes only when `advance` says so. */
function manualClock(): Clock & { advance(ms: number): void } {
	let now = Date.parse('2026-01-31T12:00:00Z');
	const sleepers: { at: number; wake: () => void }[] = [];
	return {
		nowMs: () => now,
		sleep: (ms, signal) =>
			new Promise((resolve, reject) => {
				sleepers.push({ at: now + ms, wake: resolve });
				signal?.addEventListener('abort', () => reject(signal.reason));
			}),
		advance(ms) {
			now += ms;
			for (const sleeper of sleepers) if (sleeper.at <= now) sleeper.wake();
		},
	};
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('collectVram', () => {
	it('reads the others at once while one hangs, and makes the hanging one a row', async () => {
		const clock = manualClock();
		const round = collectVram(
			[
				server('hung', () => new Promise(() => undefined)),
				server('fine', () => Promise.resolve(STATS)),
			],
			null,
			clock,
			{ timeoutMs: 5000 },
		);
		await turns();
		clock.advance(5000);
		const readings = await round;
		expect(
			readings.map(({ server: name, reachable, observed_at: at }) => [name, reachable, at]),
		).toEqual([
			['hung', false, '2026-01-31T12:00:05.000Z'],
			['fine', true, '2026-01-31T12:00:00.000Z'],
		]);
		expect(readings[0]?.error).toMatch(/5000 ms/);
		expect(readings[1]).toMatchObject({
			device_index: 0,
			vram_total: 24e9,
			queue_running: 0,
			queue_pending: 0,
		});
	});

	it('makes a refused connection a row with its reason', async () => {
		const refused = new RouterError({
			code: 'COMFYUI_UNREACHABLE',
			message: 'refused',
			hint: 'start it',
		});
		const [reading] = await collectVram(
			[server('down', () => Promise.reject(refused))],
			null,
			manualClock(),
		);
		expect(reading).toMatchObject({
			reachable: false,
			error: 'refused',
			device_index: null,
			vram_total: null,
		});
	});

	it('gives a row for a server without devices', async () => {
		const [reading] = await collectVram(
			[server('cpu', () => Promise.resolve({ ...STATS, devices: [] }))],
			null,
			manualClock(),
		);
		expect(reading).toMatchObject({ reachable: true, device_index: null, queue_running: 0 });
	});
});

describe('singleFlight', () => {
	it('joins the round that is under way, and starts anew after it', async () => {
		let rounds = 0;
		const waiting: (() => void)[] = [];
		const round = singleFlight(
			() =>
				new Promise<number>((resolve) => {
					rounds += 1;
					waiting.push(() => resolve(rounds));
				}),
		);
		const [first, second] = [round(), round()];
		waiting[0]?.();
		expect(await Promise.all([first, second])).toEqual([1, 1]);
		const third = round();
		waiting[1]?.();
		expect(await third).toBe(2);
	});
});
