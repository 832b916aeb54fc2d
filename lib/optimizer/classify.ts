/** Reads requests into classes of jobs that may run in the same ways. Owns the refusals; chooses nothing. */
import { RouterError } from '../errors';
import type { FleetSnapshot } from '../fleet/types';
import type { PresetPlan, ServiceTime } from '../router/candidate';
import { candidatesOf, type DecisionInput } from '../router/decision';
import type { PreparedCatalog } from '../router/prepared-catalog';
import { rejectionOf } from '../router/select';
import type { ServerState } from '../router/server-state';
import { understandRequest, type UnderstoodRequest } from '../router/understood-request';
import type { BatchProblem, Slot, Way } from './problem';
import type { BatchOptions, RefusedJob } from './types';

/** A way with its names. */
export interface NamedWay extends Way {
	plan: PresetPlan;
	server: ServerState;
}

export interface BatchJob {
	/** Position in the requests. */
	index: number;
	jobId: string | null;
	/** Seconds from now, Infinity: none of its own. */
	deadlineSeconds: number;
	refuseLate: boolean;
}

export interface NamedClass {
	/** Those with the earliest deadline first, then as given. */
	jobs: BatchJob[];
	ways: NamedWay[];
}

export interface NamedSlot extends Slot {
	family: string;
	/** Load where another model is resident. */
	coldSeconds: number;
}

export interface Classified {
	classes: NamedClass[];
	slots: NamedSlot[];
	states: ServerState[];
	refused: RefusedJob[];
	/** Price of a second by server. */
	prices: number[];
	costUnit: string;
}

/** Only what decides where and how a job may run: not its prompt, its id or its deadline. */
function keyOf({ request, hasNegativePrompt }: UnderstoodRequest): string {
	return JSON.stringify([
		...[request.purpose, request.quality, request.min_quality, request.max_cost],
		...[request.width, request.height, request.batch_size, request.steps, request.cfg],
		...[request.model_name, request.preset_name, request.exclude_models, request.commercial_use],
		...[request.allow_offload, request.images.length, request.mask != null, hasNegativePrompt],
	]);
}

/** @param states of the fleet, as the router sees it */
export function classify(
	prepared: PreparedCatalog,
	requests: readonly unknown[],
	fleet: FleetSnapshot,
	states: ServerState[],
	options: BatchOptions,
): Classified {
	const known = new Map<string, NamedClass | RefusedJob>();
	const slots = new SlotTable(states);
	const refused: RefusedJob[] = [];
	requests.forEach((raw, index) => {
		const asked = understood(prepared, raw, index, options.nowMs, refused);
		if (asked === null) return;
		const key = keyOf(asked);
		let entry = known.get(key);
		if (entry === undefined) {
			entry = waysOf({ prepared, asked, fleet, states, options }, slots);
			known.set(key, entry);
		}
		const job = jobOf(asked, index);
		if ('ways' in entry) entry.jobs.push(job);
		else refused.push({ ...entry, index, job_id: job.jobId });
	});
	const classes = [...known.values()].filter((entry): entry is NamedClass => 'ways' in entry);
	for (const { jobs } of classes) jobs.sort(byDeadline);
	return {
		classes,
		slots: slots.slots,
		states,
		refused,
		prices: slots.prices,
		costUnit: slots.priced ? prepared.catalog.currency : 'gpu_seconds',
	};
}

function byDeadline(a: BatchJob, b: BatchJob): number {
	if (a.deadlineSeconds === b.deadlineSeconds) return a.index - b.index;
	return a.deadlineSeconds < b.deadlineSeconds ? -1 : 1;
}

/** An urgency's target is for a person who waits: in a batch only a job's own deadline counts. */
function jobOf({ request, deadlineSeconds }: UnderstoodRequest, index: number): BatchJob {
	const own = request.deadline_seconds != null || request.deadline_at != null;
	return {
		index,
		jobId: request.job_id ?? null,
		deadlineSeconds: own ? deadlineSeconds : Infinity,
		refuseLate: request.if_late === 'reject',
	};
}

