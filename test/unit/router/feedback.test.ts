import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { FeedbackEntry } from '../../../lib/selection/types';
import { catalogOf, fleetOf, rejected, select, selected, serverOf } from './builders';

const catalog = catalogOf([
	{ name: 'first', quality: 0.8, presets: [{ name: 'p', seconds: 10 }] },
	{ name: 'second', quality: 0.7, presets: [{ name: 'p', seconds: 12 }] },
	{ name: 'third', quality: 0.6, presets: [{ name: 'p', seconds: 14 }] },
]);
const fleet = fleetOf(serverOf('a'));

const learned = (
	model_name: string,
	quality: number,
	more: Partial<FeedbackEntry> = {},
): FeedbackEntry => ({
	model_name,
	preset: 'p',
	purpose: 'photo',
	samples: 10,
	raters: 5,
	prior: 0.7,
	quality,
	quality_low: quality,
	quality_high: quality,
	...more,
});

describe('learned quality in a decision', () => {
	it('takes the place of the figure of the catalog, for its preset and purpose alone', () => {
		expect(selected(select(catalog, fleet, {})).model_name).toBe('first');
		const feedback = [learned('second', 0.9)];
		const answer = selected(select(catalog, fleet, {}, { feedback }));
		expect([answer.model_name, answer.estimate.quality]).toEqual(['second', 0.9]);
		for (const other of [{ preset: 'q' }, { purpose: 'draft' }]) {
			const elsewhere = [learned('second', 0.9, other)];
			expect(selected(select(catalog, fleet, {}, { feedback: elsewhere })).model_name).toBe(
				'first',
			);
		}
	});

	it('is what quality floors are held against', () => {
		const feedback = [learned('first', 0.5), learned('second', 0.5), learned('third', 0.5)];
		expect(
			rejected(select(catalog, fleet, { min_quality: 0.6 }, { feedback })).rejection.code,
		).toBe('QUALITY_FLOOR');
	});

	it('must be a ratio', () => {
		for (const quality of [NaN, 7, -0.1]) {
			expect(() => select(catalog, fleet, {}, { feedback: [learned('second', quality)] })).toThrow(
				expect.objectContaining({
					code: 'OPTIONS_INVALID',
					problems: [expect.objectContaining({ path: 'feedback[0].quality' })],
				}),
			);
		}
	});
});

describe('exploration', () => {
	const ask = (random: number, share = 0.1, more: Record<string, unknown> = {}) =>
		selected(
			select(catalog, fleet, { urgency: 'flexible', ...more }, { exploration: { share, random } }),
		);

	it('is off unless asked for', () => {
		expect(selected(select(catalog, fleet, { urgency: 'flexible' })).exploration).toBeUndefined();
		expect(ask(0, 0).exploration).toBeUndefined();
	});

	it('tries every other preset with the probability that it says, and else keeps to the choice', () => {
		const counts = new Map<string, number>();
		const told = new Map<string, number>();
		const draws = 10_000;
		for (let n = 0; n < draws; n++) {
			const { model_name, exploration } = ask((n + 0.5) / draws);
			counts.set(model_name, (counts.get(model_name) ?? 0) + 1);
			told.set(model_name, exploration?.probability ?? 0);
			expect(exploration?.explored).toBe(model_name !== 'first');
		}
		expect([...counts.keys()].sort()).toEqual(['first', 'second', 'third']);
		for (const [name, count] of counts) expect(count / draws).toBeCloseTo(told.get(name) ?? 0, 3);
		expect([...told.values()].reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 9);
	});

	it('says so in the reason', () => {
		expect(ask(0).selection_reason).toContain(
			'tried in order to learn about it, with a probability of 5 %',
		);
	});

	it('leaves urgent and normal requests, pinned models and dear candidates alone', () => {
		for (const urgency of ['urgent', 'normal'])
			expect(ask(0, 0.5, { urgency }).exploration).toBeUndefined();
		expect(ask(0, 0.5, { model_name: 'first' }).exploration).toBeUndefined();
		const dear = catalogOf([
			{ name: 'cheap', presets: [{ seconds: 5 }] },
			{ name: 'dear', presets: [{ seconds: 50 }] },
		]);
		const answer = selected(
			select(dear, fleet, { urgency: 'flexible' }, { exploration: { share: 0.5, random: 0 } }),
		);
		expect(answer.exploration).toBeUndefined();
	});

	it('never crosses a floor or a deadline', () => {
		fc.assert(
			fc.property(
				fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
				fc.constantFrom(0, 0.65, 0.75),
				fc.integer({ min: 20, max: 60 }),
				(random, min_quality, deadline_seconds) => {
					const answer = ask(random, 0.5, { min_quality, deadline_seconds });
					expect(answer.estimate.quality).toBeGreaterThanOrEqual(min_quality);
					if (answer.exploration?.explored) {
						expect(answer.estimate.on_time_probability).toBeGreaterThanOrEqual(0.9);
					}
				},
			),
		);
	});
});
