import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { HALF_LIFE_SECONDS, PERSON_CAP } from '../../../lib/feedback/cells';
import { learnQuality, PRIOR_RATINGS } from '../../../lib/feedback/learn';
import type { FeedbackRow } from '../../../lib/feedback/types';
import { catalogOf } from '../router/builders';

const catalog = catalogOf([
	{
		name: 'a',
		purposes: { photo: 0.8, draft: 0.5 },
		presets: [{ name: 'full' }, { name: 'fast', quality: 0.75 }],
	},
	{ name: 'b', purposes: { photo: 0.7 }, presets: [{ name: 'full' }] },
	{ name: 'c', purposes: { photo: 0.4 }, presets: [{ name: 'full' }] },
]);

function rating(model: string, value: number, more: Partial<FeedbackRow> = {}): FeedbackRow {
	return {
		rater: 1,
		kind: 'rating',
		rating: value,
		model_name: model,
		preset: 'full',
		purpose: 'photo',
		other_model_name: null,
		other_preset: null,
		age_seconds: 0,
		...more,
	};
}

const liked = (winner: string, loser: string, more: Partial<FeedbackRow> = {}): FeedbackRow =>
	rating(winner, 0, {
		kind: 'preference',
		rating: null,
		other_model_name: loser,
		other_preset: 'full',
		...more,
	});

const qualityOf = (rows: FeedbackRow[], model: string, preset = 'full', purpose = 'photo') =>
	learnQuality(catalog, rows).entries.find(
		(entry) => entry.model_name === model && entry.preset === preset && entry.purpose === purpose,
	);
const from = (people: number, make: (rater: number) => FeedbackRow): FeedbackRow[] =>
	Array.from({ length: people }, (_, n) => make(n + 1));

describe('learned quality', () => {
	it('is nothing where nobody said anything', () => {
		expect(learnQuality(catalog, [])).toEqual({ entries: [], leftOut: 0 });
	});

	it('weighs the catalog as eight ratings', () => {
		const entry = qualityOf([rating('a', 0)], 'a');
		// four fifths of one rating: the rest may be this person's habit
		expect(entry?.quality).toBeCloseTo((PRIOR_RATINGS * 0.8) / (PRIOR_RATINGS + 0.8), 6);
		expect(entry).toMatchObject({ prior: 0.8, samples: 1, raters: 1 });
	});

	it('follows many people, with an interval that narrows', () => {
		const few = qualityOf(
			from(8, () => rating('a', 0.2)),
			'a',
		);
		const many = qualityOf(
			from(200, (rater) => rating('a', 0.2, { rater })),
			'a',
		);
		expect(many?.quality).toBeCloseTo(0.2, 1);
		const width = (entry: typeof many) => (entry?.quality_high ?? 0) - (entry?.quality_low ?? 0);
		expect(width(many)).toBeLessThan(width(few) / 3);
		expect(many?.quality_low).toBeLessThan(many?.quality ?? 0);
	});

	it('tells presets and purposes apart', () => {
		const rows = from(20, (rater) => rating('a', 0.1, { rater, preset: 'fast' }));
		expect(qualityOf(rows, 'a')).toBeUndefined();
		expect(qualityOf(rows, 'a', 'fast', 'draft')).toBeUndefined();
		expect(qualityOf(rows, 'a', 'fast')?.prior).toBeCloseTo(0.6, 9);
	});

	it('leaves out what the catalog does not have, and says how much', () => {
		const rows = [
			rating('gone', 1),
			rating('a', 1, { preset: null }),
			liked('a', 'a'),
			liked('a', 'gone'),
			rating('a', 1),
		];
		const learned = learnQuality(catalog, rows);
		expect(learned.leftOut).toBe(4);
		expect(learned.entries).toHaveLength(1);
	});

	it('fades: two opinions of one half-life ago weigh as much as one of today', () => {
		const each = (age_seconds: number) =>
			from(20, (rater) => rating('a', 0, { rater, age_seconds }));
		const old = [...each(HALF_LIFE_SECONDS), ...each(HALF_LIFE_SECONDS)];
		expect(qualityOf(old, 'a')?.quality).toBeCloseTo(qualityOf(each(0), 'a')?.quality ?? 0, 6);
	});

	it('takes thumbs up for everything for a habit, and keeps the order that was known', () => {
		const rows = ['a', 'b', 'c'].flatMap((model) =>
			from(20, (rater) => rating(model, 1, { rater, kind: 'thumb' })),
		);
		const [a, b, c] = ['a', 'b', 'c'].map((model) => qualityOf(rows, model)?.quality ?? 0);
		expect(a).toBeGreaterThan(b ?? 1);
		expect(b).toBeGreaterThan(c ?? 1);
		const asTheySay = (PRIOR_RATINGS * 0.4 + 20) / (PRIOR_RATINGS + 20);
		expect(c).toBeLessThan(asTheySay - 0.03);
	});

	it('learns from preferences: who wins goes up, who loses goes down, by what that says', () => {
		const rows = from(30, (rater) => liked('c', 'a', { rater }));
		const c = qualityOf(rows, 'c');
		const a = qualityOf(rows, 'a');
		expect(c?.quality).toBeGreaterThan(0.5);
		expect(a?.quality).toBeLessThan(0.7);
		expect(c?.samples).toBe(30);
	});

	it('finds the scale of Bradley and Terry: what wins half of the time is equal in the end', () => {
		const rows = from(2000, (rater) =>
			rater % 2 === 0 ? liked('c', 'a', { rater }) : liked('a', 'c', { rater }),
		);
		const difference = (qualityOf(rows, 'a')?.quality ?? 0) - (qualityOf(rows, 'c')?.quality ?? 0);
		expect(difference).toBeGreaterThan(0);
		expect(difference).toBeLessThan(0.02);
	});
});