function understood(
	prepared: PreparedCatalog,
	raw: unknown,
	index: number,
	nowMs: number,
	refused: RefusedJob[],
): UnderstoodRequest | null {
	try {
		return understandRequest(raw, prepared, nowMs);
	} catch (error) {
		if (!(error instanceof RouterError)) throw error;
		const { message, hint } = error;
		refused.push({ index, job_id: null, code: 'REQUEST_INVALID', message, hint });
		return null;
	}
}

function waysOf(input: DecisionInput, slots: SlotTable): NamedClass | RefusedJob {
	const { asked } = input;
	const cap = asked.request.max_cost ?? null;
	// a batch shares its loads, so that the cap is held against the run alone
	const uncapped = { ...asked, request: { ...asked.request, max_cost: null, explain: false } };
	const table = candidatesOf({ ...input, asked: uncapped }, null);
	const ways: NamedWay[] = [];
	for (let row = 0; row < table.count; row++) {
		const server = table.servers[row] as ServerState;
		const service = table.service(row);
		const cost = service.runSeconds * slots.price(server);
		if (cap !== null && cost > cap) continue;
		const slot = slots.slotOf(service, server);
		const quality = table.quality[row] as number;
		ways.push({ cost, quality, seconds: service.runSeconds, slot, plan: service.plan, server });
	}
	if (ways.length > 0) return { jobs: [], ways };
	return refusalOf({ ...input, asked: table.count > 0 ? asked : uncapped }, table.count > 0);
}

function refusalOf(input: DecisionInput, tooDear: boolean): RefusedJob {
	if (tooDear) {
		const message = 'Every way to run this job costs more than its max_cost, its load aside.';
		const hint = 'Raise max_cost, lower the quality floor, or use a cheaper server.';
		return { index: 0, job_id: null, code: 'MAX_COST', message, hint };
	}
	const { rejection } = rejectionOf(input, candidatesOf(input, null));
	const { code, message, hint } = rejection;
	return { index: 0, job_id: null, code, message, hint };
}

/** Numbers the pairs of weights and server as they come. */
class SlotTable {
	readonly slots: NamedSlot[] = [];
	readonly prices: number[];
	readonly priced: boolean;
	readonly #known = new Map<string, number>();
	readonly #positions: Map<ServerState, number>;

	constructor(states: readonly ServerState[]) {
		const known = states.flatMap(({ pricePerSecond }) => pricePerSecond ?? []);
		this.priced = known.length > 0;
		// a server without a price among priced ones is taken for a typical one
		const typical = this.priced ? known.reduce((sum, price) => sum + price, 0) / known.length : 1;
		this.prices = states.map(({ pricePerSecond }) => pricePerSecond ?? typical);
		this.#positions = new Map(states.map((state, position) => [state, position]));
	}

	price(server: ServerState): number {
		return this.prices[this.#position(server)] as number;
	}

	slotOf({ plan, coldLoadSeconds }: ServiceTime, state: ServerState): number {
		const server = this.#position(state);
		const family = plan.model.weightsKey;
		const key = `${server} ${family}`;
		const found = this.#known.get(key);
		if (found !== undefined) return found;
		const loadSeconds = state.residentKey === family ? 0 : coldLoadSeconds;
		const charge = loadSeconds * this.price(state);
		this.slots.push({ server, charge, loadSeconds, family, coldSeconds: coldLoadSeconds });
		this.#known.set(key, this.slots.length - 1);
		return this.slots.length - 1;
	}

	#position(state: ServerState): number {
		return this.#positions.get(state) as number;
	}
}

/** The bare problem. */
export function problemOf({ classes, slots, states }: Classified): BatchProblem {
	return {
		classes: classes.map(({ jobs, ways }) => ({ count: jobs.length, ways })),
		slots,
		waitSeconds: states.map(({ waitMean }) => waitMean),
	};
}
