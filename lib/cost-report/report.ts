/**
 * Estimated against actual cost by model, preset, week and job, what learning from the past takes off the error, and
 * what servers cost while nothing ran. Pure: sums in, report out.
 */
import { correctedEstimates } from './correction';
import type {
	CalibrationEffect,
	CostGroup,
	CostHistory,
	CostReport,
	CostSum,
	CostUnit,
	IdleCost,
	UnitTotal,
	WatchedServer,
	WeekCost,
} from './types';

const UNITS: readonly CostUnit[] = ['money', 'gpu_seconds'];
const SECONDS_PER_HOUR = 3600;

export function costReport({ groups: found, jobs, watched }: CostHistory): CostReport {
	const groups = sameUnit(found);
	const corrected = correctedEstimates(groups);
	return {
		totals: UNITS.flatMap((unit) => {
			const own = groups.filter((group) => group.unit === unit);
			return own.length === 0 ? [] : [totalOf(unit, own)];
		}),
		models: by(groups, ({ model_name, preset }) => `${model_name}\n${preset}`)
			.map((own) => {
				const { model_name, preset } = own[0] as CostGroup;
				return { model_name, preset, ...sumOf(own) };
			})
			.sort((a, b) => a.unit.localeCompare(b.unit) || b.actual - a.actual),
		weeks: by(groups, ({ week }) => week)
			.map((own) => weekOf(own, corrected))
			.sort((a, b) => (a.week < b.week ? -1 : a.week > b.week ? 1 : 0)),
		calibration: UNITS.flatMap((unit) => effectOf(unit, groups, corrected) ?? []),
		jobs: jobs.map((job) => ({ ...job, difference: job.actual - job.estimated })),
		idle: watched.map((server) => idleOf(server, groups)),
	};
}

/** Runs without a cost are of no unit: where nothing has a price, they are counted with the rest. */
function sameUnit(groups: readonly CostGroup[]): readonly CostGroup[] {
	const priced = groups.some(({ unit, cost }) => unit === 'money' && cost > 0);
	if (priced || groups.every(({ unit }) => unit === 'money')) return groups;
	return groups.map((group) => ({ ...group, unit: 'gpu_seconds' }));
}

/** Groups of one unit and key. */
function by(groups: readonly CostGroup[], key: (group: CostGroup) => string): CostGroup[][] {
	const found = new Map<string, CostGroup[]>();
	for (const group of groups) {
		const name = `${group.unit}\n${key(group)}`;
		const known = found.get(name);
		if (known === undefined) found.set(name, [group]);
		else known.push(group);
	}
	return [...found.values()];
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
	return items.reduce((total, item) => total + of(item), 0);
}

/** @param own of one unit, at least one */
function sumOf(own: readonly CostGroup[]): CostSum {
	const estimated = sum(own, (group) => group.estimated);
	const actual = sum(own, (group) => group.actual);
	return {
		unit: (own[0] as CostGroup).unit,
		runs: sum(own, ({ runs }) => runs),
		compared: sum(own, ({ compared }) => compared),
		estimated,
		actual,
		bias: estimated > 0 ? actual / estimated - 1 : null,
	};
}

function totalOf(unit: CostUnit, own: readonly CostGroup[]): UnitTotal {
	return {
		...sumOf(own),
		unit,
		failed: sum(own, ({ failed }) => failed),
		failed_cost: sum(own, (group) => group.failed_cost),
		without_cost: sum(own, (group) => group.without_cost),
		gpu_seconds: sum(own, (group) => group.gpu_seconds),
		cost: sum(own, ({ cost }) => cost),
	};
}

function weekOf(own: readonly CostGroup[], corrected: ReadonlyMap<CostGroup, number>): WeekCost {
	const estimated = sum(own, (group) => group.estimated);
	const learned = own.some((group) => corrected.has(group));
	return {
		week: (own[0] as CostGroup).week,
		...sumOf(own),
		error: estimated > 0 ? errorOf(own, (group) => group.estimated) / estimated : null,
		calibrated_error:
			learned && estimated > 0
				? errorOf(own, (group) => corrected.get(group) ?? group.estimated) / estimated
				: null,
	};
}

function errorOf(own: readonly CostGroup[], estimate: (group: CostGroup) => number): number {
	return sum(own, (group) => Math.abs(group.actual - estimate(group)));
}

/** Only where something could be learned: a week before it with runs of the same model, preset and server. */
function effectOf(
	unit: CostUnit,
	groups: readonly CostGroup[],
	corrected: ReadonlyMap<CostGroup, number>,
): CalibrationEffect | null {
	const own = groups.filter((group) => group.unit === unit && corrected.has(group));
	const estimated = sum(own, (group) => group.estimated);
	if (!(estimated > 0)) return null;
	const error = errorOf(own, (group) => group.estimated) / estimated;
	const calibrated = errorOf(own, (group) => corrected.get(group) ?? 0) / estimated;
	return {
		unit,
		compared: sum(own, ({ compared }) => compared),
		error,
		calibrated_error: calibrated,
		reduction: error > 0 ? 1 - calibrated / error : null,
	};
}

function idleOf(watched: WatchedServer, groups: readonly CostGroup[]): IdleCost {
	const own = groups.filter(({ server }) => server === watched.server);
	const priced = own.filter(({ unit, gpu_seconds }) => unit === 'money' && gpu_seconds > 0);
	const newest = priced.reduce((last, { week }) => (week > last ? week : last), '');
	const recent = priced.filter(({ week }) => week === newest);
	const seconds = sum(recent, (group) => group.gpu_seconds);
	const price = seconds > 0 ? sum(recent, ({ cost }) => cost) / seconds : null;
	return {
		...watched,
		busy_seconds: sum(own, (group) => group.gpu_seconds),
		price_per_hour: price === null ? null : price * SECONDS_PER_HOUR,
		idle_cost: price === null ? null : price * watched.idle_seconds,
	};
}
