/** When the waiting room asks, on a clock of its own: time passes only where somebody sleeps. */
import { describe, expect, it } from 'vitest';

import type { FleetSnapshot } from '../../../lib/fleet/types';
import type { Clock } from '../../../lib/ports';
import { ModelRouter } from '../../../lib/router/model-router';
import type { FleetView } from '../../../service/generate/fleet-view';
import { DEFAULT_PATIENCE } from '../../../service/generate/process-registry';
import { type Decided, WaitingRoom } from '../../../service/generate/waiting-room';
import { quickCatalog } from '../../support/generate-lab';

const START_MS = Date.parse('2026-01-31T12:00:00Z');

/** Time jumps to whatever is waited for next. */
class JumpingClock implements Clock {
	private now = START_MS;
	private readonly sleepers = new Map<symbol, { atMs: number; wake: () => void }>();

	nowMs(): number {
		return this.now;
	}

	sleep(ms: number, signal?: AbortSignal): Promise<void> {
		return new Promise((resolve, reject) => {
			if (signal?.aborted) return reject(signal.reason);
			const id = Symbol('sleeper');
			this.sleepers.set(id, { atMs: this.now + ms, wake: resolve });
			signal?.addEventListener('abort', () => {
				this.sleepers.delete(id);
				reject(signal.reason);
			});
		});
	}

	async runUntil(done: () => boolean, untilMs: number): Promise<void> {
		for (;;) {
			await new Promise((resolve) => setImmediate(resolve));
			const [next] = [...this.sleepers].sort(([, a], [, b]) => a.atMs - b.atMs);
			if (done() || next === undefined || next[1].atMs > untilMs) return;
			const [id, { atMs, wake }] = next;
			this.sleepers.delete(id);
			this.now = Math.max(this.now, atMs);
			wake();
		}
	}
}

/** One server with one job of somebody's that runs until then. */
function busyUntil(clock: Clock, endMs: number): FleetView {
	const fleet = (): FleetSnapshot => {
		const remaining = (endMs - clock.nowMs()) / 1000;
		const running = {
			job_id: 'theirs',
			model_name: 'heavy',
			remaining_seconds: remaining,
			deadline_seconds: null,
			queue_number: 1,
			running: true,
		};
		const device = { name: 'gpu', type: 'cuda', vram_total: 24e9, vram_free: 24e9 };
		return {
			servers: [
				{
					name: 's1',
					url: 'http://s1',
					reachable: true,
					devices: [{ ...device, torch_vram_total: 0, torch_vram_free: 0 }],
					queue: remaining > 0 ? [running] : [],
					loaded_model: 'heavy',
					installed_files: null,
				},
			],
		};
	};
	const view: Partial<FleetView> = {
		read: () => Promise.resolve(fleet()),
		current: fleet,
		claims: new Set(),
		everReached: true,
	};
	return view as FleetView;
}

describe('A job that is held back', () => {
	it.each([0.6, 1.3, 4.9, 30])(
		'is handed over shortly before %s s of other work end',
		async (seconds) => {
			const clock = new JumpingClock();
			const endMs = START_MS + seconds * 1000;
			const router = new ModelRouter(quickCatalog());
			const room = new WaitingRoom(router, busyUntil(clock, endMs), clock, {
				patience: DEFAULT_PATIENCE,
			});
			let decided: Decided | null = null;
			const deadlineMs = START_MS + 120_000;
			void room
				.decide({
					key: 'k',
					request: { purpose: 'photo', deadline_at: new Date(deadlineMs).toISOString() },
					asked: {},
					arrivedMs: START_MS,
					deadlineMs,
					commit: false,
					fixed: false,
					onWaiting: () => undefined,
				})
				.then((answer) => void (decided = answer));
			await clock.runUntil(() => decided !== null, endMs + 5_000);
			const leftMs = endMs - clock.nowMs();
			// late enough to be decided anew for as long as possible, early enough that the server never idles
			expect(leftMs).toBeGreaterThan(50);
			expect(leftMs).toBeLessThan(500);
		},
	);
});
