import { describe, expect, it } from 'vitest';

import { meanAbove, studentQuantile, weightedMedian } from '../../../lib/calibration/distributions';
import { findDrift } from '../../../lib/calibration/drift';
import { recencyWeights } from '../../../lib/calibration/recency';
import { normal, seededRandom } from '../../../simulator/gpu/random';

describe('distributions', () => {
	it.each([
		[0.95, 2, 2.91999],
		[0.95, 5, 2.01505],
		[0.95, 30, 1.69726],
		[0.975, 8, 2.306],
		[0.99, 3, 4.5407],
		[0.05, 10, -1.81246],
	])("have Student's %f quantile for %i degrees of freedom as in the tables", (p, n, value) => {
		expect(studentQuantile(p, n)).toBeCloseTo(value, 4);
	});

	it('have the mean above a bound, far out too', () => {
		expect(meanAbove(0)).toBeCloseTo(Math.sqrt(2 / Math.PI), 6);
		expect(meanAbove(-40)).toBe(0);
		expect(meanAbove(2)).toBeCloseTo(2.37322, 4);
		expect(meanAbove(30)).toBeCloseTo(30.0332, 3);
	});

	it('have a median by weight', () => {
		expect(weightedMedian([])).toBe(0);
		expect(
			weightedMedian([
				[3, 1],
				[1, 1],
				[2, 1],
			]),
		).toBe(2);
		expect(
			weightedMedian([
				[1, 1],
				[2, 1],
			]),
		).toBe(1.5);
		expect(
			weightedMedian([
				[1, 5],
				[2, 1],
				[3, 1],
			]),
		).toBe(1);
	});
});

describe('drift', () => {
	/** The newest first: `after` runs at `step`, `before` at 0. */
	const series = (before: number, after: number, step: number, seed = 1) => {
		const random = seededRandom(seed);
		return Array.from({ length: before + after }, (_, i) => ({
			value: (i < after ? step : 0) + 0.05 * normal(random),
			ageSeconds: i * 60,
		}));
	};

	it('is found within a few runs, where it happened', () => {
		expect(findDrift(series(30, 12, 0.2))).toBe(11 * 60);
		expect(findDrift(series(30, 6, -0.3))).toBe(5 * 60);
	});

	it('is the last of several', () => {
		const twice = [
			...series(0, 15, 0.3),
			...series(0, 15, 0, 2).map((one) => ({ ...one, ageSeconds: one.ageSeconds + 900 })),
			...series(0, 15, 0.5, 3).map((one) => ({ ...one, ageSeconds: one.ageSeconds + 1800 })),
		];
		expect(findDrift(twice)).toBe(14 * 60);
	});

	it('is not seen in noise more often than in one of fifty logs', () => {
		const found = Array.from({ length: 400 }, (_, seed) => findDrift(series(60, 0, 0, seed + 1)));
		expect(found.filter((cut) => cut !== null).length).toBeLessThan(8 * 2);
	});

	it('is not one slow run, nor too few runs, nor a step within one moment', () => {
		const spiked = series(40, 0, 0).map((one, i) => (i === 3 ? { ...one, value: 1.1 } : one));
		expect(findDrift(spiked)).toBeNull();
		expect(findDrift(series(5, 4, 1))).toBeNull();
		expect(findDrift(series(20, 20, 1).map((one) => ({ ...one, ageSeconds: 5 })))).toBeNull();
	});
});

describe('recency', () => {
	it('halves by days and by newer complete runs, and does not tell apart what is equally old', () => {
		const day = 86_400;
		const at = (ageSeconds: number, counted = true) => ({ ageSeconds, counted });
		expect(recencyWeights([at(0), at(30 * day, false)])).toEqual([1, 0.5 * 2 ** (-1 / 60)]);
		const many = recencyWeights([...Array.from({ length: 60 }, () => at(0)), at(1)]);
		expect(many[60]).toBeCloseTo(0.5, 3);
		expect(new Set(many.slice(0, 60)).size).toBe(1);
		expect(recencyWeights([at(5), at(1, false), at(2, false)])[0]).toBeCloseTo(1, 3);
	});
});