const rowArb: fc.Arbitrary<FeedbackRow> = fc
	.record({
		rater: fc.integer({ min: 1, max: 4 }),
		kind: fc.constantFrom('rating' as const, 'thumb' as const, 'preference' as const),
		value: fc.double({ min: 0, max: 1, noNaN: true }),
		model: fc.constantFrom('a', 'b', 'c'),
		other: fc.constantFrom('a', 'b', 'c'),
		age: fc.integer({ min: 0, max: 400 }).map((days) => days * 86_400),
	})
	.map(({ rater, kind, value, model, other, age }) =>
		kind === 'preference'
			? liked(model, other, { rater, age_seconds: age })
			: rating(model, kind === 'thumb' ? Math.round(value) : value, {
					rater,
					kind,
					age_seconds: age,
				}),
	);
const rowsArb = fc.array(rowArb, { maxLength: 40 });

describe('any opinions', () => {
	it('give ratios within their intervals, the same for the same rows in any order', () => {
		fc.assert(
			fc.property(rowsArb, (rows) => {
				const { entries } = learnQuality(catalog, rows);
				for (const { quality, quality_low, quality_high } of entries) {
					expect(quality_low).toBeGreaterThanOrEqual(0);
					expect(quality_high).toBeLessThanOrEqual(1);
					expect(quality).toBeGreaterThanOrEqual(quality_low);
					expect(quality).toBeLessThanOrEqual(quality_high);
				}
				const again = learnQuality(catalog, [...rows].reverse()).entries;
				expect(again.map(({ model_name }) => model_name)).toEqual(
					entries.map(({ model_name }) => model_name),
				);
				again.forEach((entry, index) =>
					expect(entry.quality).toBeCloseTo(entries[index]?.quality ?? 0, 6),
				);
			}),
		);
	});

	it('cannot be moved far by one person, however much they say', () => {
		const most = PERSON_CAP / (PRIOR_RATINGS + PERSON_CAP);
		fc.assert(
			fc.property(
				rowsArb,
				fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(0, 1)), {
					minLength: 1,
					maxLength: 60,
				}),
				(rows, flood) => {
					const before = learnQuality(catalog, rows).entries;
					const person = flood.map(([model, value]) => rating(model, value, { rater: 99 }));
					for (const entry of learnQuality(catalog, [...rows, ...person]).entries) {
						const known =
							before.find((one) => one.model_name === entry.model_name)?.quality ?? entry.prior;
						// preferences of others pull along what hangs on the cells that moved
						expect(Math.abs(entry.quality - known)).toBeLessThan(most + 0.05);
					}
				},
			),
		);
	});

	it('are heard the right way: one more who likes it never lowers a model, one who does not never raises it', () => {
		fc.assert(
			fc.property(rowsArb, fc.constantFrom('a', 'b', 'c'), (rows, model) => {
				const qualityIn = (more: FeedbackRow[]) =>
					qualityOf([...rows, ...more], model)?.quality ??
					catalog.models.find(({ name }) => name === model)?.purposes['photo'] ??
					0;
				const now = qualityIn([]);
				expect(qualityIn([rating(model, 1, { rater: 99 })])).toBeGreaterThanOrEqual(now - 1e-7);
				expect(qualityIn([rating(model, 0, { rater: 99 })])).toBeLessThanOrEqual(now + 1e-7);
				const other = model === 'a' ? 'b' : 'a';
				expect(qualityIn([liked(model, other, { rater: 99 })])).toBeGreaterThanOrEqual(now - 1e-7);
				expect(qualityIn([liked(other, model, { rater: 99 })])).toBeLessThanOrEqual(now + 1e-7);
			}),
		);
	});
});
