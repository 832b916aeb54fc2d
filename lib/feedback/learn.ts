/**
 * Quality learned from opinions, per model, preset and purpose. Bayesian: the catalog's quality is the prior, and is
 * worth PRIOR_RATINGS opinions; an opinion fades with a half-life; one person's opinions of a cell count as a few fresh
 * ones at most.
 *
 * Ratings. People use a scale differently, and nearly everything gets a thumb up: a rating is the quality, plus a habit of
 * the person with that kind of rating (zero before they rated much: HABIT_RATINGS), plus noise (normal, RATING_SD). Who
 * rates everything alike says little about any one model.
 *
 * Preferences. P(a is liked better than b) = logistic((quality of a - quality of b) / PREFERENCE_SCALE), the model of
 * Bradley and Terry.
 *
 * The most probable qualities and habits of all that together are found one after the other, each step by the largest
 * curvature there can be (minorise-maximise): the problem is concave, so there is one answer and every step gets nearer.
 * The interval is normal, from the curvature at the answer.
 */
import type { Catalog } from '../catalog/schema';
import type { FeedbackEntry } from '../selection/types';
import { type Cell, cellsOf } from './cells';
import type { FeedbackRow } from './types';

/** Opinions that the catalog's figure is worth. */
export const PRIOR_RATINGS = 8;
/** Spread of one rating around what it is about, in quality. */
export const RATING_SD = 0.25;
/** A difference of so much quality is liked better in 73 of 100 cases. */
export const PREFERENCE_SCALE = 0.15;
/** Ratings of a person by which half of a habit is believed. */
const HABIT_RATINGS = 4;
/** Of the standard normal, for an interval of 90 %. */
const Z_90 = 1.645;
const MOST_SWEEPS = 1_000;
const CLOSE_ENOUGH = 1e-9;

export interface LearnedQuality {
	/** One per cell that somebody has an opinion of, by model, preset and purpose. */
	entries: FeedbackEntry[];
	/** Opinions of models, presets or purposes that the catalog does not have (any more). */
	leftOut: number;
}

export function learnQuality(catalog: Catalog, rows: readonly FeedbackRow[]): LearnedQuality {
	const { cells, leftOut } = cellsOf(catalog, rows);
	const fits = cells.map(({ prior, ratings }): Fit => {
		const weight = ratings.reduce((sum, rating) => sum + rating.weight, PRIOR_RATINGS);
		return { mean: prior, precision: weight / RATING_SD ** 2, quality: prior };
	});
	settle(cells, fits);
	return { entries: cells.map((cell, index) => entryOf(cell, index, fits)), leftOut };
}

interface Fit {
	/** After the ratings alone, at the habits as they are believed to be. */
	mean: number;
	precision: number;
	quality: number;
}

/** Moves habits and qualities to where they agree best with all that was said. */
function settle(cells: readonly Cell[], fits: Fit[]): void {
	for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
		const habits = habitsOf(cells, fits);
		let moved = 0;
		cells.forEach((cell, index) => {
			const fit = fits[index] as Fit;
			fit.mean = meanOf(cell, habits);
			const { slope, steepest } = atPresent(cell, fit, fits);
			fit.quality += slope / steepest;
			moved = Math.max(moved, Math.abs(slope / steepest));
		});
		if (moved < CLOSE_ENOUGH) return;
	}
}

function meanOf({ prior, ratings }: Cell, habits: ReadonlyMap<string, number>): number {
	let weight = PRIOR_RATINGS;
	let sum = PRIOR_RATINGS * prior;
	for (const { habit, value, weight: one } of ratings) {
		weight += one;
		sum += one * (value - (habits.get(habit) ?? 0));
	}
	return sum / weight;
}

/** How far above the qualities each person rates, by kind of rating. */
function habitsOf(cells: readonly Cell[], fits: readonly Fit[]): Map<string, number> {
	const sums = new Map<string, { weight: number; above: number }>();
	cells.forEach(({ ratings }, index) => {
		const { quality } = fits[index] as Fit;
		for (const { habit, value, weight } of ratings) {
			const sum = sums.get(habit) ?? { weight: HABIT_RATINGS, above: 0 };
			sum.weight += weight;
			sum.above += weight * (value - quality);
			sums.set(habit, sum);
		}
	});
	return new Map([...sums].map(([habit, { weight, above }]) => [habit, above / weight]));
}

/**
 * Of the log posterior by one cell's quality: the first derivative, minus the second, and the most the second can be.
 */
function atPresent(
	{ versus }: Cell,
	fit: Fit,
	fits: readonly Fit[],
): { slope: number; curvature: number; steepest: number } {
	let slope = fit.precision * (fit.mean - fit.quality);
	let curvature = fit.precision;
	let steepest = fit.precision;
	for (const [other, { won, lost }] of versus) {
		const difference = fit.quality - (fits[other] as Fit).quality;
		const wins = 1 / (1 + Math.exp(-difference / PREFERENCE_SCALE));
		slope += (won * (1 - wins) - lost * wins) / PREFERENCE_SCALE;
		curvature += ((won + lost) * wins * (1 - wins)) / PREFERENCE_SCALE ** 2;
		steepest += (won + lost) / (4 * PREFERENCE_SCALE ** 2);
	}
	return { slope, curvature, steepest };
}

function entryOf(cell: Cell, index: number, fits: readonly Fit[]): FeedbackEntry {
	const fit = fits[index] as Fit;
	const spread = Z_90 / Math.sqrt(atPresent(cell, fit, fits).curvature);
	return {
		model_name: cell.model,
		preset: cell.preset,
		purpose: cell.purpose,
		samples: cell.samples,
		raters: cell.raters.size,
		prior: cell.prior,
		quality: ratio(fit.quality),
		quality_low: ratio(fit.quality - spread),
		quality_high: ratio(fit.quality + spread),
	};
}

function ratio(quality: number): number {
	return Math.min(1, Math.max(0, quality));
}
