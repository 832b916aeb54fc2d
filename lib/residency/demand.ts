/** Demand to come, from how it was: at this time on the days before, and just now. Pure. */
import type { Catalog } from '../catalog/schema';
import { RouterError } from '../errors';
import { type PreparedCatalog, prepareCatalog } from '../router/prepared-catalog';
import { understandRequest } from '../router/understood-request';
import type { Demand } from '../selection/types';

/** Fewer expected jobs are no reason to load anything. */
const LEAST_JOBS = 1;
/** Kinds beyond the most frequent ones hardly count. */
export const MOST_KINDS = 64;

/** Deadlines in one class are within some 6 % of it. */
export const CLASSES_PER_E_FOLD = 8;
/** What is shorter, or had passed when it was asked for, is of the first class. */
export const LEAST_CLASS_SECONDS = 0.01;

/** A deadline to stand for all in its class, seconds: kinds are few then, whatever deadlines there are. */
export function deadlineClass(seconds: number): number {
	const step = Math.round(Math.log(Math.max(LEAST_CLASS_SECONDS, seconds)) * CLASSES_PER_E_FOLD);
	return Number(Math.exp(step / CLASSES_PER_E_FOLD).toPrecision(3));
}

/** Jobs that asked for the same and got the same model, as they were logged. null: the log does not say. */
export interface PastDemand {
	purpose: string | null;
	urgency: string | null;
	/** Any of its class. */
	deadline_seconds: number | null;
	width: number | null;
	height: number | null;
	batch_size: number | null;
	model_name: string;
	/** In the same span of the clock that is looked ahead now, all days together. */
	jobs_at_this_time: number;
	/** Days that the log goes back, at most the days asked for. */
	days: number;
	/** In the last such span until now. */
	jobs_just_now: number;
}

export interface ExpectedDemand {
	/** With the kinds that this catalog can serve; with none where less than one job is expected. */
	demand: Demand;
	/** Models of which at least one job is expected. */
	wantedModels: Set<string>;
}

/** @param horizonSeconds span that the counts are of */
export function expectedDemand(
	past: readonly PastDemand[],
	catalog: Catalog,
	horizonSeconds: number,
): ExpectedDemand {
	const prepared = prepareCatalog(catalog);
	const kinds = [...talliesBy(past, (row) => JSON.stringify(requestOf(row, prepared))).values()]
		.map(({ first, ...tally }) => ({ request: requestOf(first, prepared), ...tally }))
		.filter(({ request }) => isServed(request, prepared));
	const total = kinds.reduce<Tally>(
		(sum, { usual, now }) => ({ usual: sum.usual + usual, now: sum.now + now }),
		{ usual: 0, now: 0 },
	);
	const models = talliesBy(past, ({ model_name }) => model_name);
	return {
		demand: {
			arrivals_per_second: jobsOf(total) / Math.max(1, horizonSeconds),
			kinds: (jobsOf(total) < LEAST_JOBS ? [] : kinds)
				.map((kind) => ({ request: kind.request, share: jobsOf(kind) }))
				.sort((a, b) => b.share - a.share)
				.slice(0, MOST_KINDS),
		},
		wantedModels: new Set(
			[...models].filter(([, tally]) => jobsOf(tally) >= LEAST_JOBS).map(([name]) => name),
		),
	};
}

/** Jobs within the span. */
interface Tally {
	/** At this time of the day, on a usual day. */
	usual: number;
	now: number;
}

/** The larger of the two: what comes every day is expected even after a pause, what has just begun is followed. */
function jobsOf({ usual, now }: Tally): number {
	return Math.max(usual, now);
}

function talliesBy(
	past: readonly PastDemand[],
	keyOf: (row: PastDemand) => string,
): Map<string, Tally & { first: PastDemand }> {
	const tallies = new Map<string, Tally & { first: PastDemand }>();
	for (const row of past) {
		const key = keyOf(row);
		const tally = tallies.get(key) ?? { first: row, usual: 0, now: 0 };
		tally.usual += row.jobs_at_this_time / Math.max(1, row.days);
		tally.now += row.jobs_just_now;
		tallies.set(key, tally);
	}
	return tallies;
}

type Asked = Record<string, unknown> & { purpose: string | null };

/** As one of them would be asked. The log has neither prompts nor images: a job that needs one gets some name. */
function requestOf(row: PastDemand, prepared: PreparedCatalog): Asked {
	const { purpose, urgency, deadline_seconds: deadline, width, height, batch_size } = row;
	const size = isReferenceSize(row, prepared) ? {} : { width, height };
	const asked = {
		urgency,
		deadline_seconds: deadline === null ? null : deadlineClass(deadline),
		...size,
		batch_size,
	};
	return {
		purpose,
		...Object.fromEntries(Object.entries(asked).filter(([, value]) => value != null)),
		...(needsImage(purpose, prepared) ? { images: ['input.png'] } : {}),
	};
}

/**
 * The log has the size that was made. One that the model's presets have by themselves was most likely not asked for, and
 * asking for it would leave out the models that have another.
 */
function isReferenceSize(
	{ model_name, width, height }: PastDemand,
	{ modelsByName }: PreparedCatalog,
): boolean {
	const presets = modelsByName.get(model_name)?.presets ?? [];
	return presets.some(
		({ preset: { reference } }) => reference.width === width && reference.height === height,
	);
}

function needsImage(purpose: string | null, { models }: PreparedCatalog): boolean {
	if (purpose === 'edit') return true;
	return !models.some(
		({ model, acceptsTextOnly }) =>
			acceptsTextOnly && model.enabled && Object.hasOwn(model.purposes, purpose ?? ''),
	);
}

/** A log may be older than the catalog and hold anything: what cannot be asked for is not expected. */
function isServed(request: Asked, prepared: PreparedCatalog): boolean {
	if (request.purpose === null || !prepared.purposes.includes(request.purpose)) return false;
	try {
		understandRequest(request, prepared, 0);
		return true;
	} catch (error) {
		if (error instanceof RouterError) return false;
		throw error;
	}
}
