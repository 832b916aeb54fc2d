import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
	cvFromP95Ratio,
	median,
	p95RatioFromCv,
	percentile95,
	probabilityWithin,
	quantile,
} from '../../../lib/estimate/log-normal';
import { normalCdf, normalQuantile } from '../../../lib/estimate/normal';
import { stepsQualityFactor } from '../../../lib/estimate/quality';
import { meanRunSeconds, prepareRunTime } from '../../../lib/estimate/run-time';
import { catalogOf } from '../router/builders';

describe('normal distribution', () => {
	it.each([
		[0, 0.5],
		[1, 0.8413447],
		[1.6448536, 0.95],
		[-1.959964, 0.025],
		[3, 0.9986501],
	])('cdf(%f) = %f', (z, p) => {
		expect(normalCdf(z)).toBeCloseTo(p, 6);
		expect(normalQuantile(p)).toBeCloseTo(z, 5);
	});
});

describe('log-normal durations', () => {
	it('agree with drawing them', () => {
		// 20,000 draws by inverse transform of an even grid: no randomness, the exact distribution
		const [mean, cv] = [10, 0.3];
		const draws = Array.from({ length: 20_000 }, (_, i) =>
			quantile(mean, (cv * mean) ** 2, (i + 0.5) / 20_000),
		);
		const average = draws.reduce((a, b) => a + b, 0) / draws.length;
		expect(average).toBeCloseTo(mean, 2);
		const within = draws.filter((d) => d <= 12).length / draws.length;
		expect(probabilityWithin(mean, (cv * mean) ** 2, 12)).toBeCloseTo(within, 3);
	});

	it('quantiles invert probabilities and are ordered', () => {
		const values = fc.double({ min: 0.1, max: 1000, noNaN: true });
		const shares = fc.double({ min: 0.01, max: 0.99, noNaN: true });
		fc.assert(
			fc.property(values, fc.double({ min: 0.01, max: 2, noNaN: true }), shares, (mean, cv, p) => {
				const variance = (cv * mean) ** 2;
				expect(probabilityWithin(mean, variance, quantile(mean, variance, p))).toBeCloseTo(p, 5);
				expect(median(mean, variance)).toBeLessThanOrEqual(percentile95(mean, variance));
			}),
		);
	});

	it('a 95 % figure and a spread say the same', () => {
		for (const cv of [0.05, 0.2, 0.5])
			expect(cvFromP95Ratio(p95RatioFromCv(cv))).toBeCloseTo(cv, 6);
		expect(cvFromP95Ratio(0.9)).toBe(0.01);
		expect(Number.isFinite(cvFromP95Ratio(100))).toBe(true);
	});

	it('certain durations and passed deadlines', () => {
		expect(probabilityWithin(0, 0, 1)).toBe(1);
		expect(probabilityWithin(5, 0, 6)).toBe(1);
		expect(probabilityWithin(5, 0, 4)).toBe(0);
		expect(probabilityWithin(5, 1, -1)).toBe(0);
	});
});

describe('run time', () => {
	const model = catalogOf([
		{
			name: 'm',
			presets: [
				{ steps: 40, cfg: 1, seconds: 65 },
				{ steps: 8, cfg: 1, seconds: 33 },
			],
		},
	]).models[0];
	const at = (more: Record<string, number>) => {
		const preset = model?.presets[0];
		if (!model || !preset) throw new Error('no preset');
		const run = { steps: 40, cfg: 1, width: 1024, height: 1024, batchSize: 1, images: 0, ...more };
		return meanRunSeconds(prepareRunTime(model, preset), run);
	};

	it('splits fixed from per-step work by the model’s own presets', () => {
		// 25 s + 1 s a step explains both presets
		expect(at({})).toBeCloseTo(65, 9);
		expect(at({ steps: 20 })).toBeCloseTo(45, 9);
	});

	it('doubles the per-step work with guidance', () => {
		expect(at({ cfg: 4 })).toBeCloseTo(25 + 80, 9);
	});

	it('never falls with more steps, pixels or images', () => {
		expect(at({ steps: 41 })).toBeGreaterThan(at({}));
		expect(at({ width: 1032 })).toBeGreaterThan(at({}));
		expect(at({ batchSize: 2 })).toBeGreaterThan(at({}));
	});
});

describe('quality by steps', () => {
	it('is whole at the preset’s steps, falls below, never exceeds', () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 100 }),
				fc.integer({ min: 1, max: 100 }),
				(steps, preset) => {
					const factor = stepsQualityFactor(steps, preset);
					expect(factor).toBeGreaterThan(0);
					expect(factor).toBeLessThanOrEqual(1);
					if (steps > 1)
						expect(factor).toBeGreaterThanOrEqual(stepsQualityFactor(steps - 1, preset));
				},
			),
		);
		expect(stepsQualityFactor(20, 50)).toBeCloseTo(0.975, 2);
		expect(stepsQualityFactor(2, 4)).toBeCloseTo(0.88, 2);
	});
});
