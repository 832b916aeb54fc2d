import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { amountsOf } from '../../../lib/quotas/charge';
import { fitsQuota } from '../../../lib/quotas/left';
import { ModelRouter } from '../../../lib/router/model-router';
import type { QuotaState } from '../../../lib/selection/types';
import { catalogOf, fleetOf, NOW_MS, rejected, select, selected, serverOf } from './builders';

const catalog = catalogOf([
	{ name: 'best', quality: 0.9, loadSeconds: 5, presets: [{ seconds: 30 }] },
	{ name: 'middle', quality: 0.7, loadSeconds: 5, presets: [{ seconds: 15 }] },
	{ name: 'light', quality: 0.4, loadSeconds: 5, presets: [{ seconds: 3 }] },
]);
const fleet = fleetOf(serverOf('a'));
const RESET = '2026-01-02T00:00:00.000Z';

const quota = (more: Partial<QuotaState>): QuotaState => ({
	user_id: 'ana',
	resets_at: RESET,
	limit: 'daily quota of user "ana"',
	...more,
});
const ask = (quotas: QuotaState[], more: Record<string, unknown> = {}) =>
	select(catalog, fleet, { user_id: 'ana', ...more }, { quotas });

describe('a quota in a decision', () => {
	it('changes nothing while the best choice fits in it', () => {
		const free = selected(ask([]));
		for (const mode of ['reject', 'degrade', undefined] as const) {
			const answer = selected(ask([quota({ gpu_seconds_left: 100, images_left: 1, mode })]));
			expect([answer.model_name, answer.degraded, answer.selection_reason]).toEqual([
				free.model_name,
				false,
				free.selection_reason,
			]);
		}
	});

	it('that rejects refuses where the best choice needs more, and says when it resets', () => {
		const { rejection } = rejected(ask([quota({ gpu_seconds_left: 21, mode: 'reject' })]));
		expect(rejection).toMatchObject({ code: 'QUOTA', resets_at: RESET });
		expect(rejection.message).toBe(
			'The daily quota of user "ana" does not cover it: best / preset-0 on a needs 35 s of GPU time, and 21 s are left.',
		);
		expect(rejection.hint).toContain(RESET);
	});

	it('that degrades takes the cheapest that fits, and says why', () => {
		const answer = selected(ask([quota({ gpu_seconds_left: 21, mode: 'degrade' })]));
		expect([answer.model_name, answer.degraded]).toEqual(['light', true]);
		expect(answer.selection_reason).toContain(
			`The cheapest that fits, because the daily quota of user "ana" does not cover the best (35 s of GPU time, and 21 s are left); it resets at ${RESET}.`,
		);
		expect(answer.alternatives).toContainEqual(
			expect.objectContaining({ model_name: 'best', reason_code: 'QUOTA' }),
		);
	});

	it('that degrades still refuses where nothing fits', () => {
		const { rejection } = rejected(ask([quota({ gpu_seconds_left: 2, mode: 'degrade' })]));
		expect(rejection).toMatchObject({ code: 'QUOTA', resets_at: RESET });
	});

	it('without a mode takes the best that fits', () => {
		expect(selected(ask([quota({ gpu_seconds_left: 21 })])).model_name).toBe('middle');
	});

	it('never crosses the quality floor to fit', () => {
		const short = quota({ gpu_seconds_left: 21, mode: 'degrade' });
		expect(selected(ask([short], { min_quality: 0.6 })).model_name).toBe('middle');
		expect(rejected(ask([short], { min_quality: 0.8 })).rejection.code).toBe('QUOTA');
	});

	it('is one of several, and all of them count: the one that resets last is named', () => {
		const states = [
			quota({
				images_left: 0,
				mode: 'reject',
				resets_at: '2026-01-01T01:00:00.000Z',
				limit: 'hourly quota of all users',
			}),
			quota({
				cost_left: 0,
				mode: 'reject',
				resets_at: '2026-02-01T00:00:00.000Z',
				limit: 'monthly quota of group "x"',
			}),
		];
		expect(rejected(ask(states)).rejection.resets_at).toBe('2026-02-01T00:00:00.000Z');
		expect(rejected(ask(states.slice(0, 1))).rejection.message).toContain(
			'1 image, and 0 are left',
		);
	});

	it('of money does not count on a server without a price', () => {
		const free = fleetOf(serverOf('a', { hourly_cost: null }));
		const quotas = [quota({ cost_left: 0, mode: 'reject' })];
		expect(selected(select(catalog, free, { user_id: 'ana' }, { quotas })).model_name).toBe('best');
		expect(rejected(ask(quotas)).rejection.code).toBe('QUOTA');
	});

	it('of requests without a user is the one of the empty name', () => {
		const quotas = [quota({ user_id: '', images_left: 0 })];
		expect(rejected(select(catalog, fleet, {}, { quotas })).rejection.code).toBe('QUOTA');
		expect(selected(select(catalog, fleet, { user_id: 'bob' }, { quotas })).model_name).toBe(
			'best',
		);
	});

	it('holds in dispatch as it does in select', () => {
		const router = new ModelRouter(catalog);
		const held = (mode: QuotaState['mode']) =>
			router.dispatch(
				[{ request: { purpose: 'photo', job_id: 'j', user_id: 'ana' }, waiting_seconds: 0 }],
				fleet,
				{ nowMs: NOW_MS, quotas: [quota({ gpu_seconds_left: 21, mode })] },
			);
		expect(held('degrade').start.map((one) => selected(one).model_name)).toEqual(['light']);
		expect(held(undefined).start.map((one) => selected(one).model_name)).toEqual(['middle']);
		const refused = held('reject');
		expect(refused.start).toEqual([]);
		expect(refused.waiting[0]?.reason).toContain('does not cover it');
	});

	it('is never exceeded by what is selected, and never lets a selection cost more than without it', () => {
		const left = fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined });
		fc.assert(
			fc.property(
				fc.array(
					fc.record({
						images_left: left,
						gpu_seconds_left: left,
						cost_left: fc.option(fc.double({ min: 0, max: 0.01, noNaN: true }), { nil: undefined }),
						mode: fc.constantFrom('reject' as const, 'degrade' as const, undefined),
					}),
					{ maxLength: 3 },
				),
				fc.constantFrom('urgent', 'normal', 'flexible'),
				fc.integer({ min: 1, max: 3 }),
				(states, urgency, batch_size) => {
					const quotas = states.map(quota);
					const request = { urgency, batch_size, explain: false };
					const answer = ask(quotas, request);
					if (answer.decision === 'rejected') {
						expect(answer.rejection.code).toBe('QUOTA');
						return;
					}
					for (const state of quotas) expect(fitsQuota(state, amountsOf(answer))).toBe(true);
					const free = selected(ask([], request));
					if (answer.model_name !== free.model_name) {
						expect(
							quotas.some((state) => state.mode === 'reject' && !fitsQuota(state, amountsOf(free))),
						).toBe(false);
					}
				},
			),
		);
	});
});
