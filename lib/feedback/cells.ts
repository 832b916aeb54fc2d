/**
 * Opinions sorted into cells (model x preset x purpose) with what each still weighs. Owns fading and the cap on one
 * person; estimates nothing.
 */
import type { Catalog } from '../catalog/schema';
import type { FeedbackRow } from './types';

/** An opinion this old weighs half. */
export const HALF_LIFE_SECONDS = 90 * 86_400;
/** What one person's ratings of a cell weigh at most, in fresh ratings; the same again for their preferences. */
export const PERSON_CAP = 3;

export interface Cell {
	model: string;
	preset: string;
	purpose: string;
	/** The catalog's quality, 0 to 1. */
	prior: number;
	/** `habit`: the person and the kind of rating. */
	ratings: { habit: string; value: number; weight: number }[];
	/** Against each other cell: the weight of being liked better, and less. */
	versus: Map<number, { won: number; lost: number }>;
	samples: number;
	raters: Set<number>;
}

export interface Cells {
	/** Sorted by model, preset and purpose. */
	cells: Cell[];
	/** Opinions of what the catalog does not have. */
	leftOut: number;
}

export function cellsOf(catalog: Catalog, rows: readonly FeedbackRow[]): Cells {
	const known = priorsOf(catalog);
	const used = new Set<string>();
	const usable = rows.filter((row) => {
		const keys = keysOf(row).filter((key) => key !== null);
		if (keys.some((key) => !known.has(key)) || keys[0] === keys[1]) return false;
		for (const key of keys) used.add(key);
		return true;
	});
	const cells = [...used].sort().map((key) => ({ ...(known.get(key) as Cell) }));
	const indexOf = new Map([...used].sort().map((key, index) => [key, index]));
	addRatings(cells, usable, indexOf);
	addPreferences(cells, usable, indexOf);
	return { cells, leftOut: rows.length - usable.length };
}

function priorsOf(catalog: Catalog): Map<string, Cell> {
	const priors = new Map<string, Cell>();
	for (const model of catalog.models) {
		for (const preset of model.presets) {
			for (const [purpose, quality] of Object.entries(model.purposes)) {
				priors.set(cellKey(model.name, preset.name, purpose), {
					model: model.name,
					preset: preset.name,
					purpose,
					prior: quality * preset.quality,
					ratings: [],
					versus: new Map(),
					samples: 0,
					raters: new Set(),
				});
			}
		}
	}
	return priors;
}

function cellKey(model: string, preset: string | null, purpose: string): string {
	return JSON.stringify([model, preset, purpose]);
}

function keysOf(row: FeedbackRow): [string, string | null] {
	const { model_name, preset, purpose, other_model_name, other_preset } = row;
	const own = cellKey(model_name, preset, purpose);
	if (row.kind !== 'preference') return [own, null];
	return [own, cellKey(other_model_name ?? '', other_preset, purpose)];
}

function freshness({ age_seconds: age }: FeedbackRow): number {
	return 2 ** (-Math.max(0, age) / HALF_LIFE_SECONDS);
}

function addRatings(
	cells: Cell[],
	rows: readonly FeedbackRow[],
	indexOf: ReadonlyMap<string, number>,
): void {
	const perPerson = new Map<string, number>();
	const ratings = rows
		.filter((row) => row.kind !== 'preference' && row.rating !== null)
		.map((row) => {
			const index = indexOf.get(keysOf(row)[0]) as number;
			const person = `${row.rater} ${index}`;
			const weight = freshness(row);
			perPerson.set(person, (perPerson.get(person) ?? 0) + weight);
			return { row, index, person, weight };
		});
	for (const { row, index, person, weight } of ratings) {
		const cell = cells[index] as Cell;
		const counted = weight * Math.min(1, PERSON_CAP / (perPerson.get(person) as number));
		const habit = `${row.rater} ${row.kind}`;
		cell.ratings.push({ habit, value: row.rating as number, weight: counted });
		cell.samples += 1;
		cell.raters.add(row.rater);
	}
}

function addPreferences(
	cells: Cell[],
	rows: readonly FeedbackRow[],
	indexOf: ReadonlyMap<string, number>,
): void {
	const pairs = rows
		.filter((row) => row.kind === 'preference')
		.map((row) => {
			const [winner, loser] = keysOf(row).map((key) => indexOf.get(key as string) as number);
			return {
				rater: row.rater,
				winner: winner as number,
				loser: loser as number,
				weight: freshness(row),
			};
		});
	const perPerson = new Map<string, number>();
	const add = (key: string, weight: number) =>
		perPerson.set(key, (perPerson.get(key) ?? 0) + weight);
	for (const { rater, winner, loser, weight } of pairs) {
		add(`${rater} ${winner}`, weight);
		add(`${rater} ${loser}`, weight);
	}
	for (const { rater, winner, loser, weight } of pairs) {
		const busiest = Math.max(
			perPerson.get(`${rater} ${winner}`) as number,
			perPerson.get(`${rater} ${loser}`) as number,
		);
		const counted = weight * Math.min(1, PERSON_CAP / busiest);
		meet(cells, winner, loser, { won: counted, lost: 0 }, rater);
		meet(cells, loser, winner, { won: 0, lost: counted }, rater);
	}
}

function meet(
	cells: Cell[],
	index: number,
	other: number,
	{ won, lost }: { won: number; lost: number },
	rater: number,
): void {
	const cell = cells[index] as Cell;
	const known = cell.versus.get(other) ?? { won: 0, lost: 0 };
	cell.versus.set(other, { won: known.won + won, lost: known.lost + lost });
	cell.samples += 1;
	cell.raters.add(rater);
}
