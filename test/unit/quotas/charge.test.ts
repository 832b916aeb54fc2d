import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { amountsOf, claimOf, settlementOf } from '../../../lib/quotas/charge';
import { afterTaking, fitsQuota, quotaStateOf } from '../../../lib/quotas/left';
import type { QuotaAccount } from '../../../lib/quotas/types';
import { USAGE_STATUSES } from '../../../lib/usage/types';
import { usageRow } from '../../support/usage-rows';
import { catalogOf, fleetOf, select, selected, serverOf } from '../router/builders';

const catalog = catalogOf([{ name: 'only', presets: [{ seconds: 10 }], loadSeconds: 5 }]);
const chosen = (more: Record<string, unknown> = {}, server = serverOf('a')) =>
	selected(select(catalog, fleetOf(server), { user_id: 'ana', ...more }));

describe('what a selected job sets aside', () => {
	it('is its images, load and run, and their price', () => {
		const selection = chosen();
		expect(amountsOf(selection)).toEqual({
			images: 1,
			gpuSeconds: selection.estimate.load_seconds + selection.estimate.run_seconds,
			cost: selection.estimate.cost,
		});
		expect(claimOf(selection, 'job', null)).toMatchObject({
			jobId: 'job',
			attempt: null,
			userId: 'ana',
		});
		expect(claimOf(chosen({ user_id: undefined }), 'job', 2)).toMatchObject({
			attempt: 2,
			userId: '',
		});
	});

	it('is no money where the server has no price', () => {
		expect(amountsOf(chosen({}, serverOf('a', { hourly_cost: null })))).toMatchObject({ cost: 0 });
	});

	it('is held longer the longer the job may take', () => {
		const held = claimOf(chosen({}, serverOf('a', { speed_factor: 0.01 })), 'job', null);
		expect(claimOf(chosen(), 'job', null).ttlSeconds).toBe(900);
		expect(held.ttlSeconds).toBeGreaterThan(3 * held.gpuSeconds);
	});
});

describe('what an attempt is charged', () => {
	const charge = (more: Parameters<typeof usageRow>[0]) => {
		const { images, gpuSeconds, cost } = settlementOf(usageRow(more), 1);
		return { images, gpuSeconds, cost };
	};
	const nothing = { images: 0, gpuSeconds: 0, cost: 0 };

	it('is what it took', () => {
		expect(charge({ batch_size: 4, load_seconds: 3, run_seconds: 10, actual_cost: 0.5 })).toEqual({
			images: 4,
			gpuSeconds: 13,
			cost: 0.5,
		});
	});

	it('is as it was reserved where only the time with the queue in it is known', () => {
		const wall = { run_seconds: null, load_seconds: null, queue_seconds: null, actual_cost: null };
		expect(charge(wall)).toEqual({ images: 1, gpuSeconds: null, cost: null });
	});

	it('is nothing where it is our fault', () => {
		for (const status of ['oom', 'error', 'rejected', 'timeout'] as const) {
			expect(charge({ status }), status).toEqual(nothing);
		}
	});

	it('is the GPU time of a run that its caller stopped, without an image', () => {
		const cost = 0.0035;
		expect(charge({ status: 'cancelled' })).toEqual({ images: 0, gpuSeconds: 10, cost });
		const unbegun = { run_seconds: null, queue_seconds: null, actual_cost: null };
		expect(charge({ status: 'cancelled', ...unbegun })).toEqual(nothing);
	});

	it('is as it was reserved where the run had not ended when it was logged: nobody runs for nothing by logging early', () => {
		const early = { status: 'timeout', error_code: 'COMFYUI_TIMEOUT', run_seconds: null } as const;
		expect(charge(early)).toEqual({ images: null, gpuSeconds: null, cost: null });
	});

	it('is no money where costs are GPU seconds', () => {
		expect(charge({ cost_unit: 'gpu_seconds', actual_cost: 10 })).toMatchObject({ cost: 0 });
	});

	it('is never negative, and never images of a run that brought none', () => {
		const seconds = fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }));
		fc.assert(
			fc.property(
				fc.constantFrom(...USAGE_STATUSES),
				fc.record({
					run_seconds: seconds,
					load_seconds: seconds,
					queue_seconds: seconds,
					actual_seconds: seconds,
				}),
				(status, times) => {
					const { images, gpuSeconds, cost } = charge({ status, ...times });
					for (const amount of [images, gpuSeconds, cost])
						expect(amount ?? 0).toBeGreaterThanOrEqual(0);
					if (status !== 'success') expect(images).toBe(0);
				},
			),
		);
	});
});

describe('what is left', () => {
	const account: QuotaAccount = {
		user_id: 'ana',
		subject_kind: 'user',
		subject: 'ana',
		period: 'day',
		mode: 'reject',
		images: 10,
		gpu_seconds: null,
		cost: 1,
		resets_at: '2026-02-01T00:00:00.000Z',
		images_taken: 0,
		gpu_seconds_taken: 0,
		cost_taken: 0,
	};

	it('is never negative, whatever was taken', () => {
		fc.assert(
			fc.property(fc.nat(30), fc.double({ min: 0, max: 3, noNaN: true }), (images, cost) => {
				const state = quotaStateOf({ ...account, images_taken: images, cost_taken: cost });
				expect(state.images_left).toBe(Math.max(0, 10 - images));
				expect(state.cost_left).toBeGreaterThanOrEqual(0);
				expect(state).not.toHaveProperty('gpu_seconds_left');
			}),
		);
	});

	it('never grows by taking, and what fitted and was taken is gone', () => {
		const amounts = fc.record({
			images: fc.nat(4),
			gpuSeconds: fc.nat(100),
			cost: fc.double({ min: 0, max: 1, noNaN: true }),
		});
		fc.assert(
			fc.property(fc.array(amounts, { maxLength: 20 }), (jobs) => {
				let states = [quotaStateOf(account)];
				let images = 0;
				let cost = 0;
				for (const job of jobs) {
					if (!states.every((state) => fitsQuota(state, job))) continue;
					states = afterTaking(states, 'ana', job);
					images += job.images;
					cost += job.cost;
				}
				expect(images).toBeLessThanOrEqual(10);
				expect(cost).toBeLessThanOrEqual(1 + 1e-6);
				expect(states[0]?.images_left).toBe(10 - images);
				expect(afterTaking(states, 'bob', { images: 1, gpuSeconds: 1, cost: 1 })).toEqual(states);
			}),
		);
	});
});
